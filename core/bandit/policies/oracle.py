"""The policy that knows the truth of a simulation."""

from collections.abc import Callable, Sequence

import numpy as np

from core.bandit.policies.policy import Floats, Policy
from core.errors import InputError


class Oracle(Policy):
    """The arm with the highest true expected reward; what regret is measured against. Learns nothing.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        expected: true expected rewards of contexts, shapes (N, n_features) to (N, K).
        rng: breaks ties.

    Raises:
        InputError: for arguments other than that, and from any verb where ``expected`` answers in another shape.
    """

    def __init__(
        self,
        n_features: int,
        arms: Sequence[str],
        expected: Callable[[Floats], Floats],
        rng: np.random.Generator,
    ) -> None:
        super().__init__(n_features, arms, rng)
        self._expected = expected

    def _scores_of_many(self, contexts: Floats) -> Floats:
        rewards = np.asarray(self._expected(contexts), dtype=np.float64)
        if rewards.shape != (len(contexts), len(self.arms)) or not np.isfinite(rewards).all():
            raise InputError(
                f"expected must give finite rewards of shape ({len(contexts)}, {len(self.arms)}); "
                f"it gave shape {rewards.shape}."
            )
        return rewards
