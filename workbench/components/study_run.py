"""A run of a study on a page: its state at a glance, and the result of one that is done."""

from datetime import UTC, datetime
from numbers import Integral

import pandas as pd
import streamlit as st

from core.errors import InputError
from core.services import Store
from core.services.exporting import csv_text, file_name
from core.services.studies import running
from core.services.studies.options import build, options
from core.services.studies.running import Run
from core.services.studies.study import Result, Studies, Table
from workbench import cells, report
from workbench.charts import figure
from workbench.components import synthetic
from workbench.components.text import plain, small

MOST_ROWS = 200
# A column with texts longer than so many characters is wide enough for them in LINES lines, or for MOST_CHARACTERS.
LONG_TEXT, LINES, MOST_CHARACTERS, CHARACTER_REM = 30, 3, 30, 0.5
TALL_ROWS, TABLE_HEIGHT = 20, 620  # longer tables scroll, their heading stays
CHART_WIDTH = 600
BADGES = {
    "queued": (":material/schedule:", "gray"),
    "running": (":material/play_arrow:", "blue"),
    "done": (":material/check_circle:", "green"),
    "failed": (":material/error:", "red"),
    "cancelled": (":material/cancel:", "orange"),
}


def badge(run: Run) -> None:
    """The state as a word, an icon and a colour."""
    icon, colour = BADGES[run.state]
    st.badge(run.state, icon=icon, color=colour)  # type: ignore[arg-type]


def made(run: Run) -> str:
    """Who started it, when (in the reader's time zone), and how long it took."""
    text = f"{cells.moment(run.created_at, st.context.timezone or 'UTC')} · {run.actor} · seed {run.seed}"
    if run.started_at and run.finished_at:
        took = datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)
        text += f" · took {cells.duration(took.total_seconds())}"
    return plain(text)


def settings_line(store: Store, run: Run, studies: Studies) -> str:
    """What tells this run from others, in one line: the study's own words, or what differs from its defaults."""
    study = studies.get(run.study)
    if study is not None and study.summary is not None:
        try:
            return plain(study.summary(store, build(study.settings, run.settings)))
        except InputError:  # the run was made by a version that knew other settings
            pass
    known = {option.name: option for option in options(study.settings)} if study else {}
    changed = {
        name: value
        for name, value in run.settings.items()
        if name not in known or value != _plain(known[name].default)
    }
    labels = {name: option.label for name, option in known.items()}
    pairs = cells.listed(changed, labels)
    return plain("; ".join(f"{label}: {value}" for label, value in pairs)) or "default settings"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def progress(run: Run, *, alone: bool) -> None:
    """The bar with what is done and what is left; ``alone`` says that nothing else is at work."""
    if run.state == "queued":
        waited = (datetime.now(UTC) - datetime.fromisoformat(run.created_at)).total_seconds()
        st.progress(run.fraction, text=f"Waiting for a worker · {len(run.pieces)} pieces")
        if alone and waited > 15:
            small(
                "No worker has taken it up yet. Workers belong to the workbench: start it with "
                "`python -m workbench`, and look at its terminal if this stays."
            )
        return
    if run.message and not run.pieces_done:
        st.progress(run.fraction, text=plain(f"{run.message} · {len(run.pieces)} pieces follow"))
        return
    if run.pieces_done == len(run.pieces):
        left = "putting the results together"
    else:
        left = (
            f"about {cells.duration(run.seconds_left)} left"
            if run.seconds_left
            else "time left not known yet"
        )
    pieces = f"{run.pieces_done} of {len(run.pieces)} pieces"
    st.progress(run.fraction, text=f"{cells.percent(run.fraction)} · {pieces} finished · {left}")


