"""Many networks trained together as stacked tensors: the folds of a leave-one-out evaluation.

A network of the paper's size leaves a processor idle for most of a step, so training 72 of them in one go takes little
longer than training a few. Each fold has its own initial weights, order of samples and dropout, from a generator of its
own, and its own moments and count of steps in Adam: its result is that of training it alone, up to the rounding of
sums.

Rounding can grow: where the argument of a ReLU is next to zero, a difference in its last digit decides whether a
gradient passes in that step, and from there on two trainings drift apart. That happens to any two programs that sum in
another order, as this one and `training.train` do; `python -m benchmarks.folds` shows how far, in both precisions.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from core.errors import InputError
from core.recommender.gradient import Batch, loss_and_gradient
from core.recommender.network import Drops, Network, draw, rows_of_a_block
from core.recommender.settings import Progress, Settings
from core.recommender.windows import (
    PADDING,
    Floats,
    History,
    Ints,
    Windows,
    check_histories,
    check_matrix,
    check_targets,
    cut_windows,
)

# Smaller means of gradients are set to zero once an epoch. They do not move a weight, and left alone they shrink to
# numbers so small that processors calculate with them a hundred times as slowly.
NEGLIGIBLE = 1e-30

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Folds:
    """F networks trained together.

    network: their weights along a first axis (F, …); losses: (epochs, F) mean cross-entropies in nats while training.
    """

    network: Network
    losses: Floats

    def __len__(self) -> int:
        return len(self.network.weights["w_y"])

    def hidden(self, items: Ints, clients: Ints, profiles: Floats) -> Tensor:
        """h(t) of windows (F, M, ω), each fold's own, without dropout: (F, M, K); clients (F, M) are rows of profiles.

        Where a fold has fewer windows than others, fill up with any and leave out their rows of the result.
        """
        return hidden_states(self.network, items, clients, profiles)


def hidden_states(network: Network, items: Ints, clients: Ints, profiles: Floats) -> Tensor:
    """See Folds.hidden; network is a stack of F."""
    dtype = network.weights["w_y"].dtype
    with torch.no_grad():
        return network.hidden(
            network.tables(),
            torch.from_numpy(items),
            torch.from_numpy(clients),
            torch.from_numpy(profiles).to(dtype),
        )


def fit(
    histories: Sequence[History],
    profiles: ArrayLike,
    exercises: ArrayLike,
    settings: Settings,
    *,
    targets: Sequence[ArrayLike],
    seeds: Sequence[int],
    progress: Report | None = None,
) -> Folds:
    """Train a network for each fold on one cohort, all epochs, with no client held out to stop or to calibrate.

    histories, profiles (n, P) and exercises (N, E) as `Recommender.fit` takes them; targets: for each fold which of all
    exercises, client after client, it may train on; seeds: one a fold. Fold f is what
    ``Recommender(settings, seed=seeds[f]).fit(histories, profiles, exercises, targets=targets[f])`` gives with
    `stopping_share` and `calibration_share` of 0. progress is called after each epoch with the folds' mean loss;
    raising from it ends training. Raises InputError as `Recommender.fit` does, and for a fold without a sample.
    """
    features = check_matrix(exercises, "exercises")
    cohort = check_histories(histories, len(features))
    table = check_matrix(profiles, "profiles", rows=len(cohort))
    if len(targets) != len(seeds):
        raise InputError(
            f"There are {len(targets)} folds of targets and {len(seeds)} seeds; give one for each."
        )
    masks = [check_targets(mask, len(cohort.items)) for mask in targets]
    windows = [
        cut_windows(cohort, settings.window, min_inputs=settings.min_inputs, targets=mask) for mask in masks
    ]
    return fit_windows(windows, table, features, settings, seeds=seeds, progress=progress)


def fit_windows(
    windows: Sequence[Windows],
    profiles: Floats,
    exercises: Floats,
    settings: Settings,
    *,
    seeds: Sequence[int],
    progress: Report | None = None,
) -> Folds:
    """The same for windows that are cut already, each fold's own; their clients are rows of profiles."""
    e = torch.from_numpy(exercises.astype(np.float32))
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    networks = [
        Network.initial(settings, len(exercises), profiles.shape[1], e, generator) for generator in generators
    ]
    return train(networks, windows, profiles, generators, progress)


