"""Which column is which, and which kind of file the columns make."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.guidelines import MEASUREMENTS
from core.services.importing.report import Kind
from core.services.importing.wishes import WISHES

CLIENT = (
    "client",
    "client_id",
    "client_reference",
    "user",
    "user_id",
    "participant",
    "participant_id",
    "person",
    "person_id",
    "subject",
    "subject_id",
    "member",
    "member_id",
    "kunde",
    "klient",
)
TIME = (
    "time",
    "timestamp",
    "datetime",
    "date_time",
    "at",
    "when",
    "performed_at",
    "started_at",
    "date",
    "day",
    "zeit",
    "datum",
)
EXERCISE = ("exercise", "exercise_id", "exercise_name", "exercise_reference", "activity", "übung")
DIFFICULTY = ("difficulty", "difficulty_rating", "rating", "level", "schwierigkeit")

SOURCE = (
    "source",
    "source_name",
    "data_source",
    "data_origin",
    "origin",
    "app",
    "app_name",
    "package_name",
    "device",
    "quelle",
)
FITBIT = frozenset({"id", "activity_date", "total_steps"})
"""Columns that only Fitbit's ``dailyActivity_merged.csv`` has together."""

SYNONYMS: Mapping[Kind, Mapping[str, Sequence[str]]] = {
    Kind.LOG: {
        "client": (*CLIENT, "id"),
        # TIME helps to tell a log from a catalogue, where "tag" is an English word.
        "time": (*TIME, "tag"),
        "exercise": EXERCISE,
        "success": ("success", "succeeded", "done", "completed", "is_done", "is_success", "erfolg"),
        "difficulty": (
            "difficulty",
            "difficulty_rating",
            "perceived_difficulty",
            "rating",
            "rpe",
            "schwierigkeit",
        ),
    },
    Kind.STEPS: {
        "client": (*CLIENT, "id"),
        "day": (
            "day",
            "date",
            "activity_date",
            "activity_day",
            "calendar_date",
            "summary_date",
            "local_date",
            "start_date",
            "time",
            "timestamp",
            "tag",
            "datum",
            "zeit",
        ),
        "steps": (
            "steps",
            "step_count",
            "steps_count",
            "count_of_steps",
            "total_steps",
            "step_total",
            "total_step_count",
            "daily_steps",
            "schritte",
            "schrittzahl",
        ),
        "goal": ("goal", "step_goal", "steps_goal", "goal_steps", "target", "ziel"),
        "source": SOURCE,
    },
    Kind.EXERCISES: {
        "exercise": ("exercise_id", "id", "exercise_reference", "reference", "code", "exercise", "übung"),
        "name": ("name", "exercise_name", "title", "exercise", "übung"),
        "category": ("category", "type", "exercise_type"),
        "muscle_group": (
            "muscle_group",
            "muscle_groups",
            "muscle",
            "muscles",
            "primary_muscle",
            "primary_muscles",
            "body_part",
        ),
        "difficulty": DIFFICULTY,
    },
    Kind.PROFILES: {
        "client": (*CLIENT, "id", "reference"),
        "name": ("name", "client_name", "full_name"),
        "time_zone": ("time_zone", "timezone", "tz"),
    },
}
CLIENT_ALONE = {"client": SYNONYMS[Kind.PROFILES]["client"]}
SYNONYMS = {**SYNONYMS, Kind.HEALTH: CLIENT_ALONE, Kind.PREFERENCES: CLIENT_ALONE}
ANSWERS: Mapping[Kind, frozenset[str]] = {
    Kind.HEALTH: frozenset({"active", "cleared", "findings", *MEASUREMENTS}),
    Kind.PREFERENCES: frozenset(WISHES),
}
"""Columns of which a file of that name must have one to be of the kind."""

