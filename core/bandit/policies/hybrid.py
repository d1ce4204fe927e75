"""LinUCB with parameters that the arms share beside those of their own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.linear import WIDEST, LinearPolicy, variances
from core.bandit.policies.policy import LONGEST, Floats, State, checked_number, checked_numbers
from core.bandit.policies.ridge import Ridge
from core.errors import InputError


class HybridLinUCB(LinearPolicy):
    """Hybrid LinUCB (Li 2010, algorithm 2): the score is βᵀz + θᵀx + width · the standard deviation of that.

    z = f ⊗ x crosses what describes the arm with the context, as the paper does; where arms are not described, f is
    1 and β what all arms have in common. The paper eliminates β block by block; it is one ridge regression of β and
    all θ together, and is kept as that, so that an update is the same as for LinUCB, in more dimensions.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        width: how much of the standard deviation is added as a bonus; 0 or more.
        rng: breaks ties.
        described: f, what describes each arm, shape (K, M), each of a length of at most 10.
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
        described: ArrayLike | None = None,
        epsilon: float = 0.0,
    ) -> None:
        super().__init__(n_features, arms, rng, epsilon=epsilon)
        self.width = checked_number(width, "width", 0.0, WIDEST)
        count = len(self.arms)
        f = np.ones((count, 1)) if described is None else checked_numbers(described, "described")
        if f.ndim != 2 or len(f) != count or not (np.linalg.norm(f, axis=1) <= LONGEST / 100).all():
            raise InputError(f"described must be a row of small finite numbers for each of {count} arms.")
        self._described = f.copy()
        # How the parameters (β in M blocks, θ in K) enter each arm: shape (K, M + K).
        self._blocks: Floats = np.hstack((f, np.eye(count)))
        self.ridge = Ridge(1, self._blocks.shape[1] * self.n_features)

    def coefficients(self) -> Floats:
        """What each feature weighs for each arm, shared and own together, shape (K, n_features)."""
        return np.asarray(self._blocks @ self.ridge.theta[0].reshape(-1, self.n_features))

    def _scores_of_one(self, context: Floats) -> Floats:
        return np.asarray(self.coefficients().dot(context) + self._bonuses_of_one(context))

    def bonuses(self, x: ArrayLike) -> Floats:
        """What exploration adds to the score of each arm, shape (K,) for one context."""
        return self._bonuses_of_one(self._context(x))

    def _bonuses_of_one(self, context: Floats) -> Floats:
        blocks, size = self._blocks.shape[1], self.n_features
        once = self.ridge.inverse[0].reshape(-1, size).dot(context).reshape(blocks, size, blocks)
        # The covariance of what the blocks add, shape (M + K, M + K).
        covariance = context @ once
        variance = ((self._blocks @ covariance) * self._blocks).sum(axis=1)
        return np.asarray(self.width * np.sqrt(np.maximum(variance, 0.0)))

    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        blocks, size = self._blocks.shape[1], self.n_features
        inverse = self.ridge.inverse[0].reshape(blocks, size, blocks, size)
        # The covariance of each arm's coefficients, shape (K, n_features, n_features).
        half = np.tensordot(self._blocks, inverse, axes=(1, 0))
        each = np.einsum("kdje,kj->kde", half, self._blocks)
        return np.asarray(self.width * np.sqrt(variances(contexts, each)))

    def _learn(self, context: Floats, arm: int, reward: float) -> None:
        self.ridge.learn(0, np.outer(self._blocks[arm], context).ravel(), reward)

    def _state(self) -> State:
        return {"width": np.array(self.width), "described": self._described.copy(), **self.ridge.state()}