def train(
    networks: Sequence[Network],
    windows: Sequence[Windows],
    profiles: Floats,
    generators: Sequence[torch.Generator],
    progress: Report | None = None,
) -> Folds:
    """Minimise eq. 8 for networks that share settings and exercise profiles; the given ones are left as they are.

    Each goes through `settings.epochs` epochs over its own windows, whose clients are rows of profiles (C, N_u), with
    its own generator, as `training.train` does without clients held out for stopping. Folds may have unequal numbers
    of windows. Raises InputError for a fold without a window, or whose loss stops being a finite number.
    """
    settings = networks[0].settings
    return _run(
        Network.stacked(networks),
        windows,
        profiles,
        generators,
        settings.epochs,
        settings.learning_rate,
        progress,
    )


def fine_tune(
    network: Network,
    windows: Sequence[Windows],
    profiles: Floats,
    learning_rate: float,
    generators: Sequence[torch.Generator],
) -> Network:
    """One epoch of each of stacked networks over its own windows, all layers, in a new stack.

    What `training.fine_tune` does to one (Mahyari 2022, section III-B).
    """
    return _run(network, windows, profiles, generators, 1, learning_rate, None).network


def _run(
    network: Network,
    windows: Sequence[Windows],
    profiles: Floats,
    generators: Sequence[torch.Generator],
    epochs: int,
    learning_rate: float,
    progress: Report | None,
) -> Folds:
    if not len(windows) == len(generators) == len(network.weights["w_y"]):
        raise InputError(
            f"There are {len(network.weights['w_y'])} networks, {len(windows)} sets of windows and "
            f"{len(generators)} generators; give one of each for every fold."
        )
    if not all(map(len, windows)):
        raise InputError(
            "A fold has no window to train on; give longer histories or leave fewer clients out."
        )
    # Longest first: the folds that still have samples in a batch are then the first ones.
    order = sorted(range(len(windows)), key=lambda fold: -len(windows[fold]))
    stack = _Stack(network, order, learning_rate)
    samples = _Samples([windows[fold] for fold in order], profiles, stack.flat.dtype)
    own = [generators[fold] for fold in order]
    losses = np.empty((epochs, len(order)))
    for epoch in range(epochs):
        stack.forget_the_negligible()
        total = torch.zeros(len(order), dtype=torch.float64)
        for active, sizes, batch in samples.epoch(network.settings, own):
            loss, gradient = loss_and_gradient(stack.first(active), batch)
            stack.step(gradient, active)
            total[:active] += loss * sizes
        losses[epoch, order] = (total / samples.sizes).numpy()
        if not np.isfinite(losses[epoch]).all():
            raise InputError(
                f"Training diverged in epoch {epoch + 1}: standardise the profiles, or give a learning_rate below "
                f"{learning_rate}."
            )
        if progress is not None:
            progress(Progress(epoch + 1, epochs, float(losses[epoch].mean()), None, epoch + 1))
    return Folds(stack.network(order), losses)


class _Samples:
    """The windows of all folds, (F, M, …), filled up to the longest; folds in order of length."""

    def __init__(self, windows: Sequence[Windows], profiles: Floats, dtype: torch.dtype) -> None:
        self.sizes = torch.tensor([len(own) for own in windows])
        longest = len(windows[0])

        def filled(arrays: Sequence[Ints]) -> Tensor:
            result = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), dtype=np.int64)
            for row, array in zip(result, arrays, strict=True):
                row[: len(array)] = array
            return torch.from_numpy(result)

        self._items = filled([own.items for own in windows])
        self._targets = filled([own.targets for own in windows])
        self._clients = filled([own.clients for own in windows])
        self._profiles = torch.from_numpy(profiles).to(dtype)
        self._padded = bool((self._items == PADDING).any())

    def epoch(
        self, settings: Settings, generators: Sequence[torch.Generator]
    ) -> Iterator[tuple[int, Tensor, Batch]]:
        """Each batch of an epoch, with the number of folds that have samples in it, and how many each has, (F',)."""
        size, longest = settings.batch_size, self._items.shape[1]
        order = torch.zeros(self._targets.shape, dtype=torch.int64)
        for row, own, generator in zip(order, self.sizes, generators, strict=True):
            row[:own] = torch.randperm(int(own), generator=generator)
        folds = torch.arange(len(order)).unsqueeze(1)
        items, targets = self._items[folds, order], self._targets[folds, order]
        clients = self._clients[folds, order]
        rows = rows_of_a_block(settings)
        for block in range(0, longest, rows):
            drops = self._draw(settings, generators, block, min(rows, longest - block))
            for start in range(block, min(block + rows, longest), size):
                active = int((self.sizes > start).sum())
                sizes = torch.clamp(self.sizes[:active] - start, max=size)
                here = (slice(active), slice(start, min(start + size, longest)))
                yield (
                    active,
                    sizes,
                    self._batch(
                        items[here],
                        targets[here],
                        clients[here],
                        None if drops is None else _cut(drops, active, start - block, size),
                        sizes,
                    ),
                )

    def _batch(
        self, items: Tensor, targets: Tensor, clients: Tensor, drops: Drops | None, sizes: Tensor
    ) -> Batch:
        n = targets.shape[1]
        columns = items.mT.reshape(len(items), 1, -1)
        dtype = self._profiles.dtype
        real = (columns != PADDING).to(dtype) if self._padded else None
        counted = (torch.arange(n) < sizes.unsqueeze(1)).to(dtype) / sizes.unsqueeze(1)
        return Batch(
            items=columns if real is None else columns.clamp(min=0),
            real=real,
            targets=targets.unsqueeze(1),
            profiles=self._profiles[clients],
            user=None if drops is None or drops.user is None else drops.user.mT,
            state=None if drops is None else drops.state.mT,
            shares=counted.unsqueeze(1),
        )

    def _draw(
        self, settings: Settings, generators: Sequence[torch.Generator], start: int, rows: int
    ) -> Drops | None:
        """The factors of a block, from each fold's generator as many as it has samples there: (F, rows, …)."""
        if not settings.dropout:
            return None
        left = torch.clamp(self.sizes - start, min=0, max=rows).tolist()
        state = torch.zeros(len(left), rows, settings.k, dtype=self._profiles.dtype)
        user = None
        if settings.profile_attention:
            user = torch.zeros(len(left), rows, settings.k_u, dtype=self._profiles.dtype)
        for fold, (n, generator) in enumerate(zip(left, generators, strict=True)):
            if n and (drops := draw(settings, n, generator)) is not None:
                state[fold, :n] = drops.state
                if user is not None and drops.user is not None:
                    user[fold, :n] = drops.user
        return Drops(user, state)


