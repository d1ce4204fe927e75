"""EASE: a linear item-to-item model in closed form that reads a client's whole history without its order.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", The Web Conference 2019.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError, NoModel
from core.recommender.windows import (
    Floats,
    History,
    check_histories,
    check_matrix,
    check_targets,
)


class EASE:
    """Each exercise is foretold from the others a client has done: scores x·B, where B has a zero diagonal.

    With X the clients' exercises as 0 and 1, B minimises |X − XB|² + regularisation · |B|² under that constraint:
    P = (XᵀX + regularisation · I)⁻¹ gives B_ij = −P_ij / P_jj off the diagonal (Steck 2019, eq. 8). Where nothing tells
    exercises apart, popularity decides (at a thousandth of its relative frequency). It has the verbs of
    `Recommender`; its rows are a softmax of the scores, of which only the order means something.
    """

    def __init__(self, *, regularisation: float = 100.0) -> None:
        if not (np.isfinite(regularisation) and regularisation > 0):
            raise InputError(f"regularisation is {regularisation!r}; it must be a positive number.")
        self.regularisation = float(regularisation)
        self._weights: Floats | None = None
        self._popularity: Floats | None = None

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike | None = None,  # noqa: ARG002
        exercises: ArrayLike | None = None,
        *,
        targets: ArrayLike | None = None,
    ) -> Self:
        """Solve for B.

        histories: one sequence of exercise indices a client; exercises: (N, E), read for N alone (None: N is the
        largest index + 1); targets: which of all exercises may be learnt from (None: all); the others are left out of
        X. Raises InputError if nothing is left.
        """
        n = None if exercises is None else len(check_matrix(exercises, "exercises"))
        cohort = check_histories(histories, n)
        mask = check_targets(targets, len(cohort.items))
        allowed = np.ones(len(cohort.items), dtype=np.bool_) if mask is None else mask
        if not allowed.any():
            raise InputError("histories hold no target; there is nothing to learn.")
        n_exercises = int(cohort.items.max()) + 1 if n is None else n
        done = np.zeros((len(cohort), n_exercises))
        done[cohort.clients[allowed], cohort.items[allowed]] = 1.0
        inverse = np.linalg.inv(done.T @ done + self.regularisation * np.eye(n_exercises))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        counts = np.bincount(cohort.items[allowed], minlength=n_exercises) + 1.0
        self._weights, self._popularity = weights, counts / counts.sum()
        return self

    @property
    def weights(self) -> Floats:
        """B, shape (N, N): what having done i says for j; the diagonal is zero."""
        if self._weights is None:
            raise NoModel("EASE has not been fitted; call fit first.")
        return self._weights.copy()

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike | None = None) -> Floats:  # noqa: ARG002
        """A row for each history of any length, shape (n, N), rows summing to 1; order within a history is not read."""
        if self._weights is None or self._popularity is None:
            raise NoModel("EASE has not been fitted; call fit first.")
        cohort = check_histories(histories, len(self._popularity))
        done = np.zeros((len(cohort), len(self._popularity)))
        done[cohort.clients, cohort.items] = 1.0
        scores = done @ self._weights + self._popularity / 1000
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        result: Floats = likely / likely.sum(axis=1, keepdims=True)
        return result
