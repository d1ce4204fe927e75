import shutil

import pytest

from core.services import Store
from tests.cohorts import small_cohort


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """A small trained cohort, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("trained") / "data"
    store = small_cohort(folder)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder


@pytest.fixture
def store(trained_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(trained_folder, folder)
    opened = Store(folder)
    yield opened
    opened.close()
