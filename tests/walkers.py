"""Clients who walk to goals up to yesterday, for tests and pictures of the Step goals page."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from core.calfit import Behavior, simulate
from core.services import Store
from core.store import steps
from tests.phones import cohort

ANSWERS, NO_GOALS, NO_STEPS, FEW = 0, 1, 2, 3  # places in the list of clients


def walkers(
    folder: Path, *, days: int = 42, last: date | None = None, synthetic: bool = True
) -> tuple[Store, list[int]]:
    """A store with four clients, and their ids.

    The first answers goals for ``days`` days up to ``last`` (yesterday), with noise and two days not worn; the second
    has counts and no goals, the third nothing, the fourth three days.
    """
    last = last or datetime.now(UTC).date() - timedelta(days=1)
    store, ids = cohort(folder, ("UTC",) * 4, synthetic=synthetic)
    rng = np.random.default_rng(4)
    goals = np.round(rng.uniform(4000, 11_000, days) / 50) * 50
    walked = simulate(Behavior(5500, 3000, 600), goals).steps + rng.laplace(0, 600, days)
    first = last - timedelta(days=days - 1)
    rows: list[tuple[int, str, int | None, int | None]] = []
    for place in range(days):
        day = str(first + timedelta(days=place))
        unworn = place in (days - 9, days - 10)
        count = max(0, round(float(walked[place])))
        rows.append((ids[ANSWERS], day, None if unworn else count, int(goals[place])))
        rows.append((ids[NO_GOALS], day, 6000 + 100 * (place % 7), None))
        if place >= days - 3:
            rows.append((ids[FEW], day, 5000, 5000))
    with store.transaction() as db:
        steps.add(db, rows)
    return store, ids
