"""The audit: append-only rows, each holding the hash of the one before.

The table refuses updates and deletes by trigger; the chain shows a change made behind its back.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from core.errors import DatabaseDamaged

GENESIS = "0" * 64


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
    """Check the whole chain and return its length.

    Raises:
        DatabaseDamaged: naming the first row that does not fit.
    """
    previous, count = GENESIS, 0
    for row in db.query("SELECT * FROM audit ORDER BY id"):
        if row["previous"] != previous or _digest(row) != row["hash"]:
            raise DatabaseDamaged(
                f"Audit row {row['id']} was changed after it was written. "
                "Keep this database as it is and compare it with a backup."
            )
        previous, count = row["hash"], count + 1
    return count


def _digest(row: dict[str, Any]) -> str:
    parts = [row["previous"], row["at"], row["actor"], row["action"], row["subject"], row["detail"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
