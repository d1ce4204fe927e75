"""Plans of daily step goals. A plan never changes: another takes its place, or it is taken back from a day on."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlite_utils import Database

from core.store.audit import now
from core.store.people import marks

Row = dict[str, Any]

_PLANS = (
    "SELECT p.*, w.from_day AS withdrawn_from, w.author AS withdrawn_by, w.reason AS withdrawn_because, w.at AS"
    " withdrawn_at FROM plans p LEFT JOIN plan_withdrawals w ON w.plan_id = p.id"
)


def add(
    db: Database,
    *,
    client_id: int,
    starts_on: str,
    goals: Sequence[int],
    settings: dict[str, Any],
    author: str,
    reason: str,
) -> int:
    """Put a plan in force; returns its id.

    Args:
        starts_on: the first day, ISO 8601.
        goals: steps, one a day.
        settings: what the plan was made with.
    """
    cursor = db.execute(
        "INSERT INTO plans (client_id, starts_on, goals, settings, author, reason, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [client_id, starts_on, json.dumps(list(goals)), json.dumps(settings), author, reason, now()],
    )
    return int(cursor.lastrowid or 0)


def withdraw(db: Database, plan_id: int, *, from_day: str, author: str, reason: str) -> None:
    """Take a plan back from a day on; before that day it held, and still counts."""
    db.execute(
        "INSERT INTO plan_withdrawals (plan_id, from_day, author, reason, at) VALUES (?, ?, ?, ?, ?)",
        [plan_id, from_day, author, reason, now()],
    )


def plan(db: Database, plan_id: int) -> Row | None:
    """One plan, with ``withdrawn_from``, ``withdrawn_by``, ``withdrawn_because``, ``withdrawn_at`` or None each."""
    return next(map(_parsed, db.query(f"{_PLANS} WHERE p.id = ?", [plan_id])), None)


def plans(db: Database, client_id: int) -> list[Row]:
    """A client's plans, newest first, as ``plan``."""
    return [
        _parsed(row) for row in db.query(f"{_PLANS} WHERE p.client_id = ? ORDER BY p.id DESC", [client_id])
    ]


def goals(db: Database, client_id: int, since: str, until: str) -> dict[str, int]:
    """The planned goal of each day that has one, from ``since`` to ``until``, both included."""
    rows = db.execute(
        "SELECT day, goal FROM plan_goals WHERE client_id = ? AND day BETWEEN ? AND ?",
        [client_id, since, until],
    )
    return dict(rows.fetchall())


def goals_from(db: Database, client_ids: Sequence[int], since: str) -> dict[int, dict[str, int]]:
    """The planned goals of each of these clients from a day on; clients without any are left out."""
    found: dict[int, dict[str, int]] = {}
    rows = db.execute(
        f"SELECT client_id, day, goal FROM plan_goals WHERE client_id IN ({marks(client_ids)}) AND day >= ?",
        [*client_ids, since],
    )
    for client, day, goal in rows:
        found.setdefault(client, {})[day] = goal
    return found


def newest(db: Database, client_ids: Sequence[int]) -> dict[int, int]:
    """The id of each of these clients' newest plan, taken back or not; clients without one are left out."""
    rows = db.execute(
        f"SELECT client_id, max(id) FROM plans WHERE client_id IN ({marks(client_ids)}) GROUP BY client_id",
        list(client_ids),
    )
    return dict(rows.fetchall())


def last_day(plan: Row) -> str:
    """The last day of a plan, ISO 8601."""
    return (date.fromisoformat(plan["starts_on"]) + timedelta(days=len(plan["goals"]) - 1)).isoformat()


def _parsed(row: dict[str, Any]) -> Row:
    return {**row, "goals": json.loads(row["goals"]), "settings": json.loads(row["settings"])}
