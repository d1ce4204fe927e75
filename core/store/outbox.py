"""The outbox: messages to clients, each with where it stands between being due and having been sent.

``waiting`` (to be sent, or to be tried again) → ``sending`` (being handed over) → ``sent``; or ``failed``,
``unknown`` (the worker went while it handed over) or ``skipped`` (not sent, and why).
"""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from core.store.people import marks

Row = dict[str, Any]

_ROW = "SELECT o.*, c.reference, c.name, c.time_zone FROM outbox o JOIN clients c ON c.id = o.client_id"


def queue(
    db: Database,
    *,
    client_id: int,
    kind: str,
    day: str,
    key: str,
    channel: str,
    address: str,
    subject: str,
    body: str,
    due_at: str,
    next_at: str,
    skipped: str = "",
) -> int | None:
    """Add a message unless the client has one of this kind for this day; returns its id, or None.

    Args:
        key: random, the message's own; goes out with it.
        skipped: why it is not to be sent; empty to send it.
    """
    cursor = db.execute(
        "INSERT INTO outbox (client_id, kind, day, key, channel, address, subject, body, state, due_at, next_at,"
        " error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client_id, kind, day) DO NOTHING",
        [
            *(client_id, kind, day, key, channel, address, subject, body),
            *("skipped" if skipped else "waiting", due_at, next_at, skipped),
        ],
    )
    return int(cursor.lastrowid or 0) if cursor.rowcount == 1 else None


def queued(db: Database, days: Sequence[str]) -> set[tuple[int, str, str]]:
    """(client id, kind, day) of every message of these days, whatever became of it."""
    rows = db.execute(f"SELECT client_id, kind, day FROM outbox WHERE day IN ({marks(days)})", list(days))
    return {(client, kind, day) for client, kind, day in rows.fetchall()}


def waiting(db: Database, at: str) -> bool:
    """Whether a message is to be sent now, or was left in the middle of being sent."""
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'waiting' AND next_at <= :at"
        " AND (lease_until IS NULL OR lease_until < :at)"
        " UNION ALL SELECT 1 FROM outbox WHERE state = 'sending' AND lease_until < :at)",
        {"at": at},
    ).fetchone()
    return bool(row[0])


def claim(db: Database, *, lease: str, at: str, until: str) -> Row | None:
    """Lease the message that has waited longest; None where none is to be sent now."""
    found = db.execute(
        "SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= :at"
        " AND (lease_until IS NULL OR lease_until < :at) ORDER BY next_at, id LIMIT 1",
        {"at": at},
    ).fetchone()
    if found is None:
        return None
    db.execute(
        "UPDATE outbox SET lease = ?, lease_until = ?, attempts = attempts + 1 WHERE id = ?",
        [lease, until, found[0]],
    )
    return message(db, found[0])


def message(db: Database, message_id: int) -> Row:
    """One message with the client's reference, name and time zone."""
    return dict(next(iter(db.query(f"{_ROW} WHERE o.id = ?", [message_id]))))


def reword(db: Database, message_id: int, *, lease: str, subject: str, body: str) -> None:
    """Set what a message says, as long as it was not handed over."""
    db.execute(
        "UPDATE outbox SET subject = ?, body = ? WHERE id = ? AND lease = ? AND state = 'waiting'",
        [subject, body, message_id, lease],
    )


def begin(db: Database, message_id: int, *, lease: str, at: str, until: str) -> bool:
    """Mark a message as being handed over; False if the lease is lost by now."""
    cursor = db.execute(
        "UPDATE outbox SET state = 'sending', lease_until = ?"
        " WHERE id = ? AND lease = ? AND state = 'waiting' AND lease_until >= ?",
        [until, message_id, lease, at],
    )
    return cursor.rowcount == 1


def end(
    db: Database, message_id: int, *, lease: str, state: str, error: str, sent_at: str | None, next_at: str
) -> bool:
    """Note what became of a message; False if the lease is lost.

    Who handed it over may also say so after the lease ran out, as long as nobody else took it.
    """
    cursor = db.execute(
        "UPDATE outbox SET state = ?, error = ?, sent_at = ?, next_at = ?, lease_until = NULL"
        " WHERE id = ? AND lease = ? AND state IN ('waiting', 'sending', 'unknown')",
        [state, error, sent_at, next_at, message_id, lease],
    )
    return cursor.rowcount == 1


def left(db: Database, at: str) -> list[Row]:
    """Messages whose worker went while it handed them over."""
    return list(db.query(f"{_ROW} WHERE o.state = 'sending' AND o.lease_until < ?", [at]))


def of_client(db: Database, client_id: int, limit: int) -> list[Row]:
    """Messages to a client, the latest due first."""
    return list(
        db.query(
            f"{_ROW} WHERE o.client_id = ? ORDER BY o.due_at DESC, o.id DESC LIMIT ?", [client_id, limit]
        )
    )


def counts(db: Database, since: str) -> dict[str, int]:
    """How many messages due after a moment stand in each state."""
    rows = db.execute("SELECT state, count(*) FROM outbox WHERE due_at > ? GROUP BY state", [since])
    return dict(rows.fetchall())
