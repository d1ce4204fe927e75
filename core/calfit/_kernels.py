"""Compiled search for the behaviour that fits a history best; import it only from inside a function (numba).

The loss is piecewise linear in x = (u_b, p_1, mu), with jumps where a goal turns from missed to met. Along any line
it can be minimised exactly, jumps included, by walking from one kink to the next. The search starts from the best
points of a grid, one for each pattern of goals met and missed, and of lines through the box, and goes from vertex to
vertex of the arrangement of kinks along its edges. Nothing in it is random.
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
SAME = 1e-2  # steps; points nearer than this lead to the same end
REMEMBERED = 512  # points
GAIN = 1e-6  # steps; less is no gain
KINKS = 10  # how many of the kinks at a point are looked at, the three axes included
ROUNDS = 60  # moves of one descent; it ends by itself long before
PATTERNS = 8192  # rows of the table of patterns, of which half are used
REACH = 100.0  # steps, and the hundredth part of the loss: a stretch of a line so much above the loss ends the walk
SLACK = 1_000.0  # steps, and 30 %: patterns so far above the least loss on the grid are not worth a descent

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
        met = capacity >= days.goals[t] - 0.5
        if days.achieved[t] >= 0.0:
            met = days.achieved[t] > 0.0
        p = days.helplessness * p + (mu if met else 0.0)
    return total


@_compiled
def _grid(bounds: Floats, points: int, days: Days, best: float, table: Floats, keys: Words) -> None:
    """Fills an open hash table with the best point (loss, u, p, mu) of each pattern seen on a grid.

    ``best`` is the least loss known; points far above it are given up at once.
    The grid is finer near 0 for p and mu, where most behaviours are.
    """
    filled = 0
    ticks = np.linspace(0.0, 1.0, points)
    for tick_u in ticks:
        u = bounds[0] * tick_u
        for tick_p in ticks:
            for tick_mu in ticks:
                first, mu = bounds[1] * tick_p**2, bounds[2] * tick_mu**2
                p, total, limit = first, 0.0, 1.3 * best + SLACK
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
                    if days.achieved[t] >= 0.0:
                        met = days.achieved[t] > 0.0
                    p = days.helplessness * p + (mu if met else 0.0)
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
def _reached(height: float, rise: float, within: float) -> float:
    """How far ahead a line comes to 0 from ``height``, if it does so ``within``; else ``within``."""
    if height * rise < 0.0:
        return min(within, -height / rise)
    return within


@_compiled
def _line(
    x: Floats, d: Floats, bounds: Floats, days: Days, limit: float, roots: Floats, jumps: Floats
) -> float:
    """The s >= 0 with the least loss at x + s d within the bounds, exact but for ``EPSILON``.

    Walks a piece at a time; on a piece each day's steps are linear in s and so the loss is convex. Turns back at a
    piece on which the loss stays above ``limit``.
    """
    high = np.inf
    for k in range(3):
        if d[k] > 0.0:
            high = min(high, (bounds[k] - x[k]) / d[k])
        elif d[k] < 0.0:
            high = min(high, -x[k] / d[k])
    best, where, probe = np.inf, 0.0, 0.0
    while probe < high:
        ahead, kinks = high - probe, 0  # length of the piece, kinks on it
        value, slope = 0.0, 0.0
        p, dp = x[1] + d[1] * probe, d[1]
        u, mu = x[0] + d[0] * probe, x[2] + d[2] * probe
        for t in range(days.goals.size):
            goal = days.goals[t]
            base, dbase = u + days.offsets[t], d[0]
            if days.offsets[t] < 0.0:
                ahead = _reached(base, dbase, ahead)
                if base < 0.0:
                    base, dbase = 0.0, 0.0
            capacity, dcapacity = base + p / 2, dbase + dp / 2
            if days.achieved[t] < 0.0:
                ahead = _reached(capacity - goal + 0.5, dcapacity, ahead)
            if not np.isnan(days.steps[t]):
                ahead = _reached(capacity - goal, dcapacity, ahead)
                ahead = _reached(base - goal, dbase, ahead)
                if base >= goal:
                    gap, rise = base - days.steps[t], dbase
                elif capacity >= goal:
                    gap, rise = goal - days.steps[t], 0.0
                else:
                    gap, rise = capacity - days.steps[t], dcapacity
                value += abs(gap)
                slope += rise if gap > 0.0 or (gap == 0.0 and rise > 0.0) else -rise
                if gap * rise < 0.0:
                    roots[kinks], jumps[kinks] = -gap / rise, 2 * abs(rise)
                    kinks += 1
            met = capacity >= goal - 0.5
            if days.achieved[t] >= 0.0:
                met = days.achieved[t] > 0.0
            p = days.helplessness * p + (mu if met else 0.0)
            dp = days.helplessness * dp + (d[2] if met else 0.0)
        stop = ahead - EPSILON if probe + ahead < high else ahead
        here = 0.0
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
            best, where = value, probe + here
        if value > limit:
            break
        probe += ahead + EPSILON
    return where


@_compiled
def _mesh(bounds: Floats, points: int, days: Days, roots: Floats, jumps: Floats) -> Floats:
    """The best points of lines along each axis through a mesh of the other two, rows (loss, u, p, mu), best first.

    Lines rather than a grid, because the best behaviours can lie in valleys thinner than any grid. The mesh is finer
    near 0 for p and mu, where most behaviours are.
    """
    rows = np.empty((3 * points * points, 4))
    x, d = np.empty(3), np.empty(3)
    row = 0
    for axis in range(3):
        d[:] = 0.0
        d[axis] = 1.0
        for i in range(points):
            for j in range(points):
                ticks = (i / (points - 1), j / (points - 1))
                other = 0
                for k in range(3):
                    x[k] = 0.0
                    if k != axis:
                        tick = ticks[other]
                        x[k] = bounds[k] * (tick if k == 0 else tick * tick)
                        other += 1
                x[axis] = _line(x, d, bounds, days, np.inf, roots, jumps)
                rows[row, 0] = _loss(x[0], x[1], x[2], days, np.inf)
                rows[row, 1:] = x
                row += 1
    return rows[np.argsort(rows[:, 0])]


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
def _came_past(x: Floats, seen: Floats) -> bool:
    """Whether x is among the points seen; from now on it is."""
    size = seen.shape[0] - 1
    for row in range(1, min(int(seen[0, 0]), size) + 1):
        if (
            abs(seen[row, 0] - x[0]) < SAME
            and abs(seen[row, 1] - x[1]) < SAME
            and abs(seen[row, 2] - x[2]) < SAME
        ):
            return True
    seen[1 + int(seen[0, 0]) % size] = x
    seen[0, 0] += 1
    return False


@_compiled
def _descend(x: Floats, bounds: Floats, days: Days, roots: Floats, jumps: Floats, seen: Floats) -> float:
    """Moves x along lines until none through it gives less; returns the loss there.

    Ends early where an earlier descent came past, which ``seen`` holds as a ring: its first row how many points.
    """
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
                for _side in range(2):
                    s = _line(x, d, bounds, days, 1.01 * best + REACH, roots, jumps)
                    if s > 0.0:
                        for k in range(3):
                            trial[k] = min(max(x[k] + s * d[k], 0.0), bounds[k])
                        value = _loss(trial[0], trial[1], trial[2], days, best)
                        if value < best - GAIN:
                            best, gained = value, True
                            x[:] = trial
                            break
                    d *= -1.0
                if gained:
                    break
            if gained:
                break
        if not gained or _came_past(x, seen):
            break
    return best


def _search(days: Days, bounds: Floats, points: int, mesh: int, starts: int, leaps: Floats) -> Floats:
    """The best point found, as (loss, u, p, mu).

    Args:
        days: the history.
        bounds: upper bounds of u, p and mu; the lower ones are 0.
        points: points on each axis of the grid.
        mesh: points on each axis of the mesh of lines.
        starts: how many patterns of the grid, and how many lines' best points, are descended from.
        leaps: then from the best point plus each of these, shape (L, 3), a descent of its own.
    """
    roots, jumps = np.empty(days.goals.size), np.empty(days.goals.size)
    seen = np.zeros((REMEMBERED + 1, 3))
    best, x = np.full(4, np.inf), np.zeros(3)
    table, keys = np.full((PATTERNS, 4), np.inf), np.zeros(PATTERNS, dtype=np.uint64)
    lines = _mesh(bounds, mesh, days, roots, jumps)
    _grid(bounds, points, days, lines[0, 0], table, keys)
    patterns = table[np.argsort(table[:, 0])[:starts]]
    for start in np.concatenate((patterns, lines[:starts])):
        x[:] = start[1:]
        if np.isfinite(start[0]) and not _came_past(x, seen):
            value = _descend(x, bounds, days, roots, jumps, seen)
            if value < best[0]:
                best[0] = value
                best[1:] = x
    for leap in leaps:
        for k in range(3):
            x[k] = min(max(best[1 + k] + leap[k], 0.0), bounds[k])
        value = _descend(x, bounds, days, roots, jumps, seen)
        if value < best[0] - GAIN:
            best[0] = value
            best[1:] = x
    return best


@functools.cache
def search() -> Callable[[Days, Floats, int, int, int, Floats], Floats]:
    """``_search`` compiled; kept on disk for the next process where a folder for that can be written."""
    few = np.array([4000.0, 5000.0])
    days = Days(0.85, few, few, np.zeros(2), np.full(2, -1.0))
    arguments = (days, np.full(3, 1000.0), 2, 2, 1, np.zeros((1, 3)))
    try:
        kept: Callable[..., Any] = numba.njit(cache=True, nogil=True, error_model="numpy")(_search)
        kept(*arguments)
    except (RuntimeError, OSError):  # numba found nowhere to write, or the disk is full
        kept = numba.njit(nogil=True, error_model="numpy")(_search)
        kept(*arguments)
    return kept
