"""An arm at random."""

import numpy as np

from core.bandit.policies.policy import Floats, Policy


class RandomPolicy(Policy):
    """Each allowed arm with the same chance; every score is 0, and nothing is learnt."""

    def _scores_of_many(self, contexts: Floats) -> Floats:
        return np.zeros((len(contexts), len(self.arms)))
