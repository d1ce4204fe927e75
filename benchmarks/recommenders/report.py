"""One table from one run: accuracy with intervals, and what lies between ours and every other model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.recommenders.keeping import Kept
from benchmarks.recommenders.measuring import KS, hits
from core.recommender.windows import Floats
from core.services.studies.statistics import Interval, interval

RESAMPLES = 10_000
GOAL = 1.0  # points that ours is to be ahead of the best peer, at top-1 and top-10


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's ranks for each seed, in the order of the seeds, and what is said of it."""

    title: str
    ours: bool
    kept: Sequence[Kept]

    def accuracy(self, way: str) -> Floats:
        """Top-k accuracy in %, shape (seeds, len(KS))."""
        return np.array([100 * hits(one.ranks[way]).mean(axis=0) for one in self.kept])


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours minus another, in points at one k: the interval over seeds, and the one over clients."""

    mean: float
    seeds: Interval
    clients: Interval


def differences(ours: Measured, other: Measured, way: str, rng: np.random.Generator) -> list[Difference]:
    """Paired differences for each k.

    Over seeds: Student's t of the seeds' differences. Over clients: the bootstrap of clients, each with all windows
    that were tested with any seed (percentiles of 10,000 resamples); where every seed tests the same windows this is
    the bootstrap of the seed-averaged hits.
    """
    apart = ours.accuracy(way) - other.accuracy(way)
    sums, counts = _by_client(ours, other, way)
    drawn = _resamples(len(counts), rng)
    resampled = 100 * (drawn @ sums) / (drawn @ counts)[:, None]
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    pooled = 100 * sums.sum(axis=0) / counts.sum()
    return [
        Difference(
            float(apart[:, column].mean()),
            interval(apart[:, column]),
            Interval(float(pooled[column]), float(low[column]), float(high[column])),
        )
        for column in range(len(KS))
    ]


def _resamples(n: int, rng: np.random.Generator) -> Floats:
    """How often each of n is drawn when n are drawn with replacement, shape (RESAMPLES, n)."""
    drawn = rng.integers(n, size=(RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(drawn.ravel(), minlength=n * RESAMPLES).reshape(RESAMPLES, n).astype(np.float64)


def _by_client(ours: Measured, other: Measured, way: str) -> tuple[Floats, Floats]:
    """Sums of differences of hits (clients, ks) and numbers of windows (clients,), over all seeds."""
    clients = np.concatenate([one.clients for one in ours.kept])
    apart = np.concatenate(
        [hits(a.ranks[way]) - hits(b.ranks[way]) for a, b in zip(ours.kept, other.kept, strict=True)]
    )
    known, at = np.unique(clients, return_inverse=True)
    sums = np.zeros((len(known), len(KS)))
    np.add.at(sums, at, apart)
    return sums, np.bincount(at, minlength=len(known)).astype(np.float64)


def table(measured: Mapping[str, Measured], ours: str, way: str, *, markdown: bool) -> list[str]:
    """The lines of the table for one cohort, split and way of ranking.

    ± is half of the 95 % interval over seeds; of a difference the interval over seeds stands in brackets, and after it
    that over clients.
    """
    rng = np.random.default_rng(0)
    header = ["model", *(f"top-{k}" for k in KS), *(f"{measured[ours].title} − it, top-{k}" for k in KS)]
    rows = []
    for name, model in measured.items():
        found = [interval(model.accuracy(way)[:, column]) for column in range(len(KS))]
        cells = [model.title, *(f"{of.mean:.2f} ± {of.half or 0:.2f}" for of in found)]
        if name == ours:
            rows.append([*cells, *["–"] * len(KS)])
            continue
        apart = differences(measured[ours], model, way, rng)
        rows.append([*cells, *(f"{_said(one.seeds)}; {_range(one.clients)}" for one in apart)])
    return _markdown([header, *rows]) if markdown else _aligned([header, *rows])


def verdict(measured: Mapping[str, Measured], ours: str, way: str) -> list[str]:
    """Whether ours is ahead of the best peer by `GOAL` points with the interval above zero, at top-1 and top-10.

    If anything else of ours is better than that peer, how far ahead of it too.
    """
    peers = {name: model for name, model in measured.items() if name != ours and not model.ours}
    lines: list[str] = []
    if not peers:
        return lines
    rng = np.random.default_rng(0)
    for column, k in enumerate(KS):
        if k not in (1, 10):
            continue
        best = max(peers.values(), key=lambda model: float(model.accuracy(way)[:, column].mean()))
        one = differences(measured[ours], best, way, rng)[column]
        above = (one.seeds.low or 0) > 0 and (one.clients.low or 0) > 0
        reached = one.mean >= GOAL and above
        said = "is ahead" if reached else "is NOT ahead"
        lines.append(
            f"top-{k}: {measured[ours].title} {said} of the best peer ({best.title}) by {GOAL:.1f} points or more with "
            f"both intervals above zero: {_said(one.seeds)} over seeds, {_range(one.clients)} over clients."
        )
        others = [model for name, model in measured.items() if name != ours]
        runner_up = max(others, key=lambda model: float(model.accuracy(way)[:, column].mean()))
        if runner_up.ours:
            two = differences(measured[ours], runner_up, way, rng)[column]
            lines.append(
                f"  {runner_up.title[0].upper()}{runner_up.title[1:]}: {_said(two.seeds)} over seeds, "
                f"{_range(two.clients)} over clients."
            )
    return lines


def figures(measured: Mapping[str, Measured], way: str, seeds: Sequence[int]) -> dict[str, Any]:
    """All figures of one table for a file: accuracy by seed in %, and where each came from."""
    return {
        name: {
            "title": model.title,
            "accuracy": {
                str(seed): dict(zip(map(str, KS), map(float, values), strict=True))
                for seed, values in zip(seeds, model.accuracy(way), strict=True)
            },
            "windows": {str(seed): len(one.clients) for seed, one in zip(seeds, model.kept, strict=True)},
            "origin": [one.origin for one in model.kept],
        }
        for name, model in measured.items()
    }


def _said(of: Interval) -> str:
    text = f"{of.mean:+.2f}"
    return _minus(text if of.low is None else f"{text} ({of.low:+.2f} to {of.high:+.2f})")


def _range(of: Interval) -> str:
    return _minus(f"{of.low:+.2f} to {of.high:+.2f}")


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _markdown(rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
