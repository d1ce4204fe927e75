"""Ridge regressions that learn one row at a time, their inverses kept by Sherman and Morrison's formula."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import daxpy, ddot, dger, dsymv

from core.bandit.policies.policy import Floats, Integers, State
from core.errors import InputError

REFRESH = 500  # updates between two inverses computed afresh; a fresh one costs as much as some 30 updates


class Ridge:
    """A stack of ridge regressions with a penalty of 1: θ = A⁻¹b with A = I + Σ x xᵀ, b = Σ r x.

    After each ``REFRESH`` updates of a regression its inverse and θ are computed afresh from A and b, so that the
    rounding of the formula does not add up.

    Attributes:
        gram: A, shape (K, D, D).
        inverse: A⁻¹, shape (K, D, D), symmetric but for the last digit.
        moments: b, shape (K, D).
        theta: θ, shape (K, D).
        counts: updates of each regression, shape (K,).
    """

    def __init__(self, models: int, size: int) -> None:
        self.gram: Floats = np.tile(np.eye(size), (models, 1, 1))
        self.inverse: Floats = self.gram.copy()
        self.moments: Floats = np.zeros((models, size))
        self.theta: Floats = np.zeros((models, size))
        self.counts: Integers = np.zeros(models, dtype=np.int64)
        self._look()

    def _look(self) -> None:
        """Views of each regression, made once because making one takes as long as some of the sums."""
        # BLAS changes a matrix in place only where its columns lie together: the transpose of a symmetric one.
        self._grams = [gram.T for gram in self.gram]
        self._inverses = [inverse.T for inverse in self.inverse]
        self._moments = list(self.moments)
        self._flat = self.inverse.reshape(-1, self.inverse.shape[2])
        self.thetas: list[Floats] = list(self.theta)

    def once(self, row: Floats) -> Floats:
        """A⁻¹x of each regression for one row of shape (D,): shape (K, D)."""
        product: Floats = self._flat.dot(row).reshape(self.theta.shape)
        return product

    def learn(self, model: int, row: Floats, reward: float) -> tuple[Floats, float, float]:
        """Adds one row of shape (D,) and what it earned to a regression.

        Returns:
            With A and θ from before: A⁻¹x; 1 + xᵀA⁻¹x; and how often the first of these was added to θ.
        """
        inverse, theta = self._inverses[model], self.thetas[model]
        step = dsymv(1.0, inverse, row)
        scale = 1.0 + ddot(row, step)
        gain = (reward - ddot(row, theta)) / scale
        daxpy(step, theta, a=gain)
        dger(-1.0 / scale, step, step, a=inverse, overwrite_a=1)
        dger(1.0, row, row, a=self._grams[model], overwrite_a=1)
        daxpy(row, self._moments[model], a=reward)
        self.counts[model] += 1
        if self.counts[model] % REFRESH == 0:
            self._refresh(model)
        return step, scale, gain

    def _refresh(self, model: int) -> None:
        fresh = cho_solve(cho_factor(self.gram[model]), np.eye(self.gram.shape[1]))
        self.inverse[model] = (fresh + fresh.T) / 2
        self.theta[model] = self.inverse[model] @ self.moments[model]

    def state(self) -> State:
        """Copies of the arrays."""
        return {
            name: getattr(self, name).copy() for name in ("gram", "inverse", "moments", "theta", "counts")
        }

    def load(self, state: State) -> None:
        """Takes over arrays that ``state`` gave.

        Raises:
            InputError: for an array that is missing, of another shape or type, or not finite.
        """
        for name, own in self.state().items():
            setattr(self, name, loaded(state, name, own))
        self._look()


def loaded(state: State, name: str, own: NDArray[Any]) -> NDArray[Any]:
    """A saved array that has the shape and type of ``own``, as a copy.

    Raises:
        InputError: for an array that is missing, of another shape or type, or not finite.
    """
    saved = state.get(name)
    if saved is None or saved.shape != own.shape or saved.dtype != own.dtype:
        raise InputError(f"The saved {name} must be an array of {own.dtype}, shape {own.shape}.")
    if not np.isfinite(saved).all():
        raise InputError(f"The saved {name} must be finite numbers.")
    return np.array(saved, order="C")
