"""Simple ways of setting step goals, beside which a plan is always shown, and the trial's run-in week.

Each policy is a function of what is known so far and gives the next day's goal. It takes whole groups at once: steps
(..., t) with NaN on a day without a count, goals (..., t), and returns goals (...). Nothing is checked here except in
`next_goals`, which is the way in for one client.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import GOAL_CAP, Behavior, Flags, Floats, check_goals, course
from core.errors import InputError

Policy = Callable[[Floats, Floats], Floats]

FIXED_GOAL = 10_000.0
RUN_IN = (3_000.0, 3_500.0, 4_000.0, 4_500.0, 5_000.0, 5_500.0, 6_000.0)
PERCENTILE, PERCENTILE_DAYS = 0.6, 10
LEVEL = 500.0  # steps between two levels of the up-and-down rule: the run-in week's own rise
WEEKS = 4  # that the weekday mean looks back


def fixed(steps: Floats, goals: Floats) -> Floats:
    """10,000 steps, every day: the trial's control group."""
    return np.full(_group(steps, goals), FIXED_GOAL)


def run_in(steps: Floats, goals: Floats) -> Floats:
    """The run-in week: 3,000 steps on the first day, 500 more each day, and 6,000 from the seventh on."""
    day = min(steps.shape[-1], len(RUN_IN) - 1)
    return np.full(_group(steps, goals), RUN_IN[day])


def percentile(steps: Floats, goals: Floats) -> Floats:
    """The 60th percentile of the counts of the last ten days (Adams 2013), between two counts by linear interpolation.

    Without any count in ten days the goal stays as it is.
    """
    recent = np.sort(steps[..., -PERCENTILE_DAYS:], axis=-1)  # NaN goes last
    if recent.shape[-1] == 0:
        return _last_goal(steps, goals)
    counted = np.isfinite(recent).sum(axis=-1)
    place = PERCENTILE * np.maximum(counted - 1, 0)
    below = place.astype(np.intp)
    above = np.minimum(below + 1, np.maximum(counted - 1, 0))
    low, high = (np.take_along_axis(recent, at[..., None], axis=-1)[..., 0] for at in (below, above))
    wanted = low + (place - below) * (high - low)
    return np.where(counted > 0, np.minimum(wanted, GOAL_CAP), _last_goal(steps, goals))


def up_and_down(steps: Floats, goals: Floats) -> Floats:
    """DStress's rule on steps: one level of 500 up after a goal that was reached, one down after one that was missed.

    A day without a count leaves the goal as it is. The lowest level is 3,000, where the run-in week starts, the highest
    20,000.
    """
    last = _last_goal(steps, goals)
    if steps.shape[-1] == 0:
        return last
    count = steps[..., -1]
    change = np.where(count >= last, LEVEL, -LEVEL) * np.isfinite(count)
    return np.asarray(np.clip(last + change, RUN_IN[0], GOAL_CAP))


def weekday_mean(steps: Floats, goals: Floats) -> Floats:
    """The mean of the same weekday's counts in the last four weeks.

    Without a count on that weekday, the mean of all counts of those weeks; without any, the goal stays as it is.
    """
    recent = steps[..., -7 * WEEKS :]
    same = recent[..., -7::-7] if recent.shape[-1] >= 7 else recent[..., :0]
    wanted = np.broadcast_to(_last_goal(steps, goals), _group(steps, goals))
    for counts in (recent, same):
        known = np.isfinite(counts)
        number = known.sum(axis=-1)
        mean = np.where(known, counts, 0.0).sum(axis=-1) / np.maximum(number, 1)
        wanted = np.where(number > 0, np.minimum(mean, GOAL_CAP), wanted)
    return wanted


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "fixed 10,000": fixed,
        "60th percentile": percentile,
        "up and down": up_and_down,
        "weekday mean": weekday_mean,
        "run-in week": run_in,
    }
)


def next_goals(
    policy: str,
    steps: ArrayLike,
    goals: ArrayLike,
    horizon: int,
    *,
    behavior: Behavior | None = None,
    offsets: ArrayLike | None = None,
) -> Floats:
    """The goals a policy sets for one client on the days ahead.

    A policy answers the counts of the day before, and those of the days ahead are not known yet. With a behaviour,
    each day's count is the steps it expects under the goal just set; without one, the days ahead have no count.

    Args:
        policy: a name in `POLICIES`.
        steps: counts so far, NaN on a day without one, shape (t,); may be empty.
        goals: goals so far, shape (t,).
        horizon: days ahead, at least 1.
        behavior: the client's, with the responsiveness of the first day ahead.
        offsets: added to the baseline on each day ahead, shape (horizon,); only with a behaviour.

    Returns:
        Goals in steps, shape (horizon,).

    Raises:
        InputError: for an unknown policy, steps and goals of different length, negative or infinite steps, goals that
            cannot be used, or a horizon below 1.
    """
    if policy not in POLICIES:
        raise InputError(f"There is no policy {policy!r}; take one of {', '.join(POLICIES)}.")
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise InputError(f"horizon must be a whole number of days, 1 or more; it is {horizon!r}.")
    counted, wanted = _history(steps, goals)
    shifts = np.zeros(horizon) if offsets is None else np.asarray(offsets, dtype=np.float64)
    if shifts.shape != (horizon,) or not np.isfinite(shifts).all():
        raise InputError(f"offsets must be finite, one for each of the {horizon} days ahead.")
    known = counted.size
    counted = np.concatenate([counted, np.full(horizon, np.nan)])
    wanted = np.concatenate([wanted, np.full(horizon, np.nan)])
    responsive = np.float64(behavior.responsiveness if behavior else 0.0)
    for day in range(known, known + horizon):
        wanted[day] = POLICIES[policy](counted[:day], wanted[:day])
        if behavior:
            ahead = course(
                np.float64(behavior.baseline),
                responsive,
                np.float64(behavior.self_efficacy),
                np.float64(behavior.helplessness),
                wanted[day : day + 1],
                offsets=shifts[day - known : day - known + 1],
            )
            counted[day], responsive = ahead.steps[0], ahead.responsiveness[1]
    return wanted[known:]


def over_cap(steps: Floats) -> Flags:
    """Whether a client took 20,000 steps on a day of the run-in, and so has nothing to gain; steps (..., t) -> (...).

    The trial excluded whoever did (Zhou 2018, participants), since no goal lies above 20,000. Days without a count do
    not tell.
    """
    return np.asarray((steps >= GOAL_CAP).any(axis=-1))


def _group(steps: Floats, goals: Floats) -> tuple[int, ...]:
    return np.broadcast_shapes(steps.shape[:-1], goals.shape[:-1])


def _last_goal(steps: Floats, goals: Floats) -> Floats:
    """The goal now, or the run-in's first one before any."""
    if goals.shape[-1] == 0:
        return np.full(_group(steps, goals), RUN_IN[0])
    return goals[..., -1]


def _history(steps: ArrayLike, goals: ArrayLike) -> tuple[Floats, Floats]:
    try:
        counted = np.asarray(steps, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("steps must be numbers, NaN on a day without a count.") from error
    if counted.ndim != 1 or (counted < 0).any() or np.isinf(counted).any():
        raise InputError("steps must be a list of numbers, 0 or more, NaN on a day without a count.")
    wanted = check_goals(goals) if np.size(goals) else np.empty(0)
    if counted.size != wanted.size:
        raise InputError(
            f"steps and goals must have a value for each day: {counted.size} steps, {wanted.size} goals."
        )
    return counted, wanted
