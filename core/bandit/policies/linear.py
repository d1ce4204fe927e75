"""What the policies with a linear expectation share: it can be explained."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.policy import Floats, Policy


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


def variances(contexts: Floats, inverses: Floats) -> Floats:
    """xᵀA⁻¹x for each context and arm, shapes (N, D) and (K, D, D) to (N, K); never below 0."""
    columns = [np.einsum("nd,nd->n", contexts @ inverse, contexts) for inverse in inverses]
    return np.asarray(np.maximum(np.stack(columns, axis=1), 0.0))
