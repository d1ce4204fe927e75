"""Clients with picks on the days up to yesterday and outcomes for most, for tests and pictures of the Picks page."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from core.services import Store, health, picks
from core.store import people
from tests.cohorts import small_cohort

STOPPED, PARTLY, WAITING = (
    1,
    2,
    3,
)  # places in the list: nothing may be offered, some arm is masked, two picks wait
WISHES = {
    "preferred_exercise": ("cardio", "strength", "flexibility"),
    "intensity": ("light", "moderate", "vigorous"),
    "location": ("home", "gym", "outdoors"),
    "buddy": ("alone", "with a partner", "in a group"),
}


def pickers(
    folder: Path, *, clients: int = 12, days: int = 4, last: date | None = None
) -> tuple[Store, list[int]]:
    """A store with a cohort whose policy picked for everybody on ``days`` days up to ``last`` (yesterday); their ids.

    Of the newest day the first ``WAITING`` and one more client's picks have no outcome yet.
    """
    rng = np.random.default_rng(7)
    store = small_cohort(folder, clients=clients, days=6, train=False)
    ids = [row["id"] for row in people.clients(store.db, 1)]
    last = last or datetime.now(UTC).date() - timedelta(days=1)
    health.save(store, ids[STOPPED], findings=["unstable angina"], by="Ana")
    health.save(store, ids[PARTLY], findings=["unstable retinopathy"], by="Ana")
    for client in ids:
        wishes = {key: str(rng.choice(words)) for key, words in WISHES.items()}
        picks.save_wishes(store, client, wishes, by="Ana")
    for back in range(days - 1, -1, -1):
        day = last - timedelta(days=back)
        for place, client in enumerate(ids):
            if place == STOPPED:
                continue
            at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9)
            made = picks.decide(store, client, by="Ana", on=day, at=at)
            if back or place > WAITING:
                done = float(rng.choice([0.0, 0.5, 1.0], p=[0.2, 0.2, 0.6]))
                picks.record_outcome(store, made, done, by="Ana", at=at + timedelta(hours=10))
    return store, ids
