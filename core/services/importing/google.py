"""Steps by the minute out of Google Takeout: Google Health's CSV files, and Fitbit's older JSON files.

``steps_2026-01-01.csv`` has ``timestamp,steps,data source``: a count from a moment in UTC on, and who counted; the
phone's copy of the tracker's steps stands beside them. ``steps-2026-01-01.json`` has ``dateTime`` as
``01/31/26 07:30:00``, without a zone, and ``value``: the tracker's own, by the wearer's clock. Where Fitbit gives
whole days, ``dateTime`` is ``2026-01-31``.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from core.errors import InputError
from core.services.importing import columns, dates, reading, values
from core.services.importing.dates import DateOrder
from core.services.importing.merging import DAY, Collector
from core.services.importing.report import Findings, Kind

MINUTE = 60
_WRITTEN = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")


def read_minutes(data: bytes, file: str, zone: tzinfo, collected: Collector, found: Findings) -> int:
    """Collect the counts of one CSV file and note what is wrong; returns the number of rows.

    Args:
        file: put before the names of columns in problems, where there are several files.
        zone: of the wearer; the days are those of this zone.

    Raises:
        InputError: if it is no table of steps.
    """
    text, encoding = reading.decode(data)
    table = reading.read_table(text, encoding)
    understood = columns.understand(table.header, Kind.STEPS)
    at_time, at_steps = understood.found["day"], understood.found["steps"]
    at_source = understood.found.get("source")
    for line, cells in zip(table.lines, table.rows, strict=True):
        written, count = cells[at_time].strip(), cells[at_steps].strip()
        if values.missing(count):
            continue
        before = found.problem_count
        moment = None
        try:
            moment = dates.parse(written, DateOrder.ISO)
        except ValueError as error:
            found.problem(line, file + understood.name("day"), written, str(error))
        if moment is not None and moment.tzinfo is None:
            found.problem(line, file + understood.name("day"), written, "has no offset from UTC, such as Z")
        steps = _steps(count, line, file + understood.name("steps"), found)
        if moment is None or found.problem_count > before:
            continue
        offset = moment.astimezone(zone).utcoffset()
        source = "" if at_source is None else cells[at_source].strip()
        seconds = int(offset.total_seconds()) if offset else 0
        collected.add(int(moment.timestamp()), MINUTE, seconds, source, steps)
    for line, cells_there in table.ragged:
        found.problem(line, file, "", f"The row has {cells_there} cells, the header {len(table.header)}")
    return len(table.rows) + len(table.ragged)


def read_fitbit(data: bytes, file: str, folder: str, collected: Collector, found: Findings) -> int:
    """Collect the counts of one JSON file and note what is wrong; returns the number of entries.

    Args:
        file: put before the names of fields in problems, where there are several files.
        folder: counts as the source: an archive can hold the same minutes in two folders.

    Raises:
        InputError: if it is no list of counts.
    """
    number = 0
    for number, entry in enumerate(_entries(data, file), start=1):
        before = found.problem_count
        written, count = str(entry.get("dateTime", "")), str(entry.get("value", ""))
        start, seconds = 0, MINUTE
        try:
            start, seconds = _written(written)
        except ValueError as error:
            found.problem(number, f"{file}dateTime", written, str(error))
        steps = _steps(count, number, f"{file}value", found)
        if found.problem_count == before:
            collected.add(start, seconds, 0, folder, steps)
    return number


def _entries(data: bytes, file: str) -> Iterator[dict[str, Any]]:
    text, _ = reading.decode(data)
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}The file is damaged or cut short ({error}). Download it anew.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{file}The file is no list of counts by the minute, as Fitbit writes it.")
    yield from entries


def _steps(text: str, line: int, column: str, found: Findings) -> int:
    try:
        return values.steps(text)
    except ValueError as error:
        found.problem(line, column, text, str(error))
        return 0


def _written(text: str) -> tuple[int, int]:
    """Start, as if the wearer's clock showed UTC, and length."""
    try:
        if len(text) == 10:
            return (date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()) * DAY, DAY
        if found := _WRITTEN.fullmatch(text):
            month, day, year, hour, minute, second = map(int, found.groups())
            return int(
                datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
            ), MINUTE
    except ValueError:
        raise ValueError("is no day or time that exists") from None
    raise ValueError("is not a time such as 01/31/26 07:30:00, nor a day such as 2026-01-31")
