"""All folds of a leave-one-out evaluation at once, beside the loop fold by fold; run ``python -m benchmarks.folds``.

The paper's network on the sample cohort (synthetic), row 1 of Table I: each of 72 clients left out in turn, 30 epochs,
2,343 windows a fold. The loop is `training.train` for one fold after the other, as `Recommender.fit` calls it; the
other way is `folds.train`. Both do the same: each fold has its seed, its order of samples, its dropout and its Adam.

In turns: all folds at once, then the loop over a share of the folds, and so on until the loop has been through all of
them. Each turn gives a ratio: the loop's seconds, as if for all folds, by those of all at once. First an epoch of each
way is timed with one thread and with every core, and each way keeps the number of threads that is better for it.

Then both are compared: probabilities for the client left out, and top-1 accuracy. In single precision rounding grows
over thousands of steps where a ReLU closes a step earlier or later (see `core.recommender.folds`), so that some folds
are trained in double precision too, where both ways must agree; and in single precision by the code for many with one
fold alone, whose products sum in another order than those of a stack, which shows how far rounding by itself goes.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

import sample_data
from benchmarks.ablation import Cohort, read_cohort
from core.recommender import Settings, folds, training
from core.recommender.network import Network, probabilities
from core.recommender.windows import Windows, check_histories, cut_windows

COLUMNS = ("age", "height_cm", "weight_kg")  # and sex

Floats = NDArray[np.float64]


class Folds:
    """The windows of every fold, and the two ways to train on them; `dtype` is the precision of both."""

    def __init__(
        self, cohort: Cohort, settings: Settings, count: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.settings, self.dtype = settings, dtype
        self.profiles = cohort.profiles
        laid = check_histories(cohort.histories, len(cohort.exercises))
        every = cut_windows(laid, settings.window, min_inputs=settings.min_inputs)
        self.windows = [every.take(every.clients != client) for client in range(count)]
        self.tested = [every.take(every.clients == client) for client in range(count)]
        self.exercises = torch.from_numpy(cohort.exercises).to(torch.float32)

    def __len__(self) -> int:
        return len(self.windows)

    def start(self, fold: int) -> tuple[Network, torch.Generator]:
        """The untrained network of a fold, with the generator that goes on to draw its order and dropout."""
        generator = torch.Generator().manual_seed(fold)
        network = Network.initial(
            self.settings, len(self.exercises), self.profiles.shape[1], self.exercises, generator
        )
        weights = {name: weight.to(self.dtype) for name, weight in network.weights.items()}
        return replace(network, exercises=self.exercises.to(self.dtype), weights=weights), generator

    def samples(self, windows: Windows) -> training.Samples:
        """Windows as `training.train` takes them."""
        own = training.as_samples(windows, self.profiles)
        return replace(own, profiles=torch.from_numpy(self.profiles).to(self.dtype))

    def together(self) -> list[Network]:
        """All folds at once."""
        networks, generators = zip(*map(self.start, range(len(self))), strict=True)
        found = folds.train(networks, self.windows, self.profiles, generators).network
        return [found.one(fold) for fold in range(len(self))]

    def alone(self, fold: int) -> Network:
        """One fold by the trainer of a single network."""
        network, generator = self.start(fold)
        return training.train(network, self.samples(self.windows[fold]), None, generator)[0]

    def stack_of_one(self, fold: int) -> Network:
        """One fold by the trainer of many."""
        network, generator = self.start(fold)
        return folds.train([network], [self.windows[fold]], self.profiles, [generator]).network.one(0)

    def likely(self, network: Network, fold: int) -> Floats:
        """Probabilities for the client left out."""
        own = self.samples(self.tested[fold])
        with torch.no_grad():
            hidden = network.hidden(network.tables(), own.items, own.clients, own.profiles)
            return probabilities(network.logits(hidden))

    def top1(self, likely: Floats, fold: int) -> float:
        """The share of the client's steps whose most probable exercise was done."""
        return float((likely.argmax(axis=1) == self.tested[fold].targets).mean())


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def best_threads(cohort: Cohort, settings: Settings, count: int, choices: Sequence[int]) -> tuple[int, int]:
    """The numbers of threads that all at once and the loop are fastest with, one epoch each, the best of two."""
    one = Folds(cohort, replace(settings, epochs=1), count)
    found = []
    ways: Sequence[tuple[str, Callable[[], object]]] = (
        ("all at once", one.together),
        ("one fold", lambda: one.alone(0)),
    )
    one.alone(0)  # the first call of a process loads what later ones find loaded
    for name, call in ways:
        taken = {}
        for threads in choices:
            torch.set_num_threads(threads)
            taken[threads] = min(seconds(call) for _ in range(2))
        found.append(min(taken, key=lambda threads: taken[threads]))
        said = ", ".join(f"{threads} threads {of:.2f} s" for threads, of in taken.items())
        print(f"One epoch, {name}: {said}; timed with {found[-1]}.", flush=True)
    return found[0], found[1]


