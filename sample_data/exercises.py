"""The catalogue: 44 bodyweight exercises, described in our own words."""

from dataclasses import dataclass

RESISTANCE = "resistance"
METABOLIC = "metabolic"
CONDITIONING = "metabolic conditioning"
CATEGORIES = ("push", "pull", "squat", "lunge", "single-leg", "core", CONDITIONING)
LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise: what it trains, how hard it is and a cue for doing it."""

    name: str
    category: str
    muscle_group: str
    rating: float
    """Difficulty on a continuous scale from 1 (easiest) to 5.5 (hardest)."""
    grouping: str
    """The alternative grouping: full body, compound, power, or empty."""
    impact: bool
    """Whether both feet leave the floor."""
    cue: str

    @property
    def level(self) -> int:
        """Difficulty level, 1 to 5: the rating rounded half up."""
        return min(5, int(self.rating + 0.5))

    @property
    def super_category(self) -> str:
        """Resistance or metabolic."""
        return METABOLIC if self.category == CONDITIONING else RESISTANCE


def _push(name: str, rating: float, grouping: str, cue: str, *, impact: bool = False) -> Exercise:
    return Exercise(name, "push", "chest", rating, grouping, impact, cue)


def _pull(name: str, rating: float, grouping: str, cue: str) -> Exercise:
    return Exercise(name, "pull", "back", rating, grouping, False, cue)


def _squat(name: str, rating: float, grouping: str, cue: str, *, impact: bool = False) -> Exercise:
    return Exercise(name, "squat", "legs", rating, grouping, impact, cue)


def _lunge(name: str, rating: float, grouping: str, cue: str, *, impact: bool = False) -> Exercise:
    return Exercise(name, "lunge", "legs/glutes", rating, grouping, impact, cue)


def _single(name: str, muscle_group: str, rating: float, grouping: str, cue: str) -> Exercise:
    return Exercise(name, "single-leg", muscle_group, rating, grouping, False, cue)


def _core(name: str, muscle_group: str, rating: float, cue: str) -> Exercise:
    return Exercise(name, "core", muscle_group, rating, "", False, cue)


def _metabolic(name: str, rating: float, grouping: str, cue: str, *, impact: bool = False) -> Exercise:
    return Exercise(name, CONDITIONING, "full body", rating, grouping, impact, cue)


CATALOGUE: tuple[Exercise, ...] = (
    # Level 1
    _push("Wall push-up", 1.0, "", "Hands on the wall at chest height; bend the elbows, then press away."),
    _pull("Wall angel", 0.9, "", "Back to the wall; slide the arms up and down without losing contact."),
    _squat(
        "Chair sit-to-stand",
        1.1,
        "compound",
        "Stand up from a chair without using the hands, then sit slowly.",
    ),
    _lunge(
        "Supported split squat",
        1.4,
        "compound",
        "One hand on a chair; one foot forward, lower a little and rise.",
    ),
    _single(
        "Supported single-leg stand",
        "legs",
        0.8,
        "",
        "A fingertip on the wall; hold one foot just off the floor.",
    ),
    _core("Standing knee lift", "abs/glutes", 1.2, "Stand tall and bring one knee at a time to hip height."),
    _core(
        "Pelvic tilt",
        "core/abs",
        0.7,
        "Lie on the back with knees bent; press the lower back into the floor.",
    ),
    _metabolic(
        "March in place", 1.0, "full body", "March with a steady arm swing at a pace that allows talking."
    ),
    _metabolic(
        "Step touch", 1.3, "full body", "Step from side to side and bring the feet together each time."
    ),
    # Level 2
    _push("Incline push-up", 2.0, "", "Hands on a sturdy table; lower the chest to its edge and press up."),
    _pull("Prone Y raise", 1.7, "", "Lie face down and lift straight arms in a Y, thumbs up."),
    _squat("Squat", 2.1, "compound", "Feet shoulder-width apart; sit back and down, then stand tall."),
    _lunge("Reverse lunge", 2.4, "compound", "Step back, lower the rear knee towards the floor and return."),
    _single(
        "Single-leg heel raise",
        "legs",
        1.9,
        "",
        "On one foot near a wall; rise onto the toes and lower slowly.",
    ),
    _core("Crunch", "core/abs", 1.8, "Knees bent; curl the shoulders off the floor and lower them slowly."),
    _core(
        "Glute bridge", "abs/glutes", 1.6, "Lie with knees bent; lift the hips until the body is straight."
    ),
    _metabolic(
        "Shadow boxing", 2.0, "full body", "Light on the feet, throw straight punches in a steady rhythm."
    ),
    _metabolic(
        "Jumping jack",
        2.3,
        "full body",
        "Jump the feet apart as the arms go up, and back again.",
        impact=True,
    ),
    # Level 3
    _push("Push-up", 3.0, "compound", "Body in one line from head to heels; chest down, then press up."),
    _pull("Table row", 2.8, "compound", "Lie under a sturdy table, grip its edge and pull the chest up."),
    _squat("Pause squat", 2.7, "compound", "Squat, stay at the bottom for three breaths, then stand."),
    _lunge("Walking lunge", 3.1, "compound", "Lunge forward step after step with the trunk upright."),
    _single(
        "Single-leg bridge",
        "abs/glutes",
        2.9,
        "",
        "From a bridge, straighten one leg and lift the hips level.",
    ),
    _core("Forearm plank", "core/abs", 2.6, "On forearms and toes; hold a straight line and keep breathing."),
    _core(
        "Bicycle crunch", "core/abs", 3.2, "Bring elbow and opposite knee together in turn, without haste."
    ),
    _metabolic(
        "Skater step", 2.9, "full body", "Take wide steps from side to side, reaching across the front foot."
    ),
    _metabolic("High knees", 3.3, "power", "Run in place and lift the knees to hip height.", impact=True),
    # Level 4
    _push(
        "Close-grip push-up",
        3.9,
        "compound",
        "Hands under the breastbone, elbows along the ribs; down and up.",
    ),
    _pull(
        "Inverted row", 3.8, "compound", "Hang under a low bar with straight legs and pull the chest to it."
    ),
    _squat(
        "Jump squat", 4.0, "power", "Squat, jump straight up and land softly into the next one.", impact=True
    ),
    _lunge(
        "Rear-foot-raised split squat", 4.1, "compound", "Rear foot on a chair; lower straight down and rise."
    ),
    _single(
        "Single-leg deadlift",
        "legs/glutes",
        3.7,
        "compound",
        "Hinge on one leg with a flat back and reach for the floor.",
    ),
    _core("Side plank with leg lift", "abs/glutes", 3.6, "From a side plank, raise and lower the upper leg."),
    _core("V-up", "core/abs", 4.2, "From lying, lift legs and trunk together and reach for the feet."),
    _metabolic(
        "Squat thrust", 3.8, "full body", "Hands down, step or hop the feet back to a plank, return, stand."
    ),
    _metabolic(
        "Mountain climber",
        4.3,
        "power",
        "In a push-up position, drive the knees forward in quick turns.",
        impact=True,
    ),
    # Level 5
    _push(
        "Clapping push-up",
        5.2,
        "power",
        "Push up hard enough for the hands to leave the floor and clap.",
        impact=True,
    ),
    _pull("Pull-up", 5.0, "compound", "Hang from a bar and pull until the chin is above it."),
    _squat("Tuck jump", 4.8, "power", "Jump and bring the knees to the chest; land softly.", impact=True),
    _lunge("Jumping lunge", 4.9, "power", "From a lunge, jump and change legs in the air.", impact=True),
    _single(
        "Pistol squat", "legs/glutes", 5.3, "compound", "Squat on one leg with the other held out in front."
    ),
    _core("Hanging leg raise", "core/abs", 4.7, "Hang from a bar and raise straight legs to hip height."),
    _metabolic(
        "Bear crawl sprint", 4.6, "full body", "On hands and toes, knees low, crawl fast for a few metres."
    ),
    _metabolic(
        "Burpee", 5.1, "full body", "Drop to a plank, push up, jump the feet in and leap.", impact=True
    ),
)
"""All exercises, easiest level first; 9 a level and 8 at level 5, with every category at every level."""
