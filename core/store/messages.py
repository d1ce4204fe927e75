"""Messages that clients write to their trainer from the phone page."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from core.store.people import marks

Row = dict[str, Any]


def add(db: Database, client_id: int, text: str, at: str) -> int:
    """Keep a message, unread, and return its id."""
    cursor = db.execute("INSERT INTO messages (client_id, text, at) VALUES (?, ?, ?)", [client_id, text, at])
    return int(cursor.lastrowid or 0)


def of_client(db: Database, client_id: int, limit: int) -> list[Row]:
    """A client's messages, newest first."""
    return list(
        db.query("SELECT * FROM messages WHERE client_id = ? ORDER BY id DESC LIMIT ?", [client_id, limit])
    )


def times_since(db: Database, client_id: int, since: str) -> list[str]:
    """When a client's messages after a moment came, oldest first."""
    rows = db.execute(
        "SELECT at FROM messages WHERE client_id = ? AND at > ? ORDER BY at", [client_id, since]
    )
    return [row[0] for row in rows.fetchall()]


def mark_read(db: Database, client_id: int, *, up_to: int, by: str, at: str) -> int:
    """Mark a client's messages up to an id as read; returns how many were not before."""
    cursor = db.execute(
        "UPDATE messages SET read_at = ?, read_by = ? WHERE client_id = ? AND id <= ? AND read_at IS NULL",
        [at, by, client_id, up_to],
    )
    return int(cursor.rowcount)


def unread(db: Database, client_ids: Sequence[int]) -> dict[int, int]:
    """How many messages wait to be read, by client; clients without any are left out."""
    rows = db.execute(
        f"SELECT client_id, count(*) FROM messages WHERE read_at IS NULL AND client_id IN ({marks(client_ids)})"
        " GROUP BY client_id",
        list(client_ids),
    )
    return dict(rows.fetchall())
