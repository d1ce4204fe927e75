"""Compiled search for the behaviour that fits a history best; import it only from inside a function (numba).

The loss is piecewise linear in x = (u_b, p_1, mu), with jumps where a goal turns from missed to met. Along any line
it can be minimised exactly, jumps included, by walking from one kink to the next. The search starts from the best
points of a grid, one for each pattern of goals met and missed, and goes from vertex to vertex of the arrangement of
kinks along its edges. Nothing in it is random.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

EPSILON = 1e-5  # how far from a jump a point stays, so that rounding cannot put it on the other side
NEAR = 1e-3  # steps; a kink closer than this counts as touched
GAIN = 1e-6  # steps; less is no gain
KINKS = 10  # how many of the kinks at a point are looked at, the three axes included
ROUNDS = 60  # moves of one descent; it ends by itself long before
PATTERNS = 8192  # rows of the table of patterns, of which half are used
SLACK = 1.3  # patterns with more than this times the least loss on the grid are not worth a descent

_compiled = numba.njit(nogil=True, error_model="numpy")


class Days(NamedTuple):
    """A history for the compiled functions, arrays of shape (T,)."""

    helplessness: float
    goals: Floats
    steps: Floats  # NaN where none were counted
    offsets: Floats
    achieved: Floats  # 1 met, 0 missed, -1 where the model's own steps decide


@_compiled
def _loss(u: float, p: float, mu: float, days: Days, limit: float) -> float:
    """Sum of |u_t - steps_t| over counted days, given up beyond ``limit``; the same arithmetic as ``course``."""
    total = 0.0
    for t in range(days.goals.size):
        base = max(u + days.offsets[t], 0.0)
        capacity = base + p / 2
        if not np.isnan(days.steps[t]):
            total += abs(max(base, min(days.goals[t], capacity)) - days.steps[t])
            if total > limit:
                return np.inf
        lifted = 1.0 if capacity >= days.goals[t] - 0.5 else 0.0
        if days.achieved[t] >= 0.0:
            lifted = days.achieved[t]
        p = days.helplessness * p + mu * lifted
    return total


@_compiled
def _grid(bounds: Floats, points: int, days: Days, table: Floats, keys: Words) -> None:
    """Fills an open hash table with the best point (loss, u, p, mu) of each pattern seen on a grid.

    The grid is finer near 0 for p and mu, where most behaviours are.
    """
    best, filled = np.inf, 0
    ticks = np.linspace(0.0, 1.0, points)
    for tick_u in ticks:
        u = bounds[0] * tick_u
        for tick_p in ticks:
            for tick_mu in ticks:
                first, mu = bounds[1] * tick_p**2, bounds[2] * tick_mu**2
                p, total, limit = first, 0.0, SLACK * best
                key = np.uint64(1469598103934665603)  # the pattern's FNV-1a hash
                for t in range(days.goals.size):
                    base = max(u + days.offsets[t], 0.0)
                    capacity = base + p / 2
                    met = capacity >= days.goals[t] - 0.5
                    if not np.isnan(days.steps[t]):
                        total += abs(max(base, min(days.goals[t], capacity)) - days.steps[t])
                        if total > limit:
                            break
                    state = 2 if base >= days.goals[t] else (1 if met else 0)
                    key = (key ^ np.uint64(state)) * np.uint64(1099511628211)
                    lifted = 1.0 if met else 0.0
                    if days.achieved[t] >= 0.0:
                        lifted = days.achieved[t]
                    p = days.helplessness * p + mu * lifted
                if total > limit:
                    continue
                best = min(best, total)
                key = max(key ^ (key >> np.uint64(29)), np.uint64(1))  # 0 marks an empty row
                row = np.int64(key % np.uint64(keys.size))
                while keys[row] != 0 and keys[row] != key:
                    row = (row + 1) % keys.size
                if keys[row] == 0:
                    if 2 * filled >= keys.size:
                        continue
                    filled += 1
                    keys[row] = key
                if total < table[row, 0]:
                    table[row, 0], table[row, 1], table[row, 2], table[row, 3] = total, u, first, mu


@_compiled
def _root(height: float, rise: float, probe: float, end: float) -> float:
    """Where height + rise s = 0, if that is after ``probe`` and before ``end``; else ``end``."""
    if rise != 0.0:
        root = -height / rise
        if probe < root < end:
            return root
    return end


@_compiled
def _line(x: Floats, d: Floats, bounds: Floats, days: Days, roots: Floats, jumps: Floats) -> float:
    """The s with the least loss at x + s d within the bounds, exact but for ``EPSILON``.

    Walks the line a piece at a time; on a piece each day's steps are linear in s and so the loss is convex.
    """
    low, high = -np.inf, np.inf
    for k in range(3):
        if d[k] != 0.0:
            a, b = -x[k] / d[k], (bounds[k] - x[k]) / d[k]
            low, high = max(low, min(a, b)), min(high, max(a, b))
    best, where = np.inf, 0.0
    probe, end = low, low
    while probe <= high and end < high:
        end, kinks = high, 0
        value, slope = 0.0, 0.0
        p, dp = x[1], d[1]
        for t in range(days.goals.size):
            goal = days.goals[t]
            base, dbase = x[0] + days.offsets[t], d[0]
            if days.offsets[t] < 0.0:
                end = _root(base, dbase, probe, end)
            if base + dbase * probe < 0.0:
                base, dbase = 0.0, 0.0
            c, dc = base + p / 2, dbase + dp / 2
            capacity = c + dc * probe
            if days.achieved[t] < 0.0:
                end = _root(c - goal + 0.5, dc, probe, end)
            if not np.isnan(days.steps[t]):
                end = _root(c - goal, dc, probe, end)
                end = _root(base - goal, dbase, probe, end)
                if base + dbase * probe >= goal:
                    here, rise = base + dbase * probe, dbase
                elif capacity >= goal:
                    here, rise = goal, 0.0
                else:
                    here, rise = capacity, dc
                gap = here - days.steps[t]
                value += abs(gap)
                slope += rise if gap > 0.0 or (gap == 0.0 and rise > 0.0) else -rise
                if gap * rise < 0.0:
                    roots[kinks], jumps[kinks] = probe - gap / rise, 2 * abs(rise)
                    kinks += 1
            lifted = 1.0 if capacity >= goal - 0.5 else 0.0
            if days.achieved[t] >= 0.0:
                lifted = days.achieved[t]
            p = days.helplessness * p + x[2] * lifted
            dp = days.helplessness * dp + d[2] * lifted
        stop = end - EPSILON if end < high else high
        here = probe
        while slope < 0.0 and here < stop:
            nearest = np.argmin(roots[:kinks]) if kinks > 0 else -1
            until = min(stop, roots[nearest]) if kinks > 0 else stop
            value += slope * (until - here)
            here = until
            if until < stop:
                slope += jumps[nearest]
                kinks -= 1
                roots[nearest], jumps[nearest] = roots[kinks], jumps[kinks]
        if value < best:
            best, where = value, here
        probe = end + EPSILON
    return where


@_compiled
def _touched(x: Floats, days: Days, normals: Floats) -> int:
    """Normals of the kinks that x lies on, and how many; the three axes come first."""
    normals[:] = 0.0
    normals[0, 0], normals[1, 1], normals[2, 2] = 1.0, 1.0, 1.0
    count = 3
    p, share, gained = x[1], 1.0, 0.0  # p = share p_1 + gained mu
    for t in range(days.goals.size):
        raw = x[0] + days.offsets[t]
        capacity = max(raw, 0.0) + p / 2
        over = capacity - days.goals[t]
        on = days.achieved[t] < 0.0 and abs(over + 0.5) < NEAR
        if not np.isnan(days.steps[t]):
            on = on or abs(over) < NEAR or (over <= 0.0 and abs(capacity - days.steps[t]) < NEAR)
        if on and count < normals.shape[0]:
            normals[count, 0] = 1.0 if raw > 0.0 else 0.0
            normals[count, 1], normals[count, 2] = share / 2, gained / 2
            count += 1
        lifted = 1.0 if over >= -0.5 else 0.0
        if days.achieved[t] >= 0.0:
            lifted = days.achieved[t]
        p = days.helplessness * p + x[2] * lifted
        share = days.helplessness * share
        gained = days.helplessness * gained + lifted
    return count


@_compiled
def _descend(x: Floats, bounds: Floats, days: Days, roots: Floats, jumps: Floats) -> float:
    """Moves x along lines until none through it gives less; returns the loss there."""
    normals, d, trial = np.zeros((KINKS, 3)), np.zeros(3), np.zeros(3)
    best = _loss(x[0], x[1], x[2], days, np.inf)
    for _ in range(ROUNDS):
        count = _touched(x, days, normals)
        gained = False
        # Edges between two kinks first, then lines within one, the axes last.
        for i in range(count - 1, 0, -1):
            for j in range(i - 1, -1, -1):
                d[0] = normals[i, 1] * normals[j, 2] - normals[i, 2] * normals[j, 1]
                d[1] = normals[i, 2] * normals[j, 0] - normals[i, 0] * normals[j, 2]
                d[2] = normals[i, 0] * normals[j, 1] - normals[i, 1] * normals[j, 0]
                length = np.abs(d).max()
                if length < 1e-9:
                    continue
                d /= length
                s = _line(x, d, bounds, days, roots, jumps)
                for k in range(3):
                    trial[k] = min(max(x[k] + s * d[k], 0.0), bounds[k])
                value = _loss(trial[0], trial[1], trial[2], days, best)
                if value < best - GAIN:
                    best, gained = value, True
                    x[:] = trial
                    break
            if gained:
                break
        if not gained:
            break
    return best


def _search(days: Days, bounds: Floats, points: int, starts: int, leaps: Floats) -> Floats:
    """The best point found, as (loss, u, p, mu).

    Args:
        days: the history.
        bounds: upper bounds of u, p and mu; the lower ones are 0.
        points: grid points on each axis.
        starts: how many of the grid's patterns are descended from.
        leaps: then from the best point plus each of these, shape (L, 3), a descent of its own.
    """
    roots, jumps = np.empty(days.goals.size), np.empty(days.goals.size)
    best, x = np.full(4, np.inf), np.zeros(3)
    table, keys = np.full((PATTERNS, 4), np.inf), np.zeros(PATTERNS, dtype=np.uint64)
    _grid(bounds, points, days, table, keys)
    for row in np.argsort(table[:, 0])[:starts]:
        if np.isfinite(table[row, 0]):
            x[:] = table[row, 1:]
            value = _descend(x, bounds, days, roots, jumps)
            if value < best[0]:
                best[0] = value
                best[1:] = x
    for leap in leaps:
        for k in range(3):
            x[k] = min(max(best[1 + k] + leap[k], 0.0), bounds[k])
        value = _descend(x, bounds, days, roots, jumps)
        if value < best[0] - GAIN:
            best[0] = value
            best[1:] = x
    return best


@functools.cache
def search() -> Callable[[Days, Floats, int, int, Floats], Floats]:
    """``_search`` compiled; kept on disk for the next process where a folder for that can be written."""
    few = np.array([4000.0, 5000.0])
    days = Days(0.85, few, few, np.zeros(2), np.full(2, -1.0))
    arguments = (days, np.full(3, 1000.0), 2, 1, np.zeros((1, 3)))
    try:
        kept: Callable[..., Any] = numba.njit(cache=True, nogil=True, error_model="numpy")(_search)
        kept(*arguments)
    except (RuntimeError, OSError):  # numba found nowhere to write, or the disk is full
        kept = numba.njit(nogil=True, error_model="numpy")(_search)
        kept(*arguments)
    return kept
