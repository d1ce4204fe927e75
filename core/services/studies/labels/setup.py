"""What one seed stands on: whose steps are known, asked about, calibrated on and tested, and the model's states."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.recommender.windows import Bools, Floats, Histories, Ints, check_histories, windows_at
from core.services.studies.cohorts import Data
from core.services.studies.labels.settings import Settings

CALIBRATION_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Steps:
    """M steps of some clients: states (M, K), what was done (M,), whose they are (M,), and (M, N) what cannot come."""

    states: Floats
    targets: Ints
    clients: Ints
    left_out: Bools | None

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Ints) -> "Steps":
        """Some of them, in the order of the rows."""
        left_out = None if self.left_out is None else self.left_out[rows]
        return Steps(self.states[rows], self.targets[rows], self.clients[rows], left_out)


@dataclass(frozen=True, slots=True)
class Setup:
    """The steps of the clients known at first, of the pool, of the clients that calibrate, and of those tested."""

    n_exercises: int
    start: Steps
    pool: Steps
    calibration: Steps
    test: Steps


def joined(one: Steps, other: Steps) -> Steps:
    """The steps of both, one after the other."""
    left_out = None
    if one.left_out is not None and other.left_out is not None:
        left_out = np.concatenate([one.left_out, other.left_out])
    return Steps(
        np.concatenate([one.states, other.states]),
        np.concatenate([one.targets, other.targets]),
        np.concatenate([one.clients, other.clients]),
        left_out,
    )


def setup_of(settings: Settings, data: Data, seed: int) -> Setup:
    """The same for every strategy of a seed, so that they are compared step by step.

    Raises InputError if the cohort has too few clients for the four parts, or too few steps for two batches.
    """
    from core.recommender.full_history_training import never_repeats

    rng = np.random.default_rng(seed)
    n = len(data.arrays.exercise_ids)
    laid = check_histories(data.arrays.histories, n)
    order = rng.permutation(np.unique(laid.clients))
    tested = max(1, round(settings.test_share * len(order)))
    calibrating = max(1, round(CALIBRATION_SHARE * len(order)))
    parts = np.split(order, np.cumsum([tested, calibrating, settings.start]))
    if not len(parts[3]):
        raise InputError(
            f"{data.name} has {len(order)} clients with a history; {tested} to test, {calibrating} to calibrate and "
            f"{settings.start} known at first leave nobody to ask about. Choose fewer."
        )
    excludes = never_repeats(laid, n)
    test, calibration, start, pool = (
        _steps(laid, n, clients, settings.most_windows, rng, excludes=excludes) for clients in parts
    )
    if len(pool) < settings.batch:
        raise InputError(
            f"{data.name} leaves {len(pool)} steps to ask about, fewer than the {settings.batch} of a batch. Choose "
            "a smaller batch, or fewer clients known at first."
        )
    return Setup(n, start, pool, calibration, test)


def _steps(
    laid: Histories, n: int, clients: Ints, most: int, rng: np.random.Generator, *, excludes: bool
) -> Steps:
    places = np.flatnonzero(np.isin(laid.clients, clients))
    if len(places) > most:
        places = np.sort(rng.choice(places, most, replace=False))
    states = states_at(laid, n, places)
    # The first discount is 1: its count is above zero exactly where an exercise was done before.
    done = states[:, :n] > 0
    return Steps(
        states,
        laid.items[places],
        laid.clients[places],
        done & ~done.all(axis=1, keepdims=True) if excludes else None,
    )


def states_at(laid: Histories, n: int, places: Ints) -> Floats:
    """The part of the full-history ensemble's state that needs no training, (M, K): discounted counts, and the stage.

    The profile is left out: with so few clients known a model without other layers takes it for who the client is.
    """
    import torch

    from core.recommender.full_history import initial
    from core.recommender.settings import FullHistorySettings

    settings = FullHistorySettings(members=1, embedding=1, state=1)
    network = initial(settings, n, 0, None, False, torch.Generator().manual_seed(0))
    windows = windows_at(laid, settings.window, places)
    with torch.no_grad():
        hidden = network.hidden(
            network.tables(), torch.from_numpy(windows.items), None, torch.zeros(len(places), 0)
        )
    states: Floats = hidden[:, network.recurrent :].double().numpy()
    return states
