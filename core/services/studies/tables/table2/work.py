"""One piece: a model trained for some of the folds of one repeat, all at once, and tested on the clients left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.recommender.windows import Bools, Floats, Histories, check_histories
from core.services import Store
from core.services.features import CohortArrays
from core.services.studies import cohorts
from core.services.studies.cohorts import Data
from core.services.studies.protocols import KS
from core.services.studies.study import Context, Loaded, Piece, Progress
from core.services.studies.tables.peers import (
    MODELS,
    NETWORK,
    SOFTMAX,
    kind_of,
    label,
    peer_settings,
    trainings,
)
from core.services.studies.tables.profiles import demographic
from core.services.studies.tables.table1.data import left_out
from core.services.studies.tables.table1.setup import fold_seed
from core.services.studies.tables.table2.settings import Settings

# Pieces of a repeat, where all folds in one would take longer than a minute.
PARTS = {("gru", SOFTMAX): 2, ("mixture", SOFTMAX): 3}
# Seconds for all folds of the sample cohort, of which the time left is reckoned.
SECONDS = {
    ("gru", "published"): 7.0,
    ("gru", "softmax"): 50.0,
    ("pooling", "softmax"): 20.0,
    ("cnn", "published"): 3.0,
    ("cnn", "softmax"): 25.0,
    ("mixture", "published"): 20.0,
    ("mixture", "softmax"): 150.0,
    (NETWORK, ""): 25.0,
}


@dataclass(frozen=True, slots=True)
class Task:
    """Which folds of which model: every ``parts``-th client from ``part`` on is left out."""

    model: str
    training: str
    seed: int
    part: int
    parts: int


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read the cohort."""
    return cohorts.load(store, settings.cohort, "")


