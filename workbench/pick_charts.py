"""Charts of a pick: a score taken apart, and scores before and after a change. Data in, Plotly figure out.

No colour stands alone: sign and kind show by pattern, by the side a bar goes to, and by its figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

Kind = Literal["base", "up", "down", "bonus", "score"]
MOST = 8
SMALLEST = 0.0005  # a smaller attribution reads 0.000
UP, DOWN, BONUS, TOTAL, INK, QUIET = "#1f6aa5", "#b5541c", "#6f4ba0", "#14211f", "#14211f", "#4b5c59"
PATTERNS: Mapping[Kind, tuple[str, str]] = {"up": (UP, ""), "down": (DOWN, "/"), "bonus": (BONUS, ".")}
NAMES: Mapping[Kind, str] = {"up": "adds", "down": "takes away", "bonus": "for trying it out"}
CONFIG = {"displayModeBar": False, "scrollZoom": False}
WIDEST_LABEL = 40
BASE, BONUS_LABEL, SCORE = "Average person", "For trying it out", "Score"


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a score taken apart.

    Attributes:
        start: where the bar begins; 0 for base and score, which stand for themselves.
        amount: what it adds; the value itself for base and score.
    """

    label: str
    kind: Kind
    start: float
    amount: float

    @property
    def end(self) -> float:
        """Where the bar ends."""
        return self.start + self.amount


def bars(
    base: float,
    attributions: Mapping[str, float],
    bonus: float,
    *,
    names: Mapping[str, str],
    most: int = MOST,
) -> list[Bar]:
    """A score taken apart: base, the largest attributions, the others together, the bonus, the score.

    Each bar begins where the one before it ends, so that base, bars and bonus add up to the score.

    Args:
        attributions: by key; those that read 0.000 are counted among the others.
        names: label of each key.
        most: how many attributions have a bar of their own.
    """
    order = sorted(
        (key for key, amount in attributions.items() if abs(amount) >= SMALLEST),
        key=lambda key: -abs(attributions[key]),
    )
    shown = order[:most]
    others = [key for key in attributions if key not in shown]
    found, at = [Bar(BASE, "base", 0.0, base)], base
    for key in shown:
        found.append(Bar(names[key], _sign(attributions[key]), at, attributions[key]))
        at += attributions[key]
    if others:
        rest = sum(attributions[key] for key in others)
        label = names[others[0]] if len(others) == 1 else f"{len(others)} others together"
        found.append(Bar(label, _sign(rest), at, rest))
        at += rest
    found.append(Bar(BONUS_LABEL, "bonus", at, bonus))
    found.append(Bar(SCORE, "score", 0.0, at + bonus))
    return found


def waterfall(rows: Sequence[Bar]) -> go.Figure:
    """The bars, one under another, with base and score as lines across them."""
    figure = go.Figure()
    for kind, (colour, pattern) in PATTERNS.items():
        chosen = [(place, row) for place, row in enumerate(rows) if row.kind == kind]
        if not chosen:
            continue
        figure.add_bar(
            orientation="h",
            name=NAMES[kind],
            y=[place for place, _ in chosen],
            x=[row.amount for _, row in chosen],
            base=[row.start for _, row in chosen],
            text=[signed(row.amount) for _, row in chosen],
            textposition="outside",
            cliponaxis=False,
            marker=_marker(colour, pattern),
            hovertext=[f"{row.label}: {signed(row.amount)}" for _, row in chosen],
            hoverinfo="text",
        )
    totals = [(place, row) for place, row in enumerate(rows) if row.kind in ("base", "score")]
    figure.add_scatter(
        mode="markers+text",
        name="average and score",
        x=[row.amount for _, row in totals],
        y=[place for place, _ in totals],
        text=[f"<b>{number(row.amount)}</b>" for _, row in totals],
        textposition="middle right",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 12, "color": TOTAL},
        hovertext=[f"{row.label}: {number(row.amount)}" for _, row in totals],
        hoverinfo="text",
    )
    for place, row in enumerate(rows[:-1]):
        figure.add_shape(
            type="line", x0=row.end, x1=row.end, y0=place, y1=place + 1, line={"color": "#9fb0ad", "width": 1}
        )
    ends = [
        end
        for row in rows
        for end in ((row.amount,) if row.kind in ("base", "score") else (row.start, row.end))
    ]
    low, high = min(ends), max(ends)
    room = 0.16 * max(high - low, 0.02)
    figure.update_layout(**_layout(70 + 30 * len(rows)), showlegend=True)
    figure.update_xaxes(range=[low - room, high + room], title="score", **GRID)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[_short(row.label) for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
        automargin=True,
        ticklabelstandoff=6,
        tickfont={"color": INK},
    )
    return figure


