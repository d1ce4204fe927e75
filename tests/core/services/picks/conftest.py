from pathlib import Path

import pytest

from core.services import Store
from core.store import people
from tests.cohorts import small_cohort


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Twenty-four clients who may do everything; no recommender is needed for picks."""
    return small_cohort(tmp_path, train=False)


@pytest.fixture
def cohort(store: Store) -> int:
    return int(people.cohorts(store.db)[0]["id"])


@pytest.fixture
def clients(store: Store, cohort: int) -> list[int]:
    return sorted(people.client_ids(store.db, cohort).values())
