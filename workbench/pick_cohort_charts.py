"""Charts of a cohort's picks: data in, Plotly figure out, and the same in words for a screen reader.

No colour stands alone: arms differ in shape, and an interval that tells nothing is an open mark.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from core.services.picks.views import Estimate, Gap, Importance, Rehearsal
from workbench.cells import NOTHING, shown
from workbench.charts import PALETTE, SYMBOLS

INK, QUIET, GRID_COLOUR = "#14211f", "#4b5c59", "#e6ecec"
BAND = "rgba(75, 92, 89, 0.22)"
ROW_HEIGHT, ROOM, SPREAD = 34, 96, 0.27  # pixels a row, pixels around the rows, share of a row between arms
CONFIG = {"displayModeBar": False, "scrollZoom": False}
LAYOUT: dict[str, Any] = {
    "margin": {"l": 8, "r": 16, "t": 40, "b": 8},
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    "plot_bgcolor": "#ffffff",
    "font": {"size": 13, "color": INK},
    "hovermode": "closest",
    "barmode": "overlay",
}
AXIS = {"gridcolor": GRID_COLOUR, "zeroline": False, "automargin": True, "tickfont": {"color": QUIET}}


def importance(found: Importance, labels: Mapping[str, str]) -> go.Figure:
    """Mean size of each attribute's attributions by arm, largest on top, over the band that chance alone gives."""
    drawn = go.Figure()
    rows = len(found.keys)
    for number, (arm, values) in enumerate(found.values.items()):
        places = [row + SPREAD * (number - (len(found.values) - 1) / 2) for row in range(rows)]
        drawn.add_bar(
            x=list(found.null_high[arm]),
            y=places,
            orientation="h",
            width=SPREAD * 0.9,
            name="what chance alone gives (95 %)",
            legendgroup="chance",
            showlegend=number == 0,
            marker={"color": BAND, "line": {"width": 0}},
            hoverinfo="skip",
        )
        drawn.add_scatter(
            x=list(values),
            y=places,
            mode="markers",
            name=arm,
            marker={
                "color": PALETTE[number],
                "symbol": [
                    SYMBOLS[number] if out else f"{SYMBOLS[number]}-open"
                    for out in outside(values, found.null_high[arm])
                ],
                "size": 10,
                "line": {"width": 2, "color": PALETTE[number]},
            },
            customdata=[
                [labels.get(key, key), high]
                for key, high in zip(found.keys, found.null_high[arm], strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{x:.3f}; chance gives up to %{customdata[1]:.3f}<extra>"
            + arm
            + "</extra>",
        )
    drawn.update_layout(**LAYOUT, height=ROOM + ROW_HEIGHT * rows)
    drawn.update_xaxes(title="mean size of the attribution", rangemode="tozero", **AXIS)
    drawn.update_yaxes(**_named([labels.get(key, key) for key in found.keys]))
    return drawn


def outside(values: Sequence[float], limits: Sequence[float]) -> list[bool]:
    """Which values are larger than chance alone gives."""
    return [value > limit for value, limit in zip(values, limits, strict=True)]


def standing_out(found: Importance) -> list[str]:
    """Attributes of which some arm's value lies above its band, in the order of the chart."""
    above = [outside(values, found.null_high[arm]) for arm, values in found.values.items()]
    return [key for key, arms in zip(found.keys, zip(*above, strict=True), strict=True) if any(arms)]


def importance_in_words(found: Importance, labels: Mapping[str, str]) -> str:
    """Which attributes stand out from chance, as a sentence."""
    names = [labels.get(key, key) for key in standing_out(found)]
    if not names:
        return "No attribute stands out from what chance alone would give."
    if len(names) == len(found.keys):
        return "Every attribute stands out from what chance alone would give."
    return f"Only {joined(names)} {'stands' if len(names) == 1 else 'stand'} out from what chance alone would give."


def joined(names: Sequence[str]) -> str:
    """Names in a sentence: “Age, Sex and Intensity”."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def gaps(shown_gaps: Sequence[Gap], paper: Mapping[str, float]) -> go.Figure:
    """Each difference between groups with its interval, over what shuffled groups give; the paper's beside it."""
    drawn = go.Figure()
    rows = list(range(len(shown_gaps)))
    drawn.add_bar(
        x=[gap.null_high for gap in shown_gaps],
        y=rows,
        orientation="h",
        width=0.6,
        name="what shuffled groups give (95 %)",
        marker={"color": BAND, "line": {"width": 0}},
        hovertemplate="shuffled groups: up to %{x:.2f}<extra></extra>",
    )
    drawn.add_scatter(
        x=[gap.null_mean for gap in shown_gaps],
        y=rows,
        mode="markers",
        name="their mean",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": QUIET}},
        hovertemplate="shuffled groups: %{x:.2f} on average<extra></extra>",
    )
    drawn.add_scatter(
        x=[gap.difference for gap in shown_gaps],
        y=rows,
        error_x=_error([(gap.difference, gap.low, gap.high) for gap in shown_gaps]),
        mode="markers",
        name="this cohort, with its 95 % interval",
        marker={"color": PALETTE[0], "symbol": "circle", "size": 11},
        hovertemplate="difference %{x:.2f}<extra></extra>",
    )
    beside = [(paper[gap.attribute], row) for row, gap in enumerate(shown_gaps) if gap.attribute in paper]
    drawn.add_scatter(
        x=[value for value, _ in beside],
        y=[row for _, row in beside],
        mode="markers",
        name="the paper’s figure",
        marker={"color": PALETTE[2], "symbol": "diamond-open", "size": 11, "line": {"width": 2}},
        hovertemplate="paper %{x:.2f}<extra></extra>",
    )
    drawn.update_layout(**LAYOUT, height=ROOM + 30 + 60 * len(shown_gaps))
    drawn.update_layout(margin={**LAYOUT["margin"], "t": 64})
    ends = [max(gap.high, gap.null_high, gap.difference, paper.get(gap.attribute, 0.0)) for gap in shown_gaps]
    # A little room under 0, so that no mark is cut in half.
    drawn.update_xaxes(
        title="largest rate less smallest", range=[-0.02 * max(ends), 1.05 * max(ends)], **AXIS
    )
    drawn.update_yaxes(**_named([gap.attribute.capitalize() for gap in shown_gaps]))
    return drawn


def gaps_in_words(shown_gaps: Sequence[Gap]) -> str:
    """The differences with their intervals and what chance gives, as sentences."""
    return " ".join(
        f"{gap.attribute.capitalize()}: difference {shown(round(gap.difference, 2))}, 95 % interval "
        f"{shown(round(gap.low, 2))} to {shown(round(gap.high, 2))}; shuffled groups give up to "
        f"{shown(round(gap.null_high, 2))}."
        for gap in shown_gaps
    )


def differences(rehearsal: Rehearsal) -> go.Figure:
    """What a setting would have earned a pick more or less than the picks made, by each estimate."""
    drawn = go.Figure()
    known = rehearsal.estimates
    for name, wanted, symbol in (
        ("interval clear of 0", True, "circle"),
        ("cannot be told from no difference", False, "circle-open"),
    ):
        rows = [
            row
            for row, each in enumerate(known)
            if known_of(each) and tells(each.difference_low, each.difference_high) is wanted
        ]
        drawn.add_scatter(
            x=[known[row].difference for row in rows],
            y=rows,
            error_x=_error(
                [
                    (known[row].difference, known[row].difference_low, known[row].difference_high)
                    for row in rows
                ]
            ),
            mode="markers",
            name=name,
            showlegend=bool(rows),
            marker={
                "color": PALETTE[0],
                "symbol": symbol,
                "size": 11,
                "line": {"width": 2, "color": PALETTE[0]},
            },
            hovertemplate="%{x:+.3f}<extra></extra>",
        )
    drawn.add_vline(x=0, line={"color": INK, "width": 1, "dash": "dash"})
    drawn.update_layout(**LAYOUT, height=ROOM + 44 * len(known))
    # Nought is always in the picture, so that a difference is seen against it.
    told = [each for each in known if known_of(each)]
    ends = [0.0, *(each.difference_low for each in told), *(each.difference_high for each in told)]
    room = 0.06 * (max(ends) - min(ends) or 1)
    drawn.update_xaxes(
        title="mean reward a pick: this setting less the picks that were made",
        range=[min(ends) - room, max(ends) + room],
        **AXIS,
    )
    drawn.update_yaxes(**_named([each.name for each in known]))
    return drawn


def known_of(estimate: Estimate) -> bool:
    """Whether an estimate could be made, interval and all."""
    return all(map(math.isfinite, (estimate.difference, estimate.difference_low, estimate.difference_high)))


def tells(low: float, high: float) -> bool:
    """Whether an interval leaves no difference out."""
    return low > 0 or high < 0


def differences_in_words(rehearsal: Rehearsal) -> str:
    """The estimates as sentences."""
    return " ".join(
        f"{each.name}: {signed(each.difference)}, 95 % interval {signed(each.difference_low)} to "
        f"{signed(each.difference_high)}."
        if known_of(each)
        else f"{each.name}: cannot be told."
        for each in rehearsal.estimates
    )


def signed(value: float) -> str:
    """A difference with its sign: ``+0.012``, ``−0.100``."""
    return f"{value:+.3f}".replace("-", "−") if math.isfinite(value) else NOTHING


def _named(names: Sequence[str]) -> dict[str, Any]:
    """A vertical axis of names, the first on top."""
    return {
        **AXIS,
        "tickvals": list(range(len(names))),
        "ticktext": [escape(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
    }


def _error(intervals: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """Error bars from (value, low, high)."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in intervals],
        "arrayminus": [value - low for value, low, _ in intervals],
        "thickness": 2,
        "width": 6,
        "color": PALETTE[0],
    }
