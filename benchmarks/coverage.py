"""Whether the intervals for tomorrow's capacity hold the truth; run ``python -m benchmarks.coverage``.

Clients are made up with parameters that are known, counts with Laplace noise and missing days, a run-in week and then
10,000 steps a day for half of them, the 60th percentile of the last ten days for the others. For each, the 90 %
interval for the capacity on the day after 7, 14, 28 and 70 days is held against the truth. Five populations:

- *as the prior*, without and with weekday effects (in the second the posterior estimates them as well);
- *even*: normal baselines and evenly spread answers and noise, not the prior's shapes;
- *students*: those of the simulated trial (core.calfit.populations);
- *shifted*: few steps, strong answers to goals, much noise, which the prior holds for unlikely.

The last rows are the sample cohort: synthetic as well, made by a program that knows nothing of the prior, with weeks
whose Sunday has some 900 steps less for nearly everyone. Each row is about one day of one weekday for all 72.

The bound that Spotter sets itself: 85 to 95 % of 500 clients as the prior, and of 500 even ones, at each length.
"""

import argparse
import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import stats

import sample_data
from core.calfit import HELPLESSNESS, PRIOR
from core.calfit.behavior import Floats, course
from core.calfit.policies import RUN_IN, fixed, percentile, run_in
from core.calfit.populations import POPULATIONS
from core.calfit.posterior import NAMES, posterior

DAYS = (7, 14, 28, 70)
LEVEL = 0.9
LOWEST, HIGHEST = 0.85, 0.95
MISSING = 0.075

Population = Callable[[int, np.random.Generator], tuple[Floats, Floats, Floats, Floats, Floats]]
"""Draws n clients: u_b, p_1, mu and the noise's scale, each (n,), and weekday effects (n, 7)."""


