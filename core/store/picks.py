"""Policies in force, the picks made under them with their receipts, and what became of each.

A pick never changes: of several on a day the newest holds. An outcome is undone, never changed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from core.errors import Conflict, NotFound
from core.store.audit import now
from core.store.people import marks

Row = dict[str, Any]

_PICKS = (
    "SELECT p.*, c.name AS client, c.cohort_id, (SELECT synthetic FROM cohorts WHERE id = c.cohort_id) AS synthetic,"
    " (SELECT min(n.id) FROM picks n WHERE n.client_id = p.client_id AND n.day = p.day AND n.id > p.id) AS replaced_by,"
    " o.id AS outcome_id, o.completion, o.progress, o.author AS outcome_author, o.at AS outcome_at"
    " FROM picks p JOIN clients c ON c.id = p.client_id"
    " LEFT JOIN pick_outcomes o ON o.pick_id = p.id AND o.undone_at IS NULL"
)


def add_version(
    db: Database,
    *,
    cohort_id: int,
    settings: Mapping[str, Any],
    start: str,
    report: Mapping[str, Any],
    author: str,
    reason: str,
) -> int:
    """Put a policy in force for a cohort; returns its id.

    Args:
        start: name of the file with the state it begins from.
        report: what else is to be kept, such as what the start was taught.
    """
    cursor = db.execute(
        "INSERT INTO policy_versions (cohort_id, settings, start, report, author, reason, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [cohort_id, json.dumps(dict(settings)), start, json.dumps(dict(report)), author, reason, now()],
    )
    return int(cursor.lastrowid or 0)


def versions(db: Database, cohort_id: int) -> list[Row]:
    """A cohort's policies, newest first; the first is in force."""
    rows = db.query("SELECT * FROM policy_versions WHERE cohort_id = ? ORDER BY id DESC", [cohort_id])
    return [_version(row) for row in rows]


def version(db: Database, version_id: int) -> Row:
    """One policy version.

    Raises:
        NotFound
    """
    for row in db.query("SELECT * FROM policy_versions WHERE id = ?", [version_id]):
        return _version(row)
    raise NotFound("There is no such policy version.")


def add(
    db: Database,
    *,
    client_id: int,
    version_id: int,
    day: str,
    arm: str,
    propensity: float | None,
    receipt: Mapping[str, Any],
    author: str,
    at: str | None = None,
) -> int:
    """Record a pick for a day; returns its id.

    Args:
        propensity: with which the policy took the arm; None where a person chose.
        at: when, now by default.
    """
    cursor = db.execute(
        "INSERT INTO picks (client_id, policy_version_id, day, arm, propensity, receipt, author, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [client_id, version_id, day, arm, propensity, json.dumps(dict(receipt)), author, at or now()],
    )
    return int(cursor.lastrowid or 0)


def pick(db: Database, pick_id: int) -> Row:
    """One pick with its receipt, its outcome and the pick that replaced it, None where there is none.

    Raises:
        NotFound
    """
    for row in db.query(f"{_PICKS} WHERE p.id = ?", [pick_id]):
        return _pick(row)
    raise NotFound("There is no such pick. The link may be from another workbench.")


def of_client(db: Database, client_id: int, limit: int = 500) -> list[Row]:
    """A client's picks, newest first, those that were replaced among them."""
    rows = db.query(
        f"{_PICKS} WHERE p.client_id = ? ORDER BY p.day DESC, p.id DESC LIMIT ?", [client_id, limit]
    )
    return [_pick(row) for row in rows]


def newest_of_cohort(db: Database, cohort_id: int) -> int:
    """The id of a cohort's newest pick, 0 without any."""
    row = db.execute(
        "SELECT coalesce(max((SELECT max(id) FROM picks WHERE client_id = c.id)), 0) FROM clients c"
        " WHERE c.cohort_id = ?",
        [cohort_id],
    ).fetchone()
    return int(row[0])


def holding(db: Database, client_ids: Sequence[int], since: str = "") -> list[Row]:
    """The picks that hold, of these clients from a day on: client, day, arm and outcome, oldest first; no receipts."""
    return list(
        db.query(
            "SELECT p.id, p.client_id, p.day, p.arm, p.propensity, o.completion, o.progress FROM picks p"
            " LEFT JOIN pick_outcomes o ON o.pick_id = p.id AND o.undone_at IS NULL"
            f" WHERE p.client_id IN ({marks(client_ids)}) AND p.day >= ? AND p.id ="
            " (SELECT max(n.id) FROM picks n WHERE n.client_id = p.client_id AND n.day = p.day)"
            " ORDER BY p.day, p.id",
            [*client_ids, since],
        )
    )


