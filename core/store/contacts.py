"""How a client is reached, whether messages are wanted, and the client's time zone."""

from typing import Any

from sqlite_utils import Database

Row = dict[str, Any]


def contact(db: Database, client_id: int) -> Row:
    """``email`` and ``wants_messages`` of a client; empty and no where nothing was set."""
    for row in db.query("SELECT email, wants_messages FROM contacts WHERE client_id = ?", [client_id]):
        return {"email": row["email"], "wants_messages": bool(row["wants_messages"])}
    return {"email": "", "wants_messages": False}


def set_contact(db: Database, client_id: int, *, email: str, wants_messages: bool, at: str) -> None:
    """Set how a client is reached; ``since`` is kept while messages stay wanted."""
    db.execute(
        "INSERT INTO contacts (client_id, email, wants_messages, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (client_id) DO UPDATE SET email = excluded.email,"
        " since = CASE WHEN wants_messages = 1 THEN since ELSE excluded.since END,"
        " wants_messages = excluded.wants_messages",
        [client_id, email, int(wants_messages), at],
    )


def set_time_zone(db: Database, client_id: int, time_zone: str) -> None:
    """Set a client's time zone."""
    db.execute("UPDATE clients SET time_zone = ? WHERE id = ?", [time_zone, client_id])


def wanting(db: Database) -> list[Row]:
    """Clients who want messages: id, reference, name, time zone, whether synthetic, email, and since when."""
    return list(
        db.query(
            "SELECT c.id, c.reference, c.name, c.time_zone, g.synthetic, k.email, k.since FROM contacts k"
            " JOIN clients c ON c.id = k.client_id JOIN cohorts g ON g.id = c.cohort_id"
            " WHERE k.wants_messages = 1 ORDER BY c.id"
        )
    )
