"""The quick estimate beside the mixed-integer program; run ``python -m benchmarks.estimation``.

Accuracy: on generated clients (and with ``--fitbit`` on real steps, goals assumed) how far the estimate's loss lies
above the program's optimum, proven by HiGHS, with SCIP on a sample; then histories of 70 days, where the solvers
seldom finish, against the better of both at their time limit. Speed: each estimate beside SCIP's and HiGHS's run on
the same history; the solvers' times leave out building the program. Generated clients are seeded; times vary.

The defaults take about ten minutes, most of it the long histories: each solver may use its whole time limit on each.
"""

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.calfit import Certificate, certify, estimate, estimate_many, simulate, warm
from core.calfit.programs import Solver

Floats = NDArray[np.float64]
History = tuple[Floats, Floats]

NOISE = (1_500, 2_500)
RUN_IN = (3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 6_000)
LENGTHS = (7, 14, 28)
REPEATS = 5


@dataclass(frozen=True)
class Comparison:
    """One history: the estimate's loss and seconds, and what a solver reached."""

    days: int
    loss: float
    reached: float  # the program's best loss, infinite without a solution
    bound: float
    solved: bool  # by the solver's own word and its bound
    ours: float
    theirs: float

    @property
    def excess(self) -> float:
        """Share by which the estimate lies above the program's best solution; below 0 where it lies under it."""
        return self.loss / self.reached - 1 if self.reached > 0 else 0.0


def generated(rng: np.random.Generator, days: int, noise: float, adaptive: bool) -> History:
    """A client who follows the model with Laplace noise: a run-in week, then 10,000 or the 60th percentile."""
    baseline, p, mu = rng.uniform(2_000, 9_000), rng.uniform(0, 8_000), rng.uniform(0, 2_500)
    goals, steps = np.empty(days), np.empty(days)
    for day in range(days):
        goals[day] = RUN_IN[day] if day < 7 else percentile(steps[:day]) if adaptive else 10_000
        capacity = baseline + p / 2
        taken = max(baseline, min(goals[day], capacity))
        steps[day] = max(round(taken + rng.laplace(0, noise)), 0)
        p = 0.85 * p + mu * (capacity >= goals[day] - 0.5)
    return steps, goals


def percentile(steps: Floats) -> float:
    """The 60th percentile of the last ten days with a count, 10,000 before there are three."""
    counted = steps[np.isfinite(steps)][-10:]
    return min(float(np.percentile(counted, 60)), 20_000.0) if counted.size > 2 else 10_000.0


def clients(count: int, lengths: Sequence[int], seed: int) -> list[History]:
    """Generated clients of every combination of noise and goals, of lengths drawn from ``lengths``."""
    rng = np.random.default_rng(seed)
    return [
        generated(rng, int(rng.choice(lengths)), NOISE[i % 2], adaptive=i // 2 % 2 == 1) for i in range(count)
    ]


def fitbit(path: Path) -> list[History]:
    """Each wearer twice, with goals of 10,000 and with the 60th percentile; days of no steps were not worn."""
    wearers: dict[str, list[float]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            wearers[row["Id"]].append(float(row["TotalSteps"]) or np.nan)
    histories = []
    for counts in wearers.values():
        steps = np.array(counts)
        if np.isfinite(steps).sum() >= 2:
            histories.append((steps, np.full(steps.size, 10_000.0)))
            histories.append((steps, np.array([percentile(steps[:day]) for day in range(steps.size)])))
    return histories


def compare(history: History, solver: Solver, time_limit: float) -> Comparison:
    steps, goals = history
    warm()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = estimate(steps, goals)
        times.append(time.perf_counter() - start)
    proof: Certificate = certify(steps, goals, solver, time_limit)
    reached = np.inf
    if proof.solution is not None and proof.objective is not None:
        again = float(np.nansum(np.abs(simulate(proof.solution, goals).steps - steps)))
        reached = min(again, proof.objective)
    return Comparison(
        days=goals.size,
        loss=found.loss,
        reached=reached,
        bound=proof.dual_bound,
        solved=proof.status in ("optimal", "kOptimal") and proof.dual_bound >= reached - 1.0,
        ours=float(np.median(times)),
        theirs=proof.seconds,
    )


def accuracy(
    name: str, histories: list[History], solver: Solver, time_limit: float, pool: ProcessPoolExecutor
) -> None:
    count = len(histories)
    found = list(pool.map(compare, histories, [solver] * count, [time_limit] * count))
    proven = [case for case in found if case.solved]
    excess = np.array([case.excess for case in proven])
    rest = np.array([case.excess for case in found if not case.solved])
    proof = (
        f"{np.mean(excess <= 0.001):>10.2%}{excess.max():>12.1e}{np.median(excess):>12.1e}{excess.min():>12.1e}"
        if excess.size
        else f"{'-':>10}{'-':>12}{'-':>12}{'-':>12}"
    )
    note = f"   the others against the best solution: {rest.max():.1e} at worst" if rest.size else ""
    print(f"{name:<34}{solver:<8}{count:>6}{len(proven):>8}{proof}{note}", flush=True)


def spread(seconds: list[float]) -> str:
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75]) * 1e3
    return f"{middle:>11,.1f}{f'{low:,.1f}-{high:,.1f}':>20}"