def tasks(settings: Settings, seed: int) -> list[Task]:
    """All pieces, the longest first, so that no core waits for one at the end."""

    def each() -> Iterator[Task]:
        for model in MODELS:
            for training in trainings(model, settings.trainings):
                parts = PARTS.get((model, training), 1)
                for repeat in range(settings.repeats):
                    for part in range(parts):
                        yield Task(model, training, seed + repeat, part, parts)

    return sorted(each(), key=lambda task: -_seconds(task))


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """One piece for each model, training, repeat and part of the folds."""
    return [
        Piece(
            f"{label(task.model, task.training)}, seed {task.seed}"
            + (f", part {task.part + 1} of {task.parts}" if task.parts > 1 else ""),
            _seconds(task),
        )
        for task in tasks(settings, seed)
    ]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """Train one model for its folds, and count its hits on each client left out."""
    from core.recommender import evaluation

    task = tasks(settings, seed)[index]
    data: Data = context.data
    arrays = data.arrays
    cohort = check_histories(arrays.histories)
    clients = left_out(cohort, settings.window)[: settings.most_folds or None][task.part :: task.parts]
    splits = evaluation.leave_one_out(arrays.histories)
    masks = np.array([splits[client].train for client in clients], dtype=np.bool_)
    places = [np.arange(cohort.starts[c] + settings.window, cohort.starts[c + 1]) for c in clients]
    found = _Found([], [], [])
    if clients:  # there may be fewer than parts
        found = _probabilities(task, settings, arrays, cohort, masks, places, clients, progress)
    hits = [_hits(likely, cohort.items[at]) for likely, at in zip(found.likely, places, strict=True)]
    return {
        "model": task.model,
        "training": task.training,
        "seed": task.seed,
        "clients": [int(client) for client in clients],
        "windows": [len(at) for at in places],
        "hits": hits,
        "epochs": found.epochs,
        "steps": found.steps,
        "data": {"name": data.name, "label": data.label, "synthetic": data.synthetic, "paper": data.paper},
        "cohort": len(cohort),
        "exercises": len(arrays.exercise_ids),
    }


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of probabilities of each fold; epochs: those kept, one a fold; steps: of Adam, until the last one kept."""

    likely: list[Floats]
    epochs: list[int]
    steps: list[int]


def _probabilities(
    task: Task,
    settings: Settings,
    arrays: CohortArrays,
    cohort: Histories,
    masks: Bools,
    places: Sequence[Any],
    clients: list[int],
    progress: Progress,
) -> _Found:
    if kind_of(task.model):
        return _peer(task, settings, arrays, cohort, masks, places, progress)
    if task.model == NETWORK:
        return _network(task, settings, arrays, cohort, masks, places, clients, progress)
    from core.recommender.baselines import Markov

    likely = []
    for fold, (mask, at) in enumerate(zip(masks, places, strict=True)):
        progress(fold / len(masks))
        model = Markov().fit(arrays.histories, exercises=arrays.exercises, targets=mask)
        likely.append(model.predict_proba(_before(cohort, at)))
    return _Found(likely, [], [])


def _peer(
    task: Task,
    settings: Settings,
    arrays: CohortArrays,
    cohort: Histories,
    masks: Bools,
    places: Sequence[Any],
    progress: Progress,
) -> _Found:
    from core.recommender.sequence_models import fit_folds

    kind = kind_of(task.model)
    assert kind is not None
    how = peer_settings(task.training, settings.loss)
    if task.training == SOFTMAX:
        how = replace(how, epochs=settings.peer_epochs)
    models = fit_folds(
        kind,
        arrays.histories,
        arrays.exercises,
        masks,
        settings=how,
        seed=task.seed,
        progress=lambda share: progress(0.95 * share),
    )
    likely = [model.predict_proba(_before(cohort, at)) for model, at in zip(models, places, strict=True)]
    rows = sum(-(-int(length) // how.length) for length in np.diff(cohort.starts))
    epochs = [model.best_epoch for model in models]
    return _Found(likely, epochs, [epoch * -(-rows // how.batch_size) for epoch in epochs])


def _network(
    task: Task,
    settings: Settings,
    arrays: CohortArrays,
    cohort: Histories,
    masks: Bools,
    places: Sequence[Any],
    clients: list[int],
    progress: Progress,
) -> _Found:
    from core.recommender import Settings as NetworkSettings
    from core.recommender import folds
    from core.recommender.network import probabilities
    from core.recommender.windows import cut_windows

    # As row 1 of Table I: all epochs, and no sample with padding.
    how = NetworkSettings(epochs=settings.epochs, window=settings.window, min_inputs=settings.window)
    profiles = demographic(arrays)
    trained = folds.fit(
        arrays.histories,
        profiles,
        arrays.exercises,
        how,
        targets=list(masks),
        seeds=[fold_seed(task.seed, client) for client in clients],
        progress=lambda at: progress(0.95 * at.epoch / at.epochs),
    )
    windows = cut_windows(cohort, settings.window)
    longest = max(map(len, places))
    # Shorter ones are filled up with their last window, whose rows are not read.
    at = np.stack([np.pad(own, (0, longest - len(own)), mode="edge") for own in places])
    rows = np.repeat(np.array(clients)[:, None], longest, axis=1)
    logits = trained.network.logits(trained.hidden(windows.items[at], rows, profiles))
    likely = [probabilities(own[: len(of)]) for own, of in zip(logits, places, strict=True)]
    whole = np.arange(len(cohort.items)) - cohort.starts[cohort.clients] >= settings.window
    steps = [settings.epochs * -(-int((mask & whole).sum()) // how.batch_size) for mask in masks]
    return _Found(likely, [settings.epochs] * len(masks), steps)


def _before(cohort: Histories, places: Any) -> list[Any]:
    """What each client had done before each place among all items."""
    return [cohort.items[cohort.starts[cohort.clients[place]] : place] for place in places]


def _hits(likely: Floats, targets: Any) -> list[int]:
    from core.recommender.evaluation import ranks

    found = ranks(likely, targets)
    return [int((found < k).sum()) for k in KS]


def _seconds(task: Task) -> float:
    return SECONDS.get((task.model, task.training), 1.0) / task.parts
