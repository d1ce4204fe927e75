"""Simple goal policies, one client at a time against a loop and whole groups against one at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calfit import GOAL_CAP, Behavior, simulate
from core.calfit.policies import (
    POLICIES,
    RUN_IN,
    fixed,
    next_goals,
    over_cap,
    percentile,
    run_in,
    up_and_down,
    weekday_mean,
)
from core.errors import InputError

NAN = np.nan
counts = st.one_of(st.just(NAN), st.floats(0, 30_000))
histories = st.lists(st.tuples(counts, st.floats(0, GOAL_CAP)), max_size=40).map(
    lambda days: np.array(days, dtype=float).reshape(-1, 2).T
)


@given(histories, st.sampled_from(sorted(POLICIES)))
def test_a_goal_is_always_a_number_within_the_cap(history: np.ndarray, name: str) -> None:
    goal = POLICIES[name](history[0], history[1])
    assert np.shape(goal) == ()
    assert 0 <= goal <= GOAL_CAP


@pytest.mark.parametrize("name", sorted(POLICIES))
@pytest.mark.parametrize("days", [0, 1, 6, 7, 8, 30])
def test_a_group_is_its_clients_one_at_a_time(name: str, days: int) -> None:
    rng = np.random.default_rng(3)
    steps = rng.uniform(0, 25_000, (4, 5, days))
    steps[rng.random(steps.shape) < 0.4] = NAN
    goals = rng.uniform(0, GOAL_CAP, steps.shape)
    together = POLICIES[name](steps, goals)
    assert together.shape == (4, 5)
    for i, j in np.ndindex(4, 5):
        np.testing.assert_array_equal(together[i, j], POLICIES[name](steps[i, j], goals[i, j]))


@given(histories)
def test_the_percentile_is_numpys(history: np.ndarray) -> None:
    recent = history[0][-10:]
    known = recent[np.isfinite(recent)]
    if known.size:
        expected = min(np.percentile(known, 60), GOAL_CAP)
    else:
        expected = history[1][-1] if history.shape[1] else RUN_IN[0]
    assert percentile(history[0], history[1]) == pytest.approx(expected)


def test_up_after_a_goal_reached_down_after_one_missed_and_no_change_without_a_count() -> None:
    steps = np.array([[8_000.0], [7_999.0], [NAN]])
    np.testing.assert_array_equal(up_and_down(steps, np.full((3, 1), 8_000.0)), [8_500, 7_500, 8_000])


def test_up_and_down_ends_at_the_first_and_the_last_level() -> None:
    np.testing.assert_array_equal(
        up_and_down(np.array([[0.0], [20_000.0]]), np.array([[3_000.0], [20_000.0]])), [3_000, 20_000]
    )


def test_the_weekday_mean_takes_the_same_weekday_of_four_weeks() -> None:
    steps = np.arange(35.0) * 100
    assert weekday_mean(steps, steps) == np.mean([700, 1_400, 2_100, 2_800])
    steps[[7, 14, 21, 28]] = NAN  # no count on that weekday: every count of the four weeks
    assert weekday_mean(steps, steps) == pytest.approx(np.nanmean(steps[-28:]))
    assert weekday_mean(np.full(9, NAN), np.full(9, 4_000.0)) == 4_000


def test_the_run_in_week() -> None:
    goals = [float(run_in(np.zeros(day), np.zeros(day))) for day in range(9)]
    assert goals == [3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 6_000, 6_000, 6_000]


def test_next_goals_answer_the_steps_that_the_behaviour_expects() -> None:
    behavior = Behavior(5_000, 3_000, 400)
    goals = next_goals("up and down", [6_000.0], [6_000.0], 10, behavior=behavior)
    made = simulate(behavior, goals)
    before = np.concatenate([[6_000.0], goals[:-1]])
    met = np.concatenate([[True], made.steps[:-1] >= goals[:-1]])
    np.testing.assert_array_equal(goals, before + np.where(met, 500, -500))
    assert not met.all()


def test_without_a_behaviour_the_days_ahead_have_no_count() -> None:
    np.testing.assert_array_equal(next_goals("up and down", [9_000.0], [6_000.0], 3), [6_500, 6_500, 6_500])
    np.testing.assert_array_equal(next_goals("run-in week", [], [], 7), RUN_IN)
    np.testing.assert_array_equal(next_goals("fixed 10,000", [], [], 2), fixed(np.empty((2, 0)), np.empty(0)))


def test_whoever_takes_20_000_steps_is_excluded() -> None:
    steps = np.array([[19_999.0, NAN], [NAN, 20_000.0], [NAN, NAN]])
    np.testing.assert_array_equal(over_cap(steps), [False, True, False])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy": "magic"}, "magic"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 2.5}, "horizon"),
        ({"steps": [-1.0]}, "steps"),
        ({"steps": [np.inf]}, "steps"),
        ({"steps": ["many"]}, "steps"),
        ({"steps": [1.0, 2.0]}, "2 steps, 1 goals"),
        ({"goals": [NAN]}, "goal"),
        ({"offsets": [0.0]}, "offsets"),
    ],
)
def test_what_cannot_be_used_is_refused(change: dict[str, object], message: str) -> None:
    arguments = {"policy": "fixed 10,000", "steps": [1.0], "goals": [1.0], "horizon": 3, **change}
    with pytest.raises(InputError, match=message):
        next_goals(**arguments)  # type: ignore[arg-type]
