"""Why the model asks about a client: the cause in a sentence, what else may fit, and the cases most alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.recommender import Cause, cause_of_doubt, nearest_cases, prediction_set
from core.services.features import Document, FloatArray
from core.services.models import Model

NEAREST = 3
LOOKED_AT = 30
SHOWN = 3  # exercises of a past case, its last ones
SHORT = {
    Cause.NEW_CLIENT: "a new client",
    Cause.UNUSUAL_HISTORY: "an unusual history",
    Cause.NEAR_EQUAL: "two exercises are almost equal",
    Cause.OUT_OF_DATE: "the model is out of date",
    Cause.NONE: "no clear favourite",
}


def why(
    model: Model,
    history: Sequence[int],
    document: Document,
    probabilities: FloatArray,
    names: Mapping[int, str],
    logged: int,
) -> dict[str, Any]:
    """The cause of a doubt, for a recommendation's record.

    Args:
        history: exercises done, as store ids; probabilities: (N,) what the model says comes next.
        names: exercise names by store id.
        logged: rows in the cohort's log now; the model may have been trained on fewer.
    """
    recommender = model.recommender
    hidden = recommender.hidden([model.positions(history)], model.encoder.encode([document]))
    doubt = cause_of_doubt(
        probabilities,
        [names[exercise] for exercise in model.exercise_ids],
        own_steps=len(history),
        distance=float(recommender.distances(hidden)[0]),
        reference_distances=recommender.held_out_distances,
        trained_rows=model.trained_rows,
        rows_since=max(0, logged - model.trained_rows),
    )
    return {"cause": doubt.cause.value, "short": SHORT[doubt.cause], "sentence": doubt.sentence}


def set_of(model: Model, probabilities: FloatArray) -> list[int]:
    """The prediction set as store ids, the most probable first."""
    return [model.exercise_ids[i] for i in prediction_set(probabilities, model.set_threshold)]


def nearest(
    model: Model, history: Sequence[int], document: Document, names: Mapping[int, str]
) -> list[dict[str, Any]]:
    """What followed in the past cases most alike, the nearest first: ``{"after": names, "then": name}``.

    Cases that are the same to a reader stand once.
    """
    hidden = model.recommender.hidden([model.positions(history)], model.encoder.encode([document]))[0]
    cases = model.recommender.cases
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for case in nearest_cases(hidden, cases.hidden, LOOKED_AT).indices:
        window = [int(exercise) for exercise in cases.windows[case, -SHOWN:] if exercise >= 0]
        then = int(cases.targets[case])
        found.setdefault(
            (*window, then),
            {
                "after": [names[model.exercise_ids[exercise]] for exercise in window],
                "then": names[model.exercise_ids[then]],
            },
        )
    return list(found.values())[:NEAREST]
