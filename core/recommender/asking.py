"""When the recommender asks an expert: scores of uncertainty and four rules on the margin.

The rules answer the same question side by side. Each is calibrated on held-out clients, has a nominal rate
``alpha``, and asks when a margin is below its ``threshold``:

- :class:`ConformalRule`, the default: bounds the asked rate without assuming a distribution.
- :class:`EmpiricalRule`: the alpha-quantile of the calibration margins.
- :class:`ClientConformalRule`: the conformal rule for clients whose margins are alike among themselves.
- :class:`DirichletRule`: the test of Mahyari 2022 (section IV-B), kept as the paper has it. On softmax outputs over
  many exercises the fitted Dirichlet does not hold its nominal rate; compare :func:`asked_rate`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from core.errors import InputError
from core.recommender.margin import (
    MarginDistribution,
    check_probabilities,
    check_unit_interval,
    fit_margin,
    fit_top,
)
from core.recommender.quadrature import BoolArray, FloatArray

_SLACK = 1e-12  # for sums that are equal to a bound but for rounding


def margin(p: ArrayLike) -> FloatArray:
    """Difference of the two largest probabilities, Z = y(N) − y(N−1); small where the model is unsure.

    ``p`` is (..., N) with classes along the last axis; the result has the leading shape. Raises InputError if ``p`` is
    not made of probabilities that sum to 1.
    """
    top = np.partition(check_probabilities(p), (-2, -1), axis=-1)
    return np.asarray(np.minimum(top[..., -1] - top[..., -2], 1.0), dtype=np.float64)


def entropy(p: ArrayLike) -> FloatArray:
    """Shannon entropy in nats, 0 to ln N; large where the model is unsure. Shapes and errors as in :func:`margin`."""
    return np.asarray(special.entr(check_probabilities(p)).sum(axis=-1), dtype=np.float64)


def least_confidence(p: ArrayLike) -> FloatArray:
    """1 − the largest probability; large where the model is unsure. Shapes and errors as in :func:`margin`."""
    return np.asarray(np.maximum(1.0 - check_probabilities(p).max(axis=-1), 0.0), dtype=np.float64)


class AskingRule(Protocol):
    """What the rules have in common."""

    @property
    def alpha(self) -> float:
        """Nominal rate of asking, in (0, 1)."""
        ...

    @property
    def threshold(self) -> float:
        """A margin below this is asked about."""
        ...

    def p_value(self, margins: ArrayLike) -> FloatArray:
        """How unusual so small a margin is; the rule asks where this is at most ``alpha``."""
        ...

    def asks(self, margins: ArrayLike) -> BoolArray:
        """Whether to ask, for margins of any shape."""
        ...


@dataclass(frozen=True)
class DirichletRule:
    """Ask when the margin is below the alpha-quantile of its Dirichlet distribution (Mahyari 2022, section IV-B)."""

    distribution: MarginDistribution
    alpha: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", _checked_alpha(self.alpha))
        if math.isnan(self.threshold):
            raise InputError(
                f"alpha = {self.alpha!r} is above the raw distribution's mass {self.distribution.mass:.3f}; "
                "use the renormalised distribution or a smaller alpha"
            )

    @classmethod
    def from_probabilities(cls, calibration: ArrayLike, *, alpha: float) -> "DirichletRule":
        """Fit the Dirichlet to an (n, N) matrix of held-out clients' probabilities."""
        return cls(fit_margin(calibration), alpha)

    @cached_property
    def threshold(self) -> float:
        """The alpha-quantile of the margin."""
        return float(self.distribution.quantile(self.alpha))

    def p_value(self, margins: ArrayLike) -> FloatArray:
        """Distribution function at each margin."""
        return self.distribution.cdf(check_unit_interval("margins", margins))

    def asks(self, margins: ArrayLike) -> BoolArray:
        """Whether each margin is below the threshold."""
        return check_unit_interval("margins", margins) < self.threshold


