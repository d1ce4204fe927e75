"""What the guideline base says of a week that somebody wants: the reward of each arm, computed from its rows.

The reward is that of ``core.guidelines.adherence``, for many people at once: the rows of each group of people (age
between the rows' limits, sex, conditions) are read once and kept as ten numbers an arm, and weeks are held against them
in arrays. The tests hold both to the same last digit.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People
from core.errors import InputError
from core.guidelines import ARMS, Intensity, WeekPlan, days_in_a_row, guideline_rows, limits_for, spread_days
from core.guidelines.limits import CAPS, TARGETS, VIGOROUS_MINUTES, WEEK
from core.guidelines.rewards import STEP_BELOW
from core.guidelines.vocabulary import YOUNGEST_ADULT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NEEDED = ("age", "frequency", "duration", "intensity", "day_spacing")
BOUNDS = (*CAPS, *TARGETS)
MEASURES = ("days", "minutes", "weekly_minutes", "intensity", "rest_days", "days_off")


def guideline_rewards(people: People) -> Floats:
    """How far the week that each person wants keeps to the guideline rows for them, were it all of one arm.

    Frequency, duration, intensity and day spacing make the week; age, sex and medical history choose the rows.

    Returns:
        Shape (N, arms), between 0 and 1, in the order of ``ARMS``; 1 where no limit is broken.

    Raises:
        InputError: where one of those is unknown (but sex, whose rows are then left out), or the age is below 18.
    """
    _check_known(people, NEEDED)
    columns = people.columns
    bounds, group = guideline_bounds(people)
    weeks = week_measures(
        columns["frequency"], columns["duration"], columns["intensity"], columns["day_spacing"]
    )
    return rewards_within(bounds[group], weeks)


def guideline_bounds(people: People) -> tuple[Floats, Integers]:
    """The limits that the guideline rows set, for each group of people who come under the same rows.

    Returns:
        Limits of K groups, shape (K, arms, limits), limits in the order of ``BOUNDS``, infinite where no row sets one;
        and each person's group, shape (N,).

    Raises:
        InputError: where an age is unknown or below 18.
    """
    _check_known(people, ("age",))
    columns = people.columns
    if (columns["age"] < YOUNGEST_ADULT).any():
        raise InputError(f"The guideline rows speak of adults; every age must be {YOUNGEST_ADULT} or more.")
    starts = _age_starts()
    ages = np.searchsorted(starts, columns["age"], side="right") - 1
    bits = columns["medical_history"] @ (
        1 << np.arange(len(BY_KEY["medical_history"].values), dtype=np.int64)
    )
    keys = np.stack((ages, columns["sex"], bits), axis=1)
    groups, group = np.unique(keys, axis=0, return_inverse=True)
    bounds = [_bounds(starts[age], int(sex), int(conditions)) for age, sex, conditions in groups]
    return np.array(bounds).reshape(-1, len(ARMS), len(BOUNDS)), group.reshape(-1)


def week_measures(
    frequency: ArrayLike, duration: ArrayLike, intensity: ArrayLike, spacing: ArrayLike
) -> Floats:
    """Weeks in the terms of the guideline rows.

    Args:
        frequency: days a week, shape (N,); below 1 counts as 1.
        duration: minutes a session.
        intensity, spacing: places in the attributes' values.

    Returns:
        Shape (N, arms, measures), measures in the order of ``MEASURES``.
    """
    days = np.maximum(np.asarray(frequency, dtype=np.float64), 1).astype(np.int64)
    minutes = np.asarray(duration, dtype=np.float64)
    steps = np.asarray(intensity, dtype=np.int64)
    pauses = _pauses()[np.asarray(spacing, dtype=np.int64), days]
    found = np.empty((len(days), len(ARMS), len(MEASURES)))
    found[:, :, 0] = days[:, None]
    found[:, :, 1] = minutes[:, None]
    found[:, :, 2] = (days * minutes)[:, None]
    found[:, list(ARMS.values()).index("aerobic"), 2] *= np.where(
        steps == Intensity.VIGOROUS.order, VIGOROUS_MINUTES, 1
    )
    found[:, :, 3] = steps[:, None]
    found[:, :, 4:] = pauses[:, None]
    return found


def rewards_within(bounds: Floats, measures: Floats) -> Floats:
    """The reward of weeks under limits, as ``core.guidelines.adherence`` reckons it.

    Args:
        bounds: shape (..., limits), in the order of ``BOUNDS``.
        measures: shape (..., measures), in the order of ``MEASURES``; the leading shapes broadcast.

    Returns:
        The leading shape.
    """
    reward = np.ones(np.broadcast_shapes(bounds.shape[:-1], measures.shape[:-1]))
    for place, name in enumerate(BOUNDS):
        measure, _, side = name.rpartition("_")
        bound, value = bounds[..., place], measures[..., MEASURES.index(measure)]
        kept = value <= bound if side == "high" else value >= bound
        if measure in ("rest_days", "days_off"):  # compared as days from one session to the next
            bound, value = bound + 1, value + 1
        with np.errstate(
            divide="ignore", invalid="ignore"
        ):  # where the limit is kept, the quotient is not used
            if name == "intensity_low":
                part = STEP_BELOW ** (bound - value)
            elif name == "intensity_high":
                part = np.zeros(())
            else:
                part = bound / value if side == "high" else value / bound
        reward *= np.where(kept, 1.0, part)
    return reward


def _check_known(people: People, keys: tuple[str, ...]) -> None:
    for key in keys:
        column = people.columns[key]
        if (np.isnan(column) if column.dtype.kind == "f" else column < 0).any():
            raise InputError(f"{BY_KEY[key].label} is not known of everybody; the guideline base needs it.")


@cache
def _age_starts() -> tuple[float, ...]:
    """The ages at which rows begin to speak, or cease to; between two of them the same rows hold."""
    ages = [age for row in guideline_rows() for age in (row.ages[0], row.ages[1] + 1)]
    return tuple(sorted({float(YOUNGEST_ADULT), *(age for age in ages if YOUNGEST_ADULT < age < np.inf)}))


@lru_cache(maxsize=50_000)
def _bounds(age: float, sex: int, conditions: int) -> tuple[tuple[float, ...], ...]:
    """The limits of each arm for people of that age, sex and set of conditions (as bits)."""
    sexes = (*map(str, BY_KEY["sex"].values), None)  # -1, unknown, is the last
    has = [str(name) for k, name in enumerate(BY_KEY["medical_history"].values) if conditions >> k & 1]
    found = []
    for component in ARMS.values():
        limits = limits_for(component, age=age, sex=sexes[sex], conditions=has)
        if not limits.rows:
            raise InputError(f"No guideline row speaks of {component} for this person; leave it out.")
        unset = {name: np.inf if name.endswith("_high") else -np.inf for name in BOUNDS}
        found.append(
            tuple(unset[name] if (value := limits.value(name)) is None else value for name in BOUNDS)
        )
    return tuple(found)


@cache
def _pauses() -> Floats:
    """Fewest and most days between sessions, shape (2, 8, 2): by day spacing and by days a week (from 1)."""
    found = np.zeros((2, WEEK + 1, 2))
    for spacing, days in enumerate((spread_days, days_in_a_row)):
        for count in range(1, WEEK + 1):
            measures = WeekPlan("aerobic", days(count), 1, Intensity.LIGHT).measures()
            found[spacing, count] = measures["rest_days"], measures["days_off"]
    return found
