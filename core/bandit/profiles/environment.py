"""The environment in which an agent makes a profile, one attribute at a time (Naliyatthaliyazchayil 2024, section 2.2).

What was decided where the paper leaves it open:

* **What is drawn at random.** The paper's state has "demographic data randomly generated from defined value sets".
  Here, unless told otherwise, so are medical history and preferred exercise: what somebody has or likes is not chosen.
  An agent that may choose it picks what pays best: of 2,000 profiles 98 in 100 then prefer flexibility, whose rows ask
  least, and a cohort without variety bootstraps nothing. ``DRAWN`` names the choices, the paper's own among them.
* **When the reward comes.** Once, with the action that makes the profile whole: a row of the base speaks of a whole
  combination of values, and nothing is known of half of one. All profiles take the same number of actions, so the
  discount favours none.
* **Actions that do nothing.** Setting what is set already changes nothing and earns nothing. ``info["action_mask"]``
  marks the others, in the terms of ``action_space.sample(mask)``. An agent without a mask wastes steps, and after four
  times as many as a profile needs the episode is *truncated*: its last state is no terminal one.
* **Terminal.** A whole profile ends the episode (*terminated*); nothing is worth anything after it.
* **Medical history** has two slots, a first and a further condition, each of which may be none.
"""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from core.bandit.profiles.layout import PERSON, Layout, Rows, wanted_rewards
from core.errors import InputError

PATIENCE = 4  # truncated after so many times the actions that a profile takes


class ProfileEnv(gymnasium.Env[Rows, np.int64]):
    """One profile an episode.

    Observations are rows of `Layout`, shape (size,), float32; actions count the columns that may be set.

    Args:
        drawn: what is drawn at random before the first action, one of ``DRAWN``.

    Raises:
        InputError: for any other ``drawn``; from ``step`` for an action that is none, or an episode that is over.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 (gymnasium's own form)

    def __init__(self, drawn: str = PERSON) -> None:
        self.layout = Layout(drawn)
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (self.layout.size,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(self.layout.actions))
        self._row: Rows = np.zeros(self.layout.size, dtype=np.float32)
        self._taken = 0
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Rows, dict[str, Any]]:
        """A new profile with what is drawn at random set."""
        super().reset(seed=seed, options=options)
        self._row = self.layout.begin(1, self.np_random)[0]
        self._taken, self._over = 0, False
        return self._row.copy(), self._info()

    def step(self, action: np.int64 | int) -> tuple[Rows, float, bool, bool, dict[str, Any]]:
        """Set one value. Returns the row, the reward, whether it is whole, whether patience ended, and info."""
        if self._over:
            raise InputError("The episode is over; call reset before the next step.")
        if not self.action_space.contains(action):
            raise InputError(f"action must be from 0 to {len(self.layout.actions) - 1}; it is {action!r}.")
        self._taken += 1
        if self._open()[action]:
            self._row[self.layout.actions[action]] = 1
        whole = not self._open().any()
        reward = float(wanted_rewards(self.layout.people(self._row[None]))[0]) if whole else 0.0
        truncated = not whole and self._taken >= PATIENCE * self.layout.steps
        self._over = whole or truncated
        return self._row.copy(), reward, whole, truncated, self._info()

    def _open(self) -> NDArray[np.bool_]:
        unset: NDArray[np.bool_] = self.layout.open(self._row[None])[0]
        return unset

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._open().astype(np.int8)}
