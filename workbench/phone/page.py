"""The phone page as HTML that needs no script and asks nobody for anything."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from core.services import phones
from core.services.days import Day
from core.services.phones import Screen
from workbench.cells import moment
from workbench.phone import drawings

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; img-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
EMERGENCY = "Your trainer reads this later, not at once. In an emergency, call your local emergency number."
ICONS = {
    "Today": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 3"/>',
    "Week": '<path d="M5 20v-8m7 8V4m7 16v-6"/>',
    "Message": '<path d="M4 5h16v11H9l-5 4z"/>',
}
NAVIGATION = (
    '<nav aria-label="Parts of this page"><ul>'
    + "".join(
        f'<li><a href="#{name.lower()}"><svg viewBox="0 0 24 24" aria-hidden="true">{drawn}</svg>{name}</a></li>'
        for name, drawn in ICONS.items()
    )
    + "</ul></nav>"
)


def client_page(
    screen: Screen,
    *,
    token: str,
    as_trainer: bool = False,
    sent: bool = False,
    error: str = "",
    text: str = "",
) -> str:
    """The page: today's goal and steps, the seven days before, and a message to the trainer.

    Args:
        as_trainer: the trainer looks at it; nothing can be sent.
        sent: say that the message has arrived.
        error: why ``text``, which stays in the form, was not taken.
    """
    notes = ""
    if as_trainer:
        notes += '<p class="note">This is what the client sees. Messages cannot be sent from this view.</p>'
    if screen.synthetic:
        notes += '<p class="note">An example with synthetic data: no real person.</p>'
    return _document(
        "Step goal",
        f"<header><h1>Hello {escape(screen.name)}</h1><p>{_date(screen.today)}</p>{notes}</header>"
        f"<main>{_today(screen.today)}{_week(screen.week)}"
        f"{_message(screen, as_trainer=as_trainer, sent=sent, error=error, text=text)}</main>{NAVIGATION}",
        head=f'<link rel="manifest" href="{escape(token)}/manifest.webmanifest">',
    )


def nothing_here(title: str, text: str) -> str:
    """The page for a link that opens nothing, or not now."""
    return _document(
        title,
        f'<main class="gone"><section><h1>{escape(title)}</h1><p>{escape(text)}</p></section></main>',
    )


def manifest(token: str) -> dict[str, Any]:
    """What lets a phone put the page on its home screen; every address is relative to the manifest's own."""
    return {
        "name": "Step goal",
        "short_name": "Steps",
        "start_url": f"../{token}",
        "scope": f"../{token}",
        "display": "standalone",
        "background_color": "#eef4f3",
        "theme_color": "#0f766e",
        "icons": [{"src": "../icon.svg", "type": "image/svg+xml", "sizes": "any"}],
    }


def _document(title: str, body: str, *, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
        '<meta name="theme-color" content="#0f766e"><meta name="format-detection" content="telephone=no">'
        '<meta name="mobile-web-app-capable" content="yes"><meta name="apple-mobile-web-app-title" content="Steps">'
        f'<link rel="icon" href="icon.svg" type="image/svg+xml">{head}'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _today(day: Day) -> str:
    if day.goal is None:
        count = (
            "No steps have arrived yet today."
            if day.steps is None
            else f"<strong>{day.steps:,}</strong> steps so far."
        )
        inside = (
            f'<p class="say">{count}<small>There is no goal for today yet. Your trainer sets it.</small></p>'
        )
    else:
        inside = drawings.ring(day) + _so_far(day, day.goal)
    return f'<section id="today" aria-labelledby="today-title"><h2 id="today-title">Today’s goal</h2>{inside}</section>'


def _so_far(day: Day, goal: int) -> str:
    if day.steps is None:
        return f'<p class="say">{goal:,} steps to go<small>No steps have arrived from your phone yet today.</small></p>'
    if day.met:
        beyond = f"{day.steps - goal:,} more than the goal" if day.steps > goal else "Exactly there"
        return f'<p class="say met">Goal met – well done!<small>{beyond}</small></p>'
    return f'<p class="say">{goal - day.steps:,} steps to go</p>'


def _week(days: Sequence[Day]) -> str:
    if all(day.steps is None for day in days):
        inside = "<p class='sum'>No steps from the last seven days yet. They appear here day by day.</p>"
    else:
        judged = [day.met for day in days if day.met is not None]
        if judged:
            words = f"Goal met on {sum(judged)} of {len(judged)} {'day' if len(judged) == 1 else 'days'}."
        elif all(day.goal is None for day in days):
            words = "No goal was set for these days."
        else:
            words = "None of these days has both a goal and a count."
        inside = f'<p class="sum">{words}</p>{drawings.week(days)}{drawings.legend()}{_table(days)}'
    return f'<section id="week" aria-labelledby="week-title"><h2 id="week-title">Last seven days</h2>{inside}</section>'


def _table(days: Sequence[Day]) -> str:
    """The same as the bars, for those who listen."""
    rows = "".join(
        f'<tr><th scope="row">{_date(day)}</th><td>{"no count" if day.steps is None else f"{day.steps:,}"}</td>'
        f"<td>{'no goal' if day.goal is None else f'{day.goal:,}'}</td>"
        f"<td>{ {True: 'met', False: 'missed', None: '–'}[day.met] }</td></tr>"
        for day in days
    )
    return (
        '<div class="unseen"><table><caption>Steps and goals of the last seven days</caption><thead><tr>'
        '<th scope="col">Day</th><th scope="col">Steps</th><th scope="col">Goal</th><th scope="col">Result</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _message(screen: Screen, *, as_trainer: bool, sent: bool, error: str, text: str) -> str:
    told = ""
    if sent:
        told = '<p class="told" role="status">Your message has arrived.</p>'
    if error:
        told = f'<p class="told error" role="alert">{escape(error)}</p>'
    # Without an action the form goes to the page's own address, whatever stands before it on a proxy.
    form = (
        '<form method="post"><label for="text">Message to your trainer</label>'
        f'<textarea id="text" name="text" required maxlength="{phones.LONGEST_MESSAGE}" rows="4"'
        f' aria-describedby="hint">\n{escape(text)}</textarea>'
        f'<button type="submit">Send</button><p class="hint" id="hint">{EMERGENCY}</p></form>'
    )
    own = "".join(
        f"<li><p>{escape(row['text'])}</p><small>{moment(row['at'], screen.time_zone)}"
        f"{' · read' if row['read_at'] else ' · not read yet'}</small></li>"
        for row in screen.sent
    )
    listed = f'<h3>Your last messages</h3><ul class="own">{own}</ul>' if own else ""
    return (
        '<section id="message" aria-labelledby="message-title"><h2 id="message-title">Your trainer</h2>'
        f"{told}{'' if as_trainer else form}{listed}</section>"
    )


def _date(day: Day) -> str:
    return f"{day.day:%A} {day.day.day} {day.day:%B}"
