"""Training of the network (Mahyari 2022, eq. 8), and the split of clients it needs.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.errors import InputError
from core.recommender.calibration import binned_error
from core.recommender.families import AnySettings, Fitted
from core.recommender.network import Drops, Network, Tables, draw, probabilities, rows_of_a_block
from core.recommender.settings import Progress, Settings
from core.recommender.version import Body, Record
from core.recommender.windows import Bools, Floats, Histories, Ints, Windows, windows_at

if TYPE_CHECKING:
    from core.recommender.families import AnyNetwork

# Windows in one step of a prediction: bounds the memory, not the result.
CHUNK = 8192
# Bounds on what a model carries with it, in windows.
REHEARSAL_WINDOWS = 2048
FORGETTING_WINDOWS = 1024
CALIBRATION_WINDOWS = 20_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Windows as tensors: items (M, ω), targets (M,), clients (M,) as rows of profiles, shape (C, N_u)."""

    items: Tensor
    targets: Tensor
    clients: Tensor
    profiles: Tensor

    def __len__(self) -> int:
        return len(self.targets)


def as_samples(windows: Windows, profiles: Floats) -> Samples:
    """Tensors of the windows; profiles has a row for each client number in them."""
    return Samples(
        torch.from_numpy(windows.items),
        torch.from_numpy(windows.targets),
        torch.from_numpy(windows.clients),
        torch.from_numpy(profiles.astype(np.float32)),
    )


def train(
    network: Network,
    training: Samples,
    stopping: Samples | None,
    generator: torch.Generator,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Network, int, list[float], list[float]]:
    """Minimise the cross-entropy of eq. 8 with Adam; the given network is left as it is.

    Ends early when the loss on `stopping` has not improved for `settings.patience` epochs, and returns the network of
    the best epoch (of the last one if `stopping` is None), that epoch, and the two losses of each epoch. Raises
    InputError if the loss stops being a finite number.
    """
    settings = network.settings
    network = network.copy()
    optimiser = _adam(network, settings.learning_rate)
    best, best_epoch, best_loss = network, 0, float("inf")
    train_losses: list[float] = []
    stop_losses: list[float] = []
    for epoch in range(1, settings.epochs + 1):
        order = torch.randperm(len(training), generator=generator)
        train_losses.append(_epoch(network, optimiser, training, order, generator))
        if not math.isfinite(train_losses[-1]):
            raise InputError(
                f"Training diverged in epoch {epoch}: standardise the profiles, or give a learning_rate below "
                f"{settings.learning_rate}."
            )
        stop_loss = None
        if stopping is None:
            best_epoch = epoch
        else:
            stop_loss = mean_loss(network, stopping)
            stop_losses.append(stop_loss)
            if stop_loss < best_loss:
                best, best_epoch, best_loss = network.copy(), epoch, stop_loss
        if progress is not None:
            progress(Progress(epoch, settings.epochs, train_losses[-1], stop_loss, best_epoch))
        if epoch - best_epoch >= settings.patience:
            break
    return best.copy(), best_epoch, train_losses, stop_losses


def fine_tune(
    network: Network, samples: Samples, learning_rate: float, generator: torch.Generator
) -> Network:
    """One epoch over the samples, all layers, in a new network (Mahyari 2022, section III-B)."""
    network = network.copy()
    order = torch.randperm(len(samples), generator=generator)
    _epoch(network, _adam(network, learning_rate), samples, order, generator)
    return network.copy()


def hidden_states(body: Body, items: Ints, clients: Ints, profiles: Floats) -> Tensor:
    """h(t) of each window without dropout, shape (M, K); clients (M,) are rows of profiles."""
    samples = as_samples(Windows(items, clients, clients, clients), profiles)
    with torch.no_grad():
        if body.tables is None:
            body.tables = body.network.tables()
        return _hidden(body.network, body.tables, samples)


def mean_loss(network: "AnyNetwork", samples: Samples) -> float:
    """Mean cross-entropy in nats, without dropout."""
    with torch.no_grad():
        hidden = _hidden(network, network.tables(), samples)
        return float(cross_entropy(network.logits(hidden), samples.targets))


def _hidden(network: "AnyNetwork", tables: Tables, samples: Samples) -> Tensor:
    parts = [
        network.hidden(tables, items, clients, profiles)
        for items, _, clients, profiles in _batches(samples, torch.arange(len(samples)), CHUNK)
    ]
    return torch.cat(parts) if parts else torch.empty(0, network.weights["w_y"].shape[-1])


def _adam(network: Network, learning_rate: float) -> torch.optim.Adam:
    weights = [weight.requires_grad_() for weight in network.weights.values()]
    return torch.optim.Adam(weights, lr=learning_rate)


