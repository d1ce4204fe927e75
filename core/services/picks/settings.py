"""How a cohort's policy is made: which policy, how wide, how it starts, and what counts as reward."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import InputError

POLICIES: Mapping[str, str] = {
    "linucb": "LinUCB",
    "hybrid": "Hybrid LinUCB",
    "thompson": "Thompson sampling",
    "epsilon-greedy": "ε-greedy",
}
"""The policies that can be put in force, with their names for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Everything a policy version is made from.

    Attributes:
        kind: a key of ``POLICIES``.
        width: how much the doubt of an arm counts (the paper's α); LinUCB, hybrid and Thompson.
        epsilon: share of picks drawn evenly from the open arms, so that each has a propensity to learn from.
        completion_weight: what completing a session weighs in the reward; progress to the week's goal has the rest.
        start: synthetic decisions that it learns from before the first real one.

    Raises:
        InputError: for a policy that does not exist or a number out of its range.
    """

    kind: str = "linucb"
    width: float = 0.1
    epsilon: float = 0.1
    completion_weight: float = 0.7
    start: int = 500

    def __post_init__(self) -> None:
        if self.kind not in POLICIES:
            raise InputError(f"The policy must be one of {', '.join(POLICIES)}; it is {self.kind!r}.")
        for name, low, high in (
            ("width", 0, 10),
            ("epsilon", 0, 1),
            ("completion_weight", 0, 1),
            ("start", 0, 20_000),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise InputError(f"{name} must be a number from {low} to {high:,}; it is {value!r}.")
        if not isinstance(self.start, int):
            raise InputError(f"start must be a whole number of decisions; it is {self.start!r}.")

    def reward(self, completion: float, progress: float) -> float:
        """The reward of a pick: weighted completion and progress to the week's goal (section 2.3)."""
        return self.completion_weight * completion + (1 - self.completion_weight) * progress

    def to_json(self) -> dict[str, Any]:
        """As kept with a version."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "PolicySettings":
        """The settings that ``to_json`` wrote.

        Raises:
            InputError: for a name that is not known, or a value that cannot be.
        """
        if unknown := set(document) - {field.name for field in fields(cls)}:
            raise InputError(f"A policy has no setting {', '.join(sorted(unknown))}.")
        return cls(**document)
