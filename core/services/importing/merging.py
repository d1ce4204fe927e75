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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

Ints = NDArray[np.signedinteger[Any]]
Floats = NDArray[np.float64]

DAY = 86_400
BRIDGE = 30 * 60
LONGEST_FILLING = 60 * 60
FASTEST = 5.0
"""Steps a second; sprinters reach about 4.7."""
BLOCK = 200_000
MOST_SOURCES = 1000
"""The work on a day grows with its sources."""
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

    def add(self, start: int, seconds: int, offset: int, source: str, steps: float) -> None:
        """Add a sample; see ``Samples``.

        Raises:
            InputError: beyond ``MOST_SOURCES`` sources.
        """
        number = self._names.setdefault(source, len(self._names))
        if number >= MOST_SOURCES:
            raise InputError(
                f"The file names more than {MOST_SOURCES:,} apps and devices; no person has so many."
            )
        self._start.append(start)
        self._seconds.append(max(1, seconds))
        self._offset.append(offset)
        self._source.append(number)
        self._steps.append(steps)

    def samples(self) -> Samples:
        """All of them as arrays on the same memory; none can be added while they are in use."""
        return Samples(
            np.frombuffer(self._start, dtype=np.int64),
            np.frombuffer(self._seconds, dtype=np.int32),
            np.frombuffer(self._offset, dtype=np.int32),
            np.frombuffer(self._source, dtype=np.int32),
            np.frombuffer(self._steps, dtype=np.float64),
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


def daily(samples: Samples, *, bridge: int = BRIDGE, block: int = BLOCK) -> Merged:
    """The steps of each local day; the order of the samples does not matter.

    Args:
        bridge: seconds between two records of a source in which it counts as on.
        block: about how many samples are worked on at once, for the memory's sake.
    """
    found: dict[str, int] = {}
    repeated = shared = 0
    elsewhere = 0.0
    for pieces, left_out in _blocks(samples, block):
        repeated += left_out
        order = np.lexsort((pieces.end, pieces.start, pieces.source, pieces.day))
        pieces = pieces.at(order)
        edges = [0, *(np.flatnonzero(np.diff(pieces.day)) + 1).tolist(), len(order)] if len(order) else []
        for first, last in pairwise(edges):
            total = math.fsum(pieces.steps[first:last])
            if pieces.source[first] != pieces.source[last - 1]:
                shared += 1
                counted = _one_day(pieces.at(slice(first, last)), samples.names, bridge)
                elsewhere += total - counted
                total = counted
            found[date.fromordinal(_EPOCH + int(pieces.day[first])).isoformat()] = math.floor(total + 0.5)
    return Merged(found, repeated, shared, math.floor(elsewhere + 0.5))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Samples cut at local midnight, all arrays of one length; start and end are UTC."""

    day: Ints
    start: Ints
    end: Ints
    source: Ints
    steps: Floats
    filling: NDArray[np.bool_]

    def at(self, where: "slice | NDArray[Any]") -> "_Pieces":
        return _Pieces(
            self.day[where],
            self.start[where],
            self.end[where],
            self.source[where],
            self.steps[where],
            self.filling[where],
        )

    def after(self, other: "_Pieces") -> "_Pieces":
        both = (np.concatenate([getattr(part, name) for part in (other, self)]) for name in _Pieces.__slots__)
        return _Pieces(*both)


def _blocks(samples: Samples, block: int) -> Iterator[tuple[_Pieces, int]]:
    """Whole days, some at a time and in order, and how many repeated samples were left out on the way."""
    if not len(samples.start):
        return
    order = np.argsort(samples.start, kind="stable")
    starts = samples.start[order]
    # No later sample reaches into a day before this.
    reach = starts + int(samples.offset.min())
    carried: _Pieces | None = None
    low = 0
    while low < len(order):
        # Equal starts stay together, so that repeated samples meet.
        high = int(np.searchsorted(starts, starts[min(low + block, len(order)) - 1], side="right"))
        kept, repeated = _distinct(samples, order[low:high])
        pieces = _divided(kept)
        if carried is not None:
            pieces = pieces.after(carried)
        over = pieces.day < reach[high] // DAY if high < len(order) else np.ones(len(pieces.day), dtype=bool)
        yield pieces.at(over), repeated
        carried = pieces.at(~over)
        low = high


def _distinct(samples: Samples, rows: Ints) -> tuple[Samples, int]:
    """Some of the samples, each once, and how many were left out."""
    start, seconds, offset = samples.start[rows], samples.seconds[rows], samples.offset[rows]
    source, steps = samples.source[rows], samples.steps[rows]
    order = np.lexsort((offset, steps, seconds, start, source))
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([np.diff(column[order]) != 0 for column in (source, start, seconds, steps)], axis=0)
    kept = order[new]
    return (
        Samples(start[kept], seconds[kept], offset[kept], source[kept], steps[kept], samples.names),
        len(order) - len(kept),
    )


def _divided(samples: Samples) -> _Pieces:
    """Cut at local midnight."""
    filling = (samples.seconds <= LONGEST_FILLING) & (
        samples.steps <= FASTEST * np.maximum(samples.seconds, 60)
    )
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
    return _Pieces(day, start - offset, end - offset, samples.source[row], steps, filling[row])


def _one_day(pieces: _Pieces, names: Sequence[str], bridge: int) -> float:
    steps = pieces.steps
    rows = {int(number): np.flatnonzero(pieces.source == number) for number in np.unique(pieces.source)}
    ranked = sorted(rows, key=lambda number: (-math.fsum(steps[rows[number]]), names[number]))
    counted: list[float] = []
    taken = pieces.start[:0], pieces.end[:0]
    for rank, number in enumerate(ranked):
        own = rows[number] if rank == 0 else rows[number][pieces.filling[rows[number]]]
        since, until = pieces.start[own], pieces.end[own]
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
