"""Step counts as a client's phone reports them: late, twice, out of order and corrected."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.errors import Conflict, InputError
from core.services import Store
from core.services.moments import read, stamp, today
from core.services.phones import ACTOR
from core.store import people, step_reports

MOST_REPORTS = 100
MOST_STEPS = 200_000
OLDEST_DAYS = 60
CLOCK_AHEAD = timedelta(minutes=10)
"""How far a phone's clock may be ahead: a count from further in the future would win over all that follow."""
EARLIEST_ZONE = timedelta(hours=14)
"""A day begins first at UTC+14; no count of it was measured before."""
LONGEST_KEY = 100
FIELDS = ("day", "steps", "measured_at", "report_key")


@dataclass(frozen=True, slots=True)
class Report:
    """One count: the day, the steps so far on it, when that was measured, and the report's own key."""

    day: str
    steps: int
    measured_at: str
    key: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of reports: how many were new and how many known, and the count each of their days has now."""

    taken: int
    known: int
    days: dict[str, int | None]


def take(store: Store, client_id: int, given: object, now: datetime) -> Taken:
    """Take one report or a list of them, all or none.

    A report is ``{"day", "steps", "measured_at"}`` with an optional ``report_key``; without one its content is its
    key. A report whose key is known with the same content changes nothing. For each day the report measured last
    counts, in whatever order they arrive; every report is kept.

    Args:
        given: what came as JSON.

    Raises:
        InputError: if one of the reports cannot be taken; it says which and why.
        Conflict: if a key is known with another content.
        NotFound: if there is no such client.
    """
    many = given if isinstance(given, list) else [given]
    if not 1 <= len(many) <= MOST_REPORTS:
        raise InputError(f"1 to {MOST_REPORTS} reports are taken at once; these are {len(many):,}.")
    client = people.client(store.db, client_id)
    reports = [
        _report(item, f"reports[{place}]: " if isinstance(given, list) else "", client["time_zone"], now)
        for place, item in enumerate(many)
    ]
    with store.transaction() as db:
        fresh = _fresh(reports, step_reports.known(db, client_id, [report.key for report in reports]))
        days = sorted({report.day for report in reports})
        if fresh:
            with store.change("report steps", by=ACTOR, subject=f"client {client_id}") as change:
                change.detail |= {"reports": len(fresh), "days": ", ".join(sorted({r.day for r in fresh}))}
                for report in fresh:
                    step_reports.add(
                        db,
                        client_id,
                        day=report.day,
                        steps=report.steps,
                        measured_at=report.measured_at,
                        received_at=stamp(now),
                        key=report.key,
                    )
        counts = {day: step_reports.settle(db, client_id, day) for day in days}
    return Taken(len(fresh), len(reports) - len(fresh), counts)


def _fresh(reports: Sequence[Report], known: Mapping[str, dict[str, Any]]) -> list[Report]:
    seen = {key: Report(row["day"], row["steps"], row["measured_at"], key) for key, row in known.items()}
    fresh = []
    for report in reports:
        before = seen.setdefault(report.key, report)
        if before != report:
            raise Conflict(
                f"The report key {report.key!r} was used for another count: {before.steps} steps on {before.day}, "
                f"measured {before.measured_at}. Give a corrected count a new key, or none. Nothing was taken."
            )
        if before is report:
            fresh.append(report)
    return fresh


def _report(item: object, where: str, zone: str, now: datetime) -> Report:
    if not isinstance(item, dict):
        raise InputError(f"{where}a report is an object with day, steps and measured_at.")
    if unknown := sorted(str(name)[:40] for name in item if name not in FIELDS):
        raise InputError(
            f"{where}{unknown[0]!a} is no field of a report; the fields are {', '.join(FIELDS)}."
        )
    day = _day(item.get("day"), where, zone, now)
    count = item.get("steps")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_STEPS:
        raise InputError(f"{where}steps is a whole number from 0 to {MOST_STEPS:,}.")
    measured = _measured(item.get("measured_at"), where, day, now)
    key = item.get("report_key")
    if key is None:
        content = f"{day}|{count}|{measured}"
        key = f"content {hashlib.sha256(content.encode()).hexdigest()[:32]}"
    elif not isinstance(key, str) or not (
        1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
    ):
        raise InputError(f"{where}report_key is 1 to {LONGEST_KEY} printable ASCII characters.")
    return Report(str(day), count, measured, key)


def _day(given: object, where: str, zone: str, now: datetime) -> date:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) else None
        if day is None or str(day) != given:  # Python also reads weeks and other forms
            raise ValueError
    except ValueError:
        raise InputError(f"{where}day is a date like 2026-01-31.") from None
    current = today(zone, now)
    if day > current:
        raise InputError(
            f"{where}{day} lies in the future: in the client's time zone, {zone}, it is {current}."
        )
    if (current - day).days > OLDEST_DAYS:
        raise InputError(
            f"{where}{day} is more than {OLDEST_DAYS} days ago. The trainer can import older counts from a file."
        )
    return day


def _measured(given: object, where: str, day: date, now: datetime) -> str:
    try:
        at = read(given) if isinstance(given, str) and "T" in given else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InputError(
            f"{where}measured_at is a time with its offset from UTC, like 2026-01-31T18:04:00+01:00."
        )
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - EARLIEST_ZONE
    if at > now + CLOCK_AHEAD:
        raise InputError(f"{where}measured_at lies in the future; it is {stamp(now)}. Set the phone's clock.")
    if at < begins:
        raise InputError(f"{where}measured_at lies before {day} began anywhere on Earth.")
    return stamp(at)
