from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import (
    BestFixedArm,
    EpsilonGreedy,
    HybridLinUCB,
    LinearThompson,
    LinUCB,
    Oracle,
    Policy,
    RandomPolicy,
    restore,
)
from core.errors import InputError

ARMS = ("cardio", "strength", "flexibility")
D = 5
WEIGHTS = np.random.default_rng(8).normal(size=(D, 3))


def expected(contexts: np.ndarray) -> np.ndarray:
    return contexts @ WEIGHTS


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


MAKERS: dict[str, Callable[[], Policy]] = {
    "LinUCB": lambda: LinUCB(D, ARMS, 0.4, rng()),
    "mixed LinUCB": lambda: LinUCB(D, ARMS, 0.4, rng(), epsilon=0.3),
    "HybridLinUCB": lambda: HybridLinUCB(D, ARMS, 0.4, rng()),
    "LinearThompson": lambda: LinearThompson(D, ARMS, 0.4, rng()),
    "EpsilonGreedy": lambda: EpsilonGreedy(D, ARMS, 0.2, rng()),
    "RandomPolicy": lambda: RandomPolicy(D, ARMS, rng()),
    "BestFixedArm": lambda: BestFixedArm(D, ARMS, [0.1, 0.5, 0.2], rng()),
    "Oracle": lambda: Oracle(D, ARMS, expected, rng()),
}
every_policy = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def live(policy: Policy, decisions: int, seed: int = 3) -> list[str]:
    draws, picks = rng(seed), []
    for _ in range(decisions):
        x = draws.normal(size=D)
        arm = policy.choose(x)
        policy.update(x, arm, expected(x[None])[0, policy.index(arm)] + draws.normal(0, 0.1))
        picks.append(arm)
    return picks


def same(one: Policy, other: Policy) -> bool:
    ours, theirs = one.state(), other.state()
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[key], theirs[key]) for key in ours)


@every_policy
def test_a_policy_answers_every_verb(make: Callable[[], Policy]) -> None:
    policy = make()
    live(policy, 60)
    x = rng(5).normal(size=(7, D))
    assert policy.scores(x[0]) == pytest.approx(policy.scores(x)[0], abs=1e-12)
    assert policy.scores(x).shape == (7, 3)
    chances = policy.propensities(x)
    assert chances.sum(axis=1) == pytest.approx(np.ones(7))
    assert policy.propensities(x[2]) == pytest.approx(chances[2])
    assert policy.choose(x[0]) in ARMS
    assert set(policy.choose_many(x)) <= set(ARMS)
    assert policy.choose_many(np.empty((0, D))) == []


@every_policy
def test_propensities_are_the_frequencies_of_picks(make: Callable[[], Policy]) -> None:
    policy = make()
    live(policy, 12)
    x = rng(2).normal(size=D)
    allowed = np.array([True, False, True])
    for mask in (None, allowed):
        chances = policy.propensities(x, allowed=mask)
        singly = [policy.choose(x, allowed=mask) for _ in range(4_000)]
        together = policy.choose_many(np.tile(x, (4_000, 1)), allowed=mask)
        for picks in (singly, together):
            shares = [picks.count(arm) / len(picks) for arm in ARMS]
            assert shares == pytest.approx(chances, abs=0.035)
        if mask is not None:
            assert chances[1] == 0.0


@every_policy
def test_a_restored_policy_goes_on_exactly(make: Callable[[], Policy]) -> None:
    policy = make()
    live(policy, 700)
    again = restore(policy.state(), expected=expected if isinstance(policy, Oracle) else None)
    assert type(again) is type(policy)
    assert live(again, 50, seed=9) == live(policy, 50, seed=9)
    assert same(again, policy)


def test_a_state_is_a_copy() -> None:
    policy = LinUCB(D, ARMS, 0.4, rng())
    state = policy.state()
    live(policy, 5)
    assert not state["moments"].any()
    restore(state).update(np.ones(D), "cardio", 1.0)
    assert not state["moments"].any()


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": np.array("Something")},
        {"rng": np.zeros(2, np.uint64)},
        {"theta": np.zeros((2, D))},
        {"counts": np.zeros(3)},
        {"inverse": np.full((3, D, D), np.nan)},
        {"width": np.array(np.nan)},
        {"n_features": np.array("five")},
        {"shared": np.eye(D + 1)},
        {"beta": np.full(D, np.inf)},
    ],
)
def test_a_state_that_is_not_whole_is_refused(damage: dict[str, np.ndarray]) -> None:
    state = HybridLinUCB(D, ARMS, 0.4, rng()).state()
    with pytest.raises(InputError):
        restore(state | damage)
    state.pop(next(iter(damage)))
    with pytest.raises(InputError):
        restore(state)


