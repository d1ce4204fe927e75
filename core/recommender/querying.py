"""Which windows of a pool to ask an expert about: strategies that choose a batch, and when to stop asking.

A strategy is a function of what the model makes of the pool; it sees no answer before it is chosen. The rules on the
margin are those of `asking`, the scores too; the value of an answer is that of `answer_value`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.recommender import answer_value
from core.recommender.answer_value import Windows
from core.recommender.asking import (
    AskingRule,
    ConformalRule,
    DirichletRule,
    entropy,
    least_confidence,
    margin,
)
from core.recommender.windows import Floats, Ints

AGREEMENT = 0.99
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Pool:
    """What a strategy may know before it asks.

    pool: the windows without an answer; served: windows like those the model will serve; curvature: (K, K), see
    `answer_value.curvature`; calibration: (n, N) probabilities of windows of clients who are never asked about, for
    the rules; alpha: their nominal rate.
    """

    pool: Windows
    served: Windows
    curvature: Floats
    calibration: Floats
    alpha: float


Strategy = Callable[[Pool, int, np.random.Generator], Ints]
"""(pool, size, rng) to the rows of the pool to ask about, (size,), each once."""


def by_random(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Any windows, all equally likely."""
    return rng.permutation(len(given.pool))[:size]


def by_entropy(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """The windows of largest entropy."""
    return _largest(entropy(given.pool.probabilities), size, rng)


def by_least_confidence(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """The windows whose most probable exercise is least probable."""
    return _largest(least_confidence(given.pool.probabilities), size, rng)


def by_conformal(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Windows in the order they come in, where the conformal rule asks; see `by_rule`."""
    return by_rule(conformal(given), given, size, rng)


def by_dirichlet(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Windows in the order they come in, where the paper's test asks; see `by_rule`."""
    return by_rule(dirichlet(given), given, size, rng)


def by_value(given: Pool, size: int, _rng: np.random.Generator) -> Ints:
    """The batch whose answers are expected to change most; see `answer_value.best_batch`."""
    return answer_value.best_batch(given.pool, given.served, given.curvature, size)[0]


def diverse(given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Windows whose gradients are large and unlike one another: BADGE (Ash and others 2020).

    The gradient of the last layer for the answer that the model holds most probable, (p − e_top) xᵀ, stands for each
    window; k-means++ (Arthur and Vassilvitskii 2007) draws one after another with a probability proportional to the
    squared distance from the nearest one drawn, beginning with the longest gradient. A window that is like one
    drawn already cannot be drawn while others are not; where all are, the rest is drawn at random.
    """
    states, errors = given.pool.states, given.pool.probabilities.copy()
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    lengths = np.square(states).sum(axis=1) * np.square(errors).sum(axis=1)
    chosen: list[int] = []
    distance = lengths
    while len(chosen) < size:
        distance[chosen] = 0
        total = distance.sum()
        if total > 0:
            next_one = int(rng.choice(len(states), p=distance / total)) if chosen else int(np.argmax(lengths))
        else:
            next_one = int(rng.choice(np.setdiff1d(np.arange(len(states)), chosen)))
        # ‖g − g′‖² for gradients that are outer products, without writing them out.
        shared = (states @ states[next_one]) * (errors @ errors[next_one])
        gap = lengths + lengths[next_one] - 2 * shared
        gap[gap <= _ROUNDING * (lengths + lengths[next_one])] = 0
        distance = np.minimum(distance, gap) if chosen else gap
        chosen.append(next_one)
    return np.array(chosen, dtype=np.int64)


STRATEGIES: dict[str, Strategy] = {
    "random": by_random,
    "conformal": by_conformal,
    "dirichlet": by_dirichlet,
    "entropy": by_entropy,
    "least confidence": by_least_confidence,
    "diverse": diverse,
    "value": by_value,
}
_ROUNDING = 1e-12


def conformal(given: Pool) -> ConformalRule:
    """The conformal rule on the calibration windows of a pool."""
    return ConformalRule.from_probabilities(given.calibration, alpha=given.alpha)


def dirichlet(given: Pool) -> DirichletRule:
    """The paper's rule on the calibration windows of a pool."""
    return DirichletRule.from_probabilities(given.calibration, alpha=given.alpha)


RULES: dict[str, Callable[[Pool], AskingRule]] = {"conformal": conformal, "dirichlet": dirichlet}


def by_rule(rule: AskingRule, given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Windows that the rule asks about, in an order of arrival drawn at random.

    Where it asks about fewer than the batch holds, those with the next smallest margins follow, so that each strategy
    has as many answers as the others.
    """
    margins = margin(given.pool.probabilities)
    order = rng.permutation(len(margins))
    asked = order[rule.asks(margins[order])]
    if len(asked) >= size:
        return asked[:size]
    rest = np.setdiff1d(np.arange(len(margins)), asked)
    return np.concatenate([asked, rest[np.argsort(margins[rest], kind="stable")]])[:size]


def choose(name: str, given: Pool, size: int, rng: np.random.Generator) -> Ints:
    """The windows that a strategy asks about next, at most as many as the pool holds.

    Raises InputError for a name that is none of `STRATEGIES` or a size below 1.
    """
    if name not in STRATEGIES:
        raise InputError(f"There is no strategy {name!r}; there are {', '.join(STRATEGIES)}.")
    if size < 1:
        raise InputError(f"size is {size}; a batch holds at least one window.")
    return STRATEGIES[name](given, min(size, len(given.pool)), rng)


def agreement(before: Ints, after: Ints) -> float:
    """Cohen's κ of two models' first choices on the same windows, (M,) each: 1 where none has changed.

    Raises InputError for no windows, or not the same number of them.
    """
    if before.shape != after.shape or before.ndim != 1 or not len(before):
        raise InputError(
            f"before has shape {before.shape}, after {after.shape}; the same (M,) with M ≥ 1 is expected."
        )
    n = 1 + int(max(before.max(), after.max()))
    shares = [np.bincount(choices, minlength=n) / len(choices) for choices in (before, after)]
    by_chance = float(shares[0] @ shares[1])
    same = float(np.mean(before == after))
    return 1.0 if same == 1 else (same - by_chance) / (1 - by_chance)


def stops_at(agreements: Sequence[float], *, least: float = AGREEMENT, rounds: int = ROUNDS) -> int | None:
    """After which round (from 1) to stop asking: the first whose last `rounds` agreements have a mean of `least`.

    agreements: κ of each round's model with the one before it, on windows that need no answer. None if asking has to
    go on. Source: Bloodgood and Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing
    predictions", who take 0.99 over three rounds. Raises InputError for `rounds` below 1 or `least` outside (0, 1].
    """
    if rounds < 1 or not 0 < least <= 1:
        raise InputError(
            f"least is {least!r} and rounds {rounds!r}; expected a share above 0 and at least one round."
        )
    for end in range(rounds, len(agreements) + 1):
        if np.mean(agreements[end - rounds : end]) >= least - _ROUNDING:
            return end
    return None


def _largest(scores: Floats, size: int, rng: np.random.Generator) -> Ints:
    """The rows with the largest scores, equal ones at random."""
    order = rng.permutation(len(scores))
    return order[np.argsort(-scores[order], kind="stable")][:size]
