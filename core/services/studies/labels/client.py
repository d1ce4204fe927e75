"""One client at a time: asked steps teach that client's own last layer, and its later steps show what that brought."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.recommender import answer_value, refitting
from core.recommender.answer_value import Windows
from core.recommender.answering import Certainty, four_figures, likely, walk
from core.recommender.asking import ConformalRule, DirichletRule, entropy, least_confidence, margin
from core.recommender.evaluation import ranks
from core.recommender.personalising import LastLayer
from core.recommender.settings import FullHistorySettings
from core.recommender.windows import Floats
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.setup import Setup, Steps, joined
from core.services.studies.labels.words import RANDOM, VALUE
from core.services.studies.protocols import KS

RATES = (0.05, 0.1, 0.2)
"""Nominal shares of a client's steps that are asked about."""
WALKED = (RANDOM, "conformal", "dirichlet", "entropy", "least confidence", VALUE)
"""Ways of asking about one step after another; diverse batches are none."""
_WALKS = 2  # a stream of random numbers apart from the others'


def run(
    settings: Settings, setup: Setup, seed: int, progress: Callable[[float], None]
) -> list[dict[str, Any]]:
    """The four figures of each way of asking at each rate over the tested clients; all in %."""
    known = joined(setup.start, setup.pool)
    layer = refitting.refit(known.states, known.targets, setup.n_exercises)
    curvature = answer_value.curvature(
        Windows(known.states, likely(layer, known.states)), refitting.PRECISION
    )
    calibration, tested = _clients(setup.calibration), _clients(setup.test)
    methods = [method for method in WALKED if method in settings.strategies]
    found = []
    for done, method in enumerate(methods):
        for at, rate in enumerate(RATES):
            progress((done + at / len(RATES)) / len(methods))
            rng = np.random.default_rng([seed, _WALKS, WALKED.index(method), at])
            certainty = {one: _certainty(method, own, layer, curvature, rng) for one, own in tested.items()}
            threshold = _threshold(method, rate, layer, calibration, curvature, rng)
            walks = [
                walk(
                    layer,
                    own.states,
                    own.targets,
                    certainty=certainty[one],
                    threshold=threshold,
                    rehearsal=known.states,
                    rehearsal_targets=known.targets,
                    rng=rng,
                    rate=FullHistorySettings().answer_rate,
                )
                for one, own in tested.items()
            ]
            before = [likely(layer, own.states) for own in tested.values()]
            untaught = [ranks(p, own.targets) for p, own in zip(before, tested.values(), strict=True)]
            surest = [certainty[one](p) for one, p in zip(tested, before, strict=True)]
            of = four_figures(walks, untaught, surest, KS)
            found.append(
                {
                    "method": method,
                    "rate": 100.0 * rate,
                    "asked": 100.0 * of.asked,
                    "labels": int(sum(one.asked.sum() for one in walks)),
                    "all": 100.0 * of.all_steps[1],
                    "unasked": None if of.unasked is None else 100.0 * of.unasked[1],
                    "same coverage": None if of.untaught is None else 100.0 * of.untaught[1],
                    "untaught": 100.0 * float(np.mean(np.concatenate(untaught) < 1)),
                    "steps": len(setup.test),
                    "clients": len(tested),
                }
            )
    progress(1.0)
    return found


def _clients(steps: Steps) -> dict[int, Steps]:
    return {int(one): steps.take(np.flatnonzero(steps.clients == one)) for one in np.unique(steps.clients)}


def _certainty(
    method: str, own: Steps, layer: LastLayer, curvature: Floats, rng: np.random.Generator
) -> Certainty:
    """How certain the model is of a client's steps, small where it should ask."""
    if method == RANDOM:
        drawn = rng.random(len(own))
        return lambda p: drawn[len(own) - len(p) :]
    if method == "entropy":
        return lambda p: 1 - entropy(p) / np.log(p.shape[1])
    if method == "least confidence":
        return lambda p: 1 - least_confidence(p)
    if method != VALUE:
        return margin
    untaught = Windows(own.states, likely(layer, own.states))
    earlier = np.tri(len(own), dtype=np.bool_)

    def value(p: Floats) -> Floats:
        # The steps so far stand for the later ones, which nobody knows; their mean, since there are ever more of them.
        at = len(own) - len(p)
        moves = answer_value.moves(Windows(own.states[at:], p), untaught, curvature)
        worth: Floats = np.where(earlier[at:], moves, 0.0).sum(axis=1) / np.arange(at + 1, len(own) + 1)
        return 1 / (1 + worth)

    return value


def _threshold(
    method: str,
    rate: float,
    layer: LastLayer,
    calibration: dict[int, Steps],
    curvature: Floats,
    rng: np.random.Generator,
) -> float:
    """Below which a step is asked about: the rule's own, or the quantile over clients that are never asked."""
    if method == RANDOM:
        return rate
    found = {one: likely(layer, own.states) for one, own in calibration.items()}
    together = np.concatenate(list(found.values()))
    if method == "conformal":
        return ConformalRule.from_probabilities(together, alpha=rate).threshold
    if method == "dirichlet":
        return DirichletRule.from_probabilities(together, alpha=rate).threshold
    certainty = [
        _certainty(method, own, layer, curvature, rng)(found[one]) for one, own in calibration.items()
    ]
    return float(np.quantile(np.concatenate(certainty), rate))
