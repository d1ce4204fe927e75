"""Explanations of a pick, beside shap's; run ``python -m benchmarks.explanations``.

How long ``explain`` takes for a pick, shap's LinearExplainer and PermutationExplainer for the same, and what the paper
reports (89.7 ms with explanations less 12.3 ms without); how far ours lie from shap's and from the scores they add up
to; the smallest change that flips a pick, stability of ranks, and a cohort's table with its null band; and the first
explanation of a fresh process, as a page gives it. Contexts are the app's own columns, of generated people with fixed
seeds. Only the times vary.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from core.bandit import Background, EpsilonGreedy, HybridLinUCB, LinearPolicy, LinearThompson, LinUCB, explain
from core.bandit.contexts import ENCODING
from core.bandit.flips import smallest_change
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.importance import mean_attributions, null_attributions
from core.bandit.people import People, uniform_profiles
from core.bandit.stability import rank_stability
from core.guidelines import ARMS

NAMES = tuple(ARMS)
PEOPLE, LEARNT, CASES, WIDTH = 2_000, 500, 10_000, 0.1
PAPER = 89.7 - 12.3  # ms

Floats = NDArray[np.float64]
KINDS: dict[str, Callable[[np.random.Generator], LinearPolicy]] = {
    "LinUCB": lambda rng: LinUCB(ENCODING.size, NAMES, WIDTH, rng),
    "HybridLinUCB": lambda rng: HybridLinUCB(ENCODING.size, NAMES, WIDTH, rng),
    "LinearThompson": lambda rng: LinearThompson(ENCODING.size, NAMES, WIDTH, rng),
    "EpsilonGreedy": lambda rng: EpsilonGreedy(ENCODING.size, NAMES, 0.1, rng),
}

# What is imported, after what.
STARTS = (
    ("core.bandit", "nothing", ""),
    ("core.services.picks", "nothing", ""),
    ("core.services.picks", "the other pages' imports", "import streamlit, core.services.caseload"),
    (
        "core.services.picks",
        "the server's warm-up",
        "import streamlit; from core.services.picks import warming; warming.warm()",
    ),
)
FIRST = """
import json, sys, time
{before}
loaded = set(sys.modules)
began = time.perf_counter()
import {module}
imported = time.perf_counter() - began
import numpy as np
import core.bandit
from core.bandit.contexts import ENCODING
from core.bandit.people import uniform_profiles
from core.guidelines import ARMS
rng = np.random.default_rng(1)
x = ENCODING.encode(uniform_profiles({people}, rng))
policy = core.bandit.LinUCB(ENCODING.size, tuple(ARMS), 0.1, rng)
ready = time.perf_counter()
for arm in ARMS:
    core.bandit.explain(policy, x[0], x, ENCODING.names, arm=arm)
