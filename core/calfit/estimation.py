"""The behaviour that explains a client's steps best: the paper's point estimate (Zhou 2018, stage 1), quickly.

It minimises the sum of |u_t - steps_t| over the days with a count. The mixed-integer program that proves an optimum
is in `programs`; here a compiled search over the three parameters finds it, as a rule, in milliseconds.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import (
    GOAL_CAP,
    HELPLESSNESS,
    Behavior,
    Course,
    Flags,
    Floats,
    check_history,
    course,
)
from core.errors import InputError

RESPONSIVENESS_CAP = 20_000.0  # steps; bounds of the program, which the search keeps to as well
SELF_EFFICACY_CAP = 6_000.0
# How far the search looks, on each axis and from how many points; `_estimate` takes more for longer histories. With
# ten times as much, about one history of 200 (7 to 70 days, generated and real) came out better, by less than a step.
GRID, MESH = 24, 6
STARTS = 240
LEAPS = np.random.default_rng(2018).normal(size=(192, 3)) * np.tile(1600 / 2.0 ** np.arange(6), 32)[:, None]

Achievement = Literal["latent", "observed"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The parameters found and what they say about the days of the history.

    Attributes:
        behavior: parameters; responsiveness is that of the history's first day.
        loss: sum of |u_t - steps_t| over the days with a count, of ``course``, steps.
        course: the behaviour re-simulated under the history's goals, T days; the last responsiveness is tomorrow's.
        achievement: whose steps decide that a goal was met: the model's own ("latent", the paper's) or the counted
            ones ("observed").
    """

    behavior: Behavior
    loss: float
    course: Course
    achievement: Achievement


def estimate(
    steps: ArrayLike,
    goals: ArrayLike,
    *,
    helplessness: float = HELPLESSNESS,
    achievement: Achievement = "latent",
    offsets: ArrayLike | None = None,
) -> Estimate:
    """The behaviour with the least sum of absolute differences to the counted steps.

    Baseline and first responsiveness are at most 20,000 and self-efficacy at most 6,000. The first call in a process
    loads compiled code, or compiles it (seconds); `warm` does that ahead.

    Args:
        steps: steps of each day, shape (T,), NaN where none were counted; those days are left out of the sum.
        goals: goal of each day, shape (T,).
        helplessness: gamma, not estimated.
        achievement: "latent" or "observed"; observed, a day without a count counts as a goal not met.
        offsets: added to the baseline on each day (a weekday's effect), shape (T,).

    Raises:
        InputError: for a history, helplessness, achievement or offsets that cannot be used.
    """
    return _estimate(*_checked(steps, goals, helplessness, achievement, offsets))


def estimate_many(
    histories: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    helplessness: float = HELPLESSNESS,
    achievement: Achievement = "latent",
    offsets: Sequence[ArrayLike | None] | None = None,
) -> list[Estimate]:
    """`estimate` for a whole caseload, on all cores; the same results in the same order.

    Args:
        histories: a pair (steps, goals) for each client, of any lengths.
        helplessness: gamma of all.
        achievement: as for `estimate`, for all.
        offsets: one array, or None, for each history.

    Raises:
        InputError: naming the first history that cannot be used; then nothing is estimated.
    """
    if not isinstance(histories, Sequence):
        raise InputError("histories must be a list of pairs of steps and goals.")
    if offsets is not None and len(offsets) != len(histories):
        raise InputError(
            f"offsets must have an entry for each history: {len(offsets)} for {len(histories)} histories."
        )
    checked = []
    for index, history in enumerate(histories):
        try:
            if len(history) != 2:
                raise InputError("A history is a pair of steps and goals.")
            shifts = None if offsets is None else offsets[index]
            checked.append(_checked(history[0], history[1], helplessness, achievement, shifts))
        except (InputError, TypeError) as error:
            raise InputError(f"histories[{index}]: {error}") from error
    if not checked:
        return []
    warm()
    # The compiled search lets go of the interpreter, so threads share the cores.
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, len(checked))) as pool:
        return list(pool.map(lambda history: _estimate(*history), checked))


def warm() -> None:
    """Loads the compiled search, or compiles it, so that the first estimate is as quick as the others."""
    from core.calfit import _kernels  # numba takes half a second to import

    _kernels.search()


def check_helplessness(helplessness: float) -> float:
    """A share of at least 0 and below 1.

    Raises:
        InputError: for anything else.
    """
    if not isinstance(helplessness, (int, float)) or not 0 <= helplessness < 1:
        raise InputError(f"helplessness must be at least 0 and below 1; it is {helplessness!r}.")
    return float(helplessness)


def _checked(
    steps: ArrayLike,
    goals: ArrayLike,
    helplessness: float,
    achievement: Achievement,
    offsets: ArrayLike | None,
) -> tuple[Floats, Floats, float, Achievement, Floats | None]:
    counted, wanted = check_history(steps, goals)
    if achievement not in get_args(Achievement):
        raise InputError(f'achievement must be "latent" or "observed"; it is {achievement!r}.')
    if offsets is None:
        return counted, wanted, check_helplessness(helplessness), achievement, None
    try:
        shifts = np.asarray(offsets, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("offsets must be numbers of steps.") from error
    if shifts.shape != wanted.shape or not np.isfinite(shifts).all():
        raise InputError(
            f"offsets must be finite, one for each of the {wanted.size} days; shape {shifts.shape}."
        )
    return counted, wanted, check_helplessness(helplessness), achievement, shifts


def _estimate(
    steps: Floats, goals: Floats, helplessness: float, achievement: Achievement, offsets: Floats | None
) -> Estimate:
    from core.calfit import _kernels

    shifts = np.zeros(goals.size) if offsets is None else offsets
    achieved = steps >= goals if achievement == "observed" else None
    # No baseline above every count can fit better than the highest count itself.
    highest = float(np.clip(np.nanmax(steps - shifts), 0.0, GOAL_CAP))
    decided = np.full(goals.size, -1.0) if achieved is None else achieved.astype(np.float64)
    days = _kernels.Days(helplessness, goals, steps, shifts, decided)
    bounds = np.array([highest, RESPONSIVENESS_CAP, SELF_EFFICACY_CAP])
    starts = min(max(goals.size, goals.size**2 // 28), STARTS)
    found = _kernels.search()(days, bounds, GRID, MESH, starts, LEAPS[: max(goals.size, goals.size**2 // 30)])
    behavior = Behavior(float(found[1]), float(found[2]), float(found[3]), helplessness)
    made = retrace(behavior, goals, offsets=offsets, achieved=achieved)
    return Estimate(behavior, absolute_loss(made, steps), made, achievement)


def retrace(
    behavior: Behavior, goals: Floats, *, offsets: Floats | None = None, achieved: Flags | None = None
) -> Course:
    """The course of a behaviour under checked goals, by either reading of achievement."""
    return course(
        np.float64(behavior.baseline),
        np.float64(behavior.responsiveness),
        np.float64(behavior.self_efficacy),
        np.float64(behavior.helplessness),
        goals,
        offsets=offsets,
        achieved=achieved,
    )


def absolute_loss(made: Course, steps: Floats) -> float:
    """Sum of |u_t - steps_t| over the days with a count."""
    return float(np.nansum(np.abs(made.steps - steps)))
