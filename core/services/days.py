"""A client's day of steps."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Day:
    """One day: the steps counted and the goal that held, None where there is none."""

    day: date
    steps: int | None
    goal: int | None

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None without a count or a goal."""
        return None if self.steps is None or self.goal is None else self.steps >= self.goal
