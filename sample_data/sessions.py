"""How the invented clients take to sessions that they are offered: made up, as everything here is."""

from collections.abc import Mapping
from typing import Any

import numpy as np

DAYS = 14
"""Days of picks that the sample cohort comes with, the last of them yesterday."""


def chance(wishes: Mapping[str, Any], arm: str, lacking: float) -> float:
    """The chance that a session of an arm is done.

    People finish more of what they like, less of what is hard or long, and less of what the week has had enough of.

    Args:
        wishes: what is known of the client's wishes; what is missing counts for nothing.
        arm: cardio, strength or flexibility.
        lacking: share of what the week asks of the arm that is not done yet, 0 to 1.
    """
    found = 0.45 + 0.15 * lacking
    if wishes.get("preferred_exercise") == arm:
        found += 0.3
    if wishes.get("intensity") == "vigorous" and arm != "flexibility":
        found -= 0.1
    if float(wishes.get("duration") or 30) > 45 and arm == "flexibility":
        found -= 0.15
    if wishes.get("buddy") == "in a group" and arm == "cardio":
        found += 0.1
    if wishes.get("location") == "home" and arm == "strength":
        found -= 0.1
    return float(np.clip(found, 0.05, 0.95))


def completion(done: float, rng: np.random.Generator) -> float:
    """What became of a session with that chance: 1 done, 0 not, or 0.5, which a quarter of those missed is."""
    if rng.random() < done:
        return 1.0
    return 0.5 if rng.random() < 0.25 else 0.0
