"""What the documents about a client say of the client's health, in the words that the safety gate judges by.

Age and sex are in the profile, conditions in the medical history, the seven answers in the screening, and all else
(whether active, findings, measurements, a clinician's clearance) in the document of kind ``health``. What cannot be
read is named as a problem: it is never taken for a no.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InputError
from core.guidelines import CONDITIONS, FINDINGS, MEASUREMENTS, QUESTIONS, SEXES, Health
from core.guidelines.vocabulary import OLDEST, YOUNGEST_ADULT

KINDS = ("profile", "medical", "screening", "health")
NAMING = (
    "conditions",
    "condition",
    "other_conditions",
    "diagnoses",
    "diagnosis",
    "medical_history",
    "contraindications",
)
"""Fields of a medical history that name what the client has; several are parted by semicolons."""

UNJUDGED = frozenset({"medication", "recorded_at", "smoker", "smoking"})
"""Fields of a medical history whose yes no rule asks about, beside those that name conditions."""

ONE_BY_ONE = {re.sub(r"\W+", "_", name.casefold()): name for name in CONDITIONS}
"""Where a medical history has a yes or no for each condition: the condition by the field's name."""

NONE = frozenset({"none", "no", "nil", "nothing", "keine", "0"})
MISSING = frozenset({"", "na", "n/a", "nan", "null", "-", "–", "#n/a"})
YES = frozenset({"1", "1.0", "yes", "y", "ja", "true", "t"})
NO = frozenset({"0", "0.0", "no", "n", "nein", "false", "f"})
SEX_WORDS = {**{sex: sex for sex in SEXES}, "f": "female", "w": "female", "m": "male"}
DO = "Correct it under Health on the client's page; until then nothing is offered."


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored document: a later one has a larger id."""

    id: int
    at: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """A finding or a measurement on record.

    Attributes:
        at: when it was recorded (UTC, ISO 8601); by: who recorded it.
        value: of a measurement; None of a finding.
    """

    at: str
    by: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Clearance:
    """A clinician's word that the client may exercise.

    Attributes:
        note: whose word it is, and what it says.
        at: when it was recorded (UTC, ISO 8601); by: who recorded it.
        void: why it does not count (any more), a sentence; empty while it counts.
    """

    by: str
    note: str
    at: str
    void: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record, as far as it can be read.

    Attributes:
        conditions: in the guideline base's spelling; None if no medical history was taken.
        unknown: conditions as written that no rule knows.
        problems: what cannot be read, a sentence each; empty if everything can.
    """

    age: float | None
    sex: str | None
    conditions: tuple[str, ...] | None
    unknown: tuple[str, ...]
    screening: Mapping[str, bool | None]
    active: bool | None
    findings: Mapping[str, Taken]
    measurements: Mapping[str, Taken]
    clearance: Clearance | None
    problems: tuple[str, ...] = field(default=())

    @property
    def health(self) -> Health | None:
        """What the gate judges; None where something on record cannot be read."""
        if self.problems:
            return None
        return Health(
            age=self.age,
            conditions=self.conditions,
            screening=self.screening,
            active=self.active,
            findings=tuple(self.findings),
            measurements={
                name: taken.value for name, taken in self.measurements.items() if taken.value is not None
            },
            cleared=self.clearance is not None and not self.clearance.void,
        )


def facts(documents: Mapping[str, Recorded]) -> Facts:
    """What a client's newest documents of each kind say."""
    problems: list[str] = []
    profile, medical, screening, health = (
        documents[kind].document if kind in documents else {} for kind in KINDS
    )
    age = _age(profile.get("age"), problems)
    conditions, named_findings, unknown = _conditions(medical, problems)
    findings = {name: Taken(documents["medical"].at, "") for name in named_findings}
    return Facts(
        age=age,
        sex=_sex(profile),
        conditions=conditions,
        unknown=unknown,
        screening={question: _answer(question, screening.get(question), problems) for question in QUESTIONS},
        active=_answer("active", health.get("active"), problems),
        findings=findings | _taken(health.get("findings"), "finding", FINDINGS, problems),
        measurements=_taken(health.get("measurements"), "measurement", tuple(MEASUREMENTS), problems),
        clearance=_clearance(health.get("clearance"), documents, age),
        problems=tuple(problems),
    )


def basis(documents: Mapping[str, Recorded], age: float | None) -> dict[str, Any]:
    """What a clearance that is given now is given for; where it is another later, the clearance is void."""
    return {
        "medical": documents["medical"].id if "medical" in documents else None,
        "screening": documents["screening"].id if "screening" in documents else None,
        "adult": _adult(age),
    }


