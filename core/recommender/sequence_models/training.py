"""Training of a stack of sequence models on the same histories, each with targets of its own.

All of the stack start from the same weights and take the same batches in the same order, so that each ends as it would
if it were trained alone.

This module imports torch, which takes more than a second: import it inside functions only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.errors import InputError
from core.recommender.sequence_models.architecture import Architecture, Weights
from core.recommender.sequence_models.cnn import CNN
from core.recommender.sequence_models.gru import GRU
from core.recommender.sequence_models.losses import cross_entropy, loss
from core.recommender.sequence_models.mixture import Mixture
from core.recommender.sequence_models.pooling import Pooling
from core.recommender.sequence_models.settings import Kind
from core.recommender.windows import Bools, Histories, Ints

ARCHITECTURES: dict[Kind, type[Architecture]] = {
    "gru": GRU,
    "pooling": Pooling,
    "cnn": CNN,
    "mixture": Mixture,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Histories in pieces: places (R, L) among all items, filled on the right with −1, and each piece's length."""

    places: Ints
    lengths: Ints


def cut_rows(cohort: Histories, length: int) -> Rows:
    """Every history in pieces of `length` from its end backwards; the first piece has what is left over."""
    pieces = [
        (max(start, end - length), end)
        for start, stop in zip(cohort.starts[:-1], cohort.starts[1:], strict=True)
        for end in range(int(stop), int(start), -length)
    ]
    bounds = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    lengths = bounds[:, 1] - bounds[:, 0]
    steps = np.arange(int(lengths.max(initial=0)))
    places = np.where(steps < lengths[:, None], bounds[:, :1] + steps, -1)
    return Rows(places, lengths)


def stopping_clients(cohort: Histories, targets: Bools, share: float, rng: np.random.Generator) -> Bools:
    """Which clients each of the stack keeps out of training, to know when to stop; shape (S, clients).

    targets: (S, items). The clients come in one random order, of which each of the stack takes the first that have
    something to train on, but never its last.
    """
    having = np.stack([np.bincount(cohort.clients[mask], minlength=len(cohort)) > 0 for mask in targets])
    count = having.sum(axis=1)
    wanted = np.minimum(count - 1, np.maximum(1, np.round(share * count))) if share else np.zeros(len(count))
    order = rng.permutation(len(cohort))
    earlier = np.cumsum(having[:, order], axis=1)
    chosen = np.zeros_like(having)
    chosen[:, order] = having[:, order] & (earlier <= wanted[:, None])
    return chosen


def train(
    architecture: Architecture,
    cohort: Histories,
    targets: Bools,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> tuple[Weights, Ints]:
    """Minimise the settings' loss with Adam; the weights of S networks and the epoch from which each was kept.

    targets: (S, items), what each may train on. progress is told the fraction done after each epoch; raising from it
    ends training. Raises InputError if a loss stops being a finite number.
    """
    settings = architecture.settings
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    stopping = stopping_clients(cohort, targets, settings.stopping_share, rng)[:, cohort.clients] & targets
    rows = cut_rows(cohort, settings.length)
    # Rows without a target for anybody stay in training, or the order of the others would depend on them.
    watched_rows = _used(rows, stopping)
    check_mask = _tensor(stopping)
    train_mask = _tensor(targets & ~stopping)
    items = torch.from_numpy(cohort.items)
    start = architecture.initial(generator)
    weights = {name: weight.repeat(len(targets), *[1] * weight.ndim) for name, weight in start.items()}
    optimiser = torch.optim.Adam([w.requires_grad_() for w in weights.values()], lr=settings.learning_rate)
    best = _copy(weights)
    best_loss = torch.full((len(targets),), float("inf"))
    best_epoch = torch.zeros(len(targets), dtype=torch.int64)
    watched = torch.from_numpy(stopping.any(axis=1))
    for epoch in range(1, settings.epochs + 1):
        order = torch.randperm(len(rows.lengths), generator=generator).numpy()
        for first in range(0, len(order), settings.batch_size):
            chosen = order[first : first + settings.batch_size]
            optimiser.zero_grad()
            total = _losses(architecture, weights, items, rows, chosen, train_mask, generator)[0]
            if not torch.isfinite(total).all():
                raise InputError(
                    f"Training diverged in epoch {epoch}; give a learning_rate below {settings.learning_rate}."
                )
            total.sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        # Once its patience is at an end a network changes no more, however long the others go on.
        open_ = epoch - best_epoch <= settings.patience
        found = torch.where(
            watched, _mean_loss(architecture, weights, items, watched_rows, check_mask), -float(epoch)
        )
        better = open_ & (found < best_loss)
        best_loss = torch.where(better, found, best_loss)
        best_epoch = torch.where(better, epoch, best_epoch)
        for name, weight in weights.items():
            best[name] = torch.where(better.view(-1, *[1] * (weight.ndim - 1)), weight.detach(), best[name])
        if progress is not None:
            progress(epoch / settings.epochs)
        if bool((epoch - best_epoch >= settings.patience).all()):
            break
    return best, best_epoch.numpy()


def _losses(
    architecture: Architecture,
    weights: Weights,
    items: Tensor,
    rows: Rows,
    chosen: Ints,
    mask: Tensor,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """The mean loss of each network over its targets in the chosen rows, and how many they are; both (S,).

    generator: of dropout and negatives while training; None gives the cross-entropy without dropout.
    """
    places = rows.places[chosen, : rows.lengths[chosen].max()]
    at = torch.from_numpy(places)
    wanted = items[at]  # beyond a row's end something else, which the mask leaves out
    counted = mask[:, at] * (at >= 0)
    states = architecture.run(weights, wanted, generator)[:, :, :-1]
    logits = architecture.logits(weights, states)
    if generator is None:
        each = cross_entropy(logits, wanted)
    else:
        each = loss(architecture.settings, logits, wanted, generator)
    count = counted.sum(dim=(1, 2))
    return (each * counted).sum(dim=(1, 2)) / count.clamp(min=1), count


def _mean_loss(
    architecture: Architecture, weights: Weights, items: Tensor, rows: Rows, mask: Tensor
) -> Tensor:
    """Mean cross-entropy of each network over its targets, shape (S,); 0 where it has none."""
    total = count = torch.zeros(len(mask))
    size = architecture.settings.batch_size
    with torch.no_grad():
        for first in range(0, len(rows.lengths), size):
            chosen = np.arange(first, min(first + size, len(rows.lengths)))
            mean, counted = _losses(architecture, weights, items, rows, chosen, mask, None)
            total, count = total + mean * counted, count + counted
    return total / count.clamp(min=1)


def _used(rows: Rows, mask: Bools) -> Rows:
    """The rows in which any of the stack has a target."""
    anybody: Bools = np.any(mask, axis=0)
    kept = np.any(anybody[rows.places] & (rows.places >= 0), axis=1)
    return Rows(rows.places[kept], rows.lengths[kept])


def _tensor(mask: Bools) -> Tensor:
    return torch.from_numpy(mask.astype(np.float32))


def _copy(weights: Weights) -> Weights:
    return {name: weight.detach().clone() for name, weight in weights.items()}
