import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.bandit.attributes import BY_KEY, PROFILE
from core.bandit.people import People, uniform_profiles
from core.bandit.profiles import enumerated_profiles, quality
from core.bandit.profiles.detection import detection_auc, importance_similarity
from core.bandit.profiles.distances import (
    associations,
    attribute_distances,
    correlation_ratio,
    cramers_v,
    kolmogorov_smirnov,
    plain_columns,
    total_variation,
)
from core.bandit.profiles.quality import CELLS, NAMES, guideline_figures, variety
from core.errors import InputError


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def alike(count: int, **values: object) -> People:
    """That many people who differ in nothing."""
    person = {
        "age": 40,
        "sex": "female",
        "race": "Asian",
        "medical_history": (),
        "preferred_exercise": "cardio",
        "frequency": 5,
        "duration": 30,
        "intensity": "moderate",
        "day_spacing": "spread",
        "weekly_goal": 150,
        **{of.key: of.values[0] for of in PROFILE[10:]},
        **values,
    }
    return People.of([person] * count)


numbers = st.lists(st.integers(0, 6), min_size=2, max_size=40)


@given(numbers, numbers)
def test_ks_is_that_of_scipy(one: list[int], other: list[int]) -> None:
    expected = stats.ks_2samp(one, other, method="asymp").statistic
    assert kolmogorov_smirnov(one, other) == pytest.approx(expected, abs=1e-12)


def test_distances_of_cases_made_by_hand() -> None:
    assert kolmogorov_smirnov([1, 1, 2, 2], [1, 2, 2, 2]) == 0.25
    assert kolmogorov_smirnov([1, 2], [3, 4]) == 1
    assert total_variation([0, 0, 1, 1], [0, 1, 2, 2], 3) == 0.5
    assert total_variation([0, 1], [1, 0], 4) == 0
    distances = attribute_distances(plain_columns(alike(4)), plain_columns(alike(4, sex="male", duration=60)))
    assert {key for key, far in distances.items() if far} == {"sex", "duration"}
    assert distances["sex"] == distances["duration"] == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=60))
def test_cramers_v_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    table = stats.contingency.crosstab(one, other).count
    found = cramers_v(one, other)
    if min(table.shape) == 1:
        assert found == 0
    else:
        assert found == pytest.approx(stats.contingency.association(table, method="cramer"), abs=1e-12)


def test_associations_of_cases_made_by_hand() -> None:
    assert correlation_ratio(np.array([1.0, 1, 5, 5]), np.array([0, 0, 2, 2])) == 1
    assert correlation_ratio(np.array([1.0, 5, 1, 5]), np.array([0, 0, 2, 2])) == 0
    # Means 2 and 4 about 3: 4 · 1 between, of 9 + 1 + 1 + 9 in all.
    assert correlation_ratio(np.array([0.0, 4, 2, 6]), np.array([0, 0, 1, 1])) == pytest.approx(0.2**0.5)
    assert correlation_ratio(np.array([3.0, 3]), np.array([0, 1])) == 0
    columns = plain_columns(uniform_profiles(300, rng()))
    columns["duration"] = 10 * columns["frequency"]
    columns["race"] = columns["sex"]
    named = dict(
        zip(
            ((a, b) for i, a in enumerate(columns) for b in list(columns)[i + 1 :]),
            associations(columns),
            strict=True,
        )
    )
    assert named["frequency", "duration"] == pytest.approx(1)
    assert named["sex", "race"] == pytest.approx(1)
    assert (
        max(of for pair, of in named.items() if pair not in {("frequency", "duration"), ("sex", "race")})
        < 0.5
    )


def test_medical_history_counts_as_none_one_or_several() -> None:
    names = BY_KEY["medical_history"].values
    rows = [(), (names[3],), (names[3], names[5])]
    people = People.of([{**alike(1).row(0), "medical_history": has} for has in rows])
    assert plain_columns(people)["medical_history"].tolist() == [len(names), 3, len(names) + 1]


