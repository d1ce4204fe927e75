"""The two families of network that a recommender may hold, and all that differs between them.

`Settings` make the paper's attention network, `FullHistorySettings` the recurrent ensemble. Both have a last layer of
the same names over a state; what follows a fit (answers, calibration, cases, versions) treats them alike.

Networks import torch, which takes more than a second; so this module imports them inside functions only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recommender.calibration import temperature
from core.recommender.settings import FullHistorySettings, Progress, Settings
from core.recommender.windows import (
    Bools,
    Floats,
    Histories,
    History,
    Ints,
    cut_windows,
    last_windows,
    target_places,
    windows_at,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from core.recommender.full_history import FullHistory
    from core.recommender.network import Network

    AnyNetwork = Network | FullHistory

AnySettings = Settings | FullHistorySettings

ATTENTION, FULL_HISTORY = "attention", "full history"
TEMPERATURE_WINDOWS = 5000  # to fit one number on


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained network, the clients and how many targets of theirs it learnt from, and how that went.

    See `TrainingSummary` for the rest.
    """

    network: "AnyNetwork"
    clients: Ints
    targets: int
    best_epoch: int
    train_losses: list[float]
    stop_losses: list[float]
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Training:
    """What a network is trained on: a cohort, its encoded profiles and exercises, and the clients of each part."""

    cohort: Histories
    profiles: Floats
    exercises: Floats | None
    n_exercises: int
    targets: Bools | None
    train: Ints
    stop: Ints

    def of(self, clients: Ints) -> Bools:
        """The mask of the targets of some clients."""
        mine = np.isin(self.cohort.clients, clients)
        return mine if self.targets is None else mine & self.targets


