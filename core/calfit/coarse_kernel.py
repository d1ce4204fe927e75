"""The compiled search of `coarse.estimate_coarse`; imported when it is called, because it imports numba."""

import functools
from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.calfit.behavior import GOAL_CAP, TOLERANCE

# Points of the first grid: quantiles of the counts for u_b, squares (fine near 0) for p and mu.
BASELINES, RESPONSES, EFFICACIES = 12, 10, 10
STARTS = 6
ROUNDS = 24  # steps or halvings of the step, from each start
EFFICACY_CAP = 6_000.0
EQUAL = 1e-6  # steps; losses nearer than this are the same

_compiled = njit(error_model="numpy")


@_compiled
def _loss(
    base: float,
    first: float,
    efficacy: float,
    gamma: float,
    steps: NDArray[np.float64],
    seen: NDArray[np.bool_],
    goals: NDArray[np.float64],
    bound: float,
) -> float:
    """The sum of absolute errors, or infinity as soon as it reaches ``bound``."""
    total, response = 0.0, first
    for day in range(steps.size):
        taken = base + 0.5 * response
        response *= gamma
        if taken >= goals[day] - TOLERANCE:
            taken = max(base, min(goals[day], taken))
            response += efficacy
        if seen[day]:
            total += abs(taken - steps[day])
            if total >= bound:
                return np.inf
    return total


@_compiled
def _one(
    steps: NDArray[np.float64],
    goals: NDArray[np.float64],
    gamma: float,
    greatest: bool,
    out: NDArray[np.float64],
) -> None:
    seen = np.isfinite(steps)
    counts = np.sort(steps[seen])
    if counts.size == 0:
        out[:] = np.nan
        return
    losses = np.full(STARTS, np.inf)
    starts = np.zeros((STARTS, 3))
    for i in range(BASELINES):
        at = i / (BASELINES - 1) * (counts.size - 1)
        left = int(at)
        base = counts[left] + (at - left) * (counts[min(left + 1, counts.size - 1)] - counts[left])
        base = min(base, float(GOAL_CAP))
        for j in range(RESPONSES):
            first = GOAL_CAP * ((RESPONSES - 1 - j if greatest else j) / (RESPONSES - 1)) ** 2
            best, best_efficacy = np.inf, 0.0
            for k in range(EFFICACIES):
                efficacy = EFFICACY_CAP * ((EFFICACIES - 1 - k if greatest else k) / (EFFICACIES - 1)) ** 2
                bound = min(best, losses[STARTS - 1]) - EQUAL
                loss = _loss(base, first, efficacy, gamma, steps, seen, goals, bound)
                if loss < best:
                    best, best_efficacy = loss, efficacy
            if best < losses[STARTS - 1]:
                place = STARTS - 1
                while place > 0 and losses[place - 1] > best:
                    losses[place] = losses[place - 1]
                    starts[place] = starts[place - 1]
                    place -= 1
                losses[place] = best
                starts[place] = (base, first, best_efficacy)
    out[4] = np.inf
    for start in range(STARTS):
        if losses[start] < np.inf:
            _descend(starts[start], losses[start], gamma, steps, seen, goals, counts[-1], out)
    response = out[1]
    for day in range(goals.size):
        met = out[0] + 0.5 * response >= goals[day] - TOLERANCE
        response = gamma * response + (out[2] if met else 0.0)
    out[3] = response


@_compiled
def _descend(
    start: NDArray[np.float64],
    loss: float,
    gamma: float,
    steps: NDArray[np.float64],
    seen: NDArray[np.bool_],
    goals: NDArray[np.float64],
    largest: float,
    out: NDArray[np.float64],
) -> None:
    """Step to the best of the 26 neighbours while one is better, else halve the step; keep what beats ``out``."""
    base, first, efficacy = start[0], start[1], start[2]
    wide = largest / BASELINES
    high = max(200.0, 2 * np.sqrt(first / GOAL_CAP) / (RESPONSES - 1) * GOAL_CAP)
    deep = max(60.0, 2 * np.sqrt(efficacy / EFFICACY_CAP) / (EFFICACIES - 1) * EFFICACY_CAP)
    for _ in range(ROUNDS):
        at = (base, first, efficacy)
        moved = False
        for a in range(-1, 2):
            for b in range(-1, 2):
                for c in range(-1, 2):
                    if a == 0 and b == 0 and c == 0:
                        continue
                    u = min(max(at[0] + a * wide, 0.0), float(GOAL_CAP))
                    p = min(max(at[1] + b * high, 0.0), float(GOAL_CAP))
                    m = min(max(at[2] + c * deep, 0.0), EFFICACY_CAP)
                    near = _loss(u, p, m, gamma, steps, seen, goals, loss - EQUAL)
                    if near < loss:
                        loss, base, first, efficacy = near, u, p, m
                        moved = True
        if not moved:
            wide, high, deep = wide / 2, high / 2, deep / 2
    if loss < out[4] - EQUAL:
        out[0], out[1], out[2], out[4] = base, first, efficacy, loss


def _search(
    steps: NDArray[np.float64],
    goals: NDArray[np.float64],
    gamma: float,
    greatest: bool,
    found: NDArray[np.float64],
) -> None:
    """Fill ``found`` (n, 5) with u_b, p on the first day, mu, p on the day after the last, and the loss.

    ``steps`` (n, T) has NaN on a day without a count; a client with none at all gets NaN. Of equal fits the first one
    met is kept; ``greatest`` says from which end p and mu are tried.
    """
    for client in range(steps.shape[0]):
        _one(steps[client], goals[client], gamma, greatest, found[client])


@functools.cache
def search() -> Callable[..., None]:
    """``_search`` compiled; kept on disk for the next process where a folder for that can be written."""
    few = np.full((1, 2), 4_000.0)
    arguments = (few, few, 0.85, False, np.empty((1, 5)))
    try:
        kept: Callable[..., None] = njit(cache=True, error_model="numpy")(_search)
        kept(*arguments)
    except (RuntimeError, OSError):  # numba found nowhere to write, or the disk is full
        kept = njit(error_model="numpy")(_search)
        kept(*arguments)
    return kept
