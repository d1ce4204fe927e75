"""Ten weeks of daily steps and goals from the behaviour model of Zhou et al. 2018, eqs 2–3, with noise."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from sample_data.profiles import FIRST_MONDAY, Cohort, Floats, standardised

DAYS = 70
RUN_IN = (3000, 3500, 4000, 4500, 5000, 5500, 6000)
"""Goals of the first week, for everyone."""
FIXED_GOAL = 10_000
PERCENTILE = 60
LOOK_BACK = 10
"""Adaptive goals are the 60th percentile of the last ten recorded days, rounded to 50."""
LEAST_GOAL, GREATEST_GOAL = 2000, 20_000

GAMMA = 0.85
"""Learned helplessness: the share of responsiveness that is left after a day."""
NOISE = 2200.0
"""Scale of the Laplace noise on a day's count, in steps."""
DELTA = 1.0
"""Steps; a goal counts as within reach if capacity falls short of it by less than half of this."""
MISSING = 0.04
LEFT_AT_HOME = 0.01
"""Chance a day that the counter is then left at home for two to five days."""


@dataclass(frozen=True, slots=True)
class Walker:
    """True parameters of one client, in steps a day."""

    baseline: float
    responsiveness: float
    self_efficacy: float
    weekday: Floats
    """What each weekday, from Monday, adds to the baseline."""


@dataclass(frozen=True, slots=True)
class Day:
    """One client's day: the goal set and the steps counted, None where nothing was recorded."""

    client: int
    day: date
    steps: int | None
    goal: int


def make_walkers(cohort: Cohort, rng: np.random.Generator) -> list[Walker]:
    """Parameters for each client; fitter clients walk more, confident ones gain more from a goal met."""
    n = len(cohort.client)
    confidence = standardised(cohort.exse_score)
    baseline = np.clip(5600 * np.exp(0.18 * cohort.fitness + rng.normal(0, 0.22, n)), 2000, 12_000)
    responsiveness = rng.gamma(3.0, 900.0, n)
    self_efficacy = np.clip(520 + 130 * confidence + rng.normal(0, 160, n), 40, 1400)
    shape = np.array([150.0, 150.0, 100.0, 150.0, 250.0, 100.0, -900.0])
    return [
        Walker(
            baseline=round(float(baseline[client]), 1),
            responsiveness=round(float(responsiveness[client]), 1),
            self_efficacy=round(float(self_efficacy[client]), 1),
            weekday=np.round(shape * rng.normal(1.0, 0.4) + rng.normal(0, 150, 7)),
        )
        for client in range(n)
    ]


def simulate(cohort: Cohort, walkers: list[Walker], rng: np.random.Generator) -> list[Day]:
    """70 days a client, in order of time: a run-in week, then fixed or adaptive goals."""
    days: list[Day] = []
    for client, walker in enumerate(walkers):
        p = walker.responsiveness
        recorded: list[int] = []
        away = 0
        for offset in range(DAYS):
            day = FIRST_MONDAY + timedelta(days=offset)
            goal = _goal(offset, cohort.step_goals[client], recorded)
            baseline = max(0.0, walker.baseline + walker.weekday[day.weekday()])
            capacity = baseline + p / 2
            intended = max(baseline, min(goal, capacity))
            p = GAMMA * p + walker.self_efficacy * (capacity >= goal - DELTA / 2)
            counted = max(0, round(intended + rng.laplace(0, NOISE)))
            if away == 0 and rng.random() < LEFT_AT_HOME:
                away = int(rng.integers(2, 6))
            lost = away > 0 or rng.random() < MISSING
            away = max(0, away - 1)
            if not lost:
                recorded.append(counted)
            days.append(Day(client, day, None if lost else counted, goal))
    return days


def _goal(offset: int, kind: str, recorded: list[int]) -> int:
    if offset < len(RUN_IN):
        return RUN_IN[offset]
    if kind == "fixed" or not recorded:
        return FIXED_GOAL
    wanted = float(np.percentile(recorded[-LOOK_BACK:], PERCENTILE))
    return int(np.clip(50 * round(wanted / 50), LEAST_GOAL, GREATEST_GOAL))
