"""One piece: a model trained on one split with one seed, and tested in every way of counting."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.services import Store
from core.services.features import CohortArrays
from core.services.studies import cohorts, protocols
from core.services.studies.cohorts import MOVIELENS, Data
from core.services.studies.protocols import KS, REPEATS, SPLITS
from core.services.studies.study import Context, Loaded, Piece, Progress
from core.services.studies.tables.peers import (
    FILM_SIZE,
    MODELS,
    NETWORK,
    SOFTMAX,
    film_network,
    kind_of,
    label,
    peer_settings,
    trainings,
)
from core.services.studies.tables.table3.settings import Settings

if TYPE_CHECKING:
    from core.recommender.baselines import Model
    from core.recommender.evaluation import Split

TEST_SHARE = 0.2  # as the paper has it
# Seconds of a piece, of which the time left is reckoned.
SECONDS = {
    ("gru", "softmax"): 40.0,
    ("pooling", "softmax"): 30.0,
    ("cnn", "softmax"): 15.0,
    ("mixture", "softmax"): 60.0,
    ("mixture", "published"): 8.0,
    (NETWORK, FILM_SIZE): 60.0,
    (NETWORK, "exercises"): 10.0,
}


@dataclass(frozen=True, slots=True)
class Task:
    """What a piece does; ``how`` is a training of a sequence model or a size of the network."""

    split: str
    model: str
    how: str
    seed: int


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read MovieLens from its folder (checksum verified)."""
    return cohorts.load(store, MOVIELENS, settings.folder)


def ways(model: str, settings: Settings) -> tuple[str, ...]:
    """In which ways a model is trained, or how large it is."""
    return settings.sizes if model == NETWORK else trainings(model, settings.trainings)


def tasks(settings: Settings, seed: int) -> list[Task]:
    """All pieces, the longest first, so that no core waits for one at the end."""

    def each() -> Iterator[Task]:
        for model in MODELS:
            for how in ways(model, settings):
                for repeat in range(settings.seeds):
                    for split in settings.splits:
                        yield Task(split, model, how, seed + repeat)

    return sorted(each(), key=lambda task: -SECONDS.get((task.model, task.how), 2.0))


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """One piece for each model and training or size, split and seed."""
    return [
        Piece(
            f"{label(task.model, task.how)}, {SPLITS[task.split]}, seed {task.seed}",
            SECONDS.get((task.model, task.how), 2.0),
        )
        for task in tasks(settings, seed)
    ]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """Train one model on one split, and count its hits with and without seen films, padded windows and whole ones."""
    from core.recommender import evaluation

    task = tasks(settings, seed)[index]
    data: Data = context.data
    arrays = data.arrays
    tested = protocols.split(task.split, arrays.histories, TEST_SHARE, np.random.default_rng(task.seed))
    model = _fitted(task, arrays, tested, settings, progress)
    accuracy: dict[str, dict[str, list[float]]] = {}
    windows: dict[str, int] = {}
    for name, least in (("padded", 0), ("whole", settings.window)):
        for repeats in REPEATS[settings.repeats]:
            progress(0.95)
            found = evaluation.evaluate(
                model,
                arrays.histories,
                arrays.profiles,
                tested,
                ks=KS,
                exclude_seen=repeats == "excluded",
                min_inputs=least,
            )
            accuracy.setdefault(name, {})[repeats] = [100.0 * found.top[k] for k in KS]
            windows[name] = int(found.windows)
    lengths = [len(history) for history in arrays.histories]
    return {
        "split": task.split,
        "model": task.model,
        "how": task.how,
        "seed": task.seed,
        "accuracy": accuracy,
        "windows": windows,
        "clients": len(lengths),
        "films": len(arrays.exercise_ids),
        "samples": {
            "padded": sum(lengths),
            "whole": sum(max(length - settings.window, 0) for length in lengths),
        },
        "data": {"name": data.name, "label": data.label},
    }


def _fitted(
    task: Task, arrays: CohortArrays, split: "Split", settings: Settings, progress: Progress
) -> "Model":
    from core.recommender import Recommender, baselines
    from core.recommender.sequence_models import SequenceModel

    if kind := kind_of(task.model):
        how = peer_settings(task.how, settings.loss, films=True)
        if task.how == SOFTMAX:
            how = replace(how, epochs=settings.peer_epochs)
        return SequenceModel(kind, how, seed=task.seed).fit(
            arrays.histories,
            arrays.profiles,
            arrays.exercises,
            targets=split.train,
            progress=lambda share: progress(0.9 * share),
        )
    if task.model == NETWORK:
        how_large = film_network(task.how, window=settings.window, epochs=settings.epochs)
        return Recommender(how_large, seed=task.seed).fit(
            arrays.histories,
            arrays.profiles,
            arrays.exercises,
            targets=split.train,
            progress=lambda at: progress(0.9 * at.epoch / at.epochs),
        )
    return baselines.Markov().fit(arrays.histories, exercises=arrays.exercises, targets=split.train)
