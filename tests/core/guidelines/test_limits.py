"""Limits of a person: the strictest cap wins whatever the order, and what gives way is shown."""

import csv
import io
from functools import reduce

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
    guideline_rows,
    limits_for,
    read_rows,
    spread_days,
)
from core.guidelines.base import COLUMNS
from core.guidelines.limits import CAPS, Bounds, bound_text, bounds_of

rows = st.sampled_from(guideline_rows())
ages = st.integers(18, 120)
sexes = st.sampled_from((*SEXES, None))
components = st.sampled_from(COMPONENTS)
conditions = st.frozensets(st.sampled_from(CONDITIONS), max_size=6)


def limits(component, *held, age=40, sex="male"):
    return limits_for(component, age=age, sex=sex, conditions=held)


@given(rows, rows, rows)
def test_intersection_is_commutative_associative_and_idempotent(one, two, three):
    a, b, c = (bounds_of(row) for row in (one, two, three))
    assert a.meet(b) == b.meet(a)
    assert a.meet(b).meet(c) == a.meet(b.meet(c))
    assert a.meet(a) == a
    assert a.meet(Bounds()) == a


@given(st.permutations(CONDITIONS[:6]), components)
def test_the_order_of_conditions_does_not_matter(order, component):
    assert limits(component, *order) == limits(component, *CONDITIONS[:6])


@given(components, ages, sexes, conditions, st.sampled_from(CONDITIONS))
def test_another_condition_never_loosens_a_cap(component, age, sex, held, another):
    fewer = limits_for(component, age=age, sex=sex, conditions=held)
    more = limits_for(component, age=age, sex=sex, conditions=held | {another})
    for name in CAPS:
        before, after = fewer.value(name), more.value(name)
        if before is not None:
            assert after is not None
            assert after <= before if name.endswith("_high") else after >= before


@given(components, ages, sexes, conditions)
def test_what_is_left_can_be_kept(component, age, sex, held):
    found = limits_for(component, age=age, sex=sex, conditions=held)
    if not found.rows:
        assert component == "balance"
        return
    lengths = {value for name in ("minutes_low", "minutes_high") if (value := found.value(name))} | {
        10,
        30,
        60,
    }
    weekly = {value for name in ("weekly_minutes_low", "weekly_minutes_high") if (value := found.value(name))}
    lengths |= {total / days for total in weekly for days in range(1, 8)}
    assert any(
        adherence(WeekPlan(component, spread_days(days), minutes, intensity), found).reward > 1 - 1e-9
        for days in range(1, 8)
        for minutes in lengths
        for intensity in Intensity
    )


def test_every_limit_names_rows_that_speak_of_the_person():
    found = limits("aerobic", "hypertension", "kidney disease", "falls risk", age=70, sex="female")
    keys = {row.key for row in found.rows}
    assert found.bounds
    for bound in found.bounds.values():
        assert bound.rows
        assert bound.rows <= keys


def test_hypertension_with_kidney_disease_keeps_the_rest_day_and_says_what_gave_way():
    found = limits("aerobic", "hypertension", "kidney disease")
    assert found.value("rest_days_low") == 1
    assert found.value("days_high") == found.value("days_low") == 3
    (conflict,) = [conflict for conflict in found.conflicts if conflict.name == "days_low"]
    assert (conflict.asked, conflict.kept) == (5, 3)
    assert conflict.asking == {"hypertension: aerobic"}
    assert conflict.limiting == {"kidney disease: aerobic"}
    assert conflict.sentence() == (
        "“at least 5 days a week” (hypertension: aerobic) cannot be kept within kidney disease: aerobic; "
        "the stricter holds, and it becomes “at least 3 days a week”."
    )


def test_what_every_adult_is_advised_gives_way_without_a_conflict():
    found = limits("strength", "kidney disease")
    assert found.value("intensity_high") == found.value("intensity_low") == 0
    assert found.conflicts == ()
    assert limits("aerobic", "heart failure").value("weekly_minutes_low") == 20


def test_a_week_that_cannot_hold_the_minutes_asks_for_fewer():
    found = limits("aerobic", "heart failure", "kidney disease", "hypertension")
    assert found.value("weekly_minutes_low") == 3 * 30
    assert "weekly_minutes_low" in {conflict.name for conflict in found.conflicts}


