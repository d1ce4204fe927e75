"""Opening the database in every condition it may be found in, and writing from many threads at once."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from core.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseTooNew,
    StorageFull,
    StorageReadOnly,
    StoreError,
)
from core.store import Store, audit, database, people


def test_every_table_is_strict_and_foreign_keys_hold(store):
    tables = [
        row
        for row in store.db.query("PRAGMA table_list")
        if row["type"] == "table" and row["schema"] == "main"
    ]
    loose = [
        row["name"]
        for row in tables
        if not row["strict"] and not row["name"].startswith(("sqlite_", "_sqlite"))
    ]
    assert loose == []
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as db:
        db.execute("INSERT INTO notes (client_id, author, text, at) VALUES (99, 'a', 'b', 'c')")


def test_the_tables_that_the_workbench_needs_exist(store):
    needed = "clients profiles exercises exercise_log recommendations requests labels model_versions steps picks plans"
    assert set(needed.split()) | {"users", "jobs", "audit"} <= set(store.db.table_names())


def test_opening_again_keeps_everything_and_adds_nothing(store):
    with store.change("add person", by="system", subject="person Ana") as change:
        people.add_user(change.db, "Ana", "trainer")
    before = list(store.db.query("SELECT * FROM sqlite_master"))
    again = Store(store.folder)
    assert [person["name"] for person in people.users(again.db)] == ["Ana"]
    assert list(again.db.query("SELECT * FROM sqlite_master")) == before
    assert again.db.journal_mode == "wal"
    again.close()


def test_a_newer_database_is_refused_and_left_as_it_is(store):
    with store.transaction() as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('spotter', 'm999_future', 'x')"
        )
    store.close()
    before = store.path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="later version of Spotter"):
        Store(store.folder)
    assert store.path.read_bytes() == before


def test_a_first_start_that_is_overtaken_by_another_opens_what_the_other_made(tmp_path, monkeypatch):
    with sqlite3.connect(tmp_path / "spotter.sqlite3") as begun:  # as far as the other is when this one looks
        begun.execute("PRAGMA journal_mode = wal")
    begun.close()
    listed = database.Database.table_names

    def overtaken(self):
        monkeypatch.setattr(database.Database, "table_names", listed)
        Store(tmp_path).close()
        return self.table_names()

    monkeypatch.setattr(database.Database, "table_names", overtaken)
    store = Store(tmp_path)
    store.check()
    store.close()


OPENER = """
import sys
from pathlib import Path
from core.store import Store
for line in sys.stdin:
    try:
        store = Store(Path(line.strip()))
        store.check()
        print("opened", len(store.db.table_names()), flush=True)
        store.close()
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


def test_six_first_starts_at_once_all_open_the_new_folder(tmp_path):
    processes = [
        subprocess.Popen([sys.executable, "-c", OPENER], stdin=PIPE, stdout=PIPE, text=True) for _ in range(6)
    ]
    said = set()
    try:
        for number in range(12):
            for process in processes:
                process.stdin.write(f"{tmp_path / str(number)}\n")
                process.stdin.flush()
            said |= {process.stdout.readline() for process in processes}
    finally:
        for process in processes:
            process.communicate()
    store = Store(tmp_path / "0")
    assert said == {f"opened {len(store.db.table_names())}\n"}
    store.close()


