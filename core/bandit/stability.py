"""How steady the order of an explanation's attributions is when the people compared with are drawn anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.explanation import Background, Name
from core.bandit.policies.linear import LinearPolicy
from core.bandit.policies.policy import Floats, Integers, checked_numbers
from core.errors import InputError

DIGITS = 12  # of an attribution that count


@dataclass(frozen=True, slots=True)
class RankStability:
    """How steady the ranks are.

    Attributes:
        agreement: mean of Spearman's rank correlation with the ranks shown, -1 to 1.
        first: how often the attribute that is shown first stays first, 0 to 1.
        ranges: by attribute the 5 % and 95 % points of its rank, 1 the largest.
    """

    agreement: float
    first: float
    ranges: dict[str, tuple[int, int]]


def rank_stability(
    policy: LinearPolicy,
    x: ArrayLike,
    rows: ArrayLike,
    names: Sequence[Name],
    arm: str,
    rng: np.random.Generator,
    repeats: int = 200,
) -> RankStability:
    """Ranks of |attribution| over backgrounds drawn anew from the background's own rows (bootstrap, Efron 1979).

    An attribution is linear in the means of the background, so it is the mean of the attributions against each row
    alone, and each repeat is exact. The policy stays the same: what is shown is the doubt that comes from whom the
    context is compared with, not the doubt about θ. Of equals the one whose column comes first ranks first.

    Args:
        policy: one with a linear expectation; nothing is drawn from its generator.
        x: the context, shape (D,).
        rows, names: as ``Background``.
        arm: the arm explained.
        rng: draws the rows.
        repeats: backgrounds drawn, at least 1.

    Raises:
        InputError: for a policy without a linear expectation, or input that ``explain`` would not take.
    """
    if not isinstance(policy, LinearPolicy):
        raise InputError(
            f"Only a policy with a linear expectation can be explained, not {type(policy).__name__}."
        )
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise InputError(f"repeats must be a whole number, at least 1; it is {repeats!r}.")
    given = checked_numbers(rows, "background")
    shown = Background(given, names)
    context = checked_numbers(x, "x")
    if context.shape != (policy.n_features,) or len(shown.names) != policy.n_features:
        raise InputError(
            f"x and background must have {policy.n_features} columns, as the policy's contexts do."
        )
    theta = policy.coefficients()[policy.index(arm)]
    # The rows explained against the context instead of the context against each row: the sizes are the same.
    alone = Background(context[None], names).shares_of_many(given, theta)
    count = len(given)
    drawn = rng.integers(count, size=(repeats, count)) + count * np.arange(repeats)[:, None]
    weights = np.bincount(drawn.ravel(), minlength=repeats * count).reshape(repeats, count) / count
    ranks = _ranks(weights @ alone)
    kept = _ranks(shown.shares(context, theta)[None])[0]
    low = np.quantile(ranks, 0.05, axis=0, method="lower")
    high = np.quantile(ranks, 0.95, axis=0, method="higher")
    ranges = {name: (int(low[place]), int(high[place])) for place, name in enumerate(shown.attributes)}
    return RankStability(
        agreement=float(_agreements(ranks, kept).mean()),
        first=float((ranks[:, kept.argmin()] == 1).mean()),
        ranges=ranges,
    )


def _ranks(attributions: Floats) -> Integers:
    """Rank of the size of each attribution in its row, 1 the largest, shape (N, A)."""
    # Rounded, so that sums in another order do not decide among equals.
    order = np.argsort(-np.abs(attributions).round(DIGITS), axis=1, kind="stable")
    ranks = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
    return ranks


def _agreements(ranks: Integers, kept: Integers) -> Floats:
    """Spearman's rank correlation of each row with the ranks kept; 1 where there is one attribute."""
    count = len(kept)
    apart = ((ranks - kept) ** 2).sum(axis=1)
    return np.asarray(1 - 6 * apart / max(count * (count**2 - 1), 1))