def test_age_and_sex_change_the_limits_where_rows_say_so():
    assert limits("strength", age=64).value("days_low") == 2
    assert limits("strength", age=65).value("days_low") == 3
    assert limits("balance", age=64).rows == ()
    assert limits("balance", age=65).value("days_low") == 3
    assert limits("aerobic", age=55, sex="female").value("days_low") == 7
    assert limits("aerobic", age=55, sex="male").value("days_low") is None
    assert limits("aerobic", age=55, sex=None).value("days_low") is None


def test_limits_are_said_in_plain_words():
    assert (
        "at most moderate intensity (hypertension: aerobic)" in limits("aerobic", "hypertension").sentences()
    )
    assert bound_text("rest_days_low", 1) == "at least 1 rest day between sessions"
    assert bound_text("days_high", 1) == "at most 1 day a week"


def test_bad_input_is_refused_by_name():
    with pytest.raises(InputError, match="component must be one of"):
        limits("cardio")
    with pytest.raises(InputError, match="'gout' is not in the guideline base"):
        limits("aerobic", "gout")
    with pytest.raises(InputError, match="age must be a number"):
        limits("aerobic", age=-1)
    with pytest.raises(InputError, match="speak of adults"):
        limits("aerobic", age=17)
    with pytest.raises(InputError, match="sex must be"):
        limits("aerobic", sex="x")


def test_all_conditions_at_once_still_leave_something_and_show_what_gave_way():
    for component in COMPONENTS:
        found = limits(component, *CONDITIONS, age=80, sex="female")
        assert found.bounds
    assert reduce(lambda total, name: total + len(limits(name, *CONDITIONS).conflicts), COMPONENTS, 0) > 3


def made(*rows):
    """Rows of a table made up for a test: (condition, component, limits)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for condition, component, limits in rows:
        origin = {"source": "made up", "year": "2020", "link": "https://example.org/a", "age_low": "18"}
        writer.writerow({"condition": condition, "component": component, **origin, **limits})
    return read_rows(out.getvalue())


def of_made(rows, *held, sex=None):
    return limits_for("strength", age=40, sex=sex, conditions=held, rows=rows)


def test_a_cap_for_every_adult_holds_where_a_condition_is_laxer_and_a_target_does_not():
    found = of_made(
        made(
            ("adult", "strength", {"minutes_low": "30", "minutes_high": "60", "rest_days_low": "1"}),
            ("stroke", "strength", {"minutes_low": "10", "minutes_high": "90", "rest_days_low": "0"}),
        ),
        "stroke",
    )
    assert {name: bound.value for name, bound in found.bounds.items()} == {
        "days_high": 3,
        "minutes_high": 60,
        "rest_days_low": 1,
        "minutes_low": 10,
    }


def test_sessions_get_shorter_where_the_week_may_hold_no_more():
    found = of_made(
        made(
            ("stroke", "strength", {"days_low": "4", "minutes_low": "30"}),
            ("COPD", "strength", {"weekly_minutes_high": "80"}),
        ),
        "stroke",
        "COPD",
    )
    assert found.value("minutes_low") == 20
    (conflict,) = found.conflicts
    assert (conflict.name, conflict.asked, conflict.kept) == ("minutes_low", 30, 20)
    assert conflict.limiting == {"COPD: strength", "stroke: strength"}


def test_few_days_a_week_leave_more_days_off_than_asked():
    found = of_made(
        made(
            ("stroke", "strength", {"days_high": "2"}),
            ("COPD", "strength", {"days_off_high": "1"}),
        ),
        "stroke",
        "COPD",
    )
    assert found.value("days_off_high") == 3
    assert [conflict.name for conflict in found.conflicts] == ["days_off_high"]


def test_a_row_for_one_sex_holds_for_that_sex_alone():
    rows = made(("stroke", "strength", {"sex": "female", "days_low": "3"}))
    assert of_made(rows, "stroke", sex="female").value("days_low") == 3
    assert of_made(rows, "stroke", sex="male").rows == ()


def test_seven_days_a_week_is_every_day():
    assert bound_text("days_low", 7) == "every day"
    assert bound_text("days_high", 7) == "at most 7 days a week"
