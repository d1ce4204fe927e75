"""One piece: a model trained and tested on one split with one seed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.services import Store
from core.services.features import CohortArrays
from core.services.studies import cohorts, protocols
from core.services.studies.cohorts import Data
from core.services.studies.protocols import KS, REPEATS, SPLITS
from core.services.studies.recommenders.settings import FULL_HISTORY, MODELS, NETWORK, Settings
from core.services.studies.study import Context, Loaded, Piece, Progress

if TYPE_CHECKING:
    from core.recommender import FullHistorySettings
    from core.recommender import Settings as NetworkSettings
    from core.recommender.baselines import Model
    from core.recommender.evaluation import Split

WEIGHTS = {FULL_HISTORY: 300.0, NETWORK: 60.0}  # they take about so many times as long as a baseline


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read the cohort, or MovieLens from its folder (checksum verified)."""
    return cohorts.load(store, settings.cohort, settings.folder)


def _weight(model: str) -> float:
    return WEIGHTS.get(model, 1.0)


def _tasks(settings: Settings, seed: int) -> Iterator[tuple[str, int, str]]:
    """Split, seed and model of each piece; the longest first, so that no core waits for one at the end."""
    for model in sorted(settings.models, key=_weight, reverse=True):
        for repeat in range(settings.seeds):
            for split in settings.splits:
                yield split, seed + repeat, model


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """One piece for each model, split and seed."""
    return [
        Piece(f"{MODELS[model]}, {SPLITS[split]}, seed {own}", _weight(model))
        for split, own, model in _tasks(settings, seed)
    ]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """Train one model on one split, and count its hits on the tested part."""
    from core.recommender import evaluation

    split_name, own, model_name = list(_tasks(settings, seed))[index]
    data: Data = context.data
    arrays = data.arrays
    tested = protocols.split(split_name, arrays.histories, settings.test_share, np.random.default_rng(own))
    model = _fitted(model_name, arrays, tested, settings, own, films=data.paper == "films", progress=progress)
    accuracy = {}
    for repeats in REPEATS[settings.repeats]:
        progress(0.95)
        found = evaluation.evaluate(
            model, arrays.histories, arrays.profiles, tested, ks=KS, exclude_seen=repeats == "excluded"
        )
        accuracy[repeats] = [100.0 * found.top[k] for k in KS]
    return {
        "split": split_name,
        "seed": own,
        "model": model_name,
        "accuracy": accuracy,
        "windows": int(found.windows),
        "data": {"name": data.name, "label": data.label, "paper": data.paper, "synthetic": data.synthetic},
        "clients": len(arrays.client_ids),
        "exercises": len(arrays.exercise_ids),
        "targets": sum(map(len, arrays.histories)),
    }


def _fitted(
    name: str,
    arrays: CohortArrays,
    split: "Split",
    settings: Settings,
    seed: int,
    *,
    films: bool,
    progress: Progress,
) -> "Model":
    from core.recommender import Recommender, baselines

    if name in WEIGHTS:
        network = Recommender(_own_settings(name, settings, films=films), seed=seed)
        return network.fit(
            arrays.histories,
            arrays.profiles,
            arrays.exercises,
            targets=split.train,
            progress=lambda at: progress(0.9 * at.epoch / at.epochs),
        )
    model: baselines.Popularity | baselines.Markov | baselines.ItemKNN
    if name == "popularity":
        model = baselines.Popularity()
    elif name == "markov":
        model = baselines.Markov()
    else:
        model = baselines.ItemKNN(window=settings.window)
    return model.fit(arrays.histories, arrays.profiles, arrays.exercises, targets=split.train)


def _own_settings(name: str, settings: Settings, *, films: bool) -> "NetworkSettings | FullHistorySettings":
    from core.recommender import FullHistorySettings
    from core.recommender import Settings as NetworkSettings

    # No clients are kept for calibration: nobody is asked here, and the baselines train on them too.
    if name == FULL_HISTORY:
        return FullHistorySettings(epochs=settings.full_history_epochs, calibration_share=0.0)
    sizes = NetworkSettings.movielens() if films else NetworkSettings()
    return replace(sizes, window=settings.window, epochs=settings.epochs, calibration_share=0.0)
