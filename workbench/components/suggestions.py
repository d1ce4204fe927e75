"""The model's first five exercises with their probabilities, as bars with the figures beside them."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from workbench import cells

STYLE = """<style>
ol.suggestions { list-style: none; margin: 0; padding: 0; font-size: 0.95rem; }
ol.suggestions li { display: grid; grid-template-columns: 1.4rem 1fr 3.8rem; gap: 0 0.5rem; align-items: center;
  padding: 0.35rem 0; margin: 0; }
.suggestions .rank { color: #4b5c59; font-variant-numeric: tabular-nums; }
.suggestions .share { text-align: right; font-variant-numeric: tabular-nums; }
.suggestions .track { grid-column: 2 / 4; height: 0.3rem; border-radius: 0.2rem; background: #dbe4e2;
  margin-top: 0.2rem; }
.suggestions .track i { display: block; height: 100%; border-radius: 0.2rem; background: #33706a; }
.suggestions li:first-child .name { font-weight: 600; }
</style>"""


def draw(top: Sequence[tuple[str, float]]) -> None:
    """Draw (exercise, probability), the most probable first."""
    items = "".join(
        f"<li><span class='rank'>{rank}</span><span class='name'>{escape(name)}</span>"
        f"<span class='share'>{cells.percent(share, 1)}</span>"
        f"<span class='track' aria-hidden='true'><i style='width:{100 * share:.1f}%'></i></span></li>"
        for rank, (name, share) in enumerate(top, start=1)
    )
    st.html(f"{STYLE}<ol class='suggestions'>{items}</ol>")
