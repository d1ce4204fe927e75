"""How a client answers step goals: the behaviour model of CalFit in closed form (Zhou 2018, eqs 2-3).

On day t the client takes the number of steps that pleases most,

    u_t = argmax_{u >= 0}  -(u - u_b)^2 + p_t min(u - g_t, 0),      p_{t+1} = gamma p_t + mu 1(u_t >= g_t).

From the optimality conditions u_t = max(u_b, min(g_t, c_t)) with the capacity c_t = u_b + p_t / 2, and the goal is
met iff c_t >= g_t. Best fits and plans lie exactly on c_t = g_t, where rounding would turn a goal that is met into
one that is missed, with all that follows; so a goal counts as met from half a step below.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError

HELPLESSNESS = 0.85  # learned helplessness of the paper: what a day leaves of responsiveness
GOAL_CAP = 20_000  # steps; the paper sets no goal above it
TOLERANCE = 0.5  # steps

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Behavior:
    """What sets one client's answer to goals.

    Attributes:
        baseline: u_b, steps a day without any goal.
        responsiveness: p on the first day, steps; half of it is what a goal can add to the baseline that day.
        self_efficacy: mu, what responsiveness gains from a goal that is met, steps.
        helplessness: gamma, the share of responsiveness that a day leaves; 0.85 halves it in 4.3 days.

    Raises:
        InputError: for a value that is not finite or is negative, or a helplessness of 1 or more.
    """

    baseline: float
    responsiveness: float
    self_efficacy: float
    helplessness: float = HELPLESSNESS

    def __post_init__(self) -> None:
        for name in ("baseline", "responsiveness", "self_efficacy"):
            value = getattr(self, name)
            if not (is_number(value) and 0 <= value < math.inf):
                raise InputError(f"{name} must be a number of steps, 0 or more; it is {value!r}.")
        if not (is_number(self.helplessness) and 0 <= self.helplessness < 1):
            raise InputError(f"helplessness must be at least 0 and below 1; it is {self.helplessness!r}.")

    @property
    def capacity(self) -> float:
        """The highest goal that is met on the first day, in steps."""
        return self.baseline + self.responsiveness / 2


@dataclass(frozen=True, slots=True)
class Course:
    """Days of behaviour under goals.

    Attributes:
        steps: u, shape (..., T).
        responsiveness: p on each day and on the day after the last, shape (..., T + 1).
        met: whether the goal of the day was met, shape (..., T).
    """

    steps: Floats
    responsiveness: Floats
    met: Flags


def simulate(behavior: Behavior, goals: ArrayLike, *, offsets: ArrayLike | None = None) -> Course:
    """What the client does on each day under these goals.

    Args:
        behavior: the client's parameters.
        goals: goal of each day, steps, shape (T,), T >= 1.
        offsets: added to the baseline on each day (a weekday's effect), steps, shape (T,).

    Returns:
        A course of T days.

    Raises:
        InputError: for goals that are empty, not one-dimensional, not finite, negative or above 20,000.
    """
    wanted = check_goals(goals)
    shifts = None if offsets is None else _numbers(offsets, "offsets")
    if shifts is not None and (shifts.shape != wanted.shape or not np.isfinite(shifts).all()):
        raise InputError(
            f"offsets must be finite, one for each of the {wanted.size} goals; shape {shifts.shape}."
        )
    return course(
        np.float64(behavior.baseline),
        np.float64(behavior.responsiveness),
        np.float64(behavior.self_efficacy),
        np.float64(behavior.helplessness),
        wanted,
        offsets=shifts,
    )


def course(
    baseline: Floats | np.float64,
    responsiveness: Floats | np.float64,
    self_efficacy: Floats | np.float64,
    helplessness: Floats | np.float64,
    goals: Floats,
    *,
    offsets: Floats | None = None,
    achieved: Flags | None = None,
) -> Course:
    """Many courses at once, unchecked; parameters broadcast against one another and the goals' leading axes.

    Args:
        baseline: u_b, steps, shape (...).
        responsiveness: p on the first day, shape (...).
        self_efficacy: mu, shape (...).
        helplessness: gamma, shape (...).
        goals: steps, shape (..., T).
        offsets: added to the baseline by day, broadcast against ``goals``; a baseline ends at 0 below.
        achieved: whether each goal was met according to the count of the day, broadcast against ``goals``. With it,
            responsiveness follows these observations (the "observed" reading of eq. 3), not the model's own u_t.
    """
    shape = np.broadcast_shapes(
        *(np.shape(part) for part in (baseline, responsiveness, self_efficacy, helplessness)),
        np.shape(goals)[:-1],
    )
    days = np.shape(goals)[-1]
    steps, met = np.empty((*shape, days)), np.empty((*shape, days), dtype=bool)
    path = np.empty((*shape, days + 1))
    path[..., 0] = responsiveness
    for day in range(days):
        goal = goals[..., day]
        base = baseline if offsets is None else np.maximum(baseline + offsets[..., day], 0.0)
        capacity = base + path[..., day] / 2
        met[..., day] = capacity >= goal - TOLERANCE
        steps[..., day] = np.maximum(base, np.minimum(goal, capacity))
        lifted = met[..., day] if achieved is None else achieved[..., day]
        path[..., day + 1] = helplessness * path[..., day] + self_efficacy * lifted
    return Course(steps, path, met)


def check_goals(goals: ArrayLike) -> Floats:
    """Goals as an array of shape (T,).

    Raises:
        InputError: if there are none, or one is missing, negative, above 20,000 or not a number.
    """
    wanted = _numbers(goals, "goals")
    if not np.isfinite(wanted).all():
        raise InputError("Every day needs a goal: goals must be finite numbers of steps.")
    if (wanted < 0).any() or (wanted > GOAL_CAP).any():
        raise InputError(f"Goals must lie between 0 and {GOAL_CAP:,} steps.")
    return wanted


def check_history(steps: ArrayLike, goals: ArrayLike) -> tuple[Floats, Floats]:
    """A history as two arrays of shape (T,), NaN where no steps were counted.

    Raises:
        InputError: for lengths that differ, under two days with a count, negative or infinite steps, or goals that
            cannot be used.
    """
    counted, wanted = _numbers(steps, "steps"), check_goals(goals)
    if counted.size != wanted.size:
        raise InputError(
            f"steps and goals must have a value for each day: {counted.size} steps, {wanted.size} goals."
        )
    if np.isinf(counted).any() or (counted < 0).any():
        raise InputError("steps must be 0 or more, NaN on a day without a count.")
    if np.isfinite(counted).sum() < 2:
        raise InputError("At least two days with a count of steps are needed to estimate a behaviour.")
    return counted, wanted


def is_number(value: object) -> bool:
    """Whether it is one number, Python's or NumPy's; a truth value is none."""
    return isinstance(value, float | int | np.floating | np.integer) and not isinstance(value, bool)


def _numbers(values: ArrayLike, name: str) -> Floats:
    try:
        given = np.asarray(values)
        # Dates, texts and complex numbers would turn into numbers that nobody meant.
        array = given.astype(np.float64) if given.dtype.kind in "iufOb" else None
    except (TypeError, ValueError):
        array = None
    if array is None:
        raise InputError(f"{name} must be numbers of steps.")
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a list of one number a day, not of shape {array.shape}.")
    return array