def waterfall_in_words(arm: str, rows: Sequence[Bar]) -> str:
    """What the bars show, for a screen reader."""
    middle = [f"{row.label} {signed(row.amount)}" for row in rows if row.kind in ("up", "down", "bonus")]
    return (
        f"How the score of {arm} comes about: {rows[0].label} {number(rows[0].amount)}; {'; '.join(middle)}; "
        f"{rows[-1].label} {number(rows[-1].amount)}."
    )


def comparison(
    now: Mapping[str, float], after: Mapping[str, float] | None, *, names: Mapping[str, str]
) -> go.Figure:
    """Scores of the arms as small bars: now, and with a change where there is one.

    Args:
        now, after: score by arm; ``after`` None for no change.
        names: label of each arm.
    """
    figure = go.Figure()
    arms = list(now)
    for name, scores, colour, pattern in (
        ("now", now, QUIET, "/" if after is not None else ""),
        ("with the change", after, UP, ""),
    ):
        if scores is None:
            continue
        figure.add_bar(
            orientation="h",
            name=name,
            y=[names[arm] for arm in arms],
            x=[scores[arm] for arm in arms],
            text=[number(scores[arm]) for arm in arms],
            textposition="outside",
            cliponaxis=False,
            marker=_marker(colour, pattern),
            hovertemplate="%{y}, " + name + ": %{x:.3f}<extra></extra>",
        )
    ends = [0.0, *now.values(), *(after or {}).values()]
    room = 0.15 * max(max(ends) - min(ends), 0.02)
    figure.update_layout(
        **_layout(90 + 34 * len(arms) * (1 if after is None else 2)),
        barmode="group",
        showlegend=after is not None,
    )
    figure.update_xaxes(
        range=[min(ends) - (room if min(ends) < 0 else 0), max(ends) + room], title="score", **GRID
    )
    # The first arm on top, and of an arm the state now over the changed one.
    figure.update_yaxes(autorange="reversed", automargin=True, ticklabelstandoff=6, tickfont={"color": INK})
    return figure


def comparison_in_words(
    now: Mapping[str, float], after: Mapping[str, float] | None, *, names: Mapping[str, str]
) -> str:
    """What the small bars show, for a screen reader."""
    if after is None:
        return "Scores now: " + ", ".join(f"{names[arm]} {number(now[arm])}" for arm in now) + "."
    said = (f"{names[arm]} {number(now[arm])} now, {number(after[arm])} with the change" for arm in now)
    return "Scores: " + "; ".join(said) + "."


def number(value: float) -> str:
    """A score with three decimals and a true minus."""
    return f"{value:.3f}".replace("-0.000", "0.000").replace("-", "\u2212")


def signed(value: float) -> str:
    """What something adds, with its sign."""
    return f"{value:+.3f}".replace("+0.000", "0.000").replace("-0.000", "0.000").replace("-", "\u2212")


GRID: dict[str, Any] = {
    "gridcolor": "#e6ecec",
    "zeroline": False,
    "tickfont": {"color": QUIET},
    "automargin": True,
}


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 8, "r": 24, "t": 36, "b": 8},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "bargap": 0.3,
        "plot_bgcolor": "#ffffff",
        "font": {"size": 13, "color": INK},
    }


def _marker(colour: str, pattern: str) -> dict[str, Any]:
    return {
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
    }


def _sign(amount: float) -> Kind:
    return "down" if amount < 0 else "up"


def _short(label: str) -> str:
    cut = label if len(label) <= WIDEST_LABEL else label[: WIDEST_LABEL - 1].rstrip(" ,") + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;")
