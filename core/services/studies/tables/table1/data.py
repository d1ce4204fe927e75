"""The data of Table I: a cohort, its exercises' categories, and which exercises were done in one session."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from core.errors import InputError
from core.recommender.windows import Histories, Ints, check_histories
from core.services import Store
from core.services.studies import cohorts
from core.services.studies.study import Loaded, Progress
from core.services.studies.tables.table1.settings import Settings
from core.store import exercises, people

PAUSE = timedelta(hours=6)
"""A longer one ends a session. It holds in every time zone, where a calendar day would cut an evening in two."""


@dataclass(frozen=True, slots=True)
class Data:
    """A cohort as arrays, with what augmentation needs to know.

    Attributes:
        categories: of each exercise, in the order of ``cohort.arrays.exercise_ids``; empty where there is none.
        sessions: (items,) a number for each exercise of the histories laid end to end, the same within a session.
    """

    cohort: cohorts.Data
    categories: tuple[str, ...]
    sessions: Ints

    def histories(self) -> Histories:
        """The histories laid end to end."""
        return check_histories(self.cohort.arrays.histories, len(self.categories))


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read the cohort, and when its exercises were done."""
    loaded = cohorts.load(store, settings.cohort, "")
    cohort: cohorts.Data = loaded.value
    number = people.cohort(store.db, settings.cohort)["id"]
    category = {
        exercise["id"]: exercise["category"] or "" for exercise in exercises.exercises(store.db, number)
    }
    times = exercises.times(store.db, number)
    data = Data(
        cohort,
        tuple(category[exercise] for exercise in cohort.arrays.exercise_ids),
        sessions([times.get(client, []) for client in cohort.arrays.client_ids]),
    )
    more = hashlib.sha256(repr(data.categories).encode() + data.sessions.tobytes()).hexdigest()[:16]
    return Loaded(data, loaded.hash + more)


def sessions(times: Sequence[Sequence[str]]) -> Ints:
    """Number the sessions of all clients: a client's exercises with no pause of more than ``PAUSE`` between them.

    times: ISO 8601, one sequence a client, in order.
    """
    numbers: list[int] = []
    session = -1
    for client in times:
        before: datetime | None = None
        for text in client:
            at = datetime.fromisoformat(text)
            if before is None or at - before > PAUSE:
                session += 1
            numbers.append(session)
            before = at
    return np.array(numbers, dtype=np.int64)


def left_out(cohort: Histories, window: int) -> list[int]:
    """The clients with something to test, in order: each is left out of one fold.

    Raises:
        InputError: if there are fewer than two.
    """
    long = np.flatnonzero(np.diff(cohort.starts) > window)
    if len(long) < 2:
        raise InputError(
            f"{len(long)} clients of this cohort have more than {window} exercises; leaving each out in turn takes at "
            "least two. Choose a cohort with a longer log, or a shorter window."
        )
    return [int(client) for client in long]