def fit(
    settings: AnySettings, data: Training, seed: int, progress: Callable[[Progress], None] | None
) -> Fitted:
    """Train a network, and divide its logits by the temperature that fits the clients held out for stopping."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    exercises = None if data.exercises is None else torch.from_numpy(data.exercises.astype(np.float32))
    if isinstance(settings, FullHistorySettings):
        return _fit_full_history(settings, data, exercises, generator, progress)
    return _fit_attention(settings, data, exercises, generator, progress)


def _fit_attention(
    settings: Settings,
    data: Training,
    exercises: "Tensor | None",
    generator: "torch.Generator",
    progress: Callable[[Progress], None] | None,
) -> Fitted:
    from core.recommender import training
    from core.recommender.network import Network

    samples, stopping = (
        training.as_samples(
            cut_windows(
                data.cohort, settings.window, min_inputs=settings.min_inputs, targets=data.of(clients)
            ),
            data.profiles,
        )
        for clients in (data.train, data.stop)
    )
    network = Network.initial(settings, data.n_exercises, data.profiles.shape[1], exercises, generator)
    held_out = stopping if len(data.stop) else None
    trained, epoch, train_losses, stop_losses = training.train(
        network, samples, held_out, generator, progress
    )
    t = _temperature(trained, settings, data)
    return Fitted(
        _tempered(trained, t), data.train, len(samples), epoch, train_losses, stop_losses, temperature=t
    )


def _fit_full_history(
    settings: FullHistorySettings,
    data: Training,
    exercises: "Tensor | None",
    generator: "torch.Generator",
    progress: Callable[[Progress], None] | None,
) -> Fitted:
    from core.recommender import full_history_training as training
    from core.recommender.full_history import FullHistory, initial

    everybody = np.union1d(data.train, data.stop)
    sequences, stopping, all_of_them = (
        training.as_sequences(data.cohort, data.profiles, clients, data.targets, settings)
        for clients in (data.train, data.stop, everybody)
    )
    excludes = training.never_repeats(data.cohort, data.n_exercises, data.of(everybody))

    def first() -> FullHistory:
        return initial(settings, data.n_exercises, data.profiles.shape[1], exercises, excludes, generator)

    held_out = stopping if len(data.stop) else None
    network, course = training.train(first, sequences, held_out, generator, progress)
    t = _temperature(network, settings, data)
    if held_out is not None:
        network = training.again(first, all_of_them, course, generator, progress)
    return Fitted(
        _tempered(network, t),
        everybody,
        int(all_of_them.targets.sum()),
        int(np.median(course.epochs)),
        course.train_losses,
        course.stop_losses,
        temperature=t,
    )


def _temperature(network: "AnyNetwork", settings: AnySettings, data: Training) -> float:
    """What fits the clients held out for stopping; 1 without any."""
    from core.recommender.training import hidden_states
    from core.recommender.version import Body

    places = target_places(data.cohort, settings.min_inputs, data.of(data.stop))
    if len(places) > TEMPERATURE_WINDOWS:
        places = places[:: -(-len(places) // TEMPERATURE_WINDOWS)]
    if not len(places):
        return 1.0
    windows = windows_at(data.cohort, settings.window, places)
    states = hidden_states(Body(network), windows.items, windows.clients, data.profiles)
    return temperature(network.logits(states).numpy(), windows.targets)


def _tempered(network: "AnyNetwork", t: float) -> "AnyNetwork":
    """The network with its last layer over T, so that everything that stands on its logits is calibrated."""
    from core.recommender.network import LAST_LAYER

    last: dict[str, Tensor] = {
        name: network.weights[name] / t for name in LAST_LAYER if name in network.weights
    }
    return network.with_weights(last)


def fine_tune(
    network: "AnyNetwork", items: Ints, targets: Ints, clients: Ints, profiles: Floats, seed: int
) -> "AnyNetwork":
    """One epoch over some windows at a small rate, in a new network (Mahyari 2022, section III-B).

    items (M, ω), targets (M,), clients (M,) as rows of profiles (C, P). Of the attention network all layers learn, as
    in the paper; of the ensemble the last one alone, so that all its versions share their states.
    """
    import torch

    from core.recommender import full_history_training, training
    from core.recommender.full_history import FullHistory
    from core.recommender.personalising import NEIGHBOURS_RATE
    from core.recommender.windows import Windows

    generator = torch.Generator().manual_seed(seed)
    samples = training.as_samples(Windows(items, targets, clients, clients), profiles)
    if isinstance(network, FullHistory):
        return full_history_training.fine_tune(network, samples, NEIGHBOURS_RATE, generator)
    return training.fine_tune(network, samples, NEIGHBOURS_RATE, generator)


def leaves_out(network: "AnyNetwork", history: History, exercise: int) -> bool:
    """Whether an exercise cannot come after a history, whatever the weights: see `FullHistory.excludes`."""
    from core.recommender.full_history import FullHistory

    if not (isinstance(network, FullHistory) and network.excludes):
        return False
    # Where everything was done, only what the window shows is left out.
    read = history[-network.settings.window :]
    return any(exercise in done and len(done) < network.n for done in (set(history), set(read)))


def without_earlier(network: "AnyNetwork", logits: "Tensor", earlier: Sequence[History]) -> "Tensor":
    """Logits (n, N) with −∞ also at what was done before the windows they are of, where nothing can come again.

    earlier: for each window the exercises before it. A row of which nothing would be left stays as it is. Raises
    InputError for an exercise that the network does not have.
    """
    import torch

    from core.recommender.full_history import FullHistory

    if not (isinstance(network, FullHistory) and network.excludes) or not any(map(len, earlier)):
        return logits
    longest = max(map(len, earlier))
    items = last_windows(earlier, longest, network.n)
    done = np.zeros((len(items), network.n + 1), dtype=np.bool_)  # the last column takes the padding
    done[np.arange(len(items))[:, None], items] = True
    rest = logits.masked_fill(torch.from_numpy(done[:, :-1]), -np.inf)
    some = torch.isfinite(rest).any(dim=1, keepdim=True)
    return torch.where(some, rest, logits)


def same_body(one: "AnyNetwork", other: "AnyNetwork") -> bool:
    """Whether two networks share every weight but those of the last layer."""
    from core.recommender.network import LAST_LAYER

    return all(
        weight is other.weights[name] for name, weight in one.weights.items() if name not in LAST_LAYER
    )


def described(network: "AnyNetwork") -> dict[str, Any]:
    """What `rebuilt` needs beside the weights, as JSON can hold it."""
    from core.recommender.full_history import FullHistory

    if isinstance(network, FullHistory):
        return {"family": FULL_HISTORY, "excludes": network.excludes}
    return {"family": ATTENTION}


def rebuilt(
    meta: Mapping[str, Any], exercises: "Tensor | None", weights: "dict[str, Tensor]"
) -> "AnyNetwork":
    """The network that was described; one from before there were two families is the paper's."""
    from core.recommender.full_history import FullHistory
    from core.recommender.network import Network

    if meta.get("family", ATTENTION) == FULL_HISTORY:
        return FullHistory(FullHistorySettings(**meta["settings"]), exercises, weights, meta["excludes"])
    return Network(Settings(**meta["settings"]), exercises, weights)
