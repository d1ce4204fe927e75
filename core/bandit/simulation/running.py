"""One policy's walk through a world, deciding and learning person by person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bandit.contexts import ENCODING
from core.bandit.policies import (
    BestFixedArm,
    EpsilonGreedy,
    HybridLinUCB,
    LinearPolicy,
    LinearThompson,
    LinUCB,
    Oracle,
    Policy,
    RandomPolicy,
)
from core.bandit.simulation.world import Truth, World
from core.errors import InputError
from core.guidelines import ARMS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Progress = Callable[[float], None]

POLICIES = ("linucb", "hybrid", "thompson", "epsilon-greedy", "random", "best-fixed", "oracle")
LEARNING = ("linucb", "hybrid", "thompson", "epsilon-greedy")
WIDE = ("linucb", "hybrid", "thompson")
WIDTH = 0.1  # the paper's α
EPSILON = 0.1
SAME = 1e-12  # two expectations no further apart count as equal


@dataclass(frozen=True, slots=True)
class Run:
    """What a policy did in a world; each array of shape (days, N).

    Attributes:
        arms: what was offered, places in ``ARMS``.
        expected: true expected reward of that, in the state that the policy's own picks had led to.
        best: the highest expected reward of any open arm in that state.
        earned: the reward.
        predicted: what the policy expected of its pick, without any bonus; None for one that expects nothing.
        explored: whether it expected more of another open arm; None likewise.
    """

    arms: Integers
    expected: Floats
    best: Floats
    earned: Floats
    predicted: Floats | None
    explored: Flags | None

    @property
    def regret(self) -> Floats:
        """Cumulative regret at the end of each day, shape (days,)."""
        lost = self.best - self.expected
        lost[lost < SAME] = 0.0  # the oracle's sums come in another order
        return np.asarray(lost.sum(axis=1).cumsum())


def make_policy(
    name: str, world: World, rng: np.random.Generator, *, width: float = WIDTH, epsilon: float = EPSILON
) -> Policy:
    """A policy that knows nothing yet, but for the two that know the world.

    Args:
        name: one of ``POLICIES``.
        world: what the oracle and the best fixed arm know.
        rng: the policy's own.
        width: of LinUCB, hybrid and Thompson.
        epsilon: of ε-greedy.

    Raises:
        InputError: for another name.
    """
    size, arms = ENCODING.size, tuple(ARMS)
    match name:
        case "linucb":
            return LinUCB(size, arms, width, rng)
        case "hybrid":
            return HybridLinUCB(size, arms, width, rng)
        case "thompson":
            return LinearThompson(size, arms, width, rng)
        case "epsilon-greedy":
            return EpsilonGreedy(size, arms, epsilon, rng)
        case "random":
            return RandomPolicy(size, arms, rng)
        case "best-fixed":
            return BestFixedArm(size, arms, fixed_means(world), rng)
        case "oracle":
            return Oracle(size, arms, world.expected_of, rng)
    raise InputError(f"The policy must be one of {', '.join(POLICIES)}; it is {name!r}.")


def fixed_means(world: World) -> Floats:
    """What each arm is expected to earn a decision if everybody is offered it every day, shape (arms,).

    Whoever may not have it is offered another.
    """
    rng = np.random.default_rng(0)  # nothing is tied
    means = [
        run(world, BestFixedArm(ENCODING.size, tuple(ARMS), preference, rng)).expected.mean()
        for preference in np.eye(len(ARMS)) * 2 + np.arange(len(ARMS)) / 10
    ]
    return np.array(means)


def run(world: World, policy: Policy, *, progress: Progress | None = None) -> Run:
    """Follow everybody through every day.

    A policy that learns decides on one person after another, in the day's order, and learns from each before the next;
    one that learns nothing decides on all of a day at once.

    Args:
        world: is not changed.
        policy: is; it is to be new.
        progress: called with the share that is done.
    """
    done: Floats = np.zeros((len(world), len(ARMS)))
    shape = (world.days, len(world))
    learns = isinstance(policy, LinearPolicy)
    arms = np.empty(shape, dtype=np.int64)
    expected, best, earned = (np.empty(shape) for _ in range(3))
    predicted, explored = np.empty(shape), np.empty(shape, dtype=bool)
    rows = np.arange(len(world))
    for day in range(world.days):
        truth = world.day(day, done)
        if isinstance(policy, LinearPolicy):
            arms[day], predicted[day], explored[day] = _learn(policy, world, truth, world.orders[day])
        else:
            names = policy.choose_many(truth.contexts, allowed=world.allowed)
            arms[day] = [policy.index(name) for name in names]
        expected[day] = truth.expected[rows, arms[day]]
        best[day] = np.where(world.allowed, truth.expected, -np.inf).max(axis=1)
        earned[day] = truth.earned[rows, arms[day]]
        done = world.after(day, done, arms[day], truth.completed)
        if progress is not None:
            progress((day + 1) / world.days)
    return Run(arms, expected, best, earned, predicted if learns else None, explored if learns else None)


def _learn(
    policy: LinearPolicy, world: World, truth: Truth, order: Integers
) -> tuple[Integers, Floats, Flags]:
    """A day's picks, what was expected of them, and whether more was expected of another open arm."""
    picks = np.empty(len(world), dtype=np.int64)
    guesses, explored = np.empty(len(world)), np.empty(len(world), dtype=bool)
    free: list[bool] = np.asarray(world.allowed.all(axis=1)).tolist()
    earned: list[list[float]] = truth.earned.tolist()
    for i in order.tolist():
        x = truth.contexts[i]
        guess: list[float] = policy.coefficients().dot(x).tolist()
        if free[i]:
            arm, most = policy.choose(x), max(guess)
        else:
            mask = world.allowed[i]
            arm, most = policy.choose(x, allowed=mask), max(g for g, o in zip(guess, mask, strict=True) if o)
        k = policy.index(arm)
        picks[i], guesses[i], explored[i] = k, guess[k], guess[k] < most - SAME
        policy.update(x, arm, earned[i][k])
    return picks, guesses, explored