@pytest.mark.parametrize("spoil", ["text", "truncated", "scribbled"])
def test_a_damaged_database_is_told_and_never_written_to(store, spoil):
    with store.change("add person", by="system", subject="x") as change:
        for number in range(400):
            people.add_user(change.db, f"person {number}", "trainer")
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    whole = store.path.read_bytes()
    spoilt = {
        "text": b"not a database at all\n" * 300,
        "truncated": whole[: len(whole) // 2],
        "scribbled": whole[:4096] + os.urandom(len(whole) - 4096),
    }[spoil]
    store.path.write_bytes(spoilt)
    with pytest.raises(DatabaseDamaged, match=r"damaged.*Keep the file"):
        Store(store.folder).check()
    assert store.path.read_bytes() == spoilt


READS = {
    "execute": lambda db, sql: db.execute(sql).fetchall(),
    "one by one": lambda db, sql: [*iter(db.execute(sql).fetchone, None)],
    "many": lambda db, sql: [*iter(lambda: db.execute(sql).fetchmany(10_000), [])],
    "loop": lambda db, sql: list(db.execute(sql)),
    "query": lambda db, sql: list(db.query(sql)),
    "rows": lambda db, _: list(db["users"].rows),
    "connection": lambda db, sql: db.conn.execute(sql).fetchall(),
    "cursor": lambda db, sql: db.conn.cursor().execute(sql).fetchall(),
}


@pytest.mark.parametrize("read", READS)
def test_a_damaged_page_met_while_reading_is_told(store, read):
    with store.transaction() as db:
        for number in range(2000):
            people.add_user(db, f"person {number}", "trainer")
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages, size = (store.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    store.close()
    with store.path.open("r+b") as file:  # the last pages: the start of the table can still be read
        file.seek((pages - 10) * size)
        file.write(b"\xff" * 10 * size)
    damaged = Store(store.folder)
    assert damaged.db.execute("SELECT name FROM users WHERE id = 1").fetchone() == ("person 0",)
    with pytest.raises(DatabaseDamaged, match=r"damaged.*Keep the file"):
        READS[read](damaged.db, "SELECT * FROM users")
    damaged.close()


def test_text_that_is_no_text_any_more_is_damage(store):
    with store.transaction() as db:
        people.add_user(db, "Annabella", "trainer")
        db.execute("UPDATE users SET name = CAST(x'ff41fe' AS TEXT)")
    with pytest.raises(DatabaseDamaged, match="damaged"):
        people.users(store.db)


def test_errors_that_the_code_relies_on_stay_as_they_are(store):
    rows = [("Ana", "trainer", "now"), ("Ana", "trainer", "now")]
    insert = "INSERT INTO users (name, role, created_at) VALUES (?, ?, ?)"
    with pytest.raises(sqlite3.IntegrityError) as told, store.transaction() as db:
        db.conn.executemany(insert, rows)
    assert told.value.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.db.execute("SELECT * FROM nowhere")
    with (
        store.transaction() as db
    ):  # sqlite-utils counts on the error of SQLite when a row is still to be fetched
        (row,) = db.query(f"{insert} RETURNING id, name", rows[0])
    assert row == {"id": 1, "name": "Ana"}


def test_a_full_disk_met_by_a_single_statement_is_told(store):
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFull, match="is full"):
        store.db.conn.executemany(
            "INSERT INTO users (name, role, created_at) VALUES (?, 'trainer', 'now')",
            ((f"{number} " + "x" * 500,) for number in range(10_000)),
        )
    store.db.conn.rollback()


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file"), OSError(28, "No space left"), KeyError("x")]
)
def test_an_error_of_the_callers_own_is_not_told_as_one_of_the_database(store, error):
    for open_change in (store.transaction, lambda: store.change("read file", by="Ana", subject="x")):
        with pytest.raises(type(error)) as told, open_change():
            raise error
        assert told.value is error
        with pytest.raises(type(error)) as told, store.transaction(), open_change():
            raise error
        assert told.value is error


def test_an_error_of_sqlite_inside_a_change_is_told_in_nested_ones_too(store):
    with (
        pytest.raises(StorageReadOnly),
        store.transaction(),
        store.change("x", by="Ana", subject="x") as change,
    ):
        change.db.execute("PRAGMA query_only = ON")
        people.add_user(change.db, "Ana", "trainer")
    store.db.execute("PRAGMA query_only = OFF")
    assert people.users(store.db) == []


def test_another_programs_database_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "spotter.sqlite3") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(DatabaseDamaged, match="another program"):
        Store(tmp_path)


