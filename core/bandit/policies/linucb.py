"""LinUCB with parameters of its own for each arm."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg.blas import ddot

from core.bandit.policies.linear import LinearPolicy, variances
from core.bandit.policies.policy import Floats, State, checked_number
from core.bandit.policies.ridge import Ridge

WIDEST = 1e6


class LinUCB(LinearPolicy):
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

    def __init__(
        self,
        n_features: int,
        arms: Sequence[str],
        width: float,
        rng: np.random.Generator,
        *,
        epsilon: float = 0.0,
    ) -> None:
        super().__init__(n_features, arms, rng, epsilon=epsilon)
        self.width = checked_number(width, "width", 0.0, WIDEST)
        self.ridge = Ridge(len(self.arms), self.n_features)

    def coefficients(self) -> Floats:
        """θ of each arm, shape (K, n_features); a copy."""
        return self.ridge.theta.copy()

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
        return np.asarray(self.width * np.sqrt(variances(contexts, self.ridge.inverse)))

    def _learn(self, context: Floats, arm: int, reward: float) -> None:
        self.ridge.learn(arm, context, reward)

    def _state(self) -> State:
        return {"width": np.array(self.width), **self.ridge.state()}
