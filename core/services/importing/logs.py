"""Checking an exercise log: client, time, exercise, and optionally success and difficulty."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from core.services.importing import dates, values
from core.services.importing.columns import Columns
from core.services.importing.lookups import Catalogue, Roll
from core.services.importing.ordering import column_order
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, LogRow, Snapshot
from core.store import imports


def check(db: Database, table: Table, columns: Columns, cohort: Snapshot, choices: Choices) -> Findings:
    """Check every row; rows equal in everything to an earlier one, or to one the cohort has, are left out."""
    found = Findings()
    order = column_order(table, columns, "time", choices, found)
    if order is None:
        return found
    clients = Roll(cohort, add=choices.new_clients)
    catalogue = Catalogue(cohort, add=choices.new_exercises)
    success = _optional(columns, "success", values.flag)
    difficulty = _optional(columns, "difficulty", values.not_negative)
    at_client, at_time, at_exercise = (columns.found[key] for key in ("client", "time", "exercise"))
    zones: dict[str, tzinfo] = {}
    without_zone: Counter[str] = Counter()
    days = 0
    rows: dict[LogRow, None] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        before = found.problem_count
        client = clients.resolve(cells[at_client].strip(), line, columns.name("client"), found)
        exercise = catalogue.resolve(cells[at_exercise].strip(), line, columns.name("exercise"), found)
        moment = None
        written = cells[at_time].strip()
        try:
            moment = dates.parse(written, order)
        except ValueError as error:
            found.problem(
                line,
                columns.name("time"),
                written,
                str(error) if written else "is empty; every row needs one",
            )
        done = success(cells, line, found)
        hard = difficulty(cells, line, found)
        if found.problem_count > before or moment is None or client is None or exercise is None:
            continue
        if moment.tzinfo is None:
            zone = zones.get(client)
            if zone is None:
                zone = zones[client] = _zone(clients.zone(client))
            moment = moment.replace(tzinfo=zone)
            without_zone[client] += 1
            days += not dates.has_time(written)
        row = (client, dates.text(moment), exercise, None if done is None else int(done), hard)
        if row in rows:
            found.count("rows equal to an earlier row, left out")
            continue
        rows[row] = None
        found.show(_as_understood(row, catalogue))
    _leave_out_known(db, rows, cohort, found)
    found.plan.clients = clients.new()
    found.plan.exercises = catalogue.new()
    found.plan.log = sorted(rows, key=_time)
    if any(later[1] < earlier[1] for earlier, later in zip(rows, list(rows)[1:], strict=False)):
        found.assumptions.append(
            "The rows are sorted by time; rows of the same time keep the order of the file."
        )
    if without_zone:
        found.assumptions.append(_about_zones(without_zone, zones))
    if days:
        found.assumptions.append(f"Days without a time ({days:,} rows) are read as the start of the day.")
    found.counts |= {
        "rows to add": len(rows),
        "new clients": len(found.plan.clients),
        "new exercises": len(found.plan.exercises),
    }
    clients.summarise(found)
    catalogue.summarise(found)
    return found


def _time(row: LogRow) -> str:
    return row[1]


def _optional(
    columns: Columns, meaning: str, read: Callable[[str], float]
) -> Callable[[list[str], int, Findings], float | None]:
    position = columns.found.get(meaning)
    if position is None:
        return lambda cells, line, found: None  # noqa: ARG005
    cache: dict[str, float | None] = {}
    name = columns.written[position]

    def value(cells: list[str], line: int, found: Findings) -> float | None:
        text = cells[position].strip()
        if text not in cache:
            try:
                cache[text] = None if values.missing(text) else read(text)
            except ValueError as error:
                found.problem(line, name, text, str(error))
                return None
        return cache[text]

    return value


def _leave_out_known(db: Database, rows: dict[LogRow, None], cohort: Snapshot, found: Findings) -> None:
    if cohort.cohort_id is None or not rows:
        return
    times = [row[1] for row in rows]
    for known in imports.log_between(db, cohort.cohort_id, min(times), max(times)):
        if known in rows:
            del rows[known]
            found.count("rows that the cohort has already, left out")


def _as_understood(row: LogRow, catalogue: Catalogue) -> dict[str, Any]:
    client, at, exercise, success, difficulty = row
    done = None if success is None else bool(success)
    return {
        "client": client,
        "time (UTC)": at,
        "exercise": catalogue.name(exercise),
        "success": done,
        "difficulty": difficulty,
    }


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def _about_zones(rows: Counter[str], zones: dict[str, tzinfo]) -> str:
    people = Counter(str(zones[client]) for client in rows)
    listed = ", ".join(f"{zone} for {count:,}" for zone, count in people.most_common(5))
    more = ", and others" if len(people) > 5 else ""
    return (
        f"Times without a zone ({rows.total():,}) are read in the client's time zone "
        f"({listed}{more} of the clients), and kept as UTC."
    )
