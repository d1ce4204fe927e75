"""The phone page's two drawings as SVG: numbers in, text out. No colour stands alone: shape says the same."""

from collections.abc import Sequence
from html import escape
from math import pi

from core.services.days import Day
from workbench.cells import percent

RADIUS = 84
WIDTH, HEIGHT, TOP, FLOOR = 343, 232, 24, 172
BAR = 30
LABEL = 24
COUNT_SIZE = {1: 44, 2: 44, 3: 44, 4: 42, 5: 36, 6: 30}
"""Type size of the count in the ring, by its number of digits."""
TICK, CROSS = "m-7 0 5 5 9-10", "m-5-5 10 10m0-10-10 10"
PATTERNS = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatching" width="7" height="7"/><path d="M0 0v7"/></pattern>'
    '<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect class="dotting" width="6" height="6"/><circle cx="3" cy="3" r="1.1"/></pattern></defs>'
)


def ring(day: Day) -> str:
    """Steps so far as a part of the goal, drawn as a ring that closes when the goal is met; a goal must be set."""
    goal, steps = day.goal or 0, day.steps or 0
    around = 2 * pi * RADIUS
    share = 1.0 if day.met else min(0.99, steps / max(1, goal))
    said = f"{steps:,} of {goal:,} steps so far today: {'goal met' if day.met else percent(share)}"
    # A round cap would show a dot where there is nothing yet.
    arc = (
        f'<circle class="done" cx="100" cy="100" r="{RADIUS}" transform="rotate(-90 100 100)"'
        f' stroke-dasharray="{share * around:.1f} {around:.1f}"/>'
        if share > 0
        else ""
    )
    tick = '<path class="tick" d="m86 52 10 10 18-20"/>' if day.met else ""
    return (
        f'<svg class="ring{" met" if day.met else ""}" viewBox="0 0 200 200" role="img" aria-label="{escape(said)}">'
        f'<circle class="track" cx="100" cy="100" r="{RADIUS}"/>{arc}{tick}'
        f'<text class="count" x="100" y="112" font-size="{COUNT_SIZE.get(len(str(steps)), 24)}">{steps:,}</text>'
        f'<text class="of" x="100" y="137">of {goal:,} steps</text></svg>'
    )


def week(days: Sequence[Day]) -> str:
    """Days as bars, the goal as a line on each: met is full with a tick, missed hatched with a cross."""
    top = max([1, *(value for day in days for value in (day.steps, day.goal) if value is not None)])
    return (
        f'<svg class="week" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">{PATTERNS}'
        f'<path class="floor" d="M0 {FLOOR}H{WIDTH}"/>'
        + "".join(_bar(day, (place + 0.5) * WIDTH / len(days), top) for place, day in enumerate(days))
        + "</svg>"
    )


def legend() -> str:
    """What the bars mean, one sign each."""
    signs = (
        ("met", "goal met"),
        ("missed", "goal missed"),
        ("free", "no goal"),
        ("", "goal"),
    )
    return f'<ul class="legend" aria-hidden="true">{"".join(_sign(*sign) for sign in signs)}</ul>'


def _sign(kind: str, words: str) -> str:
    drawn = (
        f'<rect class="bar {kind}" x="2" y="2" width="14" height="14" rx="3"/>'
        if kind
        else '<path class="goal" d="M0 9h18"/>'
    )
    return f'<li><svg viewBox="0 0 18 18" focusable="false">{drawn}</svg>{words}</li>'


def _bar(day: Day, middle: float, top: int) -> str:
    def height(value: int) -> float:
        return FLOOR - value / top * (FLOOR - TOP)

    kind = {True: "met", False: "missed", None: "free"}[day.met]
    parts = [f'<text class="weekday" x="{middle:.1f}" y="{FLOOR + 18}">{day.day:%a}</text>']
    parts.append(f'<text class="quiet" x="{middle:.1f}" y="{FLOOR + 34}">{day.day.day}</text>')
    if day.steps is not None:
        y = height(day.steps)
        parts.append(
            f'<rect class="bar {kind}" x="{middle - BAR / 2:.1f}" y="{y:.1f}" width="{BAR}"'
            f' height="{max(1.0, FLOOR - y):.1f}" rx="3"/>'
        )
    else:
        parts.append(f'<text class="quiet" x="{middle:.1f}" y="{FLOOR - 6}">–</text>')
    if day.goal is not None:
        line = f"M{middle - 20:.1f} {height(day.goal):.1f}h40"
        parts.append(f'<path class="halo" d="{line}"/><path class="goal" d="{line}"/>')
    if day.steps is not None:
        y = height(day.steps)
        if day.goal is not None and 0 <= y - height(day.goal) < LABEL:
            y = height(day.goal)  # the goal's line would go through the number
        parts.append(f'<text x="{middle:.1f}" y="{y - 7:.1f}">{_short(day.steps)}</text>')
    if day.met is not None:
        parts.append(
            f'<path class="mark {kind}" d="M{middle:.1f} {FLOOR + 48}{TICK if day.met else CROSS}"/>'
        )
    return "".join(parts)


def _short(steps: int) -> str:
    return f"{steps:,}" if steps < 100_000 else f"{steps / 1000:,.0f}k"
