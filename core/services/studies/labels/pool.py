"""The pool: a strategy asks about a batch, the answers are added, the model is refitted and tested, round by round."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.recommender import answer_value, querying, refitting
from core.recommender.answer_value import Windows
from core.recommender.asking import margin
from core.recommender.evaluation import ranks
from core.recommender.personalising import LastLayer
from core.recommender.windows import Ints
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.setup import Setup, Steps, joined

KS = (1, 5)
SERVED = 300  # windows of the pool that stand for those to be served
_CHOICES, _SERVED = 1, 3  # streams of random numbers apart from the split's and the walks'


def run(
    settings: Settings, setup: Setup, strategy: str, seed: int, progress: Callable[[float], None]
) -> dict[str, Any]:
    """The curve of one strategy: accuracy in % before any answer and after each round, and what stopping goes by."""
    rng = np.random.default_rng([seed, _CHOICES])
    # Windows that stand for those served are drawn anew for each round, or a batch would serve these few alone.
    of_served = np.random.default_rng([seed, _SERVED])
    waiting, asked = np.arange(len(setup.pool)), np.empty(0, dtype=np.int64)
    layer: LastLayer | None = None
    choices: Ints | None = None
    found: dict[str, Any] = {"labels": [], "top": [], "agreement": [], "observed": []}
    for done in range(settings.rounds + 1):
        progress(done / (settings.rounds + 1))
        known = joined(setup.start, setup.pool.take(asked))
        layer = refitting.refit(
            known.states, known.targets, setup.n_exercises, left_out=known.left_out, start=layer
        )
        places = ranks(_predicted(layer, setup.test).probabilities, setup.test.targets)
        found["labels"].append(len(asked))
        found["top"].append([100.0 * float(np.mean(places < k)) for k in KS])
        of_pool = _predicted(layer, setup.pool)
        now = of_pool.probabilities.argmax(axis=1)
        if choices is not None:
            found["agreement"].append(querying.agreement(choices, now))
        choices = now
        if done == settings.rounds or not len(waiting):
            break
        given = querying.Pool(
            pool=_some(of_pool, waiting),
            served=_some(of_pool, of_served.permutation(len(setup.pool))[:SERVED]),
            curvature=answer_value.curvature(_predicted(layer, known), refitting.PRECISION),
            calibration=_predicted(layer, setup.calibration).probabilities,
            alpha=settings.alpha,
        )
        if strategy in querying.RULES:
            asks = querying.RULES[strategy](given).asks(margin(given.pool.probabilities))
            found["observed"].append(100.0 * float(asks.mean()))
        chosen = querying.choose(strategy, given, settings.batch, rng)
        asked = np.concatenate([asked, waiting[chosen]])
        waiting = np.delete(waiting, chosen)
    progress(1.0)
    return found


def _predicted(layer: LastLayer, steps: Steps) -> Windows:
    return Windows(steps.states, refitting.predict(layer, steps.states, steps.left_out))


def _some(windows: Windows, rows: Ints) -> Windows:
    return Windows(windows.states[rows], windows.probabilities[rows])
