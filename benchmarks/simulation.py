"""The paper's thirty days under every policy; run ``python -m benchmarks.simulation``.

How long one policy and seed take: people, health and days are made once for all policies of a seed and timed apart;
then each policy's walk through 60,000 decisions, deciding and learning one by one, in turns; then the measures with the
audit. After that the figures, as the study “bandit” puts them together: regret with intervals over seeds, paired
differences, and the paper's figures beside. The times vary; the figures hang on the options alone.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from core.bandit.simulation.measuring import measure
from core.bandit.simulation.running import POLICIES, make_policy, run
from core.services.studies.bandit import simulation
from core.services.studies.bandit.kept import kept
from core.services.studies.bandit.worlds import (
    ENVIRONMENTS,
    FULL,
    NAMES,
    UNIFORM,
    generators,
    profiles,
    world,
)
from workbench.cells import shown

TABLES = ("Regret", "Less regret", "Beside the paper", "What else was measured")


def spread(seconds: list[float]) -> str:
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    return f"{middle:6.2f} s (quartiles {low:.2f} to {high:.2f}, longest {max(seconds):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--environment", choices=tuple(ENVIRONMENTS), default=FULL)
    parser.add_argument("--profiles", choices=("dqn", "uniform", "enumerated"), default=UNIFORM)
    given = parser.parse_args()
    print(f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores\n")
    settings = simulation.Settings(
        people=given.people,
        days=given.days,
        seeds=given.seeds,
        environment=given.environment,
        profiles=given.profiles,
    )
    draw, clock = profiles(settings), time.perf_counter
    results = []
    making: list[float] = []
    walking: dict[str, list[float]] = {name: [] for name in POLICIES}
    measuring: list[float] = []
    for repetition in range(given.seeds):
        start = clock()
        where = world(settings, draw, given.seed, repetition)
        making.append(clock() - start)
        for name in POLICIES:
            deciding, drawn = generators(given.seed, repetition)
            start = clock()
            walked = run(where, make_policy(name, where, deciding))
            middle = clock()
            results.append({**kept(measure(where, walked, drawn)), "left_out": where.left_out})
            walking[name].append(middle - start)
            measuring.append(clock() - middle)
    decisions = given.people * given.days
    print(f"{decisions:,} decisions of one policy and seed; {given.seeds} seeds, {given.environment} rewards")
    for name, seconds in walking.items():
        print(f"  {NAMES[name]:<18}{spread(seconds)}")
    print(f"  {'people and days':<18}{spread(making)}, once a seed")
    print(f"  {'measures, audit':<18}{spread(measuring)}\n")
    result = simulation.STUDY.combine(settings, results)
    print(*result.headline, sep="\n")
    for table in result.tables:
        if table.title in TABLES:
            print(f"\n{table.title}\n{' | '.join(table.columns)}")
            for row in table.rows:
                print(" | ".join(shown(cell) for cell in row))


if __name__ == "__main__":
    main()
