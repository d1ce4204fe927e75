"""Why a score is what it is: exact Shapley values of a linear score, with the exploration bonus apart.

For a linear expectation the Shapley value of column j against a background is θ_j (x_j - mean_j) (Lundberg and Lee
2017, corollary 1, features taken as independent). An attribute owns several columns, such as the categories of a
one-hot code, and its value is their sum with sign. A column that is the product of two others belongs to both their
attributes; with attributes as the players, of which each brings its columns from the context or from a background
row, the product's share is

    φ_left = θ_j / 2 · (l · E[r] - E[l r] + l r - E[l] · r),      φ_right with l and r exchanged,

which sum to θ_j (l r - E[l r]).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.linear import LinearPolicy
from core.bandit.policies.policy import Floats, Integers, Policy, checked_numbers
from core.errors import InputError, SpotterError

SAME = 1e-9  # how closely a sum must meet its score, and a product its factors; of the larger, at least of 1

Name = str | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One arm's score, taken apart: base + Σ attributions + bonus = score.

    Attributes:
        arm: the arm explained.
        score: what the policy scores it in this context.
        base: its mean expected reward over the background.
        attributions: what each attribute adds to that or takes away, in the order of the columns.
        bonus: what exploration adds.
    """

    arm: str
    score: float
    base: float
    attributions: dict[str, float]
    bonus: float


class Background:
    """What contexts are compared with, prepared once for many explanations.

    Args:
        rows: contexts, shape (N, D), N >= 1.
        names: for each column the attribute it belongs to, or, for a column that is the product of two others, the
            pair of their numbers; for example ``("age", "sex", "sex", (0, 1), (0, 2))``. A factor must itself
            belong to an attribute.

    Attributes:
        names: as given.
        means: mean of each column, shape (D,).
        attributes: the attributes in the order of their columns.
        columns, owners: of each part (see ``parts``) its column and its attribute.

    Raises:
        InputError: for rows that are not finite numbers, names that do not match their columns, or a column that is
            not the product it is said to be.
    """

    def __init__(self, rows: ArrayLike, names: Sequence[Name]) -> None:
        given = checked_numbers(rows, "background")
        if given.ndim != 2 or not given.size or not np.isfinite(given).all():
            raise InputError(
                f"background must be rows of finite numbers, one for a context; its shape is {given.shape}."
            )
        if isinstance(names, str) or len(names) != given.shape[1]:
            raise InputError(f"names must hold a name for each of the background's {given.shape[1]} columns.")
        self.names = tuple(names)
        self.means: Floats = given.mean(axis=0)
        self.attributes = tuple(dict.fromkeys(name for name in names if isinstance(name, str)))
        owners = {attribute: place for place, attribute in enumerate(self.attributes)}
        for column, name in enumerate(names):
            if not (isinstance(name, str) and name) and not _is_product(name, names):
                raise InputError(
                    f"names[{column}] must be an attribute, or the numbers of two columns that have one; "
                    f"it is {name!r}."
                )
        products = [column for column, name in enumerate(names) if not isinstance(name, str)]
        pairs = [name for name in names if not isinstance(name, str)]
        self._products: Integers = np.array(products, dtype=np.int64)
        self._factors: Integers = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self._plain: Integers = np.array(
            [j for j, name in enumerate(names) if isinstance(name, str)], dtype=np.int64
        )
        # The attribute of each column that has one, then of each product's left factor, then of each right one.
        of_column = {j: owners[name] for j, name in enumerate(names) if isinstance(name, str)}
        self.owners: Integers = np.array(
            [*of_column.values(), *(of_column[int(j)] for j in self._factors.T.ravel())], dtype=np.int64
        )
        self.columns: Integers = np.concatenate((self._plain, self._products, self._products))
        self._check_products(given)

    def shares(self, x: Floats, theta: Floats) -> Floats:
        """What each attribute adds to θᵀx over its mean; arrays of shape (D,), unchecked but for the products."""
        return self._summed(self.parts(x) * theta[self.columns])

    def shares_of_many(self, contexts: Floats, theta: Floats) -> Floats:
        """``shares`` of contexts of shape (N, D): shape (N, attributes)."""
        weighted = self.parts(contexts) * theta[self.columns]
        return np.asarray(weighted @ np.eye(len(self.attributes))[self.owners])

    def parts(self, x: Floats) -> Floats:
        """What each part would add were its column's θ 1, shape (..., P) for contexts of shape (..., D).

        A column that has an attribute is one part of it; a product is a part of each of its factors' attributes.
        Part p is of the attribute ``attributes[owners[p]]`` and of the column ``columns[p]``.
        """
        over = x - self.means
        if not self._products.size:
            return over
        self._check_products(x)
        # The formula above, rearranged: half of what the product adds, plus or minus what one factor alone
        # brings more than the other.
        left, right = self._factors[:, 0], self._factors[:, 1]
        tilt = (x[..., left] * self.means[right] - self.means[left] * x[..., right]) / 2
        half = over[..., self._products] / 2
        return np.concatenate((over[..., self._plain], half + tilt, half - tilt), axis=-1)

    def _summed(self, parts: Floats) -> Floats:
        sums: Floats = np.bincount(self.owners, parts, len(self.attributes)).astype(np.float64, copy=False)
        return sums

    def _check_products(self, rows: Floats) -> None:
        products, factors = rows[..., self._products], rows[..., self._factors]
        wanted = factors[..., 0] * factors[..., 1]
        if (np.abs(products - wanted) > SAME * np.maximum(1.0, np.abs(wanted))).any():
            raise InputError(
                f"Columns {self._products.tolist()} must be the products that names says they are."
            )


