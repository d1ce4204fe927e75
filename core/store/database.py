"""The database file: opening it, one connection a thread, and transactions that leave an audit row."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from core.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseTooNew,
    StorageFull,
    StorageReadOnly,
    StoreError,
)
from core.store import audit
from core.store.migrations import migrations

APPLICATION_ID = 0x5350_5452  # "SPTR" in the file's header: other SQLite files are refused
BUSY_SECONDS = 30.0


class Cursor(sqlite3.Cursor):
    """A cursor whose errors are sentences, those met while rows are fetched included."""

    connection: "Connection"

    def execute(self, sql: str, parameters: Any = (), /) -> "Cursor":
        """As ``sqlite3.Cursor.execute``."""
        with _translated_sqlite(self.connection.path):
            return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "Cursor":
        """As ``sqlite3.Cursor.executemany``."""
        with _translated_sqlite(self.connection.path):
            return super().executemany(sql, parameters)

    def fetchone(self) -> Any:
        """As ``sqlite3.Cursor.fetchone``."""
        with _translated_sqlite(self.connection.path):
            return super().fetchone()

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """As ``sqlite3.Cursor.fetchmany``."""
        with _translated_sqlite(self.connection.path):
            return super().fetchmany(self.arraysize if size is None else size)

    def fetchall(self) -> list[Any]:
        """As ``sqlite3.Cursor.fetchall``."""
        with _translated_sqlite(self.connection.path):
            return super().fetchall()

    def __iter__(self) -> Any:  # typeshed promises a cursor; for loops need no more than an iterator
        with _translated_sqlite(self.connection.path):
            # Not __next__, which would be called for every row: half as slow again.
            yield from iter(super().fetchone, None)


class Connection(sqlite3.Connection):
    """A connection on which every statement's error is a sentence that says what to do.

    Errors that are no fault of the file or the disk, such as ``sqlite3.IntegrityError``, stay as they are.
    """

    def __init__(self, database: Path, *arguments: Any, **options: Any) -> None:
        self.path = database
        super().__init__(database, *arguments, **options)

    def cursor(self, factory: Any = Cursor) -> Any:
        """As ``sqlite3.Connection.cursor``."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """As ``sqlite3.Connection.execute``."""
        return Cursor(self).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """As ``sqlite3.Connection.executemany``."""
        return Cursor(self).executemany(sql, parameters)


@dataclass(slots=True)
class Change:
    """One audited change under way: its connection, and what the audit will say of it."""

    db: Database
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


class Store:
    """The workbench's state: a folder with ``spotter.sqlite3`` and ``weights/``.

    Opening creates the folder and brings the schema up to date. Each thread gets a connection of its
    own. Reads go through ``db``; every change goes through ``change``, which begins IMMEDIATE (so that
    writers queue instead of failing half-way) and appends its audit row in the same transaction.

    Raises:
        DatabaseTooNew, DatabaseDamaged, StorageFull, StorageReadOnly: with what to do about it.
    """

    FILE = "spotter.sqlite3"

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / self.FILE
        self.weights = self.folder / "weights"
        self._local = threading.local()
        with translated(self.path):
            # What it holds is about people's health: other accounts of this machine do not look in.
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.weights.mkdir(exist_ok=True)
            self._open()

    @property
    def db(self) -> Database:
        """This thread's connection, for reading."""
        database: Database | None = getattr(self._local, "database", None)
        # A forked child must not touch its parent's connection.
        if database is None or self._local.process != os.getpid():
            with translated(self.path):
                database = self._connect()
            self._local.database, self._local.process = database, os.getpid()
        return database

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """A write that leaves no audit row: bookkeeping such as leases and materialised summaries."""
        database = self.db
        if database.conn.in_transaction:
            with database.atomic():
                yield database
            return
        database.conn.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.conn.execute("COMMIT")
        except BaseException:
            # Some errors (a full disk) roll back by themselves.
            if database.conn.in_transaction:
                database.conn.execute("ROLLBACK")
            raise

    @contextmanager
    def change(self, action: str, *, by: str, subject: str) -> Iterator[Change]:
        """One change by one person, audited in the transaction that makes it.

        Args:
            action: what is done, in the imperative: ``"answer request"``.
            by: the person's name, or ``"system"``.
            subject: what it is done to: ``"request 12"``.
        """
        with self.transaction() as database:
            change = Change(database, subject)
            yield change
            audit.append(database, action=action, by=by, subject=change.subject, detail=change.detail)

    def check(self, seconds: float = 1.5) -> None:
        """Look for damage in the file, for at most ``seconds`` (a large file is checked in part).

        Raises:
            DatabaseDamaged: with the first fault found.
        """
        deadline = time.monotonic() + seconds
        connection = self.db.conn
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise DatabaseDamaged(_DAMAGED.format(path=self.path, reason=found))
        except DatabaseBusy:  # our own deadline, not somebody's lock
            pass
        finally:
            connection.set_progress_handler(None, 0)

    def settle(self) -> None:
        """Bring what lies in the write-ahead file into the database file, for whoever copies it next."""
        with translated(self.path):
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close this thread's connection."""
        database: Database | None = getattr(self._local, "database", None)
        if database is not None:
            database.close()
            self._local.database = None

    def _connect(self) -> Database:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, factory=Connection)
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: an answer that was acknowledged survives a power cut, not only a killed process.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16384")
        return Database(connection, strict=True)

    def _open(self) -> None:
        database = self._connect()
        self._local.database, self._local.process = database, os.getpid()
        # The tables first: a start beside this one commits both at once, so that where its tables are, its mark is.
        if database.table_names() and _application(database) != APPLICATION_ID:
            raise DatabaseDamaged(
                f"{self.path} is a database of another program. Move it away, or name another folder with --data."
            )
        applied = {migration.name for migration in migrations.applied(database)}
        if not applied <= _known_migrations():
            raise DatabaseTooNew(
                f"{self.path} was written by a later version of Spotter. "
                "Update Spotter, or name another folder with --data; nothing was changed."
            )
        _enable_wal(database)
        if migrations.pending(database):
            with self.transaction():
                database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                migrations.apply(database)


