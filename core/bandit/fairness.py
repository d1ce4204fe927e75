"""Equal-opportunity difference (Hardt, Price and Srebro 2016), beside what chance alone makes of it.

The difference is the largest gap between two groups' rates, so it is above 0 even where groups are treated alike: the
smaller the groups, the larger. Without that null value it says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People
from core.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REPEATS = 2_000
LEVEL = 0.95
AGE_GROUPS = ("18–35", "36–55", "56 and over")  # the paper's
AGE_BOUNDS = (36.0, 56.0)  # years, where the second and the third begin
GROUPS: Mapping[str, tuple[str, ...]] = {
    "sex": tuple(map(str, BY_KEY["sex"].values)),
    "race": tuple(map(str, BY_KEY["race"].values)),
    "age group": AGE_GROUPS,
}
"""The groups that the paper compares, by attribute."""


@dataclass(frozen=True, slots=True)
class EqualOpportunity:
    """How differently groups of eligible people fare.

    Attributes:
        rates: share of each group's eligible people who were picked well, NaN for a group without any, shape (G,).
        counts: eligible people of each group, shape (G,).
        difference: largest rate less smallest.
        low, high: its 95 % bootstrap interval. A largest gap is never below 0 and is drawn upwards by chance, as the
            null is.
        null_mean: its mean if groups did not matter (labels permuted among the eligible).
        null_high: what it stays below then in 95 % of cases.
        p_value: how often chance alone makes it at least as large.
    """

    rates: Floats
    counts: Integers
    difference: float
    low: float
    high: float
    null_mean: float
    null_high: float
    p_value: float


def equal_opportunity(
    picked_well: ArrayLike,
    eligible: ArrayLike,
    groups: ArrayLike,
    rng: np.random.Generator,
    *,
    repeats: int = REPEATS,
) -> EqualOpportunity:
    """The equal-opportunity difference with interval, null and p-value.

    Args:
        picked_well: who was served well, booleans (N,).
        eligible: who counts, booleans (N,).
        groups: each one's group from 0, -1 where not known, who then does not count, whole numbers (N,).
        rng: draws the bootstrap and the permutations.
        repeats: how many of each.

    Raises:
        InputError: for arrays of other types or lengths, or fewer than two groups with anybody eligible.
    """
    well, counted, label = np.asarray(picked_well), np.asarray(eligible), np.asarray(groups)
    if well.dtype != np.bool_ or counted.dtype != np.bool_ or label.dtype.kind not in "iu":
        raise InputError("picked_well and eligible must be booleans and groups whole numbers.")
    if not (well.ndim == 1 and well.shape == counted.shape == label.shape):
        raise InputError(
            "picked_well, eligible and groups must be of one length; "
            f"their shapes are {well.shape}, {counted.shape} and {label.shape}."
        )
    if repeats < 1:
        raise InputError(f"repeats must be at least 1; it is {repeats}.")
    counted = counted & (label >= 0)
    size = int(label.max(initial=-1)) + 1
    counts = np.bincount(label[counted], minlength=size)
    hits = np.bincount(label[counted & well], minlength=size)
    held = counts > 0
    if held.sum() < 2:
        raise InputError("At least two groups must have somebody eligible.")
    rates = np.where(held, hits / np.maximum(counts, 1), np.nan)
    n, k = counts[held], hits[held]
    difference = float(np.ptp(k / n))
    # Resampling yes or no within a group is a binomial draw; permuting labels a multivariate hypergeometric one.
    drawn = np.ptp(rng.binomial(n, k / n, size=(repeats, n.size)) / n, axis=1)
    null = np.ptp(rng.multivariate_hypergeometric(n, int(k.sum()), size=repeats) / n, axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return EqualOpportunity(
        rates=rates,
        counts=counts.astype(np.int64),
        difference=difference,
        low=float(low),
        high=float(high),
        null_mean=float(null.mean()),
        null_high=float(np.quantile(null, LEVEL)),
        p_value=float((1 + (null >= difference - 1e-12).sum()) / (1 + repeats)),
    )


def groups_of(people: People) -> Mapping[str, Integers]:
    """The groups that the paper compares, by attribute: sex, race, age group; -1 where not known, shape (N,)."""
    ages = people.columns["age"]
    by_age = np.where(np.isnan(ages), -1, np.digitize(ages, AGE_BOUNDS)).astype(np.int64)
    return {"sex": people.columns["sex"], "race": people.columns["race"], "age group": by_age}
