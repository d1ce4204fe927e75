"""The table of a group's step goals: a box to choose each client, a link to the client's own goals, plain cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent

_table = st.components.v2.component(
    "spotter_goal_table",
    html="<div class='frame'></div>",
    css=(HERE / "goal_table.css").read_text(encoding="utf-8"),
    js=f"{(HERE / 'dom.js').read_text(encoding='utf-8')}\n{(HERE / 'goal_table.js').read_text(encoding='utf-8')}",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One client's line.

    Attributes:
        client, name: who it is.
        cells: text under each heading.
        note: a sentence under the name, such as why there is no plan.
    """

    client: int
    name: str
    cells: Sequence[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is chosen, on whatever page of the table, and whose page is asked for in this run."""

    chosen: frozenset[int]
    opened: int | None


def draw(headings: Sequence[str], rows: Sequence[Row], *, caption: str, key: str) -> Choice:
    """Draw the table.

    Args:
        headings: those of the cells, after the client's.
        rows: the clients on this page of it.
        caption: the table's name for a screen reader.
        key: another key forgets who was chosen.
    """
    data: dict[str, Any] = {
        "headings": list(headings),
        "rows": [
            {"client": row.client, "name": row.name, "cells": list(row.cells), "note": row.note}
            for row in rows
        ],
        "caption": caption,
        "chosen": _clients((st.session_state.get(key) or {}).get("chosen")),
    }
    result = _table(key=key, data=data, on_chosen_change=lambda: None, on_open_change=lambda: None)
    opened = result.open
    return Choice(
        frozenset(_clients(result.chosen)), int(opened) if isinstance(opened, int | float) else None
    )


def _clients(sent: object) -> list[int]:
    return [int(client) for client in sent] if isinstance(sent, list) else []
