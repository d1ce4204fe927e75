"""Which exercises a client does, whether they succeed and how hard it felt.

The programme sets a difficulty level for each exercise day; the client picks the exercises. A session opens with
strength (push, squat or single-leg), goes on with a second exercise (pull, lunge or core) and ends with a finisher
(core, or light or hard conditioning), all of the day's level. Which one it is follows from *one* of the last three
exercises, the one that is felt longest, and, for openers and finishers, from the client's style, which follows from
the profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sample_data.exercises import CATALOGUE, CONDITIONING, LEVELS, Exercise
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
STEADY, BOLD = "steady", "bold"
LIGHT, HARD = "light conditioning", "hard conditioning"

_SLOTS = (("push", "squat", "single-leg"), ("pull", "lunge", "core"), ("core", LIGHT, HARD))

FELT_LONGEST = ("lunge", "pull", "squat", "core", "push", CONDITIONING, "single-leg")
"""Categories by how long they are felt, the longest first."""

# By the category of the exercise felt longest, what follows it. The styles never answer alike as opener or finisher.
_SECONDS = {
    "lunge": "pull",
    "pull": "lunge",
    "squat": "core",
    "core": "core",
    "push": "pull",
    CONDITIONING: "pull",
    "single-leg": "core",
}
FOLLOW_UPS: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    STEADY: (
        {
            "lunge": "push",
            "pull": "push",
            "squat": "push",
            "core": "squat",
            "push": "squat",
            CONDITIONING: "squat",
            "single-leg": "single-leg",
        },
        _SECONDS,
        {
            "lunge": LIGHT,
            "pull": "core",
            "squat": LIGHT,
            "core": LIGHT,
            "push": LIGHT,
            CONDITIONING: HARD,
            "single-leg": "core",
        },
    ),
    BOLD: (
        {
            "lunge": "single-leg",
            "pull": "single-leg",
            "squat": "single-leg",
            "core": "push",
            "push": "push",
            CONDITIONING: "push",
            "single-leg": "squat",
        },
        _SECONDS,
        {
            "lunge": HARD,
            "pull": LIGHT,
            "squat": HARD,
            "core": HARD,
            "push": HARD,
            CONDITIONING: "core",
            "single-leg": LIGHT,
        },
    ),
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

    style: list[str]
    """`STEADY` or `BOLD`."""
    ability: Floats
    """On the scale of the exercises' ratings: at this rating a client succeeds four times in five."""


def traits_of(cohort: Cohort, rng: np.random.Generator) -> Traits:
    """Style and ability of each client; the bolder half is that of the younger, confident, active clients."""
    age = standardised(cohort.age)
    activity = standardised(np.sqrt(cohort.glteq_score))
    boldness = standardised(cohort.exse_score) + 0.5 * activity - age
    ability = 3.0 + 0.7 * cohort.fitness - 0.25 * age + rng.normal(0, 0.3, len(age))
    middle = np.median(boldness)
    return Traits(style=[BOLD if score > middle else STEADY for score in boldness], ability=ability)


def exercises_for(category: str, level: int) -> list[Exercise]:
    """The one or two exercises of a category at a level, the easier one first."""
    fitting = [item for item in CATALOGUE if item.category == category and item.level == level]
    return sorted(fitting, key=lambda item: item.rating)


def exercise_for(slot: str, level: int, part: int) -> Exercise:
    """The exercise that fills a slot; the harder of two, but for light conditioning and a core exercise as second."""
    fitting = exercises_for(CONDITIONING if slot in (LIGHT, HARD) else slot, level)
    return fitting[0] if slot == LIGHT or part == SECOND else fitting[-1]


def felt_longest(recent: Sequence[Exercise]) -> Exercise:
    """The one of the last (up to three) exercises that decides what comes next; in a category the harder one."""
    return min(recent, key=lambda item: (FELT_LONGEST.index(item.category), -item.rating))


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
                exercise = _pick(recent, level, traits.style[client], part, rng)
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
    recent: Sequence[Exercise], level: int, style: str, part: int, rng: np.random.Generator
) -> Exercise:
    if not recent or rng.random() < WHIM:
        return exercise_for(str(rng.choice(_SLOTS[part])), level, part)
    return exercise_for(FOLLOW_UPS[style][part][felt_longest(recent).category], level, part)
