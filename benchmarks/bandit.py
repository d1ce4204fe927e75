"""Picks beside MABWiser's; run ``python -m benchmarks.bandit``.

LinUCB against MABWiser 2.7.4 with λ = 1 on both sides, on the same contexts and rewards. First that both pick the same
arm and hold the same θ throughout: both are taught MABWiser's pick, which is not compared where our two best scores
tie. Then the time of one decision and what it teaches, each on its own picks, in turns of 500 decisions; picks for
2,000 contexts at once, in turns of 10 calls, by policies taught little and much; 60,000 decisions of each policy in
contexts of synthetic profiles, as many as the simulation makes; and the drift of the inverse after 60,000 updates.
Explanations have a benchmark of their own.

MABWiser is installed for the run into a folder that is removed again, unless ``--peers`` names one to keep; Spotter
does not need it. Contexts are generated and seeded: numbers, one-hot categories, and products of them. Only the times
vary.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from core.bandit import EpsilonGreedy, HybridLinUCB, LinearThompson, LinUCB, Policy
from core.bandit.contexts import ENCODING
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.people import uniform_profiles

ARMS = ("cardio", "strength", "flexibility")
WIDTH = 0.1
STEPS, BLOCK, MANY, LONG = 5_000, 500, 2_000, 60_000
TAUGHT = (200, 5_000)
PEER = "mabwiser==2.7.4"

NUMBERS, GROUPS = 10, (2, 5, 8, 5)
OWN = NUMBERS + sum(GROUPS)
# The first number with every category, and every number with the first category: 30 columns more.
PAIRS = [(0, NUMBERS + j) for j in range(sum(GROUPS))] + [(j, NUMBERS) for j in range(NUMBERS)]
D = OWN + len(PAIRS)

Floats = NDArray[np.float64]


def install(folder: Path) -> None:
    """MABWiser; what it needs comes with Spotter."""
    if not (folder / "mabwiser").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*command, PEER], check=True)
    sys.path.append(str(folder))


def contexts(rng: np.random.Generator, count: int) -> Floats:
    groups = [np.eye(size)[rng.integers(size, size=count)] for size in GROUPS]
    own = np.column_stack((rng.random((count, NUMBERS)), *groups))
    left, right = np.array(PAIRS).T
    return np.hstack((own, own[:, left] * own[:, right]))


def rewards(rng: np.random.Generator, x: Floats) -> Floats:
    """What each arm would earn in each context, 0 to 1 and noise."""
    weights = rng.normal(size=(D, len(ARMS)))
    return 1 / (1 + np.exp(-(x - x.mean(axis=0)) @ weights)) + rng.normal(0, 0.1, (len(x), len(ARMS)))


def micros(call: Callable[[], object], repeats: int) -> Floats:
    times = np.empty(repeats)
    for i in range(repeats):
        start = time.perf_counter()
        call()
        times[i] = time.perf_counter() - start
    return times * 1e6


def spread(times: Floats) -> str:
    low, middle, high = np.quantile(times, [0.25, 0.5, 0.75])
    return f"{middle:>10,.1f} µs (quartiles {low:,.1f} to {high:,.1f})"


def mabwiser(seed: int) -> Any:
    from mabwiser.mab import MAB, LearningPolicy

    return MAB(list(ARMS), LearningPolicy.LinUCB(alpha=WIDTH, l2_lambda=1.0), seed=seed)


def same_course(x: Floats, earned: Floats, seed: int) -> None:
    """Both taught the same decisions, after each of which they are compared."""
    ours, theirs = LinUCB(D, ARMS, WIDTH, np.random.default_rng(seed)), mabwiser(seed)
    ours.update(x[0], ARMS[0], earned[0, 0])
    theirs.fit([ARMS[0]], [earned[0, 0]], x[:1])
    ties = differing = 0
    apart = 0.0
    for i in range(1, len(x)):
        best = np.sort(ours.scores(x[i]))
        tied = best[-1] - best[-2] < 1e-9
        pick = theirs.predict(x[i : i + 1])
        ties += tied
        differing += ours.choose(x[i]) != pick and not tied
        reward = float(earned[i, ARMS.index(pick)])
        ours.update(x[i], pick, reward)
        theirs.partial_fit([pick], [reward], x[i : i + 1])
        beta = np.stack([theirs._imp.arm_to_model[arm].beta for arm in ARMS])
        apart = max(apart, float(np.abs(ours.coefficients() - beta).max()))
    print(
        f"{len(x) - 1:,} decisions of {len(ARMS)} arms with {D} features, LinUCB and MABWiser taught the same"
    )
    print(f"  picks that differ: {differing} ({ties} ties left out); θ at most {apart:.1e} apart")


def one_at_a_time(x: Floats, earned: Floats, seed: int) -> None:
    """Each on its own picks, in turns of BLOCK decisions, so that both meet the machine in the same state."""
    ours, theirs = LinUCB(D, ARMS, WIDTH, np.random.default_rng(seed)), mabwiser(seed)
    theirs.fit([ARMS[0]], [earned[0, 0]], x[:1])
    our_times, their_times = np.empty(len(x) - 1), np.empty(len(x) - 1)
    clock = time.perf_counter
    for first in range(1, len(x), BLOCK):
        block = range(first, min(first + BLOCK, len(x)))
        for i in block:
            row = x[i]
            start = clock()
            arm = ours.choose(row)
            middle = clock()
            reward = float(earned[i, ours.index(arm)])
            again = clock()
            ours.update(row, arm, reward)
            our_times[i - 1] = clock() - again + middle - start
        for i in block:
            row = x[i : i + 1]
            start = clock()
            arm = theirs.predict(row)
            middle = clock()
            reward = float(earned[i, ARMS.index(arm)])
            again = clock()
            theirs.partial_fit([arm], [reward], row)
            their_times[i - 1] = clock() - again + middle - start
    our_times, their_times = our_times * 1e6, their_times * 1e6
    print("\nchoose + update, one decision at a time")
    print(f"  LinUCB   {spread(our_times)}")
    print(f"  MABWiser {spread(their_times)}: {np.median(their_times) / np.median(our_times):,.1f} times")


def many_at_once(x: Floats, earned: Floats, seed: int) -> None:
    """Both taught the first decisions, arms at random, then asked in turns of 10 calls."""
    rng = np.random.default_rng(seed + 1)
    new = contexts(rng, MANY)
    print(f"\npicks for {MANY:,} contexts at once")
    for count in TAUGHT:
        ours, theirs = LinUCB(D, ARMS, WIDTH, rng), mabwiser(seed)
        arms = [ARMS[k] for k in rng.integers(len(ARMS), size=count)]
        rewards_of = [float(row[ARMS.index(arm)]) for row, arm in zip(earned, arms, strict=False)]
        for row, arm, reward in zip(x, arms, rewards_of, strict=False):
            ours.update(row, arm, reward)
        theirs.fit(arms, rewards_of, x[:count])
        ask_ours, ask_theirs = partial(ours.choose_many, new), partial(theirs.predict, new)
        turns = [(micros(ask_ours, 10), micros(ask_theirs, 10)) for _ in range(20)]
        our_times, their_times = (np.concatenate(times) for times in zip(*turns, strict=True))
        differing = sum(a != b for a, b in zip(ask_ours(), ask_theirs(), strict=True))
        ratio = np.median(their_times) / np.median(our_times)
        print(f"  taught {count:,} decisions; picks that differ: {differing}")
        print(f"    LinUCB   {spread(our_times)}")
        print(f"    MABWiser {spread(their_times)}: {ratio:,.1f} times")


def long_runs(seed: int) -> None:
    """As many decisions as the simulation makes in 30 days, without its world."""
    rng = np.random.default_rng(seed)
    people = uniform_profiles(MANY, rng)
    x, means = ENCODING.encode(people), guideline_rewards(people)
    order = rng.integers(MANY, size=LONG).tolist()
    earned = (means[order] + rng.normal(0, 0.1, (LONG, len(ARMS)))).tolist()
    print(f"\n{LONG:,} decisions, choose + update, {ENCODING.size} features of {MANY:,} synthetic profiles")
    policies: tuple[Policy, ...] = (
        LinUCB(ENCODING.size, ARMS, WIDTH, rng),
        HybridLinUCB(ENCODING.size, ARMS, WIDTH, rng),
        LinearThompson(ENCODING.size, ARMS, WIDTH, rng),
        EpsilonGreedy(ENCODING.size, ARMS, 0.1, rng),
    )
    for policy in policies:
        times, clock = np.empty(LONG), time.perf_counter
        for i, place in enumerate(order):
            row, rewards_of = x[place], earned[i]
            start = clock()
            arm = policy.choose(row)
            policy.update(row, arm, rewards_of[policy.index(arm)])
            times[i] = clock() - start
        print(f"  {type(policy).__name__:<15}{times.sum():>5.2f} s;{spread(times * 1e6)}")


def drift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    policy, x = LinUCB(D, ARMS, WIDTH, rng), contexts(rng, LONG)
    for row in x:
        policy.update(row, ARMS[0], 0.5)
    gram = np.eye(D) + x.T @ x
    from_inverse = np.abs(policy.ridge.inverse[0] - np.linalg.inv(gram)).max()
    from_identity = np.abs(policy.ridge.inverse[0] @ gram - np.eye(D)).max()
    print(
        f"\ndrift after {LONG:,} updates of one arm: {from_inverse:.1e} from the inverse, "
        f"its product with A {from_identity:.1e} from the identity"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, help="folder to install MABWiser into, kept for the next run")
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        install(options.peers or Path(temporary))
        print(f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores\n")
        rng = np.random.default_rng(options.seed)
        x = contexts(rng, STEPS + 1)
        earned = rewards(rng, x)
        same_course(x, earned, options.seed)
        one_at_a_time(x, earned, options.seed)
        many_at_once(x, earned, options.seed)
        long_runs(options.seed)
        drift(options.seed)


if __name__ == "__main__":
    main()
