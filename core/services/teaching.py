"""What an answer teaches: versions of a client's own, each derived from the one before.

A client's own versions derive from the cohort's base, so that one client's answers never move another client's
recommendations. Which answers stand decides what is in force: what was learnt from others is left behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.recommender import forgetting
from core.services import Store, models, recommending
from core.services.models import Model
from core.store import exercises, labels, people, versions, weights


@dataclass(frozen=True, slots=True)
class Lesson:
    """A version that has learnt one answer.

    Attributes:
        weights: the name under which they are on disk.
        report: the forgetting check, or a ``note`` that says why nothing was taught.
    """

    model: Model
    weights: str
    report: dict[str, Any]


def teach(
    store: Store, model: Model, history: Sequence[int], document: dict[str, Any], exercise_id: int, seed: int
) -> Lesson:
    """The version that has learnt one answer, its weights on disk.

    An exercise that is unknown to the model, or that cannot come for it after this history, teaches nothing.
    """
    target = model.classes.get(exercise_id)
    report: dict[str, Any]
    if target is None:
        taught, report = model.recommender, {"note": "The model was not trained on this exercise."}
    elif model.recommender.leaves_out(model.positions(history), target):
        taught, report = model.recommender, {"note": "Nobody repeats an exercise, as far as the model knows."}
    else:
        profile = model.encoder.encode([document])[0]
        taught = model.recommender.update(
            model.positions(history), profile, target, rng=np.random.default_rng(seed)
        )
        check = forgetting(model.recommender, taught)
        report = {
            "top1_before": check.top1_before,
            "top1_after": check.top1_after,
            "windows": check.windows,
            "changed": check.changed,
        }
    name = weights.save(store.weights, taught.state(rehearsal=False))
    return Lesson(replace(model, recommender=taught), name, report)


def add_version(db: Any, cohort_id: int, client_id: int, parent_id: int, lesson: Lesson) -> int:
    """Record a lesson as a version of the client's own and put it in force; returns its id."""
    version_id = versions.add_version(
        db,
        cohort_id=cohort_id,
        client_id=client_id,
        parent_id=parent_id,
        kind="answer",
        weights=lesson.weights,
        report=lesson.report,
    )
    versions.put_in_force(db, version_id, client_id=client_id)
    return version_id


def teach_again(store: Store, db: Any, cohort_id: int, client_id: int) -> int:
    """Teach all standing answers for a client to the cohort's new base; returns the version then in force."""
    return replay(store, db, cohort_id, client_id, recommending.start(store, cohort_id, client_id))


def replay(store: Store, db: Any, cohort_id: int, client_id: int, start: int) -> int:
    """Put in force the version that has learnt the answers that stand, and only those, from ``start`` on.

    A version that learnt the same answers in the same order is there already more often than not.
    """
    history = exercises.history(db, client_id)
    document = people.profiles_of(db, [client_id]).get(client_id, {})
    version_id, model = start, models.load(store, start)
    own = versions.version(db, start)["client_id"] is not None
    versions.put_in_force(db, start if own else None, client_id=client_id)
    for label in labels.taught(db, client_id):
        before = history[: label["step"]]
        if versions.version(db, label["after_version_id"])["parent_id"] == version_id:
            version_id = label["after_version_id"]
            versions.put_in_force(db, version_id, client_id=client_id)
            model = models.load(store, version_id)
        else:
            lesson = teach(store, model, before, document, label["exercise_id"], label["request_id"])
            version_id = add_version(db, cohort_id, client_id, version_id, lesson)
            model = lesson.model
    return version_id