def _cut(drops: Drops, active: int, start: int, size: int) -> Drops:
    """The factors of the first folds, for one batch of a block."""
    here = (slice(active), slice(start, start + size))
    return Drops(None if drops.user is None else drops.user[here], drops.state[here])


class _Stack:
    """All weights of all folds in one matrix (F, W), so that Adam is a handful of operations a step.

    Adam has torch's constants and its order of operations, and counts each fold's steps apart.
    """

    def __init__(self, network: Network, order: Sequence[int], learning_rate: float) -> None:
        self._template = network
        self._shapes = {name: weight.shape[1:] for name, weight in network.weights.items()}
        weights = [weight.detach()[list(order)].flatten(1) for weight in network.weights.values()]
        self._sizes = [weight.shape[1] for weight in weights]
        self.flat = torch.cat(weights, dim=1)
        self._means = torch.zeros_like(self.flat)
        self._squares = torch.zeros_like(self.flat)
        self._scratch = torch.empty_like(self.flat)
        self._steps = np.zeros(len(self.flat), dtype=np.int64)
        self._rate = learning_rate

    def first(self, active: int) -> Network:
        """The first so many folds, their weights views of the matrix."""
        return self._template.with_weights(self._views(self.flat[:active]))

    def network(self, order: Sequence[int]) -> Network:
        """All folds in the order they were given in."""
        back = np.argsort(order)
        return self._template.with_weights(self._views(self.flat[torch.from_numpy(back)]))

    def step(self, gradient: dict[str, Tensor], active: int) -> None:
        """One step of the first so many folds; the others' weights, moments and counts stay as they are."""
        g = torch.cat([part.flatten(1) for part in gradient.values()], dim=1)
        weights, means, squares = self.flat[:active], self._means[:active], self._squares[:active]
        root = self._scratch[:active]
        self._steps[:active] += 1
        steps = self._steps[:active]
        means.lerp_(g, 0.1)
        squares.mul_(0.999).addcmul_(g, g, value=0.001)
        torch.sqrt(squares, out=root)
        if steps[0] == steps[-1]:  # counts fall along the order, so that all are equal
            root.div_(math.sqrt(1 - 0.999 ** int(steps[0]))).add_(1e-8)
            weights.addcdiv_(means, root, value=-self._rate / (1 - 0.9 ** int(steps[0])))
        else:
            # In double precision: 1 − 0.999 has lost four digits in single.
            counts = torch.from_numpy(steps).double().unsqueeze(1)
            root.div_(torch.sqrt(1 - 0.999**counts).to(root.dtype)).add_(1e-8)
            weights.sub_((means / root).mul_((self._rate / (1 - 0.9**counts)).to(root.dtype)))

    def forget_the_negligible(self) -> None:
        """Set means of gradients that are next to nothing to zero."""
        self._means.masked_fill_(self._means.abs() < NEGLIGIBLE, 0.0)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        parts = torch.split(flat, self._sizes, dim=1)
        return {
            name: part.view(-1, *shape)
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