def _epoch(
    network: Network,
    optimiser: torch.optim.Adam,
    samples: Samples,
    order: Tensor,
    generator: torch.Generator,
) -> float:
    total = 0.0
    for chosen, drops in _dropped(order, network.settings, generator):
        optimiser.zero_grad()
        profiles = samples.profiles[samples.clients[chosen]]
        hidden = network.hidden(network.tables(), samples.items[chosen], None, profiles, drops)
        loss = cross_entropy(network.logits(hidden), samples.targets[chosen])
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += float(loss.detach()) * len(chosen)
    return total / len(order)


def _dropped(
    order: Tensor, settings: Settings, generator: torch.Generator
) -> Iterator[tuple[Tensor, Drops | None]]:
    """The samples of each batch with the factors of its dropout, drawn for a block of batches at once."""
    for block in torch.split(order, rows_of_a_block(settings)):
        batches = torch.split(block, settings.batch_size)
        drops = draw(settings, len(block), generator)
        parts = [None] * len(batches) if drops is None else drops.split(settings.batch_size)
        yield from zip(batches, parts, strict=True)


def _batches(samples: Samples, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Items, targets, clients and profiles of each batch; profiles holds each of its clients once."""
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        clients, rows = torch.unique(samples.clients[chosen], return_inverse=True)
        yield samples.items[chosen], samples.targets[chosen], rows, samples.profiles[clients]


def split_clients(
    clients: np.ndarray, stopping_share: float, calibration_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clients for training, early stopping and calibration, at random and each part in ascending order.

    Each part that has a share gets at least one client while one is left to train on: with two clients nothing is
    left for stopping, with one nothing is held out at all.
    """
    order = rng.permutation(clients)
    free = len(order) - 1
    calibration = min(free, max(1, round(calibration_share * len(order)))) if calibration_share else 0
    stopping = min(free - calibration, max(1, round(stopping_share * len(order)))) if stopping_share else 0
    parts = np.split(order, [calibration, calibration + stopping])
    return np.sort(parts[2]), np.sort(parts[1]), np.sort(parts[0])


def record(
    fitted: Fitted,
    cohort: Histories,
    settings: AnySettings,
    profiles: Floats,
    targets: Bools | None,
    places: Ints,
    held_out: Ints,
    rng: np.random.Generator,
) -> tuple[Record, tuple[float, float]]:
    """What is kept of a fit (see Record), drawn by rng where there is too much to keep; and its calibration errors.

    places: of all targets; held_out: the clients to calibrate on. The errors are those of the calibration windows
    without the temperature, and with it.
    """
    network, train = fitted.network, fitted.clients
    mine = np.isin(cohort.clients, train)
    lengths = np.diff(cohort.starts)[train]
    trained = places[np.isin(cohort.clients[places], train)]
    others = places[np.isin(cohort.clients[places], held_out)]
    rehearsal, check, calibration = (
        windows_at(cohort, settings.window, some[_some(len(some), most, rng)])
        for some, most in (
            (trained, REHEARSAL_WINDOWS),
            (others, FORGETTING_WINDOWS),
            (others, CALIBRATION_WINDOWS),
        )
    )
    hidden = hidden_states(Body(network), calibration.items, calibration.clients, profiles)
    logits = network.logits(hidden)
    likely, without = probabilities(logits), probabilities(logits * fitted.temperature)
    right = likely.argmax(axis=1) == calibration.targets
    two = np.partition(likely, -2, axis=1)[:, -2:] if likely.shape[1] > 1 else np.hstack([0 * likely, likely])
    first, second = two[:, 1], two[:, 0]
    kept = Record(
        training_clients=train,
        training_profiles=profiles[train],
        training_items=cohort.items[mine],
        training_starts=np.concatenate([[0], np.cumsum(lengths)]),
        training_targets=np.ones(int(mine.sum()), dtype=np.bool_) if targets is None else targets[mine],
        rehearsal_items=rehearsal.items,
        rehearsal_targets=rehearsal.targets,
        rehearsal_clients=np.searchsorted(train, rehearsal.clients),
        slice_items=check.items,
        slice_targets=check.targets,
        slice_profiles=profiles[check.clients],
        calibration_top=np.column_stack([first, second, np.maximum(1 - first - second, 0)]),
        calibration_true=likely[np.arange(len(calibration)), calibration.targets],
        calibration_clients=calibration.clients,
    )
    return kept, (binned_error(without.max(axis=1), right), binned_error(first, right))


def _some(n: int, at_most: int, rng: np.random.Generator) -> Ints:
    """At most so many of n rows, at random, in their order."""
    return np.arange(n) if n <= at_most else np.sort(rng.choice(n, at_most, replace=False))
