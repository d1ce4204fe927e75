from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import (
    LinearThompson,
    LinUCB,
    Log,
    Value,
    direct,
    doubly_robust,
    effective_sample_size,
    inverse_propensity,
    predict_rewards,
    self_normalised,
)
from core.errors import InputError

D, K, N = 4, 3, 1_500
ARMS = ("cardio", "strength", "flexibility")
WEIGHTS = np.random.default_rng(8).normal(size=(D, K))


def truth(x: np.ndarray) -> np.ndarray:
    """Expected rewards, not linear in the context."""
    return 1 / (1 + np.exp(-1.5 * (x @ WEIGHTS))) + 0.1 * np.arange(K)


class World:
    """Logged by Thompson sampling that had learnt a little; the target is another policy that has learnt more.

    Contexts come from a fixed lot of them, so that the target's value is known exactly.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        self.logging = LinearThompson(D, ARMS, 1.0, rng, epsilon=0.2)
        self.new = LinUCB(D, ARMS, 0.2, rng, epsilon=0.1)
        for policy, updates in ((self.logging, 40), (self.new, 400)):
            for _ in range(updates):
                x, arm = rng.normal(size=D), int(rng.integers(K))
                policy.update(x, ARMS[arm], truth(x)[arm] + rng.normal(0, 0.3))
        self.contexts = rng.normal(size=(5_000, D))
        self.chances = self.logging.propensities(self.contexts)
        self.target = self.new.propensities(self.contexts)
        self.value = float((self.target * truth(self.contexts)).sum(axis=1).mean())

    def sample(self, seed: int) -> tuple[Log, np.ndarray, np.ndarray]:
        """The log, the target's probabilities, and the contexts."""
        rng = np.random.default_rng(seed)
        rows = rng.integers(len(self.contexts), size=N)
        x, chances = self.contexts[rows], self.chances[rows]
        arms = (chances.cumsum(axis=1) > rng.random((N, 1))).argmax(axis=1)
        rewards = truth(x)[np.arange(N), arms] + rng.normal(0, 0.3, N)
        return Log(arms, rewards, chances[np.arange(N), arms]), self.target[rows], x


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def estimates(world: World) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {"ips": [], "snips": [], "dm": [], "dr": [], "dr, wrong predictions": []}
    for seed in range(150):
        log, target, x = world.sample(seed)
        predicted = predict_rewards(log, x, K, np.random.default_rng(seed))
        found["ips"].append(inverse_propensity(log, target))
        found["snips"].append(self_normalised(log, target))
        found["dm"].append(direct(log, target, predicted))
        found["dr"].append(doubly_robust(log, target, predicted))
        found["dr, wrong predictions"].append(doubly_robust(log, target, -predicted))
    return found


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr, wrong predictions"])
def test_intervals_hold_the_truth_as_often_as_they_say(
    world: World, estimates: dict[str, list[Value]], name: str
) -> None:
    """95 % of 150 samples, give or take three standard errors."""
    inside = np.mean([value.low <= world.value <= value.high for value in estimates[name]])
    assert 0.89 <= inside <= 0.995
    means = np.array([value.mean for value in estimates[name]])
    assert abs(means.mean() - world.value) < 4 * means.std() / np.sqrt(len(means))


def test_predictions_narrow_what_propensities_alone_say(
    world: World, estimates: dict[str, list[Value]]
) -> None:
    spread = {name: np.std([value.mean for value in found]) for name, found in estimates.items()}
    assert spread["dr"] < 0.7 * spread["ips"]
    assert spread["snips"] < spread["ips"] < spread["dr, wrong predictions"]
    assert abs(np.mean([value.mean for value in estimates["dm"]]) - world.value) < 0.05


def test_a_target_that_is_the_log_is_worth_the_mean_reward(world: World) -> None:
    log, target, _ = world.sample(1)
    same = np.zeros_like(target)
    same[np.arange(N), log.arms] = 1.0
    certain = Log(log.arms, log.rewards, np.ones(N))
    mean = pytest.approx(log.rewards.mean())
    assert inverse_propensity(certain, same).mean == mean
    assert self_normalised(certain, same).mean == mean
    assert doubly_robust(certain, same, np.zeros((N, K))).mean == mean
    assert effective_sample_size(certain, same) == pytest.approx(N)


