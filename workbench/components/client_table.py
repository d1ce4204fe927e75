"""The caseload's table: real rows and links, so that a click, the keyboard and a screen reader all open a client.

``st.dataframe`` draws on a canvas: its rows are no links, its header sorts only the rows of the page shown,
and its download writes cells as they are. This component does none of that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from workbench import cells
from workbench.components import certainty

Row = dict[str, Any]
MOST_URGENT = 3

HERE = Path(__file__).parent
COLUMNS: tuple[tuple[str, dict[str, str]], ...] = (
    # heading, orders that its button goes through, and how each runs
    ("Client", {"name": "ascending"}),
    ("Certainty now", {"least certain": "ascending", "most certain": "descending"}),
    ("Certainty, last 12 exercises", {}),
    ("Step goals", {"goals missed": "ascending"}),
    ("Why look", {"attention": "descending"}),
    ("Request", {}),
)

_table = st.components.v2.component(
    "spotter_client_table",
    html="<div class='frame'></div>",
    css=(HERE / "client_table.css").read_text(encoding="utf-8"),
    js=(HERE / "client_table.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Click:
    """What was clicked: a client's row, with ``request_id`` the open request, with ``screening`` the screening."""

    client_id: int
    request_id: int | None = None
    screening: bool = False


def draw(
    rows: Sequence[Mapping[str, Any]],
    *,
    level: float,
    order: str,
    caption: str,
    on_sort: Callable[[str], None],
) -> Click | None:
    """Draw status rows; return what was clicked in this run, if anything was.

    Args:
        rows: as ``core.services.caseload.Page.rows``.
        level: p-value up to which the model asks.
        order: the order the rows are in, marked in its heading.
        caption: the table's name for a screen reader.
        on_sort: called with the order that a heading asks for, before the page runs again.
    """

    def sort() -> None:
        asked = st.session_state["client_table"].get("sort")
        if asked:
            on_sort(str(asked))

    result = _table(
        key="client_table",
        data={"columns": headings(order), "rows": as_rows(rows, level), "caption": caption, "top": top(rows)},
        on_open_change=lambda: None,
        on_sort_change=sort,
    )
    clicked = result.open
    if not isinstance(clicked, dict):
        return None
    return Click(
        int(clicked["client"]),
        int(clicked["request"]) if clicked.get("request") else None,
        bool(clicked.get("screening")),
    )


def headings(order: str) -> list[Row]:
    """The headings, each with the order that a click on it brings and how the rows run now."""
    found = []
    for title, orders in COLUMNS:
        names = list(orders)
        after = names[(names.index(order) + 1) % len(names)] if order in orders else names[0] if names else ""
        found.append({"title": title, "sort": after, "sorted": orders.get(order, "none")})
    return found


def as_rows(rows: Sequence[Mapping[str, Any]], level: float) -> list[Row]:
    """What the table shows of each status row: text, ready to be put on the page."""
    return [
        {
            "client": row["client_id"],
            "name": row["name"],
            "last": f"last exercise {cells.day(row['last_at'])}" if row["last_at"] else "no exercise yet",
            "word": certainty.word(row["p_value"], row["margin"], level, asks=row["request_id"] is not None),
            "tone": certainty.tone(row["p_value"], row["margin"], level),
            "numbers": certainty.numbers(row["margin"], row["p_value"]),
            "trend": row["trend"] if len(row["trend"]) > 1 else [],
            "direction": certainty.direction(row["trend"]),
            "goals": f"{row['goal_hits']} of {row['goal_days']}" if row["goal_days"] else "–",
            "goal_share": row["goal_hits"] / row["goal_days"] if row["goal_days"] else None,
            "reason": row["reason"],
            "request": row["request_id"],
            # Most urgent and yet no request: the gate leaves nothing to ask about.
            "screening": row["attention"] == MOST_URGENT and row["request_id"] is None,
        }
        for row in rows
    ]


def top(rows: Sequence[Mapping[str, Any]]) -> float:
    """The end of the trends' common scale: the largest margin shown, at least 0.2."""
    return max([0.2, *(float(value) for row in rows for value in row["trend"])])
