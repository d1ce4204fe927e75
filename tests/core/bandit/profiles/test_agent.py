"""The deep Q-network on a problem whose answer is known: two choices, a reward at the end for the right pair."""

from typing import Any

import numpy as np
import pytest
import torch

from core.bandit.profiles.agent import Agent, Course, one_thread, train
from core.bandit.profiles.replay import Batch, Replay
from core.bandit.profiles.training import Training

QUICK = Training(hidden=16, batch=16, warm_up=32, follow_every=20, epsilon_decay=0.98, learning_rate=0.01)


class Pairs:
    """A first and a second choice of three; 1 for second = first, and a little for any second choice of 0."""

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict[str, Any]]:  # noqa: ARG002
        self.row = np.zeros(6, dtype=np.float32)
        return self.row.copy(), self.info()

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        assert self.info()["action_mask"][action]
        self.row[action] = 1
        whole = self.row.sum() == 2
        first, second = self.row[:3].argmax(), self.row[3:].argmax()
        reward = (float(first == second == 2) or 0.2 * (second == 0)) if whole else 0.0
        return self.row.copy(), reward, bool(whole), False, self.info()

    def info(self) -> dict[str, Any]:
        first = self.row[:3].sum() == 0
        return {"action_mask": np.repeat([first, not first], 3).astype(np.int8)}


def trained(seed: int, episodes: int = 250) -> tuple[Agent, Course]:
    with one_thread():
        agent = Agent(6, 6, QUICK, seed)
        return agent, train(agent, Pairs(), episodes, seed, np.random.default_rng(seed))


def batch(*, terminal: bool, open_: tuple[bool, ...] = (True,) * 6, reward: float = 0.25) -> Batch:
    rows = np.ones((1, 6), dtype=np.float32)
    return Batch(
        np.zeros((1, 6), np.float32),
        np.array([1]),
        np.array([reward], np.float32),
        rows,
        np.array([open_]),
        np.array([terminal]),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_it_learns_what_the_actions_are_worth(seed: int) -> None:
    agent, course = trained(seed)
    assert course.rewards[-50:].mean() > 0.9
    assert course.rewards[:50].mean() < 0.5
    begin, after = np.zeros((1, 6), np.float32), np.array([[0, 0, 1, 0, 0, 0]], np.float32)
    # The last step is worth its reward, the first the discounted reward of the second.
    assert agent.values(after)[0, 5] == pytest.approx(1, abs=0.1)
    assert agent.values(begin)[0, 2] == pytest.approx(0.95, abs=0.1)
    assert agent.values(begin)[0, 0] == pytest.approx(0.95 * 0.2, abs=0.15)


def test_the_same_seed_gives_the_same_course_and_leaves_torchs_own_draws_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, course = trained(3, 60)
    other, again = trained(3, 60)
    assert torch.equal(torch.get_rng_state(), before)
    assert course.rewards.tolist() == again.rewards.tolist()
    np.testing.assert_array_equal(course.losses, again.losses)
    rows = np.eye(6, dtype=np.float32)
    assert one.values(rows).tolist() == other.values(rows).tolist()
    assert trained(4, 60)[0].values(rows).tolist() != one.values(rows).tolist()


def test_aims_come_from_the_target_and_not_from_the_network_that_learns() -> None:
    agent = Agent(6, 6, QUICK, 1)
    aim = agent.aims(batch(terminal=False)).item()
    for _ in range(5):
        agent.learn(batch(terminal=False))
    assert agent.aims(batch(terminal=False)).item() == aim
    agent.follow()
    assert agent.aims(batch(terminal=False)).item() != aim
    best = agent.values(batch(terminal=False).next_states).max()
    assert agent.aims(batch(terminal=False)).item() == pytest.approx(0.25 + 0.95 * best)


def test_after_a_terminal_step_nothing_is_worth_anything_even_with_no_action_open() -> None:
    agent = Agent(6, 6, QUICK, 1)
    assert agent.aims(batch(terminal=True)).item() == 0.25
    assert agent.aims(batch(terminal=True, open_=(False,) * 6)).item() == 0.25


def test_only_open_actions_count_for_what_follows() -> None:
    agent = Agent(6, 6, QUICK, 1)
    values = agent.values(batch(terminal=False).next_states)[0]
    only = tuple(bool(place == values.argmin()) for place in range(6))
    assert agent.aims(batch(terminal=False, open_=only)).item() == pytest.approx(0.25 + 0.95 * values.min())


def test_the_target_follows_as_often_as_it_is_told_to() -> None:
    class Counting(Agent):
        followed = 0

        def follow(self) -> None:
            super().follow()
            self.followed += 1

    with one_thread():
        agent = Counting(6, 6, QUICK, 1)
        train(agent, Pairs(), 50, 1, np.random.default_rng(1))
    assert agent.followed == 1 + 50 * 2 // QUICK.follow_every


class Endless:
    """One state in which every action earns 1; truncated after two of them."""

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict[str, Any]]:  # noqa: ARG002
        self.taken = 0
        return self.state()

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:  # noqa: ARG002
        self.taken += 1
        row, info = self.state()
        return row, 1.0, False, self.taken == 2, info

    def state(self) -> tuple[np.ndarray, dict[str, Any]]:
        return np.ones(6, np.float32), {"action_mask": np.ones(6, np.int8)}


def test_a_truncated_episode_ends_without_its_last_state_being_terminal() -> None:
    with one_thread():
        agent = Agent(6, 6, QUICK, 1)
        course = train(agent, Endless(), 150, 1, np.random.default_rng(1))
    assert (course.rewards == 2).all()
    # Were the second step terminal, an action would be worth at most 1 + 0.95.
    assert agent.values(np.ones((1, 6), np.float32)).max() > 2.5


def test_epsilon_falls_as_the_paper_says() -> None:
    training = Training()
    assert [training.epsilon(0), training.epsilon(1)] == [1.0, 0.995]
    assert training.epsilon(918) > training.epsilon(919) == training.epsilon(5_000) == 0.01
    assert (training.learning_rate, training.discount) == (0.001, 0.95)


def test_replay_keeps_the_latest_steps_and_gives_them_whole() -> None:
    replay = Replay(4, 2, 3)
    for step in range(6):
        row = np.full(2, step, np.float32)
        replay.add(row, step % 3, float(step), row + 1, np.array([True, False, True]), step == 5)
    assert len(replay) == 4
    drawn = replay.sample(200, np.random.default_rng(1))
    assert set(drawn.rewards.tolist()) == {2.0, 3.0, 4.0, 5.0}
    assert (drawn.states[:, 0] == drawn.rewards).all()
    assert (drawn.next_states[:, 0] == drawn.rewards + 1).all()
    assert (drawn.actions == drawn.rewards % 3).all()
    assert (drawn.terminal == (drawn.rewards == 5)).all()
    assert drawn.next_open.tolist() == [[True, False, True]] * 200


def test_what_progress_raises_ends_the_training() -> None:
    class Stop(Exception):
        pass

    def stop(done: float) -> None:
        if done >= 0.5:
            raise Stop

    with one_thread(), pytest.raises(Stop):
        train(Agent(6, 6, QUICK, 1), Pairs(), 10, 1, np.random.default_rng(1), progress=stop)
