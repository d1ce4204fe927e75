"""A small cohort that goes round its items, for the benchmark's own machinery."""

import numpy as np
import pytest

from benchmarks.recommenders.cohorts import Cohort, places, split
from benchmarks.recommenders.measuring import Task
from core.services.features import CohortArrays, Encoder

N = 6


@pytest.fixture(scope="session")
def cohort():
    rng = np.random.default_rng(4)
    histories = [
        [int(item) for item in (rng.integers(N) + np.arange(length)) % N]
        for length in rng.integers(3, 9, size=30)
    ]
    arrays = CohortArrays(
        client_ids=tuple(range(len(histories))),
        exercise_ids=tuple(range(N)),
        histories=histories,
        profiles=rng.normal(size=(len(histories), 2)),
        exercises=np.eye(N),
        encoder=Encoder(),
    )
    return Cohort("films", "A test cohort", arrays, ("excluded",))


@pytest.fixture
def task(cohort):
    outer = split(cohort, "clients", 1)
    return Task(cohort, outer.train, places(outer.test), 1, exclude_seen=True)
