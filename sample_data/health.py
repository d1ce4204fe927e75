"""Who is used to exercise, and whom a doctor has cleared; all invented."""

from dataclasses import dataclass

import numpy as np

from sample_data.medical import History
from sample_data.profiles import Cohort

BOUTS = 3
"""Moderate or strenuous bouts a week (Godin) of somebody who is used to exercise."""

UNKNOWN = 0.03
CLEARED = 0.85
"""How often somebody who said yes to a screening question brought a doctor's clearance."""


@dataclass(frozen=True, slots=True)
class Health:
    """One client; None is not known, or, of a clearance, not asked for."""

    active: bool | None
    cleared: bool | None


def make_health(cohort: Cohort, histories: list[History], rng: np.random.Generator) -> list[Health]:
    """Whether each client is active, from the Godin answers and fitness, and the clearances of those who need one."""
    found = []
    for client, history in enumerate(histories):
        strenuous, moderate, _ = cohort.godin[client]
        active = bool(strenuous + moderate >= BOUTS and cohort.fitness[client] > 0)
        unknown, cleared = rng.random() < UNKNOWN, rng.random() < CLEARED
        asked = any(history.answers.values())
        found.append(Health(None if unknown else active, bool(cleared) if asked else None))
    return found
