"""What the safety gate says of clients as they are on record, and which exercises of a catalogue it masks for them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.guidelines import ARMS, QUESTIONS, Gate, Health, Needs, Verdict, safety_gate
from core.services import Store
from core.services.exercise_needs import needs as needs_of
from core.services.health_documents import KINDS, Recorded, facts
from core.store import exercises, people

UNREADABLE = "unreadable record"
"""Stands among the names of rules where the record cannot be read, which masks everything."""

BATCH = 2000
Reasons = tuple[tuple[str, str], ...]
"""Rule's name and sentence, one for each reason why something is masked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate says of one client.

    Attributes:
        on: whether the gate holds for the client's cohort; off masks nothing.
        health: what is known of the client's health; None where the record cannot be read.
        gate: what the gate says; None where the record cannot be read, which masks everything while the gate is on.
        problem: what cannot be judged and what to do, in sentences; empty if everything can.
        off: why the gate is off; empty while it is on.
    """

    on: bool
    health: Health | None
    gate: Gate | None
    problem: str
    off: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that hold, in the table's order; none while the gate is off."""
        if not self.on:
            return ()
        return tuple(rule.key for rule in self.gate.rules) if self.gate else (UNREADABLE,)

    @property
    def open_arms(self) -> tuple[str, ...]:
        """Arms that may be offered."""
        return tuple(arm for arm in ARMS if arm not in self.masked_arms)

    @property
    def masked_arms(self) -> dict[str, tuple[str, ...]]:
        """Each masked arm with a sentence for each rule that masks it: why, source, review."""
        if not self.on:
            return {}
        if self.gate is None:
            return dict.fromkeys(ARMS, (self.problem,))
        # The rule alone: that it is against the arm goes without saying here.
        return {arm: tuple(mask.rule.text for mask in masks) for arm, masks in self.gate.masked_arms.items()}

    @property
    def masks_everything(self) -> bool:
        """Whether nothing at all may be offered."""
        return self.on and (self.gate is None or self.gate.verdict is not Verdict.ALLOWED)

    @property
    def sentence(self) -> str:
        """The verdict in plain words."""
        if not self.on:
            return f"The safety gate is off for this cohort: {self.off}"
        if self.gate is None:
            return self.problem
        if self.gate.verdict is Verdict.ALLOWED:
            says = " ".join(f"{rule.says}." for rule in self.gate.rules)
            return f"Within limits. {says}" if says else "Everything may be offered."
        strictest = [rule.says for rule in self.gate.rules if rule.verdict is self.gate.verdict]
        return f"{self.gate.verdict.capitalize()}: {'; '.join(map(_begun, strictest))}."

    @property
    def short(self) -> str:
        """The verdict in a few words, for a list of clients."""
        if not self.on or self.gate is None or self.gate.verdict is Verdict.ALLOWED:
            return self.sentence
        strictest = [rule.says for rule in self.gate.rules if rule.verdict is self.gate.verdict]
        more = f" (and {len(strictest) - 1} more)" if len(strictest) > 1 else ""
        return f"{self.gate.verdict.capitalize()}: {_begun(strictest[0].split(';')[0])}{more}"

    def masks(self, needs: Needs) -> tuple[str, ...]:
        """A sentence for each rule that masks an exercise with these needs; empty if it may be offered."""
        return tuple(sentence for _, sentence in self.named_masks(needs))

    def named_masks(self, needs: Needs) -> Reasons:
        """The rule's name and the sentence for each reason to mask an exercise with these needs."""
        if not self.on:
            return ()
        if self.gate is None:
            return ((UNREADABLE, self.problem),)
        return tuple((mask.rule.key, mask.sentence()) for mask in self.gate.masks(needs))


def judge(store: Store, client_id: int) -> Judged:
    """What the gate says of one client as the record stands now.

    Raises:
        NotFound: if there is no such client.
    """
    people.client(store.db, client_id)
    return judge_many(store, [client_id])[client_id]


