from itertools import product

import numpy as np
import pytest

from core.bandit.contexts import ENCODING
from core.bandit.people import People, uniform_profiles
from core.bandit.simulation import ENVIRONMENTS, World, start_decisions
from core.bandit.simulation.wishes import log_odds
from core.errors import InputError
from core.guidelines import ARMS, Intensity, safety_gate


@pytest.fixture(scope="module")
def full() -> World:
    return World(300, 3, np.random.default_rng(1))


@pytest.fixture(scope="module")
def linear() -> World:
    return World(300, 3, np.random.default_rng(1), environment="linear")


def fresh(world: World) -> np.ndarray:
    return np.zeros((len(world), len(ARMS)))


def test_the_same_seed_makes_the_same_people_days_and_luck(full: World) -> None:
    again = World(300, 3, np.random.default_rng(1))
    for key, column in full.people.columns.items():
        np.testing.assert_array_equal(column, again.people.columns[key])
    assert full.health == again.health
    np.testing.assert_array_equal(full.energies, again.energies)
    np.testing.assert_array_equal(full.orders, again.orders)
    np.testing.assert_array_equal(full.day(2, fresh(full)).earned, again.day(2, fresh(again)).earned)


def test_both_environments_have_the_same_people_and_contexts(full: World, linear: World) -> None:
    one, other = full.day(0, fresh(full)), linear.day(0, fresh(linear))
    np.testing.assert_array_equal(one.contexts, other.contexts)
    np.testing.assert_array_equal(full.allowed, linear.allowed)


def test_everybody_kept_has_an_arm_open_and_no_more_intensity_than_allowed(full: World) -> None:
    assert full.allowed.any(axis=1).all()
    assert full.left_out > 0
    orders = [intensity.order for intensity in Intensity]
    for place, record in enumerate(full.health):
        gate = safety_gate(record)
        assert [arm in gate.open_arms for arm in ARMS] == full.allowed[place].tolist()
        assert gate.intensity_high is not None
        assert orders[full.people.columns["intensity"][place]] <= gate.intensity_high.order


def test_the_linear_environment_is_linear_and_needs_no_clipping(linear: World) -> None:
    lowest, highest = 1.0, 0.0
    for energy, corner in product(range(3), product((0.0, 1.0), repeat=3)):
        x = linear.contexts(np.full(len(linear), energy), np.tile(corner, (len(linear), 1)))
        expected = x @ linear.theta.T
        lowest, highest = min(lowest, expected.min()), max(highest, expected.max())
    assert 0 <= lowest < 0.2
    assert 0.8 < highest <= 1
    truth = linear.day(1, fresh(linear))
    np.testing.assert_allclose(truth.expected, truth.contexts @ linear.theta.T)
    assert set(np.unique(truth.earned)) == {0.0, 1.0}


def test_the_full_environment_is_not_linear_in_the_columns(full: World) -> None:
    truth = full.day(0, fresh(full))
    fitted = truth.contexts @ np.linalg.lstsq(truth.contexts, truth.expected, rcond=None)[0]
    assert np.sqrt(((fitted - truth.expected) ** 2).mean()) > 0.02


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rewards_have_the_expectation_that_is_promised(environment: str) -> None:
    world = World(60, 400, np.random.default_rng(3), environment=environment)  # type: ignore[arg-type]
    days = [world.day(day, fresh(world)) for day in range(world.days)]
    off = np.array([truth.earned - truth.expected for truth in days])
    assert np.abs(off.mean(axis=(0, 1))).max() < 4 * 0.5 / np.sqrt(60 * 400)
    assert all(((truth.expected >= 0) & (truth.expected <= 1)).all() for truth in days)


def test_the_best_arm_depends_on_the_context(full: World) -> None:
    expected = np.where(full.allowed, full.day(0, fresh(full)).expected, -1)
    shares = np.bincount(expected.argmax(axis=1), minlength=3) / len(full)
    assert (shares > 0.15).all()


def test_a_week_fills_with_what_is_completed_and_starts_anew_on_monday(full: World) -> None:
    done, arms = fresh(full), np.zeros(len(full), dtype=np.int64)
    completed = np.ones((len(full), 3), dtype=bool)
    after = full.after(0, done, arms, completed)
    np.testing.assert_allclose(after[:, 0], np.minimum(1, 1 / full.asked[:, 0]))
    assert (after[:, 1:] == 0).all()
    assert (full.after(1, done, arms, ~completed) == 0).all()
    assert (full.after(6, np.ones_like(done), arms, completed) == 0).all()
    assert (full.after(5, np.ones_like(done), arms, completed) == 1).all()


def test_race_sex_and_coach_appearance_have_no_effect_on_completion() -> None:
    rng = np.random.default_rng(4)
    people = uniform_profiles(200, rng)
    odds = log_odds(people)
    for key, values in (("race", 5), ("coach_appearance", 3), ("sex", 2)):
        np.testing.assert_array_equal(log_odds(people.having(**{key: rng.integers(values, size=200)})), odds)
    assert not np.array_equal(log_odds(people.having(buddy=rng.integers(3, size=200))), odds)


def test_start_decisions_keep_to_the_gate_and_to_the_shapes() -> None:
    contexts, arms, rewards = start_decisions(400, np.random.default_rng(5))
    assert contexts.shape == (400, ENCODING.size)
    assert set(arms.tolist()) == {0, 1, 2}
    assert ((rewards >= 0) & (rewards <= 1)).all()
    again = start_decisions(400, np.random.default_rng(5))
    for one, other in zip((contexts, arms, rewards), again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_world_cannot_be_made_of_is_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(InputError, match="count and days must be at least 1"):
        World(0, 3, rng)
    with pytest.raises(InputError, match="completion_weight must be from 0 to 1"):
        World(3, 3, rng, completion_weight=1.5)
    with pytest.raises(InputError, match="environment must be one of full, linear"):
        World(3, 3, rng, environment="quadratic")  # type: ignore[arg-type]

    def survivors(count: int, rng: np.random.Generator) -> People:
        history = np.zeros((count, 17), dtype=bool)
        history[:, 5] = True  # stroke
        people = uniform_profiles(count, rng)
        return people.having(medical_history=history)

    # Whoever had a stroke is cleared or left out; nobody is let through without a word.
    world = World(20, 1, rng, draw=survivors)
    assert all(record.cleared or "medically supervised" in record.found for record in world.health)
