"""A cohort's model in the store: loading a version, training a base, keeping what derives from it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, NoModel
from core.recommender import ConformalRule, Progress, Recommender, observed_rates, set_threshold
from core.services import Store
from core.services.candidates import AnySettings, family_of
from core.services.features import CohortArrays, Document, Encoder, FloatArray, cohort_arrays
from core.store import people, versions, weights

ALPHA = "asking.alpha"
DEFAULT_ALPHA = 0.2
REPORTED_ALPHAS = (0.01, 0.05, 0.1, 0.2)
MOST_LOADED = 512
SET_ALPHA = 0.1  # a prediction set leaves out the right exercise at most once in ten times


@dataclass(frozen=True, slots=True)
class Model:
    """One version, ready to be asked: the recommender and how the world maps on to it.

    Attributes:
        exercise_ids: the exercise of each class, as store ids.
        classes: the class of each of these exercises.
        margins: the calibration margins, which every asking rule is made from.
        set_threshold: least probability that puts an exercise into the prediction set.
        trained_rows: rows of the exercise log that the base was trained on.
    """

    version_id: int
    base_id: int
    recommender: Recommender
    exercise_ids: tuple[int, ...]
    classes: dict[int, int]
    encoder: Encoder
    margins: FloatArray
    set_threshold: float
    trained_rows: int

    def positions(self, exercise_ids: Sequence[int]) -> list[int]:
        """The classes of these exercises; those that the model was not trained on are left out."""
        return [self.classes[exercise] for exercise in exercise_ids if exercise in self.classes]

    def predict(self, histories: Sequence[Sequence[int]], documents: Sequence[Document]) -> FloatArray:
        """Probabilities, shape (clients, exercises), for histories of store ids and profile documents."""
        window = self.recommender.settings.window
        recent = [self.positions(history[-4 * window :]) for history in histories]
        return self.recommender.predict_proba(recent, self.encoder.encode(documents))

    def rule(self, alpha: float) -> ConformalRule:
        """The conformal asking rule on the base's calibration margins."""
        return ConformalRule(self.margins, alpha=alpha)


def alpha(store: Store) -> float:
    """The largest share of steps on which the model may ask, as set for this workbench."""
    return float(people.setting(store.db, ALPHA, DEFAULT_ALPHA))


def load(store: Store, version_id: int) -> Model:
    """A version ready to be asked; the ones used last are kept in memory.

    They are kept by the hash of their weights, not by id: an id whose transaction was rolled back is used again.
    And by cohort: cohorts with the same data have the same weights, and exercises with other ids.
    """
    cohort_id, name, base_id, base_name = versions.weights_of(store.db, version_id)
    key = (store.weights, cohort_id, name, base_name)
    with _lock:
        model = _loaded.get(key)
        if model is not None:
            _loaded.move_to_end(key)
    if model is None:
        model = _read(store, name, base_id)
        with _lock:
            _loaded[key] = model
            if len(_loaded) > MOST_LOADED:
                _loaded.popitem(last=False)
    return replace(model, version_id=version_id, base_id=base_id)


_lock = threading.Lock()
_loaded: OrderedDict[tuple[Path, int, str, str], Model] = OrderedDict()


def _read(store: Store, name: str, base_id: int) -> Model:
    arrays = weights.load(store.weights, name)
    row = versions.version(store.db, base_id)
    if name != row["weights"]:
        base = load(store, base_id)
        return replace(base, recommender=Recommender.from_state(arrays, base.recommender))
    recommender = Recommender.from_state(arrays)
    calibration = recommender.calibration
    exercise_ids = tuple(row["report"]["exercise_ids"])
    return Model(
        version_id=base_id,
        base_id=base_id,
        recommender=recommender,
        exercise_ids=exercise_ids,
        classes={exercise: position for position, exercise in enumerate(exercise_ids)},
        encoder=Encoder.from_json(row["report"]["encoder"]),
        margins=calibration.margins,
        set_threshold=set_threshold(calibration.true_probability, SET_ALPHA),
        trained_rows=row["report"]["rows"],
    )


def of_client(store: Store, client_id: int) -> Model:
    """The version that speaks for a client.

    Raises:
        NoModel: if the client's cohort has not been trained.
    """
    version_id = versions.in_force(store.db, client_id)
    if version_id is None:
        cohort = people.client(store.db, client_id)["cohort"]
        raise NoModel(f"“{cohort}” has no model yet. Train one on the Data and models page.")
    return load(store, version_id)


