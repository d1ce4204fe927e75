"""The gate's rules, read from ``gate.csv`` beside this file, where a clinician can read and sign them too.

``when`` joins terms by “and”: a condition, a finding, ``not`` a relieving finding, ``yes to`` a question,
``active``, ``not active``, ``known disease``, ``symptoms``, ``screening incomplete``, ``no medical history``, or a
measurement or the age against a number (``glucose_mg_dl >= 250``), with ``or not known`` where a missing one counts as
over the line. Conditions cannot be negated, so that another condition can only make more rules hold.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from core.errors import InputError
from core.guidelines.base import Origin, read_origin, read_table
from core.guidelines.health import (
    FINDINGS,
    KNOWN_DISEASE,
    MEASUREMENTS,
    QUESTIONS,
    RELIEVING,
    SYMPTOMS,
    Health,
)
from core.guidelines.vocabulary import CONDITIONS, Intensity

FILE = "gate.csv"
ARMS: Mapping[str, str] = {"cardio": "aerobic", "strength": "strength", "flexibility": "flexibility"}
"""The arms, each with the component of the guideline base that it stands for."""

LEVELS: Mapping[str, tuple[str, ...]] = {
    "intensity": tuple(Intensity),
    "impact": ("none", "low", "high"),
    "load": ("light", "moderate", "heavy"),
    "balance_demand": ("low", "moderate", "high"),
}
"""What an exercise can need more or less of, from least to most."""

POSITIONS = (
    "standing",
    "seated",
    "kneeling",
    "supine",
    "prone",
    "hands and feet",
    "hanging",
    "head down",
    "spine bent",
    "spine twisted",
)
COLUMNS = (
    "rule",
    "when",
    "verdict",
    "lifted_by_clearance",
    "arms",
    *(f"{need}_high" for need in LEVELS),
    "positions",
    "says",
    "source",
    "year",
    "link",
    "signed_by",
    "signed_on",
)
AGE = "age"
UNKNOWNS = ("screening incomplete", "no medical history")
STANDING_TERMS = ("active", "not active", "known disease", "symptoms", *UNKNOWNS)
COMPARISON = re.compile(
    r"(?P<name>[a-z_0-9]+) (?P<sign>>=|>|<) (?P<number>\d+(\.\d+)?)(?P<unknown> or not known)?"
)


class Verdict(StrEnum):
    """What a rule, or the gate, says of exercise as a whole; later ones are stricter."""

    ALLOWED = "allowed"
    CLEARANCE_FIRST = "clearance first"
    STOP = "stop"

    @property
    def order(self) -> int:
        """0 for allowed, 1 for clearance first, 2 for stop."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the gate.

    Attributes:
        key: its name.
        when: the terms that must all hold, as written.
        terms: the same, one by one.
        verdict: stop and clearance first mask everything; a rule that allows masks what it names.
        lifted_by_clearance: whether a clinician's clearance takes it away.
        arms: arms that it masks.
        most: highest level of each need that it leaves, by need.
        positions: positions that it masks.
        says: why, in plain words.
        origin: source and review.
    """

    key: str
    when: str
    terms: tuple[str, ...]
    verdict: Verdict
    lifted_by_clearance: bool
    arms: frozenset[str]
    most: Mapping[str, str]
    positions: frozenset[str]
    says: str
    origin: Origin

    def holds(self, health: Health) -> bool:
        """Whether all its terms hold for a client."""
        return all(_holds(term, health) for term in self.terms)

    @property
    def text(self) -> str:
        """Why, with its source and whether a clinician has reviewed the rule."""
        return f"{self.says} ({self.origin.cited}; {self.origin.review})"


@cache
def gate_rules() -> tuple[Rule, ...]:
    """The rules of Spotter's own table, in its order."""
    rules = read_rules(files("core.guidelines").joinpath(FILE).read_text(encoding="utf-8"))
    check_all_used(rules)
    return rules


def read_rules(text: str) -> tuple[Rule, ...]:
    """Rules from the text of a table with the columns of `COLUMNS`.

    Raises:
        InputError: naming the row and the column of what cannot be used.
    """
    rules = tuple(_rule(cells, f"{FILE}, row {number}") for number, cells in read_table(text, COLUMNS, FILE))
    seen: set[str] = set()
    for rule in rules:
        if rule.key in seen:
            raise InputError(f"{FILE}: two rules are called {rule.key!r}; give each its own name.")
        seen.add(rule.key)
    return rules


