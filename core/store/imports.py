"""Files taken in, and what an import needs to know of a cohort before it writes."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlite_utils import Database

Row = dict[str, Any]


def taken_before(db: Database, cohort_id: int, kind: str, sha256: str) -> Row | None:
    """The import that took this very file into a cohort, if one did."""
    rows = db.query(
        "SELECT * FROM imports WHERE cohort_id = ? AND kind = ? AND sha256 = ? ORDER BY id LIMIT 1",
        [cohort_id, kind, sha256],
    )
    return next((dict(row) for row in rows), None)


def newest(db: Database, cohort_id: int) -> int:
    """The id of a cohort's newest import, 0 where there is none."""
    found = db.execute("SELECT max(id) FROM imports WHERE cohort_id = ?", [cohort_id]).fetchone()[0]
    return int(found or 0)


def clients(db: Database, cohort_id: int) -> dict[str, tuple[str, str]]:
    """Name and time zone of a cohort's clients, by reference."""
    rows = db.execute("SELECT reference, name, time_zone FROM clients WHERE cohort_id = ?", [cohort_id])
    return {reference: (name, zone) for reference, name, zone in rows}


def log_between(
    db: Database, cohort_id: int, first: str, last: str
) -> Iterator[tuple[str, str, str, int | None, float | None]]:
    """A cohort's log from one time to another, both included, in no order.

    Rows are (client, time, exercise, success, difficulty), client and exercise by reference.
    """
    rows: Iterable[tuple[str, str, str, int | None, float | None]] = db.execute(
        "SELECT c.reference, l.at, e.reference, l.success, l.difficulty FROM clients c"
        " JOIN exercise_log l ON l.client_id = c.id JOIN exercises e ON e.id = l.exercise_id"
        " WHERE c.cohort_id = ? AND l.at BETWEEN ? AND ?",
        [cohort_id, first, last],
    )
    yield from rows


def steps_between(
    db: Database, cohort_id: int, first: str, last: str
) -> Iterator[tuple[str, str, int | None, int | None]]:
    """A cohort's daily steps from one day to another: (client by reference, day, steps, goal)."""
    rows: Iterable[tuple[str, str, int | None, int | None]] = db.execute(
        "SELECT c.reference, s.day, s.steps, s.goal FROM clients c JOIN steps s ON s.client_id = c.id"
        " WHERE c.cohort_id = ? AND s.day BETWEEN ? AND ?",
        [cohort_id, first, last],
    )
    yield from rows


def newest_documents(db: Database, cohort_id: int, kind: str) -> dict[str, str]:
    """The newest document of a kind, as JSON text, of every client of a cohort that has one, by reference."""
    rows = db.execute(
        "SELECT c.reference, p.document, max(p.id) FROM clients c JOIN profiles p ON p.client_id = c.id"
        " WHERE c.cohort_id = ? AND p.kind = ? GROUP BY c.id",
        [cohort_id, kind],
    )
    return {reference: document for reference, document, _ in rows}


def update_clients(db: Database, cohort_id: int, rows: Iterable[Row]) -> None:
    """Give clients that exist (``reference``) another ``name`` and ``time_zone``; logged times stay as they are."""
    db.conn.executemany(
        "UPDATE clients SET name = ?, time_zone = ? WHERE cohort_id = ? AND reference = ?",
        [(row["name"], row["time_zone"], cohort_id, row["reference"]) for row in rows],
    )