def as_the_prior(clients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    parameters = PRIOR.parameters(rng.standard_normal((3, clients)))
    return *parameters, PRIOR.scales(np.zeros(clients), 0, rng), np.zeros((clients, 7))


def with_weekdays(clients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    *others, _ = as_the_prior(clients, rng)
    return *others, PRIOR.weekday_effects(rng.standard_normal((8, clients))).T


def even(clients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    return (
        np.clip(rng.normal(6_500, 2_000, clients), 1_500, None),
        rng.uniform(0, 7_000, clients),
        rng.uniform(0, 1_200, clients),
        rng.uniform(1_500, 2_500, clients),
        np.zeros((clients, 7)),
    )


def students(clients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    kind = POPULATIONS["students"]
    spreads = (kind.baseline, kind.responsiveness, kind.self_efficacy, kind.noise)
    baseline, p, gain, noise = (spread.draw(clients, rng) for spread in spreads)
    return baseline, p, gain, noise, np.zeros((clients, 7))


def shifted(clients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    return (
        np.clip(rng.normal(4_500, 1_200, clients), 1_000, None),
        rng.gamma(4.0, 1_500.0, clients),
        rng.gamma(4.0, 300.0, clients),
        rng.uniform(2_500, 3_500, clients),
        np.zeros((clients, 7)),
    )


ROWS: dict[str, tuple[Population, bool, bool]] = {
    "as the prior": (as_the_prior, False, True),
    "as the prior, weekdays": (with_weekdays, True, True),
    "even": (even, False, True),
    "students": (students, False, False),
    "shifted": (shifted, False, False),
}
"""By name: the population, whether the posterior is told the weekdays, whether the bound is set for it."""


def live(
    population: Population, clients: int, days: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Counts (n, T), goals (n, T) and the true capacity on the day after (n,); the first day is a Monday."""
    baseline, p, gain, scale, effects = population(clients, rng)
    steps, goals = np.empty((clients, 0)), np.empty((clients, 0))
    halves = np.arange(clients) % 2 == 0
    for day in range(days):
        if day < len(RUN_IN):
            goal = run_in(steps, goals)
        else:
            goal = np.where(halves, fixed(steps, goals), percentile(steps, goals))
        base = np.maximum(baseline + effects[:, day % 7], 0.0)
        made = course(base, p, gain, np.float64(HELPLESSNESS), goal[:, None])
        p = made.responsiveness[:, 1]
        count = np.maximum(np.round(made.steps[:, 0] + scale * rng.laplace(size=clients)), 0.0)
        count[rng.random(clients) < MISSING] = np.nan
        steps, goals = np.column_stack([steps, count]), np.column_stack([goals, goal])
    return steps, goals, np.maximum(baseline + effects[:, days % 7], 0.0) + p / 2


def cohort() -> tuple[Floats, Floats, dict[int, Floats]]:
    """Counts (n, T) and goals (n, T) of the sample cohort; by days of history, the true capacity on the day after."""
    with sample_data.STEPS_CSV.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with sample_data.TRUTH_CSV.open(encoding="utf-8", newline="") as file:
        truths = {row["client"]: row for row in csv.DictReader(file)}
    shape = (len(truths), -1)
    by_client = sorted(rows, key=lambda row: (row["client"], row["day"]))
    steps = np.array([float(row["steps"] or "nan") for row in by_client]).reshape(shape)
    goals = np.array([float(row["goal"]) for row in by_client]).reshape(shape)
    ordered = [truths[name] for name in sorted(truths)]
    names = ("u_b", "p_1", "mu", *(f"u_b_{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")))
    baseline, p, gain, *week = (np.array([float(row[name]) for row in ordered]) for name in names)
    effects = np.stack(week, axis=1)
    weekday = (date.fromisoformat(by_client[0]["day"]).weekday() + np.arange(goals.shape[1] + 1)) % 7
    made = course(baseline, p, gain, np.float64(HELPLESSNESS), goals, offsets=effects[:, weekday[:-1]])
    after = np.maximum(baseline[:, None] + effects[:, weekday], 0.0) + made.responsiveness / 2
    return steps, goals, {days: after[:, days] for days in (*DAYS, 27, 69)}


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one population at one length of history."""

    held: int
    clients: int
    width: float
    milliseconds: float
    known: Floats  # share of clients whose parameter is identified, (3,)

    def print(self, name: str, days: int, bound: bool) -> bool:
        """Print the row; False if a bound is set and not kept."""
        share = self.held / self.clients
        chance = stats.binomtest(self.held, self.clients).proportion_ci(0.95, "exact")
        kept = LOWEST <= share <= HIGHEST
        known = " ".join(f"{100 * part:4.0f}" for part in self.known)
        verdict = "" if not bound else "kept" if kept else "NOT kept"
        print(
            f"{name:<26}{days:>5}{self.clients:>9}{100 * share:>9.1f} %"
            f"  {100 * chance.low:>5.1f}-{100 * chance.high:<5.1f}"
            f"{self.width:>9,.0f}{known:>17}{self.milliseconds:>8.1f}  {verdict}",
            flush=True,
        )
        return kept or not bound


def measure(steps: Floats, goals: Floats, truth: Floats, *, weekdays: bool) -> Row:
    week = np.arange(steps.shape[1]) % 7 if weekdays else None
    held, widths, times, known = 0, [], [], []
    for counts, wanted, capacity in zip(steps, goals, truth, strict=True):
        if np.isfinite(counts).sum() < 2:
            continue
        began = time.perf_counter()
        belief = posterior(counts, wanted, weekdays=week)
        times.append(time.perf_counter() - began)
        low, high = belief.interval("capacity", LEVEL)
        held += low <= capacity <= high
        widths.append(high - low)
        known.append([belief.identified[name] for name in NAMES])
    return Row(
        held, len(widths), float(np.median(widths)), 1e3 * float(np.median(times)), np.mean(known, axis=0)
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=500, help="for each row (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    posterior([5_000, 6_000], [4_000, 4_000])  # what is imported at the first call is no part of the times
    print(
        f"{'':<26}{'days':>5}{'clients':>9}{'held':>9}  {'95 % of it':>13}{'width':>9}{'identified, %':>17}{'ms':>8}\n"
        f"{'':<71}{'u_b    p   mu':>17}"
    )
    kept = True
    for place, (name, (population, weekdays, bound)) in enumerate(ROWS.items()):
        for days in DAYS:
            rng = np.random.default_rng([options.seed, place, days])
            lived = live(population, options.clients, days, rng)
            kept &= measure(*lived, weekdays=weekdays).print(name, days, bound)
    steps, goals, truth = cohort()
    for days, capacity in sorted(truth.items()):
        row = measure(steps[:, :days], goals[:, :days], capacity, weekdays=True)
        row.print("sample cohort, a Sunday" if days % 7 == 6 else "sample cohort, a Monday", days, False)
    print(
        f"{100 * LOWEST:.0f} to {100 * HIGHEST:.0f} % where it is asked for: {'kept' if kept else 'NOT kept'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