def test_figures_by_hand() -> None:
    log = Log([0, 1], [1.0, 3.0], [0.5, 0.25])
    target = [[1.0, 0.0], [0.5, 0.5]]  # weights 2 and 2
    assert inverse_propensity(log, target).mean == pytest.approx(4.0)
    assert self_normalised(log, target).mean == pytest.approx(2.0)
    predicted = [[2.0, 9.0], [0.0, 2.0]]  # the target's mean prediction 2 and 1, residuals -1 and 1
    assert direct(log, target, predicted).mean == pytest.approx(1.5)
    found = doubly_robust(log, target, predicted, level=0.9)  # 2 - 2 and 1 + 2
    assert found.mean == pytest.approx(1.5)
    assert found.high - found.mean == pytest.approx(1.6448536 * 1.5)
    assert effective_sample_size(log, target) == pytest.approx(2.0)
    assert effective_sample_size(log, [[0.5, 0.5], [1.0, 0.0]]) == pytest.approx(1.0)


def test_a_target_that_never_does_what_was_logged() -> None:
    log, never = Log([0, 0], [1.0, 2.0], [0.5, 0.5]), [[0.0, 1.0], [0.0, 1.0]]
    assert effective_sample_size(log, never) == 0.0
    with pytest.raises(InputError, match="says nothing"):
        self_normalised(log, never)


@given(seed=st.integers(0, 10_000))
def test_the_self_normalised_value_lies_among_the_rewards(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log = Log(rng.integers(3, size=9), rng.normal(size=9), rng.uniform(0.01, 1, 9))
    target = rng.dirichlet(np.ones(3), size=9)
    assert log.rewards.min() - 1e-12 <= self_normalised(log, target).mean <= log.rewards.max() + 1e-12
    assert 1 - 1e-9 <= effective_sample_size(log, target) <= 9 + 1e-9


def test_a_prediction_never_saw_its_own_group(world: World) -> None:
    log, _, x = world.sample(2)
    groups = np.arange(N) // 30
    before = predict_rewards(log, x, K, np.random.default_rng(1), groups=groups)
    rewards = log.rewards.copy()
    rewards[groups == 7] += 100.0
    after = predict_rewards(
        Log(log.arms, rewards, log.propensities), x, K, np.random.default_rng(1), groups=groups
    )
    assert np.array_equal(before[groups == 7], after[groups == 7])
    assert not np.allclose(before, after)


def test_an_arm_never_taken_is_predicted_at_the_mean() -> None:
    log = Log([0, 0, 0, 0], [1.0, 1.0, 1.0, 1.0], np.ones(4))
    assert predict_rewards(log, np.eye(4), 2, np.random.default_rng(1)) == pytest.approx(np.ones((4, 2)))


def test_bad_input_is_refused() -> None:
    log, target, rng = (
        Log([0, 1], [1.0, 3.0], [0.5, 0.25]),
        [[1.0, 0.0], [0.5, 0.5]],
        np.random.default_rng(1),
    )
    calls: list[Callable[[], object]] = [
        lambda: Log([0], [1.0], [0.5]),
        lambda: Log([0, -1], [1.0, 1.0], [0.5, 0.5]),
        lambda: Log([0, 0.5], [1.0, 1.0], [0.5, 0.5]),
        lambda: Log([0, np.nan], [1.0, 1.0], [0.5, 0.5]),
        lambda: Log([0, np.inf], [1.0, 1.0], [0.5, 0.5]),
        lambda: Log([0, 1], [1.0, np.nan], [0.5, 0.5]),
        lambda: Log([0, 1], [1.0], [0.5, 0.5]),
        lambda: Log([0, 1], [1.0, 1.0], [0.5, 0.0]),
        lambda: Log([0, 1], [1.0, 1.0], [0.5, 1.1]),
        lambda: inverse_propensity(log, [[1.0, 0.0]]),
        lambda: inverse_propensity(log, [[1.0], [1.0]]),
        lambda: inverse_propensity(log, [[0.5, 0.4], [0.5, 0.5]]),
        lambda: inverse_propensity(log, [[1.5, -0.5], [0.5, 0.5]]),
        lambda: inverse_propensity(log, [[np.nan, 1.0], [0.5, 0.5]]),
        lambda: inverse_propensity(log, target, level=95),
        lambda: direct(log, target, [[1.0, 1.0]]),
        lambda: doubly_robust(log, target, [[1.0, np.nan], [1.0, 1.0]]),
        lambda: predict_rewards(log, [[1.0]], 2, rng),
        lambda: predict_rewards(log, [[1.0], [np.nan]], 2, rng),
        lambda: predict_rewards(log, [[1.0], [2.0]], 1, rng),
        lambda: predict_rewards(log, [[1.0], [2.0]], 2, rng, groups=[1]),
        lambda: predict_rewards(log, [[1.0], [2.0]], 2, rng, groups=[1, 1]),
    ]
    for call in calls:
        with pytest.raises(InputError):
            call()
