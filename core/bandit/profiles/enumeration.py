"""The guideline base enumerated: profiles drawn from the best weeks there are, which no agent can beat.

The weeks are few enough (336) to be held against the rows one and all, so that the best for each person is known, not
learnt. Who a person is and what they like is drawn evenly, as of uniform profiles; then one of their best
weeks, each alike. Drawing weeks in proportion to their reward was the other choice: it earns less and answers no
question, while this gives the highest mean reward that a generator can have, with as much variety as that leaves.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.guideline_rewards import guideline_bounds, rewards_within, week_measures
from core.bandit.people import People, uniform_profiles
from core.guidelines import ARMS

WEEK_KEYS = ("frequency", "duration", "intensity", "day_spacing")


def week_cells() -> dict[str, NDArray[np.float64]]:
    """Every week that a profile can hold, as columns of the same length; categories are places in their values."""
    choices = [
        BY_KEY[key].values if BY_KEY[key].kind == "number" else range(len(BY_KEY[key].values))
        for key in WEEK_KEYS
    ]
    cells = np.array(list(itertools.product(*choices)), dtype=np.float64)
    return {key: cells[:, place] for place, key in enumerate(WEEK_KEYS)}


def enumerated_profiles(count: int, rng: np.random.Generator) -> People:
    """Profiles whose weeks earn the most that the guideline base gives anybody like them, by exact enumeration.

    Raises:
        InputError: for a count below 1.
    """
    people = uniform_profiles(count, rng)
    cells = week_cells()
    measures = week_measures(*cells.values())  # (W, arms, measures)
    bounds, group = guideline_bounds(people)
    place = np.empty(count, dtype=np.int64)
    preferred = people.columns["preferred_exercise"]
    for arm in range(len(ARMS)):
        of_arm = np.flatnonzero(preferred == arm)
        limits, which = np.unique(bounds[group[of_arm], arm], axis=0, return_inverse=True)
        rewards = rewards_within(limits[:, None], measures[None, :, arm])
        best = rewards == rewards.max(axis=1, keepdims=True)
        drawn = np.where(best[which.reshape(-1)], rng.random((len(of_arm), len(measures))), -1.0)
        place[of_arm] = drawn.argmax(axis=1)
    return people.having(
        **{
            key: values[place] if BY_KEY[key].kind == "number" else values[place].astype(np.int64)
            for key, values in cells.items()
        }
    )