def test_a_full_disk_loses_nothing_that_was_there(store):
    with store.change("add person", by="system", subject="person Ana") as change:
        people.add_user(change.db, "Ana", "trainer")
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    with (
        pytest.raises(StorageFull, match="is full"),
        store.change("add note", by="Ana", subject="x") as change,
    ):
        for number in range(10_000):
            people.add_user(change.db, f"{number} " + "x" * 500, "trainer")
    assert [person["name"] for person in people.users(store.db)] == ["Ana"]
    assert audit.verify(store.db) == 1
    store.db.execute("PRAGMA max_page_count = 1000000")
    with store.change("add person", by="system", subject="person Bo") as change:
        people.add_user(change.db, "Bo", "trainer")


def test_a_read_only_database_is_told(store):
    store.db.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageReadOnly, match="cannot be written"), store.transaction() as db:
        people.add_user(db, "Ana", "trainer")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "file" / "data")


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="needs root to become nobody")
def test_a_read_only_folder_is_told_to_an_ordinary_user(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from core.store import Store; from core.errors import StoreError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: Store(Path(sys.argv[1]))\n"
        "except StoreError as error: print(type(error).__name__, error)"
    )
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.owner() == "root" and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("StorageReadOnly"), done.stdout + done.stderr


def test_a_lock_held_for_too_long_is_told(store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    impatient = Store(store.folder)
    store.db.conn.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DatabaseBusy, match="try again"), impatient.transaction():
            pass
    finally:
        store.db.conn.execute("ROLLBACK")
        impatient.close()


def test_a_change_that_fails_leaves_neither_row_nor_audit(store):
    with pytest.raises(RuntimeError), store.change("add person", by="system", subject="x") as change:
        people.add_user(change.db, "Ana", "trainer")
        raise RuntimeError
    assert people.users(store.db) == []
    assert audit.verify(store.db) == 0


def test_changes_nest_and_the_inner_one_can_fail_alone(store):
    with store.change("outer", by="system", subject="x") as outer:
        people.add_user(outer.db, "Ana", "trainer")
        with pytest.raises(RuntimeError), store.change("inner", by="system", subject="x") as inner:
            people.add_user(inner.db, "Bo", "trainer")
            raise RuntimeError
    assert [person["name"] for person in people.users(store.db)] == ["Ana"]
    assert [row["action"] for row in audit.recent(store.db)] == ["outer"]


def test_eight_threads_write_without_a_lock_error_and_the_chain_holds(store):
    errors: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number in range(50):
                with store.change("add person", by="system", subject="x") as change:
                    people.add_user(change.db, f"{thread}-{number}", "trainer")
        except BaseException as error:
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=[thread]) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(people.users(store.db)) == 400
    assert audit.verify(store.db) == 400


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plans SET reason = 'other'",
        "DELETE FROM plans",
        "INSERT OR REPLACE INTO plans VALUES (1, 1, 'x', '[]', '{}', 'Bo', 'other', 'x')",
    ],
)
def test_a_plan_never_changes_whatever_the_connection(store, statement):
    with store.change("plan", by="Ana", subject="x") as change:
        cohort = people.add_cohort(change.db, "A", source="x", synthetic=False)
        people.add_clients(change.db, cohort, [{"reference": "a"}])
        change.db.execute("INSERT INTO plans VALUES (1, 1, '2026-01-05', '[]', '{}', 'Ana', 'first', 'x')")
    with sqlite3.connect(store.path) as foreign, pytest.raises(sqlite3.IntegrityError, match="a plan"):
        foreign.execute(statement)
    foreign.close()
    assert store.db.execute("SELECT author, reason FROM plans").fetchall() == [("Ana", "first")]


@pytest.mark.skipif(os.name != "posix", reason="other systems keep rights otherwise")
def test_other_accounts_do_not_look_into_the_folder(tmp_path):
    Store(tmp_path / "deep" / "data").close()
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700
