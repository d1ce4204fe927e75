"""Decisions on synthetic people, which a real cohort's policy may be begun with."""

import numpy as np
from numpy.typing import NDArray

from core.bandit.simulation.world import COMPLETION_WEIGHT, World


def start_decisions(
    count: int, rng: np.random.Generator, *, completion_weight: float = COMPLETION_WEIGHT
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Contexts, an open arm drawn at random for each, and what it earned in the full environment.

    Each decision is of a person of its own, with a part of the week already done.

    Args:
        count: how many.
        rng: draws everything.
        completion_weight: what completing a session weighs in the reward, 0 to 1.

    Returns:
        Contexts (count, D); arms (count,), places in ``ARMS``; rewards (count,), 0 to 1.

    Raises:
        InputError: for a count below 1 or a weight that is none.
    """
    world = World(count, 1, rng, completion_weight=completion_weight)
    done = np.minimum(rng.integers(world.asked.astype(np.int64) + 1) / world.asked, 1.0)
    truth = world.day(0, done)
    arms = np.where(world.allowed, rng.random(world.allowed.shape), -1.0).argmax(axis=1)
    return truth.contexts, arms.astype(np.int64), truth.earned[np.arange(count), arms]
