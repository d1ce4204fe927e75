"""Profiles half made as rows of zeros and ones, which is what the agent sees and what its actions fill.

A *slot* takes one value: each attribute of a profile has one, and medical history has two, for a first and a further
condition, each of which may be none. A slot is a block of columns, one for each value; set, it holds a single one, and
until then nothing. An action sets a slot to a value, so that actions are columns.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bandit.attributes import BY_KEY, PROFILE
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.people import People
from core.errors import InputError

Rows = NDArray[np.float32]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HISTORY = "medical_history"
NO_CONDITION = len(BY_KEY[HISTORY].values)
"""Place of the value that stands for no condition, after all conditions."""

DEMOGRAPHICS = ("age", "sex", "race")
DRAWN: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "demographics": DEMOGRAPHICS,
    "demographics and medical history": (*DEMOGRAPHICS, HISTORY),
    "demographics, medical history and preferred exercise": (*DEMOGRAPHICS, HISTORY, "preferred_exercise"),
}
"""What of a profile is drawn at random before the agent's first action, by its name."""

PERSON = "demographics, medical history and preferred exercise"


@dataclass(frozen=True, slots=True)
class Slot:
    """One value of a profile: its attribute, its columns ``first`` to ``first + size - 1``, and whether it is drawn."""

    key: str
    first: int
    size: int
    drawn: bool


class Layout:
    """Where everything lies in a row, given what is drawn at random.

    Args:
        drawn: one of `DRAWN`.

    Attributes:
        slots: in the order of a profile's attributes.
        size: columns of a row.
        actions: the columns that actions set, in order; those of drawn slots are none.
        slot_of: for each action, the number of its slot among the chosen ones.
        steps: number of chosen slots, so of actions that make a profile whole.

    Raises:
        InputError: for any other ``drawn``.
    """

    def __init__(self, drawn: str = PERSON) -> None:
        if drawn not in DRAWN:
            raise InputError(f"drawn must be one of {', '.join(DRAWN)}; it is {drawn!r}.")
        slots: list[Slot] = []
        self.size = 0
        for of in PROFILE:
            size = len(of.values) + (of.kind == "set")
            for _ in range(2 if of.kind == "set" else 1):
                slots.append(Slot(of.key, self.size, size, of.key in DRAWN[drawn]))
                self.size += size
        self.slots = tuple(slots)
        self.chosen = tuple(slot for slot in slots if not slot.drawn)
        self.actions: Integers = np.concatenate(
            [np.arange(slot.first, slot.first + slot.size) for slot in self.chosen]
        )
        self.slot_of: Integers = np.repeat(np.arange(len(self.chosen)), [slot.size for slot in self.chosen])
        self.steps = len(self.chosen)
        self._starts = np.searchsorted(self.actions, [slot.first for slot in self.chosen])

    def begin(self, count: int, rng: np.random.Generator) -> Rows:
        """Profiles with what is drawn at random set, each value alike, and nothing else; shape (count, size)."""
        rows = np.zeros((count, self.size), dtype=np.float32)
        for slot in self.slots:
            if slot.drawn:
                rows[np.arange(count), slot.first + rng.integers(slot.size, size=count)] = 1
        return rows

    def open(self, rows: Rows) -> Flags:
        """The actions whose slot is not set yet; rows (N, size) to (N, actions)."""
        taken = np.add.reduceat(rows[:, self.actions], self._starts, axis=1) > 0
        unset: Flags = ~taken[:, self.slot_of]
        return unset

    def people(self, rows: Rows) -> People:
        """Whole profiles as people.

        Raises:
            InputError: if a slot is not set.
        """
        columns: dict[str, ArrayLike] = {}
        for slot in self.slots:
            block = rows[:, slot.first : slot.first + slot.size]
            if (block.sum(axis=1) != 1).any():
                raise InputError(f"{BY_KEY[slot.key].label} is not set; a profile must be whole.")
            place, of = block.argmax(axis=1), BY_KEY[slot.key]
            if of.kind == "number":
                columns[slot.key] = np.array(of.values, dtype=np.float64)[place]
            elif of.kind == "category":
                columns[slot.key] = place
            else:
                had: Any = columns.get(slot.key, False)
                columns[slot.key] = had | (block[:, :NO_CONDITION] > 0)
        return People(columns, len(rows))


def wanted_rewards(people: People) -> Floats:
    """What the guideline base gives the week that each person wants, of the arm that they prefer; shape (N,).

    The reward of a whole profile (Naliyatthaliyazchayil 2024, section 2.2: rows of the base file are found by age,
    sex, medical history, exercise preference, frequency and duration; here also by intensity and day spacing).

    Raises:
        InputError: where one of those is unknown.
    """
    preferred = people.columns["preferred_exercise"]
    if (preferred < 0).any():
        raise InputError("Preferred exercise is not known of everybody; the reward of a profile needs it.")
    rewards: Floats = guideline_rewards(people)[np.arange(len(people)), preferred]
    return rewards