def result(store: Store, run: Run, found: Result, *, by: str) -> None:
    """Headline, charts, tables with their CSV files, and all of it as one report."""
    if found.synthetic:
        synthetic.draw()
    for sentence in found.headline:
        st.markdown(f"- {plain(sentence)}")
    with st.container(horizontal_alignment="right"):
        st.download_button(
            "Report",
            lambda: report_file(store, run, found, by=by),
            file_name=f"{file_name(run.study, 'report', run.id, synthetic=found.synthetic)}.html",
            mime="text/html",
            icon=":material/download:",
            key=f"report_{run.id}",
            help="Findings, charts, tables and how they were made, in one file that needs nothing else",
        )
    with st.container(horizontal=True):  # as many beside one another as there is room for
        for number, chart in enumerate(found.charts):
            st.plotly_chart(
                figure(chart, synthetic=found.synthetic),
                width=CHART_WIDTH,
                key=f"chart_{run.id}_{number}",
                alt=chart.alt,
            )
    if not found.tables:
        return
    tabs = st.tabs([plain(table.title) for table in found.tables])
    for number, (tab, table) in enumerate(zip(tabs, found.tables, strict=True)):
        with tab:
            _table(store, run, table, number, synthetic=found.synthetic, by=by)


def report_file(store: Store, run: Run, found: Result, *, by: str) -> str:
    """The report as it leaves the workbench: the audit has it, and it names the audit's head."""
    head = running.export_noted(store, run.id, "report.html", by=by)
    return report.html(run, found, audit_head=head)


def _table(store: Store, run: Run, table: Table, number: int, *, synthetic: bool, by: str) -> None:
    with st.container(horizontal_alignment="right"):
        st.download_button(
            "CSV",
            csv_text(table.columns, table.rows).encode(),
            file_name=f"{file_name(run.study, table.title, run.id, synthetic=synthetic)}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=f"csv_{run.id}_{number}",
            help=f"Download “{table.title}”, {len(table.rows):,} rows",
            on_click=_note_export,
            args=(store, run.id, table.title, by),
        )
    if table.note:
        small(plain(table.note))
    if not table.rows:
        st.info("This table is empty.", icon=":material/table:")
        return
    frame = pd.DataFrame(
        [[plain(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows],
        columns=[plain(column) for column in table.columns],
        dtype=object,  # or a whole number beside an empty cell is shown with decimals
    )
    shown = frame.head(MOST_ROWS).style.format(_shown, na_rep=cells.NOTHING)
    for name, column in zip(frame, zip(*table.rows, strict=True), strict=True):
        longest = max(len(str(cell)) for cell in column)
        if longest > LONG_TEXT:  # not squeezed; a table that gets too wide scrolls sideways
            width = min(longest / LINES, MOST_CHARACTERS) * CHARACTER_REM
            shown = shown.set_properties(subset=[name], **{"min-width": f"{width:.1f}rem"})
    st.table(
        shown,
        border="horizontal",
        height=TABLE_HEIGHT if len(frame) > TALL_ROWS else "content",
        hide_index=True,
        alt=table.title,
    )
    if len(frame) > MOST_ROWS:
        small(f"The first {MOST_ROWS} of {len(frame):,} rows; the CSV file has them all.")


def _note_export(store: Store, run_id: str, what: str, by: str) -> None:
    running.export_noted(store, run_id, what, by=by)


def _shown(cell: object) -> str:
    if isinstance(cell, Integral) and not isinstance(cell, bool):
        return cells.shown(int(cell))  # of NumPy's making
    return cells.shown(cell) if isinstance(cell, str | bool | float) else cells.NOTHING


def details(run: Run, studies: Studies) -> None:
    """Settings, seed, code, data and timings: what it takes to make the same figures again."""
    study = studies.get(run.study)
    labels = {option.name: option.label for option in options(study.settings)} if study else {}
    with st.expander("How this run was made", icon=":material/receipt_long:"):
        small(
            "The same settings, seed, code and data give the same figures. The address of this page opens this run."
        )
        facts = [*cells.listed(run.settings, labels), *report.facts(run)]
        st.table(
            {plain(name): plain(value or cells.NOTHING) for name, value in facts},
            border="horizontal",
            hide_header=True,
            alt="How this run was made",
        )
        timings = [(piece.title, piece.seconds) for piece in run.pieces if piece.seconds is not None]
        if timings:
            slowest = sorted(timings, key=lambda pair: -pair[1])[:10]
            st.markdown("**Slowest pieces**")
            st.table(
                {plain(title): f"{seconds:.1f} s" for title, seconds in slowest},
                border="horizontal",
                hide_header=True,
                alt="Slowest pieces",
            )
