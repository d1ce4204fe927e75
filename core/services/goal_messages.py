"""What the two daily messages say; a preview and the message that goes out come from the same words."""

from dataclasses import dataclass
from datetime import time

MORNING = time(8)
EVENING = time(20)
SYNTHETIC = "This is an example with synthetic data: no real person's goal."


@dataclass(frozen=True, slots=True)
class Text:
    """A message: its subject in a line, and its body."""

    subject: str
    body: str


def morning(name: str, goal: int, *, synthetic: bool = False) -> Text:
    """The message at 08:00 on the client's clock, to everyone who has a goal for the day (Zhou et al. 2018)."""
    return _text(
        f"Today's goal: {goal:,} steps",
        f"Good morning {_line(name)},\n\nyour goal for today is {goal:,} steps.",
        synthetic,
    )


def evening(name: str, goal: int, steps: int, *, synthetic: bool = False) -> Text:
    """The message at 20:00, to those whose count has reached the day's goal by then (Zhou et al. 2018)."""
    return _text(
        f"Goal met: {steps:,} steps today",
        f"Well done {_line(name)},\n\nyou have walked {steps:,} steps today and met your goal of {goal:,}.",
        synthetic,
    )


def _text(subject: str, body: str, synthetic: bool) -> Text:
    if synthetic:
        return Text(f"[Synthetic] {subject}", f"{body}\n\n{SYNTHETIC}\n")
    return Text(subject, f"{body}\n")


def _line(name: str) -> str:
    return " ".join(name.split())
