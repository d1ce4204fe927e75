"""A strip of figures over a page: a name, a number, and a word about it; wraps where the page is narrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

STYLE = """<style>
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1px;
  margin: 0; padding: 0; border: 1px solid #d7e0df; border-radius: 0.5rem; overflow: hidden; background: #d7e0df; }
.figures div { background: #ffffff; padding: 0.6rem 1rem 0.7rem; }
.figures dt { font-size: 0.8rem; color: #4b5c59; margin: 0; }
.figures dd { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.35; font-variant-numeric: tabular-nums; }
.figures small { font-size: 0.8rem; font-weight: 400; color: #4b5c59; }
</style>"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and what else is to be said of it."""

    name: str
    value: str
    about: str = ""


def draw(figures: Sequence[Figure]) -> None:
    """Draw the figures side by side."""
    cells = "".join(
        f"<div><dt>{escape(figure.name)}</dt>"
        f"<dd>{escape(figure.value)} <small>{escape(figure.about)}</small></dd></div>"
        for figure in figures
    )
    st.html(f"{STYLE}<dl class='figures'>{cells}</dl>")
