"""What a check finds and what taking a file in comes to: plain data, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from core.services.importing.dates import DateOrder

KEPT_PROBLEMS = 1000
PREVIEW_ROWS = 10
SHOWN_CHARACTERS = 80

LogRow = tuple[str, str, str, int | None, float | None]
"""Client, time (UTC), exercise, success, difficulty; client and exercise by reference."""
StepsRow = tuple[str, str, int | None, int | None]
"""Client by reference, day, steps, goal."""


class Kind(StrEnum):
    """What a file holds."""

    LOG = "log"
    EXERCISES = "exercises"
    PROFILES = "profiles"
    MEDICAL = "medical"
    SCREENING = "screening"
    HEALTH = "health"
    PREFERENCES = "preferences"
    QUESTIONNAIRES = "questionnaires"
    STEPS = "steps"
    MOVIELENS = "movielens"


class ZeroDays(StrEnum):
    """What a day of zero steps means."""

    NOT_WORN = "not-worn"
    COUNTED = "zero"


class Need(StrEnum):
    """What stands between a checked file and taking it in."""

    CORRECTION = "The file has rows that cannot be used. Correct them and check it again."
    DATE_ORDER = "The day and the month cannot be told apart in the dates. Say which comes first."
    CLIENT = "The file holds one person's steps and does not name them. Say which client it is."
    NEW_CLIENTS = "The file names clients that the cohort does not know. Correct it, or have them added."
    NEW_EXERCISES = "The file names exercises that the cohort does not know. Correct it, or have them added."
    TAKEN_BEFORE = "This very file was already taken into the cohort. There is nothing to do."
    NOTHING_NEW = "The cohort already has everything in this file. There is nothing to do."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The cohort as it was when a file was checked; taking the file compares it with the cohort then.

    Attributes:
        cohort_id: None where the cohort is still to be made.
        last_import: id of the newest import into it, 0 for none.
        clients: name and time zone by reference.
        exercises: name by reference.
        last_document: id of the newest document about anybody in it, 0 for none.
    """

    cohort: str
    cohort_id: int | None
    last_import: int
    clients: Mapping[str, tuple[str, str]]
    exercises: Mapping[str, str]
    # One that came in meanwhile matters only where the file is about the same person and kind.
    last_document: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person has said about things that a file leaves open.

    Attributes:
        new_clients: whether clients that the cohort does not know are added; None adds them where it has none.
        new_exercises: the same of exercises.
        client: reference or name of the client that a file without a column of clients is of.
        zero_days: what days of zero steps mean; None takes them as days without the device.
    """

    dates: DateOrder | None = None
    new_clients: bool | None = None
    new_exercises: bool | None = None
    client: str | None = None
    zero_days: ZeroDays | None = None

    def settled(self, cohort: Snapshot) -> Self:
        """The choices with what the cohort implies filled in."""
        return replace(
            self,
            new_clients=not cohort.clients if self.new_clients is None else self.new_clients,
            new_exercises=not cohort.exercises if self.new_exercises is None else self.new_exercises,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that cannot be used: its line in the file (from 1), its column, and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What taking a file in would write; clients and exercises by reference.

    Attributes:
        clients: new ones (``reference``, ``name``, ``time_zone``).
        changed_clients: known ones that get another name or time zone, the same fields.
        exercises: new or changed ones, as ``store.exercises.add_exercises`` takes them.
        documents: by kind of document, then by client.
        health: what each client's row says of activity, findings, measurements and clearance, by column.
        log: sorted by time, equal times in the order of the file.
    """

    clients: list[dict[str, Any]] = field(default_factory=list)
    changed_clients: list[dict[str, Any]] = field(default_factory=list)
    exercises: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    health: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[LogRow] = field(default_factory=list)
    steps: list[StepsRow] = field(default_factory=list)

    def empty(self) -> bool:
        """Whether it would write nothing."""
        return not (
            self.clients
            or self.changed_clients
            or self.exercises
            or self.documents
            or self.health
            or self.log
            or self.steps
        )


@dataclass(slots=True)
class Findings:
    """What the check of one kind of file gathers on its way."""

    plan: Plan = field(default_factory=Plan)
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    preview: list[dict[str, Any]] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    needs: set[Need] = field(default_factory=set)

    def problem(self, line: int, column: str, value: str, reason: str, need: Need = Need.CORRECTION) -> None:
        """Count a problem, keep it if it is among the first, and note what it calls for.

        Names that the cohort does not know are kept apart: they come after what is wrong in itself.
        """
        self.problem_count += 1
        self.needs.add(need)
        kept = self.unknown if need in (Need.NEW_CLIENTS, Need.NEW_EXERCISES) else self.problems
        if len(kept) < KEPT_PROBLEMS:
            kept.append(Problem(line, column, shown(value), reason))

    def listed(self) -> tuple[Problem, ...]:
        """The first problems in order of line, names that the cohort does not know last."""
        rows = [sorted(kept, key=lambda problem: problem.line) for kept in (self.problems, self.unknown)]
        return tuple((rows[0] + rows[1])[:KEPT_PROBLEMS])

    def count(self, what: str, by: int = 1) -> None:
        """Add to one of the counts."""
        self.counts[what] = self.counts.get(what, 0) + by

    def show(self, row: dict[str, Any]) -> None:
        """Keep a row as understood, if it is among the first."""
        if len(self.preview) < PREVIEW_ROWS:
            self.preview.append(row)


@dataclass(frozen=True, slots=True)
class Report:
    """A checked file. Nothing was written; ``take`` writes its ``plan``.

    Attributes:
        source: the file's name.
        path: where the file lies, None for one that was handed over as bytes.
        sha256: of the file's bytes.
        counts: what taking it would do, in words.
        problems: the first ``KEPT_PROBLEMS`` of ``problem_count``, in order of line; after them each name
            that the cohort does not know, once.
        preview: the first rows as understood.
        assumptions: how the file was read where it could have been read otherwise.
        needs: what is missing before it can be taken; empty if nothing is.
    """

    kind: Kind
    source: str
    path: Path | None
    sha256: str
    rows_read: int
    counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    problem_count: int
    preview: tuple[Mapping[str, Any], ...]
    assumptions: tuple[str, ...]
    needs: tuple[Need, ...]
    cohort: Snapshot = field(repr=False)
    plan: Plan = field(repr=False)

    @property
    def ready(self) -> bool:
        """Whether the file can be taken as it is."""
        return not self.needs


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken in.

    Attributes:
        untrained: whether it brought log rows into a cohort that has no model in force.
    """

    import_id: int
    cohort_id: int
    cohort: str
    counts: Mapping[str, int]
    untrained: bool


def shown(value: str) -> str:
    """A value for showing: cut when long, control characters made visible."""
    cut = value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)