def train(
    store: Store,
    cohort_id: int,
    *,
    seed: int,
    settings: AnySettings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> "Trained":
    """Train a base model on a cohort (the paper's network by default); nothing is written but the weights file.

    Raises:
        InputError: if nobody in the cohort has a logged exercise, or there are fewer than two exercises.
    """
    arrays = trainable(store, cohort_id)
    recommender = Recommender(settings, seed=seed).fit(
        arrays.histories, arrays.profiles, arrays.exercises, progress=progress
    )
    report = {
        "family": family_of(recommender.settings),
        "seed": seed,
        "settings": asdict(recommender.settings),
        "summary": asdict(recommender.summary),
        "exercise_ids": arrays.exercise_ids,
        "encoder": arrays.encoder.to_json(),
        "data": arrays.fingerprint(),
        "clients": len(arrays.client_ids),
        "rows": sum(map(len, arrays.histories)),
        "asked_rates": _asked_rates(recommender),
        "accuracy": _accuracy(recommender, arrays),
    }
    return Trained(cohort_id, weights.save(store.weights, recommender.state()), report)


def trainable(store: Store, cohort_id: int) -> CohortArrays:
    """A cohort's arrays, with something in them to learn.

    Raises:
        InputError: if nobody has a logged exercise, or there are fewer than two exercises.
    """
    arrays = cohort_arrays(store, cohort_id)
    if not any(arrays.histories):
        raise InputError("Nobody in this cohort has logged an exercise. Import a log first, then train.")
    if len(arrays.exercise_ids) < 2:
        raise InputError(
            "A recommender needs at least two exercises to choose between, and this cohort has "
            f"{len(arrays.exercise_ids)}. Import more exercises first, then train."
        )
    return arrays


def _accuracy(recommender: Recommender, arrays: CohortArrays) -> dict[str, Any]:
    """Top-1 accuracy on every exercise of the clients held out, beside that of always naming the commonest one.

    ``steps`` is 0 where nobody could be held out.
    """
    held_out = (
        sorted(set(recommender.calibration.clients.tolist())) if recommender.calibration.held_out else []
    )
    before: list[list[int]] = []
    then: list[int] = []
    owners: list[int] = []
    for client in held_out:
        history = arrays.histories[client]
        for step, exercise in enumerate(history):
            before.append(history[max(0, step - recommender.settings.window) : step])
            then.append(exercise)
            owners.append(client)
    if not then:
        return {"steps": 0, "clients": 0, "top1": None, "commonest": None}
    said = recommender.predict_proba(before, arrays.profiles[owners]).argmax(axis=1)
    others = [exercise for client in recommender.training_clients for exercise in arrays.histories[client]]
    commonest = np.bincount(others, minlength=len(arrays.exercise_ids)).argmax()
    target = np.array(then)
    return {
        "steps": len(then),
        "clients": len(held_out),
        "top1": float(np.mean(said == target)),
        "commonest": float(np.mean(target == commonest)),
    }


def _asked_rates(recommender: Recommender) -> list[dict[str, Any]]:
    """Nominal and observed rate of each asking rule on held-out clients; empty where too few were held out."""
    calibration = recommender.calibration
    if len(set(calibration.clients.tolist())) < 2:
        return []
    rates = observed_rates(calibration.top, calibration.clients, REPORTED_ALPHAS)
    return [{"rule": rule, **asdict(rate)} for rule, found in rates.items() for rate in found]


@dataclass(frozen=True, slots=True)
class Trained:
    """A base model on disk that no version names yet."""

    cohort_id: int
    weights: str
    report: dict[str, Any]


def recommender(store: Store, trained: Trained) -> Recommender:
    """The recommender of a base model on disk."""
    return Recommender.from_state(weights.load(store.weights, trained.weights))


def held_out(store: Store, trained: Trained) -> list[int]:
    """Rows of the clients that a base model neither learnt from nor stopped by; empty where nobody could be spared."""
    calibration = recommender(store, trained).calibration
    return sorted(set(calibration.clients.tolist())) if calibration.held_out else []


def warm() -> None:
    """Import what the first prediction would wait for; for a thread at the start, while nobody waits."""
    import core.recommender.training  # noqa: F401
