"""``python3 -m workbench import``: check a file, show the report, ask, take it in."""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import cells

if TYPE_CHECKING:
    from core.services.importing import Report

SHOWN_PROBLEMS = 20
WIDEST = 40
SWITCHES = {
    "DATE_ORDER": "add --dates day-first or --dates month-first",
    "CLIENT": "add --client NAME",
    "NEW_CLIENTS": "add --new-clients",
    "NEW_EXERCISES": "add --new-exercises",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "path",
        type=Path,
        help="a CSV file, exercises as JSON, a phone's or tracker's export (Apple Health's export.zip or "
        "export.xml, a Takeout archive), or the folder of MovieLens 100K",
    )
    parser.add_argument(
        "--into",
        default="My clients",
        metavar="COHORT",
        help="the cohort's name (default: My clients; MovieLens has its own)",
    )
    parser.add_argument(
        "--kind",
        choices=[
            "log",
            "exercises",
            "profiles",
            "medical",
            "screening",
            "health",
            "preferences",
            "questionnaires",
            "steps",
            "movielens",
        ],
        help="what the file holds (default: found out from its columns)",
    )
    parser.add_argument(
        "--dates",
        choices=["iso", "day-first", "month-first", "unix"],
        help="how dates are written (default: found out from the whole column)",
    )
    parser.add_argument(
        "--client",
        metavar="NAME",
        help="whose steps they are, by name or reference, where the file does not name anybody",
    )
    parser.add_argument(
        "--zero-days",
        choices=["not-worn", "zero"],
        help="what a day of zero steps means (default: not-worn, left without a count)",
    )
    parser.add_argument(
        "--new-clients",
        action="store_true",
        help="add clients that the cohort does not know (implied where it has none)",
    )
    parser.add_argument(
        "--new-exercises",
        action="store_true",
        help="add exercises that the cohort does not know (implied where it has none)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="take the file without asking if nothing is wrong with it"
    )


def run(options: argparse.Namespace) -> int:
    """Check, report, ask, take; returns 0 if the file was taken and 1 if not."""
    from core.services import Store, importing

    store = Store(options.data)
    choices = importing.Choices(
        dates=importing.DateOrder(options.dates) if options.dates else None,
        new_clients=options.new_clients or None,
        new_exercises=options.new_exercises or None,
        client=options.client,
        zero_days=importing.ZeroDays(options.zero_days) if options.zero_days else None,
    )
    print(f"Checking {options.path} …", flush=True)
    shown = _Progress()
    report = importing.check(
        store, options.path, cohort=options.into, kind=options.kind, choices=choices, progress=shown.tell
    )
    print(describe(report))
    if not report.ready:
        print("\nNothing was taken.")
        return 1
    if not options.yes and not _agreed(f"\nTake it into “{report.cohort.cohort}”? [y/N] "):
        print("Nothing was taken.")
        return 1
    taken = importing.take(store, report, by="command line")
    print(
        f"Taken into “{taken.cohort}” (import {taken.import_id}). Bringing the caseload up to date …",
        flush=True,
    )
    from core.services import recommending  # brings torch along, which a report alone does not need

    refreshed = recommending.refresh(store, taken.cohort_id)
    print(f"Done: {refreshed.clients:,} clients, {refreshed.open_requests:,} open requests.")
    if taken.untrained:
        words = ["--cohort", taken.cohort, "--seed", "1", "--out", "DIR"]
        usual = Path(os.environ.get("SPOTTER_DATA") or "data").expanduser().resolve()
        if options.data != usual:
            words += ["--data", str(options.data)]
        print(f"Now train a model for this cohort: python3 -m workbench study train {shlex.join(words)}")
    return 0


class _Progress:
    """Prints how far a large export is read, each tenth once."""

    def __init__(self) -> None:
        self._told = 0

    def tell(self, done: float) -> None:
        tenth = int(done * 10)
        if self._told < tenth < 10:
            self._told = tenth
            print(f"  {tenth * 10} % read", flush=True)


def describe(report: "Report") -> str:
    """The whole report as text for a terminal."""
    parts = [
        f"{report.source}: {report.kind}, {report.rows_read:,} rows, for “{report.cohort.cohort}”",
        *(f"  {what}: {count:,}" for what, count in report.counts.items()),
        "How it was read:",
        *(f"  {assumption}" for assumption in report.assumptions),
    ]
    if report.preview:
        parts += ["The first rows as understood:", table([_as_read(row) for row in report.preview])]
    if report.problem_count:
        parts.append(f"Problems: {report.problem_count:,}")
        rows = [
            {"line": p.line, "column": p.column, "value": p.value, "reason": p.reason}
            for p in report.problems[:SHOWN_PROBLEMS]
        ]
        parts.append(table(rows))
        if report.problem_count > len(rows):
            parts.append(f"  … and {report.problem_count - len(rows):,} more.")
    for need in report.needs:
        switch = SWITCHES.get(need.name)
        parts.append(f"{need.value.removesuffix('.')}: {switch}." if switch else need.value)
    return "\n".join(parts)


def _as_read(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the preview with its times as people read them."""
    return {name: cells.moment(value) if name.endswith("(UTC)") else value for name, value in row.items()}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as aligned text; the last column as wide as it needs, the others cut."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    texts = [[_cell(row.get(key)) for key in header] for row in rows]
    texts = [
        [_cut(text) if column < len(header) - 1 else text for column, text in enumerate(row)] for row in texts
    ]
    widths = [max(len(row[column]) for row in [header, *texts]) for column in range(len(header))]
    lines = [[name.ljust(width) for name, width in zip(row, widths, strict=True)] for row in [header, *texts]]
    return "\n".join(f"  {'  '.join(line).rstrip()}" for line in lines)


def _cell(value: object) -> str:
    from core.services.importing.report import shown

    if value is None or isinstance(value, bool):
        return cells.shown(value)
    return shown(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().casefold() in ("y", "yes")
    except EOFError:
        print(file=sys.stdout)
        return False