def test_an_oracle_is_restored_with_its_function_only() -> None:
    state = Oracle(D, ARMS, expected, rng()).state()
    with pytest.raises(InputError, match="function"):
        restore(state)


BAD_CONTEXTS = [
    np.ones(D + 1),
    np.ones((1, 1, D)),
    [1.0, 2.0, np.nan, 0.0, 1.0],
    [1.0, 2.0, np.inf, -np.inf, 1.0],
    np.full(D, 1e200),
    np.full(D, 1e4),
    ["1", "2", "3", "4", "5"],
    np.ones(D, complex),
    [[1.0], [1.0, 2.0]],
    None,
]


@every_policy
@pytest.mark.parametrize("bad", BAD_CONTEXTS)
def test_a_bad_context_is_refused_and_nothing_learnt(make: Callable[[], Policy], bad: object) -> None:
    policy, before = make(), make()
    for verb in (policy.scores, policy.choose, policy.choose_many, policy.propensities):
        with pytest.raises(InputError):
            verb(bad)  # type: ignore[arg-type, operator]
    with pytest.raises(InputError):
        policy.update(bad, "cardio", 1.0)  # type: ignore[arg-type]
    assert same(policy, before)


@every_policy
@pytest.mark.parametrize(
    ("arm", "reward"),
    [
        ("rowing", 1.0),
        (None, 1.0),
        (0, 1.0),
        (["cardio"], 1.0),
        ("cardio", np.nan),
        ("cardio", np.inf),
        ("cardio", 1e300),
        ("cardio", "much"),
        ("cardio", None),
    ],
)
def test_a_bad_arm_or_reward_is_refused_and_nothing_learnt(
    make: Callable[[], Policy], arm: object, reward: object
) -> None:
    policy, before = make(), make()
    with pytest.raises(InputError):
        policy.update(np.ones(D), arm, reward)  # type: ignore[arg-type]
    assert same(policy, before)


@every_policy
@pytest.mark.parametrize("bad", [[False] * 3, [True] * 2, [1, 1, 0], ["cardio"], True])
def test_a_bad_mask_is_refused(make: Callable[[], Policy], bad: object) -> None:
    policy, before = make(), make()
    with pytest.raises(InputError, match="allowed"):
        policy.choose(np.ones(D), allowed=bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="allowed"):
        policy.choose_many(np.ones((4, D)), allowed=bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="allowed"):
        policy.propensities(np.ones(D), allowed=bad)  # type: ignore[arg-type]
    assert same(policy, before)


@every_policy
def test_a_masked_arm_is_never_picked(make: Callable[[], Policy]) -> None:
    policy, draws = make(), rng(4)
    live(policy, 30)
    masks = draws.random((300, 3)) < 0.5
    masks[~masks.any(axis=1), 0] = True
    contexts = draws.normal(size=(300, D))
    singly = [policy.choose(x, allowed=mask) for x, mask in zip(contexts, masks, strict=True)]
    for picks in (singly, policy.choose_many(contexts, allowed=masks)):
        assert all(mask[policy.index(arm)] for arm, mask in zip(picks, masks, strict=True))


@pytest.mark.parametrize(
    "make",
    [
        lambda: LinUCB(0, ARMS, 0.1, rng()),
        lambda: LinUCB(2.0, ARMS, 0.1, rng()),  # type: ignore[arg-type]
        lambda: LinUCB(2, "ab", 0.1, rng()),
        lambda: LinUCB(2, ["a"], 0.1, rng()),
        lambda: LinUCB(2, ["a", "a"], 0.1, rng()),
        lambda: LinUCB(2, ["a", ""], 0.1, rng()),
        lambda: LinUCB(2, ARMS, -0.1, rng()),
        lambda: LinUCB(2, ARMS, np.nan, rng()),
        lambda: LinUCB(2, ARMS, "0.1", rng()),  # type: ignore[arg-type]
        lambda: LinUCB(2, ARMS, 0.1, 7),  # type: ignore[arg-type]
        lambda: LinUCB(2, ARMS, 0.1, rng(), epsilon=1.1),
        lambda: EpsilonGreedy(2, ARMS, np.nan, rng()),
        lambda: HybridLinUCB(2, ARMS, np.nan, rng()),
        lambda: BestFixedArm(2, ARMS, [1.0, np.nan, 0.0], rng()),
        lambda: Oracle(2, ARMS, lambda x: x, rng()).scores([0.0, 1.0]),
    ],
)
def test_bad_arguments_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        make()


