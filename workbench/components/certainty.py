"""How sure the model is of a client, in plain words; the same words on every page."""

from typing import Literal

Tone = Literal["sure", "fairly", "unsure", "none"]

EXPLAINED = (
    "**Margin**: how far the model's first choice is ahead of its second, from 0 to 1. "
    "**p**: on what share of the cases kept aside for checking the model was no surer than here. "
    "Up to p = {level:.2f} the model asks a trainer. It is called *unsure* there and wherever the margin is under "
    "0.10; *sure* from p = 0.50 and a margin of 0.30, and *fairly sure* between."
)
HALF = 0.5
# A model that is near guessing everywhere is as sure as usual, and yet not sure of anything.
LEAST_FAIRLY, LEAST_SURE = 0.1, 0.3


def tone(p_value: float | None, margin: float | None, level: float) -> Tone:
    """Which of four kinds a doubt is, given the level up to which the model asks; ``none`` without a prediction."""
    if p_value is None or margin is None:
        return "none"
    if p_value <= level or margin < LEAST_FAIRLY:
        return "unsure"
    return "fairly" if p_value <= HALF or margin < LEAST_SURE else "sure"


def word(p_value: float | None, margin: float | None, level: float, *, asks: bool = False) -> str:
    """The certainty in a word or two; ``asks`` says that a request waits for a trainer."""
    known = {"sure": "sure", "fairly": "fairly sure", "unsure": "unsure", "none": "not known"}
    found = known[tone(p_value, margin, level)]
    return f"{found} – asks" if asks else found


def numbers(margin: float | None, p_value: float | None) -> str:
    """Margin and p-value as they stand beside the word."""
    if margin is None or p_value is None:
        return ""
    return f"margin {decimals(margin)} · p {decimals(p_value)}"


def decimals(value: float) -> str:
    """A margin or a p-value with two decimals; what would round to nothing is told as under 0.01."""
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


def direction(margins: list[float]) -> str:
    """Where the margins of the last steps went, oldest first, in words; empty for fewer than two."""
    if len(margins) < 2:
        return ""
    change = margins[-1] - sum(margins[:-1]) / len(margins[:-1])
    went = "surer than" if change > 0.05 else "less sure than" if change < -0.05 else "about as sure as"
    return f"{went} over the {len(margins) - 1} steps before" if len(margins) > 2 else f"{went} a step before"
