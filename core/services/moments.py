"""Moments as the store writes them, and the same moments on a client's own clock."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The time on this machine's clock, in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A moment as the store keeps it: UTC, ISO 8601 with milliseconds; sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    """The moment that a stored text says."""
    return datetime.fromisoformat(text)


def today(zone: str, at: datetime) -> date:
    """The date in a time zone at a moment."""
    return at.astimezone(ZoneInfo(zone)).date()


def at_local(day: date, clock: time, zone: str) -> datetime:
    """When a clock in a time zone shows a time on a day, in UTC.

    A time that the clock skips when summer time begins counts as if it had not; of two equal times when summer time
    ends it is the first.
    """
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)
