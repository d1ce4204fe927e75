"""A run's result as one HTML file that needs nothing else, and as text for a terminal."""

from html import escape

from core.services.studies.running import Run
from core.services.studies.study import Result, Table
from workbench.cells import shown

SYNTHETIC = (
    "Synthetic data: every client is made up by a program. Nothing here is a finding about real people."
)
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #14211f; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 } caption { text-align: left; font-weight: 600; padding: .4rem 0 }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d7e0df; text-align: left } td.number { text-align: right }
.note { color: #46544f } figure { margin: 1.5rem 0 }
.synthetic { border-left: .35rem solid #6b3fa0; padding: .4rem .8rem; background: #f4effa }
"""


def html(run: Run, result: Result, *, audit_head: str) -> str:
    """The report; Plotly's script is in it once, and nothing is fetched. The audit's head dates it."""
    from plotly.io import to_html

    from workbench.charts import figure

    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(run.title)}</title>"
        f"<style>{STYLE}</style></head><body><h1>{escape(run.title)}</h1>",
        f"<p class='synthetic'><strong>{SYNTHETIC}</strong></p>" if result.synthetic else "",
        *(f"<p>{escape(sentence)}</p>" for sentence in result.headline),
    ]
    for number, chart in enumerate(result.charts):
        drawn = to_html(
            figure(chart, synthetic=result.synthetic), include_plotlyjs=number == 0, full_html=False
        )
        parts.append(f"<figure role='img' aria-label='{escape(chart.alt, quote=True)}'>{drawn}</figure>")
    parts += [_html_table(table) for table in result.tables]
    made = [
        *facts(run),
        ("Audit head", audit_head),
        *((name, str(value)) for name, value in run.settings.items()),
    ]
    parts.append(_html_table(Table("How it was made", ("What", "Value"), tuple(made))))
    return "\n".join([*parts, "</body></html>"])


def _html_table(table: Table) -> str:
    head = "".join(f"<th scope='col'>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(_html_cell(cell) for cell in row)}</tr>" for row in table.rows)
    note = f"<p class='note'>{escape(table.note)}</p>" if table.note else ""
    caption = f"<caption>{escape(table.title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"


def _html_cell(cell: str | int | float | bool | None) -> str:
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f"<td{' class=number' if number else ''}>{escape(shown(cell))}</td>"


def facts(run: Run) -> list[tuple[str, str]]:
    """What a run stands on, as pairs of name and value."""
    seconds = sum(piece.seconds or 0.0 for piece in run.pieces)
    return [
        ("Run", run.id),
        ("Seed", str(run.seed)),
        ("Code version", run.code_version),
        ("Data hash", run.data_hash or "no data"),
        ("Started by", run.actor),
        ("Queued", run.created_at),
        ("Started", run.started_at or ""),
        ("Ended", run.finished_at or ""),
        ("Pieces", f"{run.pieces_done} of {len(run.pieces)}"),
        ("Time of the pieces, added up", f"{seconds:.1f} s"),
    ]


def text(table: Table, *, most_rows: int = 40) -> str:
    """A table as aligned text: numbers to the right, the first rows of a long one."""
    cells = [[shown(cell) for cell in row] for row in table.rows[:most_rows]]
    right = [
        any(isinstance(row[i], int | float) and not isinstance(row[i], bool) for row in table.rows)
        for i in range(len(table.columns))
    ]
    widths = [max(len(row[i]) for row in [table.columns, *cells]) for i in range(len(table.columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [table.columns, *cells]
    ]
    more = [f"  … and {len(table.rows) - most_rows:,} more rows"] if len(table.rows) > most_rows else []
    return "\n".join(
        [table.title, *(f"  {line}" for line in lines), *more, *([table.note] if table.note else [])]
    )
