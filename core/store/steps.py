"""Clients' daily steps, and the goal that held on each day.

The goal of a day is that of the newest plan that covers it and was not taken back by then; a day without a plan has
the goal that came with its count, if any.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlite_utils import Database

from core.store import plans
from core.store.people import marks

Row = dict[str, Any]


def _days(clients: str) -> str:
    """Recorded days of the clients that fit ``clients``, an SQL condition on ``client_id``, given twice."""
    # The condition stands inside the plans too: else SQLite would lay out everyone's planned days first.
    return (
        "SELECT s.client_id, s.day, s.steps, coalesce(g.goal, s.goal) AS goal FROM"
        f" (SELECT * FROM steps WHERE client_id {clients}) s LEFT JOIN"
        f" (SELECT * FROM plan_goals WHERE client_id {clients}) g ON g.client_id = s.client_id AND g.day = s.day"
    )


def add(
    db: Database,
    rows: Iterable[tuple[int, str, int | None, int | None]],
    import_id: int | None = None,
) -> None:
    """Set daily counts ``(client_id, day, steps, goal)``; a later count for the same day replaces the earlier."""
    db.conn.executemany(
        "INSERT INTO steps (client_id, day, steps, goal, import_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (client_id, day) DO UPDATE SET steps = excluded.steps,"
        " goal = coalesce(excluded.goal, goal), import_id = excluded.import_id",
        ((*row, import_id) for row in rows),
    )


def daily(db: Database, client_id: int) -> list[Row]:
    """A client's recorded days, oldest first, as ``day``, ``steps`` (None without a count) and ``goal``."""
    rows = db.query(f"{_days('= ?')} ORDER BY s.day", [client_id, client_id])
    return [{"day": row["day"], "steps": row["steps"], "goal": row["goal"]} for row in rows]


def daily_of(db: Database, client_ids: Sequence[int], since: str) -> dict[int, list[Row]]:
    """As ``daily`` from a day on, for several clients."""
    found: dict[int, list[Row]] = {client: [] for client in client_ids}
    rows = db.query(
        f"{_days(f'IN ({marks(client_ids)})')} WHERE s.day >= ? ORDER BY s.client_id, s.day",
        [*client_ids, *client_ids, since],
    )
    for row in rows:
        found[row["client_id"]].append({"day": row["day"], "steps": row["steps"], "goal": row["goal"]})
    return found


def goals(db: Database, client_id: int, since: str, until: str) -> dict[str, int]:
    """The goal of each day that has one, from ``since`` to ``until``, both included."""
    recorded = db.execute(
        "SELECT day, goal FROM steps WHERE client_id = ? AND day BETWEEN ? AND ? AND goal IS NOT NULL",
        [client_id, since, until],
    )
    return {**dict(recorded.fetchall()), **plans.goals(db, client_id, since, until)}


def goal_hits(db: Database, client_ids: Sequence[int], since: str, before: str) -> dict[int, tuple[int, int]]:
    """By client: days between ``since`` and ``before`` with a count and a goal, and on how many the goal was met.

    A day of no steps at all is one on which the counter was not worn, as for an estimate, and misses no goal.
    """
    rows = db.execute(
        "SELECT client_id, count(*), sum(steps >= goal) FROM"
        f" ({_days(f'IN ({marks(client_ids)})')} WHERE s.day > ? AND s.day < ?)"
        " WHERE steps > 0 AND goal IS NOT NULL GROUP BY client_id",
        [*client_ids, *client_ids, since, before],
    )
    return {client: (count, met) for client, count, met in rows}