def test_a_generator_that_cannot_be_saved_is_named() -> None:
    policy = RandomPolicy(D, ARMS, np.random.Generator(np.random.MT19937(1)))
    with pytest.raises(InputError, match="MT19937"):
        policy.state()


def test_linucb_is_ridge_regression_with_a_bonus() -> None:
    draws, policy = rng(6), LinUCB(D, ARMS, 0.7, rng())
    x, rewards = draws.normal(size=(90, D)), draws.normal(size=90)
    arms = draws.integers(3, size=90)
    for row, arm, reward in zip(x, arms, rewards, strict=True):
        policy.update(row, ARMS[arm], reward)
    new = draws.normal(size=D)
    for k in range(3):
        rows = x[arms == k]
        gram = np.eye(D) + rows.T @ rows
        theta = np.linalg.solve(gram, rows.T @ rewards[arms == k])
        score = theta @ new + 0.7 * np.sqrt(new @ np.linalg.solve(gram, new))
        assert policy.coefficients()[k] == pytest.approx(theta, abs=1e-12)
        assert policy.scores(new)[k] == pytest.approx(score, abs=1e-12)
        assert policy.bonuses(new)[k] == pytest.approx(score - theta @ new, abs=1e-12)


def test_hybrid_linucb_is_algorithm_2_of_the_paper() -> None:
    """Li 2010, algorithm 2, written out with its blocks A0, b0, A_a, B_a, b_a; z is x."""
    draws, width = rng(6), 0.7
    policy = HybridLinUCB(D, ARMS, width, rng())
    shared, shared_moments = np.eye(D), np.zeros(D)
    own = [np.eye(D) for _ in range(3)]
    crossed = [np.zeros((D, D)) for _ in range(3)]
    moments = [np.zeros(D) for _ in range(3)]
    for _ in range(60):
        x, arm, reward = draws.normal(size=D), int(draws.integers(3)), float(draws.normal())
        shared += crossed[arm].T @ np.linalg.solve(own[arm], crossed[arm])
        shared_moments += crossed[arm].T @ np.linalg.solve(own[arm], moments[arm])
        own[arm] += np.outer(x, x)
        crossed[arm] += np.outer(x, x)
        moments[arm] += reward * x
        shared += np.outer(x, x) - crossed[arm].T @ np.linalg.solve(own[arm], crossed[arm])
        shared_moments += reward * x - crossed[arm].T @ np.linalg.solve(own[arm], moments[arm])
        policy.update(x, ARMS[arm], reward)
    beta, inverse = np.linalg.solve(shared, shared_moments), np.linalg.inv(shared)
    x = draws.normal(size=D)
    for k in range(3):
        theta = np.linalg.solve(own[k], moments[k] - crossed[k] @ beta)
        path = crossed[k].T @ np.linalg.solve(own[k], x)
        variance = (
            x @ inverse @ x - 2 * x @ inverse @ path + x @ np.linalg.solve(own[k], x) + path @ inverse @ path
        )
        score = x @ beta + x @ theta + width * np.sqrt(variance)
        assert policy.bonuses(x)[k] == pytest.approx(width * np.sqrt(variance), abs=1e-10)
        assert policy.scores(x)[k] == pytest.approx(score, abs=1e-10)
        assert policy.coefficients()[k] @ x == pytest.approx(x @ beta + x @ theta, abs=1e-10)
    assert policy.beta == pytest.approx(beta, abs=1e-10)


class Joint:
    """Hybrid LinUCB as one ridge regression of β and every θ together, with A kept and no inverse."""

    def __init__(self, size: int, width: float) -> None:
        self.blocks = np.hstack((np.ones((3, 1)), np.eye(3)))  # what enters each arm: β, θ_1, θ_2, θ_3
        self.width, self.size = width, size
        self.gram, self.moments = np.eye(4 * size), np.zeros(4 * size)

    def row(self, x: np.ndarray, arm: int) -> np.ndarray:
        return np.kron(self.blocks[arm], x)

    def learn(self, rows: np.ndarray, arms: np.ndarray, rewards: np.ndarray) -> None:
        wide = np.stack([self.row(x, arm) for x, arm in zip(rows, arms, strict=True)])
        self.gram += wide.T @ wide
        self.moments += wide.T @ rewards

    def coefficients(self) -> np.ndarray:
        return self.blocks @ np.linalg.solve(self.gram, self.moments).reshape(4, self.size)

    def bonuses(self, x: np.ndarray) -> np.ndarray:
        wide = np.stack([self.row(x, arm) for arm in range(3)])
        return self.width * np.sqrt((wide * np.linalg.solve(self.gram, wide.T).T).sum(axis=1))