def test_guideline_figures_of_people_made_by_hand() -> None:
    kept = guideline_figures(alike(3))
    assert kept == {"reward": 1, "broken": 0, "stopped": 0, "clearance": 0}
    short = guideline_figures(alike(3, duration=10))
    assert short["reward"] == pytest.approx(50 / 150)
    assert short["broken"] == 1
    ill = guideline_figures(alike(3, medical_history=("heart failure",), intensity="vigorous"))
    assert (ill["stopped"], ill["clearance"], ill["reward"]) == (1, 1, 0)
    calm = guideline_figures(alike(3, medical_history=("heart failure",)))
    assert (calm["stopped"], calm["clearance"]) == (0, 1)


def test_variety_counts_weeks_and_how_evenly_they_occur() -> None:
    assert variety(alike(8)) == {"cells": 1 / CELLS, "variety": 1}
    two = People.of([*alike(3).rows(), *alike(3, duration=45).rows()])
    assert variety(two) == {"cells": 2 / CELLS, "variety": pytest.approx(2)}
    assert variety(alike(2, age=70, location="gym")) == variety(alike(2))
    # An actual client's 44 minutes count as 30, and no session as one.
    assert variety(People.of([*alike(1).rows(), *alike(1, duration=44).rows()]))["cells"] == 1 / CELLS
    assert CELLS == 3 * 7 * 8 * 3 * 2


def test_a_classifier_tells_apart_what_differs_and_nothing_else() -> None:
    one, other = (plain_columns(uniform_profiles(150, rng(seed))) for seed in (1, 2))
    assert 0.35 < detection_auc(one, other, rng()) < 0.65
    shifted = {**other, "weekly_goal": other["weekly_goal"] + 1000}
    assert detection_auc(one, shifted, rng()) > 0.99
    assert detection_auc(one, shifted, rng()) == detection_auc(one, shifted, rng())


def test_importances_agree_where_age_hangs_on_the_same() -> None:
    one, other = (plain_columns(uniform_profiles(150, rng(seed))) for seed in (1, 2))
    for columns in (one, other):
        columns["age"] = columns["duration"]
    assert importance_similarity(one, other, rng()) > 0.99
    assert importance_similarity(one, {**other, "age": other["location"]}, rng()) < 0.1


def test_the_report_has_both_nulls_for_every_figure_and_they_are_what_they_say() -> None:
    real, again = (enumerated_profiles(200, rng(seed)) for seed in (1, 2))
    found = quality(real, uniform_profiles(200, rng(3)), rng(), again=again)
    assert [figure.key for figure in found.figures] == list(NAMES)
    assert [figure.key for figure in found.attributes] == [of.key for of in PROFILE]
    for key in ("numbers", "auc", "reward", "broken"):
        figure = found.figure(key)
        near, far = abs(figure.value - figure.uniform), abs(figure.value - figure.again)
        assert near < far, key
    assert found.figure("broken").again == 0
    assert found.figure("reward").again == 1
    apart = attribute_distances(plain_columns(real), plain_columns(again))
    assert {figure.key: figure.again for figure in found.attributes} == apart
    assert found == quality(real, uniform_profiles(200, rng(3)), rng(), again=again)


def test_without_a_second_draw_the_real_ones_are_halved() -> None:
    real = enumerated_profiles(80, rng())
    found = quality(real, real, rng())
    assert found.figure("broken").again == 0
    assert found.figure("categories").again > 0
    with pytest.raises(InputError, match="19 real, 80 synthetic and 20 more"):
        quality(real.take(range(39)), real, rng())


def test_what_is_not_known_cannot_be_compared() -> None:
    people = uniform_profiles(40, rng())
    partly = people.having(location=np.where(np.arange(40) == 3, -1, people.columns["location"]))
    with pytest.raises(InputError, match="Exercise location is not known"):
        quality(people, partly, rng())
