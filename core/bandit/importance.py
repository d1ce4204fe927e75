"""Mean size of the attributions over a cohort (Naliyatthaliyazchayil 2024, table 1), beside what chance alone gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve

from core.bandit.explanation import Background
from core.bandit.policies.hybrid import HybridLinUCB
from core.bandit.policies.linear import LinearPolicy
from core.bandit.policies.policy import Floats, Integers, checked_numbers
from core.errors import InputError

SAME = 1e-6  # how closely θ from the log must meet the policy's, of its largest, at least of 1


@dataclass(frozen=True, slots=True)
class Null:
    """Mean |attribution| where rewards have nothing to do with the attributes; by attribute an array over the arms.

    Attributes:
        mean: what it is on average then, shape (K,).
        high: its 95 % limit, shape (K,): in 95 of 100 such cohorts not one value of the whole table lies above its
            limit.
    """

    mean: dict[str, Floats]
    high: dict[str, Floats]


def mean_attributions(policy: LinearPolicy, contexts: ArrayLike, background: Background) -> dict[str, Floats]:
    """Mean over people of |attribution|: by attribute, in the order of the columns, an array over the arms, shape (K,).

    Args:
        policy: one with a linear expectation.
        contexts: the cohort's, shape (N, D), N >= 1.
        background: what they are compared with.

    Raises:
        InputError: for a policy without a linear expectation, or contexts or background of another width.
    """
    given = _checked(policy, contexts, background)
    sizes = _sizes(given, background, policy.coefficients()[:, :, None])[..., 0]
    return dict(zip(background.attributes, sizes, strict=True))


def null_attributions(
    policy: LinearPolicy,
    contexts: ArrayLike,
    background: Background,
    decisions: ArrayLike,
    arms: ArrayLike,
    rewards: ArrayLike,
    rng: np.random.Generator,
    repeats: int = 300,
) -> Null:
    """The same table when rewards have nothing to do with the attributes.

    The rewards of the log are dealt out anew among the decisions of the same arm, which leaves each arm's mean
    and spread as they are, and the policy's regressions are fitted again, in closed form. The limit is one for the
    whole table (Westfall and Young 1993, max T): each value is measured in its own standard deviations above its own
    mean over the repeats, and the 95 % point of the largest of them holds for all.

    Args:
        policy, contexts, background: as ``mean_attributions``.
        decisions: contexts of the decisions that the policy has learnt from, all of them, shape (M, D).
        arms: places among the policy's arms, whole numbers of shape (M,).
        rewards: shape (M,).
        rng: deals the rewards out.
        repeats: at least 20.

    Raises:
        InputError: as ``mean_attributions``; for a log that is none; or where the policy has not learnt from this
            log, which is told from its θ, as a band for another estimator would be none.
    """
    given = _checked(policy, contexts, background)
    log, taken, earned = _log(policy, decisions, arms, rewards)
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 20:
        raise InputError(f"repeats must be a whole number, at least 20; it is {repeats!r}.")
    blocks = _blocks(policy)
    size = blocks.shape[1] * policy.n_features
    gram, moments = np.eye(size), np.zeros((size, 1 + repeats))
    for arm, block in enumerate(blocks):
        rows, own = log[taken == arm], earned[taken == arm]
        dealt = rng.permuted(np.tile(own, (repeats, 1)), axis=1).T
        gram += np.kron(np.outer(block, block), rows.T @ rows)
        moments += np.kron(block[:, None], rows.T @ np.column_stack((own, dealt)))
    fitted = cho_solve(cho_factor(gram), moments).reshape(blocks.shape[1], policy.n_features, -1)
    thetas = np.tensordot(blocks, fitted, axes=(1, 0))
    known = policy.coefficients()
    if not np.abs(thetas[..., 0] - known).max() <= SAME * max(1.0, float(np.abs(known).max())):
        raise InputError(
            "decisions must be those that the policy has learnt from, all of them and no others."
        )
    sizes = _sizes(given, background, thetas[..., 1:])
    means, spreads = sizes.mean(axis=2), sizes.std(axis=2)
    over = (sizes - means[..., None]) / np.where(spreads > 0, spreads, 1.0)[..., None]
    highs = means + float(np.quantile(over.max(axis=(0, 1)), 0.95)) * spreads
    names = background.attributes
    return Null(dict(zip(names, means, strict=True)), dict(zip(names, highs, strict=True)))


def _sizes(contexts: Floats, background: Background, thetas: Floats) -> Floats:
    """Mean |attribution| over the contexts for θ of shape (K, D, R): shape (A, K, R)."""
    parts = background.parts(contexts)
    sizes = np.empty((len(background.attributes), thetas.shape[0], thetas.shape[2]))
    for place in range(len(background.attributes)):
        own = np.flatnonzero(background.owners == place)
        for arm, theta in enumerate(thetas):
            sizes[place, arm] = np.abs(parts[:, own] @ theta[background.columns[own]]).mean(axis=0)
    return sizes


def _blocks(policy: LinearPolicy) -> Floats:
    """How the policy's parameters, in blocks of the length of a context, enter each arm, shape (K, blocks).

    Each arm has a block of its own, and in the hybrid a first one is shared.
    """
    own = np.eye(len(policy.arms))
    return np.hstack((np.ones((len(own), 1)), own)) if isinstance(policy, HybridLinUCB) else own


def _checked(policy: LinearPolicy, contexts: ArrayLike, background: Background) -> Floats:
    if not isinstance(policy, LinearPolicy):
        raise InputError(
            f"Only a policy with a linear expectation can be explained, not {type(policy).__name__}."
        )
    if len(background.names) != policy.n_features:
        raise InputError(
            f"background must have {policy.n_features} columns, as contexts do; it has {len(background.names)}."
        )
    return _rows(contexts, "contexts", policy.n_features)


def _rows(values: ArrayLike, name: str, width: int) -> Floats:
    rows = checked_numbers(values, name)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != width or not np.isfinite(rows).all():
        raise InputError(f"{name} must be rows of {width} finite numbers; the shape is {rows.shape}.")
    return rows


def _log(
    policy: LinearPolicy, decisions: ArrayLike, arms: ArrayLike, rewards: ArrayLike
) -> tuple[Floats, Integers, Floats]:
    log = _rows(decisions, "decisions", policy.n_features)
    taken, earned = checked_numbers(arms, "arms"), checked_numbers(rewards, "rewards")
    if taken.shape != (len(log),) or not np.isin(taken, np.arange(len(policy.arms))).all():
        raise InputError(
            f"arms must be whole numbers from 0 to {len(policy.arms) - 1}, one for each of {len(log)} decisions."
        )
    if earned.shape != (len(log),) or not np.isfinite(earned).all():
        raise InputError(f"rewards must be a finite number for each of {len(log)} decisions.")
    return log, taken.astype(np.int64), earned
