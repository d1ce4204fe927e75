"""The keyboard component of the Label requests page: takes every key, whatever the connection does.

The browser holds a prefetched batch and shows the next request at once. It sends all answers that are not
confirmed yet, each under a key made in the browser; the server writes each key once and says by key what
became of it. See ``Desk`` for the server's side and ``desk.js`` for the browser's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.components.label_queue.desk import Desk
from workbench.components.label_queue.payload import catalogue_document

__all__ = ["Desk", "catalogue_document", "mount", "script", "sent"]

HERE = Path(__file__).parent
PARTS = (
    "../dom.js",
    "desk.js",
    "keys.js",
    "search.js",
    "gate_view.js",
    "request_view.js",
    "learnt_view.js",
    "page.js",
)


def script() -> str:
    """The parts of the component's script as the one module that the browser loads."""
    return "\n".join((HERE / part).read_text(encoding="utf-8") for part in PARTS)


_component = st.components.v2.component(
    "spotter_label_queue", css=(HERE / "style.css").read_text(encoding="utf-8"), js=script()
)


def sent(key: str) -> Mapping[str, Any]:
    """What the browser sent last to the component of this key, before it is drawn; empty at first."""
    state = st.session_state.get(key) or {}
    message = state.get("sent")
    return message if isinstance(message, Mapping) else {}


def mount(
    key: str,
    document: Mapping[str, Any],
    catalogues: Mapping[str, list[list[Any]]],
) -> tuple[int, str] | None:
    """Draw the component; returns the client whose page the person wants to open, and the part of it ("" for any).

    Args:
        key: names this person's component; its state is found under it.
        document: ``Desk.document``.
        catalogues: rows by hash; those the browser has are not sent again.
    """
    known = set(sent(key).get("known") or ())
    news = {name: rows for name, rows in catalogues.items() if name not in known}
    result = _component(
        key=key,
        data={**document, "catalogues": news},
        on_sent_change=_nothing,
        on_open_client_change=_nothing,
    )
    opened = result.open_client
    if not isinstance(opened, Mapping) or not isinstance(opened.get("client"), int | float):
        return None
    return int(opened["client"]), str(opened.get("section", ""))


def _nothing() -> None:
    """A state value is kept only where it has a callback."""
