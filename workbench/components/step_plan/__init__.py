"""The picture, sliders and rules of the Step goals page: the plan follows a slider while it is dragged.

The browser holds the sliders and draws; every figure is worked out in Python. Each movement has a number. One question
is under way at a time, with the newest values when it leaves; the answer says which movement it is for. Streamlit's
own sliders say where they are only once they are let go of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.components.step_plan.desk import Desk
from workbench.components.step_plan.payload import day_words

__all__ = ["Approval", "Desk", "day_words", "mount", "script", "sent"]

HERE = Path(__file__).parent
PARTS = ("../dom.js", "picture.js", "controls.js", "tables.js", "page.js")


def script() -> str:
    """The parts of the component's script as the one module that the browser loads."""
    return "\n".join((HERE / part).read_text(encoding="utf-8") for part in PARTS)


_component = st.components.v2.component(
    "spotter_step_plan", css=(HERE / "style.css").read_text(encoding="utf-8"), js=script()
)


@dataclass(frozen=True, slots=True)
class Approval:
    """What the person approved: the values that the picture was drawn with, and why."""

    values: Mapping[str, Any]
    reason: str


def sent(key: str) -> Mapping[str, Any]:
    """What the browser sent last to this component: ``tab``, ``serial``, ``compare``, ``standing``, ``values``."""
    state = st.session_state.get(key) or {}
    message = state.get("sent")
    return message if isinstance(message, Mapping) else {}


def mount(key: str, document: Mapping[str, Any]) -> Approval | None:
    """Draw the component; returns what was approved in this run, if anything was.

    Args:
        key: names this client's component; its state is found under it.
        document: ``payload.document``.
    """
    result = _component(key=key, data=document, on_sent_change=lambda: None, on_approve_change=lambda: None)
    approved = result.approve
    if not isinstance(approved, Mapping) or not isinstance(approved.get("values"), Mapping):
        return None
    return Approval(approved["values"], str(approved.get("reason", "")))
