"""The rules a plan of step goals keeps, checked one by one and against one another.

Days are numbered from 0 in arguments and from 1 in sentences for people, as a trainer counts them.
"""

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from core.calfit.behavior import GOAL_CAP, is_number
from core.errors import InputError

LONGEST = 365  # days
# Above 1 every goal is beyond the estimated capacity and is expected to be missed. That has a use only where the
# estimate is thought too low; past half as much again it would be a guess of the trainer's, not a plan.
HARDEST = 1.5
WEEK = 7


@dataclass(frozen=True, slots=True)
class Rules:
    """What every goal of a plan must keep to.

    Attributes:
        challenge: kappa, the share of p / 2 above baseline that a goal may ask for, above 0 and at most 1.5. 1 is the
            estimated capacity; above 1 every goal is expected to be missed.
        ramp: most that a goal may lie above the one before, steps, 0 or more; None for no such limit.
        round_to: goals are multiples of it, rounded down; None for no rounding.
        rest_days: days with a goal at or below baseline. The floor does not hold there, and a raise is counted from
            the last day that is not one.
        cap: no goal above it, steps, above 0 and at most 20,000.
        floor: no goal below it, steps; it comes before the challenge. Rounded up to ``round_to``.
        previous_goal: goal of the day before the plan, steps, which ramp and raises count from; None if there is none.
        weekly_total: least and most sum of goals over each seven days from the first, either may be None. The
            least does not hold for a last week that is not whole.
        fixed: goal by day, steps; these days are free of challenge and rounding.
        most_raises: number of times at most that a goal may lie above the one before; None for no limit.

    Raises:
        InputError: for a value outside what is said here, or rules that contradict one another on their face.
    """

    challenge: float = 1.0
    ramp: float | None = None
    round_to: float | None = None
    rest_days: Iterable[int] = ()
    cap: float = GOAL_CAP
    floor: float | None = None
    previous_goal: float | None = None
    weekly_total: tuple[float | None, float | None] | None = None
    fixed: Mapping[int, float] | None = None
    most_raises: int | None = None
    resting: frozenset[int] = field(init=False, repr=False)
    set_days: Mapping[int, float] = field(init=False, repr=False)
    lowest: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not (is_number(self.challenge) and 0 < self.challenge <= HARDEST):
            raise InputError(
                f"challenge must be above 0 and at most {HARDEST}, where 1 is the estimated capacity; "
                f"it is {self.challenge}."
            )
        if not (is_number(self.cap) and 0 < self.cap <= GOAL_CAP):
            raise InputError(
                f"cap must be above 0 and at most {GOAL_CAP:,} steps, the highest goal there is; it is {self.cap}."
            )
        for name in ("ramp", "floor", "previous_goal"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and 0 <= value <= GOAL_CAP):
                raise InputError(f"{name} must be between 0 and {GOAL_CAP:,} steps; it is {value}.")
        if self.round_to is not None and not (is_number(self.round_to) and 0 < self.round_to <= self.cap):
            raise InputError(
                f"round_to must be above 0 steps and no more than the cap of {self.cap:,}; it is {self.round_to}."
            )
        if self.most_raises is not None and not (_is_whole(self.most_raises) and self.most_raises >= 0):
            raise InputError(f"most_raises must be a whole number, 0 or more; it is {self.most_raises}.")
        self._check_weekly_total()
        object.__setattr__(self, "rest_days", tuple(_days(self.rest_days, "rest_days")))
        object.__setattr__(self, "resting", frozenset(self.rest_days))
        object.__setattr__(self, "set_days", self._checked_fixed())
        lowest = 0.0 if self.floor is None else float(self.floor)
        if self.round_to is not None:
            lowest = math.ceil(lowest / self.round_to - 1e-9) * self.round_to
        object.__setattr__(self, "lowest", lowest)
        self._refuse_contradictions()

    @property
    def highest(self) -> float:
        """The highest goal of a day that is not fixed: the cap, rounded down."""
        return self.rounded(float(self.cap))

    def rounded(self, goal: float) -> float:
        """A goal rounded down; a billionth of a step of rounding error does not cost a whole step of the rounding."""
        if self.round_to is None:
            return goal
        return math.floor(goal / self.round_to + 1e-9) * self.round_to

    @property
    def within_capacity(self) -> bool:
        """Whether the program keeps goals within the challenge; the closed form always does, up to the floor.

        The paper's own program lets goals lie above capacity, where they are missed. With nothing but a cap, rest days
        and rounding that never pays, and the program proves it. Other rules would reward a goal that is set to be
        missed: it opens the ramp or fills the week's total.
        """
        others = (self.ramp, self.floor, self.weekly_total, self.most_raises)
        return self.challenge < 1 or (
            self.challenge == 1 and (bool(self.set_days) or any(rule is not None for rule in others))
        )

    def sentences(self) -> dict[str, str]:
        """Each rule in plain words, by a key that `only` takes."""
        least, most = self.weekly_total or (None, None)
        since = "" if self.previous_goal is None else f", from {self.previous_goal:,.0f} the day before"
        said: dict[str, str] = {}
        if self.within_capacity:
            said["capacity"] = (
                "no goal above the client's estimated capacity"
                if self.challenge == 1
                else f"no goal above the challenge of {self.challenge:g}"
            )
        if self.round_to is not None:
            said["round_to"] = f"goals in steps of {self.round_to:,g}"
        if self.resting:
            days = ", ".join(str(day + 1) for day in sorted(self.resting))
            said["rest_days"] = f"rest on day{'s' if len(self.resting) > 1 else ''} {days}"
        if self.most_raises is not None:
            said["most_raises"] = (
                f"at most {self.most_raises} raise{'' if self.most_raises == 1 else 's'}{since}"
            )
        if self.ramp is not None:
            said["ramp"] = f"no raise above {self.ramp:,.0f} steps{since}"
        for day, goal in sorted(self.set_days.items()):
            said[f"fixed {day}"] = f"{goal:,.0f} steps on day {day + 1}"
        if self.floor is not None:
            said["floor"] = f"no goal below {self.floor:,.0f}"
        if least is not None:
            said["least"] = f"at least {least:,.0f} steps a week"
        if most is not None:
            said["most"] = f"at most {most:,.0f} steps a week"
        if self.cap < GOAL_CAP:
            said["cap"] = f"no goal above {self.cap:,.0f}"
        return said

    def only(self, keys: Container[str]) -> "Rules":
        """The rules whose keys (of `sentences`) are given; the others as if nothing had been said."""
        least, most = self.weekly_total or (None, None)
        return replace(
            self,
            ramp=self.ramp if "ramp" in keys else None,
            round_to=self.round_to if "round_to" in keys else None,
            rest_days=self.resting if "rest_days" in keys else (),
            cap=self.cap if "cap" in keys else GOAL_CAP,
            floor=self.floor if "floor" in keys else None,
            weekly_total=(least if "least" in keys else None, most if "most" in keys else None),
            fixed={day: goal for day, goal in self.set_days.items() if f"fixed {day}" in keys},
            most_raises=self.most_raises if "most_raises" in keys else None,
        )

    def check_horizon(self, horizon: int) -> None:
        """Whether the rules speak of days that the plan has.

        Raises:
            InputError: for a horizon that is not a whole number from 1 to 365, or a rest day or fixed day beyond it.
        """
        check_horizon(horizon)
        for name, days in (("rest_days", self.resting), ("fixed", self.set_days)):
            if days and max(days) >= horizon:
                raise InputError(
                    f"{name} must be days of the plan, 0 to {horizon - 1}; {max(days)} lies beyond it."
                )

    def _check_weekly_total(self) -> None:
        if self.weekly_total is None:
            return
        if not isinstance(self.weekly_total, tuple | list) or len(self.weekly_total) != 2:
            raise InputError("weekly_total must be a pair: least and most steps a week, or None for either.")
        for value in self.weekly_total:
            if value is not None and not (is_number(value) and 0 <= value <= WEEK * GOAL_CAP):
                raise InputError(
                    f"weekly_total must be between 0 and {WEEK * GOAL_CAP:,} steps, seven times the highest goal "
                    f"there is; it is {value}."
                )
        least, most = self.weekly_total
        if least is not None and most is not None and least > most:
            raise clash([f"at least {least:,.0f} steps a week", f"at most {most:,.0f} steps a week"])

    def _checked_fixed(self) -> dict[int, float]:
        if not self.fixed:
            return {}
        if not isinstance(self.fixed, Mapping):
            raise InputError("fixed must be a mapping of day to goal.")
        for day, goal in self.fixed.items():
            if not (is_number(goal) and 0 <= goal <= GOAL_CAP):
                raise InputError(
                    f"fixed must hold goals between 0 and {GOAL_CAP:,} steps; day {day} has {goal}."
                )
        return dict(zip(_days(self.fixed, "fixed"), map(float, self.fixed.values()), strict=True))

    def _refuse_contradictions(self) -> None:
        if self.lowest > self.highest:
            said = [f"no goal below {self.floor:,.0f}", f"no goal above {self.cap:,.0f}"]
            raise clash(
                said if self.lowest == self.floor else [*said, f"goals in steps of {self.round_to:,g}"]
            )
        if self.ramp is not None and self.round_to is not None and 0 < self.ramp < self.round_to:
            raise InputError(
                f"A ramp of {self.ramp:,g} steps never lets a goal rise that is rounded down to {self.round_to:,g}: "
                f"take a ramp of {self.round_to:,g} or more, or a finer rounding."
            )
        for day, goal in self.set_days.items():
            fixed = f"{goal:,.0f} steps on day {day + 1}"
            if day in self.resting:
                raise clash([fixed, f"rest on day {day + 1}"])
            if goal > self.cap:
                raise clash([fixed, f"no goal above {self.cap:,.0f}"])
            if self.floor is not None and goal < self.floor:
                raise clash([fixed, f"no goal below {self.floor:,.0f}"])


def clash(sentences: Iterable[str]) -> InputError:
    """The error for rules that cannot hold together, which it names."""
    return InputError(f"These rules cannot hold together: {'; '.join(sentences)}.")


def check_horizon(horizon: int) -> None:
    """Whether a plan can have so many days.

    Raises:
        InputError: unless it is a whole number from 1 to 365.
    """
    if not (_is_whole(horizon) and 1 <= horizon <= LONGEST):
        raise InputError(f"horizon must be a whole number of days from 1 to {LONGEST}; it is {horizon}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _days(days: Iterable[int], name: str) -> list[int]:
    try:
        listed = list(days)
    except TypeError as error:
        raise InputError(f"{name} must be a list of days, counted from 0; it is {days!r}.") from error
    for day in listed:
        if not (_is_whole(day) and day >= 0):
            raise InputError(f"{name} must be whole numbers of days, counted from 0; {day!r} is not.")
    return [int(day) for day in listed]
