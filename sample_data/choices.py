"""Which exercises a client does, whether they succeed and how hard it felt.

The programme sets a difficulty level for each exercise day; the client picks the exercises. A session opens with
strength (push, squat or single-leg), goes on with a second exercise (pull, lunge or core) and ends with a finisher
(core, or conditioning with little or much impact), all of the day's level. Which of the three it is depends on the
*hardest* of the last three exercises (see `load`), wherever among them it stands, and, for openers and finishers,
on the client's training order, which follows from the profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sample_data.exercises import CATALOGUE, CATEGORIES, LEVELS, Exercise
from sample_data.profiles import CONDITIONS, DAYS, FIRST_MONDAY, Cohort, Floats, standardised

WINDOW = 3
PER_DAY = 3
EXERCISE_WEEKDAYS = (0, 2, 4)
MEDITATION_WEEKDAYS = (1, 3, 5)
FIRST_LEVEL = 2
"""Where DStress-adaptive and Difficult-fixed start; Easy-fixed starts at level 1."""

WHIM = 0.08
"""How often a client takes any exercise of the same part of the session instead."""

OPENER, SECOND, FINISHER = range(PER_DAY)
ROTATING, BUILDING = "rotating", "building"

# The slots of each part of a session, and, by category of the hardest recent exercise, which slot follows.
_SLOTS = (
    ("push", "squat", "single-leg"),
    ("pull", "lunge", "core"),
    ("core", "low impact", "high impact"),
)
_SECOND = {
    "metabolic conditioning": "core",
    "push": "pull",
    "squat": "lunge",
    "single-leg": "pull",
    "pull": "lunge",
    "lunge": "pull",
    "core": "core",
}
FOLLOW_UPS: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    # Another body region than the hardest work; impact only on fresh legs, the core after conditioning.
    ROTATING: (
        {
            "metabolic conditioning": "single-leg",
            "push": "squat",
            "squat": "push",
            "single-leg": "push",
            "pull": "squat",
            "lunge": "push",
            "core": "squat",
        },
        _SECOND,
        {
            "metabolic conditioning": "core",
            "push": "high impact",
            "squat": "core",
            "single-leg": "low impact",
            "pull": "high impact",
            "lunge": "low impact",
            "core": "low impact",
        },
    ),
    # The same body region again; hard conditioning is followed by more of it.
    BUILDING: (
        {
            "metabolic conditioning": "push",
            "push": "push",
            "squat": "single-leg",
            "single-leg": "squat",
            "pull": "push",
            "lunge": "squat",
            "core": "single-leg",
        },
        _SECOND,
        {
            "metabolic conditioning": "high impact",
            "push": "low impact",
            "squat": "low impact",
            "single-leg": "high impact",
            "pull": "core",
            "lunge": "core",
            "core": "high impact",
        },
    ),
}

_LOAD = {
    "metabolic conditioning": 1.6,
    "squat": 1.3,
    "lunge": 1.2,
    "single-leg": 1.0,
    "push": 1.15,
    "pull": 0.95,
    "core": 0.6,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the exercise log."""

    client: int
    when: datetime
    exercise: Exercise
    level: int
    """The day's level, set by the programme."""
    success: bool
    difficulty: int | None
    """Perceived difficulty, 1–5; None where the client gave no rating."""


@dataclass(frozen=True, slots=True)
class Meditation:
    """One meditation day."""

    client: int
    when: datetime
    done: bool


@dataclass(frozen=True, slots=True)
class Traits:
    """What drives the choices; a function of the profile alone, apart from ``ability``."""

    order: list[str]
    """`ROTATING` or `BUILDING`."""
    ability: Floats
    """On the scale of the exercises' ratings: at this rating a client succeeds four times in five."""


def traits_of(cohort: Cohort, rng: np.random.Generator) -> Traits:
    """Training order and ability of each client; younger, confident, active clients are the building half."""
    age = standardised(cohort.age)
    activity = standardised(np.sqrt(cohort.glteq_score))
    boldness = standardised(cohort.exse_score) + 0.5 * activity - age
    ability = 3.0 + 0.7 * cohort.fitness - 0.25 * age + rng.normal(0, 0.3, len(age))
    middle = np.median(boldness)
    return Traits(order=[BUILDING if score > middle else ROTATING for score in boldness], ability=ability)