TOLD_BY_NAME = (Kind.MEDICAL, Kind.SCREENING, Kind.QUESTIONNAIRES)
SYNONYMS = {**SYNONYMS, **dict.fromkeys(TOLD_BY_NAME, SYNONYMS[Kind.PROFILES])}
REQUIRED: Mapping[Kind, Sequence[str]] = {
    Kind.LOG: ("client", "time", "exercise"),
    Kind.STEPS: ("day", "steps"),  # without a client it is one person's, and the import asks whose
    Kind.EXERCISES: (),
    Kind.PROFILES: ("client",),
    Kind.MEDICAL: ("client",),
    Kind.SCREENING: ("client",),
    Kind.QUESTIONNAIRES: ("client",),
    Kind.HEALTH: ("client",),
    Kind.PREFERENCES: ("client",),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """A header understood: position by meaning, and what is left over.

    Attributes:
        written: the header as the file has it.
        found: position by meaning.
        rest: positions of all other columns.
    """

    written: tuple[str, ...]
    found: Mapping[str, int]
    rest: tuple[int, ...]

    def name(self, meaning: str) -> str:
        """The column's name in the file."""
        return self.written[self.found[meaning]]


def plain(name: str) -> str:
    """A column's name without regard to case, spaces, hyphens and camel case: ``ClientID`` → ``client_id``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", parted.casefold()).strip("_")


def understand(header: Sequence[str], kind: Kind) -> Columns:
    """Find each meaning's column; of several synonyms the one listed first counts.

    Raises:
        InputError: if a required column is missing.
    """
    positions: dict[str, int] = {}
    for position, name in enumerate(header):
        positions.setdefault(plain(name), position)
    found: dict[str, int] = {}
    for meaning, names in SYNONYMS[kind].items():
        for name in names:
            if name in positions and positions[name] not in found.values():
                found[meaning] = positions[name]
                break
    if kind is Kind.EXERCISES and not {"exercise", "name"} & found.keys():
        raise _missing(kind, "exercise", header)
    for meaning in REQUIRED[kind]:
        if meaning not in found:
            raise _missing(kind, meaning, header)
    rest = tuple(position for position in range(len(header)) if position not in found.values())
    return Columns(tuple(header), found, rest)


def detect(header: Sequence[str], source: str) -> Kind:
    """The kind of file that these columns make; what is said of clients is told by the file's name.

    Raises:
        InputError: if they make none.
    """
    names = {plain(name) for name in header}
    log, steps, catalogue = SYNONYMS[Kind.LOG], SYNONYMS[Kind.STEPS], SYNONYMS[Kind.EXERCISES]
    client = bool(names & {*CLIENT})
    daily = bool(names & {*steps["steps"]} and names & {*steps["day"]})
    if (client or "id" in names) and daily:
        return Kind.STEPS
    exercise = bool(names & {*EXERCISE})
    time = bool(names & {*TIME})
    if client + time + exercise >= 2 and (exercise or names & {*log["success"]}):
        return Kind.LOG  # a column may still be missing; understand() then says which
    if daily:
        return Kind.STEPS
    if not client and (exercise or names & {*catalogue["category"], *catalogue["muscle_group"], *DIFFICULTY}):
        return Kind.EXERCISES
    if client or names & {"id", "reference"}:
        stem = plain(source)
        for kind, answers in ANSWERS.items():
            if kind in stem and names & answers:
                return kind
        return next((kind for kind in TOLD_BY_NAME if kind in stem), Kind.PROFILES)
    raise InputError(
        f"The columns ({', '.join(header)}) make no file that can be imported. "
        "A log has client, time and exercise; a catalogue has exercise; profiles have client; "
        "steps have day and steps, and a client or the steps of one person. Rename the columns in the first line."
    )


def _missing(kind: Kind, meaning: str, header: Sequence[str]) -> InputError:
    names = ", ".join(SYNONYMS[kind][meaning][:4])
    return InputError(
        f"The column “{meaning}” is missing. Read as {kind.value}, the file needs one named {names} or the like; "
        f"it has {', '.join(header)}. Rename the columns in the first line."
    )
