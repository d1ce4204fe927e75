"""How many labels a curve needs for what another reaches, with an interval over seeds."""

from collections.abc import Callable

import numpy as np

from core.recommender.windows import Floats, Ints
from core.services.studies.statistics import Interval


def rising(accuracy: Floats) -> Floats:
    """The nearest curve that never falls (isotonic regression), so that no lucky point counts as reached."""
    from sklearn.isotonic import isotonic_regression

    found: Floats = isotonic_regression(np.asarray(accuracy, dtype=np.float64))
    return found


def labels_to_reach(labels: Floats, accuracy: Floats, level: float) -> float | None:
    """Where a curve that never falls first has ``level``, with straight lines between its points; None if never."""
    if accuracy[-1] < level:
        return None
    at = int(np.argmax(accuracy >= level))
    if at == 0:
        return float(labels[0])
    low, high = accuracy[at - 1], accuracy[at]
    return float(labels[at - 1] + (labels[at] - labels[at - 1]) * (level - low) / (high - low))


def ratio(labels: Floats, curves: Floats, random: Floats, at: int) -> Interval | None:
    """Labels that a strategy needs for what random asking reaches with ``labels[at]``, over those of random asking.

    Of the mean curves, each made to rise; the interval by the jackknife over seeds (Tukey 1958), since a single
    seed's curve is too rough to be read at one height.

    Args:
        labels: (R,), the first of them 0; ``at`` is not 0.
        curves: (S, R) accuracy of the strategy by seed; random: the same of random asking on the same seeds.

    Returns:
        None where it is never reached; no interval with a single seed. Where it is not reached without one of the
        seeds, all labels there are stand for those it would take.
    """

    def of(seeds: Ints) -> float | None:
        level = float(rising(random[seeds].mean(axis=0))[at])
        needed = labels_to_reach(labels, rising(curves[seeds].mean(axis=0)), level)
        return None if needed is None else needed / float(labels[at])

    return _jackknife(of, np.arange(len(curves)), never=float(labels[-1] / labels[at]))


def _jackknife(of: Callable[[Ints], float | None], seeds: Ints, *, never: float) -> Interval | None:
    from scipy.special import stdtrit

    whole = of(seeds)
    if whole is None:
        return None
    n = len(seeds)
    if n < 2:
        return Interval(whole, None, None)
    without = [of(np.delete(seeds, one)) for one in range(n)]
    values = np.array([never if value is None else value for value in without])
    error = float(np.sqrt((n - 1) / n * np.square(values - values.mean()).sum()))
    half = float(stdtrit(n - 1, 0.975)) * error
    return Interval(whole, max(0.0, whole - half), whole + half)
