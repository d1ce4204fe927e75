"""The pieces: the functions of the lag with their bands, and a network trained with one window and one seed."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.services import Store
from core.services.studies import cohorts, protocols
from core.services.studies.cohorts import Data
from core.services.studies.protocols import KS
from core.services.studies.study import Context, Loaded, Piece, Progress
from core.services.studies.tables.peers import film_network
from core.services.studies.window.settings import Settings

if TYPE_CHECKING:
    from core.recommender.dependence import Lags

READINGS = ("same", "partial", "information")


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read the cohort, or MovieLens from its folder (checksum verified)."""
    return cohorts.load(store, settings.cohort, settings.folder)


def _tasks(settings: Settings, seed: int) -> list[tuple[int, int]]:
    """Window and seed of each network, the longest windows first: they take longest."""
    return [
        (window, seed + repeat)
        for window in range(settings.max_window, 0, -1)
        for repeat in range(settings.seeds)
    ]


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """A piece for each window and seed, and one for the lags."""
    networks = [
        Piece(f"Network with a window of {window}, seed {own}", 5.0 + window)
        for window, own in _tasks(settings, seed)
    ]
    return [*networks, Piece("Autocorrelation by lag", 2.0)]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """The functions of the lag, or the accuracy of one network."""
    data: Data = context.data
    tasks = _tasks(settings, seed)
    if index == len(tasks):
        return _lags(settings, seed, data, progress)
    window, own = tasks[index]
    return _network(settings, window, own, data, progress)


def _lags(settings: Settings, seed: int, data: Data, progress: Progress) -> dict[str, Any]:
    from core.recommender import dependence

    progress(0.0)
    histories = data.arrays.histories
    found = dependence.dependence(
        histories,
        settings.max_lag,
        np.random.default_rng(seed),
        permutations=settings.permutations,
        n_exercises=len(data.arrays.exercise_ids),
    )
    progress(1.0)
    return {
        "lags": {name: _as_json(getattr(found, name)) for name in READINGS},
        "rule": {
            "highest": dependence.highest(found.same),
            "nearest": dependence.nearest(found.same),
            "partial": dependence.farthest(found.partial),
            "information": dependence.farthest(found.information),
        },
        "flat": bool(np.all(found.same.high - found.same.low < 1e-6)),
        "once": all(len(set(history)) == len(history) for history in histories),
        "clients": len(histories),
        "exercises": len(data.arrays.exercise_ids),
        "done": sum(map(len, histories)),
        "data": {"name": data.name, "label": data.label, "paper": data.paper, "synthetic": data.synthetic},
    }


def _as_json(lags: "Lags") -> dict[str, list[float | None]]:
    """With None where there is no value, since JSON has no NaN."""
    return {
        name: [None if np.isnan(value) else float(value) for value in getattr(lags, name)]
        for name in ("found", "chance", "low", "high")
    }


def _network(settings: Settings, window: int, seed: int, data: Data, progress: Progress) -> dict[str, Any]:
    from core.recommender import Recommender, evaluation
    from core.recommender import Settings as NetworkSettings

    arrays = data.arrays
    split = protocols.split("clients", arrays.histories, settings.test_share, np.random.default_rng(seed))
    if data.paper == "films":
        how = film_network(settings.size, window=window, epochs=settings.epochs)
    else:
        how = replace(NetworkSettings(), window=window, epochs=settings.epochs, calibration_share=0.0)
    model = Recommender(how, seed=seed).fit(
        arrays.histories,
        arrays.profiles,
        arrays.exercises,
        targets=split.train,
        progress=lambda at: progress(0.9 * at.epoch / at.epochs),
    )
    progress(0.95)
    found = evaluation.evaluate(
        model, arrays.histories, arrays.profiles, split, ks=KS, exclude_seen=settings.repeats == "excluded"
    )
    return {
        "window": window,
        "seed": seed,
        "accuracy": [100.0 * found.top[k] for k in KS],
        "windows": int(found.windows),
    }