def _enable_wal(database: Database) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while database.journal_mode != "wal":
        try:
            database.enable_wal()
        except DatabaseBusy:  # told at once, without a wait, where another start is switching too
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _application(database: Database) -> int:
    return int(database.execute("PRAGMA application_id").fetchone()[0])


def _known_migrations() -> set[str]:
    return {migration.name for migration in migrations.pending(Database(memory=True))}


_DAMAGED = (
    "{path} is damaged ({reason}). Nothing was written. Keep the file, and put a backup in its place "
    "or name another folder with --data."
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into sentences about ``path``; for work on that file alone."""
    try:
        with _translated_sqlite(path):
            yield
    except OSError as error:
        raise storage_error(path, error) from error


@contextmanager
def _translated_sqlite(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if code is not None else None
        if primary == sqlite3.SQLITE_FULL:
            raise StorageFull(_full(path)) from error
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise StorageReadOnly(_read_only(path)) from error
        # "in progress": this connection's own statement is in the way, which sqlite-utils knows how to handle.
        busy = primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)
        if busy and "in progress" not in text:
            raise DatabaseBusy(
                f"Another process has held {path} for over {BUSY_SECONDS:.0f} s. "
                "Nothing was changed; try again, and close other programs that have the file open."
            ) from error
        # Text is written as UTF-8 only; the driver gives this error no code.
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "Could not decode to UTF-8" in text:
            raise DatabaseDamaged(_DAMAGED.format(path=path, reason=text)) from error
        if primary == sqlite3.SQLITE_IOERR:
            raise StoreError(
                f"The disk under {path} reports an error ({text}). Nothing was changed; check the disk."
            ) from error
        raise


def storage_error(path: Path, error: OSError) -> StoreError:
    """The sentence for an error of the file system at ``path``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(_full(path))
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageReadOnly(_read_only(path))
    return StoreError(f"{path} cannot be used ({error.strerror}). Nothing was changed.")


def _full(path: Path) -> str:
    return f"The disk that holds {path} is full. Nothing was changed; free some room and try again."


def _read_only(path: Path) -> str:
    return (
        f"{path} cannot be written. Nothing was changed; give yourself the right to write there, "
        "or name another folder with --data."
    )
