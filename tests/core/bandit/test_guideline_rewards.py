import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit.attributes import BY_KEY
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.people import People, uniform_profiles
from core.errors import InputError
from core.guidelines import (
    ARMS,
    CONDITIONS,
    SEXES,
    Intensity,
    WeekPlan,
    adherence,
    days_in_a_row,
    limits_for,
    spread_days,
)

SPACINGS = ("spread", "in a row")


def held_against_the_rows(row: dict) -> list[float]:
    days = (spread_days if row["day_spacing"] == "spread" else days_in_a_row)(int(max(1, row["frequency"])))
    found = []
    for component in ARMS.values():
        plan = WeekPlan(component, days, row["duration"], Intensity(row["intensity"]))
        limits = limits_for(component, age=row["age"], sex=row["sex"], conditions=row["medical_history"])
        found.append(adherence(plan, limits).reward)
    return found


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "age": st.floats(18, 120) | st.integers(18, 120),
                "sex": st.sampled_from((*SEXES, None)),
                "medical_history": st.lists(st.sampled_from(CONDITIONS), max_size=5),
                "frequency": st.floats(0, 7) | st.integers(0, 7),
                "duration": st.floats(5, 180) | st.sampled_from(BY_KEY["duration"].values),
                "intensity": st.sampled_from(tuple(map(str, Intensity))),
                "day_spacing": st.sampled_from(SPACINGS),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_rewards_are_those_of_the_guideline_base_to_the_last_digit(rows: list[dict]) -> None:
    assert guideline_rewards(People.of(rows)).tolist() == [held_against_the_rows(row) for row in rows]


def test_profiles_agree_and_so_does_each_age_at_the_rows_limits() -> None:
    people = uniform_profiles(500, np.random.default_rng(1))
    assert guideline_rewards(people).tolist() == [held_against_the_rows(row) for row in people.rows()]
    ages = np.concatenate([np.array([18, 49.99, 50, 64.5, 65, 65.99, 66, 84, 120]) for _ in range(2)])
    people = uniform_profiles(len(ages), np.random.default_rng(2)).having(age=ages)
    assert guideline_rewards(people).tolist() == [held_against_the_rows(row) for row in people.rows()]


@pytest.mark.parametrize("key", ["age", "frequency", "duration", "intensity", "day_spacing"])
def test_what_is_not_known_is_not_guessed(key: str) -> None:
    rows = [dict(row) for row in uniform_profiles(2, np.random.default_rng(3)).rows()]
    rows[1][key] = None
    with pytest.raises(InputError, match=f"{BY_KEY[key].label} is not known"):
        guideline_rewards(People.of(rows))
