"""A table to be read: plain text in every cell, the same look as the caseload's, a name for a screen reader."""

from collections.abc import Sequence
from html import escape

import streamlit as st

STYLE = """<style>
.plain { width: 100%; border-collapse: collapse; font-size: 0.9rem; line-height: 1.4; }
.plain caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.plain th { text-align: left; font-weight: 600; font-size: 0.8rem; padding: 0.55rem 0.75rem; background: #f3f6f6;
  border-bottom: 1px solid #d7e0df; white-space: nowrap; }
.plain td { padding: 0.5rem 0.75rem; border-bottom: 1px solid #d7e0df; vertical-align: top; overflow-wrap: anywhere; }
.plain tbody th { background: none; font-weight: 400; font-size: 0.9rem; color: #4b5c59; width: 45%;
  white-space: normal; }
.plain tr > :first-child { padding-left: 0.5rem; }
.plain-frame { overflow-x: auto; }
</style>"""


def draw(headings: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> None:
    """Draw rows of text under headings; cells are text whatever they hold."""
    st.html(markup(headings, rows, caption=caption))


def draw_pairs(pairs: Sequence[tuple[str, str]], *, caption: str) -> None:
    """Draw (name, value) pairs, one a line."""
    body = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs
    )
    st.html(f"{STYLE}<table class='plain'><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>")


def markup(headings: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> str:
    """The table as HTML, everything in it escaped."""
    head = "".join(f"<th scope='col'>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"{STYLE}<div class='plain-frame'><table class='plain'><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
