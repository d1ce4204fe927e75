"""Links to a client's phone page: who made each, when it was last used, and whether it was taken back."""

from typing import Any

from sqlite_utils import Database

Row = dict[str, Any]


def add(db: Database, client_id: int, *, code: str, author: str, at: str) -> int:
    """Add a link with its random code, and return its id."""
    cursor = db.execute(
        "INSERT INTO client_links (client_id, code, author, created_at) VALUES (?, ?, ?, ?)",
        [client_id, code, author, at],
    )
    return int(cursor.lastrowid or 0)


def by_code(db: Database, code: str) -> Row | None:
    """The link with that code, also one that was taken back."""
    return next(iter(db.query("SELECT * FROM client_links WHERE code = ?", [code])), None)


def of_client(db: Database, client_id: int) -> list[Row]:
    """A client's links, newest first."""
    return list(db.query("SELECT * FROM client_links WHERE client_id = ? ORDER BY id DESC", [client_id]))


def revoke(db: Database, link_id: int, *, by: str, at: str) -> bool:
    """Take a link back; False if it was taken back before or does not exist."""
    cursor = db.execute(
        "UPDATE client_links SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL",
        [at, by, link_id],
    )
    return cursor.rowcount == 1


def used(db: Database, link_id: int, at: str) -> None:
    """Note that a link was used."""
    db.execute("UPDATE client_links SET last_used_at = ? WHERE id = ?", [at, link_id])