def judge_many(store: Store, client_ids: Iterable[int]) -> dict[int, Judged]:
    """What the gate says of each of these clients; read in a few queries, however many there are."""
    wanted = list(client_ids)
    found: dict[int, Judged] = {}
    for begin in range(0, len(wanted), BATCH):
        batch = wanted[begin : begin + BATCH]
        documents = people.dated_documents(store.db, batch, KINDS)
        cohorts = people.cohorts_of(store.db, batch)
        states = {cohort: is_on(store, cohort) for cohort in set(cohorts.values())}
        for client in batch:
            if client in cohorts:
                found[client] = judged_of(documents.get(client, {}), *states[cohorts[client]])
    return found


def is_on(store: Store, cohort_id: int) -> tuple[bool, str]:
    """Whether the gate holds for a cohort, and if not, why it was switched off."""
    reason: str | None = people.setting(store.db, off_key(cohort_id), None)
    return reason is None, reason or ""


def off_key(cohort_id: int) -> str:
    """The setting that holds why the gate is off for a cohort; none while it is on."""
    return f"gate.off.{cohort_id}"


def masked_exercises(store: Store, cohort_id: int, judged: Judged) -> dict[int, tuple[str, ...]]:
    """Each exercise of a cohort's catalogue that is masked, with a sentence for each rule: why, source, review.

    What the same rules mask of the same catalogue is worked out once.
    """
    masks = Masks(store, cohort_id).of(judged)
    return {exercise: tuple(sentence for _, sentence in reasons) for exercise, reasons in masks.items()}


class Masks:
    """What is masked of one catalogue, for many clients in turn; reads the catalogue once."""

    def __init__(self, store: Store, cohort_id: int) -> None:
        self._rows = exercises.needs_rows(store.db, cohort_id)
        self._known: dict[tuple[str, ...], Mapping[int, Reasons]] = {}

    def of(self, judged: Judged) -> Mapping[int, Reasons]:
        """Rule's name and sentence for each reason, by masked exercise; not to be changed."""
        if not judged.rules:
            return {}
        if judged.gate is None:
            return dict.fromkeys((row[0] for row in self._rows), ((UNREADABLE, judged.problem),))
        found = self._known.get(judged.rules)
        if found is None:
            found = self._known[judged.rules] = _masked(self._rows, _ByRules(judged.gate))
        return found


class _ByRules:
    """A gate as a key: two gates in which the same rules hold mask the same."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.names = tuple(rule.key for rule in gate.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByRules) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)


@lru_cache(maxsize=1024)
def _masked(rows: tuple[exercises.NeedsRow, ...], held: _ByRules) -> Mapping[int, Reasons]:
    reasons: dict[Needs, Reasons] = {}
    masks: dict[int, Reasons] = {}
    for exercise, needs in _catalogue(rows).items():
        if needs not in reasons:
            reasons[needs] = tuple((mask.rule.key, mask.sentence()) for mask in held.gate.masks(needs))
        if reasons[needs]:
            masks[exercise] = reasons[needs]
    return masks


@lru_cache(maxsize=16)
def _catalogue(rows: tuple[exercises.NeedsRow, ...]) -> Mapping[int, Needs]:
    return {
        exercise: needs_of({"category": category, "detail": json.loads(detail)})
        for exercise, category, detail in rows
    }


def judged_of(documents: Mapping[str, Mapping[str, Any]], on: bool, off: str) -> Judged:
    """What the gate says of somebody with these documents (by kind: ``id``, ``document``, ``recorded_at``)."""
    known = facts(
        {kind: Recorded(row["id"], row["recorded_at"], row["document"]) for kind, row in documents.items()}
    )
    health = known.health
    return Judged(on, health, _gate(_Whole(health)) if health else None, " ".join(known.problems), off)


class _Whole:
    """Somebody's health as a key, by everything that a rule can ask for."""

    def __init__(self, health: Health) -> None:
        self.health = health
        screening = health.screening or {}
        self.key = (
            health.age,
            health.conditions is None,
            health.has,
            tuple(screening.get(question) for question in QUESTIONS),
            health.active,
            health.found,
            tuple(sorted(health.measurements.items())),
            health.cleared,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=4096)
def _gate(whole: _Whole) -> Gate:
    return safety_gate(whole.health)


def _begun(says: str) -> str:
    """A rule's words as they go on after a colon; what begins with an abbreviation stays."""
    return says[0].lower() + says[1:] if says[1:2].islower() or says[1:2] == " " else says
