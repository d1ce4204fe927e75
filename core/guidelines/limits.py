"""What the guideline rows allow and ask of one person, for one component, with several conditions at once.

Bounds are of two kinds. *Caps* keep a person from too much: most days, minutes and intensity, fewest rest days. The
strictest cap of any row holds. *Targets* ask for enough: least days, minutes and intensity, most days off in a row. The
highest target of the rows for 65 and over and for the person's conditions holds, and the rows for every adult fill in
where those set none. Where a target cannot be kept within the caps, the caps win, the target comes down to what they
allow, and the two sides are shown as a conflict.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import InputError
from core.guidelines.base import Row, guideline_rows
from core.guidelines.vocabulary import (
    COMPONENTS,
    YOUNGEST_ADULT,
    Intensity,
    check_age,
    check_sex,
    known_conditions,
)

CAPS = ("days_high", "minutes_high", "weekly_minutes_high", "intensity_high", "rest_days_low")
TARGETS = ("days_low", "minutes_low", "weekly_minutes_low", "intensity_low", "days_off_high")
WEEK = 7  # days
LONGEST_DAY = 24 * 60  # minutes
VIGOROUS_MINUTES = 2  # one vigorous aerobic minute counts as two moderate ones (WHO 2020)

WORDS = {
    "days_high": "at most {} days a week",
    "minutes_high": "at most {} minutes a session",
    "weekly_minutes_high": "at most {} minutes a week",
    "intensity_high": "at most {} intensity",
    "rest_days_low": "at least {} rest days between sessions",
    "days_low": "at least {} days a week",
    "minutes_low": "at least {} minutes a session",
    "weekly_minutes_low": "at least {} minutes a week",
    "intensity_low": "at least {} intensity",
    "days_off_high": "at most {} days off in a row",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit: its value and the keys of the rows that set it."""

    value: float
    rows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits by name (`CAPS` and `TARGETS`), to be intersected with others.

    ``meet`` is commutative, associative and idempotent, so that the order of conditions never matters.
    """

    by_name: Mapping[str, Bound] = field(default_factory=dict)

    def meet(self, other: "Bounds") -> "Bounds":
        """What both ask: of each limit the stricter, with the rows of both where they are equal."""
        names = sorted({*self.by_name, *other.by_name})
        return Bounds(
            {name: _stricter(name, self.by_name.get(name), other.by_name.get(name)) for name in names}
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that cannot be kept together.

    Attributes:
        name: the target that had to give way.
        asked: its value.
        kept: what the caps leave of it; None if nothing.
        asking: rows that set the target.
        limiting: rows that set the caps.
    """

    name: str
    asked: float
    kept: float | None
    asking: frozenset[str]
    limiting: frozenset[str]

    def sentence(self) -> str:
        """The conflict in plain words."""
        kept = "is left out" if self.kept is None else f"becomes “{bound_text(self.name, self.kept)}”"
        return (
            f"“{bound_text(self.name, self.asked)}” ({_listed(self.asking)}) cannot be kept within "
            f"{_listed(self.limiting)}; the stricter holds, and it {kept}."
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for one person and component.

    Attributes:
        component: aerobic, strength, flexibility or balance.
        bounds: the limits after conflicts were settled, by name; a limit that no row sets is absent.
        conflicts: what had to give way, and to which rows.
        rows: every row that speaks of this person and component, whether or not one of its limits holds.
    """

    component: str
    bounds: Mapping[str, Bound]
    conflicts: tuple[Conflict, ...]
    rows: tuple[Row, ...]

    def value(self, name: str) -> float | None:
        """One limit's value, None where no row sets it."""
        bound = self.bounds.get(name)
        return None if bound is None else bound.value

    def sentences(self) -> list[str]:
        """Each limit in plain words with the rows that set it."""
        return [
            f"{bound_text(name, bound.value)} ({_listed(bound.rows)})" for name, bound in self.bounds.items()
        ]


def bounds_of(row: Row) -> Bounds:
    """The limits that one row sets."""
    low = {f"{measure}_low": value for measure, value in row.low.items()}
    high = {f"{measure}_high": value for measure, value in row.high.items()}
    return Bounds({name: Bound(value, frozenset({row.key})) for name, value in {**low, **high}.items()})


def limits_for(
    component: str,
    *,
    age: float,
    sex: str | None,
    conditions: Iterable[str],
    rows: Sequence[Row] | None = None,
) -> Limits:
    """Limits of one component for a person, from the rows that speak of them.

    Args:
        component: aerobic, strength, flexibility or balance.
        age: years, 18 or more.
        sex: female, male, or None where it is not known or another; rows for one sex are then left out.
        conditions: any number of the known ones, in any order.
        rows: the guideline rows; None for Spotter's own table.

    Raises:
        InputError: for an unknown component, condition or sex, or an age that is none or below 18.
    """
    if component not in COMPONENTS:
        raise InputError(f"component must be one of {', '.join(COMPONENTS)}; it is {component!r}.")
    check_age(age)
    check_sex(sex)
    if age < YOUNGEST_ADULT:
        raise InputError(
            f"The guideline rows speak of adults; age must be {YOUNGEST_ADULT} or more, it is {age:g}."
        )
    known = known_conditions(conditions)
    speaking = tuple(
        row
        for row in (guideline_rows() if rows is None else rows)
        if row.component == component and row.applies_to(age, sex, known)
    )
    everybody, particular = Bounds(), Bounds()
    for row in speaking:
        if row.for_every_adult:
            everybody = everybody.meet(bounds_of(row))
        else:
            particular = particular.meet(bounds_of(row))
    filled = Bounds(
        {
            name: bound
            for name, bound in everybody.by_name.items()
            if name in CAPS or name not in particular.by_name
        }
    )
    everybody_keys = frozenset(row.key for row in speaking if row.for_every_adult)
    bounds, conflicts = _settled(component, dict(particular.meet(filled).by_name), everybody_keys)
    return Limits(component, bounds, conflicts, speaking)


def bound_text(name: str, value: float) -> str:
    """A limit in plain words."""
    if name.startswith("intensity"):
        return WORDS[name].format(list(Intensity)[int(value)])
    if name == "days_low" and value == WEEK:
        return "every day"
    text = WORDS[name].format(f"{value:g}")
    return text.replace("1 rest days", "1 rest day").replace("1 days", "1 day") if value == 1 else text


def _stricter(name: str, one: Bound | None, other: Bound | None) -> Bound:
    if one is None or other is None:
        bound = one or other
        assert bound is not None  # the name came from one of the two
        return bound
    if one.value == other.value:
        return Bound(one.value, one.rows | other.rows)
    larger = one if one.value > other.value else other
    smaller = other if larger is one else one
    return smaller if name.endswith("_high") else larger


class _Settling:
    """Brings targets down to what the caps allow, and notes each time that it had to."""

    def __init__(self, bounds: dict[str, Bound], yielding: frozenset[str]) -> None:
        self.bounds = bounds
        self.yielding = yielding
        self.conflicts: list[Conflict] = []

    def value(self, name: str, otherwise: float) -> float:
        return self.bounds[name].value if name in self.bounds else otherwise

    def rows(self, *names: str) -> frozenset[str]:
        return frozenset().union(*(self.bounds[name].rows for name in names if name in self.bounds))

    def keep_to(self, name: str, allowed: float, limiting: frozenset[str]) -> None:
        """Let a target be no more demanding than what is allowed."""
        bound = self.bounds.get(name)
        if bound is None:
            return
        if (bound.value >= allowed) if name.endswith("_high") else (bound.value <= allowed):
            return
        nothing = allowed >= WEEK - 1 if name.endswith("_high") else allowed <= 0 and name != "intensity_low"
        if nothing:
            del self.bounds[name]
        else:
            self.bounds[name] = Bound(allowed, bound.rows | limiting)
        # What every adult is advised gives way to a condition's limits without being at odds with them.
        if not bound.rows <= self.yielding:
            kept = None if nothing else allowed
            self.conflicts.append(Conflict(name, bound.value, kept, bound.rows, limiting))


def _settled(
    component: str, bounds: dict[str, Bound], yielding: frozenset[str]
) -> tuple[dict[str, Bound], tuple[Conflict, ...]]:
    settling = _Settling(bounds, yielding)
    value, rows = settling.value, settling.rows
    by_rest = WEEK // (1 + int(value("rest_days_low", 0)))
    if by_rest < value("days_high", WEEK):
        bounds["days_high"] = Bound(by_rest, rows("rest_days_low"))
    most_days = value("days_high", WEEK)
    settling.keep_to("days_low", most_days, rows("days_high"))
    settling.keep_to("intensity_low", value("intensity_high", len(Intensity)), rows("intensity_high"))
    settling.keep_to("minutes_low", value("minutes_high", LONGEST_DAY), rows("minutes_high"))
    settling.keep_to("days_off_high", math.ceil(WEEK / most_days) - 1, rows("days_high"))
    worth = VIGOROUS_MINUTES if component == "aerobic" and value("intensity_high", 2) == 2 else 1
    most = most_days * value("minutes_high", LONGEST_DAY) * worth
    settling.keep_to("weekly_minutes_low", value("weekly_minutes_high", most), rows("weekly_minutes_high"))
    settling.keep_to("weekly_minutes_low", most, rows("days_high", "minutes_high", "intensity_high"))
    fewest_days = max(value("days_low", 1), math.ceil(WEEK / (1 + value("days_off_high", WEEK - 1))))
    longest = value("weekly_minutes_high", fewest_days * LONGEST_DAY) // fewest_days
    settling.keep_to("minutes_low", longest, rows("weekly_minutes_high", "days_low", "days_off_high"))
    return {name: bounds[name] for name in (*CAPS, *TARGETS) if name in bounds}, tuple(settling.conflicts)


def _listed(keys: frozenset[str]) -> str:
    return "; ".join(sorted(keys))