def check_all_used(rules: Iterable[Rule]) -> None:
    """Refuse a table in which a question, finding or measurement has no say: it would be asked for and ignored.

    Raises:
        InputError: naming what no rule uses.
    """
    used = {_subject(term) for rule in rules for term in rule.terms}
    findings = [name for name in FINDINGS if name not in SYMPTOMS]
    wanted = [*QUESTIONS, *MEASUREMENTS, AGE, "active", "known disease", "symptoms", *UNKNOWNS, *findings]
    missing = [name for name in wanted if name not in used]
    if missing:
        raise InputError(f"{FILE}: no rule uses {', '.join(missing)}.")


def _rule(cells: Mapping[str, str], place: str) -> Rule:
    for column in ("rule", "when", "says"):
        if not cells[column]:
            raise InputError(f"{place}: {column} is empty.")
    _check_word(cells, "verdict", tuple(Verdict), place)
    _check_word(cells, "lifted_by_clearance", ("", "yes"), place)
    terms = tuple(cells["when"].split(" and "))
    for term in terms:
        _check_term(term, place)
    verdict, lifted = Verdict(cells["verdict"]), cells["lifted_by_clearance"] == "yes"
    if verdict is Verdict.STOP and lifted:
        raise InputError(f"{place}: what stops is not lifted by clearance; leave lifted_by_clearance empty.")
    most = {}
    for need, levels in LEVELS.items():
        _check_word(cells, f"{need}_high", ("", *levels), place)
        if cells[f"{need}_high"]:
            most[need] = cells[f"{need}_high"]
    arms = _names(cells, "arms", tuple(ARMS), place)
    positions = _names(cells, "positions", POSITIONS, place)
    if (verdict is Verdict.ALLOWED) != bool(arms or most or positions):
        raise InputError(
            f"{place}: a rule that stops or asks for clearance masks everything and names nothing; "
            "one that allows names arms, positions or needs that it masks."
        )
    return Rule(
        key=cells["rule"],
        when=cells["when"],
        terms=terms,
        verdict=verdict,
        lifted_by_clearance=lifted,
        arms=arms,
        most=most,
        positions=positions,
        says=cells["says"],
        origin=read_origin(cells, place),
    )


def _check_word(cells: Mapping[str, str], column: str, allowed: tuple[str, ...], place: str) -> None:
    if cells[column] not in allowed:
        words = ", ".join(word or "(empty)" for word in allowed)
        raise InputError(f"{place}: {column} is {cells[column]!r}; it must be one of {words}.")


def _names(cells: Mapping[str, str], column: str, allowed: tuple[str, ...], place: str) -> frozenset[str]:
    names = [name.strip() for name in cells[column].split(";") if name.strip()]
    for name in names:
        if name not in allowed:
            raise InputError(
                f"{place}: {column} names {name!r}; it may name {', '.join(allowed)}, parted by semicolons."
            )
    return frozenset(names)


def _check_term(term: str, place: str) -> None:
    comparison = COMPARISON.fullmatch(term)
    known = (
        term in (*STANDING_TERMS, *CONDITIONS, *FINDINGS)
        or (term.startswith("not ") and term.removeprefix("not ") in RELIEVING)
        or (term.startswith("yes to ") and term.removeprefix("yes to ") in QUESTIONS)
        or (comparison is not None and comparison["name"] in (*MEASUREMENTS, AGE))
    )
    if not known or term in RELIEVING:
        raise InputError(f"{place}: when has the term {term!r}, which is none; see {__name__}.")


def _subject(term: str) -> str:
    comparison = COMPARISON.fullmatch(term)
    return comparison["name"] if comparison else term.removeprefix("not ").removeprefix("yes to ")


def _holds(term: str, health: Health) -> bool:
    match term:
        case "active":
            return health.active is not False
        case "not active":
            return health.active is not True
        case "known disease":
            return not health.has.isdisjoint(KNOWN_DISEASE)
        case "symptoms":
            return health.symptoms
        case "screening incomplete":
            return bool(health.unanswered)
        case "no medical history":
            return health.conditions is None
    if term.startswith("yes to "):
        return health.said_yes(term.removeprefix("yes to "))
    if term.startswith("not "):
        return term.removeprefix("not ") not in health.found
    comparison = COMPARISON.fullmatch(term)
    if comparison is None:
        return term in health.has or term in health.found
    name, number = comparison["name"], float(comparison["number"])
    value = health.age if name == AGE else health.measurements.get(name)
    if value is None:
        return comparison["unknown"] is not None
    match comparison["sign"]:
        case ">=":
            return value >= number
        case ">":
            return value > number
        case _:
            return value < number
