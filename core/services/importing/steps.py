"""Checking daily steps and goals: client, day, steps, and optionally the day's goal."""

from sqlite_utils import Database

from core.services.importing import dates, values
from core.services.importing.columns import Columns
from core.services.importing.lookups import Roll
from core.services.importing.ordering import column_order
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Snapshot, StepsRow
from core.store import imports


def check(db: Database, table: Table, columns: Columns, cohort: Snapshot, choices: Choices) -> Findings:
    """Check every row; an empty cell leaves what the cohort knows of the day as it is."""
    found = Findings()
    order = column_order(table, columns, "day", choices, found)
    if order is None:
        return found
    roll = Roll(cohort, add=choices.new_clients)
    rows: dict[tuple[str, str], StepsRow] = {}
    first_on: dict[tuple[str, str], int] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        before = found.problem_count
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
        key, row = (client, day), (client, day, steps, goal)
        if key not in rows:
            rows[key] = row
            first_on[key] = line
            found.show({"client": client, "day": day, "steps": steps, "goal": goal})
        elif rows[key] == row:
            found.count("rows equal to an earlier row, left out")
        else:
            found.problem(
                line,
                columns.name("day"),
                written,
                f"stands with other values on line {first_on[key]} already",
            )
    changed = _leave_out_known(db, rows, cohort, found)
    found.plan.clients = roll.new()
    found.plan.steps = list(rows.values())
    found.counts |= {
        "days to add": len(rows) - changed,
        "days brought up to date": changed,
        "new clients": len(found.plan.clients),
    }
    roll.summarise(found)
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


def _leave_out_known(
    db: Database, rows: dict[tuple[str, str], StepsRow], cohort: Snapshot, found: Findings
) -> int:
    """Drop the days that would change nothing; return how many would change one."""
    if cohort.cohort_id is None or not rows:
        return 0
    days = [day for _, day in rows]
    changed = 0
    for client, day, steps, goal in imports.steps_between(db, cohort.cohort_id, min(days), max(days)):
        row = rows.get((client, day))
        if row is None:
            continue
        # An empty cell takes nothing away that is known.
        merged = (client, day, steps if row[2] is None else row[2], goal if row[3] is None else row[3])
        if merged == (client, day, steps, goal):
            del rows[client, day]
            found.count("days that the cohort has already, left out")
        else:
            rows[client, day] = merged
            changed += 1
    return changed
