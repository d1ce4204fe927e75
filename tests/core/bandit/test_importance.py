from collections.abc import Callable

import numpy as np
import pytest

from core.bandit import (
    Background,
    EpsilonGreedy,
    HybridLinUCB,
    LinearPolicy,
    LinearThompson,
    LinUCB,
    RandomPolicy,
)
from core.bandit.contexts import ENCODING
from core.bandit.explanation import explain
from core.bandit.importance import mean_attributions, null_attributions
from core.bandit.people import People, uniform_profiles
from core.errors import InputError

ARMS = ("cardio", "strength", "flexibility")
MAKERS: dict[str, Callable[[], LinearPolicy]] = {
    "LinUCB": lambda: LinUCB(ENCODING.size, ARMS, 0.2, np.random.default_rng(0)),
    "HybridLinUCB": lambda: HybridLinUCB(ENCODING.size, ARMS, 0.2, np.random.default_rng(0)),
    "LinearThompson": lambda: LinearThompson(ENCODING.size, ARMS, 0.2, np.random.default_rng(0)),
    "EpsilonGreedy": lambda: EpsilonGreedy(ENCODING.size, ARMS, 0.2, np.random.default_rng(0)),
}
every_policy = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def log(count: int, seed: int = 1) -> tuple[People, np.ndarray, np.ndarray]:
    """People and random arms; energy and what is done this week drawn too."""
    rng = np.random.default_rng(seed)
    people = uniform_profiles(count, rng).having(
        energy=rng.integers(3, size=count), **{f"done_{arm}": rng.random(count) for arm in ARMS}
    )
    return people, ENCODING.encode(people), rng.integers(3, size=count)


def taught(policy: LinearPolicy, contexts: np.ndarray, arms: np.ndarray, rewards: np.ndarray) -> LinearPolicy:
    for x, arm, reward in zip(contexts, arms, rewards, strict=True):
        policy.update(x, ARMS[arm], float(reward))
    return policy


@every_policy
def test_it_is_the_mean_size_of_what_explain_says(make: Callable[[], LinearPolicy]) -> None:
    _, x, arms = log(60)
    policy = taught(make(), x, arms, np.random.default_rng(2).normal(size=60))
    background = Background(x[:25], ENCODING.names)
    found = mean_attributions(policy, x[30:50], background)
    assert tuple(found) == background.attributes
    for k, arm in enumerate(ARMS):
        each = [explain(policy, row, background, arm=arm).attributions for row in x[30:50]]
        for attribute, values in found.items():
            assert values[k] == pytest.approx(np.mean([abs(one[attribute]) for one in each]), abs=1e-12)


@every_policy
def test_the_null_is_what_policies_taught_shuffled_rewards_would_say(
    make: Callable[[], LinearPolicy],
) -> None:
    _, x, arms = log(50)
    rewards = np.random.default_rng(2).normal(size=50)
    policy, background = taught(make(), x, arms, rewards), Background(x, ENCODING.names)
    found = null_attributions(policy, x, background, x, arms, rewards, np.random.default_rng(5), repeats=20)
    rng, shuffled = np.random.default_rng(5), np.empty((20, 50))
    for arm in range(3):
        own = rewards[arms == arm]
        shuffled[:, arms == arm] = rng.permuted(np.tile(own, (20, 1)), axis=1)
    each = [mean_attributions(taught(make(), x, arms, dealt), x, background) for dealt in shuffled]
    for attribute, mean in found.mean.items():
        assert mean == pytest.approx(np.mean([one[attribute] for one in each], axis=0), abs=1e-9)
        assert (found.high[attribute] >= mean).all()
    apart = sum(any((one[key] > found.high[key] + 1e-9).any() for key in one) for one in each)
    assert apart <= 1  # of 20, in the whole table


@pytest.mark.parametrize("kind", ["LinUCB", "HybridLinUCB", "LinearThompson"])
def test_attributes_with_an_effect_lie_beyond_the_band_and_all_others_within(kind: str) -> None:
    people, x, arms = log(3_000)
    rng = np.random.default_rng(6)
    age, days = people.columns["age"], people.columns["frequency"]
    vigorous = people.columns["intensity"] == 2
    expected = np.column_stack(
        (0.5 + 0.010 * (age - 50), 0.5 - 0.3 * vigorous + 0.05 * (days - 4), np.full(len(age), 0.5))
    )
    rewards = expected[np.arange(len(x)), arms] + rng.normal(0, 0.15, len(x))
    policy, background = taught(MAKERS[kind](), x, arms, rewards), Background(x, ENCODING.names)
    found = mean_attributions(policy, x[:500], background)
    null = null_attributions(policy, x[:500], background, x, arms, rewards, np.random.default_rng(7))
    beyond = {(key, arm) for key in found for k, arm in enumerate(ARMS) if found[key][k] > null.high[key][k]}
    assert beyond == {("age", "cardio"), ("intensity", "strength"), ("frequency", "strength")}


def test_pure_noise_stays_within_the_band_as_often_as_said() -> None:
    apart = 0
    for seed in range(40):
        _, x, arms = log(200, seed)
        rewards = np.random.default_rng([seed, 1]).normal(size=200)
        policy, background = taught(MAKERS["LinUCB"](), x, arms, rewards), Background(x, ENCODING.names)
        found = mean_attributions(policy, x[:50], background)
        null = null_attributions(
            policy, x[:50], background, x, arms, rewards, np.random.default_rng(seed), 100
        )
        apart += any((found[key] > null.high[key]).any() for key in found)
    assert apart <= 6  # 2 expected of 40 at 5 %; 7 or more would come up once in 200 times


def test_bad_input_is_refused() -> None:
    _, x, arms = log(40)
    rewards = np.random.default_rng(2).normal(size=40)
    policy, background = taught(MAKERS["LinUCB"](), x, arms, rewards), Background(x, ENCODING.names)
    rng = np.random.default_rng(1)
    wrong = rewards.copy()
    wrong[3] += 0.01
    random = RandomPolicy(ENCODING.size, ARMS, rng)
    for call in (
        lambda: mean_attributions(random, x, background),  # type: ignore[arg-type]
        lambda: mean_attributions(policy, x[0], background),
        lambda: mean_attributions(policy, x[:0], background),
        lambda: mean_attributions(policy, x[:, :-1], background),
        lambda: mean_attributions(policy, x * np.nan, background),
        lambda: mean_attributions(policy, x, Background(x[:, :3], ENCODING.names[:3])),
        lambda: null_attributions(policy, x, background, x[:-1], arms[:-1], rewards[:-1], rng),
        lambda: null_attributions(policy, x, background, x, arms, wrong, rng),
        lambda: null_attributions(policy, x, background, x, arms[:-1], rewards, rng),
        lambda: null_attributions(policy, x, background, x, arms + 1, rewards, rng),
        lambda: null_attributions(policy, x, background, x, arms + 0.5, rewards, rng),
        lambda: null_attributions(policy, x, background, x, arms, rewards * np.nan, rng),
        lambda: null_attributions(policy, x, background, x, arms, rewards, rng, 19),
    ):
        with pytest.raises(InputError):
            call()
