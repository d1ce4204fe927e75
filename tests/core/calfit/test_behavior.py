"""The closed form of the behaviour against the utility it maximises, and what follows from it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from core.calfit import GOAL_CAP, Behavior, simulate
from core.calfit.behavior import check_history, course
from core.errors import InputError

behaviors = st.builds(
    Behavior,
    baseline=st.floats(0, 15_000),
    responsiveness=st.floats(0, 20_000),
    self_efficacy=st.floats(0, 6_000),
    helplessness=st.floats(0, 0.99),
)
goal_lists = st.lists(st.floats(0, GOAL_CAP), min_size=1, max_size=30)


@given(behaviors, st.floats(0, GOAL_CAP))
def test_the_steps_of_a_day_maximise_the_utility(behavior: Behavior, goal: float) -> None:
    def loss(u: float) -> float:
        return (u - behavior.baseline) ** 2 - behavior.responsiveness * min(u - goal, 0.0)

    taken = float(simulate(behavior, [goal]).steps[0])
    best = minimize_scalar(loss, bounds=(0, 40_000), method="bounded", options={"xatol": 1e-6})
    assert loss(taken) <= best.fun + 1e-6 * max(1.0, abs(best.fun))


@given(behaviors, goal_lists)
def test_responsiveness_follows_eq_3(behavior: Behavior, goals: list[float]) -> None:
    made = simulate(behavior, goals)
    capacity = behavior.baseline + made.responsiveness[:-1] / 2
    np.testing.assert_array_equal(made.met, capacity >= np.asarray(goals) - 0.5)
    np.testing.assert_allclose(
        made.responsiveness[1:],
        behavior.helplessness * made.responsiveness[:-1] + behavior.self_efficacy * made.met,
    )


@given(behaviors, goal_lists, st.sampled_from(["baseline", "responsiveness", "self_efficacy"]))
def test_nothing_falls_when_a_parameter_rises(behavior: Behavior, goals: list[float], name: str) -> None:
    values = {key: getattr(behavior, key) for key in ("baseline", "responsiveness", "self_efficacy")}
    more = Behavior(**{**values, name: values[name] + 100.0}, helplessness=behavior.helplessness)
    low, high = simulate(behavior, goals), simulate(more, goals)
    assert (high.met >= low.met).all()
    assert (high.responsiveness >= low.responsiveness).all()
    assert (high.steps >= low.steps - 0.5).all()


def test_goals_met_for_good_take_steps_to_the_limit() -> None:
    made = simulate(Behavior(6_000, 0, 900), [6_000.0] * 200)
    assert made.met.all()
    assert made.responsiveness[-1] == pytest.approx(900 / 0.15)


def test_a_goal_half_a_step_above_capacity_is_met_and_one_a_step_above_is_not() -> None:
    behavior = Behavior(5_000, 2_000, 500)
    assert simulate(behavior, [6_000.5]).met[0]
    assert not simulate(behavior, [6_001]).met[0]


def test_weekday_offsets_move_the_baseline_and_end_at_zero() -> None:
    made = simulate(Behavior(1_000, 0, 0), [0, 0], offsets=[500, -3_000])
    np.testing.assert_array_equal(made.steps, [1_500, 0])


def test_observed_achievement_replaces_the_models_own() -> None:
    arguments = (np.float64(5_000), np.float64(2_000), np.float64(500), np.float64(0.5))
    goals = np.array([9_000.0, 9_000.0])
    latent = course(*arguments, goals)
    observed = course(*arguments, goals, achieved=np.array([True, False]))
    np.testing.assert_array_equal(latent.responsiveness, [2_000, 1_000, 500])
    np.testing.assert_array_equal(observed.responsiveness, [2_000, 1_500, 750])


def test_many_courses_at_once_equal_one_at_a_time() -> None:
    rng = np.random.default_rng(5)
    parameters = [Behavior(*rng.uniform(0, 5_000, 3)) for _ in range(20)]
    goals = rng.uniform(2_000, 12_000, 30)
    columns = np.array(
        [[b.baseline, b.responsiveness, b.self_efficacy, b.helplessness] for b in parameters]
    ).T
    together = course(*columns, goals)
    for index, behavior in enumerate(parameters):
        alone = simulate(behavior, goals)
        np.testing.assert_array_equal(together.steps[index], alone.steps)
        np.testing.assert_array_equal(together.met[index], alone.met)


@pytest.mark.parametrize("name", ["baseline", "responsiveness", "self_efficacy", "helplessness"])
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "many", None, 1 + 1j, np.array([1.0, 2.0])])
def test_a_behaviour_that_cannot_be_is_refused(name: str, value: Any) -> None:
    values = {"baseline": 5_000.0, "responsiveness": 1_000.0, "self_efficacy": 300.0, "helplessness": 0.85}
    with pytest.raises(InputError, match=name):
        Behavior(**{**values, name: value})


@pytest.mark.parametrize(
    "goals", [[], [[1.0]], [np.nan], [-1], [20_001], ["many"], ["1"], [1j], [np.datetime64(1, "D")], None]
)
def test_goals_that_cannot_be_are_refused(goals: object) -> None:
    with pytest.raises(InputError, match=r"[Gg]oals|goal"):
        simulate(Behavior(5_000, 1_000, 300), goals)  # type: ignore[arg-type]


@pytest.mark.parametrize("offsets", ["some", ["a"], [np.nan], [1.0, 2.0], 1.0])
def test_offsets_that_cannot_be_are_refused(offsets: Any) -> None:
    with pytest.raises(InputError, match="offsets must be"):
        simulate(Behavior(5_000, 1_000, 300), [6_000.0], offsets=offsets)


@pytest.mark.parametrize(
    ("steps", "goals"),
    [
        ([1, -5, 3], [1, 1, 1]),
        ([100], [100]),
        ([np.nan] * 5, [100] * 5),
        ([np.nan, 7.0, np.nan], [1, 1, 1]),
        ([1, 2, 3], [1, 2]),
        ([1, 2], [1, np.nan]),
        ([1, np.inf], [1, 2]),
    ],
)
def test_histories_that_cannot_be_are_refused(steps: list[float], goals: list[float]) -> None:
    with pytest.raises(InputError):
        check_history(steps, goals)