def check_hybrid(policy: HybridLinUCB, reference: Joint, x: np.ndarray, within: float) -> None:
    assert policy.coefficients() == pytest.approx(reference.coefficients(), abs=within)
    scores = np.stack([reference.coefficients() @ row + reference.bonuses(row) for row in x])
    assert policy.bonuses(x[0]) == pytest.approx(reference.bonuses(x[0]), abs=within)
    assert np.stack([policy.scores(row) for row in x]) == pytest.approx(scores, abs=within)
    assert policy.scores(x) == pytest.approx(scores, abs=within)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), updates=st.integers(0, 60))
def test_hybrid_linucb_is_one_ridge_regression_of_all_parameters(seed: int, size: int, updates: int) -> None:
    draws = rng(seed)
    policy, reference = HybridLinUCB(size, ARMS, 0.7, rng()), Joint(size, 0.7)
    rows, arms = draws.normal(size=(updates, size)), draws.integers(3, size=updates)
    rewards = draws.normal(size=updates)
    for x, arm, reward in zip(rows, arms, rewards, strict=True):
        policy.update(x, ARMS[arm], reward)
    if updates:
        reference.learn(rows, arms, rewards)
    check_hybrid(policy, reference, draws.normal(size=(4, size)), 1e-10)


def test_hybrid_linucb_does_not_drift() -> None:
    """60,000 decisions, the last of them far from where everything is made afresh."""
    draws, size = rng(2), 30
    policy, reference = HybridLinUCB(size, ARMS, 0.1, rng()), Joint(size, 0.1)
    numbers = draws.random((60_000, 15))
    contexts = np.hstack((numbers, np.eye(15)[draws.integers(15, size=60_000)]))
    arms, rewards = draws.choice(3, size=60_000, p=(0.7, 0.29, 0.01)), draws.random(60_000)
    for x, arm, reward in zip(contexts, arms, rewards, strict=True):
        policy.update(x, ARMS[arm], reward)
    reference.learn(contexts, arms, rewards)
    assert (policy.ridge.counts % 500 > 50).all()
    check_hybrid(policy, reference, contexts[:20], 1e-9)


def test_the_inverse_does_not_drift() -> None:
    draws, policy = rng(2), LinUCB(60, ARMS, 0.1, rng())
    numbers = draws.random((60_000, 30))
    categories = np.eye(30)[draws.integers(30, size=60_000)]
    contexts = np.hstack((numbers, categories))
    for x in contexts:
        policy.update(x, "strength", 0.5)
    gram = np.eye(60) + contexts.T @ contexts
    inverse = policy.ridge.inverse[1]
    assert np.abs(inverse - np.linalg.inv(gram)).max() < 1e-8
    assert np.abs(inverse @ gram - np.eye(60)).max() < 1e-8
    assert policy.ridge.counts.tolist() == [0, 60_000, 0]


def test_the_inverse_is_made_afresh_from_what_was_learnt() -> None:
    policy = LinUCB(D, ARMS, 0.1, rng())
    draws = rng(1)
    for _ in range(499):
        policy.update(draws.normal(size=D), "cardio", 1.0)
    policy.ridge.inverse[0] += 1e-5
    policy.update(draws.normal(size=D), "cardio", 1.0)
    assert np.abs(policy.ridge.inverse[0] @ policy.ridge.gram[0] - np.eye(D)).max() < 1e-12


def test_ties_are_broken_by_the_seeded_generator() -> None:
    x = rng(3).normal(size=(1_500, 7))
    picks = [LinUCB(7, ARMS, 0.1, rng(5)).choose_many(x) for _ in range(2)]
    assert picks[0] == picks[1]
    assert picks[0] != LinUCB(7, ARMS, 0.1, rng(6)).choose_many(x)
    policy = LinUCB(7, ARMS, 0.1, rng(5))
    singly = [policy.choose(row) for row in x]
    for picked in (picks[0], singly):
        assert min(picked.count(arm) for arm in ARMS) > 430


