"""How far a week's plan of one component keeps to what the guideline rows say: the reward of a profile.

Naliyatthaliyazchayil 2024 types a reward between 0 and 1 beside each combination of attributes; here it is computed
from the rows that hold for the person. Each limit gives a part between 0 and 1, 1 where it is kept, and the reward is
their product, so that it is 1 only where all are kept. How a part falls below 1 is Spotter's choice, not a source's.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from core.errors import InputError
from core.guidelines.limits import LONGEST_DAY, VIGOROUS_MINUTES, WEEK, Limits
from core.guidelines.vocabulary import COMPONENTS, Intensity

SESSIONS = 2  # asked of a week where no row says how many
STEP_BELOW = 0.5  # part for each step of intensity below what is asked; above a cap it is 0


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """A week of one component, the same every week.

    Attributes:
        component: aerobic, strength, flexibility or balance.
        weekdays: days with a session, 0 for Monday to 6; at least one.
        minutes: length of a session, above 0.
        intensity: light, moderate or vigorous.

    Raises:
        InputError: for anything else.
    """

    component: str
    weekdays: frozenset[int]
    minutes: float
    intensity: Intensity

    def __post_init__(self) -> None:
        if self.component not in COMPONENTS:
            raise InputError(f"component must be one of {', '.join(COMPONENTS)}; it is {self.component!r}.")
        days = self.weekdays
        if not isinstance(days, frozenset) or not days or not days <= frozenset(range(WEEK)):
            raise InputError(f"weekdays must be a frozenset of at least one day from 0 to 6; it is {days!r}.")
        minutes = self.minutes
        if (
            isinstance(minutes, bool)
            or not isinstance(minutes, int | float)
            or not 0 < minutes <= LONGEST_DAY
        ):
            raise InputError(f"minutes must be above 0 and at most {LONGEST_DAY}; it is {minutes!r}.")
        if not isinstance(self.intensity, Intensity):
            raise InputError(
                f"intensity must be one of Intensity's {', '.join(Intensity)}; it is {self.intensity!r}."
            )

    @property
    def days_between(self) -> tuple[int, ...]:
        """Days without a session between one and the next, over the turn of the week."""
        days = sorted(self.weekdays)
        return tuple(later - day - 1 for day, later in pairwise([*days, days[0] + WEEK]))

    @property
    def weekly_minutes(self) -> float:
        """Minutes a week; of aerobic plans in moderate ones, a vigorous minute counting twice."""
        vigorous = self.component == "aerobic" and self.intensity is Intensity.VIGOROUS
        return len(self.weekdays) * self.minutes * (VIGOROUS_MINUTES if vigorous else 1)

    def measures(self) -> dict[str, float]:
        """The plan in the terms of the guideline rows."""
        return {
            "days": len(self.weekdays),
            "minutes": self.minutes,
            "weekly_minutes": self.weekly_minutes,
            "intensity": self.intensity.order,
            "rest_days": min(self.days_between),
            "days_off": max(self.days_between),
        }


@dataclass(frozen=True, slots=True)
class Adherence:
    """How far a plan keeps to the limits.

    Attributes:
        reward: between 0 and 1.
        parts: between 0 and 1 by the name of the limit, their product being the reward.
    """

    reward: float
    parts: Mapping[str, float]

    @property
    def broken(self) -> tuple[str, ...]:
        """Limits that are not kept, by name."""
        return tuple(name for name, part in self.parts.items() if part < 1)


def spread_days(count: int) -> frozenset[int]:
    """That many weekdays (1 to 7), as far apart as they go."""
    return frozenset(day * WEEK // count for day in _days(count))


def days_in_a_row(count: int) -> frozenset[int]:
    """That many weekdays (1 to 7) from Monday on."""
    return frozenset(_days(count))


def sessions_asked(limits: Limits, minutes: float, intensity: Intensity | None = None) -> int:
    """How many sessions of a length the rows ask of a week, 1 to 7; `SESSIONS` where no row says how many.

    Args:
        limits: a person's limits for one component.
        minutes: length of a session, above 0.
        intensity: of the sessions; None where it is not known, which counts as moderate.
    """
    worth = VIGOROUS_MINUTES if limits.component == "aerobic" and intensity is Intensity.VIGOROUS else 1
    weekly = limits.value("weekly_minutes_low") or 0.0
    asked = max(limits.value("days_low") or 0.0, math.ceil(weekly / (minutes * worth))) or SESSIONS
    return int(min(max(asked, 1), limits.value("days_high") or WEEK, WEEK))


def adherence(plan: WeekPlan, limits: Limits) -> Adherence:
    """How far a plan keeps to a person's limits for its component.

    Below a least number the part is the plan's share of it, above a most number the most's share of the plan; rest and
    days off are compared as days from one session to the next. Each step of intensity below what is asked halves,
    and above what is allowed nothing is left.

    Raises:
        InputError: if plan and limits are of different components, or no row speaks of the component for this person.
    """
    if plan.component != limits.component:
        raise InputError(f"A plan of {plan.component} cannot be held against limits of {limits.component}.")
    if not limits.rows:
        raise InputError(f"No guideline row speaks of {plan.component} for this person; leave it out.")
    measures = plan.measures()
    parts = {
        name: _part(name, measures[_measure(name)], bound.value) for name, bound in limits.bounds.items()
    }
    reward = 1.0
    for part in parts.values():
        reward *= part
    return Adherence(reward, parts)


def _part(name: str, value: float, bound: float) -> float:
    if (value <= bound) if name.endswith("_high") else (value >= bound):
        return 1.0
    match name:
        case "intensity_high":
            return 0.0
        case "intensity_low":
            return float(STEP_BELOW ** (bound - value))
        case "rest_days_low" | "days_off_high":
            value, bound = value + 1, bound + 1
    return bound / value if name.endswith("_high") else value / bound


def _measure(name: str) -> str:
    return name.rpartition("_")[0]


def _days(count: int) -> Iterable[int]:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= WEEK:
        raise InputError(f"count must be a whole number of days from 1 to {WEEK}; it is {count!r}.")
    return range(count)