first = time.perf_counter() - ready
new = set(sys.modules) - loaded
heavy = [name for name in ("shap", "torch", "numba", "pandas", "streamlit") if name in new]
print(json.dumps([imported, first, heavy]))
"""


def micros(repeats: int, call: Callable[..., object], *given: object, **named: object) -> Floats:
    times = np.empty(repeats)
    for i in range(repeats):
        start = time.perf_counter()
        call(*given, **named)
        times[i] = time.perf_counter() - start
    return times * 1e6


def spread(times: Floats, unit: str = "µs") -> str:
    low, middle, high = np.quantile(times, [0.25, 0.5, 0.75]) / (1_000 if unit == "ms" else 1)
    return f"{middle:>9,.1f} {unit} (quartiles {low:,.1f} to {high:,.1f})"


def generated(seed: int, count: int) -> tuple[People, Floats, Floats]:
    """People on some day, their contexts, and what each arm would earn them."""
    rng = np.random.default_rng(seed)
    people = uniform_profiles(count, rng)
    days = {f"done_{arm}": rng.random(count) for arm in NAMES}
    people = people.having(energy=rng.integers(3, size=count), **days)
    return (
        people,
        ENCODING.encode(people),
        guideline_rewards(people) + rng.normal(0, 0.1, (count, len(NAMES))),
    )


def taught(kind: str, x: Floats, earned: Floats) -> tuple[LinearPolicy, NDArray[np.int64]]:
    rng = np.random.default_rng(1)
    policy, arms = KINDS[kind](rng), rng.integers(len(NAMES), size=len(x))
    for row, arm, rewards in zip(x, arms, earned, strict=True):
        policy.update(row, NAMES[arm], float(rewards[arm]))
    return policy, arms


def one_pick(x: Floats, earned: Floats) -> None:
    start = time.perf_counter()
    background = Background(x, ENCODING.names)
    made = time.perf_counter() - start
    print(
        f"an explanation of a pick: {ENCODING.size} columns of {len(background.attributes)} attributes, "
        f"beside {len(x):,} people (prepared once, {made * 1e3:.1f} ms)"
    )
    for kind in KINDS:
        policy, _ = taught(kind, x[:LEARNT], earned[:LEARNT])
        times = np.concatenate([micros(1, explain, policy, row, background) for row in x])
        print(f"  {kind:<34}{spread(times)}")


def beside_shap(x: Floats, earned: Floats, repeats: int) -> None:
    start = time.perf_counter()
    import shap

    imported = time.perf_counter() - start
    policy, _ = taught("LinUCB", x[:LEARNT], earned[:LEARNT])
    theta = policy.coefficients()
    columns = Background(x, ENCODING.labels)
    whole = shap.maskers.Independent(x, max_samples=len(x))
    apart = 0.0
    for arm, weights in zip(NAMES, theta, strict=True):
        explainer = shap.LinearExplainer((weights, 0.0), whole)
        for row in x:
            found = list(explain(policy, row, columns, arm=arm).attributions.values())
            apart = max(apart, float(np.abs(explainer.shap_values(row) - found).max()))
    explainer = shap.LinearExplainer((theta[0], 0.0), whole)
    print(f"  {'shap.LinearExplainer, made before':<34}{spread(micros(500, explainer.shap_values, x[0]))}")

    def anew() -> object:
        return shap.LinearExplainer((theta[0], 0.0), whole).shap_values(x[0])

    print(f"  {'shap.LinearExplainer, for a new θ':<34}{spread(micros(50, anew))}")
    for masker, rows in ((shap.maskers.Independent(x), 100), (whole, len(x))):
        permuting = shap.PermutationExplainer(lambda z: policy.scores(z)[:, 0], masker, seed=1)
        first = micros(1, permuting, x[:1], silent=True)[0] / 1e6
        name = f"shap.PermutationExplainer, {rows:,} rows"
        times = micros(repeats, permuting, x[:1], silent=True)
        print(f"  {name:<37}{spread(times, 'ms')}; the first {first:.1f} s")
    print(f"  {'the paper':<34}{PAPER:>9.1f} ms; not the same machine, nor the same explainer")
    print(
        f"  shap is imported in {imported:.1f} s. It gives columns, not attributes, and LinearExplainer no bonus; "
        f"columns lie at most {apart:.1e} apart ({len(x) * len(NAMES):,} explanations)"
    )


def adds_up(x: Floats, seed: int) -> None:
    rng, worst = np.random.default_rng(seed), 0.0
    background = Background(x, ENCODING.names)
    kinds = list(KINDS)
    for case in range(CASES):
        if case % 100 == 0:
            policy = KINDS[kinds[case // 100 % len(kinds)]](rng)
            for row in x[rng.integers(len(x), size=int(rng.integers(200)))]:
                policy.update(row, NAMES[rng.integers(len(NAMES))], float(rng.normal()))
        row = x[rng.integers(len(x))]
        found = explain(policy, row, background, arm=NAMES[rng.integers(len(NAMES))])
        score = policy.scores(row)[policy.index(found.arm)]
        worst = max(worst, abs(found.base + sum(found.attributions.values()) + found.bonus - score))
    print(
        f"  base + Σ + bonus lies at most {worst:.1e} from the score ({CASES:,} random cases, four policies)"
    )


def the_rest(people: People, x: Floats, earned: Floats) -> None:
    print("\nbeside an explanation on the page")
    open_arms = np.ones(len(NAMES), dtype=bool)
    for kind in ("LinUCB", "HybridLinUCB"):
        policy, _ = taught(kind, x[:LEARNT], earned[:LEARNT])
        each = [micros(1, smallest_change, policy, people.row(place), open_arms) for place in range(200)]
        line(f"smallest change, {kind}", np.concatenate(each))
        # One that has learnt nothing goes through all there is.
        line("  where nothing flips", micros(20, smallest_change, KINDS[kind](policy.rng), {}, open_arms))
    policy, arms = taught("LinUCB", x[:LEARNT], earned[:LEARNT])
    background, rng = Background(x, ENCODING.names), np.random.default_rng(1)
    for rows in (x[:500], x):
        steady = micros(20, rank_stability, policy, x[0], rows, ENCODING.names, NAMES[0], rng)
        line(f"stability, 200 × {len(rows):,} rows", steady)
    line(f"table of {len(x):,} people", micros(20, mean_attributions, policy, x, background))
    log = x[:LEARNT], arms, earned[np.arange(LEARNT), arms]
    for count in (200, len(x)):
        refitted = micros(5, null_attributions, policy, x[:count], background, *log, rng)
        line(f"its null, 300 refits, {count:,} people", refitted)


def line(name: str, times: Floats) -> None:
    print(f"  {name:<37}{spread(times, 'ms')}, longest {times.max() / 1e3:,.1f}")


def first_of_a_process(repeats: int) -> None:
    print("\nthe first explanation of a fresh process: three arms beside 500 people, background and all")
    for module, after, before in STARTS:
        code = FIRST.format(before=before, module=module, people=500)
        command = [sys.executable, "-W", "ignore", "-c", code]
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(repeats)
        ]
        times = np.array([run[:2] for run in runs]) * 1e3
        imported, first = np.median(times, axis=0)
        print(
            f"  {module}, after {after}: imported in {imported:.0f} ms, explained in {first:.1f} ms "
            f"(quickest of {repeats}, together {times.sum(axis=1).min():.0f} ms); "
            f"newly loaded of shap, torch, numba, pandas and streamlit: {', '.join(runs[0][2]) or 'none'}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--repeats", type=int, default=20, help="of what takes long")
    options = parser.parse_args()
    print(f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores\n")
    people, x, earned = generated(options.seed, PEOPLE)
    one_pick(x, earned)
    beside_shap(x, earned, options.repeats)
    adds_up(x, options.seed)
    the_rest(people, x, earned)
    first_of_a_process(max(3, options.repeats // 4))


if __name__ == "__main__":
    main()