def of_cohort(db: Database, cohort_id: int) -> list[Row]:
    """Every pick of a cohort that holds, oldest first, with its outcome, and best arm and lead from its receipt."""
    return list(
        db.query(
            "SELECT p.id, p.client_id, p.policy_version_id, p.day, p.arm, p.propensity, p.author, o.completion,"
            " o.progress, json_extract(p.receipt, '$.best') AS best, json_extract(p.receipt, '$.lead') AS lead"
            " FROM picks p JOIN clients c ON c.id = p.client_id"
            " LEFT JOIN pick_outcomes o ON o.pick_id = p.id AND o.undone_at IS NULL"
            " WHERE c.cohort_id = ? AND p.id ="
            " (SELECT max(n.id) FROM picks n WHERE n.client_id = p.client_id AND n.day = p.day)"
            " ORDER BY p.day, p.id",
            [cohort_id],
        )
    )


def learnt_from(db: Database, cohort_id: int, after: int = 0) -> list[Row]:
    """Every pick of a cohort whose outcome stands and came after another, in the order that outcomes came.

    Each with its context, of the receipt alone what a policy needs.

    Args:
        after: id of an outcome; 0 for all.
    """
    rows = db.query(
        "SELECT p.id, p.client_id, p.day, p.arm, p.propensity, json_extract(p.receipt, '$.context') AS context,"
        " json_extract(p.receipt, '$.allowed') AS allowed, json_extract(p.receipt, '$.versions.encoding') AS encoding,"
        " o.id AS outcome_id, o.completion, o.progress"
        " FROM pick_outcomes o JOIN picks p ON p.id = o.pick_id JOIN clients c ON c.id = p.client_id"
        " WHERE c.cohort_id = ? AND o.undone_at IS NULL AND o.id > ? ORDER BY o.id",
        [cohort_id, after],
    )
    return [
        {**row, "context": json.loads(row["context"]), "allowed": json.loads(row["allowed"])} for row in rows
    ]


def unheard(db: Database, cohort_id: int) -> tuple[int, int]:
    """Of a policy's picks: how many hold without an outcome, and how many a person's choice took the place of."""
    row = db.execute(
        "SELECT coalesce(sum(n.id IS NULL AND o.id IS NULL), 0),"
        " coalesce(sum(n.propensity IS NULL AND n.id IS NOT NULL), 0)"
        " FROM picks p JOIN clients c ON c.id = p.client_id"
        " LEFT JOIN picks n ON n.id ="
        " (SELECT max(l.id) FROM picks l WHERE l.client_id = p.client_id AND l.day = p.day AND l.id > p.id)"
        " LEFT JOIN pick_outcomes o ON o.pick_id = p.id AND o.undone_at IS NULL"
        " WHERE c.cohort_id = ? AND p.propensity IS NOT NULL",
        [cohort_id],
    ).fetchone()
    return int(row[0]), int(row[1])


def outcomes_known(db: Database, cohort_id: int) -> tuple[int, int, int]:
    """How many outcomes of a cohort stand, the newest one's id, and how many were undone.

    The three change whenever any outcome does.
    """
    row = db.execute(
        "SELECT coalesce(sum(o.undone_at IS NULL), 0), coalesce(max(o.id), 0),"
        " coalesce(sum(o.undone_at IS NOT NULL), 0)"
        " FROM pick_outcomes o JOIN picks p ON p.id = o.pick_id JOIN clients c ON c.id = p.client_id"
        " WHERE c.cohort_id = ?",
        [cohort_id],
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def add_outcome(
    db: Database, pick_id: int, *, completion: float, progress: float, author: str, at: str | None = None
) -> int:
    """Record what became of a pick; returns the outcome's id."""
    cursor = db.execute(
        "INSERT INTO pick_outcomes (pick_id, completion, progress, author, at) VALUES (?, ?, ?, ?, ?)",
        [pick_id, completion, progress, author, at or now()],
    )
    return int(cursor.lastrowid or 0)


def undo_outcome(db: Database, pick_id: int, author: str) -> None:
    """Take the outcome of a pick back.

    Raises:
        Conflict: if none stands.
    """
    cursor = db.execute(
        "UPDATE pick_outcomes SET undone_at = ?, undone_by = ? WHERE pick_id = ? AND undone_at IS NULL",
        [now(), author, pick_id],
    )
    if not cursor.rowcount:
        raise Conflict("This pick has no outcome to take back; perhaps somebody else just did.")


def _version(row: dict[str, Any]) -> Row:
    return {**row, "settings": json.loads(row["settings"]), "report": json.loads(row["report"])}


def _pick(row: dict[str, Any]) -> Row:
    return {**row, "receipt": json.loads(row["receipt"])}
