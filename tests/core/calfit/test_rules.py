"""What rules are refused, each with a message that names it."""

import pickle
import re

import numpy as np
import pytest

from core.calfit.rules import HARDEST, Rules
from core.errors import InputError

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [0, -1, 3, 1.51, NAN, INF, "1", None, True])
def test_challenge_is_above_0_and_at_most_one_and_a_half(value: object) -> None:
    with pytest.raises(InputError, match=f"challenge must be above 0 and at most {HARDEST}"):
        Rules(challenge=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, 20_001, NAN, "high"])
def test_cap_is_at_most_20_000(value: object) -> None:
    with pytest.raises(InputError, match="cap must be above 0 and at most 20,000"):
        Rules(cap=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ramp", "floor", "previous_goal"])
@pytest.mark.parametrize("value", [-1, 20_001, NAN, INF, "some", [1]])
def test_steps_are_between_0_and_20_000(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name} must be between 0 and 20,000"):
        Rules(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"round_to": 0}, "round_to"),
        ({"round_to": -50}, "round_to"),
        ({"round_to": NAN}, "round_to"),
        ({"round_to": 6_000, "cap": 5_000}, "no more than the cap of 5,000"),
        ({"most_raises": -1}, "most_raises"),
        ({"most_raises": 1.5}, "most_raises"),
        ({"rest_days": 3}, "rest_days must be a list"),
        ({"rest_days": [-1]}, "rest_days"),
        ({"rest_days": [0.5]}, "rest_days"),
        ({"weekly_total": 50_000}, "weekly_total must be a pair"),
        ({"weekly_total": (None, NAN)}, "weekly_total"),
        ({"weekly_total": (150_000, None)}, "140,000"),
        ({"fixed": [5_000]}, "fixed must be a mapping"),
        ({"fixed": {0: NAN}}, "day 0 has nan"),
        ({"fixed": {-1: 5_000}}, "fixed must be whole numbers of days"),
        ({"ramp": 50, "round_to": 100}, "A ramp of 50 steps never lets a goal rise"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Rules(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"floor": 9_000, "cap": 8_000}, "no goal below 9,000; no goal above 8,000"),
        (
            {"floor": 7_950, "cap": 7_990, "round_to": 100},
            "no goal below 7,950; no goal above 7,990; goals in steps of 100",
        ),
        (
            {"weekly_total": (50_000, 40_000)},
            "at least 50,000 steps a week; at most 40,000 steps a week",
        ),
        ({"fixed": {2: 9_000}, "rest_days": [2]}, "9,000 steps on day 3; rest on day 3"),
        ({"fixed": {2: 9_000}, "cap": 8_000}, "9,000 steps on day 3; no goal above 8,000"),
        ({"fixed": {2: 4_000}, "floor": 5_000}, "4,000 steps on day 3; no goal below 5,000"),
    ],
)
def test_rules_that_contradict_one_another_are_named(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"These rules cannot hold together: {named}.")):
        Rules(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("horizon", [0, -3, 366, 7.0, True, None, NAN, "week"])
def test_a_horizon_is_1_to_365_days(horizon: object) -> None:
    with pytest.raises(InputError, match="horizon must be a whole number of days from 1 to 365"):
        Rules().check_horizon(horizon)  # type: ignore[arg-type]


@pytest.mark.parametrize("rules", [Rules(rest_days=[7]), Rules(fixed={7: 5_000})])
def test_days_beyond_the_horizon_are_refused(rules: Rules) -> None:
    rules.check_horizon(8)
    with pytest.raises(InputError, match="must be days of the plan, 0 to 6; 7 lies beyond it"):
        rules.check_horizon(7)


def test_numpys_numbers_are_numbers() -> None:
    rules = Rules(np.float64(0.7), np.int64(250), np.int64(50), np.array([1, 2]), np.float32(9_000))
    rules.check_horizon(np.int64(3))  # type: ignore[arg-type]
    assert rules.resting == {1, 2}


def test_rules_outlive_what_they_were_made_from() -> None:
    fixed = {1: 4_000.0}
    rules = Rules(rest_days=(day for day in (3, 2)), fixed=fixed)
    fixed[9] = 0.0
    again = pickle.loads(pickle.dumps(rules))
    assert again.rest_days == (3, 2)
    assert again.resting == {2, 3}
    assert again.set_days == {1: 4_000}


def test_rounding_down_forgives_the_error_of_a_float() -> None:
    rules = Rules(round_to=100, floor=5_010, cap=9_990)
    assert rules.rounded(6_099.999_999_999_9) == 6_100
    assert rules.rounded(6_099.9) == 6_000
    assert (rules.lowest, rules.highest) == (5_100, 9_900)


def test_each_rule_has_a_sentence_and_can_be_left_out() -> None:
    rules = Rules(
        challenge=0.7,
        ramp=250,
        round_to=50,
        rest_days=[3],
        cap=9_000,
        floor=3_000,
        previous_goal=5_000,
        weekly_total=(30_000, 50_000),
        fixed={1: 4_000},
        most_raises=1,
    )
    said = rules.sentences()
    assert list(said.values()) == [
        "no goal above the challenge of 0.7",
        "goals in steps of 50",
        "rest on day 4",
        "at most 1 raise, from 5,000 the day before",
        "no raise above 250 steps, from 5,000 the day before",
        "4,000 steps on day 2",
        "no goal below 3,000",
        "at least 30,000 steps a week",
        "at most 50,000 steps a week",
        "no goal above 9,000",
    ]
    assert rules.only(said).sentences() == said
    for key in set(said) - {"capacity"}:
        left = rules.only(set(said) - {key}).sentences()
        assert set(left) == set(said) - {key}
    assert not rules.only(()).set_days
