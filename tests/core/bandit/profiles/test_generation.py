import subprocess
import sys

import numpy as np
import pytest

from core.bandit.people import People, uniform_profiles
from core.bandit.profiles import DRAWN, Generated, dqn_profiles, enumerated_profiles, wanted_rewards
from core.bandit.profiles.agent import Agent
from core.bandit.profiles.enumeration import week_cells
from core.bandit.profiles.generation import blocks, sampled
from core.bandit.profiles.layout import Layout
from core.bandit.profiles.training import Training
from core.errors import InputError

QUICK = Training(hidden=16, batch=8, warm_up=50)


def quick(seed: int, count: int = 30, **options: object) -> Generated:
    return dqn_profiles(count, seed, episodes=20, training=QUICK, **options)  # type: ignore[arg-type]


def same(one: People, other: People) -> bool:
    return all(np.array_equal(one.columns[key], other.columns[key], equal_nan=True) for key in one.columns)


def test_the_seed_decides_everything() -> None:
    one, again, other = quick(1), quick(1), quick(2)
    for left, right in (
        (one.people, again.people),
        (one.greedy.people, again.greedy.people),
        (one.trained.people, again.trained.people),
    ):
        assert same(left, right)
    np.testing.assert_array_equal(one.losses, again.losses)
    assert not same(one.people, other.people)


def test_rewards_are_those_of_the_guideline_base() -> None:
    made = quick(1, count=25)
    assert (len(made.people), len(made.trained.people)) == (25, 20)
    assert made.rewards.tolist() == wanted_rewards(made.people).tolist()
    for profiles in (made.greedy, made.trained):
        assert profiles.rewards.tolist() == wanted_rewards(profiles.people).tolist()
    assert made.curve.tolist() == [pytest.approx(made.trained.rewards.mean())]
    assert made.epsilons[:2].tolist() == [1, 0.995]
    assert np.isnan(made.losses[0])
    assert np.isfinite(made.losses[-1])


def test_training_helps() -> None:
    training = Training(hidden=64, batch=32, warm_up=200, follow_every=100, epsilon_decay=0.97)
    made = dqn_profiles(300, 1, episodes=150, training=training)
    uniform = wanted_rewards(uniform_profiles(2_000, np.random.default_rng(1))).mean()
    assert made.greedy.rewards.mean() > uniform + 0.1


def test_temperature_buys_variety_of_what_does_not_matter() -> None:
    layout, rng = Layout(), np.random.default_rng(1)
    agent = Agent(layout.size, len(layout.actions), QUICK, 1)
    cold, warm, hot = (
        np.unique(sampled(agent, layout, 200, t, rng).columns["location"]).size for t in (0.0, 0.05, 50.0)
    )
    assert cold <= warm <= hot == 3
    greedy = [sampled(agent, layout, 20, 0.0, np.random.default_rng(4)) for _ in range(2)]
    assert same(*greedy)
    shares = np.bincount(sampled(agent, layout, 3_000, 1e6, rng).columns["location"]) / 3_000
    np.testing.assert_allclose(shares, 1 / 3, atol=0.04)


@pytest.mark.parametrize("drawn", DRAWN)
def test_what_is_drawn_is_even_and_the_rest_is_the_agents(drawn: str) -> None:
    layout = Layout(drawn)
    agent = Agent(layout.size, len(layout.actions), QUICK, 1)
    made = sampled(agent, layout, 2_000, 0.0, np.random.default_rng(1))
    shares = np.bincount(made.columns["sex"], minlength=2) / 2_000
    even = bool(np.abs(shares - 0.5).max() < 0.05)
    assert even == (drawn != "nothing")


@pytest.mark.parametrize(
    "wrong",
    [{"count": 0}, {"episodes": 0}, {"temperature": 0.0}, {"temperature": float("nan")}, {"drawn": "x"}],
)
def test_what_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        dqn_profiles(**{"count": 5, "episodes": 5, **wrong})


def test_blocks_are_means_with_a_shorter_last_one() -> None:
    assert blocks(np.array([1.0, 3, 5]), 2).tolist() == [2, 5]


def test_enumerated_profiles_earn_the_most_that_anybody_like_them_can() -> None:
    rng = np.random.default_rng(1)
    people = enumerated_profiles(60, rng)
    rewards = wanted_rewards(people)
    cells = week_cells()
    for place in range(60):
        copies = people.take(np.full(336, place)).having(
            frequency=cells["frequency"],
            duration=cells["duration"],
            intensity=cells["intensity"].astype(int),
            day_spacing=cells["day_spacing"].astype(int),
        )
        assert rewards[place] == wanted_rewards(copies).max()


def test_enumerated_weeks_are_even_among_the_best() -> None:
    people = enumerated_profiles(40_000, np.random.default_rng(2))
    columns = people.columns
    healthy = ~columns["medical_history"].any(axis=1) & (columns["age"] < 50)
    of = people.take(healthy & (columns["preferred_exercise"] == 2)).columns
    weeks = np.column_stack((of["frequency"], of["duration"], of["intensity"], of["day_spacing"]))
    counts = np.unique(weeks, axis=0, return_counts=True)[1]
    # Each is as likely: the spread of the counts is that of chance.
    expected = counts.mean()
    assert ((counts - expected) ** 2 / expected).sum() < 1.4 * len(counts)
    assert same(
        enumerated_profiles(50, np.random.default_rng(3)), enumerated_profiles(50, np.random.default_rng(3))
    )
    with pytest.raises(InputError, match="count"):
        enumerated_profiles(0, np.random.default_rng(3))


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, core.bandit, core.bandit.profiles, core.services.studies.bandit.profiles\n"
        "print(sorted({'torch', 'gymnasium', 'sklearn'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
