"""Intervals over repeated runs, and how a sentence tells them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval; no interval for a single value."""

    mean: float
    low: float | None
    high: float | None

    @property
    def half(self) -> float | None:
        """Half of the interval's width."""
        return None if self.high is None else self.high - self.mean


def interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    """The mean of independent values and its interval by Student's t distribution; values has shape (n,), n ≥ 1."""
    from scipy.special import stdtrit

    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    if len(x) < 2:
        return Interval(mean, None, None)
    if np.ptp(x) == 0:  # the sum's rounding would leave an interval of 1e-15
        return Interval(float(x[0]), float(x[0]), float(x[0]))
    half = float(stdtrit(len(x) - 1, (1 + level) / 2) * x.std(ddof=1) / np.sqrt(len(x)))
    return Interval(mean, mean - half, mean + half)


def signed(value: float) -> str:
    """A number with one decimal and its sign, for a sentence."""
    return f"{value:+.1f}".replace("-", "−")


def difference_in_words(difference: Interval) -> str:
    """A difference in percentage points with its interval, for a sentence."""
    points = f"a difference of {signed(difference.mean)} points"
    if difference.low is None or difference.high is None:
        return f"{points} on one seed"
    text = f"{points} (95 % interval {signed(difference.low)} to {signed(difference.high)})"
    return text if difference.low > 0 or difference.high < 0 else f"{text}, which could be chance"
