"""One row a client for the caseload: what the list sorts and filters by, kept ready so that it stays quick."""

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

Row = dict[str, Any]

# Read from the messages themselves, so that it holds from the moment one arrives or is read.
_HAS_WRITTEN = "client_id IN (SELECT client_id FROM messages WHERE read_at IS NULL)"
_NEEDS_ATTENTION = f"(attention > 0 OR {_HAS_WRITTEN})"
ORDERS = {
    "attention": f"{_HAS_WRITTEN} DESC, attention DESC, p_value IS NULL, p_value, name COLLATE NOCASE",
    "least certain": "p_value IS NULL, p_value, margin, name COLLATE NOCASE",
    "most certain": "p_value DESC, margin DESC, name COLLATE NOCASE",
    "name": "name COLLATE NOCASE, client_id",
    "goals missed": "CASE WHEN goal_days = 0 THEN 2.0 ELSE 1.0 * goal_hits / goal_days END, name COLLATE NOCASE",
    "last active": "last_at DESC, name COLLATE NOCASE",
}
FILTERS = {
    "everyone": "1",
    "needs attention": _NEEDS_ATTENTION,
    "open request": "request_id IS NOT NULL",
    "new message": _HAS_WRITTEN,
    "no history": "step = 0",
}


def set_status(db: Database, rows: Iterable[Row]) -> None:
    """Replace the status rows of the clients named."""
    db.conn.executemany(
        "INSERT INTO client_status (client_id, cohort_id, name, step, last_at, recommendation_id, margin, p_value,"
        " trend, request_id, goal_days, goal_hits, attention, reason) VALUES (:client_id, :cohort_id, :name, :step,"
        " :last_at, :recommendation_id, :margin, :p_value, :trend, :request_id, :goal_days, :goal_hits, :attention,"
        " :reason) ON CONFLICT (client_id) DO UPDATE SET name = excluded.name, step = excluded.step,"
        " last_at = excluded.last_at, recommendation_id = excluded.recommendation_id, margin = excluded.margin,"
        " p_value = excluded.p_value, trend = excluded.trend, request_id = excluded.request_id,"
        " goal_days = excluded.goal_days, goal_hits = excluded.goal_hits, attention = excluded.attention,"
        " reason = excluded.reason",
        [{**row, "trend": json.dumps(row["trend"])} for row in rows],
    )


def status(db: Database, client_id: int) -> Row | None:
    """One client's status, or None before anything was computed for the client."""
    rows = db.query("SELECT * FROM client_status WHERE client_id = ?", [client_id])
    return next(map(_parsed, rows), None)


def page(
    db: Database, *, cohort_id: int, order: str, only: str, search: str, limit: int, offset: int
) -> tuple[list[Row], int]:
    """One page of the caseload, and how many clients there are in all that fit.

    ``order`` is a key of ``ORDERS``, ``only`` of ``FILTERS``; ``search`` is part of a name.
    """
    where = f"cohort_id = :cohort AND {FILTERS[only]}"
    values = {"cohort": cohort_id, "limit": limit, "offset": offset}
    if search:
        where += " AND name LIKE :search ESCAPE '\\'"
        escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["search"] = f"%{escaped}%"  # type: ignore[assignment]
    rows = db.query(
        f"SELECT * FROM client_status WHERE {where} ORDER BY {ORDERS[order]} LIMIT :limit OFFSET :offset",
        values,
    )
    found = [_parsed(row) for row in rows]
    total = db.execute(f"SELECT count(*) FROM client_status WHERE {where}", values).fetchone()[0]
    return found, int(total)


def totals(db: Database, cohort_id: int) -> Row:
    """Numbers over a cohort: clients, open requests, clients who need attention, goal days and hits."""
    rows = db.query(
        "SELECT count(*) AS clients, count(request_id) AS requests,"
        f" coalesce(sum({_NEEDS_ATTENTION}), 0) AS attention,"
        " coalesce(sum(goal_days), 0) AS goal_days, coalesce(sum(goal_hits), 0) AS goal_hits"
        " FROM client_status WHERE cohort_id = ?",
        [cohort_id],
    )
    return next(iter(rows))


def _parsed(row: Row) -> Row:
    return {**row, "trend": json.loads(row["trend"])}