def load(exercise: Exercise) -> float:
    """How much an exercise weighs on what is done next: its rating, times a factor of its category."""
    return exercise.rating * _LOAD[exercise.category]


def next_slot(recent: Sequence[Exercise], order: str, part: int) -> str:
    """What follows the last (up to three) exercises as opener, second or finisher: one of that part's slots."""
    hardest = max(recent, key=load)
    return FOLLOW_UPS[order][part][hardest.category]


def exercise_for(slot: str, level: int, part: int) -> Exercise:
    """The exercise that fills a slot at a level. Of two core exercises the second takes the easier one."""
    category = slot if slot in CATEGORIES else "metabolic conditioning"
    fitting = [item for item in CATALOGUE if item.category == category and item.level == level]
    fitting.sort(key=lambda item: item.rating)
    return fitting[0] if part == SECOND or slot == "low impact" else fitting[-1]


def fixed_level(condition: str, day: int) -> int:
    """Level on the ``day``-th exercise day (from 0) of the two fixed programmes."""
    if condition == "Easy-fixed":
        return 1 + day // 5
    return min(LEVELS[-1], FIRST_LEVEL + day // 3)


def adapted_level(level: int, successes: Sequence[bool]) -> int:
    """The DStress rule: all done, one level up; any failure, one level down; within the levels there are."""
    return min(max(level + (1 if all(successes) else -1), LEVELS[0]), LEVELS[-1])


def simulate(
    cohort: Cohort, traits: Traits, rng: np.random.Generator
) -> tuple[list[Attempt], list[Meditation]]:
    """Four weeks of exercise (36 attempts a client) and meditation (12 days a client), in order of time."""
    attempts: list[Attempt] = []
    meditations: list[Meditation] = []
    for client in range(len(cohort.client)):
        zone = ZoneInfo(cohort.time_zone[client])
        hour = float(rng.choice([7.0, 12.5, 18.0])) + rng.normal(0, 0.4)
        condition = cohort.condition[client]
        level = FIRST_LEVEL
        recent: list[Exercise] = []
        exercise_day = 0
        for offset in range(DAYS):
            day = FIRST_MONDAY + timedelta(days=offset)
            minutes = int(60 * hour + rng.normal(0, 20))
            start = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
            if day.weekday() in MEDITATION_WEEKDAYS:
                done = rng.random() < 0.8 - 0.1 * np.tanh(cohort.distress[client])
                meditations.append(Meditation(client, start, bool(done)))
            if day.weekday() not in EXERCISE_WEEKDAYS:
                continue
            if condition != CONDITIONS[0]:
                level = fixed_level(condition, exercise_day)
            successes = []
            for part in range(PER_DAY):
                exercise = _pick(recent, level, traits.order[client], part, rng)
                surplus = traits.ability[client] + 0.03 * exercise_day - exercise.rating
                success = bool(rng.random() < 1 / (1 + np.exp(-1.4 - 1.5 * surplus)))
                felt = int(np.clip(np.round(3 - 0.8 * surplus + rng.normal(0, 0.6)), 1, 5))
                rated = rng.random() >= 0.03
                attempts.append(Attempt(client, start, exercise, level, success, felt if rated else None))
                start += timedelta(minutes=int(rng.integers(4, 10)))
                successes.append(success)
                recent = [*recent, exercise][-WINDOW:]
            if condition == CONDITIONS[0]:
                level = adapted_level(level, successes)
            exercise_day += 1
    return attempts, meditations


def _pick(
    recent: Sequence[Exercise], level: int, order: str, part: int, rng: np.random.Generator
) -> Exercise:
    whim = not recent or rng.random() < WHIM
    slot = str(rng.choice(_SLOTS[part])) if whim else next_slot(recent, order, part)
    return exercise_for(slot, level, part)
