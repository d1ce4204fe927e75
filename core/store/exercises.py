"""Exercises of a cohort's catalogue, and the log of what clients did."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from core.store.audit import now
from core.store.people import marks

Row = dict[str, Any]
NeedsRow = tuple[int, str, str]
"""Exercise id, category, and the detail as it is stored."""


def add_exercises(db: Database, cohort_id: int, exercises: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Add exercises (``reference``, ``name``, ``category``, ``muscle_group``, ``difficulty``, ``detail``).

    One whose reference the cohort has already is brought up to date. Returns id by reference.
    """
    db.conn.executemany(
        "INSERT INTO exercises (cohort_id, reference, name, category, muscle_group, difficulty, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (cohort_id, reference) DO UPDATE SET name = excluded.name, category = excluded.category,"
        " muscle_group = excluded.muscle_group, difficulty = excluded.difficulty, detail = excluded.detail",
        [
            (
                cohort_id,
                e["reference"],
                e.get("name") or e["reference"],
                e.get("category") or "",
                e.get("muscle_group") or "",
                e.get("difficulty"),
                json.dumps(e.get("detail") or {}),
            )
            for e in exercises
        ],
    )
    return exercise_ids(db, cohort_id)


def exercise_ids(db: Database, cohort_id: int) -> dict[str, int]:
    """Ids of a cohort's exercises by reference."""
    return dict(db.execute("SELECT reference, id FROM exercises WHERE cohort_id = ?", [cohort_id]).fetchall())


def exercises(db: Database, cohort_id: int) -> list[Row]:
    """A cohort's exercises in the order they were added, ``detail`` parsed."""
    rows = db.query("SELECT * FROM exercises WHERE cohort_id = ? ORDER BY id", [cohort_id])
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


def needs_rows(db: Database, cohort_id: int) -> tuple[NeedsRow, ...]:
    """What the needs of a cohort's exercises are read from, in the order they were added."""
    rows = db.execute(
        "SELECT id, category, detail FROM exercises WHERE cohort_id = ? ORDER BY id", [cohort_id]
    )
    return tuple(rows.fetchall())


def add_import(
    db: Database, cohort_id: int, *, kind: str, path: str, sha256: str, row_count: int, actor: str
) -> int:
    """Record that a file was taken in, and return the import's id."""
    cursor = db.execute(
        "INSERT INTO imports (cohort_id, kind, path, sha256, row_count, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [cohort_id, kind, path, sha256, row_count, actor, now()],
    )
    return int(cursor.lastrowid or 0)


def add_log(
    db: Database, rows: Iterable[tuple[int, str, int, int | None, float | None]], import_id: int
) -> None:
    """Add log rows ``(client_id, at, exercise_id, success, difficulty)``; equal times keep this order."""
    db.conn.executemany(
        "INSERT INTO exercise_log (client_id, at, exercise_id, success, difficulty, import_id)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        ((*row, import_id) for row in rows),
    )


def log(db: Database, client_id: int, limit: int = 200, *, before_step: int | None = None) -> list[Row]:
    """What a client did, newest first, with the exercise's name and category.

    With ``before_step`` only the first so many exercises count: the log as it stood at that step.
    """
    skip = 0
    if before_step is not None:
        counted = db.execute("SELECT count(*) FROM exercise_log WHERE client_id = ?", [client_id]).fetchone()[
            0
        ]
        skip = max(0, counted - before_step)
    return list(
        db.query(
            "SELECT l.id, l.at, l.success, l.difficulty, e.id AS exercise_id, e.name, e.category, e.muscle_group"
            " FROM exercise_log l JOIN exercises e ON e.id = l.exercise_id"
            " WHERE l.client_id = ? ORDER BY l.at DESC, l.id DESC LIMIT ? OFFSET ?",
            [client_id, limit, skip],
        )
    )


def history(db: Database, client_id: int) -> list[int]:
    """Exercise ids a client did, in order of time; ties in file order."""
    rows = db.execute("SELECT exercise_id FROM exercise_log WHERE client_id = ? ORDER BY at, id", [client_id])
    return [row[0] for row in rows]


def histories(db: Database, cohort_id: int) -> dict[int, list[int]]:
    """Exercise ids of every client of a cohort, in order of time; clients without a log are left out."""
    rows = db.execute(
        "SELECT l.client_id, l.exercise_id FROM exercise_log l JOIN clients c ON c.id = l.client_id"
        " WHERE c.cohort_id = ? ORDER BY l.client_id, l.at, l.id",
        [cohort_id],
    )
    found: dict[int, list[int]] = {}
    for client, exercise in rows:
        found.setdefault(client, []).append(exercise)
    return found


def times(db: Database, cohort_id: int) -> dict[int, list[str]]:
    """When every client of a cohort did each exercise of ``histories``, in the same order."""
    rows = db.execute(
        "SELECT l.client_id, l.at FROM exercise_log l JOIN clients c ON c.id = l.client_id"
        " WHERE c.cohort_id = ? ORDER BY l.client_id, l.at, l.id",
        [cohort_id],
    )
    found: dict[int, list[str]] = {}
    for client, at in rows:
        found.setdefault(client, []).append(at)
    return found


def log_lengths(db: Database, client_ids: Sequence[int]) -> dict[int, int]:
    """How many exercises each of these clients has logged; those without any are left out."""
    rows = db.execute(
        f"SELECT client_id, count(*) FROM exercise_log WHERE client_id IN ({marks(client_ids)}) GROUP BY client_id",
        list(client_ids),
    )
    return dict(rows.fetchall())


def logged_rows(db: Database, cohort_id: int) -> int:
    """How many rows of the log a cohort's imports brought in."""
    row = db.execute(
        "SELECT coalesce(sum(row_count), 0) FROM imports WHERE cohort_id = ? AND kind = 'log'", [cohort_id]
    ).fetchone()
    return int(row[0])


def newest(db: Database, cohort_id: int) -> tuple[str | None, str | None]:
    """The time of a cohort's newest log row and the day of its newest step count, None where there is none."""
    row = db.execute(
        "SELECT max((SELECT max(at) FROM exercise_log WHERE client_id = c.id)),"
        " max((SELECT max(day) FROM steps WHERE client_id = c.id)) FROM clients c WHERE c.cohort_id = ?",
        [cohort_id],
    ).fetchone()
    return row[0], row[1]


def dated_histories(db: Database, client_ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """What each of these clients did as (time, exercise id), in order of time."""
    rows = db.execute(
        f"SELECT client_id, at, exercise_id FROM exercise_log WHERE client_id IN ({marks(client_ids)})"
        " ORDER BY client_id, at, id",
        list(client_ids),
    )
    found: dict[int, list[tuple[str, int]]] = {client: [] for client in client_ids}
    for client, at, exercise in rows:
        found[client].append((at, exercise))
    return found


def logged_since(db: Database, client_ids: Sequence[int], since: str) -> list[tuple[int, str, int]]:
    """What each of these clients did from a moment on as (client id, time, exercise id), in order of time."""
    rows = db.execute(
        f"SELECT client_id, at, exercise_id FROM exercise_log WHERE client_id IN ({marks(client_ids)}) AND at >= ?"
        " ORDER BY at, id",
        [*client_ids, since],
    )
    return rows.fetchall()
