"""What profile and temporal attention each bring on the sample cohort; run ``python -m benchmarks.ablation``.

The cohort is synthetic, DStress-like, and its choices were made to depend on profile and history, as told in
sample_data/README.md: the figures say that the network's parts find what is there, not how they would do on people.

Four networks (whole, without profile attention, without temporal attention, without both) and two peers are trained on
the same clients and tested on the same others, for several seeds. In each seed every client is held out once, by fold;
every exercise after the first three is a target. A difference is the whole network's accuracy minus the other's, paired
by seed; its 95 % interval is Student's t over the seeds. A second interval, over the clients (each one's mean over the
seeds), says how far it hangs on who was in the cohort.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import sample_data
from core.recommender import Recommender, Settings
from core.recommender.baselines import Markov, Model, Popularity
from core.recommender.evaluation import ranks

Floats = NDArray[np.float64]

WHOLE = "whole network"
VARIANTS: dict[str, dict[str, Any]] = {
    WHOLE: {},
    "without profile attention": {"profile_attention": False},
    "without temporal attention": {"temporal_attention": False},
    "without both": {"profile_attention": False, "temporal_attention": False},
}
PEERS = {"first-order Markov": Markov, "popularity": Popularity}
# Most of a questionnaire's columns are noise to a network that sees some sixty clients, as the paper found too.
PROFILES = {
    "short": ("age", "bmi", "glteq_score", "exse_score"),
    "all": (
        "age",
        "height_cm",
        "weight_kg",
        "bmi",
        "pss_total",
        "dass_depression",
        "dass_anxiety",
        "dass_stress",
        "chips_total",
        "glteq_score",
        "exse_score",
    ),
}
FIRST_TARGET = 3
KS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Histories as exercise indices, and the encoded profiles of clients (n, P) and exercises (N, E)."""

    histories: list[list[int]]
    profiles: Floats
    exercises: Floats


def read_cohort(columns: Sequence[str]) -> Cohort:
    """The sample cohort; profiles are the given columns, standardised, and sex as two columns of 0 and 1."""
    catalogue, clients, log = map(
        _rows, (sample_data.EXERCISES_CSV, sample_data.CLIENTS_CSV, sample_data.LOG_CSV)
    )
    index = {row["exercise"]: number for number, row in enumerate(catalogue)}
    histories: dict[str, list[int]] = {row["client"]: [] for row in clients}
    for row in log:
        histories[row["client"]].append(index[row["exercise"]])
    numbers = [_standardised([float(row[column]) for row in clients]) for column in columns]
    return Cohort(
        histories=list(histories.values()),
        profiles=np.column_stack([*numbers, _one_hot([row["sex"] for row in clients])]),
        exercises=np.column_stack(
            [
                _one_hot([row["category"] for row in catalogue]),
                _one_hot([row["muscle_group"] for row in catalogue]),
                _standardised([float(row["difficulty"]) for row in catalogue]),
            ]
        ),
    )


def held_out_hits(cohort: Cohort, settings: Settings, folds: int, job: tuple[str, int]) -> Floats:
    """Whether each target was among the first k, for each k of `KS`; shape (clients, targets a client, ks)."""
    import torch

    # Several fits run side by side; with one thread each, a figure does not depend on how many.
    torch.set_num_threads(1)
    name, seed = job
    n = len(cohort.histories)
    hits = np.zeros((n, len(cohort.histories[0]) - FIRST_TARGET, len(KS)))
    for out in np.array_split(np.random.default_rng(seed).permutation(n), folds):
        rest = np.setdiff1d(np.arange(n), out)
        model: Model
        model = (
            PEERS[name]() if name in PEERS else Recommender(replace(settings, **VARIANTS[name]), seed=seed)
        )
        model.fit([cohort.histories[i] for i in rest], cohort.profiles[rest], cohort.exercises)
        for client in out:
            history = cohort.histories[client]
            places = range(FIRST_TARGET, len(history))
            likely = model.predict_proba(
                [history[:place] for place in places], np.tile(cohort.profiles[client], (len(places), 1))
            )
            place_of = ranks(likely, np.array(history[FIRST_TARGET:]))
            hits[client] = place_of[:, None] < np.array(KS)
    return hits


def interval(differences: Floats) -> tuple[float, float, float]:
    """Mean and 95 % interval (Student's t) of paired differences."""
    mean = float(differences.mean())
    half = stats.t.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    return mean, mean - half, mean + half


def report(hits: dict[str, Floats], seeds: int) -> None:
    """Print the table; hits holds (seeds, clients, targets, ks) for each model."""
    print(f"\n{'':<28}{'top-1':>8}{'top-5':>8}{'top-10':>8}")
    for name, found in hits.items():
        print(f"{name:<28}" + "".join(f"{value:>8.3f}" for value in found.mean(axis=(0, 1, 2))))
    print(f"\n{'Difference at top-1, 95 % interval':<58}{f'over {seeds} seeds':<29}over clients")
    pairs = [(WHOLE, other) for other in hits if other != WHOLE]
    pairs += [(with_one, "without both") for with_one in list(VARIANTS)[1:3]]
    for name, other in pairs:
        gap = (hits[name] - hits[other])[..., 0].mean(axis=2)
        line = f"{name + ' − ' + other:<58}"
        for axis in (1, 0):
            mean, low, high = interval(gap.mean(axis=axis))
            line += f"{f'{mean:+.3f} ({low:+.3f} to {high:+.3f})':<29}"
        print(line.rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds, at least 2 (default: 10)")
    parser.add_argument("--folds", type=int, default=4, help="parts the clients are held out in (default: 4)")
    parser.add_argument(
        "--profile", choices=PROFILES, default="short", help="client columns (default: short)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    chosen = parser.parse_args()
    # No asking rule is used here, so that no client is set aside for calibrating one.
    settings = Settings(calibration_share=0.0)
    cohort = read_cohort(PROFILES[chosen.profile])
    print(
        f"Sample cohort ({sample_data.LABEL}): {len(cohort.histories)} clients, {len(cohort.exercises)} exercises."
    )
    print(
        f"Profile: {', '.join(PROFILES[chosen.profile])}, sex. Held out: one client in {chosen.folds} at a time."
    )
    jobs = [(name, seed) for name in (*VARIANTS, *PEERS) for seed in range(chosen.seeds)]
    started = time.perf_counter()
    work = partial(held_out_hits, cohort, settings, chosen.folds)
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        results = []
        for number, result in enumerate(pool.map(work, jobs), start=1):
            results.append(result)
            print(
                f"\r{number} of {len(jobs)} runs, {time.perf_counter() - started:.0f} s", end="", flush=True
            )
    names = [name for name, _ in jobs]
    hits = {
        name: np.stack([hit for other, hit in zip(names, results, strict=True) if other == name])
        for name in dict.fromkeys(names)
    }
    report(hits, chosen.seeds)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _standardised(values: Sequence[float]) -> Floats:
    column = np.array(values)
    result: Floats = (column - column.mean()) / column.std()
    return result


def _one_hot(values: Sequence[str]) -> Floats:
    return np.array([[float(value == known) for known in sorted(set(values))] for value in values])


if __name__ == "__main__":
    main()
