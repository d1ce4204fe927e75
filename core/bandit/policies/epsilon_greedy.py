"""ε-greedy with a linear expectation."""

from collections.abc import Sequence

import numpy as np

from core.bandit.policies.linear import LinearPolicy
from core.bandit.policies.policy import Floats


class EpsilonGreedy(LinearPolicy):
    """The arm that a ridge regression of each arm expects most of; with probability ε one at random.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        epsilon: share of picks at random, 0 to 1.
        rng: draws, and breaks ties.

    Raises:
        InputError: for arguments other than that.
    """

    def __init__(
        self, n_features: int, arms: Sequence[str], epsilon: float, rng: np.random.Generator
    ) -> None:
        super().__init__(n_features, arms, rng, epsilon=epsilon)

    def _scores_of_one(self, context: Floats) -> Floats:
        return np.asarray(self.ridge.theta.dot(context))

    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        return np.zeros((len(contexts), len(self.arms)))
