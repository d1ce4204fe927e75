"""What an agent remembers of its steps, to be learnt from in another order (Mnih 2015)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps to be learnt from.

    Attributes:
        states, next_states: rows before and after, float32 (B, size).
        actions: int64 (B,).
        rewards: float32 (B,).
        next_open: actions that were open after the step, bool (B, actions).
        terminal: whether the step ended the episode for good, bool (B,); a truncated episode's last step did not.
    """

    states: NDArray[np.float32]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    next_states: NDArray[np.float32]
    next_open: NDArray[np.bool_]
    terminal: NDArray[np.bool_]


class Replay:
    """The last ``capacity`` steps."""

    def __init__(self, capacity: int, size: int, actions: int) -> None:
        self._steps = Batch(
            np.zeros((capacity, size), np.float32),
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.float32),
            np.zeros((capacity, size), np.float32),
            np.zeros((capacity, actions), np.bool_),
            np.zeros(capacity, np.bool_),
        )
        self._capacity = capacity
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self._capacity)

    def add(
        self,
        state: NDArray[np.float32],
        action: int,
        reward: float,
        next_state: NDArray[np.float32],
        next_open: NDArray[np.bool_],
        terminal: bool,
    ) -> None:
        """Remember one step; the oldest is forgotten where there is no room."""
        steps, place = self._steps, self._added % self._capacity
        steps.states[place] = state
        steps.actions[place] = action
        steps.rewards[place] = reward
        steps.next_states[place] = next_state
        steps.next_open[place] = next_open
        steps.terminal[place] = terminal
        self._added += 1

    def sample(self, count: int, rng: np.random.Generator) -> Batch:
        """That many steps, each drawn evenly from all that are remembered."""
        places = rng.integers(len(self), size=count)
        steps = self._steps
        return Batch(
            steps.states[places],
            steps.actions[places],
            steps.rewards[places],
            steps.next_states[places],
            steps.next_open[places],
            steps.terminal[places],
        )
