import numpy as np
import pytest

from core.bandit.fairness import equal_opportunity, groups_of
from core.bandit.people import People, uniform_profiles
from core.errors import InputError


def test_rates_counts_and_difference_are_those_of_the_eligible() -> None:
    well = np.array([1, 0, 1, 1, 0, 1, 1], dtype=bool)
    eligible = np.array([1, 1, 1, 1, 1, 0, 1], dtype=bool)
    groups = np.array([0, 0, 0, 2, 2, 2, -1])
    found = equal_opportunity(well, eligible, groups, np.random.default_rng(1))
    np.testing.assert_allclose(found.rates, [2 / 3, np.nan, 1 / 2])
    assert found.counts.tolist() == [3, 0, 2]
    assert found.difference == pytest.approx(1 / 6)
    assert found.low <= found.difference <= found.high


def test_chance_alone_makes_a_difference_and_is_not_found_significant() -> None:
    rng = np.random.default_rng(2)
    found = [
        equal_opportunity(rng.random(2_000) < 0.6, np.ones(2_000, bool), rng.integers(5, size=2_000), rng)
        for _ in range(200)
    ]
    differences = np.array([one.difference for one in found])
    assert np.mean([one.null_mean for one in found]) == pytest.approx(differences.mean(), rel=0.1)
    # 2,000 people in five groups: about 0.06 from nothing.
    assert 0.04 < differences.mean() < 0.08
    small = np.mean([one.p_value <= 0.05 for one in found])
    assert 0.01 < small < 0.11
    assert np.mean(differences <= [one.null_high for one in found]) > 0.9


def test_chance_makes_a_difference_of_nothing_every_time() -> None:
    well, groups = np.array([True, False] * 6), np.repeat([0, 1, 2], 4)
    found = equal_opportunity(well, np.ones(12, bool), groups, np.random.default_rng(1))
    assert (found.difference, found.p_value) == (0.0, 1.0)


def test_a_true_difference_is_found() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(2, size=2_000)
    found = equal_opportunity(
        rng.random(2_000) < np.where(groups, 0.7, 0.5), np.ones(2_000, bool), groups, rng
    )
    assert found.low < 0.2 < found.high
    assert found.p_value < 0.001
    assert found.difference > found.null_high


def test_what_cannot_be_compared_is_refused() -> None:
    rng, yes = np.random.default_rng(4), np.ones(4, bool)
    with pytest.raises(InputError, match="booleans"):
        equal_opportunity([1.0, 0, 0, 1], yes, np.zeros(4, int), rng)
    with pytest.raises(InputError, match="of one length"):
        equal_opportunity(yes, yes[:3], np.zeros(4, int), rng)
    with pytest.raises(InputError, match="At least two groups"):
        equal_opportunity(yes, yes, np.zeros(4, int), rng)
    with pytest.raises(InputError, match="At least two groups"):
        equal_opportunity(yes, np.array([1, 1, 0, 0], bool), np.array([0, 0, 1, 1]), rng)
    with pytest.raises(InputError, match="repeats"):
        equal_opportunity(yes, yes, np.array([0, 0, 1, 1]), rng, repeats=0)


def test_the_papers_groups() -> None:
    people = People({"age": [18.0, 35.5, 36.0, 55.9, 56.0, np.nan], "sex": [0, 1, -1, 0, 1, 0]})
    groups = groups_of(people)
    assert groups["age group"].tolist() == [0, 0, 1, 1, 2, -1]
    assert groups["sex"].tolist() == [0, 1, -1, 0, 1, 0]
    assert groups_of(uniform_profiles(50, np.random.default_rng(5)))["race"].max() <= 4
