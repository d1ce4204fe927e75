"""What the policies with a linear expectation share: it can be explained."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.policy import Floats, Policy, State, checked_number
from core.bandit.policies.ridge import Ridge

WIDEST = 1e6


class LinearPolicy(Policy):
    """A policy whose score is θᵀx plus a bonus for what is not yet known; a ridge regression for each arm.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        rng: draws, and breaks ties.
        epsilon: share of picks at random.

    Raises:
        InputError: for arguments other than that.
    """

    def __init__(
        self, n_features: int, arms: Sequence[str], rng: np.random.Generator, *, epsilon: float = 0.0
    ) -> None:
        super().__init__(n_features, arms, rng, epsilon=epsilon)
        self.ridge = Ridge(len(self.arms), self.n_features)

    def bonuses(self, x: ArrayLike) -> Floats:
        """What exploration adds to the score of each arm, shape (K,) for one context.

        Raises:
            InputError: for a context that cannot be scored.
        """
        bonuses: Floats = self._bonuses_of_many(self._context(x)[None])[0]
        return bonuses

    def coefficients(self) -> Floats:
        """θ, the weight of each feature in each arm's expected reward, shape (K, n_features); a copy."""
        return self.ridge.theta.copy()

    @abstractmethod
    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        """Bonuses of checked contexts, shape (N, K)."""

    def _scores_of_many(self, contexts: Floats) -> Floats:
        return np.asarray(contexts @ self.coefficients().T + self._bonuses_of_many(contexts))

    def _learn(self, context: Floats, arm: int, reward: float) -> None:
        self.ridge.learn(arm, context, reward)

    def _state(self) -> State:
        return self.ridge.state()

    def load(self, state: State) -> None:
        """Takes over what was learnt from a state; ``restore`` makes the whole policy.

        Raises:
            InputError: for an array that is missing, of another shape or type, or not finite.
        """
        self.ridge.load(state)


class WidePolicy(LinearPolicy):
    """A linear policy with a width: how much its doubt counts.

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

    def _covariances(self) -> Floats:
        """The covariance of each arm's coefficients, shape (K, n_features, n_features); not to be changed."""
        return self.ridge.inverse

    def _spreads(self, contexts: Floats) -> Floats:
        """width √(xᵀCx) of each context and arm with its covariance C, shape (N, K)."""
        return np.asarray(self.width * np.sqrt(variances(contexts, self._covariances())))

    def _state(self) -> State:
        return {"width": np.array(self.width), **super()._state()}


def variances(contexts: Floats, covariances: Floats) -> Floats:
    """xᵀCx for each context and arm, shapes (N, D) and (K, D, D) to (N, K); never below 0."""
    columns = [np.einsum("nd,nd->n", contexts @ covariance, contexts) for covariance in covariances]
    return np.asarray(np.maximum(np.stack(columns, axis=1), 0.0))
