"""Speed of the simulated mSTAR trial, and what its shortcuts cost; run ``python -m benchmarks.trial``.

1. A thousand trials of 13 clients and ten weeks, simulated and analysed, in as many processes as asked for.
2. The coarse estimator of the simulated plans against `estimate` on the same histories: losses, the week of goals that
   follows, and what clients do when each of the two plans for them.
3. The quick test against the paper's mixed model on the same trials, without any effect and with one.

Everything is seeded; only the times vary.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import numpy as np

from core.calfit.analysis import PAPER, changes, compare, fit_mixed_model
from core.calfit.behavior import HELPLESSNESS, Floats
from core.calfit.coarse import estimate_coarse
from core.calfit.estimation import estimate_many
from core.calfit.planning import plan
from core.calfit.policies import RUN_IN
from core.calfit.populations import POPULATIONS, recruit
from core.calfit.trial import WEEK, WEEKS, WeeklyPlan, follow, run_trials
from core.errors import InputError

STUDENTS = POPULATIONS["students"]
PIECE = 50
DAYS = len(RUN_IN) + WEEK * WEEKS
HISTORIES = (7, 14, 28, 70)


def simulate(greatest: bool, job: tuple[int, int]) -> Floats:
    """Difference, width of the interval and p of each trial; shape (3, trials)."""
    seed, trials = job
    made = run_trials(
        trials,
        STUDENTS,
        np.random.default_rng((2018, seed)),
        intervention=WeeklyPlan(greatest=greatest),
    )
    found = compare(changes(made.control.counts), changes(made.intervention.counts))
    return np.array([found.difference, found.high - found.low, found.p])


def speed(trials: int, workers: int) -> None:
    jobs = [(seed, PIECE) for seed in range(trials // PIECE)]
    print(f"{len(jobs) * PIECE:,} trials of 13 clients, a run-in week and {WEEKS} weeks, {workers} processes")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(simulate, False), [(0, 2)] * workers))  # imports and compiled code
        for greatest in (False, True):
            begun = time.perf_counter()
            results = np.concatenate(list(pool.map(partial(simulate, greatest), jobs)), axis=1)
            seconds = time.perf_counter() - begun
            difference, width, p = results
            print(
                f"  estimates that fit alike: {'great' if greatest else 'small'} response: {seconds:6.1f} s; "
                f"difference {difference.mean():+.0f} (middle 95 % {np.quantile(difference, 0.025):+.0f} to "
                f"{np.quantile(difference, 0.975):+.0f}), interval {width.mean():,.0f} wide, "
                f"p < 0.05 in {100 * (p < 0.05).mean():.1f} %"
            )
    print(
        f"  the paper's one trial: difference {PAPER.difference:+.0f}, interval {PAPER.high - PAPER.low:,.0f} wide, "
        f"p = {PAPER.p}\n"
    )


def by_estimate(challenge: float, counts: Floats, goals: Floats) -> Floats:
    """What `WeeklyPlan` does, by `estimate` and `plan`."""
    ahead = []
    for found in estimate_many(list(zip(counts, goals, strict=True))):
        tomorrow = replace(found.behavior, responsiveness=float(found.course.responsiveness[-1]))
        ahead.append(plan(tomorrow, WEEK, challenge).goals)
    return np.array(ahead)


def agreement(clients: int) -> None:
    people = recruit(STUDENTS, clients, DAYS, np.random.default_rng(1))
    coarse = follow(people, WeeklyPlan())
    print(f"Coarse estimate against estimate(), {clients} clients of the simulated trial")
    print(
        f"  {'days':>4}{'ms coarse':>11}{'ms full':>9}{'mean loss':>11}{'p95':>8}{'worst':>8}"
        f"{'goal, median |gap|':>20}{'mean |gap|':>12}{'mean gap':>10}"
    )
    for days in HISTORIES:
        counts, goals = coarse.counts[:, :days].copy(), coarse.goals[:, :days].copy()
        histories = list(zip(counts, goals, strict=True))
        estimate_coarse(counts[:1], goals[:1])
        begun = time.perf_counter()
        quick = estimate_coarse(counts, goals)
        middle = time.perf_counter()
        full = estimate_many(histories)
        ended = time.perf_counter()
        excess = 100 * (quick.loss / np.array([found.loss for found in full]) - 1)
        gap = (WeeklyPlan()(counts, goals) - by_estimate(1.0, counts, goals)).mean(axis=1)
        print(
            f"  {days:>4}{1e3 * (middle - begun) / clients:>11.2f}{1e3 * (ended - middle) / clients:>9.1f}"
            f"{excess.mean():>+10.3f}%{np.quantile(excess, 0.95):>+7.2f}%{excess.max():>+7.2f}%"
            f"{np.median(np.abs(gap)):>20,.0f}{np.abs(gap).mean():>12,.0f}{gap.mean():>+10,.0f}"
        )
    fully = follow(people, partial(by_estimate, 1.0))
    print("  The same clients through the ten weeks, planned for by each:")
    after = slice(len(RUN_IN), None)
    for name, followed in (("coarse", coarse), ("estimate()", fully)):
        print(
            f"    {name:<12}{followed.steps[:, after].mean():>8,.0f} steps a day, goals "
            f"{followed.goals[:, after].mean():,.0f}, {100 * followed.met[:, after].mean():.0f} % met, change "
            f"{changes(followed.counts).mean():+.0f}"
        )
    apart = changes(coarse.counts) - changes(fully.counts)
    error = apart.std(ddof=1) / np.sqrt(clients)
    print(f"    difference in change, coarse less full: {apart.mean():+.0f} (standard error {error:.0f})\n")


def both_ways(effect: float, seed: int) -> tuple[float, ...] | None:
    """One trial on straight lines: gap in steps, ratio of standard errors, both p, warnings; None if not fitted."""
    rng = np.random.default_rng((7, seed))
    treated = np.arange(13) >= 7
    slopes = rng.normal(0, 800, 13) + effect * treated
    counts = rng.normal(5_800, 1_300, 13)[:, None] + slopes[:, None] * np.linspace(0, 1, DAYS)
    counts = counts + rng.laplace(0, 2_800, counts.shape)
    quick = compare(changes(counts[~treated])[None], changes(counts[treated])[None])
    try:
        full = fit_mixed_model(counts, treated)
    except InputError:
        return None
    error = (full.high - full.low) / (2 * 1.959964)
    gap = abs(full.difference - float(quick.difference[0]))
    return gap, error / float(quick.error[0]), full.p, float(quick.p[0]), float(bool(full.warnings))


def analyses(trials: int, workers: int) -> None:
    print(f"Quick test against the mixed model, {trials} made-up trials of 13 clients each")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for effect in (0.0, PAPER.difference):
            found = [pair for pair in pool.map(partial(both_ways, effect), range(trials)) if pair]
            gap, ratio, full, quick, warned = np.array(found).T
            print(
                f"  true difference {effect:>5,.0f}: {len(found)} fitted, largest gap {gap.max():.2f} steps, standard "
                f"error mixed / quick {np.median(ratio):.2f} (middle 90 % {np.quantile(ratio, 0.05):.2f} to "
                f"{np.quantile(ratio, 0.95):.2f}); p < 0.05: mixed {100 * (full < 0.05).mean():.1f} %, "
                f"quick {100 * (quick < 0.05).mean():.1f} %; warnings in {100 * warned.mean():.0f} %"
            )
    print(f"  helplessness {HELPLESSNESS}, {DAYS} days, noise of scale 2,800")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trial", description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1_000, help="simulated trials (default: 1000)")
    parser.add_argument("--clients", type=int, default=100, help="clients estimated both ways (default: 100)")
    parser.add_argument("--fits", type=int, default=200, help="trials analysed both ways (default: 200)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    chosen = parser.parse_args()
    speed(chosen.trials, chosen.workers)
    agreement(chosen.clients)
    analyses(chosen.fits, chosen.workers)


if __name__ == "__main__":
    main()
