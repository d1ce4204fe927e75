"""Goal plans in closed form against the paper's program; run ``python -m benchmarks.planning``.

Random clients and horizons, each planned in closed form and by the mixed-integer program on SCIP and on HiGHS in the
same run. It compares the objective (the smallest number of steps of a day), the sum of steps, and the time; the
program's plan is the one with most steps of those that share its objective, and its time is without that second stage.
Times are processor time, so that other work on the machine does not count, and hold cvxpy's part in setting the program
up; the solver's own share is wall time by its own clock, for an idle machine. A second table does the same with rules:
challenge, ramp, rounding, rest days, floor. Everything is seeded; only times vary.
"""

import argparse
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.calfit import Behavior, plan, simulate
from core.calfit.plan_program import SOLVERS, ProgramPlan, Solver, plan_program
from core.calfit.planning import Plan
from core.calfit.rules import Rules

Floats = NDArray[np.float64]

HORIZONS = (7, 14, 28, 70)
REPEATS = 25  # calls of the closed form, of which the mean counts


@dataclass(frozen=True, slots=True)
class Case:
    """A client to plan for."""

    behavior: Behavior
    horizon: int
    rules: dict[str, Any]


def cases(count: int, rng: np.random.Generator, *, with_rules: bool) -> list[Case]:
    """Clients with 2,000 to 15,000 steps without goals, horizons of one to ten weeks in turn."""
    made = []
    for number in range(count):
        behavior = Behavior(rng.uniform(2_000, 15_000), rng.uniform(0, 12_000), rng.uniform(0, 1_500))
        horizon = HORIZONS[number % len(HORIZONS)]
        rules: dict[str, Any] = {}
        if with_rules:
            rules = {
                "challenge": float(rng.choice([0.7, 0.85, 1.0])),
                "ramp": float(rng.choice([250, 500, 1_000])),
                "round_to": float(rng.choice([50, 100])),
                "rest_days": range(6, horizon, 7),
                "floor": float(rng.choice([2_000, 5_000])),
            }
        made.append(Case(behavior, horizon, rules))
    return made


def seconds_of_plan(case: Case) -> float:
    """Mean processor time of a call."""
    start = time.process_time()
    for _ in range(REPEATS):
        plan(case.behavior, case.horizon, **case.rules)
    return (time.process_time() - start) / REPEATS


def seconds_of_program(case: Case, solver: Solver) -> float:
    """Processor time of the paper's program."""
    start = time.process_time()
    plan_program(case.behavior, case.horizon, Rules(**case.rules), solver=solver, settle_ties=False)
    return time.process_time() - start


def report(
    solver: str, tried: list[Case], plans: list[Plan], quick: Floats, found: list[ProgramPlan], whole: Floats
) -> None:
    """Print what the closed form and one solver say of the same cases."""
    ours = np.array([made.objective for made in plans])
    theirs = np.array([answer.objective for answer in found])
    bounds = np.array([answer.bound for answer in found])
    more = np.array(
        [
            made.expected_steps.sum() - simulate(case.behavior, answer.goals).steps.sum()
            for case, made, answer in zip(tried, plans, found, strict=True)
        ]
    )
    scale = np.maximum(theirs, 1.0)
    print(f"\n  {solver}: {len(found)} cases, {sum(a.proven for a in found)} proven optimal within 1e-6")
    print(f"    largest |objective - program's| / program's    {np.max(np.abs(ours - theirs) / scale):.1e}")
    print(f"    largest (bound - objective) / bound            {np.max((bounds - ours) / scale):.1e}")
    print(
        f"    cases equal within 1e-6                        {np.sum(np.abs(ours - theirs) <= 1e-6 * scale)}"
    )
    print(f"    sum of steps, ours - program's, least          {more.min():.4f} steps")
    alone = np.array([answer.solver_seconds for answer in found])
    print(f"    {'':<30}{'median':>10}{'quartiles':>20}{'range':>20}")
    rows = (
        ("closed form, ms", quick * 1e3, ".4f"),
        ("program, ms", whole * 1e3, ".1f"),
        ("the solver alone, wall ms", alone * 1e3, ".1f"),
        ("ratio", whole / quick, ",.0f"),
    )
    for name, values, form in rows:
        least, low, middle, high, most = (
            format(v, form) for v in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        )
        print(f"    {name:<30}{middle:>10}{f'{low} to {high}':>20}{f'{least} to {most}':>20}")
    print(f"    cases with a ratio of 500 or more              {np.mean(whole / quick >= 500):.1%}")


def run(count: int, seed: int, *, with_rules: bool) -> None:
    tried = cases(count, np.random.default_rng(seed), with_rules=with_rules)
    plans = [plan(case.behavior, case.horizon, **case.rules) for case in tried]
    quick = np.empty(count)
    found: dict[str, list[ProgramPlan]] = {solver: [] for solver in SOLVERS}
    whole = {solver: np.empty(count) for solver in SOLVERS}
    for solver in SOLVERS:
        plan_program(tried[0].behavior, 2, solver=solver)  # the first call loads the solver
    for number, case in enumerate(tried):
        quick[number] = seconds_of_plan(case)
        for solver in SOLVERS:
            whole[solver][number] = seconds_of_program(case, solver)
            rules = Rules(**case.rules)
            found[solver].append(plan_program(case.behavior, case.horizon, rules, solver=solver))
    for solver in SOLVERS:
        report(solver, tried, plans, quick, found[solver], whole[solver])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planning", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--cases", type=int, default=400, help="random cases without rules (400)")
    parser.add_argument("--ruled", type=int, default=100, help="random cases with rules (100)")
    parser.add_argument("--seed", type=int, default=2018)
    options = parser.parse_args()
    print(f"Horizons of {', '.join(map(str, HORIZONS))} days in turn, one thread.")
    print("\nWithout rules: the paper's program")
    run(options.cases, options.seed, with_rules=False)
    print("\nWith challenge, ramp, rounding, rest days and floor")
    run(options.ruled, options.seed + 1, with_rules=True)


if __name__ == "__main__":
    main()