def explain(
    policy: Policy,
    x: ArrayLike,
    background: Background | ArrayLike,
    names: Sequence[Name] | None = None,
    *,
    arm: str | None = None,
) -> Explanation:
    """The score of an arm as a base, what each attribute adds, and the exploration bonus.

    Args:
        policy: one with a linear expectation; nothing is drawn from its generator.
        x: the context, shape (n_features,).
        background: what the context is compared with: a ``Background`` for many explanations, or its rows.
        names: as ``Background``; needed with rows, and with a ``Background`` only the same may be given.
        arm: the arm to explain; the one with the highest score, the first of equals, where left out.

    Raises:
        InputError: for a policy without a linear expectation, a context or arm that it does not take, or a
            background of another width.
        SpotterError: if the parts do not add up to the score, which would be a fault in Spotter.
    """
    if not isinstance(policy, LinearPolicy):
        raise InputError(
            f"Only a policy with a linear expectation can be explained, not {type(policy).__name__}."
        )
    prepared = _prepared(background, names)
    if len(prepared.names) != policy.n_features:
        raise InputError(
            f"background must have {policy.n_features} columns, as contexts do; it has {len(prepared.names)}."
        )
    context = checked_numbers(x, "x")
    if context.ndim != 1:
        raise InputError(f"x must be one context; its shape is {context.shape}.")
    scores = policy.scores(context)
    index = int(scores.argmax()) if arm is None else policy.index(arm)
    theta = policy.coefficients()[index]
    shares: list[float] = prepared.shares(context, theta).tolist()
    base = float(theta.dot(prepared.means))
    bonus, score = float(policy.bonuses(context)[index]), float(scores[index])
    total = base + sum(shares) + bonus
    if not abs(total - score) <= SAME * max(1.0, abs(score)):
        raise SpotterError(
            f"The explanation adds up to {total!r}, the score is {score!r}; please report this."
        )
    attributions = dict(zip(prepared.attributes, shares, strict=True))
    return Explanation(policy.arms[index], score, base, attributions, bonus)


def _prepared(background: Background | ArrayLike, names: Sequence[Name] | None) -> Background:
    if not isinstance(background, Background):
        if names is None:
            raise InputError("names must say which attribute each column of the background belongs to.")
        return Background(background, names)
    if names is not None and tuple(names) != background.names:
        raise InputError("names differ from those the background was prepared with; leave them out.")
    return background


def _is_product(name: object, names: Sequence[Name]) -> bool:
    """Whether a name is a pair of columns that each belong to an attribute."""
    return (
        isinstance(name, tuple)
        and len(name) == 2
        and all(
            isinstance(j, int)
            and not isinstance(j, bool)
            and 0 <= j < len(names)
            and isinstance(names[j], str)
            for j in name
        )
    )
