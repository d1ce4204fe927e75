"""A deep Q-network that learns what an action is worth (Mnih 2015), in torch on one thread.

This module imports torch, which takes more than a second: import it inside functions only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.bandit.profiles.replay import Batch, Replay
from core.bandit.profiles.training import Training

Floats = NDArray[np.float64]


class Environment(Protocol):
    """What the agent needs of an environment: gymnasium's two verbs, with the open actions in ``info``."""

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """A new episode."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One action."""


@dataclass(frozen=True, slots=True)
class Course:
    """How training went: by episode the reward, ε and the mean loss, and the last state of each."""

    rewards: Floats
    epsilons: Floats
    losses: Floats
    last: NDArray[np.float32]


class Agent:
    """Two networks of two hidden layers: one that learns, and the target, which follows it now and then.

    Args:
        size: columns of a state.
        actions: number of actions.
        seed: of the first weights.
    """

    def __init__(self, size: int, actions: int, training: Training, seed: int) -> None:
        self.actions = actions
        self.training = training
        generator = torch.Generator().manual_seed(seed)
        self.network = _network((size, training.hidden, training.hidden, actions), generator)
        self.target = _network((size, training.hidden, training.hidden, actions), generator)
        self.follow()
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=training.learning_rate, fused=True)

    def follow(self) -> None:
        """Let the target be what the learning network is now."""
        self.target.load_state_dict(self.network.state_dict())

    def values(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each action is worth in each state, (N, size) to (N, actions)."""
        with torch.no_grad():
            found: NDArray[np.float32] = self.network(torch.from_numpy(states)).numpy()
        return found

    def aims(self, batch: Batch) -> Tensor:
        """What the actions taken should have been worth: reward, and discounted the best that the target sees next.

        Only open actions count, and after a terminal step nothing does.
        """
        with torch.no_grad():
            following = self.target(torch.from_numpy(batch.next_states))
            following.masked_fill_(~torch.from_numpy(batch.next_open), -torch.inf)
            best = following.max(dim=1).values
            best = torch.where(torch.from_numpy(batch.terminal), 0.0, best)
        return torch.from_numpy(batch.rewards) + self.training.discount * best

    def learn(self, batch: Batch) -> float:
        """One step of gradient descent on the Huber loss of a batch; the loss before it."""
        worth = self.network(torch.from_numpy(batch.states))
        taken = worth.gather(1, torch.from_numpy(batch.actions)[:, None])[:, 0]
        loss = nn.functional.smooth_l1_loss(taken, self.aims(batch))
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss.item()


def train(
    agent: Agent,
    environment: Environment,
    episodes: int,
    seed: int,
    rng: np.random.Generator,
    *,
    progress: Callable[[float], None] | None = None,
) -> Course:
    """Let an agent act and learn for so many episodes, exploring with ε that falls from one to the next.

    Args:
        seed: of the environment's own draws.
        rng: for exploration and replay.
        progress: called with the share of episodes that are done; what it raises ends the training.
    """
    training = agent.training
    rewards, epsilons, losses = (np.zeros(episodes) for _ in range(3))
    last: list[NDArray[np.float32]] = []
    replay: Replay | None = None
    steps = 0
    for episode in range(episodes):
        state, info = environment.reset(seed=seed if episode == 0 else None)
        if replay is None:
            replay = Replay(training.capacity, len(state), agent.actions)
        epsilons[episode] = epsilon = training.epsilon(episode)
        episode_losses = []
        over = False
        while not over:
            action = _act(agent, state, info["action_mask"], epsilon, rng)
            following, reward, terminated, truncated, info = environment.step(action)
            replay.add(state, action, reward, following, info["action_mask"] > 0, terminated)
            rewards[episode] += reward
            state, over = following, terminated or truncated
            steps += 1
            if len(replay) >= training.warm_up:
                episode_losses.append(agent.learn(replay.sample(training.batch, rng)))
            if steps % training.follow_every == 0:
                agent.follow()
        losses[episode] = np.mean(episode_losses) if episode_losses else np.nan
        last.append(state)
        if progress is not None:
            progress((episode + 1) / episodes)
    return Course(rewards, epsilons, losses, np.array(last))


def _act(
    agent: Agent, state: NDArray[np.float32], mask: NDArray[Any], epsilon: float, rng: np.random.Generator
) -> int:
    if rng.random() < epsilon:
        return int(rng.choice(np.flatnonzero(mask)))
    return int(np.where(mask > 0, agent.values(state[None])[0], -np.inf).argmax())


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch meanwhile: quicker for networks this small, and the same figures on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _network(sizes: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size, following in pairwise(sizes):
        layer = nn.Linear(size, following, device="meta").to_empty(device="cpu")  # draws nothing
        bound = size**-0.5
        for weights in layer.parameters():
            nn.init.uniform_(weights, -bound, bound, generator=generator)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
