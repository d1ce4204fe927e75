import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from core.bandit.attributes import BY_KEY
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.profiles.environment import PATIENCE, ProfileEnv
from core.bandit.profiles.layout import DRAWN, NO_CONDITION, PERSON, Layout, wanted_rewards
from core.errors import InputError

every_way = pytest.mark.parametrize("drawn", DRAWN)


@every_way
def test_gymnasium_finds_nothing_wrong(drawn: str) -> None:
    check_env(ProfileEnv(drawn), skip_render_check=True)


@given(st.sampled_from(tuple(DRAWN)), st.integers(0, 10_000), st.data())
def test_an_episode_of_open_actions_makes_a_whole_profile_and_then_earns_its_reward(
    drawn: str, seed: int, data: st.DataObject
) -> None:
    environment = ProfileEnv(drawn)
    layout = environment.layout
    row, info = environment.reset(seed=seed)
    begun = row.copy()
    for step in range(layout.steps):
        places = np.flatnonzero(info["action_mask"])
        action = int(data.draw(st.sampled_from(places.tolist())))
        before = row
        row, reward, terminated, truncated, info = environment.step(action)
        assert np.flatnonzero(row - before).tolist() == [layout.actions[action]]
        assert not truncated
        assert terminated == (step == layout.steps - 1)
        if not terminated:
            assert reward == 0
    assert not info["action_mask"].any()
    people = layout.people(row[None])
    arm = int(people.columns["preferred_exercise"][0])
    assert reward == guideline_rewards(people)[0, arm]
    assert (row >= begun).all()  # what was drawn stays
    with pytest.raises(InputError, match="over"):
        environment.step(0)


@every_way
def test_what_is_drawn_is_set_from_the_start_by_the_seed_and_no_action_can_set_it(drawn: str) -> None:
    environment = ProfileEnv(drawn)
    layout = environment.layout
    row, _ = environment.reset(seed=3)
    again, _ = environment.reset(seed=3)
    assert (row == again).all()
    for slot in layout.slots:
        block = slice(slot.first, slot.first + slot.size)
        assert row[block].sum() == (slot.key in DRAWN[drawn])
        assert np.isin(np.arange(slot.first, slot.first + slot.size), layout.actions).all() != slot.drawn
    if DRAWN[drawn]:
        assert any((environment.reset()[0] != row).any() for _ in range(3))


def test_what_is_set_cannot_be_set_again_and_earns_nothing() -> None:
    environment = ProfileEnv()
    environment.reset(seed=1)
    row, _, _, _, info = environment.step(0)
    first = environment.layout.slot_of == environment.layout.slot_of[0]
    assert not info["action_mask"][first].any()
    assert info["action_mask"][~first].all()
    after, reward, terminated, truncated, _ = environment.step(1)
    assert (after == row).all()
    assert (reward, terminated, truncated) == (0, False, False)


def test_an_episode_without_end_is_truncated_and_not_terminated() -> None:
    environment = ProfileEnv()
    environment.reset(seed=1)
    ends = [environment.step(0)[2:4] for _ in range(PATIENCE * environment.layout.steps)]
    assert ends[:-1] == [(False, False)] * (len(ends) - 1)
    assert ends[-1] == (False, True)
    with pytest.raises(InputError, match="reset"):
        environment.step(0)


@pytest.mark.parametrize("action", [-1, 10_000, 0.5])
def test_an_action_that_is_none_is_refused(action: float) -> None:
    environment = ProfileEnv()
    environment.reset(seed=1)
    with pytest.raises(InputError, match="action must be"):
        environment.step(action)  # type: ignore[arg-type]


def test_medical_history_holds_a_first_and_a_further_condition_or_none() -> None:
    layout = Layout("nothing")
    first, further = (slot for slot in layout.slots if slot.key == "medical_history")
    rows = np.zeros((4, layout.size), dtype=np.float32)
    for slot in layout.slots:
        if slot.key != "medical_history":
            rows[:, slot.first] = 1
    for row, (one, other) in enumerate(
        [(NO_CONDITION, NO_CONDITION), (2, NO_CONDITION), (NO_CONDITION, 2), (2, 5)]
    ):
        rows[row, first.first + one] = rows[row, further.first + other] = 1
    names = BY_KEY["medical_history"].values
    assert [row["medical_history"] for row in layout.people(rows).rows()] == [
        (),
        (names[2],),
        (names[2],),
        (names[2], names[5]),
    ]


def test_half_a_profile_is_nobody() -> None:
    layout = Layout(PERSON)
    with pytest.raises(InputError, match="not set"):
        layout.people(layout.begin(1, np.random.default_rng(1)))
    with pytest.raises(InputError, match="drawn must be one of"):
        Layout("whatever")


def test_the_reward_of_a_profile_needs_its_preferred_exercise() -> None:
    environment = ProfileEnv()
    layout = environment.layout
    rows = layout.begin(1, np.random.default_rng(1))
    while layout.open(rows).any():
        rows[0, layout.actions[layout.open(rows)[0].argmax()]] = 1
    people = layout.people(rows)
    with pytest.raises(InputError, match="Preferred exercise"):
        wanted_rewards(people.having(preferred_exercise=[-1]))
