import pytest

from core.services import Store
from core.services.importing import check, take


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def known(store):
    """A store whose cohort "My clients" has two clients, one of them in Vienna, and three exercises."""
    people = "client,name,time_zone\nanna,Anna A.,Europe/Vienna\nbo,Bo B.,UTC\n"
    catalogue = "exercise,name,category\nsq,Squat,squat\npu,Push-up,push\npl,Plank,core\n"
    for name, text in (("clients.csv", people), ("exercises.csv", catalogue)):
        take(store, check(store, (name, text.encode())), by="test")
    return store


@pytest.fixture
def everything(store):
    """All rows of every table, to show that nothing was written."""

    def read():
        tables = sorted(set(store.db.table_names()) - {"sqlite_sequence"})
        return {table: store.db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}

    return read


@pytest.fixture
def log_of(store):
    """The stored log as (client, time, exercise, success, difficulty), in the order of storing."""

    def read(cohort="My clients"):
        return store.db.execute(
            "SELECT c.reference, l.at, e.reference, l.success, l.difficulty FROM exercise_log l"
            " JOIN clients c ON c.id = l.client_id JOIN exercises e ON e.id = l.exercise_id"
            " JOIN cohorts g ON g.id = c.cohort_id WHERE g.name = ? ORDER BY l.id",
            [cohort],
        ).fetchall()

    return read
