"""Settling how a file's column of dates is read."""

from core.services.importing import dates
from core.services.importing.columns import Columns
from core.services.importing.dates import DateOrder
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Need


def column_order(
    table: Table,
    columns: Columns,
    meaning: str,
    choices: Choices,
    found: Findings,
    *,
    usual: DateOrder | None = None,
) -> DateOrder | None:
    """The order that the person chose or that the column shows; None, with a problem noted, where it is open.

    Args:
        usual: how the program that wrote the file writes dates, for a column that leaves it open.
    """
    position = columns.found[meaning]
    name = columns.name(meaning)
    if choices.dates:
        found.assumptions.append(
            f"Dates in “{name}” are read as {dates.IN_WORDS[choices.dates]}, as you said."
        )
        return choices.dates
    column = dates.detect(row[position].strip() for row in table.rows)
    if column.order is None and usual is not None:
        found.assumptions.append(
            f"Dates in “{name}” are read as {dates.IN_WORDS[usual]}, as the program writes them."
        )
        return usual
    if column.order is None:
        line, written = next(
            (line, row[position].strip())
            for line, row in zip(table.lines, table.rows, strict=True)
            if dates.either_way(row[position].strip())
        )
        found.problem(
            line,
            name,
            written,
            "could be read with the day or with the month first, and so could the whole column; say which it is",
            Need.DATE_ORDER,
        )
        return None
    why = ", as is usual with dots" if column.by_convention else ""
    found.assumptions.append(f"Dates in “{name}” are read as {dates.IN_WORDS[column.order]}{why}.")
    return column.order