def speed(days: int, histories: list[History], time_limit: float) -> None:
    """One row a solver; each of the histories alone, one after another."""
    runs: dict[Solver, list[Comparison]] = {
        "SCIP": [compare(history, "SCIP", time_limit) for history in histories],
        "HIGHS": [compare(history, "HIGHS", time_limit) for history in histories],
    }
    for solver, found in runs.items():
        ratios = [case.theirs / case.ours for case in found]
        low, middle, high = np.quantile(ratios, [0, 0.5, 1])
        print(
            f"{days:>4}{len(found):>7}  {solver:<7}{sum(case.solved for case in found):>7}"
            f"{spread([case.theirs for case in found])}{spread([case.ours for case in found])}"
            f"{middle:>10,.0f}x{f'{low:,.0f}-{high:,.0f}':>18}",
            flush=True,
        )
    excess = [min(a, b, key=lambda case: case.reached).excess for a, b in zip(*runs.values(), strict=True)]
    below = sum(value <= 1e-6 for value in excess)
    print(
        f"{'':>13}at or below the better of both on {below} of {len(excess)}; "
        f"excess from {min(excess):.1e} to {max(excess):.1e}",
        flush=True,
    )


def caseload(rng_seed: int) -> None:
    histories = clients(300, (28,), rng_seed)
    estimate_many(histories[:4])
    rates = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        estimate_many(histories)
        rates.append(len(histories) / (time.perf_counter() - start))
    print(
        f"\nestimate_many, {len(histories)} clients of 28 days: {np.median(rates):,.0f} clients a second"
        f" (from {min(rates):,.0f} to {max(rates):,.0f}; {os.cpu_count()} cores)"
    )


def load() -> str:
    return f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=300, help="generated clients of 7 to 28 days (300)")
    parser.add_argument("--scip-cases", type=int, default=20, help="of those, proven by SCIP as well (20)")
    parser.add_argument("--speed-cases", type=int, default=9, help="clients timed at 7, 14 and 28 days (9)")
    parser.add_argument("--long-cases", type=int, default=3, help="clients of --long-days (3)")
    parser.add_argument("--long-days", type=int, default=70)
    parser.add_argument("--time-limit", type=float, default=60, help="seconds a solver may take (60)")
    parser.add_argument("--workers", type=int, default=1, help="processes for the accuracy table (1)")
    parser.add_argument("--fitbit", type=Path, help="dailyActivity_merged.csv of Fitbit 2016 (Zenodo 53894)")
    parser.add_argument("--seed", type=int, default=2018)
    options = parser.parse_args()

    short = clients(options.cases, range(7, 29), options.seed)
    tables: list[tuple[str, list[History], Solver]] = [
        ("generated, 7 to 28 days", short, "HIGHS"),
        ("the first of them", short[: options.scip_cases], "SCIP"),
        ("Fitbit, goals assumed", fitbit(options.fitbit) if options.fitbit else [], "HIGHS"),
    ]
    print(f"Loss of the estimate above the program's proven optimum, as a share; {load()}")
    print(
        f"{'':<34}{'proof':<8}{'cases':>6}{'proven':>8}{'<= 0.1 %':>10}{'worst':>12}{'median':>12}{'least':>12}"
    )
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        for name, histories, solver in tables:
            if histories:
                accuracy(name, histories, solver, options.time_limit, pool)

    print(f"\nMilliseconds on the same history, median and quartiles; {load()}")
    print(
        f"{'days':>4}{'cases':>7}  {'solver':<7}{'proven':>7}{'its time':>11}{'quartiles':>20}{'estimate':>11}"
        f"{'quartiles':>20}{'ratio':>11}{'least and most':>18}"
    )
    for days in LENGTHS:
        if options.speed_cases:
            speed(days, clients(options.speed_cases, (days,), options.seed + days), options.time_limit)
    if options.long_cases:
        days = options.long_days
        speed(days, clients(options.long_cases, (days,), options.seed + days), options.time_limit)
    caseload(options.seed)
    print(load())


if __name__ == "__main__":
    main()
