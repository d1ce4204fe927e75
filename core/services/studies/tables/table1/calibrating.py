"""Where each rule begins to ask, fold by fold, and how often it then asks of the client left out.

What calibrates a rule in a leave-one-out fold:

- The Dirichlet: the fold's own network on its training windows, as in the paper (section V-A). A network is surer of
  what it was trained on, so that its rate on new clients is higher.
- The empirical and the conformal rules: the certainties of the other clients left out, each by the network of its own
  fold (cross-conformal calibration). No network has seen the client whose certainties it gives, so that these are of
  the same kind as those of the client in question. They come from the networks before any answer.

Entropy and least confidence are asked by in the same way: turned into certainties from 0 to 1, they go through the same
conformal rule at the same nominal rate.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recommender import (
    AskingRule,
    ClientConformalRule,
    ConformalRule,
    DirichletRule,
    EmpiricalRule,
    entropy,
    margin,
)
from core.recommender.windows import Floats
from core.services.studies.tables.paper import THRESHOLD
from core.services.studies.tables.table1.rows import Asking

if TYPE_CHECKING:
    from core.recommender import MarginDistribution

ALPHAS = (0.01, 0.05, 0.1, 0.2)
"""Nominal rates at which rules are held against what they ask of clients left out."""

RATED = {
    "conformal": "conformal, over steps",
    "clients": "conformal, over clients",
    "empirical": "empirical quantile",
    "dirichlet": "Dirichlet, fitted to training data as in the paper",
    "dirichlet-others": "Dirichlet, fitted to other clients left out",
}


def certainty(score: str) -> Callable[[Floats], Floats]:
    """(n, N) probabilities to (n,) certainties in [0, 1] by ``margin``, ``entropy`` or ``confidence``."""
    if score == "margin":
        return margin
    if score == "entropy":
        return lambda p: np.clip(1 - entropy(p) / math.log(max(p.shape[1], 2)), 0.0, 1.0)
    return lambda p: np.clip(p.max(axis=1), 0.0, 1.0)


def threshold(
    asking: Asking,
    alpha: float,
    certainties: Sequence[Floats],
    fold: int,
    fitted: "MarginDistribution | None",
) -> float:
    """A certainty below it is asked about in this fold.

    Args:
        alpha: nominal rate of rules that have none of their own.
        certainties: by the rule's score, one array a fold, of the client left out, before any answer.
        fitted: the Dirichlet of the fold's training windows; needed by rules that go by it.
    """
    if asking.calibration == "printed":
        return THRESHOLD
    rate = alpha if asking.alpha is None else asking.alpha
    return _rule(asking.calibration, rate, certainties, fold, fitted).threshold


def rates(
    margins: Sequence[Floats],
    fitted: Sequence["MarginDistribution"],
    fitted_to_others: Sequence["MarginDistribution"],
) -> list[dict[str, Any]]:
    """For every rule and nominal rate the share asked of each client left out, by the rule of its fold."""
    found = []
    for name in RATED:
        of = fitted_to_others if name == "dirichlet-others" else fitted
        for alpha in ALPHAS:
            shares = [
                float(_rule(name, alpha, margins, fold, of[fold]).asks(own).mean())
                for fold, own in enumerate(margins)
            ]
            found.append({"rule": name, "alpha": alpha, "shares": shares})
    return found


def _rule(
    calibration: str,
    alpha: float,
    certainties: Sequence[Floats],
    fold: int,
    fitted: "MarginDistribution | None",
) -> AskingRule:
    if calibration.startswith("dirichlet"):
        assert fitted is not None
        return DirichletRule(fitted, alpha)
    others = [own for other, own in enumerate(certainties) if other != fold]
    values = np.concatenate(others)
    if calibration == "clients":
        owners = np.repeat(np.arange(len(others)), [len(own) for own in others])
        return ClientConformalRule(values, owners, alpha=alpha)
    if calibration == "empirical":
        return EmpiricalRule(values, alpha=alpha)
    return ConformalRule(values, alpha=alpha)
