"""LinUCB with parameters that the arms share beside those of their own."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import daxpy, ddot, dger, dsymv

from core.bandit.policies.linucb import LinUCB
from core.bandit.policies.policy import Floats, State
from core.bandit.policies.ridge import REFRESH, loaded


class HybridLinUCB(LinUCB):
    """Hybrid LinUCB (Li 2010, algorithm 2): the score is (β + θ)ᵀx + width · the standard deviation of that.

    β is shared by the arms and θ is an arm's own; arms are not described, so that the paper's z is x itself. Then its
    B is A - I for each arm, and its sums become A₀ = (K + 1) I - Σ A⁻¹ and b₀ = Σ A⁻¹b over the arms: all that is
    needed beside the arms' own ridge regressions is the inverse of A₀, of the size of a context. What an arm learns
    from a row changes A₀ by one row too, A⁻¹x.

    Args:
        n_features: length of a context.
        arms: names of the arms.
        width: how much of the standard deviation is added as a bonus; 0 or more.
        rng: breaks ties.
        epsilon: share of picks at random.

    Raises:
        InputError: for arguments other than that.
    """

    _most = 2.0  # of I and of A₀⁻¹, neither of which A⁻¹ and A₀⁻¹ exceed

    def __init__(
        self,
        n_features: int,
        arms: Sequence[str],
        width: float,
        rng: np.random.Generator,
        *,
        epsilon: float = 0.0,
    ) -> None:
        super().__init__(n_features, arms, width, rng, epsilon=epsilon)
        self.shared: Floats = np.eye(self.n_features)  # A₀⁻¹
        self.beta: Floats = np.zeros(self.n_features)

    def coefficients(self) -> Floats:
        """What each feature weighs for each arm, shared and own together, shape (K, n_features)."""
        return np.asarray(self.ridge.theta + self.ridge.once(self.beta))

    def _bonuses_of_one(self, context: Floats) -> Floats:
        return np.array([bonus for _, bonus in self._parts(context)])

    def _draws_of_one(self, context: Floats) -> list[float]:
        return [mean + bonus for mean, bonus in self._parts(context)]

    def _parts(self, context: Floats) -> list[tuple[float, float]]:
        """Each arm's expected reward and bonus: with s = A⁻¹x, θ₀ᵀx + βᵀs and width √(xᵀs + sᵀA₀⁻¹s).

        θ₀ is what the arm's rows alone say; θ = θ₀ - (I - A⁻¹) β.
        """
        steps = self.ridge.once(context)
        return [
            (
                ddot(context, theta) + ddot(self.beta, step),
                self.width * math.sqrt(max(ddot(context, step) + ddot(step, across), 0.0)),
            )
            for theta, step, across in zip(self.ridge.thetas, steps, steps.dot(self.shared), strict=True)
        ]

    def _covariances(self) -> Floats:
        """The covariance of each arm's coefficients, shape (K, n_features, n_features)."""
        return np.asarray(self.ridge.inverse + self.ridge.inverse @ self.shared @ self.ridge.inverse)

    def _learn(self, context: Floats, arm: int, reward: float) -> None:
        step, scale, gain = self.ridge.learn(arm, context, reward)
        if self.ridge.counts[arm] % REFRESH == 0:
            self._join()
            return
        # A₀ gains step stepᵀ / scale, and b₀ gain step.
        shared = self.shared.T  # the same numbers; BLAS changes in place what lies in columns
        across = dsymv(1.0, shared, step)
        total = scale + ddot(step, across)
        part = gain * ddot(step, across) + ddot(step, self.beta)
        daxpy(across, self.beta, a=gain - part / total)
        dger(-1.0 / total, across, across, a=shared, overwrite_a=1)

    def _join(self) -> None:
        """A₀⁻¹ and β afresh from the arms' regressions."""
        size = self.n_features
        gram = (len(self.arms) + 1) * np.eye(size) - self.ridge.inverse.sum(axis=0)
        fresh = cho_solve(cho_factor(gram), np.eye(size))
        self.shared = np.ascontiguousarray((fresh + fresh.T) / 2)
        self.beta = self.shared @ self.ridge.theta.sum(axis=0)

    def load(self, state: State) -> None:
        """Takes over what ``state`` gave; raises as ``LinearPolicy.load``."""
        super().load(state)
        self.shared = loaded(state, "shared", self.shared)
        self.beta = loaded(state, "beta", self.beta)

    def _state(self) -> State:
        return {**super()._state(), "shared": self.shared.copy(), "beta": self.beta.copy()}
