import numpy as np
import pytest

from core.bandit.people import People, uniform_profiles
from core.bandit.simulation.measuring import (
    calibration,
    growth,
    likeness,
    measure,
    plan_distances,
    similar_pairs,
)
from core.bandit.simulation.running import make_policy, run
from core.bandit.simulation.world import World
from core.errors import InputError


def test_distance_of_a_weeks_plan_is_the_share_of_pairs_that_differ() -> None:
    week = np.array([0, 0, 0, 1, 1, 2, 2])
    pairs = [(a, b) for i, a in enumerate(week) for b in week[i + 1 :]]
    expected = np.mean([a != b for a, b in pairs])
    assert plan_distances(week[:, None]) == pytest.approx([expected])
    assert expected == pytest.approx(16 / 21)
    same = np.zeros((9, 4), dtype=np.int64)
    assert plan_distances(same).tolist() == [0, 0, 0]
    same[-1] = 1
    assert plan_distances(same)[-1] == pytest.approx(6 / 21)


def test_random_plans_have_the_distance_that_chance_gives() -> None:
    arms = np.random.default_rng(1).integers(3, size=(7, 20_000))
    assert plan_distances(arms)[0] == pytest.approx(2 / 3, abs=0.01)


def test_similar_people_share_sex_and_conditions_and_are_near_in_age() -> None:
    people = uniform_profiles(300, np.random.default_rng(2))
    left, right = similar_pairs(people)
    found = set(zip(left.tolist(), right.tolist(), strict=True))
    columns = people.columns
    wanted = {
        (i, j)
        for i in range(300)
        for j in range(i + 1, 300)
        if columns["sex"][i] == columns["sex"][j]
        and (columns["medical_history"][i] == columns["medical_history"][j]).all()
        and abs(columns["age"][i] - columns["age"][j]) <= 5
    }
    assert found == wanted
    assert len(found) > 20


def test_likeness_is_the_jaccard_similarity_of_sets() -> None:
    people = People({"age": [40.0, 42.0, 60.0], "sex": [0, 0, 0]})
    arms = np.array([[0, 1, 2], [1, 1, 2], [0, 0, 2]])
    found = likeness(people, arms, np.random.default_rng(3))
    assert (found.similar, found.pairs) == (1.0, 1)
    arms = np.array([[0, 1, 2], [1, 1, 2]])
    assert likeness(people, arms, np.random.default_rng(3)).similar == 0.5
    assert likeness(people.take([0, 2]), arms[:, [0, 2]], np.random.default_rng(3)).similar is None


def test_a_true_prediction_is_calibrated_and_a_bold_one_is_not() -> None:
    rng = np.random.default_rng(4)
    predicted = rng.random(50_000)
    earned = (rng.random(50_000) < predicted).astype(float)
    found = calibration(predicted, earned)
    assert found.counts.sum() == 50_000
    assert found.error < 0.01
    assert calibration(predicted / 2, earned).error == pytest.approx(0.25, abs=0.01)
    ends = calibration(np.array([-0.2, 1.3]), np.array([0.0, 1.0]))
    assert ends.counts[[0, -1]].tolist() == [1, 1]


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_growth_finds_the_power(power: float) -> None:
    days = np.arange(1, 31)
    assert growth(7 * days**power) == pytest.approx(power)
    assert growth(7 * days**power, first=15) == pytest.approx(power)
    assert growth(np.zeros(30)) is None


def test_all_figures_of_a_run() -> None:
    world = World(200, 14, np.random.default_rng(5))
    found = {
        name: measure(
            world,
            run(world, make_policy(name, world, np.random.default_rng(6))),
            np.random.default_rng(7),
        )
        for name in ("linucb", "random", "oracle")
    }
    for one in found.values():
        assert one.regret.shape == one.reward.shape == (14,)
        assert one.distance.shape == (8,)
        assert one.violations == 0
        assert set(one.fairness) == {"sex", "race", "age group"}
    assert found["oracle"].best == 1
    assert found["oracle"].growth is None
    assert all(gap.difference == 0 for gap in found["oracle"].fairness.values())
    assert found["random"].explored is None
    assert found["random"].calibration is None
    assert found["random"].growth == pytest.approx(1.0, abs=0.15)
    linucb = found["linucb"]
    assert linucb.calibration is not None
    assert linucb.calibration.counts.sum() == 7 * 200
    assert linucb.best > found["random"].best
    short = World(20, 3, np.random.default_rng(8))
    with pytest.raises(InputError, match="at least 7 days"):
        measure(
            short,
            run(short, make_policy("random", short, np.random.default_rng(9))),
            np.random.default_rng(1),
        )
