"""How far two sets of profiles are apart, attribute by attribute and pair by pair."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bandit.attributes import BY_KEY, PROFILE
from core.bandit.people import People
from core.errors import InputError

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

SEVERAL = "several"


def plain_columns(people: People) -> Columns:
    """Each attribute of a profile as one column: numbers as they are, categories as places in their values.

    Of medical history the place of the only condition, the number of conditions where there is none, and one more
    where there are several.

    Raises:
        InputError: where something is not known of everybody.
    """
    found: Columns = {}
    for of in PROFILE:
        column = people.columns[of.key]
        if of.kind == "set":
            several = column.sum(axis=1) > 1
            none = ~column.any(axis=1)
            size = column.shape[1]
            column = np.where(several, size + 1, np.where(none, size, column.argmax(axis=1)))
        elif (np.isnan(column) if of.kind == "number" else column < 0).any():
            raise InputError(f"{of.label} is not known of everybody; only whole profiles can be compared.")
        found[of.key] = column.astype(np.float64)
    return found


def size_of(key: str) -> int:
    """How many places a category's plain column has."""
    of = BY_KEY[key]
    return len(of.values) + 2 * (of.kind == "set")


def kolmogorov_smirnov(one: ArrayLike, other: ArrayLike) -> float:
    """Largest difference of the cumulative shares of two samples, from the counts of their values; 0 to 1."""
    values, place = np.unique(np.concatenate((np.ravel(one), np.ravel(other))), return_inverse=True)
    size = np.size(one)
    shares = [
        np.bincount(part, minlength=len(values)).cumsum() / len(part) for part in (place[:size], place[size:])
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def total_variation(one: ArrayLike, other: ArrayLike, size: int) -> float:
    """Half of the summed differences in the shares of ``size`` categories, given as places; 0 to 1."""
    shares = [
        np.bincount(np.asarray(part, dtype=np.int64), minlength=size) / np.size(part) for part in (one, other)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def attribute_distances(one: Columns, other: Columns) -> dict[str, float]:
    """The Kolmogorov–Smirnov distance of each number and the total variation of each category, by attribute."""
    return {
        key: (
            kolmogorov_smirnov(one[key], other[key])
            if BY_KEY[key].kind == "number"
            else total_variation(one[key], other[key], size_of(key))
        )
        for key in one
    }


def associations(columns: Columns) -> Floats:
    """How strongly each two attributes go together, 0 to 1, in the order of ``combinations`` of the columns.

    Of two numbers the absolute correlation, of a number and a category the correlation ratio η, of two categories
    Cramér's V.
    """
    return np.array([_association(columns, *pair) for pair in combinations(columns, 2)])


def _association(columns: Columns, left: str, right: str) -> float:
    numbers = [BY_KEY[key].kind == "number" for key in (left, right)]
    if all(numbers):
        return abs(_correlation(columns[left], columns[right]))
    if any(numbers):
        number, category = (left, right) if numbers[0] else (right, left)
        return correlation_ratio(columns[number], columns[category].astype(np.int64))
    return cramers_v(columns[left].astype(np.int64), columns[right].astype(np.int64))


def correlation_ratio(numbers: Floats, places: NDArray[np.int64]) -> float:
    """η: root of the share of a number's variance that lies between categories; 0 where nothing varies."""
    counts = np.bincount(places)
    sums = np.bincount(places, weights=numbers)
    filled = counts > 0
    mean = numbers.mean()
    between = (counts[filled] * (sums[filled] / counts[filled] - mean) ** 2).sum()
    total = ((numbers - mean) ** 2).sum()
    return float(np.sqrt(min(1.0, between / total))) if total > 0 else 0.0


def cramers_v(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Cramér's V of two categories given as places; 0 where one of them has a single value."""
    width = int(other.max()) + 1
    counts = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width).reshape(-1, width)
    rows, columns = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    least = min((rows > 0).sum(), (columns > 0).sum()) - 1
    if least == 0:
        return 0.0
    expected = rows * columns / len(one)
    seen = expected > 0
    squared = ((counts - expected)[seen] ** 2 / expected[seen]).sum()
    return float(np.sqrt(squared / (len(one) * least)))


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 0 else 0.0
