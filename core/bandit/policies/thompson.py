"""Thompson sampling with a linear expectation."""

import numpy as np
from scipy.special import ndtr

from core.bandit.policies.linear import WidePolicy
from core.bandit.policies.policy import Flags, Floats

_KNOTS = np.array([-9.0, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_ROWS = 256  # contexts integrated at once, so that memory stays small


class LinearThompson(WidePolicy):
    """Linear Thompson sampling (Agrawal and Goyal 2013), parameters of its own for each arm.

    The pick maximises xᵀθ̃ with θ̃ ~ N(θ, width² A⁻¹). The arms' draws are independent, so xᵀθ̃ is drawn at once
    from N(θᵀx, width² xᵀA⁻¹x). ``scores`` are the means, without the draw, and bonuses are 0; the propensities are
    exact.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        width: v of the paper, the scale of the draws; 0 or more.
        rng: draws, and breaks ties.
        epsilon: share of picks at random.

    Raises:
        InputError: for arguments other than that.
    """

    def _bonuses_of_many(self, contexts: Floats) -> Floats:
        return np.zeros((len(contexts), len(self.arms)))

    def _draws_of_one(self, context: Floats) -> list[float]:
        variance = np.maximum(self.ridge.once(context).dot(context), 0.0)
        noise = self.rng.standard_normal(len(self.arms))
        draws: list[float] = (self.ridge.theta.dot(context) + self.width * np.sqrt(variance) * noise).tolist()
        return draws

    def _draws_of_many(self, contexts: Floats) -> Floats:
        noise = self.rng.standard_normal((len(contexts), len(self.arms)))
        return self._scores_of_many(contexts) + self._spreads(contexts) * noise

    def _greedy(self, contexts: Floats, mask: Flags) -> Floats:
        chances = super()._greedy(contexts, mask)
        spreads = self._spreads(contexts)
        drawn = np.flatnonzero((spreads > 0.0).all(axis=1))
        for start in range(0, drawn.size, _ROWS):
            rows = drawn[start : start + _ROWS]
            means = self._scores_of_many(contexts[rows])
            chances[rows] = chances_of_most(means, spreads[rows], mask[rows])
        return chances


def chances_of_most(means: Floats, spreads: Floats, mask: Flags) -> Floats:
    """The probability of each of some independent normal numbers to be the largest, to about 1e-7.

    Integrates the density of one times the distributions of the others, piece by piece between knots that lie around
    each mean as closely as its spread asks for.

    Args:
        means: shape (N, K).
        spreads: standard deviations above 0, shape (N, K).
        mask: which numbers take part, shape (N, K).
    """
    knots = (means[:, :, None] + spreads[:, :, None] * _KNOTS).reshape(len(means), -1)
    knots.sort(axis=1)
    widths = np.diff(knots, axis=1)[:, :, None]
    points = knots[:, :-1, None] + widths * (_NODES + 1) / 2
    standard = (points[..., None] - means[:, None, None, :]) / spreads[:, None, None, :]
    below = np.where(mask[:, None, None, :], ndtr(standard), 1.0)
    density = np.exp(-(standard**2) / 2) / (np.sqrt(2 * np.pi) * spreads[:, None, None, :])
    weights = widths * _WEIGHTS / 2
    chances = np.zeros(means.shape)
    for k in range(means.shape[1]):
        others = np.prod(np.delete(below, k, axis=-1), axis=-1)
        chances[:, k] = np.einsum("npq,npq,npq->n", density[..., k], others, weights)
    chances = np.where(mask, chances, 0.0)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
