import sqlite3

import pytest

from core.errors import DatabaseDamaged
from core.store import audit


def fill(store, rows=5):
    for number in range(rows):
        with store.change("view client", by="Ana", subject=f"client {number % 2}") as change:
            change.detail["n"] = number


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'Bo' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "INSERT OR REPLACE INTO audit SELECT id, at, 'Bo', action, subject, detail, previous, hash"
        " FROM audit WHERE id = 2",
    ],
)
def test_rows_are_never_changed_or_removed(store, statement):
    fill(store)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.transaction() as db:
        db.execute(statement)
    assert audit.verify(store.db) == 5


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail"])
def test_a_change_behind_its_back_is_found(store, column):
    fill(store)
    store.db.execute("DROP TRIGGER audit_is_append_only_update")
    value = '{"n":7}' if column == "detail" else "other"
    with store.transaction() as db:
        db.execute(f"UPDATE audit SET {column} = ? WHERE id = 3", [value])
    with pytest.raises(DatabaseDamaged, match="Audit row 3"):
        audit.verify(store.db)


def test_a_row_removed_from_the_middle_is_found(store):
    fill(store)
    store.db.execute("DROP TRIGGER audit_is_append_only_delete")
    with store.transaction() as db:
        db.execute("DELETE FROM audit WHERE id = 3")
    with pytest.raises(DatabaseDamaged, match="Audit row 4"):
        audit.verify(store.db)


def test_recent_rows_come_newest_first_and_by_subject(store):
    fill(store)
    assert [row["id"] for row in audit.recent(store.db)] == [5, 4, 3, 2, 1]
    assert [row["id"] for row in audit.recent(store.db, subject="client 1")] == [4, 2]
    assert audit.head(store.db) == store.db.execute("SELECT hash FROM audit WHERE id = 5").fetchone()[0]
