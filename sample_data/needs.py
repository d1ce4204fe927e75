"""What each exercise of the catalogue asks of a body, judged from its description; no clinician has reviewed it.

The words are those of the safety gate. Intensity is that of the usual pace or set; load is the share of body weight
that the working limbs carry; a balance demand is high where a stumble has nothing to hold on to.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """What one exercise needs; its impact is in the catalogue."""

    component: str
    """aerobic, strength, flexibility or balance"""
    intensity: str
    """light, moderate or vigorous"""
    load: str
    """light, moderate or heavy"""
    balance: str
    """low, moderate or high"""
    positions: tuple[str, ...]


def _aerobic(intensity: str, load: str, balance: str, *positions: str) -> Needs:
    return Needs("aerobic", intensity, load, balance, positions)


def _strength(intensity: str, load: str, balance: str, *positions: str) -> Needs:
    return Needs("strength", intensity, load, balance, positions)


NEEDS: dict[str, Needs] = {
    # Level 1
    "Wall push-up": _strength("light", "light", "low", "standing"),
    "Wall angel": Needs("flexibility", "light", "light", "low", ("standing",)),
    "Chair sit-to-stand": _strength("light", "light", "low", "standing", "seated"),
    "Supported split squat": _strength("light", "moderate", "moderate", "standing"),
    "Supported single-leg stand": Needs("balance", "light", "light", "moderate", ("standing",)),
    "Standing knee lift": _strength("light", "light", "moderate", "standing"),
    "Pelvic tilt": _strength("light", "light", "low", "supine"),
    "March in place": _aerobic("light", "light", "low", "standing"),
    "Step touch": _aerobic("light", "light", "low", "standing"),
    # Level 2
    "Incline push-up": _strength("moderate", "moderate", "low", "standing"),
    "Prone Y raise": _strength("light", "light", "low", "prone"),
    "Squat": _strength("moderate", "moderate", "low", "standing"),
    "Reverse lunge": _strength("moderate", "moderate", "moderate", "standing"),
    "Single-leg heel raise": _strength("light", "moderate", "moderate", "standing"),
    "Crunch": _strength("moderate", "light", "low", "supine", "spine bent"),
    "Glute bridge": _strength("light", "light", "low", "supine"),
    "Shadow boxing": _aerobic("moderate", "light", "moderate", "standing", "spine twisted"),
    "Jumping jack": _aerobic("vigorous", "light", "moderate", "standing"),
    # Level 3
    "Push-up": _strength("moderate", "moderate", "low", "hands and feet"),
    "Table row": _strength("moderate", "moderate", "low", "supine", "hanging"),
    "Pause squat": _strength("moderate", "moderate", "low", "standing"),
    "Walking lunge": _strength("moderate", "moderate", "high", "standing"),
    "Single-leg bridge": _strength("moderate", "moderate", "low", "supine"),
    "Forearm plank": _strength("moderate", "moderate", "low", "prone"),
    "Bicycle crunch": _strength("moderate", "light", "low", "supine", "spine bent", "spine twisted"),
    "Skater step": _aerobic("moderate", "light", "high", "standing", "spine bent", "spine twisted"),
    "High knees": _aerobic("vigorous", "light", "moderate", "standing"),
    # Level 4
    "Close-grip push-up": _strength("moderate", "heavy", "low", "hands and feet"),
    "Inverted row": _strength("moderate", "heavy", "low", "supine", "hanging"),
    "Jump squat": _strength("vigorous", "moderate", "moderate", "standing"),
    "Rear-foot-raised split squat": _strength("moderate", "heavy", "high", "standing"),
    "Single-leg deadlift": _strength("moderate", "moderate", "high", "standing", "head down"),
    # Lying on the side is no position of its own to the gate; the weight is on a forearm and a foot.
    "Side plank with leg lift": _strength("moderate", "moderate", "moderate", "hands and feet"),
    "V-up": _strength("vigorous", "moderate", "low", "supine", "spine bent"),
    "Squat thrust": _aerobic(
        "vigorous", "moderate", "moderate", "standing", "hands and feet", "head down", "spine bent"
    ),
    "Mountain climber": _aerobic("vigorous", "moderate", "low", "hands and feet"),
    # Level 5
    "Clapping push-up": _strength("vigorous", "heavy", "moderate", "hands and feet"),
    "Pull-up": _strength("vigorous", "heavy", "low", "hanging"),
    "Tuck jump": _strength("vigorous", "moderate", "high", "standing"),
    "Jumping lunge": _strength("vigorous", "heavy", "high", "standing"),
    "Pistol squat": _strength("vigorous", "heavy", "high", "standing"),
    "Hanging leg raise": _strength("vigorous", "heavy", "low", "hanging", "spine bent"),
    "Bear crawl sprint": _aerobic("vigorous", "moderate", "moderate", "hands and feet"),
    "Burpee": _aerobic(
        "vigorous", "moderate", "moderate", "standing", "hands and feet", "head down", "spine bent"
    ),
}