class EmpiricalRule:
    """Ask when at most a share alpha of the n calibration margins is as small: p = #{calibration ≤ m} / n.

    Without the correction that :class:`ConformalRule` makes, it asks about 1/n too often on average.
    """

    def __init__(self, calibration_margins: ArrayLike, *, alpha: float) -> None:
        self._calibration = _sorted_margins(calibration_margins)
        self.alpha = _checked_alpha(alpha)
        n = self._calibration.size
        self.threshold = float(self._calibration[_largest_count(alpha, n)])

    @classmethod
    def from_probabilities(cls, calibration: ArrayLike, *, alpha: float) -> "EmpiricalRule":
        """Calibrate on an (n, N) matrix of held-out clients' probabilities."""
        return cls(np.atleast_1d(margin(calibration)), alpha=alpha)

    def p_value(self, margins: ArrayLike) -> FloatArray:
        """Share of calibration margins at most as large as each margin."""
        return _count_at_most(self._calibration, margins) / self._calibration.size

    def asks(self, margins: ArrayLike) -> BoolArray:
        """Whether each margin is below the threshold, which is the same as p ≤ alpha."""
        return check_unit_interval("margins", margins) < self.threshold


class ConformalRule:
    """Ask when the conformal p-value (1 + #{calibration ≤ m}) / (n + 1) is at most alpha. The default rule.

    If a new margin is exchangeable with the n calibration margins, the probability of asking is at most alpha,
    whatever their distribution (Vovk, Gammerman and Shafer 2005). Margins of one client resemble each other, so
    calibrate on clients that the model was not trained on. The bound is exact with one margin per client; with
    several per client it holds approximately, the better the more clients there are. With n + 1 < 1/alpha no p-value
    can be that small: the threshold is 0 and nothing is asked.
    """

    def __init__(self, calibration_margins: ArrayLike, *, alpha: float) -> None:
        self._calibration = _sorted_margins(calibration_margins)
        self.alpha = _checked_alpha(alpha)
        count = _largest_count(alpha, self._calibration.size + 1)
        self.threshold = float(self._calibration[count - 1]) if count else 0.0

    @classmethod
    def from_probabilities(cls, calibration: ArrayLike, *, alpha: float) -> "ConformalRule":
        """Calibrate on an (n, N) matrix of held-out clients' probabilities."""
        return cls(np.atleast_1d(margin(calibration)), alpha=alpha)

    def p_value(self, margins: ArrayLike) -> FloatArray:
        """(1 + #{calibration ≤ m}) / (n + 1) for each margin m."""
        return (1 + _count_at_most(self._calibration, margins)) / (self._calibration.size + 1)

    def asks(self, margins: ArrayLike) -> BoolArray:
        """Whether each margin is below the threshold, which is the same as p ≤ alpha."""
        return check_unit_interval("margins", margins) < self.threshold


class ClientConformalRule:
    """The conformal rule on whole clients: asks when p = (1 + Σ share_i(m)) / (C + 1) is at most alpha.

    share_i(m) is the share of calibration client i's margins that are at most m, C the number of those clients.
    If the next client is exchangeable with them, a step of that client's drawn at random is asked about with a
    probability of at most alpha, however alike one client's margins are (Dunn, Wasserman and Ramdas 2023; Lee, Barber
    and Willett 2023, hierarchical conformal prediction). Where each client of a cohort is asked by a rule calibrated on
    all others, the mean over the cohort's clients of the share that is asked is at most alpha, always. The price is
    that with C + 1 < 1/alpha nothing is asked.
    """

    def __init__(self, calibration_margins: ArrayLike, clients: ArrayLike, *, alpha: float) -> None:
        margins, owner = np.asarray(calibration_margins, dtype=np.float64), np.asarray(clients)
        self._calibration = _sorted_margins(margins)
        if owner.shape != margins.shape:
            raise InputError(
                f"clients has shape {owner.shape}; one for each of {margins.size} calibration_margins is expected."
            )
        self.alpha = _checked_alpha(alpha)
        _, of, counts = np.unique(owner, return_inverse=True, return_counts=True)
        self._clients = len(counts)
        shares = (1 / counts)[of][np.argsort(margins, kind="stable")]
        self._cumulated = np.concatenate([[0.0], np.cumsum(shares)])
        # The margins that may be asked about come first; sums of shares are rounded, hence the slack.
        within = (1 + self._cumulated[1:]) / (self._clients + 1) <= alpha + _SLACK
        count = int(np.argmin(within))  # the last is (1 + C) / (C + 1) = 1: never within
        self.threshold = float(self._calibration[count]) if 1 / (self._clients + 1) <= alpha + _SLACK else 0.0

    def p_value(self, margins: ArrayLike) -> FloatArray:
        """(1 + Σ share_i(m)) / (C + 1) for each margin m."""
        at = np.searchsorted(self._calibration, check_unit_interval("margins", margins), side="right")
        return np.asarray((1 + self._cumulated[at]) / (self._clients + 1), dtype=np.float64)

    def asks(self, margins: ArrayLike) -> BoolArray:
        """Whether each margin is below the threshold."""
        return check_unit_interval("margins", margins) < self.threshold


