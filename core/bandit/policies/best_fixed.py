"""The one arm that would have been best throughout."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.policies.policy import Floats, Policy, State, checked_numbers
from core.errors import InputError


class BestFixedArm(Policy):
    """Always the arm with the highest mean reward, known beforehand; a baseline for regret that learns nothing.

    Where that arm is not allowed, the best of those that are.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        means: each arm's mean expected reward over all decisions, shape (K,).
        rng: breaks ties.

    Raises:
        InputError: for arguments other than that.
    """

    def __init__(
        self, n_features: int, arms: Sequence[str], means: ArrayLike, rng: np.random.Generator
    ) -> None:
        super().__init__(n_features, arms, rng)
        self._means = checked_numbers(means, "means").copy()
        if self._means.shape != (len(self.arms),) or not np.isfinite(self._means).all():
            raise InputError(f"means must be a finite number for each of the {len(self.arms)} arms.")

    def _scores_of_many(self, contexts: Floats) -> Floats:
        return np.tile(self._means, (len(contexts), 1))

    def _state(self) -> State:
        return {"means": self._means.copy()}
