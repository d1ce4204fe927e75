"""Step counts as phones reported them, every one kept, and which of them counts for its day."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from core.store.people import marks

Row = dict[str, Any]


def known(db: Database, client_id: int, keys: Sequence[str]) -> dict[str, Row]:
    """Those of these keys that a client's reports have already, with the report."""
    rows = db.query(
        f"SELECT * FROM step_reports WHERE client_id = ? AND report_key IN ({marks(keys)})",
        [client_id, *keys],
    )
    return {row["report_key"]: row for row in rows}


def add(
    db: Database, client_id: int, *, day: str, steps: int, measured_at: str, received_at: str, key: str
) -> None:
    """Keep a report."""
    db.execute(
        "INSERT INTO step_reports (client_id, day, steps, measured_at, received_at, report_key)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [client_id, day, steps, measured_at, received_at, key],
    )


def settle(db: Database, client_id: int, day: str) -> int | None:
    """Make the report measured last the day's count, and return the count the day then has.

    Of reports measured at the same moment the one that came last counts. A file that was taken in after the report
    was measured counts more: its count stays. The day's goal stays as it is.
    """
    newest = db.execute(
        "SELECT steps, measured_at FROM step_reports WHERE client_id = ? AND day = ?"
        " ORDER BY measured_at DESC, id DESC LIMIT 1",
        [client_id, day],
    ).fetchone()
    if newest is not None:
        db.execute(
            "INSERT INTO steps (client_id, day, steps) VALUES (:client, :day, :steps)"
            " ON CONFLICT (client_id, day) DO UPDATE SET steps = excluded.steps, import_id = NULL"
            " WHERE steps.steps IS NULL OR steps.import_id IS NULL"
            " OR (SELECT at FROM imports WHERE id = steps.import_id) <= :measured",
            {"client": client_id, "day": day, "steps": newest[0], "measured": newest[1]},
        )
    row = db.execute("SELECT steps FROM steps WHERE client_id = ? AND day = ?", [client_id, day]).fetchone()
    return row[0] if row else None


def of_day(db: Database, client_id: int, day: str) -> list[Row]:
    """A client's reports for a day, in the order they were measured."""
    return list(
        db.query(
            "SELECT * FROM step_reports WHERE client_id = ? AND day = ? ORDER BY measured_at, id",
            [client_id, day],
        )
    )
