"""Recommendations, and the requests to a trainer that they lead to."""

import json
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from core.errors import NotFound
from core.store.audit import now
from core.store.people import marks

Row = dict[str, Any]


def add_recommendation(
    db: Database,
    *,
    client_id: int,
    step: int,
    version_id: int,
    top: list[tuple[int, float]],
    margin: float,
    p_value: float,
    why: dict[str, Any],
) -> int:
    """Record what a version says of a client's exercise number ``step``; return its id.

    ``top`` is a list of (exercise id, probability), the most probable first.
    """
    cursor = db.execute(
        "INSERT INTO recommendations (client_id, step, model_version_id, top, margin, p_value, why, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [client_id, step, version_id, json.dumps(top), margin, p_value, json.dumps(why), now()],
    )
    return int(cursor.lastrowid or 0)


def recommendations(db: Database, client_id: int, limit: int = 60) -> list[Row]:
    """A client's recommendations, newest first."""
    rows = db.query(
        "SELECT * FROM recommendations WHERE client_id = ? ORDER BY id DESC LIMIT ?", [client_id, limit]
    )
    return [_parsed(row) for row in rows]


def newest_recommendations(db: Database, client_ids: Sequence[int]) -> dict[int, Row]:
    """The newest recommendation of each of these clients that has one."""
    rows = db.query(
        f"SELECT *, max(id) FROM recommendations WHERE client_id IN ({marks(client_ids)}) GROUP BY client_id",
        list(client_ids),
    )
    return {row["client_id"]: _parsed(row) for row in rows}


def open_request(db: Database, *, client_id: int, step: int, recommendation_id: int) -> None:
    """Open a request for a client's step, or bring the open one up to date.

    One that was answered or flagged already stays as it was asked.
    """
    db.execute(
        "INSERT INTO requests (client_id, step, recommendation_id, state, opened_at) VALUES (?, ?, ?, 'open', ?)"
        " ON CONFLICT (client_id, step) DO UPDATE SET recommendation_id = excluded.recommendation_id, state = 'open'"
        " WHERE state IN ('open', 'out of date')",
        [client_id, step, recommendation_id, now()],
    )


def unanswered(db: Database, client_ids: Sequence[int]) -> dict[int, Row]:
    """The open or flagged request of each of these clients that has one: ``id``, ``step``, ``state``."""
    rows = db.query(
        "SELECT client_id, max(id) AS id, step, state FROM requests"
        f" WHERE client_id IN ({marks(client_ids)}) AND state IN ('open', 'flagged') GROUP BY client_id",
        list(client_ids),
    )
    return {row["client_id"]: row for row in rows}


def close_outdated(db: Database, client_id: int, step: int, *, asks: bool) -> None:
    """Close a client's unanswered requests about earlier steps, and where the model is sure now the open one too."""
    db.execute(
        "UPDATE requests SET state = 'out of date' WHERE client_id = :client"
        " AND (step <> :step AND state IN ('open', 'flagged') OR step = :step AND state = 'open' AND NOT :asks)",
        {"client": client_id, "step": step, "asks": asks},
    )


def set_state(db: Database, request_id: int, state: str) -> None:
    """Move a request to ``open``, ``answered``, ``flagged`` or ``out of date``."""
    db.execute("UPDATE requests SET state = ? WHERE id = ?", [state, request_id])


_REQUEST = (
    "SELECT r.id, r.client_id, r.step, r.state, r.opened_at, c.name AS client, c.cohort_id, g.name AS cohort,"
    " g.synthetic, n.id AS recommendation_id, n.model_version_id, n.top, n.margin, n.p_value, n.why"
    " FROM requests r JOIN clients c ON c.id = r.client_id JOIN cohorts g ON g.id = c.cohort_id"
    " JOIN recommendations n ON n.id = r.recommendation_id"
)


def request(db: Database, request_id: int) -> Row:
    """One request with its client, cohort and recommendation.

    Raises:
        NotFound
    """
    for row in db.query(f"{_REQUEST} WHERE r.id = ?", [request_id]):
        return _parsed(row)
    raise NotFound("There is no such request. Go back to the list of requests.")


# Open, not skipped by this person, and about a client who has not used up a day's answers.
_WAITING = (
    "r.state = 'open' AND (:cohort IS NULL OR c.cohort_id = :cohort)"
    " AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.request_id = r.id AND l.user_id = :user"
    "   AND l.verdict = 'skip' AND l.undone_at IS NULL)"
    " AND (SELECT count(*) FROM labels l WHERE l.client_id = r.client_id AND l.at >= :since"
    "   AND l.undone_at IS NULL AND l.verdict IN ('exercise', 'none suitable')) < :a_client"
)


def waiting(db: Database, *, user_id: int, since: str, a_client: int, cohort_id: int | None = None) -> int:
    """How many requests ``open_requests`` has in all."""
    row = db.execute(
        f"SELECT count(*) FROM requests r JOIN clients c ON c.id = r.client_id WHERE {_WAITING}",
        {"user": user_id, "cohort": cohort_id, "since": since, "a_client": a_client},
    ).fetchone()
    return int(row[0])


def open_requests(
    db: Database,
    *,
    user_id: int,
    since: str = "",
    a_client: int = 1_000_000,
    cohort_id: int | None = None,
    limit: int = 500,
) -> list[Row]:
    """Open requests that this person has not skipped, the least certain first (smallest p, then margin).

    Clients with ``a_client`` answers or more since the time ``since`` rest until later.
    """
    rows = db.query(
        f"{_REQUEST} WHERE {_WAITING} ORDER BY n.p_value, n.margin, r.id LIMIT :limit",
        {"user": user_id, "cohort": cohort_id, "since": since, "a_client": a_client, "limit": limit},
    )
    return [_parsed(row) for row in rows]


def skipped(db: Database, *, user_id: int, cohort_id: int | None = None) -> int:
    """How many open requests this person has skipped."""
    row = db.execute(
        "SELECT count(DISTINCT r.id) FROM labels l JOIN requests r ON r.id = l.request_id"
        " JOIN clients c ON c.id = r.client_id WHERE l.user_id = :user AND l.verdict = 'skip'"
        " AND l.undone_at IS NULL AND r.state = 'open' AND (:cohort IS NULL OR c.cohort_id = :cohort)",
        {"user": user_id, "cohort": cohort_id},
    ).fetchone()
    return int(row[0])


def states(db: Database, cohort_id: int | None = None) -> dict[str, int]:
    """Number of requests in each state, of one cohort or of all."""
    rows = db.execute(
        "SELECT r.state, count(*) FROM requests r JOIN clients c ON c.id = r.client_id"
        " WHERE :cohort IS NULL OR c.cohort_id = :cohort GROUP BY r.state",
        {"cohort": cohort_id},
    )
    return dict(rows.fetchall())


def _parsed(row: Row) -> Row:
    return {**row, "top": json.loads(row["top"]), "why": json.loads(row["why"])}
