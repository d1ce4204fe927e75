"""The table of a cohort's picks: a link to each client, the best arm and how clearly it leads, what the gate masks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import picks
from core.services.picks.views import CohortRow
from workbench import cells
from workbench.components.pick_client import words

HERE = Path(__file__).parent
HEADINGS = ("Client", "Best now", "Masked by the gate", "Today’s pick", "Done so far")
MARKS = ("▰▰▰", "▰▰▱", "▰▱▱", "▱▱▱")  # for each of the words about a lead, the clearest first
OPEN = "Everything may be offered"  # nothing to remark on
STOP, ONLY = "✕", "the only one open"
EXPLAINED = (
    "A lead is how much more reward the policy expects of the best than of the next, on a scale from 0 to 1: "
    + ", ".join(
        f"{mark} {said.removesuffix(' of')} from {least:g}"
        for mark, (least, said) in zip(MARKS, words.LEADS, strict=False)
    )
    + f", {MARKS[-1]} {words.LEVEL.removesuffix(' with')} below. {STOP} marks what the safety gate masks; each rule "
    "stands with its source and review on the client’s page; no model changes them. "
    "Done so far is the mean share of the sessions that was done, over the picks with an outcome."
)

_table = st.components.v2.component(
    "spotter_pick_table",
    html="<div class='frame'></div>",
    css=(HERE / "pick_table.css").read_text(encoding="utf-8"),
    js=f"{(HERE / 'dom.js').read_text(encoding='utf-8')}\n{(HERE / 'pick_table.js').read_text(encoding='utf-8')}",
)


def draw(rows: Sequence[CohortRow], *, caption: str, key: str) -> int | None:
    """Draw the rows; returns the client whose page is asked for in this run.

    Args:
        rows: the clients on this page of the table.
        caption: the table's name for a screen reader.
        key: the component's.
    """
    data = {
        "headings": list(HEADINGS),
        "rows": [as_row(row, quiet=shared(rows)) for row in rows],
        "caption": caption,
    }
    opened = _table(key=key, data=data, on_open_change=lambda: None).open
    return int(opened) if isinstance(opened, int | float) else None


def shared(rows: Sequence[CohortRow]) -> str:
    """What the gate says of all rows alike, such as that it is off; empty where rows differ."""
    said = {row.gate for row in rows}
    return said.pop() if len(said) == 1 < len(rows) else ""


def as_row(row: CohortRow, *, quiet: str = "") -> dict[str, Any]:
    """What the table shows of a client: a cell is its words, a mark and a tone before them, a remark under them.

    Args:
        quiet: what the gate says of everybody, left out where it masks nothing.
    """
    if row.best is None:
        best, masked = _marked("nothing may be offered", STOP, "stop"), "everything"
    else:
        mark, said = lead_words(row)
        best, masked = _marked(row.best, mark, "arm", small=said), ", ".join(row.masked)
    return {
        "client": row.client_id,
        "name": row.name,
        "cells": [
            best,
            _marked(masked, STOP, "stop", small=row.gate)
            if row.masked
            else _plain(
                cells.NOTHING, small="" if row.gate == quiet or row.gate.startswith(OPEN) else row.gate
            ),
            _plain(row.today or cells.NOTHING),
            _plain(cells.NOTHING if row.done is None else cells.percent(row.done), small=_counted(row)),
        ],
    }


def lead_words(row: CohortRow) -> tuple[str, str]:
    """How clearly the best arm leads: a mark and words."""
    if row.lead is None or len(row.masked) == len(picks.ARMS) - 1:
        return MARKS[0], ONLY
    number = words.lead_by(row.lead)
    for mark, (least, said) in zip(MARKS, words.LEADS, strict=False):
        if row.lead >= least:
            return mark, f"{said.removesuffix(' of')}, {number}"
    return MARKS[-1], f"{words.LEVEL.removesuffix(' with')} with the next, {number}"


def _counted(row: CohortRow) -> str:
    if not row.picks:
        return "no pick yet"
    picks = f"{row.picks:,} {'pick' if row.picks == 1 else 'picks'}"
    return f"{picks}; an outcome is missing" if row.waiting is not None else picks


def _marked(text: str, mark: str, tone: str, *, small: str = "") -> dict[str, Any]:
    return {"text": text, "mark": mark, "tone": tone, "small": small}


def _plain(text: str, *, small: str = "") -> dict[str, Any]:
    return {"text": text, "mark": "", "tone": "", "small": small}
