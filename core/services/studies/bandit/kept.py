"""The figures of one run as JSON holds them, and of many runs as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bandit.simulation.measuring import Measured
from core.services.studies.statistics import Interval, interval

Floats = NDArray[np.float64]
SCALARS = ("final", "earned", "best", "violations", "growth", "late_growth", "similar", "chance", "error")
CURVES = ("regret", "reward", "explored", "distance")


def kept(found: Measured) -> dict[str, Any]:
    """The figures of one run."""
    tenths = found.calibration
    return {
        "regret": found.regret.tolist(),
        "reward": found.reward.tolist(),
        "explored": None if found.explored is None else found.explored.tolist(),
        "distance": found.distance.tolist(),
        "final": float(found.regret[-1]),
        "earned": float(found.reward.mean()),
        "offered": found.offered.tolist(),
        "best": found.best,
        "violations": found.violations,
        "growth": found.growth,
        "late_growth": found.late_growth,
        "similar": found.likeness.similar,
        "chance": found.likeness.chance,
        "pairs": found.likeness.pairs,
        "error": None if tenths is None else tenths.error,
        "calibration": None
        if tenths is None
        else [tenths.counts.tolist(), tenths.predicted.tolist(), tenths.earned.tolist()],
        "fairness": {
            name: {
                "difference": gap.difference,
                "null": gap.null_mean,
                "null_high": gap.null_high,
                "p": gap.p_value,
                "rates": [None if rate != rate else float(rate) for rate in gap.rates],
            }
            for name, gap in found.fairness.items()
        },
    }


@dataclass(frozen=True, slots=True)
class Repeated:
    """The figures of one policy over all repetitions, in their order."""

    runs: tuple[dict[str, Any], ...]

    def values(self, name: str) -> Floats | None:
        """One of ``SCALARS`` for each repetition; None where the policy has no such figure."""
        found = [run[name] for run in self.runs]
        return None if any(value is None for value in found) else np.array(found, dtype=np.float64)

    def of(self, name: str) -> Interval | None:
        """Its mean and interval."""
        found = self.values(name)
        return None if found is None else interval(found)

    def curve(self, name: str) -> Floats | None:
        """One of ``CURVES``, shape (repetitions, days)."""
        found = [run[name] for run in self.runs]
        return None if any(line is None for line in found) else np.array(found, dtype=np.float64)

    def day(self, name: str, place: int) -> Interval | None:
        """One day of a curve."""
        found = self.curve(name)
        return None if found is None else interval(found[:, place])

    def offered(self) -> Floats:
        """Mean share of each arm."""
        return np.asarray(np.mean([run["offered"] for run in self.runs], axis=0))

    def fairness(self, attribute: str, figure: str) -> Floats | None:
        """A figure of an attribute's difference for each repetition; None where it could not be taken."""
        found = [run["fairness"].get(attribute) for run in self.runs]
        return None if any(gap is None for gap in found) else np.array([gap[figure] for gap in found], float)

    def calibration(self) -> Floats | None:
        """Counts, sums of predictions and of rewards by tenth over all repetitions, shape (3, 10)."""
        found = [run["calibration"] for run in self.runs]
        return None if any(one is None for one in found) else np.asarray(np.sum(found, axis=0), float)


def gathered(results: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Repeated]:
    """The pieces' results by name, where the pieces take every name in turn."""
    return {name: Repeated(tuple(results[place :: len(names)])) for place, name in enumerate(names)}


def less(one: Repeated, other: Repeated) -> tuple[Interval, Interval]:
    """How much less regret one has than another, in reward and in %, paired by repetition."""
    mine, theirs = one.values("final"), other.values("final")
    assert mine is not None  # every run has a regret
    assert theirs is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(theirs > 0, 100 * (1 - mine / theirs), 0.0)
    return interval(theirs - mine), interval(share)
