"""What the policies with a linear expectation share: it can be explained."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.policy import Floats, Policy, State, checked_number
from core.bandit.policies.ridge import Ridge

WIDEST = 1e6


class LinearPolicy(Policy):
    """A policy whose score is θᵀx plus a bonus for what is not yet known."""

    def bonuses(self, x: ArrayLike) -> Floats:
        """What exploration adds to the score of each arm, shape (K,) for one context.

        Raises:
            InputError: for a context that cannot be scored.
        """
        bonuses: Floats = self._bonuses_of_many(self._context(x)[None])[0]
        return bonuses

    @abstractmethod
    def coefficients(self) -> Floats:
        """θ, the weight of each feature in each arm's expected reward, shape (K, n_features)."""

    @abstractmethod
    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        """Bonuses of checked contexts, shape (N, K)."""

    def _scores_of_many(self, contexts: Floats) -> Floats:
        return np.asarray(contexts @ self.coefficients().T + self._bonuses_of_many(contexts))


class WidePolicy(LinearPolicy):
    """A linear policy with a ridge regression of its own for each arm, and a width: how much its doubt counts.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        width: how much of the standard deviation counts; 0 or more.
        rng: draws, and breaks ties.
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

    def _spreads(self, contexts: Floats) -> Floats:
        """width √(xᵀA⁻¹x) of each context and arm, shape (N, K)."""
        return np.asarray(self.width * np.sqrt(variances(contexts, self.ridge.inverse)))

    def _learn(self, context: Floats, arm: int, reward: float) -> None:
        self.ridge.learn(arm, context, reward)

    def _state(self) -> State:
        return {"width": np.array(self.width), **self.ridge.state()}


def variances(contexts: Floats, inverses: Floats) -> Floats:
    """xᵀA⁻¹x for each context and arm, shapes (N, D) and (K, D, D) to (N, K); never below 0."""
    columns = [np.einsum("nd,nd->n", contexts @ inverse, contexts) for inverse in inverses]
    return np.asarray(np.maximum(np.stack(columns, axis=1), 0.0))
