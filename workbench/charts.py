"""Charts: data in, Plotly figure out. Colours that colour-blind people tell apart, and never colour alone."""

import textwrap
from html import escape

import plotly.graph_objects as go
from plotly.colors import qualitative

from core.services.studies.study import Chart, Series

# Plotly's "Safe" palette, its darker colours first: the pale ones are hard to see on white.
_SAFE = qualitative.Safe
PALETTE: tuple[str, ...] = tuple(_SAFE[i] for i in (4, 3, 1, 5, 8, 6, 9, 0, 7, 2, 10))
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down", "pentagon")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SPREAD = 0.5  # of the room between two categories, shared by the series
ACROSS = 72  # characters of the names of categories that go side by side under a chart


def figure(chart: Chart, *, synthetic: bool = False) -> go.Figure:
    """Draw a study's chart; one of ``synthetic`` data says so under its title."""
    drawn = go.Figure()
    if chart.kind == "intervals":
        _intervals(drawn, chart)
    else:
        _lines(drawn, chart)
    drawn.update_layout(
        title={
            "text": chart.title,
            "x": 0,
            "font": {"size": 16},
            "subtitle": {"text": "synthetic data" if synthetic else None},
        },
        template="plotly_white",
        yaxis={
            "title": chart.y_title,
            "rangemode": "tozero" if chart.kind == "intervals" else "normal",
            "separatethousands": True,
        },
        xaxis={"title": chart.x_title, "separatethousands": True, "automargin": True},
        # At the foot of the whole picture: Plotly then keeps its rows clear of the axis and its title.
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        margin={"l": 60, "r": 16, "t": 72 if synthetic else 48, "b": 40},
        height=400,
    )
    return drawn


def _intervals(drawn: go.Figure, chart: Chart) -> None:
    categories = list(dict.fromkeys(str(x) for series in chart.series for x in series.x))
    count = len(chart.series)
    for number, series in enumerate(chart.series):
        # Side by side, so that intervals of one category do not cover one another.
        shift = SPREAD * ((number + 0.5) / count - 0.5)
        drawn.add_scatter(
            x=[categories.index(str(x)) + shift for x in series.x],
            y=series.y,
            error_y=_error(series),
            mode="markers",
            name=series.name,
            marker={"color": _colour(number), "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 10},
            customdata=[str(x) for x in series.x],
            hovertemplate="%{customdata}: %{y:,.2f}<extra>" + series.name + "</extra>",
        )
    room = ACROSS // max(len(categories), 1)
    lines = [textwrap.wrap(category, max(room, 9), break_long_words=False) for category in categories]
    # Plotly leaves out names that it thinks too wide, unless told how they lie.
    level = all(len(line) <= room for name in lines for line in name)
    drawn.update_xaxes(
        tickvals=list(range(len(categories))),
        ticktext=["<br>".join(map(escape, name)) for name in lines],
        tickangle=0 if level else None,
        range=[-0.5, len(categories) - 0.5],
        showgrid=False,
        zeroline=False,
    )


def _error(series: Series) -> dict[str, object] | None:
    if not series.low:
        return None
    up, down = [], []
    for y, low, high in zip(series.y, series.low, series.high, strict=True):
        known = y is not None and low is not None and high is not None
        up.append(high - y if known else None)  # type: ignore[operator]
        down.append(y - low if known else None)  # type: ignore[operator]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 5}


def _lines(drawn: go.Figure, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        colour = _colour(number)
        if series.low:
            drawn.add_scatter(
                x=[*series.x, *reversed(series.x)],
                y=[*series.high, *reversed(series.low)],
                mode="lines",  # Plotly would put markers on the edge of a short one
                fill="toself",
                fillcolor=colour.replace("rgb(", "rgba(").replace(")", ", 0.15)"),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        drawn.add_scatter(
            x=series.x,
            y=series.y,
            mode="lines+markers",
            name=series.name,
            line={"color": colour, "dash": DASHES[number % len(DASHES)]},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
        )


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]
