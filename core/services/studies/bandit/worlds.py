"""What the simulation's studies share: whom they simulate and under which conditions, and a world for each seed."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.bandit.people import People, uniform_profiles
from core.bandit.profiles import dqn_profiles, enumerated_profiles
from core.bandit.simulation.running import EPSILON
from core.bandit.simulation.world import COMPLETION_WEIGHT, WEEK, Draw, Environment, World
from core.services import Store
from core.services.studies.options import option
from core.services.studies.statistics import Interval
from core.services.studies.study import Loaded, Progress

NAMES = {
    "linucb": "LinUCB",
    "hybrid": "Hybrid LinUCB",
    "thompson": "Thompson sampling",
    "epsilon-greedy": "ε-greedy",
    "random": "Random",
    "best-fixed": "Best fixed arm",
    "oracle": "Oracle",
}
FULL, LINEAR = "not linear", "linear"
ENVIRONMENTS: dict[str, Environment] = {FULL: "full", LINEAR: "linear"}
DQN, UNIFORM, ENUMERATED = "dqn", "uniform", "enumerated"
POOL_SEED = 0
LOADING = "The network that makes the profiles is being trained"
SPARE = 1.5  # profiles for each person, since the gate leaves nothing open for some
INVENTED = (
    "All people are synthetic, and how likely somebody is to complete a session is invented; of what is here only the "
    "guideline rows come from sources, and no clinician has reviewed those."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """People and circumstances of a simulation."""

    people: int = option(
        2_000,
        label="People",
        help="Each has at least one arm that the safety gate leaves open; the paper has 2,000.",
        minimum=50,
        maximum=10_000,
    )
    days: int = option(
        30,
        label="Days",
        help="Everybody is offered one arm a day; the paper has 30.",
        minimum=WEEK,
        maximum=120,
    )
    seeds: int = option(
        20,
        label="Repetitions",
        help="Each with other people, energies and luck, which are the same for every policy.",
        minimum=2,
        maximum=200,
    )
    environment: str = option(
        FULL,
        label="Rewards",
        help="not linear: as the invented model of wishes and the guideline rows have it, which a policy with a linear "
        "expectation can only come near to; linear: the nearest rewards that it can learn exactly.",
        choices=tuple(ENVIRONMENTS),
    )
    profiles: str = option(
        DQN,
        label="Profiles",
        help="dqn: by a deep Q-network trained on the guideline base, as in the paper, which takes half a minute at "
        "the start; uniform: every attribute drawn evenly; enumerated: the weeks that the guideline base rewards most.",
        choices=(DQN, UNIFORM, ENUMERATED),
    )
    epsilon: float = option(
        EPSILON, label="ε of ε-greedy", help="Share of its picks at random.", minimum=0, maximum=1
    )
    completion_weight: float = option(
        COMPLETION_WEIGHT,
        label="Weight of completion",
        help="In the reward; progress towards the week's goal has the rest.",
        minimum=0,
        maximum=1,
    )


class Pool:
    """Profiles made once, of whom every world takes some in an order of its own."""

    def __init__(self, people: People) -> None:
        self.people = people

    def __call__(self, _count: int, rng: np.random.Generator) -> People:
        """All of them, in random order."""
        return self.people.take(rng.permutation(len(self.people)))


def load(_store: Store, settings: Simulated, progress: Progress) -> Loaded:
    """How worlds come by profiles, with a hash of those that are made once."""
    draw = profiles(settings, progress)
    return Loaded(draw, _fingerprint(draw.people) if isinstance(draw, Pool) else "")


def profiles(settings: Simulated, progress: Progress | None = None) -> Draw:
    """How worlds come by profiles; the network is trained here, always from the same seed."""
    if settings.profiles == UNIFORM:
        return uniform_profiles
    if settings.profiles == ENUMERATED:
        return enumerated_profiles
    if progress is not None:
        progress(0.0)  # the first episode waits for torch
    return Pool(dqn_profiles(round(SPARE * settings.people), POOL_SEED, progress=progress).people)


def world(settings: Simulated, draw: Draw, seed: int, repetition: int) -> World:
    """The world of one repetition; the last one made is kept, since policies walk through it one after another."""
    return _world(
        settings.people,
        settings.days,
        settings.environment,
        settings.completion_weight,
        draw,
        seed,
        repetition,
    )


def generators(seed: int, repetition: int) -> tuple[np.random.Generator, np.random.Generator]:
    """A policy's own generator and that of the measures, the same for every policy of a repetition."""
    return np.random.default_rng((seed, repetition, 1)), np.random.default_rng((seed, repetition, 2))


def in_words(of: Interval, decimals: int = 0) -> str:
    """A mean with its 95 % interval in a sentence."""
    text = number(of.mean, decimals)
    if of.low is None or of.high is None:
        return text
    return f"{text} ({number(of.low, decimals)} to {number(of.high, decimals)})"


def number(value: float, decimals: int = 0) -> str:
    """A number in a sentence, with a true minus and without a sign on nothing."""
    text = f"{value:,.{decimals}f}"
    return (text.lstrip("-") if float(text.replace(",", "")) == 0 else text).replace("-", "−")


def _fingerprint(people: People) -> str:
    """A hash of profiles."""
    digest = hashlib.sha256()
    for key, column in people.columns.items():
        digest.update(key.encode() + np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _world(
    people: int, days: int, environment: str, weight: float, draw: Draw, seed: int, repetition: int
) -> World:
    return World(
        people,
        days,
        np.random.default_rng((seed, repetition, 0)),
        environment=ENVIRONMENTS[environment],
        completion_weight=weight,
        draw=draw,
    )
