"""LinUCB with parameters of its own for each arm."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg.blas import ddot

from core.bandit.policies.linear import WidePolicy
from core.bandit.policies.policy import Flags, Floats
from core.bandit.policies.screening import contenders


class LinUCB(WidePolicy):
    """Disjoint LinUCB (Li 2010, algorithm 1): the score is θᵀx + width √(xᵀA⁻¹x).

    Args:
        n_features: length of a context.
        arms: names of the arms.
        width: α of the paper, how much of the standard deviation is added as a bonus; 0 or more. It is no rate
            of learning.
        rng: breaks ties.
        epsilon: share of picks at random.

    Raises:
        InputError: for arguments other than that.
    """

    _most = 1.0  # no eigenvalue of a covariance is larger: A⁻¹ is that of I and what was learnt

    def _scores_of_one(self, context: Floats) -> Floats:
        return np.array(self._draws_of_one(context))

    def _draws_of_one(self, context: Floats) -> list[float]:
        # For a few arms a sum after the other is quicker than arrays of that length.
        return [
            ddot(context, theta) + self.width * math.sqrt(max(ddot(context, step), 0.0))
            for theta, step in zip(self.ridge.thetas, self.ridge.once(context), strict=True)
        ]

    def _bonuses_of_one(self, context: Floats) -> Floats:
        variance = self.ridge.once(context).dot(context)
        np.maximum(variance, 0.0, out=variance)
        return np.asarray(self.width * np.sqrt(variance))

    def bonuses(self, x: ArrayLike) -> Floats:
        """width √(xᵀA⁻¹x) of each arm, shape (K,) for one context."""
        return self._bonuses_of_one(self._context(x))

    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        return self._spreads(contexts)

    def _best_of_many(self, contexts: Floats, mask: Flags | None) -> Flags:
        tied = contenders(
            contexts,
            self.coefficients(),
            self._covariances(),
            width=self.width,
            most=self._most,
            mask=mask,
        ).T
        rows = np.flatnonzero(tied.sum(axis=1) > 1)
        if rows.size:
            tied[rows] = super()._best_of_many(contexts[rows], None if mask is None else mask[rows])
        return tied
