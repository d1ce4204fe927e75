"""Labels: what trainers answered. A label is undone, never deleted; one answer a request."""

import json
import sqlite3
from typing import Any

from sqlite_utils import Database

from core.errors import Conflict, NotFound
from core.store.audit import now

Row = dict[str, Any]

_LABEL = (
    "SELECT l.*, u.name AS user, e.name AS exercise, c.name AS client, r.step FROM labels l"
    " JOIN users u ON u.id = l.user_id JOIN clients c ON c.id = l.client_id"
    " JOIN requests r ON r.id = l.request_id LEFT JOIN exercises e ON e.id = l.exercise_id"
)
_ANSWERED = "l.undone_at IS NULL AND l.verdict IN ('exercise', 'none suitable')"


def add_label(
    db: Database,
    *,
    request_id: int,
    client_id: int,
    user_id: int,
    answer_key: str,
    verdict: str,
    exercise_id: int | None,
    reason: str,
    decision_ms: int | None,
    before: list[Any],
    after: list[Any],
    before_version_id: int | None,
    after_version_id: int | None,
    override: str = "",
) -> int:
    """Record one answer and return its id; ``override`` is why it goes against the safety gate, empty if it does not.

    Raises:
        Conflict: if the request has an answer already, or this answer was recorded before.
    """
    try:
        cursor = db.execute(
            "INSERT INTO labels (request_id, client_id, user_id, answer_key, verdict, exercise_id, reason,"
            " decision_ms, before, after, before_version_id, after_version_id, override, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                request_id,
                client_id,
                user_id,
                answer_key,
                verdict,
                exercise_id,
                reason,
                decision_ms,
                json.dumps(before),
                json.dumps(after),
                before_version_id,
                after_version_id,
                override,
                now(),
            ],
        )
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            raise
        raise Conflict("This request was answered a moment ago; nothing was changed.") from error
    return int(cursor.lastrowid or 0)


def label(db: Database, label_id: int) -> Row:
    """One label with the names of its trainer, client and exercise.

    Raises:
        NotFound
    """
    for row in db.query(f"{_LABEL} WHERE l.id = ?", [label_id]):
        return _parsed(row)
    raise NotFound("There is no such answer.")


def by_key(db: Database, answer_key: str) -> Row | None:
    """The label that one press of a key made, if it was recorded."""
    return next(map(_parsed, db.query(f"{_LABEL} WHERE l.answer_key = ?", [answer_key])), None)


def answer_of(db: Database, request_id: int) -> Row | None:
    """The answer that stands for a request, if there is one."""
    return next(
        map(_parsed, db.query(f"{_LABEL} WHERE l.request_id = ? AND {_ANSWERED}", [request_id])), None
    )


def flagged(db: Database, request_id: int) -> bool:
    """Whether somebody's flag on a request stands."""
    row = db.execute(
        "SELECT 1 FROM labels WHERE request_id = ? AND verdict = 'flag' AND undone_at IS NULL LIMIT 1",
        [request_id],
    ).fetchone()
    return row is not None


def taught(db: Database, client_id: int) -> list[Row]:
    """The exercises that trainers taught the model for a client and that stand, in the order they were given."""
    rows = db.query(
        f"{_LABEL} WHERE l.client_id = ? AND l.verdict = 'exercise' AND l.undone_at IS NULL ORDER BY l.id",
        [client_id],
    )
    return [_parsed(row) for row in rows]


def taught_clients(db: Database, cohort_id: int) -> list[int]:
    """Clients of a cohort for whom some taught exercise stands."""
    rows = db.execute(
        "SELECT DISTINCT l.client_id FROM labels l JOIN clients c ON c.id = l.client_id"
        " WHERE c.cohort_id = ? AND l.verdict = 'exercise' AND l.undone_at IS NULL ORDER BY l.client_id",
        [cohort_id],
    )
    return [row[0] for row in rows]


def labels(
    db: Database, *, client_id: int | None = None, user_id: int | None = None, limit: int = 100
) -> list[Row]:
    """Labels of a client or by a person, newest first, the undone ones included."""
    rows = db.query(
        f"{_LABEL} WHERE (:client IS NULL OR l.client_id = :client) AND (:user IS NULL OR l.user_id = :user)"
        " ORDER BY l.id DESC LIMIT :limit",
        {"client": client_id, "user": user_id, "limit": limit},
    )
    return [_parsed(row) for row in rows]


def undo(db: Database, label_id: int, by: str) -> None:
    """Mark a label as undone.

    Raises:
        Conflict: if it was undone already.
    """
    changed = db.execute(
        "UPDATE labels SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL",
        [now(), by, label_id],
    ).rowcount
    if not changed:
        raise Conflict("This answer was taken back already; nothing was changed.")


def answered_since(
    db: Database, since: str, *, user_id: int | None = None, client_id: int | None = None
) -> int:
    """How many answers stand that were given since a time, by a person or for a client."""
    row = db.execute(
        f"SELECT count(*) FROM labels l WHERE {_ANSWERED} AND l.at >= :since"
        " AND (:user IS NULL OR l.user_id = :user) AND (:client IS NULL OR l.client_id = :client)",
        {"since": since, "user": user_id, "client": client_id},
    ).fetchone()
    return int(row[0])


def _parsed(row: Row) -> Row:
    return {**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])}