@dataclass(frozen=True, slots=True)
class AskedRate:
    """Nominal rate of a rule beside the rate observed on ``steps`` margins, of which ``asked`` were asked about."""

    nominal: float
    observed: float
    asked: int
    steps: int


def asked_rate(rule: AskingRule, margins: ArrayLike) -> AskedRate:
    """How often ``rule`` asks on ``margins``, beside how often it says it will.

    Raises InputError if there are no margins or one is outside [0, 1].
    """
    asks = rule.asks(margins)
    if asks.size == 0:
        raise InputError("margins is empty; the observed rate needs at least one margin")
    asked = int(np.count_nonzero(asks))
    return AskedRate(nominal=rule.alpha, observed=asked / asks.size, asked=asked, steps=asks.size)


def observed_rates(top: ArrayLike, clients: ArrayLike, alphas: Sequence[float]) -> dict[str, list[AskedRate]]:
    """How often each rule asks of clients it was not calibrated on, by its name, one entry for each alpha.

    ``top`` is (m, 3), rows [y(N), y(N−1), rest] of held-out clients, ``clients`` (m,) says whose they are. Every
    other client calibrates and the rest are asked about, then the other way round; the two are counted together.
    ``"Dirichlet"`` is left out of the result where its distribution cannot be fitted to one of the halves: all rows
    alike, as of a model that has learnt nothing, or a single row. The other two rules always have an entry.
    Raises InputError with fewer than two clients, or for shapes or probabilities that do not fit.
    """
    rows, owner = np.asarray(top, dtype=np.float64), np.asarray(clients)
    if rows.ndim != 2 or rows.shape[1] != 3 or owner.shape != rows.shape[:1]:
        raise InputError(f"top has shape {rows.shape} and clients {owner.shape}; expected (m, 3) and (m,)")
    known = np.unique(owner)
    if known.size < 2:
        raise InputError("Observed rates need margins of at least two clients.")
    check_probabilities(rows, name="top")
    first = np.isin(owner, known[::2])
    margins = np.clip(rows[:, 0] - rows[:, 1], 0.0, 1.0)
    fitted = _fit_halves(rows, first)
    rates: dict[str, list[AskedRate]] = {"conformal": [], "empirical": []}
    if fitted:
        rates["Dirichlet"] = []
    for alpha in alphas:
        asked = dict.fromkeys(rates, 0)
        for index, half in enumerate((first, ~first)):
            rules: dict[str, AskingRule] = {
                "conformal": ConformalRule(margins[half], alpha=alpha),
                "empirical": EmpiricalRule(margins[half], alpha=alpha),
            }
            if fitted:
                rules["Dirichlet"] = DirichletRule(fitted[index], alpha)
            for name, rule in rules.items():
                asked[name] += int(np.count_nonzero(rule.asks(margins[~half])))
        for name, count in asked.items():
            rates[name].append(AskedRate(alpha, count / margins.size, count, margins.size))
    return rates


def _fit_halves(rows: FloatArray, first: BoolArray) -> tuple[MarginDistribution, MarginDistribution] | None:
    """The Dirichlet of each half of checked rows; None if one of them has none."""
    try:
        return fit_top(rows[first]), fit_top(rows[~first])
    except InputError:  # rows that are all alike, or only one, have no likelihood to climb
        return None


def _checked_alpha(alpha: float) -> float:
    if not 0 < alpha < 1:
        raise InputError(
            f"alpha = {alpha!r}; the nominal rate of asking must lie between 0 and 1, both excluded"
        )
    return float(alpha)


def _sorted_margins(calibration_margins: ArrayLike) -> FloatArray:
    values = check_unit_interval("calibration_margins", calibration_margins)
    if values.ndim != 1 or values.size == 0:
        raise InputError(
            f"calibration_margins has shape {values.shape}; expected (n,) with at least one margin"
        )
    return np.sort(values)


def _largest_count(alpha: float, total: int) -> int:
    """Largest k with k / total ≤ alpha, as floating point sees it, so that it agrees with the p-values."""
    count = math.floor(alpha * total)
    return count + 1 if (count + 1) / total <= alpha else count


def _count_at_most(ordered: FloatArray, margins: ArrayLike) -> FloatArray:
    counts = np.searchsorted(ordered, check_unit_interval("margins", margins), side="right")
    return np.asarray(counts, dtype=np.float64)
