"""Synthetic profiles made by an agent that learnt what the guideline base rewards (Naliyatthaliyazchayil 2024).

An agent that always takes the best action makes the same week again and again: of actions that are worth the same it
prefers one by the chance of its first weights. So profiles are sampled after training, an action with probability
proportional to exp(worth / temperature): what matters for the reward stays near its best, and the rest is more varied,
though not even, as its worth is learnt no better than to that temperature.
The paper instead seems to keep the profiles of its training episodes, half of which are nearly random; both can be had
here, and how varied each is, the study of profiles tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.bandit.people import People
from core.bandit.profiles.layout import PERSON, Layout, wanted_rewards
from core.bandit.profiles.training import Training
from core.errors import InputError

if TYPE_CHECKING:
    from core.bandit.profiles.agent import Agent

Floats = NDArray[np.float64]
EPISODES = 2_000  # the paper's
BLOCK = 50  # episodes in a point of the curve
TEMPERATURE = 0.02


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles and the reward of each, shape (N,)."""

    people: People
    rewards: Floats


@dataclass(frozen=True, slots=True)
class Generated:
    """What an agent made, and how it learnt.

    Attributes:
        people: the profiles, sampled after training.
        rewards: of each, shape (count,), between 0 and 1.
        greedy: as many by an agent that always takes the best action.
        trained: those that were made in training, one an episode, as the paper's.
        curve: mean reward of each block of 50 episodes, the last perhaps shorter.
        epsilons: share of random actions, by episode.
        losses: mean loss of each episode, NaN before the first was learnt from.
    """

    people: People
    rewards: Floats
    greedy: Profiles
    trained: Profiles
    curve: Floats
    epsilons: Floats
    losses: Floats


def dqn_profiles(
    count: int = 2_000,
    seed: int = 0,
    *,
    drawn: str = PERSON,
    episodes: int = EPISODES,
    temperature: float = TEMPERATURE,
    training: Training | None = None,
    progress: Callable[[float], None] | None = None,
) -> Generated:
    """Profiles by a deep Q-network that is trained first. The same seed gives the same profiles.

    Args:
        count: number of profiles.
        drawn: what is drawn at random instead of chosen by the agent, one of ``layout.DRAWN``.
        episodes: to train for; the paper's 2,000.
        temperature: above 0; the higher, the more varied and the lower the reward.
        progress: called with the share that is done; what it raises ends the work.

    Raises:
        InputError: for a count or number of episodes below 1, a temperature not above 0, or another ``drawn``.
    """
    if count < 1 or episodes < 1:
        raise InputError(f"count and episodes must be at least 1; they are {count} and {episodes}.")
    if not temperature > 0:
        raise InputError(f"temperature must be above 0; it is {temperature}.")
    from core.bandit.profiles.agent import Agent, one_thread, train
    from core.bandit.profiles.environment import ProfileEnv

    environment = ProfileEnv(drawn)
    layout = environment.layout
    first, demographics, *others = (int(n) for n in np.random.SeedSequence(seed).generate_state(4))
    acting, sampling = (np.random.default_rng(n) for n in others)
    with one_thread():
        agent = Agent(layout.size, len(layout.actions), training or Training(), first)
        course = train(agent, environment, episodes, demographics, acting, progress=progress)
        people = sampled(agent, layout, count, temperature, sampling)
        greedy = sampled(agent, layout, count, 0.0, sampling)
    trained = layout.people(course.last)
    return Generated(
        people,
        wanted_rewards(people),
        Profiles(greedy, wanted_rewards(greedy)),
        Profiles(trained, course.rewards),
        blocks(course.rewards),
        course.epsilons,
        course.losses,
    )


def sampled(
    agent: "Agent", layout: Layout, count: int, temperature: float, rng: np.random.Generator
) -> People:
    """Profiles by a trained agent, all of them a step at a time; at temperature 0 it takes the best action."""
    rows = layout.begin(count, rng)
    for _ in range(layout.steps):
        worth = agent.values(rows).astype(np.float64)
        if temperature > 0:  # the largest of these is distributed as the softmax
            worth = worth / temperature + rng.gumbel(size=worth.shape)
        action = np.where(layout.open(rows), worth, -np.inf).argmax(axis=1)
        rows[np.arange(count), layout.actions[action]] = 1
    return layout.people(rows)


def blocks(values: Floats, size: int = BLOCK) -> Floats:
    """Means of so many values at a time, the last block perhaps shorter."""
    starts = np.arange(0, len(values), size)
    means: Floats = np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
    return means
