"""Making a model one client's own: the nearest training clients, and the last layer's lesson from a label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.recommender.windows import Floats, Ints

# The authors' code: fine-tuning on the nearest clients, and on an answer.
NEIGHBOURS_RATE = 0.001
ANSWER_RATE = 0.01
ANSWER_EPOCHS = 2
ANSWER_REHEARSAL = 30

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LastLayer:
    """W_y, shape (N, K), and b_y, shape (N,) or None: what an answer changes."""

    weights: Array
    bias: Array | None


def nearest(profile: Floats, profiles: Floats, k: int) -> Ints:
    """Rows of the k profiles nearest to one, nearest first, by Euclidean distance over standardised columns.

    profile: (P,); profiles: (C, P), whose means and standard deviations standardise both. A column that is the same in
    all profiles is left out. Of equally near rows the first counts as nearer. All rows if there are fewer than k.
    Source: Mahyari 2022, section III-B.
    """
    spread = profiles.std(axis=0)
    varies = spread > 0
    difference = (profiles[:, varies] - profile[varies]) / spread[varies]
    return np.argsort(np.square(difference).sum(axis=1), kind="stable")[:k]


def teach(
    layer: LastLayer, hidden: Array, exercise: int, rehearsal: Array, targets: Ints, rng: np.random.Generator
) -> LastLayer:
    """Fine-tune the last layer on one answer; the given layer is left as it is.

    hidden: (K,) the state in which `exercise` is right; rehearsal: (R, K) states of training windows, and their
    targets (R,). Each of two epochs is one Adam step on a batch of 32: the answer twice, and 30 windows drawn from the
    rehearsal with replacement, as in the authors' code. The body being frozen, this is softmax regression, and its
    gradient is written out here: building it with autograd takes ten times as long.
    """
    rows = np.arange(ANSWER_REHEARSAL + 2)
    parameters = [layer.weights.copy()] + ([] if layer.bias is None else [layer.bias.copy()])
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    for step in range(1, ANSWER_EPOCHS + 1):
        drawn = rng.integers(len(rehearsal), size=ANSWER_REHEARSAL)
        states = np.vstack([hidden, rehearsal[drawn], hidden])
        wanted = np.concatenate([[exercise], targets[drawn], [exercise]])
        logits = states @ parameters[0].T + (0 if layer.bias is None else parameters[1])
        error = np.exp(logits - logits.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
        error[rows, wanted] -= 1
        error /= len(rows)
        gradients = [error.T @ states, error.sum(axis=0)]
        for parameter, gradient, mean, square in zip(parameters, gradients, means, squares, strict=False):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            step_size = ANSWER_RATE / (1 - 0.9**step)
            parameter -= step_size * mean / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return LastLayer(parameters[0], None if layer.bias is None else parameters[1])
