import sqlite3
from contextlib import closing

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


LAST = "SELECT max(id) FROM audit"
COPY = "SELECT {id}, at, 'Bo', action, subject, detail, {previous}, {hash} FROM audit WHERE id = ({last})"


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT"])
@pytest.mark.parametrize(
    "same",
    [
        {"id": "id"},
        {"previous": "previous"},
        {"hash": "hash"},
        {"id": "id", "previous": "previous", "hash": "hash"},
    ],
    ids=" and ".join,
)
def test_no_row_is_replaced_on_a_connection_that_is_not_ours(store, verb, same):
    fill(store)
    before = list(store.db.query("SELECT * FROM audit"))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as bare:
        columns = {"id": "NULL", "previous": "'new'", "hash": "'new'", **same}
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            bare.execute(f"{verb} INTO audit {COPY.format(last=LAST, **columns)}")
    assert list(store.db.query("SELECT * FROM audit")) == before


@pytest.mark.parametrize(
    "statement",
    ["UPDATE OR REPLACE audit SET id = 2 WHERE id = 5", "DELETE FROM audit", "UPDATE audit SET actor = 'Bo'"],
)
def test_no_row_is_changed_or_removed_on_a_connection_that_is_not_ours(store, statement):
    fill(store)
    with (
        closing(sqlite3.connect(store.path, isolation_level=None)) as bare,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        bare.execute(statement)
    assert audit.verify(store.db) == 5


@pytest.mark.parametrize("event", ["update", "delete", "insert"])
def test_a_missing_guard_is_found_as_the_newest_row_could_have_been_rewritten(store, event):
    fill(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as bare:
        bare.execute(f"DROP TRIGGER audit_is_append_only_{event}")
        if event == "update":  # the newest row, with a hash that fits: the chain alone cannot show it
            bare.row_factory = sqlite3.Row
            row = {**bare.execute("SELECT * FROM audit WHERE id = 5").fetchone(), "actor": "Bo"}
            bare.execute("UPDATE audit SET actor = 'Bo', hash = ? WHERE id = 5", [audit._digest(row)])
    with pytest.raises(DatabaseDamaged, match=r"append-only was removed.*compare it with a backup"):
        audit.verify(store.db)


@pytest.fixture
def labelled(store):
    """Three labels, the second undone, and two model versions; what they refer to is of no matter here."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as bare:
        for number in (1, 2, 3):
            bare.execute(
                "INSERT INTO labels (request_id, client_id, user_id, answer_key, verdict, before, after, at, undone_at)"
                " VALUES (?, 1, 1, ?, 'none suitable', '[]', '[]', 'now', ?)",
                [number, f"key {number}", "now" if number == 2 else None],
            )
            bare.execute(
                "INSERT INTO model_versions (cohort_id, kind, weights, report, created_at)"
                " VALUES (1, 'base', ?, '{}', 'now')",
                [f"file {number}"],
            )
    return store


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO labels SELECT {all} FROM labels WHERE id = 1",
        "INSERT OR REPLACE INTO labels SELECT {new} FROM labels WHERE id = 1",
        "INSERT OR REPLACE INTO labels SELECT {same key} FROM labels WHERE id = 1",
        "INSERT OR REPLACE INTO labels SELECT {same request} FROM labels WHERE id = 1",
        "UPDATE OR REPLACE labels SET id = 1 WHERE id = 3",
        "UPDATE OR REPLACE labels SET answer_key = 'key 1' WHERE id = 3",
        "UPDATE labels SET reason = 'other' WHERE id = 1",
        "UPDATE labels SET undone_at = NULL WHERE id = 2",
        "DELETE FROM labels WHERE id = 1",
        "INSERT OR REPLACE INTO model_versions SELECT * FROM model_versions WHERE id = 1",
        "UPDATE OR REPLACE model_versions SET id = 1 WHERE id = 2",
        "DELETE FROM model_versions",
    ],
)
def test_labels_and_model_versions_are_kept_on_a_connection_that_is_not_ours(labelled, statement):
    rows = [list(labelled.db.query(f"SELECT * FROM {table}")) for table in ("labels", "model_versions")]
    columns = list(rows[0][0])

    def but(**other: str) -> str:
        return ", ".join(other.get(column, column) for column in columns)

    statement = statement.format(
        **{
            "all": but(reason="'other'"),
            "new": but(id="NULL"),
            "same key": but(id="NULL", request_id="4"),
            "same request": but(id="NULL", answer_key="'new'"),
        }
    )
    with (
        closing(sqlite3.connect(labelled.path, isolation_level=None)) as bare,
        pytest.raises(sqlite3.IntegrityError, match="never"),
    ):
        bare.execute(statement)
    assert [
        list(labelled.db.query(f"SELECT * FROM {table}")) for table in ("labels", "model_versions")
    ] == rows


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
