"""Model versions: immutable rows, each naming the weights file it stands for; and which one is in force."""

import json
from typing import Any

from sqlite_utils import Database

from core.errors import NotFound
from core.store.audit import now

Row = dict[str, Any]


def add_version(
    db: Database,
    *,
    cohort_id: int,
    client_id: int | None,
    parent_id: int | None,
    kind: str,
    weights: str,
    report: dict[str, Any],
) -> int:
    """Record a version (``base``, ``new client`` or ``answer``) whose weights are on disk; return its id."""
    cursor = db.execute(
        "INSERT INTO model_versions (cohort_id, client_id, parent_id, kind, weights, report, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [cohort_id, client_id, parent_id, kind, weights, json.dumps(report), now()],
    )
    return int(cursor.lastrowid or 0)


def version(db: Database, version_id: int) -> Row:
    """One version, its report parsed.

    Raises:
        NotFound
    """
    for row in db.query("SELECT * FROM model_versions WHERE id = ?", [version_id]):
        return {**row, "report": json.loads(row["report"])}
    raise NotFound(f"There is no model version {version_id}.")


def base_version(db: Database, version_id: int) -> int:
    """The base version that a version descends from (itself, if it is one)."""
    return _ancestor(db, version_id, "kind = 'base'")


def weights_of(db: Database, version_id: int) -> tuple[int, str, int, str]:
    """The cohort and the weights file of a version, and the id and the weights file of the base it descends from.

    Raises:
        NotFound
    """
    base_id = base_version(db, version_id)
    rows = db.execute(
        "SELECT id, cohort_id, weights FROM model_versions WHERE id IN (?, ?)", [version_id, base_id]
    )
    found = {row[0]: row[1:] for row in rows}
    cohort_id, name = found[version_id]
    return cohort_id, name, base_id, found[base_id][1]


def untaught(db: Database, version_id: int) -> int:
    """The version that a client's answers were taught to: the client's start, or the base."""
    return _ancestor(db, version_id, "kind <> 'answer'")


def _ancestor(db: Database, version_id: int, which: str) -> int:
    row = db.execute(
        "WITH RECURSIVE line (id, parent_id, kind) AS ("
        " SELECT id, parent_id, kind FROM model_versions WHERE id = ?"
        " UNION ALL SELECT v.id, v.parent_id, v.kind FROM model_versions v JOIN line ON v.id = line.parent_id)"
        f" SELECT id FROM line WHERE {which} LIMIT 1",
        [version_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no model version {version_id}.")
    return int(row[0])


def in_force(db: Database, client_id: int) -> int | None:
    """The version that speaks for a client: the client's own, else the cohort's, else None."""
    row = db.execute(
        "SELECT coalesce(c.model_version_id, g.model_version_id)"
        " FROM clients c JOIN cohorts g ON g.id = c.cohort_id WHERE c.id = ?",
        [client_id],
    ).fetchone()
    if row is None:
        raise NotFound("There is no such client.")
    return None if row[0] is None else int(row[0])


def put_in_force(db: Database, version_id: int | None, *, client_id: int) -> None:
    """Let a version speak for one client; None returns the client to the cohort's."""
    db.execute("UPDATE clients SET model_version_id = ? WHERE id = ?", [version_id, client_id])


def put_base_in_force(db: Database, version_id: int, *, cohort_id: int) -> None:
    """Let a base version speak for a cohort; the clients' own versions, made from another base, end."""
    db.execute("UPDATE cohorts SET model_version_id = ? WHERE id = ?", [version_id, cohort_id])
    db.execute("UPDATE clients SET model_version_id = NULL WHERE cohort_id = ?", [cohort_id])


def versions(db: Database, *, cohort_id: int, client_id: int | None = None, limit: int = 100) -> list[Row]:
    """Versions of one client, or a cohort's bases, newest first."""
    where = "client_id = :client" if client_id else "client_id IS NULL"
    rows = db.query(
        f"SELECT * FROM model_versions WHERE cohort_id = :cohort AND {where} ORDER BY id DESC LIMIT :limit",
        {"cohort": cohort_id, "client": client_id, "limit": limit},
    )
    return [{**row, "report": json.loads(row["report"])} for row in rows]


def weights_in_use(db: Database) -> set[str]:
    """Names of all weights files that some version stands on."""
    return {row[0] for row in db.execute("SELECT DISTINCT weights FROM model_versions")}
