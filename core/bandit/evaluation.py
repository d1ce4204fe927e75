"""What a policy would have earned on decisions that another one made (off-policy evaluation).

The logged decisions hold the propensity of the arm taken; the new policy's probabilities say how much each counts.
Inverse propensity scoring (Horvitz and Thompson 1952), self-normalised (Swaminathan and Joachims 2015), the direct
method, and doubly robust (Dudík, Langford and Li 2011).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from core.bandit.policies.policy import Floats, Integers, checked_number, checked_numbers
from core.errors import InputError

FOLDS = 5
LEVEL = 0.95
RAREST = 1e-9  # propensity; a weight of its inverse says nothing


@dataclass(frozen=True, slots=True)
class Value:
    """An estimated mean reward a decision.

    Attributes:
        mean: the estimate.
        low: lower end of its interval, by the normal approximation.
        high: upper end.
    """

    mean: float
    low: float
    high: float


class Log:
    """Decisions that were made, checked.

    Args:
        arms: which arm was taken, as numbers from 0, shape (N,), N >= 2.
        rewards: what each earned, shape (N,).
        propensities: the probability with which it was taken, 1e-9 to 1, shape (N,).

    Raises:
        InputError: for arrays other than that.
    """

    def __init__(self, arms: ArrayLike, rewards: ArrayLike, propensities: ArrayLike) -> None:
        taken = checked_numbers(arms, "arms")
        whole = taken.ndim == 1 and taken.size >= 2 and np.isfinite(taken).all()
        if not whole or (taken < 0).any() or (taken % 1 != 0).any():
            raise InputError("arms must be whole numbers from 0, one for each of two or more decisions.")
        self.arms: Integers = taken.astype(np.int64)
        self.rewards = _column(rewards, "rewards", taken.size)
        self.propensities = _column(propensities, "propensities", taken.size)
        if not ((self.propensities >= RAREST) & (self.propensities <= 1)).all():
            raise InputError(
                f"propensities must be at least {RAREST:g} and at most 1; a decision of chance 0 is never made."
            )

    def __len__(self) -> int:
        return self.arms.size

    def weights(self, target: Floats) -> Floats:
        """How much more often the target takes the logged arms than the log did, shape (N,)."""
        return np.asarray(target[np.arange(len(self)), self.arms] / self.propensities)


def effective_sample_size(log: Log, target: ArrayLike) -> float:
    """How many decisions of the target's own the logged ones are worth: (Σw)² / Σw² (Kish 1965); 0 without any.

    Args:
        log: N decisions.
        target: the new policy's probability of each arm, shape (N, K).

    Raises:
        InputError: for probabilities that are not, or of another shape than the log.
    """
    weights = log.weights(_probabilities(log, target))
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def inverse_propensity(log: Log, target: ArrayLike, *, level: float = LEVEL) -> Value:
    """The mean of w r: without bias, but of a wide spread where the policies differ.

    Args:
        log: N decisions.
        target: the new policy's probability of each arm, shape (N, K).
        level: of the interval.

    Raises:
        InputError: for probabilities that are not, or of another shape than the log.
    """
    return _value(log.weights(_probabilities(log, target)) * log.rewards, level)


def self_normalised(log: Log, target: ArrayLike, *, level: float = LEVEL) -> Value:
    """Σ w r / Σ w: never outside the rewards seen; a small bias for a smaller spread (interval by the delta method).

    Args:
        log: N decisions.
        target: the new policy's probability of each arm, shape (N, K).
        level: of the interval.

    Raises:
        InputError: as ``inverse_propensity``, and where the target never takes an arm that was logged.
    """
    weights = log.weights(_probabilities(log, target))
    total = float(weights.sum())
    if total <= 0:
        raise InputError("The target never takes an arm that the log took; the log says nothing about it.")
    mean = float((weights * log.rewards).sum()) / total
    return _value(mean + weights * (log.rewards - mean) * (len(log) / total), level)


def direct(log: Log, target: ArrayLike, predicted: ArrayLike, *, level: float = LEVEL) -> Value:
    """The mean predicted reward of what the target would take; as wrong as the predictions.

    The interval holds the chance of which contexts came, not the error of the predictions.

    Args:
        log: N decisions.
        target: the new policy's probability of each arm, shape (N, K).
        predicted: each arm's reward predicted without the decision itself, shape (N, K), as by ``predict_rewards``.
        level: of the interval.

    Raises:
        InputError: for arrays of another shape or that are not probabilities or finite numbers.
    """
    chances = _probabilities(log, target)
    return _value((chances * _predictions(predicted, chances)).sum(axis=1), level)


def doubly_robust(log: Log, target: ArrayLike, predicted: ArrayLike, *, level: float = LEVEL) -> Value:
    """The direct method, its error corrected by the weighted residuals: right if propensities or predictions are.

    Args:
        log: N decisions.
        target: the new policy's probability of each arm, shape (N, K).
        predicted: each arm's reward predicted without the decision itself, shape (N, K), as by ``predict_rewards``.
        level: of the interval.

    Raises:
        InputError: for arrays of another shape or that are not probabilities or finite numbers.
    """
    chances = _probabilities(log, target)
    rewards = _predictions(predicted, chances)
    residuals = log.rewards - rewards[np.arange(len(log)), log.arms]
    return _value((chances * rewards).sum(axis=1) + log.weights(chances) * residuals, level)


def predict_rewards(
    log: Log,
    contexts: ArrayLike,
    n_arms: int,
    rng: np.random.Generator,
    *,
    groups: ArrayLike | None = None,
) -> Floats:
    """Each arm's reward in each logged context, by ridge regressions that never saw the decision itself.

    Decisions are dealt into five folds at random; a fold is predicted by what the others teach. The intercept is
    not penalised; an arm that the others never took is predicted at their mean reward.

    Args:
        log: N decisions.
        contexts: shape (N, D).
        n_arms: K.
        rng: deals the folds.
        groups: whose decision each was, shape (N,); a group is dealt as a whole. Each alone where left out.

    Returns:
        Predictions, shape (N, K).

    Raises:
        InputError: for contexts or groups of another length, or not finite, arms beyond K, or a single group.
    """
    rows = checked_numbers(contexts, "contexts")
    if rows.ndim != 2 or len(rows) != len(log) or not np.isfinite(rows).all():
        raise InputError(f"contexts must be a row of finite numbers for each of {len(log)} decisions.")
    if log.arms.max() >= n_arms:
        raise InputError(
            f"n_arms must be at least {log.arms.max() + 1}, as many as the log took; it is {n_arms}."
        )
    members = np.arange(len(log)) if groups is None else np.asarray(groups)
    if members.shape != (len(log),):
        raise InputError(f"groups must name one for each of {len(log)} decisions; shape {members.shape}.")
    number = np.unique(members, return_inverse=True)[1]
    count = int(number.max()) + 1
    if count < 2:
        raise InputError("groups must be two or more: a decision is predicted from those of others.")
    folds = rng.permutation(np.arange(count) % min(FOLDS, count))[number]
    predicted = np.empty((len(log), n_arms))
    for fold in range(int(folds.max()) + 1):
        held, seen = folds == fold, folds != fold
        for arm in range(n_arms):
            taught = seen & (log.arms == arm)
            if taught.any():
                predicted[held, arm] = _ridge(rows[taught], log.rewards[taught], rows[held])
            else:
                predicted[held, arm] = log.rewards[seen].mean()
    return predicted


def _ridge(rows: Floats, rewards: Floats, new: Floats) -> Floats:
    centre, level = rows.mean(axis=0), rewards.mean()
    centred = rows - centre
    theta = np.linalg.solve(np.eye(rows.shape[1]) + centred.T @ centred, centred.T @ (rewards - level))
    return np.asarray(level + (new - centre) @ theta)


def _value(parts: Floats, level: float) -> Value:
    """The mean of what each decision says, with an interval."""
    inside = checked_number(level, "level", 0.5, 0.9999)
    reach = float(ndtri((1 + inside) / 2)) * float(parts.std(ddof=1)) / math.sqrt(parts.size)
    mean = float(parts.mean())
    return Value(mean, mean - reach, mean + reach)


def _probabilities(log: Log, target: ArrayLike) -> Floats:
    chances = checked_numbers(target, "target")
    if chances.ndim != 2 or len(chances) != len(log) or chances.shape[1] <= log.arms.max():
        raise InputError(
            f"target must hold a probability of each arm for each of {len(log)} decisions; shape {chances.shape}."
        )
    if not ((chances >= 0).all() and (np.abs(chances.sum(axis=1) - 1) < 1e-6).all()):
        raise InputError("target must be probabilities: 0 or more, each row adding up to 1.")
    return chances


def _predictions(predicted: ArrayLike, chances: Floats) -> Floats:
    rewards = checked_numbers(predicted, "predicted")
    if rewards.shape != chances.shape or not np.isfinite(rewards).all():
        raise InputError(f"predicted must be finite rewards of the target's shape {chances.shape}.")
    return rewards


def _column(values: ArrayLike, name: str, size: int) -> NDArray[np.float64]:
    column = checked_numbers(values, name)
    if column.shape != (size,) or not np.isfinite(column).all():
        raise InputError(f"{name} must be {size} finite numbers, one for each decision.")
    return column
