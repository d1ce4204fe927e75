"""How far back a sequence of exercises depends on itself: by which the window of the network, ω, can be chosen.

The paper chooses it by the autocorrelation function of the one-hot sequence (Mahyari 2022, sections III and V-A2) and
gives neither the function nor a rule. Here each function of the lag comes with the band in which it lies if the order
of each client's exercises is by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.recommender.windows import Bools, Floats, Histories, History, Ints, check_histories

LEVEL = 0.95
LEAST_PERMUTATIONS = 20  # fewer do not say what is unusual


@dataclass(frozen=True, slots=True)
class Lags:
    """A function of the lag beside what chance makes of it; every array has shape (max_lag,), the first for lag 1.

    found: its values, NaN where no client has two exercises so far apart. chance: their mean over permutations.
    low, high: the band that holds all lags at once in 95 % of permutations; it has no width where permuting changes
    nothing, as where nobody does an exercise twice.
    """

    found: Floats
    chance: Floats
    low: Floats
    high: Floats

    @property
    def above(self) -> Bools:
        """Which lags stand above the band."""
        return self.found > self.high

    @property
    def outside(self) -> Bools:
        """Which lags stand above it or below."""
        return self.above | (self.found < self.low)


@dataclass(frozen=True, slots=True)
class Dependence:
    """Three functions of the lag.

    same: autocorrelation of the one-hot sequence, whether the same exercise comes back. partial: its partial
    autocorrelation, what a lag adds to all nearer ones. information: mutual information of two exercises, in bits,
    which also sees that one exercise calls for another.
    """

    same: Lags
    partial: Lags
    information: Lags


def autocorrelation(histories: Sequence[History], max_lag: int, n_exercises: int | None = None) -> Floats:
    """How much alike exercises are that lie 0, 1, …, max_lag apart, shape (max_lag + 1,); 1 at lag 0.

    The autocorrelation function of the one-hot series: the share of pairs at a lag that are the same exercise, less
    the share expected of independent draws, over its value at lag 0. Pairs never span two clients; a lag without pairs
    is NaN.
    """
    laid = _checked(histories, max_lag, n_exercises)
    chance = _chance(laid)
    same = _same(laid.items, _pairs(laid, max_lag), chance)
    return np.concatenate([[1.0 if chance < 1 else np.nan], same])


def dependence(
    histories: Sequence[History],
    max_lag: int,
    rng: np.random.Generator,
    *,
    permutations: int = 200,
    n_exercises: int | None = None,
) -> Dependence:
    """The functions of lags 1 to max_lag, with bands from permuting each client's exercises so many times.

    A permutation keeps what each client does and how often, so that clients who differ are not taken for order. The
    band is the mean over permutations, ± so many standard deviations as the widest departure of any lag stays within in
    95 % of them (Westfall and Young 1993). Raises InputError for fewer than 20 permutations or a history of nothing.
    """
    laid = _checked(histories, max_lag, n_exercises)
    if max_lag < 1:
        raise InputError(f"max_lag is {max_lag!r}; a window needs a lag of at least 1.")
    if permutations < LEAST_PERMUTATIONS:
        raise InputError(f"permutations is {permutations}; a band takes at least {LEAST_PERMUTATIONS}.")
    shuffled = [_permuted(laid, rng) for _ in range(permutations)]
    pairs, chance, n = _pairs(laid, max_lag), _chance(laid), int(laid.items.max()) + 1
    of_found, of_drawn = (
        np.stack([_same(items, pairs, chance) for items in sequences])
        for sequences in ([laid.items], shuffled)
    )
    same = _lags(of_found[0], of_drawn)
    drawn_partial = np.stack([partial(_beyond(drawn, same.chance)) for drawn in of_drawn])
    drawn_information = np.stack([_information(items, pairs, n) for items in shuffled])
    return Dependence(
        same=same,
        partial=_lags(partial(_beyond(same.found, same.chance)), drawn_partial),
        information=_lags(_information(laid.items, pairs, n), drawn_information),
    )


def highest(lags: Lags) -> int | None:
    """The nearest lag above the band that half the band's width does not tell from the largest value; None without one.

    Of the autocorrelation it is the shortest window that reaches back to what the next exercise is most like.
    """
    peaks = np.where(lags.above, lags.found, -np.inf)
    return _first(lags.above & (peaks + (lags.high - lags.low) / 2 >= peaks.max(initial=-np.inf)))


def nearest(lags: Lags) -> int | None:
    """The nearest lag above the band; None where there is none."""
    return _first(lags.above)


def farthest(lags: Lags) -> int | None:
    """The farthest lag outside the band; None where there is none."""
    at = np.flatnonzero(lags.outside)
    return int(at[-1]) + 1 if at.size else None


def partial(correlations: Floats) -> Floats:
    """Partial autocorrelations at lags 1, 2, … from the autocorrelations there (Durbin 1960; Levinson 1946).

    From the lag on at which the nearer ones foretell the series without error, and from a missing value on, NaN.
    """
    result = np.full(len(correlations), np.nan)
    weights = np.empty(0)
    left = 1.0
    for at, correlation in enumerate(correlations):
        own = (correlation - weights @ correlations[at - 1 :: -1][:at]) / left
        result[at] = own
        weights = np.append(weights - own * weights[::-1], own)
        left *= 1 - own**2
        if not left > 1e-9:
            break
    return result


def _lags(found: Floats, drawn: Floats) -> Lags:
    """The band of drawn values (permutations, max_lag) around those found."""
    # A missing value, as of a lag that nobody reaches, has no band.
    chance, spread = drawn.mean(axis=0), drawn.std(axis=0)
    spread = np.where(spread < 1e-12, 0.0, spread)
    departures = np.abs(drawn - chance) / np.where(spread > 0, spread, 1.0)
    widest = np.where(np.isnan(departures), 0.0, departures).max(axis=1)
    half = float(np.quantile(widest, LEVEL)) * spread
    # Where permuting changes nothing, rounding must not put the value outside.
    slack = np.where(spread > 0, 0.0, 1e-9)
    return Lags(found, chance, chance - half - slack, chance + half + slack)


def _same(items: Ints, pairs: list[Ints], chance: float) -> Floats:
    result = np.full(len(pairs), np.nan)
    for lag, earlier in enumerate(pairs, start=1):
        if earlier.size and chance < 1:
            result[lag - 1] = ((items[earlier] == items[earlier + lag]).mean() - chance) / (1 - chance)
    return result


def _information(items: Ints, pairs: list[Ints], n: int) -> Floats:
    result = np.full(len(pairs), np.nan)
    for lag, earlier in enumerate(pairs, start=1):
        if earlier.size:
            counts = np.bincount(items[earlier] * n + items[earlier + lag], minlength=n * n)
            together = counts.reshape(n, n) / earlier.size
            result[lag - 1] = (
                _entropy(together.sum(axis=0)) + _entropy(together.sum(axis=1)) - _entropy(together)
            )
    return result


def _entropy(shares: Floats) -> float:
    """In bits."""
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def _pairs(laid: Histories, max_lag: int) -> list[Ints]:
    """For each lag from 1 the place of the earlier exercise of every pair of one client that lies so far apart."""
    left = laid.starts[1:][laid.clients] - np.arange(len(laid.items))
    return [np.flatnonzero(left > lag) for lag in range(1, max_lag + 1)]


def _chance(laid: Histories) -> float:
    return float(np.square(np.bincount(laid.items) / len(laid.items)).sum())


def _permuted(laid: Histories, rng: np.random.Generator) -> Ints:
    """The items with each client's own in random order."""
    return laid.items[np.lexsort((rng.random(len(laid.items)), laid.clients))]


def _beyond(correlations: Floats, chance: Floats) -> Floats:
    """Autocorrelations with what clients' habits alone make of them taken out, on the scale from chance to 1."""
    return (correlations - chance) / np.where(chance < 1, 1 - chance, np.nan)


def _first(which: Bools) -> int | None:
    at = np.flatnonzero(which)
    return int(at[0]) + 1 if at.size else None


def _checked(histories: Sequence[History], max_lag: int, n_exercises: int | None) -> Histories:
    laid = check_histories(histories, n_exercises)
    if not isinstance(max_lag, int | np.integer) or isinstance(max_lag, bool) or max_lag < 0:
        raise InputError(f"max_lag is {max_lag!r}; it must be a whole number of at least 0.")
    if not len(laid.items):
        raise InputError("histories hold no exercise; there is nothing to correlate.")
    return laid