def names(value: object) -> list[str] | None:
    """The names in a field that holds several, parted by semicolons or as a list; None where nothing was said."""
    if value is None:
        return None
    parts = value if isinstance(value, list | tuple) else str(value).split(";")
    said = [str(part).strip() for part in parts]
    said = [part for part in said if part.casefold() not in MISSING]
    if not said:
        return [] if isinstance(value, list | tuple) else None
    return [part for part in said if part.casefold() not in NONE]


def answer(value: object) -> bool | None:
    """Yes, no, or None where nothing was said.

    Raises:
        InputError: for anything else.
    """
    if value is None or isinstance(value, bool):
        return value
    word = f"{value:g}" if isinstance(value, int | float) else str(value).strip().casefold()
    if word in MISSING or word == "none":
        return None
    if word in YES:
        return True
    if word in NO:
        return False
    raise InputError(f"{value!r} is neither yes nor no.")


def _age(value: object, problems: list[str]) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().casefold() in MISSING):
        return None
    try:
        age = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        age = -1.0
    if not 0 <= age <= OLDEST:
        problems.append(
            f"The age on record, {_shown(value)}, is not a number of years from 0 to {OLDEST}. "
            "Correct it in the client's profile; until then nothing is offered."
        )
        return None
    return age


def _sex(profile: Mapping[str, Any]) -> str | None:
    return SEX_WORDS.get(str(profile.get("sex") or profile.get("gender") or "").strip().casefold())


def _conditions(
    medical: Mapping[str, Any], problems: list[str]
) -> tuple[tuple[str, ...] | None, list[str], tuple[str, ...]]:
    """Conditions (None if nothing was said of any), findings named among them, and words that are neither."""
    said = [found for key in NAMING if (found := names(medical.get(key))) is not None]
    spelt = {name.casefold(): name for name in CONDITIONS}
    findings = {name.casefold(): name for name in FINDINGS}
    written = [name for found in said for name in found]
    for key in ONE_BY_ONE.keys() & medical.keys():
        answered = _answer(key, medical[key], problems)
        if answered is not None:
            said.append([])
            written += [ONE_BY_ONE[key]] * answered
    # A yes that no rule knows is no reason to go on.
    written += [
        key.replace("_", " ")
        for key, value in medical.items()
        if key not in {*NAMING, *ONE_BY_ONE, *UNJUDGED} and str(value).strip().casefold() in YES
    ]
    known = {spelt[name.casefold()] for name in written if name.casefold() in spelt}
    found = [findings[name.casefold()] for name in written if name.casefold() in findings]
    unknown = tuple(
        dict.fromkeys(name for name in written if name.casefold() not in spelt.keys() | findings.keys())
    )
    problems += [
        f"No rule of the gate knows the condition {_shown(name)}, so it cannot judge it. {DO}"
        for name in unknown
    ]
    return (tuple(name for name in CONDITIONS if name in known) if said else None), found, unknown


def _answer(key: str, value: object, problems: list[str]) -> bool | None:
    try:
        return answer(value)
    except InputError:
        problems.append(
            f"The answer to “{key.replace('_', ' ')}” on record, {_shown(value)}, is neither yes nor no. {DO}"
        )
        return None


def _taken(entries: object, what: str, known: Iterable[str], problems: list[str]) -> dict[str, Taken]:
    found: dict[str, Taken] = {}
    for name, entry in (entries if isinstance(entries, Mapping) else {}).items():
        value = entry.get("value")
        sound = name in known
        if sound and what == "measurement":
            low, high = MEASUREMENTS[name]
            sound = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if not sound:
            said = f"{name} {value}" if value is not None else name
            problems.append(f"The {what} {_shown(said)} on record cannot be judged. {DO}")
            continue
        found[name] = Taken(str(entry.get("at", "")), str(entry.get("by", "")), value)
    return found


def _clearance(entry: object, documents: Mapping[str, Recorded], age: float | None) -> Clearance | None:
    if not isinstance(entry, Mapping):
        return None
    given_for, now = entry.get("for", {}), basis(documents, age)
    void = str(entry.get("void", ""))
    for kind, what in (("medical", "medical history"), ("screening", "screening answers")):
        if not void and given_for.get(kind) != now[kind]:
            since = documents[kind].at if kind in documents else ""
            void = f"The {what} changed after it{f', on {since[:10]}' if since else ''}; ask for it again."
    if not void and given_for.get("adult") != now["adult"]:
        void = "The age on record changed after it; ask for it again."
    return Clearance(str(entry.get("by", "")), str(entry.get("note", "")), str(entry.get("at", "")), void)


def _adult(age: float | None) -> bool:
    return age is not None and age >= YOUNGEST_ADULT


def _shown(value: object) -> str:
    text = str(value)
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"
