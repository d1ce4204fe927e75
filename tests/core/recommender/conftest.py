"""A small cohort whose next exercise can be learnt, and a recommender fitted on it once."""

import numpy as np
import pytest

from core.recommender import Recommender, Settings

N = 8
QUICK = Settings(epochs=6, batch_size=32, dropout=0.0)


def small_cohort(clients, *, length=12, seed=0):
    """Histories that mostly go up by one, or by two if the client's first profile value is positive."""
    rng = np.random.default_rng(seed)
    profiles = rng.normal(size=(clients, 3))
    histories = []
    for profile in profiles:
        history = [int(rng.integers(N))]
        while len(history) < length:
            step = 2 if profile[0] > 0 else 1
            history.append((history[-1] + step) % N if rng.random() < 0.8 else int(rng.integers(N)))
        histories.append(history)
    return histories, profiles, np.eye(N)[:, :4] + np.arange(N)[:, None] / N


@pytest.fixture(scope="session", name="small_cohort")
def small_cohort_fixture():
    return small_cohort


@pytest.fixture(scope="session")
def cohort():
    return small_cohort(24)


@pytest.fixture(scope="session")
def fitted(cohort):
    return Recommender(QUICK, seed=3).fit(*cohort)
