"""Making a model one client's own: the nearest training clients, and the last layer's lesson from a label."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.recommender.windows import Floats, Ints

# The authors' code: fine-tuning on the nearest clients, and on an answer.
NEIGHBOURS_RATE = 0.001
ANSWER_RATE = 0.01
ANSWER_EPOCHS = 2
ANSWER_REHEARSAL = 30
# The least rise of the answer's log odds (large enough to survive single precision), and the steps allowed for it.
LEAST_RISE = 0.01
MOST_EXTRA = 10

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
    layer: LastLayer,
    hidden: Array,
    exercise: int,
    rehearsal: Array,
    targets: Ints,
    rng: np.random.Generator,
    *,
    rate: float = ANSWER_RATE,
) -> LastLayer:
    """Fine-tune the last layer on one answer; the given layer is left as it is.

    hidden: (K,) the state in which `exercise` is right; rehearsal: (R, K) states of training windows, and their
    targets (R,). Each of two epochs is one Adam step on a batch of 32: the answer twice, and 30 windows drawn from the
    rehearsal with replacement, as in the authors' code. There the draw can outweigh the answer and make the taught
    exercise less likely than before; if so, steps on the answer alone follow until its log odds have risen. (Only
    with a zero state and no bias is there nothing to teach.) rate: of Adam.
    """
    before = [layer.weights] if layer.bias is None else [layer.weights, layer.bias]
    learner = _Adam(before, rate)
    for _ in range(ANSWER_EPOCHS):
        drawn = rng.integers(len(rehearsal), size=ANSWER_REHEARSAL)
        learner.step(
            np.vstack([hidden, rehearsal[drawn], hidden]),
            np.concatenate([[exercise], targets[drawn], [exercise]]),
        )
    wanted = _log_odds(before, hidden, exercise) + LEAST_RISE
    # Two steps of Adam move each weight by about 0.02 at most: a few steps the other way make up for them.
    alone = _Adam(learner.parameters, rate)
    for _ in range(MOST_EXTRA):
        if _log_odds(alone.parameters, hidden, exercise) >= wanted:
            break
        alone.step(hidden[None, :], np.array([exercise]))
    return LastLayer(alone.parameters[0], None if layer.bias is None else alone.parameters[1])


class _Adam:
    """Softmax regression by Adam, with torch's constants.

    The gradient is written out because building it with autograd takes ten times as long.
    """

    def __init__(self, parameters: list[Array], rate: float) -> None:
        self._rate = rate
        self.parameters = [p.copy() for p in parameters]
        self._means = [np.zeros_like(p) for p in parameters]
        self._squares = [np.zeros_like(p) for p in parameters]
        self._steps = 0

    def step(self, states: Array, wanted: Ints) -> None:
        """One step down the mean cross-entropy of states (B, K) with targets (B,)."""
        self._steps += 1
        error = states @ self.parameters[0].T
        if len(self.parameters) > 1:
            error += self.parameters[1]
        error = np.exp(error - error.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(len(states)), wanted] -= 1
        error /= len(states)
        gradients = [error.T @ states, error.sum(axis=0)]
        for p, gradient, mean, square in zip(
            self.parameters, gradients, self._means, self._squares, strict=False
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            rate = self._rate / (1 - 0.9**self._steps)
            p -= rate * mean / (np.sqrt(square / (1 - 0.999**self._steps)) + 1e-8)


def _log_odds(parameters: list[Array], hidden: Array, exercise: int) -> float:
    logits = parameters[0] @ hidden + sum(parameters[1:])
    others = np.delete(logits, exercise)
    if not len(others):
        return math.inf
    top = others.max()
    return float(logits[exercise] - top - np.log(np.exp(others - top).sum()))
