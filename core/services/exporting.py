"""Figures and tables as files; the one writer behind every export."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from core.services import Store
from core.store import audit

Cell = str | int | float | bool | None

LONGEST_NAME = 80
# A spreadsheet takes text that begins with one of these for a formula, and runs it.
# Some read the full-width forms as the same signs.
DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\0")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table as CSV: comma, double quotes where needed, CR LF after each row (RFC 4180); no value is an empty cell.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are written in full
    and stay numbers.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([_cell(column) for column in columns])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def noted(store: Store, what: str, *, subject: str, by: str, detail: Mapping[str, Cell]) -> str:
    """Write into the audit that a file left the workbench; returns the audit's head after it."""
    with store.change(f"export {what}", by=by, subject=subject) as change:
        change.detail |= detail
    return audit.head(store.db)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(DANGEROUS) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value)


def file_name(*parts: str, synthetic: bool = False) -> str:
    """A name that every system takes: letters, digits and single hyphens, in lower case.

    With ``synthetic`` it ends in that word, so that figures about nobody are known by their file.
    """
    kept = "".join(c if c.isascii() and c.isalnum() else " " for c in " ".join(parts))
    ending = "-synthetic" if synthetic else ""
    return ("-".join(kept.lower().split())[: LONGEST_NAME - len(ending)] or "table") + ending
