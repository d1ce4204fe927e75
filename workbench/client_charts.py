"""Charts of one client: data in, Plotly figure out. No colour stands alone: shape or pattern says the same."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

LINE, SURE, ASKED, MET, MISSED, GOAL, QUIET = (
    "#33706a",
    "#117733",
    "#a3304f",
    "#2f7f77",
    "#cc6677",
    "#14211f",
    "#4b5c59",
)
LAYOUT: dict[str, Any] = {
    "height": 300,
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    "hovermode": "x unified",
    "bargap": 0.25,
    "plot_bgcolor": "#ffffff",
    "font": {"size": 13, "color": GOAL},
}
CONFIG = {"displayModeBar": False, "scrollZoom": False}
GRID = {"gridcolor": "#e6ecec", "zeroline": False, "automargin": True, "tickfont": {"color": QUIET}}


def margins(values: Sequence[float], *, first: int, threshold: float | None) -> go.Figure:
    """The margin after each exercise, the steps on which the model asks set apart.

    Args:
        values: margins, oldest first; ``first`` is the number of exercises done at the first of them.
        threshold: margin below which the model asks, None to mark none.
    """
    steps = list(range(first, first + len(values)))
    top = max([*values, threshold or 0.0, 0.2])
    asks = [threshold is not None and value < threshold for value in values]
    figure = go.Figure()
    figure.add_scatter(
        x=steps,
        y=list(values),
        mode="lines",
        line={"color": LINE, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    for name, wanted, colour, symbol in (("sure enough", False, SURE, "circle"), ("asks", True, ASKED, "x")):
        chosen = [
            (step, value) for step, value, ask in zip(steps, values, asks, strict=True) if ask is wanted
        ]
        figure.add_scatter(
            x=[step for step, _ in chosen],
            y=[value for _, value in chosen],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 8},
            hovertemplate="margin %{y:.2f}",
        )
    if threshold is not None and steps:
        figure.add_scatter(
            x=[steps[0] - 0.5, steps[-1] + 0.5],
            y=[threshold, threshold],
            mode="lines",
            name=f"asking level: below {threshold:.2f} the model asks",
            line={"color": ASKED, "dash": "dash", "width": 1},
            hoverinfo="skip",
        )
    figure.update_layout(**LAYOUT)
    figure.update_xaxes(title="exercises done", **GRID)
    # A little room under 0, so that no mark is cut in half.
    figure.update_yaxes(title="margin", range=[-0.04 * top, 1.06 * top], **GRID)
    return figure


def margins_in_words(values: Sequence[float], threshold: float | None) -> str:
    """What the chart of margins shows, for a screen reader."""
    if not values:
        return "No margins yet."
    words = f"Margin after each of the last {len(values)} exercises, now {values[-1]:.2f}"
    if threshold is None:
        return f"{words}."
    asked = sum(value < threshold for value in values)
    return f"{words}; on {asked} of them below {threshold:.2f}, where the model asks."


def steps(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Daily steps against goals: met is a full bar, missed a hatched one of another colour; a tick is the goal.

    Args:
        rows: ``day``, ``steps`` and ``goal``, oldest first; either number may be None.
    """
    figure = go.Figure()
    for name, colour, pattern, chosen in (
        ("goal met", MET, "", [row for row in rows if _met(row) is True]),
        ("goal missed", MISSED, "/", [row for row in rows if _met(row) is False]),
        (
            "no goal",
            "#b9c5c3",
            ".",
            [row for row in rows if row["goal"] is None and row["steps"] is not None],
        ),
    ):
        if chosen:
            figure.add_bar(
                x=[row["day"] for row in chosen],
                y=[row["steps"] for row in chosen],
                name=name,
                marker={
                    "color": colour,
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": "#ffffff",
                        "fgopacity": 1,
                        "size": 6,
                        "solidity": 0.3,
                    },
                    "line": {"color": colour, "width": 1},
                },
                hovertemplate="%{y:,.0f} steps",
            )
    goals = [row for row in rows if row["goal"] is not None]
    if goals:
        figure.add_scatter(
            x=[row["day"] for row in goals],
            y=[row["goal"] for row in goals],
            mode="markers",
            name="goal",
            marker={"symbol": "line-ew", "size": 9, "line": {"width": 2, "color": GOAL}},
            hovertemplate="goal %{y:,.0f}",
        )
    figure.update_layout(**LAYOUT, barmode="overlay")
    figure.update_xaxes(**GRID, type="date", tickformat="%-d %b\n%Y", hoverformat="%a %-d %b %Y")
    figure.update_yaxes(title="steps a day", rangemode="tozero", tickformat=",d", **GRID)
    return figure


def steps_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the chart of steps shows, as a sentence."""
    judged = [_met(row) for row in rows if _met(row) is not None]
    if not judged:
        counted = sum(row["steps"] is not None for row in rows)
        return f"Days with a step count: {counted}; none of them has a goal."
    return f"Goal met on {sum(map(bool, judged))} of {len(judged)} days with a count and a goal."


def since(rows: Sequence[Mapping[str, Any]], days: int) -> list[Mapping[str, Any]]:
    """The rows of the last days up to the newest row."""
    if not rows:
        return []
    first = (date.fromisoformat(rows[-1]["day"]) - timedelta(days=days - 1)).isoformat()
    return [row for row in rows if row["day"] >= first]


def _met(row: Mapping[str, Any]) -> bool | None:
    if row["steps"] is None or row["goal"] is None:
        return None
    return bool(row["steps"] >= row["goal"])
