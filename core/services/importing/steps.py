"""Checking daily steps and goals: day, steps, and optionally client, the day's goal, and the app that counted."""

from sqlite_utils import Database

from core.errors import InputError
from core.services.importing import dates, values
from core.services.importing.columns import FITBIT, Columns, plain
from core.services.importing.counts import Counts
from core.services.importing.dates import DateOrder
from core.services.importing.lookups import Roll
from core.services.importing.ordering import column_order
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Snapshot


def check(db: Database, table: Table, columns: Columns, cohort: Snapshot, choices: Choices) -> Findings:
    """Check every row; an empty cell leaves what the cohort knows of the day as it is.

    Raises:
        InputError: if the person named a client, and the file names its own.
    """
    found = Findings()
    fitbit = {plain(name) for name in columns.written} >= FITBIT
    if fitbit:
        found.assumptions.append(
            "Read as Fitbit's daily activity: a wearer is a client, named by Id. A wearer's last day may stop "
            "at the last time the device was read; its count is kept as it stands."
        )
    usual = DateOrder.MONTH_FIRST if fitbit else None
    order = column_order(table, columns, "day", choices, found, usual=usual)
    if order is None:
        return found
    roll = Roll(cohort, add=choices.new_clients)
    counts = Counts(roll, cohort, choices, found)
    named = "client" in columns.found
    if named and choices.client:
        raise InputError(
            f"The file names its clients itself, in “{columns.name('client')}”. Name none beside it."
        )
    whose = None if named else counts.whose(choices.client)
    for line, cells in zip(table.lines, table.rows, strict=True):
        before = found.problem_count
        client = whose
        if named:
            client = roll.resolve(cells[columns.found["client"]].strip(), line, columns.name("client"), found)
        written = cells[columns.found["day"]].strip()
        day = ""
        try:
            day = dates.parse_day(written, order).isoformat()
        except ValueError as error:
            found.problem(
                line, columns.name("day"), written, str(error) if written else "is empty; every row needs one"
            )
        steps = _count(columns, "steps", cells, line, found)
        goal = _count(columns, "goal", cells, line, found)
        if client is None or found.problem_count > before:
            continue
        source = cells[columns.found["source"]].strip() if "source" in columns.found else ""
        if not counts.add((client, day, steps, goal), line, source):
            found.problem(
                line,
                columns.name("day"),
                written,
                f"stands with other values on line {counts.line(client, day)} already",
            )
    counts.finish(db)
    return found


def _count(columns: Columns, meaning: str, cells: list[str], line: int, found: Findings) -> int | None:
    if meaning not in columns.found:
        return None
    text = cells[columns.found[meaning]].strip()
    if values.missing(text):
        return None
    try:
        return values.steps(text)
    except ValueError as error:
        found.problem(line, columns.name(meaning), text, str(error))
        return None