@given(seed=st.integers(0, 10_000), size=st.integers(1, 12), count=st.integers(2, 5))
def test_many_picks_at_once_are_those_made_singly(seed: int, size: int, count: int) -> None:
    draws = rng(seed)
    arms = [f"arm {k}" for k in range(count)]
    for policy in (LinUCB(size, arms, 0.5, rng()), HybridLinUCB(size, arms, 0.5, rng())):
        for k in range(40):
            policy.update(draws.normal(size=size), arms[k % count], float(draws.normal()))
        contexts = draws.normal(size=(20, size))
        allowed = draws.random((20, count)) < 0.7
        allowed[:, 0] = True
        assert policy.choose_many(contexts) == [policy.choose(x) for x in contexts]
        assert policy.choose_many(contexts, allowed=allowed) == [
            policy.choose(x, allowed=mask) for x, mask in zip(contexts, allowed, strict=True)
        ]


@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(sorted(MAKERS)),
    updates=st.sampled_from([0, 1, 25]),
    epsilon=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_propensities_are_chances_over_the_allowed_arms(
    seed: int, name: str, updates: int, epsilon: float
) -> None:
    draws, policy = rng(seed), MAKERS[name]()
    policy.epsilon = epsilon
    for k in range(updates):
        policy.update(draws.normal(size=D), ARMS[k % 3], float(draws.normal()))
    contexts, mask = draws.normal(size=(12, D)), draws.random((12, 3)) < 0.6
    mask[:, 2] = True
    chances = policy.propensities(contexts, allowed=mask)
    assert ((chances >= 0.0) & (chances <= 1.0 + 1e-12)).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(12))
    assert not chances[~mask].any()
    at_random = mask / mask.sum(axis=1, keepdims=True)
    assert (chances >= epsilon * at_random - 1e-12).all()
    if isinstance(policy, LinUCB):  # nothing is drawn but the mix and the ties
        scores = np.where(mask, policy.scores(contexts), -np.inf)
        best = scores >= scores.max(axis=1, keepdims=True) - 1e-12
        greedy = best / best.sum(axis=1, keepdims=True)
        assert chances == pytest.approx((1 - epsilon) * greedy + epsilon * at_random)


def test_policies_learn_what_the_context_says() -> None:
    """Over the last of 1,500 decisions the learning policies earn most of what an oracle does."""
    earned = {}
    for name in ("LinUCB", "HybridLinUCB", "LinearThompson", "EpsilonGreedy", "RandomPolicy", "Oracle"):
        policy = MAKERS[name]()
        live(policy, 1_500)
        contexts = rng(77).normal(size=(400, D))
        picks = [policy.index(arm) for arm in policy.choose_many(contexts)]
        earned[name] = float(np.mean(expected(contexts)[np.arange(400), picks]))
    assert earned["RandomPolicy"] < 0.3 * earned["Oracle"]
    for name in ("LinUCB", "HybridLinUCB", "LinearThompson"):
        assert earned[name] > 0.98 * earned["Oracle"]
    assert 0.7 * earned["Oracle"] < earned["EpsilonGreedy"] < 0.95 * earned["Oracle"]


def test_thompson_propensities_are_exact_where_spreads_differ_much() -> None:
    from core.bandit.policies.thompson import chances_of_most

    means = np.array([[0.3, 0.2, 0.25], [0.0, 0.0, 0.0], [5.0, -5.0, 0.0]])
    spreads = np.array([[0.5, 0.001, 0.03], [1.0, 1.0, 1.0], [0.1, 0.1, 0.1]])
    chances = chances_of_most(means, spreads, np.ones((3, 3), bool))
    draws = means[0] + spreads[0] * rng(4).standard_normal((400_000, 3))
    assert chances[0] == pytest.approx(np.bincount(draws.argmax(axis=1)) / 400_000, abs=0.003)
    assert chances[1] == pytest.approx([1 / 3] * 3, abs=1e-7)
    assert chances[2] == pytest.approx([1.0, 0.0, 0.0], abs=1e-12)
    two = chances_of_most(means[:1], spreads[:1], np.array([[True, False, True]]))
    from scipy.special import ndtr

    assert two[0] == pytest.approx(
        [ndtr(0.05 / np.hypot(0.5, 0.03)), 0.0, ndtr(-0.05 / np.hypot(0.5, 0.03))], abs=1e-7
    )


def test_contexts_of_any_layout_teach_the_same() -> None:
    draws = rng(3).integers(-5, 5, size=(40, D)).astype(np.float64)
    columns = np.asfortranarray(draws)
    policies = [LinUCB(D, ARMS, 0.1, rng()) for _ in range(4)]
    for i, row in enumerate(draws):
        layouts = (row, columns[i], row.astype(np.int64), row.tolist())
        for policy, x in zip(policies, layouts, strict=True):
            policy.update(x, ARMS[i % 3], 0.5)
    assert all(same(policies[0], policy) for policy in policies[1:])
