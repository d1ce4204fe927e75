"""Dates of several kinds: finding out which one a column holds, and reading it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

YEARS = range(1900, 2101)


class DateOrder(StrEnum):
    """How a column of dates is to be read."""

    ISO = "iso"
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    UNIX = "unix"


IN_WORDS = {
    DateOrder.ISO: "year-month-day (ISO 8601)",
    DateOrder.DAY_FIRST: "day, month, year",
    DateOrder.MONTH_FIRST: "month, day, year",
    DateOrder.UNIX: "seconds since 1970 (Unix time)",
}

_TIME = (
    r"(?:(?:[T,]|\s)\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(Z|z|UTC|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}{_ZONE}")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/.])\s?([0-9]{{1,2}})\2\s?([0-9]{{4}}){_TIME}{_ZONE}")
_UNIX = re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,6})?|[0-9]{12,13}")


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of dates is read.

    Attributes:
        order: None where the day and the month cannot be told apart.
        by_convention: read as day first only because dots are written so.
    """

    order: DateOrder | None
    by_convention: bool = False


def detect(values: Iterable[str]) -> Column:
    """Which kind of date a whole column holds.

    The commonest kind wins. Numbers above 12 tell the day from the month; without one, dates with
    dots are read day first and all others stay open.
    """
    counts = dict.fromkeys(DateOrder, 0)
    year_last = dotted = either = 0
    for value in values:
        if len(value) >= 8 and value[4] == "-" and value[:4].isdigit():
            counts[DateOrder.ISO] += 1
        elif found := _YEAR_LAST.fullmatch(value):
            first, second = int(found[1]), int(found[3])
            year_last += 1
            dotted += found[2] == "."
            counts[DateOrder.DAY_FIRST] += first > 12 >= second
            counts[DateOrder.MONTH_FIRST] += second > 12 >= first
            either += first != second
        elif _UNIX.fullmatch(value):
            counts[DateOrder.UNIX] += 1
        elif _YEAR_FIRST.fullmatch(value):
            counts[DateOrder.ISO] += 1
    if year_last <= max(counts[DateOrder.ISO], counts[DateOrder.UNIX]):
        return Column(DateOrder.UNIX if counts[DateOrder.UNIX] > counts[DateOrder.ISO] else DateOrder.ISO)
    day, month = counts[DateOrder.DAY_FIRST], counts[DateOrder.MONTH_FIRST]
    if day != month:
        return Column(DateOrder.DAY_FIRST if day > month else DateOrder.MONTH_FIRST)
    if not either:
        return Column(DateOrder.DAY_FIRST)
    if day == 0 and dotted == year_last:
        return Column(DateOrder.DAY_FIRST, by_convention=True)
    return Column(None)


def either_way(value: str) -> bool:
    """Whether a date can be read with the day or with the month first, as two different days."""
    found = _YEAR_LAST.fullmatch(value)
    return bool(found and found[1] != found[3] and int(found[1]) <= 12 and int(found[3]) <= 12)


def parse(value: str, order: DateOrder) -> datetime:
    """The moment; without a zone where the text names none.

    Raises:
        ValueError: with the reason, for a person.
    """
    moment = _parse(value, order)
    if moment.year not in YEARS:
        raise ValueError(f"the year is outside {YEARS[0]} to {YEARS[-1]}")
    return moment


def parse_day(value: str, order: DateOrder) -> date:
    """The day; a time of day is allowed where it is midnight and has no zone.

    Raises:
        ValueError: with the reason, for a person.
    """
    moment = parse(value, order)
    if order is not DateOrder.UNIX and (moment.tzinfo is not None or moment.time() != datetime.min.time()):
        raise ValueError("names a time of day; a day is expected")
    return moment.date()


def has_time(value: str) -> bool:
    """Whether a date that can be read names a time of day."""
    return ":" in value or value.isdigit()


def text(moment: datetime) -> str:
    """A moment as the store keeps it: UTC, to the millisecond, sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _parse(value: str, order: DateOrder) -> datetime:
    if order is DateOrder.UNIX:
        if not _UNIX.fullmatch(value):
            raise ValueError("is not a time in seconds since 1970, as the rest of the column is")
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC)
    if order is DateOrder.ISO:
        # The usual form first, for speed; the pattern takes its neighbours (2024/1/5, 2024-01-05 7:30 PM).
        if len(value) in (10, 16, 19, 20) and value[4] == "-" and (len(value) == 10 or value[10] in "T "):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        if found := _YEAR_FIRST.fullmatch(value):
            return _moment(found[1], found[3], found[4], *found.groups()[4:])
        raise ValueError("is not a date such as 2026-01-31 or 2026-01-31 07:30")
    example = "31.1.2026 07:30" if order is DateOrder.DAY_FIRST else "1/31/2026 07:30"
    found = _YEAR_LAST.fullmatch(value)
    if not found:
        raise ValueError(f"is not a date such as {example} (with four digits for the year)")
    day, month = (found[1], found[3]) if order is DateOrder.DAY_FIRST else (found[3], found[1])
    return _moment(found[4], month, day, *found.groups()[4:])


def _moment(
    year: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
    half: str | None,
    zone: str | None,
) -> datetime:
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("names an hour that a 12-hour clock does not have")
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    if not 1 <= int(month) <= 12:
        raise ValueError(f"names month {int(month)}; the months are 1 to 12")
    try:
        moment = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        raise ValueError("is no day or time that exists") from None
    if fraction:
        moment = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    if not zone:
        return moment
    return moment.replace(tzinfo=_offset(zone))


def _offset(zone: str) -> timezone:
    if zone in ("Z", "z", "UTC"):
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise ValueError("names an offset from UTC that no place has")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)
