"""A fortnight of picks for the synthetic sample cohort, so that there is something to look at and to rehearse on."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from core.services import Store
from core.services.picks import knowing, policies
from core.services.picks.deciding import decide, read
from core.services.picks.outcomes import record_outcome
from core.store import people, picks
from sample_data import sessions

AUTHOR = "Sample data"
SEED = 3
MORNING, EVENING = time(7), time(20)


def made(store: Store, cohort_id: int) -> bool:
    """Whether a cohort has picks."""
    return bool(picks.of_cohort(store.db, cohort_id))


def add(store: Store, cohort_id: int, last_day: date) -> int:
    """Make the picks of ``sessions.DAYS`` days up to ``last_day`` and what became of each; returns how many.

    All in one transaction: a start that is killed leaves none. A cohort that has picks is left as it is.
    """
    rng = np.random.default_rng(SEED)
    if made(store, cohort_id):
        return 0
    clients = people.clients(store.db, cohort_id)
    policies.in_force(store, cohort_id)
    count = 0
    with store.transaction():
        for back in range(sessions.DAYS - 1, -1, -1):
            day = last_day - timedelta(days=back)
            for known in knowing.of_clients(store, clients, day=day):
                if not known.judged.open_arms:
                    continue
                pick_id = decide(store, known.client["id"], by=AUTHOR, on=day, at=_at(day, MORNING))
                arm = read(store, pick_id).arm
                done = sessions.completion(sessions.chance(known.values, arm, known.lacking[arm]), rng)
                if day < last_day or rng.random() < 0.8:  # of yesterday's some still wait for their outcome
                    record_outcome(store, pick_id, done, by=AUTHOR, at=_at(day, EVENING))
                count += 1
    return count


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=UTC)
