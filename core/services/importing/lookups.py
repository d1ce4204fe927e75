"""Clients and exercises that a file names: those that the cohort knows, and those that are new."""

from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.services.importing import values
from core.services.importing.report import Findings, Need, Snapshot


@dataclass(slots=True)
class _Unknown:
    """A name that the cohort does not know, as it first stands in the file."""

    text: str
    line: int
    column: str
    rows: int = 0


def _report(unknown: dict[str, _Unknown], reason: str, need: Need, found: Findings) -> None:
    for name in unknown.values():
        rows = f"{name.rows:,} {'row' if name.rows == 1 else 'rows'}"
        found.problem(name.line, name.column, name.text, f"{reason}: {rows}, first in line {name.line}", need)


class Roll:
    """A cohort's clients, and those that a file adds."""

    def __init__(self, cohort: Snapshot, *, add: bool | None) -> None:
        self._cohort = cohort
        self._add = bool(add)
        self._new: dict[str, None] = {}
        self._unknown: dict[str, _Unknown] = {}

    def resolve(self, text: str, line: int, column: str, found: Findings) -> str | None:
        """The client's reference; None where there is none, which is noted at once or by ``summarise``."""
        if text in self._cohort.clients or text in self._new:
            return text
        try:
            values.reference(text)
        except ValueError as error:
            found.problem(line, column, text, str(error))
            return None
        if not self._add:
            self._unknown.setdefault(text, _Unknown(text, line, column)).rows += 1
            return None
        self._new[text] = None
        return text

    def named(self, text: str) -> str | None:
        """The reference of the client that a person named by reference or by name; None where it stays unknown.

        Raises:
            InputError: if several clients have the name, or it is no name.
        """
        if text in self._cohort.clients:
            return text
        same = [ref for ref, (name, _) in self._cohort.clients.items() if name.casefold() == text.casefold()]
        if len(same) > 1:
            raise InputError(f"Several clients are named {text} ({', '.join(same)}). Name one by reference.")
        if same:
            return same[0]
        try:
            values.reference(text)
        except ValueError as error:
            raise InputError(f"The client's name {error}.") from error
        if self._add:
            self._new[text] = None
            return text
        return None

    def zone(self, reference: str) -> str:
        """A client's time zone; UTC for a new one."""
        known = self._cohort.clients.get(reference)
        return known[1] if known else "UTC"

    def new(self) -> list[dict[str, Any]]:
        """The clients to add, in the order of the file."""
        return [{"reference": reference, "name": reference, "time_zone": "UTC"} for reference in self._new]

    def summarise(self, found: Findings) -> None:
        """Count the clients that stay unknown, and note a problem for each."""
        _report(self._unknown, f"is no client of “{self._cohort.cohort}”", Need.NEW_CLIENTS, found)
        if self._unknown:
            found.counts["unknown clients"] = len(self._unknown)


class Catalogue:
    """A cohort's exercises, found by reference or by name, and those that a file adds."""

    def __init__(self, cohort: Snapshot, *, add: bool | None) -> None:
        self._cohort = cohort
        self._add = bool(add)
        self._new: dict[str, None] = {}
        self._unknown: dict[str, _Unknown] = {}
        self._resolved: dict[str, str] = {reference: reference for reference in cohort.exercises}
        self._by_name: dict[str, set[str]] = {}
        for reference, name in cohort.exercises.items():
            for text in {reference.casefold(), name.casefold()}:
                self._by_name.setdefault(text, set()).add(reference)

    def resolve(self, text: str, line: int, column: str, found: Findings) -> str | None:
        """The exercise's reference; None where there is none or more than one, noted as for a client."""
        if text in self._resolved:
            return self._resolved[text]
        named = self._by_name.get(text.casefold(), set())
        if len(named) > 1:
            found.problem(
                line, column, text, f"is the name of several exercises ({', '.join(sorted(named))})"
            )
            return None
        if named:
            self._resolved[text] = next(iter(named))
            return self._resolved[text]
        try:
            values.reference(text)
        except ValueError as error:
            found.problem(line, column, text, str(error))
            return None
        if not self._add:
            self._unknown.setdefault(text.casefold(), _Unknown(text, line, column)).rows += 1
            return None
        self._new[text] = None
        self._by_name[text.casefold()] = {text}
        self._resolved[text] = text
        return text

    def name(self, reference: str) -> str:
        """An exercise's name."""
        return self._cohort.exercises.get(reference, reference)

    def new(self) -> list[dict[str, Any]]:
        """The exercises to add, in the order of the file."""
        return [{"reference": reference, "name": reference} for reference in self._new]

    def summarise(self, found: Findings) -> None:
        """Count the exercises that stay unknown, and note a problem for each."""
        _report(self._unknown, f"is no exercise of “{self._cohort.cohort}”", Need.NEW_EXERCISES, found)
        if self._unknown:
            found.counts["unknown exercises"] = len(self._unknown)
