import numpy as np
import pytest

from core.bandit.policies import LinUCB
from core.bandit.simulation.audit import violations
from core.bandit.simulation.running import LEARNING, POLICIES, Run, fixed_means, make_policy, run
from core.bandit.simulation.world import ENVIRONMENTS, World
from core.errors import InputError


def world(environment: str = "full", *, count: int = 80, days: int = 8) -> World:
    return World(count, days, np.random.default_rng(1), environment=environment)  # type: ignore[arg-type]


def follow(name: str, where: World, seed: int = 2) -> Run:
    return run(where, make_policy(name, where, np.random.default_rng(seed)))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", POLICIES)
def test_regret_is_never_negative_nor_falls_and_masks_are_kept(name: str, environment: str) -> None:
    where = world(environment)
    found = follow(name, where)
    assert (np.diff(found.regret, prepend=0.0) >= 0).all()
    assert where.allowed[np.arange(len(where)), found.arms].all()
    assert violations(where.health, where.people.columns["intensity"], found.arms) == 0
    assert (found.predicted is not None) == (name in LEARNING)
    if name == "oracle":
        assert found.regret[-1] == 0
    else:
        assert found.regret[-1] > 0


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_seed_gives_the_same_run(name: str) -> None:
    where = world(count=40)
    one, other = follow(name, where), follow(name, where)
    np.testing.assert_array_equal(one.arms, other.arms)
    np.testing.assert_array_equal(one.earned, other.earned)


def test_policies_of_a_world_meet_the_same_luck() -> None:
    where = world()
    one, other = follow("linucb", where), follow("random", where)
    same = one.arms[0] == other.arms[0]  # on the first day nobody's week has begun
    assert same.any()
    assert not same.all()
    np.testing.assert_array_equal(one.earned[0, same], other.earned[0, same])
    np.testing.assert_array_equal(one.expected[0, same], other.expected[0, same])
    np.testing.assert_array_equal(one.best[0], other.best[0])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_oracle_reads_the_truth_from_the_contexts(environment: str) -> None:
    where = world(environment)
    done = np.random.default_rng(3).random((len(where), 3))
    truth = where.day(1, done)
    np.testing.assert_allclose(where.expected_of(truth.contexts), truth.expected, atol=1e-12)
    with pytest.raises(InputError, match="contexts must be as many"):
        where.expected_of(truth.contexts[:5])


def test_the_best_fixed_arm_is_the_best_of_the_fixed_ones() -> None:
    where = world()
    means = fixed_means(where)
    best = follow("best-fixed", where)
    assert best.expected.mean() == pytest.approx(means.max())
    arms, counts = np.unique(best.arms, return_counts=True)
    assert arms[counts.argmax()] == means.argmax()


def test_linucb_comes_near_the_truth_of_a_linear_environment() -> None:
    where = world("linear", count=400, days=80)
    policy = make_policy("linucb", where, np.random.default_rng(4))
    assert isinstance(policy, LinUCB)
    found = run(where, policy)
    truth = where.day(0, np.zeros((400, 3)))
    errors = np.abs(truth.contexts @ policy.coefficients().T - truth.expected)
    assert errors[np.arange(400), found.arms[-1]].mean() < 0.1 * truth.expected.mean()
    late = found.best[-7:] - found.expected[-7:]
    early = found.best[:7] - found.expected[:7]
    assert late.mean() < 0.6 * early.mean()


def test_exploration_is_a_pick_below_the_highest_expectation() -> None:
    where = world(count=300, days=10)
    greedy = run(where, make_policy("linucb", where, np.random.default_rng(5), width=0.0))
    assert greedy.explored is not None
    assert not greedy.explored.any()
    mixed = run(where, make_policy("epsilon-greedy", where, np.random.default_rng(5), epsilon=0.3))
    assert mixed.explored is not None
    assert mixed.explored.mean() == pytest.approx(0.2, abs=0.03)  # a third of the draws is the greedy arm


def test_progress_is_told_and_can_stop_a_run() -> None:
    where, told = world(count=20), []
    run(where, make_policy("random", where, np.random.default_rng(6)), progress=told.append)
    assert told[-1] == 1
    assert len(told) == where.days

    def stop(_done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(where, make_policy("linucb", where, np.random.default_rng(6)), progress=stop)


def test_another_policy_is_refused() -> None:
    with pytest.raises(InputError, match="must be one of linucb"):
        make_policy("softmax", world(), np.random.default_rng(7))
