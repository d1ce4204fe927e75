"""The reward of a plan: computed from the rows, 1 where all is kept, and no arm best everywhere."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.guidelines import (
    COMPONENTS,
    CONDITIONS,
    SEXES,
    Intensity,
    WeekPlan,
    adherence,
    days_in_a_row,
    limits_for,
    sessions_asked,
    spread_days,
)

LIGHT, MODERATE, VIGOROUS = Intensity


def reward(component, days, minutes, intensity, *held, age=40, sex="male"):
    found = limits_for(component, age=age, sex=sex, conditions=held)
    return adherence(WeekPlan(component, days, minutes, intensity), found).reward


@given(
    st.sampled_from(COMPONENTS[:3]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.floats(0.1, 1440),
    st.sampled_from(list(Intensity)),
    st.integers(18, 120),
    st.sampled_from((*SEXES, None)),
    st.frozensets(st.sampled_from(CONDITIONS), max_size=5),
)
def test_a_reward_lies_between_0_and_1_and_is_the_product_of_its_parts(
    component, weekdays, minutes, intensity, age, sex, held
):
    found = limits_for(component, age=age, sex=sex, conditions=held)
    result = adherence(WeekPlan(component, weekdays, minutes, intensity), found)
    assert 0 <= result.reward <= 1
    assert (result.reward == 1) == (not result.broken)
    assert set(result.parts) == set(found.bounds)


def test_a_plan_that_keeps_every_row_has_a_reward_of_1():
    assert reward("aerobic", spread_days(5), 30, MODERATE) == 1
    assert reward("aerobic", spread_days(3), 25, VIGOROUS) == 1
    assert reward("strength", spread_days(2), 30, MODERATE) == 1
    assert reward("flexibility", spread_days(3), 10, LIGHT) == 1
    assert reward("balance", spread_days(3), 20, LIGHT, age=70) == 1


def test_half_the_minutes_are_half_the_reward_and_each_step_below_halves():
    assert reward("aerobic", spread_days(3), 25, MODERATE) == pytest.approx(0.5)
    assert reward("aerobic", spread_days(5), 30, LIGHT) == pytest.approx(0.5)


def test_one_day_too_close_halves_where_a_day_of_rest_is_asked():
    assert reward("strength", days_in_a_row(2), 20, MODERATE) == pytest.approx(0.5)
    assert reward("aerobic", frozenset({0, 1, 2}), 50, MODERATE, "type 2 diabetes") == pytest.approx(3 / 5)


def test_above_a_cap_on_intensity_nothing_is_left():
    assert reward("aerobic", spread_days(5), 30, VIGOROUS, "hypertension") == 0
    assert reward("strength", spread_days(2), 20, MODERATE, "kidney disease") == 0


def test_strength_every_day_for_105_minutes_earns_next_to_nothing():
    assert reward("strength", spread_days(7), 105, MODERATE) < 0.1


def test_spacing_matters():
    for component, minutes in (("strength", 20), ("aerobic", 50)):
        apart = reward(component, spread_days(3), minutes, MODERATE, "type 2 diabetes")
        together = reward(component, days_in_a_row(3), minutes, MODERATE, "type 2 diabetes")
        assert together < apart == 1


def test_age_sex_and_conditions_change_the_reward():
    assert reward("strength", spread_days(2), 20, MODERATE, age=64) > reward(
        "strength", spread_days(2), 20, MODERATE, age=65
    )
    assert reward("aerobic", spread_days(5), 30, MODERATE, age=55, sex="male") > reward(
        "aerobic", spread_days(5), 30, MODERATE, age=55, sex="female"
    )
    assert reward("aerobic", spread_days(5), 30, MODERATE) > reward(
        "aerobic", spread_days(5), 30, MODERATE, "kidney disease"
    )


def test_no_arm_is_best_everywhere_and_each_is_best_alone_somewhere():
    alone = dict.fromkeys(COMPONENTS[:3], 0)
    cells = 0
    people = product((25, 55, 70), SEXES, [(), *((condition,) for condition in CONDITIONS)])
    for age, sex, held in people:
        of = {arm: limits_for(arm, age=age, sex=sex, conditions=held) for arm in alone}
        plans = product(range(1, 8), (spread_days, days_in_a_row), (15, 30, 45, 60), Intensity)
        for days, spacing, minutes, intensity in plans:
            cells += 1
            rewards = {
                arm: adherence(WeekPlan(arm, spacing(days), minutes, intensity), of[arm]).reward
                for arm in alone
            }
            best = max(rewards.values())
            leaders = [arm for arm, value in rewards.items() if value == best]
            if len(leaders) == 1:
                alone[leaders[0]] += 1
    assert min(alone.values()) > 0.1 * cells
    assert max(alone.values()) < 0.6 * cells


def test_days_between_sessions_run_over_the_turn_of_the_week():
    assert WeekPlan("aerobic", frozenset({0, 6}), 30, LIGHT).days_between == (5, 0)
    assert WeekPlan("aerobic", frozenset({2}), 30, LIGHT).days_between == (6,)
    assert sorted(spread_days(3)) == [0, 2, 4]
    assert sorted(days_in_a_row(3)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"component": "cardio"}, "component must be one of"),
        ({"weekdays": frozenset()}, "weekdays must be"),
        ({"weekdays": frozenset({7})}, "weekdays must be"),
        ({"weekdays": 3}, "weekdays must be"),
        ({"minutes": 0}, "minutes must be above 0"),
        ({"minutes": float("nan")}, "minutes must be above 0"),
        ({"intensity": "moderate"}, "intensity must be one of"),
    ],
)
def test_a_bad_plan_is_refused_by_name(change, said):
    good = {"component": "aerobic", "weekdays": spread_days(3), "minutes": 30, "intensity": MODERATE}
    with pytest.raises(InputError, match=said):
        WeekPlan(**{**good, **change})


def test_plans_without_rows_or_of_another_component_are_refused():
    with pytest.raises(InputError, match="No guideline row speaks of balance"):
        reward("balance", spread_days(3), 20, LIGHT)
    plan = WeekPlan("aerobic", spread_days(3), 30, MODERATE)
    with pytest.raises(InputError, match="cannot be held against limits of strength"):
        adherence(plan, limits_for("strength", age=40, sex=None, conditions=()))
    for count in (0, 8, 2.5, True):
        with pytest.raises(InputError, match="count must be"):
            spread_days(count)


@pytest.mark.parametrize(
    ("component", "conditions", "minutes", "intensity", "sessions"),
    [
        ("aerobic", (), 30, None, 5),  # 150 minutes
        ("aerobic", (), 30, Intensity.VIGOROUS, 3),  # of which a vigorous one counts twice
        ("aerobic", (), 10, None, 7),  # no week has more days
        ("strength", (), 30, None, 2),
        ("strength", ("heart failure",), 5, None, 3),  # 30 minutes, on at most three days
        ("aerobic", ("stroke",), 10, None, 5),  # at most five days
    ],
)
def test_sessions_that_a_week_is_asked_for(component, conditions, minutes, intensity, sessions):
    limits = limits_for(component, age=40, sex=None, conditions=conditions)
    assert sessions_asked(limits, minutes, intensity) == sessions
