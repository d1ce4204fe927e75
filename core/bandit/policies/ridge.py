"""Ridge regressions that learn one row at a time, their inverses kept by Sherman and Morrison's formula."""

import math

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import dger

from core.bandit.policies.policy import Floats, Integers, State
from core.errors import InputError

REFRESH = 500  # updates between two inverses computed afresh; a fresh one costs as much as some 30 updates


class Ridge:
    """A stack of ridge regressions with a penalty of 1: θ = A⁻¹b with A = I + Σ x xᵀ, b = Σ r x.

    After each ``REFRESH`` updates of a regression its inverse is computed afresh from A, so that the rounding of the
    formula does not add up.

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

    def learn(self, model: int, row: Floats, reward: float) -> None:
        """Adds one row of shape (D,) and what it earned to a regression."""
        inverse, moments = self.inverse[model], self.moments[model]
        step = inverse.dot(row)
        step /= math.sqrt(1.0 + row.dot(step))
        # BLAS adds the outer product in place, for which it must see columns: the transpose of a symmetric matrix.
        dger(-1.0, step, step, a=inverse.T, overwrite_a=1)
        dger(1.0, row, row, a=self.gram[model].T, overwrite_a=1)
        moments += reward * row
        count = self.counts[model] = self.counts[model] + 1
        if count % REFRESH == 0:
            self._refresh(model)
        np.dot(inverse, moments, out=self.theta[model])

    def _refresh(self, model: int) -> None:
        fresh = cho_solve(cho_factor(self.gram[model]), np.eye(self.gram.shape[1]))
        self.inverse[model] = (fresh + fresh.T) / 2

    def state(self) -> State:
        """Copies of the arrays."""
        return {
            name: getattr(self, name).copy() for name in ("gram", "inverse", "moments", "theta", "counts")
        }

    def load(self, state: State) -> None:
        """Takes over arrays that ``state`` gave.

        Raises:
            InputError: for an array that is missing or of another shape or type.
        """
        for name, own in self.state().items():
            saved = state.get(name)
            if saved is None or saved.shape != own.shape or saved.dtype != own.dtype:
                raise InputError(f"The saved {name} must be an array of {own.dtype}, shape {own.shape}.")
            setattr(self, name, saved.copy())