def compare(of: Folds, together: Sequence[Network], alone: Sequence[Network]) -> None:
    pairs = [
        (of.likely(one, fold), of.likely(two, fold))
        for fold, (one, two) in enumerate(zip(together, alone, strict=True))
    ]
    tops = np.array([[of.top1(likely, fold) for likely in pair] for fold, pair in enumerate(pairs)])
    apart = np.concatenate([np.abs(one - two).max(axis=1) for one, two in pairs])
    print(
        f"  probabilities differ by {apart.max():.1e} at most, {np.median(apart):.1e} in the median window; "
        f"top-1 {100 * tops[:, 0].mean():.2f} % at once, {100 * tops[:, 1].mean():.2f} % one by one; "
        f"largest difference of a fold's top-1 {100 * np.abs(tops[:, 0] - tops[:, 1]).max():.1f} points"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folds", description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, default=72, help="clients left out (default: 72)")
    parser.add_argument("--epochs", type=int, default=30, help="(default: 30)")
    parser.add_argument("--turns", type=int, default=6, help="parts the loop is timed in (default: 6)")
    parser.add_argument(
        "--exact", type=int, default=6, help="folds compared in double precision (default: 6)"
    )
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=sorted({1, os.cpu_count() or 1}),
        help="numbers of threads to try (default: one, and every core); a busy machine is no place for several",
    )
    chosen = parser.parse_args()
    cohort = read_cohort(COLUMNS)
    settings = Settings(epochs=chosen.epochs, min_inputs=3)
    of = Folds(cohort, settings, chosen.folds)
    print(
        f"Sample cohort ({sample_data.LABEL}): {len(of)} folds, {len(of.windows[0]):,} windows each, "
        f"{settings.epochs} epochs, batches of {settings.batch_size}.",
        flush=True,
    )
    many, single = best_threads(cohort, settings, chosen.folds, chosen.threads)
    networks: dict[int, Network] = {}
    together: list[Network] = []
    ratios, stacked, loop = [], [], 0.0
    for part in np.array_split(np.arange(len(of)), min(chosen.turns, len(of))):
        torch.set_num_threads(many)
        start = time.perf_counter()
        together = of.together()
        stacked.append(time.perf_counter() - start)
        torch.set_num_threads(single)
        start = time.perf_counter()
        for fold in part:
            networks[int(fold)] = of.alone(int(fold))
        taken = time.perf_counter() - start
        loop += taken
        ratios.append(taken / len(part) * len(of) / stacked[-1])
        print(
            f"  at once {stacked[-1]:.1f} s; {len(part)} folds one by one {taken:.1f} s; {ratios[-1]:.1f} times",
            flush=True,
        )
    print(
        f"All {len(of)} folds: one by one {loop:.1f} s, at once {np.median(stacked):.1f} s (median of "
        f"{len(stacked)}, {min(stacked):.1f} to {max(stacked):.1f}).\nAt once is {np.median(ratios):.1f} times "
        f"as fast (median of {len(ratios)} turns, {min(ratios):.1f} to {max(ratios):.1f}; by the sums "
        f"{loop / np.median(stacked):.1f})."
    )
    print("Single precision, all folds:")
    compare(of, together, [networks[fold] for fold in range(len(of))])
    exact = Folds(cohort, settings, min(chosen.exact, len(of)), torch.float64)
    print(f"Double precision, {len(exact)} folds:")
    compare(exact, exact.together(), [exact.alone(fold) for fold in range(len(exact))])
    some = range(min(chosen.exact, len(of)))
    print(f"Single precision, {len(some)} folds, one by one with the code for many:")
    compare(of, [together[fold] for fold in some], [of.stack_of_one(fold) for fold in some])


if __name__ == "__main__":
    main()
