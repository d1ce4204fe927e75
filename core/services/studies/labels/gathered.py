"""The pieces' results as arrays, by strategy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.recommender import querying
from core.recommender.windows import Floats
from core.services.studies.labels.settings import Settings


@dataclass(frozen=True, slots=True)
class Curves:
    """One strategy over S seeds: labels asked for (R,), the first 0, and accuracies in %, top-1 and top-5, (S, R).

    agreement: (S, R − 1) of each model's first choices with the one before; observed: (S, R − 1) share of the waiting
    windows that a rule asks about, in %; empty where no rule asks.
    """

    labels: Floats
    top1: Floats
    top5: Floats
    agreement: Floats
    observed: Floats

    def stops(self, least: float) -> list[tuple[int, int]]:
        """The seeds that stop at such an agreement, each with the round after which it does."""
        ends = [querying.stops_at(list(row), least=least) for row in self.agreement]
        return [(seed, end) for seed, end in enumerate(ends) if end is not None]


def curves(settings: Settings, results: Sequence[dict[str, Any]]) -> dict[str, Curves]:
    """By strategy, in the order of the settings; seeds in order."""
    found = {}
    for name in settings.strategies:
        own = sorted((r for r in results if r["what"] == name), key=lambda r: r["seed"])
        # Where a pool is used up, the last batch is smaller; what all seeds have asked for is compared.
        rounds = sum(len(set(at)) == 1 for at in zip(*(r["labels"] for r in own), strict=False))
        top = np.array([r["top"][:rounds] for r in own], dtype=np.float64)
        found[name] = Curves(
            np.array(own[0]["labels"][:rounds], dtype=np.float64),
            top[:, :, 0],
            top[:, :, 1],
            np.array([r["agreement"][: rounds - 1] for r in own], dtype=np.float64),
            np.array([r["observed"][: rounds - 1] for r in own], dtype=np.float64),
        )
    return found


@dataclass(frozen=True, slots=True)
class Walks:
    """One way of asking at one rate, client by client, over S seeds; all (S,), in % but for the last.

    asked: share of steps asked about; everything: top-1 on all steps; gain: points above the model without learning;
    unasked and coverage: on the steps not asked about, and without learning on as many of its surest, None where every
    step is asked about; each: steps put right for 100 labels.
    """

    method: str
    rate: float
    asked: Floats
    everything: Floats
    gain: Floats
    unasked: Floats | None
    coverage: Floats | None
    each: Floats


def walks(results: Sequence[dict[str, Any]]) -> list[Walks]:
    """By way of asking and rate; seeds in order."""
    seeds = sorted((r for r in results if "client" in r), key=lambda r: r["seed"])
    found = []
    for own in zip(*(r["client"] for r in seeds), strict=True):
        asked, labels, everything, untaught, steps = (
            np.array([float(one[key]) for one in own])
            for key in ("asked", "labels", "all", "untaught", "steps")
        )
        unasked, coverage = (
            None if any(one[key] is None for one in own) else np.array([float(one[key]) for one in own])
            for key in ("unasked", "same coverage")
        )
        gain = everything - untaught
        # Points are hundredths, and so are labels in a hundred.
        each = gain * steps / np.maximum(labels, 1)
        found.append(
            Walks(own[0]["method"], own[0]["rate"], asked, everything, gain, unasked, coverage, each)
        )
    return found
