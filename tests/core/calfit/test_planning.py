"""Plans by the closed form: rules kept, what is expected simulated, and no better plan among all there are."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calfit import GOAL_CAP, Behavior, plan, simulate
from core.calfit.behavior import course
from core.calfit.planning import Plan, rises
from core.errors import InputError

behaviors = st.builds(
    Behavior,
    baseline=st.floats(0, 15_000),
    responsiveness=st.floats(0, 12_000),
    self_efficacy=st.floats(0, 2_500),
    helplessness=st.floats(0, 0.95),
)
steps_of_ten = st.integers(0, 2_000).map(lambda tens: tens * 10.0)


@st.composite
def rules_of_the_closed_form(draw: st.DrawFn) -> dict[str, Any]:
    """Keyword arguments that the closed form covers; the horizon is 21 days."""
    chosen: dict[str, Any] = {"challenge": draw(st.floats(0.05, 1.5))}
    options: dict[str, st.SearchStrategy[Any]] = {
        "round_to": st.sampled_from([50, 100, 250]),
        "ramp": st.sampled_from([0, 250, 500.0, 2_000]),
        "rest_days": st.lists(st.integers(0, 20), max_size=5),
        "cap": st.sampled_from([7_000, 12_345.0, GOAL_CAP]),
        "previous_goal": st.floats(0, GOAL_CAP),
        "offsets": st.lists(st.floats(-3_000, 3_000), min_size=21, max_size=21),
    }
    for name, strategy in options.items():
        if draw(st.booleans()):
            chosen[name] = draw(strategy)
    if "ramp" not in chosen:
        chosen["floor"] = draw(st.one_of(st.none(), st.floats(0, 6_500)))
    return chosen


@given(behaviors, rules_of_the_closed_form())
def test_goals_keep_the_rules_and_the_steps_are_simulated(behavior: Behavior, rules: dict[str, Any]) -> None:
    made = plan(behavior, 21, **rules)
    assert made.method == "closed form"
    again = simulate(behavior, made.goals, offsets=made.offsets)
    np.testing.assert_allclose(made.expected_steps, again.steps)
    np.testing.assert_array_equal(made.met, again.met)
    assert made.objective == pytest.approx(again.steps.min())
    assert_rules_kept(behavior, made)


def assert_rules_kept(behavior: Behavior, made: Plan) -> None:
    rules, goals = made.rules, made.goals
    offsets = np.zeros(len(goals)) if made.offsets is None else made.offsets
    base = np.maximum(behavior.baseline + offsets, 0)
    p = simulate(behavior, goals, offsets=offsets).responsiveness[:-1]
    free = np.array([day not in rules.resting | set(rules.set_days) for day in range(len(goals))])
    rest = sorted(rules.resting)
    assert (goals >= 0).all()
    assert (goals <= rules.cap).all()
    assert (goals[rest] <= base[rest] + 1e-6).all()
    assert made.met[rest].all()
    highest = np.maximum(base + rules.challenge * p / 2, rules.lowest)
    assert (goals[free] <= highest[free] + 1e-3).all()
    assert (goals[free] >= rules.lowest).all()
    if rules.round_to is not None:
        multiples = goals[[day not in rules.set_days for day in range(len(goals))]] / rules.round_to
        np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-9)
    raised = rises(goals, rules, offsets)
    assert rules.ramp is None or (raised <= rules.ramp + 1e-3).all()
    assert rules.most_raises is None or (raised > 1e-3).sum() <= rules.most_raises
    least, most = rules.weekly_total or (None, None)
    for start in range(0, len(goals), 7):
        week = goals[start : start + 7]
        assert most is None or week.sum() <= most + 1e-3
        assert least is None or week.size < 7 or week.sum() >= least - 1e-3


@given(behaviors)
def test_without_rules_every_goal_is_the_capacity_of_the_highest_course(behavior: Behavior) -> None:
    made = plan(behavior, 30)
    k = np.arange(30)
    powers = behavior.helplessness**k
    highest = behavior.responsiveness * powers + behavior.self_efficacy * (1 - powers) / (
        1 - behavior.helplessness
    )
    np.testing.assert_allclose(made.goals, np.minimum(behavior.baseline + highest / 2, GOAL_CAP))
    assert made.met.all()
    ends = behavior.baseline + min(highest[0], highest[-1]) / 2
    assert made.objective == pytest.approx(max(behavior.baseline, min(GOAL_CAP, ends)))
    assert (made.status, made.gap) == ("optimal", 0.0)
    assert set(made.binding) <= {"capacity", "cap"}


@given(behaviors, st.lists(st.floats(0, GOAL_CAP), min_size=12, max_size=12))
def test_no_other_goals_take_more_steps_on_any_day(behavior: Behavior, goals: list[float]) -> None:
    made = plan(behavior, 12)
    # Half a step: what a goal may lie above capacity and still be met.
    assert (simulate(behavior, goals).steps <= made.expected_steps + 0.5).all()


def every_plan(days: int, step: float, cap: float) -> np.ndarray:
    values = np.arange(0, cap + 1, step)
    return np.array(list(itertools.product(values, repeat=days)))


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_within_the_rules_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, step, cap = 5, 1_000.0, 9_000.0
    behavior = Behavior(rng.uniform(500, 5_000), rng.uniform(0, 9_000), rng.uniform(0, 1_500))
    rest, ramp, floor = rng.integers(0, days), rng.choice([1_000.0, 2_000.0]), rng.choice([0.0, 3_000.0])
    challenge, offsets = rng.choice([1.0, 0.6]), rng.uniform(-800, 800, days)
    made = plan(
        behavior,
        days,
        challenge,
        ramp,
        step,
        [rest],
        cap,
        floor=floor,
        offsets=offsets,
    )
    goals = every_plan(days, step, cap)
    base = np.maximum(behavior.baseline + offsets, 0)
    parameters = (behavior.baseline, behavior.responsiveness, behavior.self_efficacy, behavior.helplessness)
    other = course(*map(np.float64, parameters), goals, offsets=offsets)
    ceiling = np.maximum(base + challenge * other.responsiveness[:, :-1] / 2, floor)
    worked = np.arange(days) != rest
    allowed = goals[:, rest] <= base[rest]
    allowed &= ((goals <= ceiling) & (goals >= floor))[:, worked].all(axis=1)
    allowed &= (np.diff((goals - offsets)[:, worked], axis=1) <= ramp + 1e-9).all(axis=1)
    assert allowed.any()
    steps = other.steps[allowed]
    assert made.method == "closed form"
    assert made.objective >= steps.min(axis=1).max() - 1e-9
    assert made.expected_steps.sum() >= steps.sum(axis=1).max() - 1e-6


def test_each_day_names_the_rule_that_held_it() -> None:
    behavior = Behavior(6_000, 4_000, 900)
    assert plan(behavior, 1).binding == ("capacity",)
    assert plan(behavior, 1, challenge=0.7).binding == ("challenge",)
    assert plan(behavior, 1, cap=7_000).binding == ("cap",)
    assert plan(behavior, 1, ramp=250, previous_goal=6_000).binding == ("ramp",)
    assert plan(behavior, 1, floor=9_000).binding == ("floor",)
    assert plan(behavior, 2, rest_days=[0], fixed={1: 7_500}).binding == ("rest day", "fixed")
    assert plan(Behavior(6_000, 2_000, 310), 2, round_to=100).binding == ("capacity", "rounding")


def test_a_rest_day_counts_as_met_and_costs_nothing() -> None:
    behavior = Behavior(6_040, 4_000, 900)
    made = plan(behavior, 3, round_to=100, rest_days=[1])
    assert made.goals.tolist() == [8_000, 6_000, 8_300]
    assert made.met.all()
    assert made.goals[2] == plan(behavior, 3, round_to=100).goals[2]


def test_a_raise_is_counted_from_the_last_day_that_is_not_a_rest() -> None:
    made = plan(Behavior(5_000, 8_000, 1_200), 4, ramp=300, rest_days=[1], previous_goal=6_000)
    assert made.goals.tolist() == [6_300, 5_000, 6_600, 6_900]


def test_a_weekdays_own_effect_is_not_a_raise() -> None:
    made = plan(
        Behavior(5_000, 8_000, 1_200), 3, ramp=200, previous_goal=6_000, offsets=[0.0, -1_000.0, 500.0]
    )
    np.testing.assert_allclose(made.goals, [6_200, 5_400, 7_100])


def test_above_the_capacity_goals_are_missed_and_responsiveness_falls() -> None:
    behavior = Behavior(5_000, 4_000, 900)
    made = plan(behavior, 4, challenge=1.2)
    assert not made.met.any()
    np.testing.assert_allclose(made.expected_steps, 5_000 + 2_000 * 0.85 ** np.arange(4))
    np.testing.assert_allclose(made.goals, 5_000 + 1.2 * 2_000 * 0.85 ** np.arange(4))
    assert made.status == "not optimised"
    assert np.isnan(made.gap)


def test_a_floor_beyond_reach_is_set_as_it_is_and_missed() -> None:
    made = plan(Behavior(4_000, 1_000, 100), 2, floor=6_000)
    assert made.goals.tolist() == [6_000, 6_000]
    assert not made.met.any()


def test_rules_over_several_days_that_hold_anyway_need_no_program() -> None:
    made = plan(
        Behavior(5_000, 3_000, 600), 14, weekly_total=(40_000, 60_000), most_raises=14, fixed={3: 6_000}
    )
    assert made.method == "closed form"


@pytest.mark.parametrize(
    "arguments",
    [
        {"challenge": 3},
        {"challenge": float("nan")},
        {"horizon": 0},
        {"horizon": 366},
        {"rest_days": [7]},
        {"round_to": 0},
        {"ramp": -1},
        {"cap": 20_001},
        {"cap": 4_000, "floor": 5_000},
        {"fixed": {9: 5_000}},
        {"offsets": [0.0]},
        {"offsets": [float("nan")] * 7},
        {"offsets": ["a"] * 7},
        {"challenge": 1.2, "weekly_total": (None, 10_000)},
    ],
)
def test_what_cannot_be_used_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        plan(Behavior(5_000, 3_000, 600), **{"horizon": 7, **arguments})
