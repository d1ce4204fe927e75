"""The last layer refitted from nothing on all answers so far: a softmax regression on states that stay as they are.

Its loss is convex, so that what it gives depends on the answers alone and on no order, seed or number of epochs: what
is compared are the answers that strategies of asking collected. One answer at a time is `personalising.teach`.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from core.errors import InputError
from core.recommender.personalising import LastLayer
from core.recommender.windows import Bools, Floats, Ints

PRECISION = 0.1  # of the Gaussian prior of each weight, mean 0
ITERATIONS = 200


def refit(
    states: Floats,
    targets: Ints,
    n: int,
    *,
    precision: float = PRECISION,
    left_out: Bools | None = None,
    start: LastLayer | None = None,
) -> LastLayer:
    """The layer without bias that minimises Σ −log p(target) + precision/2 · ‖W‖², by L-BFGS.

    states: (M, K); targets: (M,) exercises from 0 to n − 1; left_out: (M, n) exercises outside the softmax, no target
    among them. start: where to begin, which saves time and changes the result by no more than the tolerance.
    Raises InputError for shapes that do not fit, a target that is left out, or a precision that is not positive.
    """
    if states.ndim != 2 or targets.shape != states.shape[:1]:
        raise InputError(
            f"states has shape {states.shape} and targets {targets.shape}; expected (M, K) and (M,)."
        )
    if not precision > 0:
        raise InputError(f"precision is {precision!r}; it must be positive.")
    if len(targets) and not 0 <= targets.min() <= targets.max() < n:
        raise InputError(
            f"targets run from {targets.min()} to {targets.max()}; they must be from 0 to {n - 1}."
        )
    rows, k = np.arange(len(targets)), states.shape[1]
    if left_out is not None and left_out[rows, targets].any():
        raise InputError("A target is among the exercises that are left out of the softmax.")

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(n, k)
        scores = _scores(weights, states, left_out)
        top = scores.max(axis=1, keepdims=True, initial=-np.inf)
        error = np.exp(scores - top)
        total = error.sum(axis=1, keepdims=True)
        value = float((np.log(total) + top).sum() - scores[rows, targets].sum()) + precision / 2 * float(
            flat @ flat
        )
        error /= total
        error[rows, targets] -= 1
        return value, (error.T @ states + precision * weights).ravel()

    begin = np.zeros(n * k) if start is None else start.weights.ravel()
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "ftol": 1e-7})
    return LastLayer(found.x.reshape(n, k), None)


def predict(layer: LastLayer, states: Floats, left_out: Bools | None = None) -> Floats:
    """Eq. 7 for states (M, K), shape (M, N); 0 for what is left out."""
    result: Floats = softmax(_scores(layer.weights, states, left_out), axis=1)
    return result


def _scores(weights: Floats, states: Floats, left_out: Bools | None) -> Floats:
    scores: Floats = states @ weights.T
    if left_out is not None:
        scores[left_out] = -np.inf
    return scores
