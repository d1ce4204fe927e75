"""What the guideline base says of a week that somebody wants: the reward of each arm, computed from its rows."""

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People
from core.errors import InputError
from core.guidelines import (
    ARMS,
    Intensity,
    Limits,
    WeekPlan,
    adherence,
    days_in_a_row,
    limits_for,
    spread_days,
)

NEEDED = ("age", "frequency", "duration", "intensity", "day_spacing")


def guideline_rewards(people: People) -> NDArray[np.float64]:
    """How far the week that each person wants keeps to the guideline rows for them, were it all of one arm.

    Frequency, duration, intensity and day spacing make the week; age, sex and medical history choose the rows.

    Returns:
        Shape (N, arms), between 0 and 1, in the order of ``ARMS``.

    Raises:
        InputError: where one of those is unknown (but sex, whose rows are then left out), or the age is below 18.
    """
    for needed in NEEDED:
        column = people.columns[needed]
        if (np.isnan(column) if column.dtype.kind == "f" else column < 0).any():
            raise InputError(f"{BY_KEY[needed].label} is not known of everybody; the guideline base needs it.")
    limits: dict[tuple[object, ...], Limits] = {}
    rewards: dict[tuple[object, ...], float] = {}
    found = np.empty((len(people), len(ARMS)))
    columns = people.columns
    sexes = (*map(str, BY_KEY["sex"].values), None)
    conditions = BY_KEY["medical_history"].values
    intensities = tuple(Intensity)
    for place in range(len(people)):
        person = (
            float(columns["age"][place]),
            sexes[columns["sex"][place]],  # -1, unknown, is the last
            tuple(str(conditions[k]) for k in np.flatnonzero(columns["medical_history"][place])),
        )
        week = (
            int(max(1, columns["frequency"][place])),
            float(columns["duration"][place]),
            int(columns["intensity"][place]),
            int(columns["day_spacing"][place]),
        )
        for arm, component in enumerate(ARMS.values()):
            key = (component, *person, *week)
            if key not in rewards:
                whose = (component, *person)
                if whose not in limits:
                    age, sex, has = person
                    limits[whose] = limits_for(component, age=age, sex=sex, conditions=has)
                frequency, duration, intensity, spacing = week
                days = days_in_a_row(frequency) if spacing else spread_days(frequency)
                plan = WeekPlan(component, days, duration, intensities[intensity])
                rewards[key] = adherence(plan, limits[whose]).reward
            found[place, arm] = rewards[key]
    return found
