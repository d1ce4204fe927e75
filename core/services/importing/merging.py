"""Daily steps from what several devices counted in intervals, so that no moment is counted twice.

A phone and a watch on the same person both record a walk. Apple's own rule goes by an order of sources that its
export does not hold, so the rule here needs none:

- On each day the sources stand in the order of their steps on that day, most first (equal ones by name).
- At each moment only the first source that was on counts. A source is on during its records, and between two of
  them that are at most half an hour apart: it was worn, and there were no steps.
- A later source so fills what the earlier ones miss, such as a walk while the watch was charging. Its records
  that say too little of when the steps were taken (longer than an hour, or faster than anyone runs, as the totals
  of a day that some apps write) fill nothing.

Within a record steps are spread evenly; a record across midnight is divided. Records equal in everything count
once; other records of one source for the same time are added up, as they are of different steps.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger[Any]]
Floats = NDArray[np.float64]

DAY = 86_400
BRIDGE = 30 * 60
LONGEST_FILLING = 60 * 60
FASTEST = 5.0
"""Steps a second; sprinters reach about 4.7."""
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Samples:
    """Counts of steps in intervals, all arrays of one length.

    Attributes:
        start: seconds since 1970, UTC.
        seconds: length of the interval, at least 1 (a moment counts as a second).
        offset: seconds that the local clock was ahead of UTC at the start.
        source: position in ``names``.
        steps: not negative.
    """

    start: Ints
    seconds: Ints
    offset: Ints
    source: Ints
    steps: Floats
    names: Sequence[str]


class Collector:
    """Takes samples one by one in little memory."""

    def __init__(self) -> None:
        self._start, self._seconds, self._offset = array("q"), array("i"), array("i")
        self._source, self._steps = array("i"), array("d")
        self._names: dict[str, int] = {}

    @property
    def sources(self) -> int:
        """How many sources there are so far."""
        return len(self._names)

    def add(self, start: int, seconds: int, offset: int, source: str, steps: float) -> None:
        """Add a sample; see ``Samples``."""
        self._start.append(start)
        self._seconds.append(max(1, seconds))
        self._offset.append(offset)
        self._source.append(self._names.setdefault(source, len(self._names)))
        self._steps.append(steps)

    def samples(self) -> Samples:
        """All of them as arrays."""
        return Samples(
            np.array(self._start, dtype=np.int64),
            np.array(self._seconds, dtype=np.int32),
            np.array(self._offset, dtype=np.int32),
            np.array(self._source, dtype=np.int32),
            np.array(self._steps, dtype=np.float64),
            list(self._names),
        )


@dataclass(frozen=True, slots=True)
class Merged:
    """Steps of each local day.

    Attributes:
        steps: by day, ISO 8601, in order.
        repeated: records equal to another one, left out.
        shared_days: days on which more than one source counted.
        elsewhere: steps left out because another source counted that time.
    """

    steps: dict[str, int]
    repeated: int
    shared_days: int
    elsewhere: int


def daily(samples: Samples, *, bridge: int = BRIDGE) -> Merged:
    """The steps of each local day; the order of the samples does not matter."""
    kept = _distinct(samples)
    repeated = len(samples.start) - len(kept.start)
    filling = (kept.seconds <= LONGEST_FILLING) & (kept.steps <= FASTEST * np.maximum(kept.seconds, 60))
    day, start, end, source, steps, filling = _divided(kept, filling)
    order = np.lexsort((end, start, source, day))
    day, start, end, source = day[order], start[order], end[order], source[order]
    steps, filling = steps[order], filling[order]
    edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)] if len(day) else []
    found: dict[str, int] = {}
    shared, elsewhere = 0, 0.0
    for first, last in pairwise(edges):
        total = math.fsum(steps[first:last])
        if source[first] != source[last - 1]:
            shared += 1
            part = slice(first, last)
            counted = _one_day(
                start[part], end[part], source[part], steps[part], filling[part], samples.names, bridge
            )
            elsewhere += total - counted
            total = counted
        found[date.fromordinal(_EPOCH + int(day[first])).isoformat()] = math.floor(total + 0.5)
    return Merged(found, repeated, shared, math.floor(elsewhere + 0.5))


def _distinct(samples: Samples) -> Samples:
    """Sorted by source and time, each record once."""
    order = np.lexsort((samples.steps, samples.offset, samples.seconds, samples.start, samples.source))
    source, start, seconds = samples.source[order], samples.start[order], samples.seconds[order]
    steps = samples.steps[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(source) != 0) | (np.diff(start) != 0) | (np.diff(seconds) != 0) | (np.diff(steps) != 0)
    offset = samples.offset[order][new]
    return Samples(start[new], seconds[new], offset, source[new], steps[new], samples.names)


def _divided(
    samples: Samples, filling: NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints, Ints, Floats, NDArray[np.bool_]]:
    """Cut at local midnight: day (since 1970), start and end (UTC), source, steps, filling."""
    local = samples.start + samples.offset
    first = local // DAY
    pieces = (local + samples.seconds - 1) // DAY - first + 1
    row = np.repeat(np.arange(len(local)), pieces)
    # The how-manieth piece of its record each piece is.
    number = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    day = first[row] + number
    start = np.maximum(local[row], day * DAY)
    end = np.minimum(local[row] + samples.seconds[row], (day + 1) * DAY)
    steps = samples.steps[row] * ((end - start) / samples.seconds[row])
    offset = samples.offset[row]
    return day, start - offset, end - offset, samples.source[row], steps, filling[row]


def _one_day(
    start: Ints,
    end: Ints,
    source: Ints,
    steps: Floats,
    filling: NDArray[np.bool_],
    names: Sequence[str],
    bridge: int,
) -> float:
    rows = {int(number): np.flatnonzero(source == number) for number in np.unique(source)}
    ranked = sorted(rows, key=lambda number: (-math.fsum(steps[rows[number]]), names[number]))
    counted: list[float] = []
    taken = start[:0], end[:0]
    for rank, number in enumerate(ranked):
        own = rows[number] if rank == 0 else rows[number][filling[rows[number]]]
        since, until = start[own], end[own]
        free = (until - since) - (_taken_before(until, *taken) - _taken_before(since, *taken))
        counted += (steps[own] * (free / (until - since))).tolist()
        on = _joined(since, until, bridge)
        taken = _joined(np.concatenate([taken[0], on[0]]), np.concatenate([taken[1], on[1]]), 0)
    return math.fsum(counted)


def _joined(start: Ints, end: Ints, bridge: int) -> tuple[Ints, Ints]:
    """The intervals in order, those at most ``bridge`` apart made one."""
    if not len(start):
        return start, end
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    opens = np.concatenate([[True], start[1:] > reach[:-1] + bridge])
    closes = np.concatenate([opens[1:], [True]])
    return start[opens], reach[closes]


def _taken_before(moment: Ints, start: Ints, end: Ints) -> Ints:
    """How many seconds before each moment lie in the disjoint, ordered intervals."""
    if not len(start):
        return np.zeros_like(moment)
    full = np.concatenate([[0], np.cumsum(end - start)])
    last = np.searchsorted(start, moment, side="right") - 1
    inside = np.minimum(moment, end[last]) - start[last]
    found: Ints = np.where(last < 0, 0, full[last] + inside)
    return found
