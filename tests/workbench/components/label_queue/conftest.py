import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.services import Store, recommending
from core.store import people
from tests.cohorts import small_cohort


@pytest.fixture(scope="session")
def asking_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained cohort with a request for almost everyone, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("asking") / "data"
    store = Store(folder)
    with store.transaction() as db:
        people.set_setting(db, "asking.alpha", 0.999)
    store.close()
    store = small_cohort(folder, days=12)
    recommending.refresh(store, 1)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder


@pytest.fixture
def store(asking_folder: Path, tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "data"
    shutil.copytree(asking_folder, folder)
    opened = Store(folder)
    yield opened
    opened.close()
