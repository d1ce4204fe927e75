"""The audit: append-only rows, each holding the hash of the one before.

Triggers refuse every statement that would change, remove or replace a row. Who drops them, or edits the file, can
still do so, and then the chain shows what it can: a row that was changed, removed or put in before the newest one no
longer fits its successor. It cannot show that the newest rows were cut off, or that everything from some row on was
written anew with hashes that fit; that takes a head noted elsewhere, and every export carries the one of its day.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from core.errors import DatabaseDamaged

GENESIS = "0" * 64
GUARDS = {f"audit_is_append_only_{event}" for event in ("update", "delete", "insert")}


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def append(db: Database, *, action: str, by: str, subject: str, detail: dict[str, Any]) -> str:
    """Append one row inside the caller's transaction and return its hash, the new head."""
    row = {
        "at": now(),
        "actor": by,
        "action": action,
        "subject": subject,
        "detail": json.dumps(detail, sort_keys=True, separators=(",", ":")),
        "previous": head(db),
    }
    digest = _digest(row)
    db.execute(
        "INSERT INTO audit (at, actor, action, subject, detail, previous, hash)"
        " VALUES (:at, :actor, :action, :subject, :detail, :previous, :hash)",
        {**row, "hash": digest},
    )
    return digest


def head(db: Database) -> str:
    """The hash of the newest row; goes into every export so that it can be dated later."""
    row = db.execute("SELECT hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return str(row[0]) if row else GENESIS


def holds(db: Database, digest: str) -> bool:
    """Whether a row of this hash is on record."""
    return db.execute("SELECT 1 FROM audit WHERE hash = ?", [digest]).fetchone() is not None


def recent(db: Database, limit: int = 100, subject: str | None = None) -> list[dict[str, Any]]:
    """The newest rows first, of everything or of one subject."""
    where = "WHERE subject = :subject" if subject else ""
    return list(
        db.query(
            f"SELECT id, at, actor, action, subject, detail FROM audit {where} ORDER BY id DESC LIMIT :limit",
            {"subject": subject, "limit": limit},
        )
    )


def verify(db: Database) -> int:
    """Check the whole chain and that its guards stand, and return its length.

    What this can and cannot show is said at the top of this module.

    Raises:
        DatabaseDamaged: naming the first row that does not fit; or if a trigger that keeps the rows is missing, as
            the newest row could then have been written anew.
    """
    previous, count = GENESIS, 0
    for row in db.query("SELECT * FROM audit ORDER BY id"):
        if row["previous"] != previous or _digest(row) != row["hash"]:
            raise DatabaseDamaged(
                f"Audit row {row['id']} was changed after it was written. "
                "Keep this database as it is and compare it with a backup."
            )
        previous, count = row["hash"], count + 1
    triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
    if not {name for (name,) in triggers.fetchall()} >= GUARDS:
        raise DatabaseDamaged(
            "What keeps the audit append-only was removed from this database, so its newest rows may have been "
            "changed. Keep this database as it is and compare it with a backup."
        )
    return count


def _digest(row: dict[str, Any]) -> str:
    parts = [row["previous"], row["at"], row["actor"], row["action"], row["subject"], row["detail"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
