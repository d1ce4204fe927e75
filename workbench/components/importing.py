"""Taking a file in: name it, read the report, agree. Nothing is written before the button is pressed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import InputError, SpotterError
from core.services import Store, caseload, exporting, importing, recommending
from core.services.importing import Choices, DateOrder, Kind, Need, OnePerson, Report, ZeroDays
from workbench.cells import moment, shown
from workbench.components.text import plain, small

UPLOAD, ON_DISK = "Upload a file", "Name a file or folder on this machine"
SHOWN_PROBLEMS = 50
FIND_OUT = ""
KINDS = {
    FIND_OUT: "Find out from the columns",
    Kind.LOG: "Exercise log",
    Kind.EXERCISES: "Exercises",
    Kind.PROFILES: "Clients and their profiles",
    Kind.MEDICAL: "Medical history",
    Kind.SCREENING: "Screening answers",
    Kind.HEALTH: "Activity, findings, measurements, clearance",
    Kind.PREFERENCES: "Wishes",
    Kind.QUESTIONNAIRES: "Questionnaires",
    Kind.STEPS: "Daily steps and goals",
    Kind.MOVIELENS: "MovieLens 100K (films)",
}
DATES = {
    FIND_OUT: "Find out from the column",
    DateOrder.ISO: "Year-month-day",
    DateOrder.DAY_FIRST: "Day first",
    DateOrder.MONTH_FIRST: "Month first",
    DateOrder.UNIX: "Seconds since 1970",
}
ZEROS = {
    ZeroDays.NOT_WORN: "Not worn: no count",
    ZeroDays.COUNTED: "Zero steps",
}
WHERE = {
    Need.CLIENT: "choose them under “Whose steps” above",
    Need.DATE_ORDER: "choose it under “Dates are written” above",
    Need.NEW_CLIENTS: "tick the box above",
    Need.NEW_EXERCISES: "tick the box above",
}
REPORT, LAST, ROUND, IMPLIED = "import_report", "import_last", "import_round", "import_implied"
READ = "import_read"
HELP = (
    "An exercise log (client, time, exercise, and optionally success and difficulty), a catalogue of exercises, "
    "profiles, medical history, screening answers, health findings, wishes, or daily steps: as CSV, in any usual "
    "encoding, separator and form of date. Exercises also as free-exercise-db's `exercises.json`; MovieLens 100K as "
    "its folder; daily steps also as Fitbit's `dailyActivity_merged.csv`. One person's steps also as their phone "
    "gives them: Apple Health's `export.zip`, Google Takeout's archive or its `Daily activity metrics.csv`, or any "
    "CSV file with day and steps."
)

Source = Path | tuple[str, bytes]


def draw(store: Store, user: str) -> None:
    """Draw the whole import: the file, how to read it, the report, and the button that takes it in."""
    st.markdown(HELP)
    if done := st.session_state.pop(LAST, None):
        st.success(done, icon=":material/check_circle:")
    source = _source()
    cohort, kind, choices = _choices(store)
    if source is None:
        return
    try:
        choices = _steps_choices(store, source, cohort, kind, choices)
        report = _checked(store, source, cohort, kind, choices)
    except InputError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _draw_report(store, report, user)
    if st.button(
        f"Take it into “{plain(report.cohort.cohort)}”",
        type="primary",
        disabled=not report.ready,
        icon=":material/download_done:",
        key="import_take",
    ):
        _take(store, report, user)


def _source() -> Source | None:
    # A new key after each import empties the widgets.
    turn = st.session_state.setdefault(ROUND, 0)
    way = st.segmented_control(
        "Where the file is", [UPLOAD, ON_DISK], default=UPLOAD, required=True, key="import_way"
    )
    if way == UPLOAD:
        file = st.file_uploader(
            "File", type=["csv", "tsv", "txt", "json", "xml", "zip"], key=f"import_file_{turn}"
        )
        # An upload is held in memory, so the limit stays; a phone's archive is about a twentieth of what it holds.
        small(
            f"Up to {st.get_option('server.maxUploadSize')} MB. A phone's export.zip need not be unpacked. For a "
            "larger one name it on this machine, or use “python3 -m workbench import FILE --client NAME”: both "
            "read a phone's export from the disk, whatever its size."
        )
        return None if file is None else (file.name, file.getvalue())
    text = st.text_input(
        "Path", key=f"import_path_{turn}", placeholder="/home/kim/log.csv", help="Press Enter to check it."
    )
    return Path(text.strip()).expanduser() if text.strip() else None


def _choices(store: Store) -> tuple[str, Kind | None, Choices]:
    names = [cohort["name"] for cohort in caseload.cohorts(store)]
    if importing.MY_CLIENTS not in names:
        names.append(importing.MY_CLIENTS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cohort = st.selectbox(
            "Into the cohort",
            names,
            index=names.index(importing.MY_CLIENTS),
            accept_new_options=True,
            key="import_cohort",
            help="Choose one or type a new name. MovieLens has a cohort of its own.",
        )
        kind = st.selectbox("What it holds", list(KINDS), format_func=KINDS.__getitem__, key="import_kind")
        dates = st.selectbox(
            "Dates are written", list(DATES), format_func=DATES.__getitem__, key="import_dates"
        )
    implied = importing.implied(store, cohort)
    # Coming back to the page, the boxes have forgotten what they were.
    if st.session_state.get(IMPLIED) != (cohort, implied) or "import_new_clients" not in st.session_state:
        st.session_state[IMPLIED] = (cohort, implied)
        st.session_state["import_new_clients"] = implied.new_clients
        st.session_state["import_new_exercises"] = implied.new_exercises
    with st.container(horizontal=True):
        clients = st.checkbox("Add clients that the cohort does not know", key="import_new_clients")
        exercises = st.checkbox("Add exercises that the cohort does not know", key="import_new_exercises")
    order = DateOrder(dates) if dates else None
    return cohort, Kind(kind) if kind else None, Choices(order, new_clients=clients, new_exercises=exercises)


def _steps_choices(store: Store, source: Source, cohort: str, kind: Kind | None, choices: Choices) -> Choices:
    """The choices with those that only steps call for; draws nothing where the file cannot be of steps.

    Raises:
        InputError: if the file cannot be read.
    """
    if isinstance(source, Path) and not source.is_file():
        return choices
    whose = importing.steps_of(source, kind)
    if whose is None:
        return choices
    client: str | None = None
    new_clients = choices.new_clients
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if whose == "one":
            known = importing.clients(store, cohort)
            client = st.selectbox(
                "Whose steps",
                list(known),
                index=None,
                format_func=lambda reference: _called(str(reference), known),
                accept_new_options=True,
                placeholder="Choose a client or type a new name",
                key=f"import_client_{st.session_state[ROUND]}_{cohort}",
                help="The file holds one person's steps and does not name them. A new name is added to the cohort.",
            )
            # Whoever types a name that the cohort does not know means to add it.
            new_clients = True if client and client not in known else new_clients
        zeros = st.selectbox(
            "A day of zero steps means", list(ZEROS), format_func=ZEROS.__getitem__, key="import_zeros"
        )
    return replace(choices, client=client, new_clients=new_clients, zero_days=zeros)


def _called(reference: str, names: Mapping[str, str]) -> str:
    name = names.get(reference, reference)
    return reference if name == reference else f"{name} ({reference})"


def _checked(store: Store, source: Source, cohort: str, kind: Kind | None, choices: Choices) -> Report:
    """The report, kept until the file or a choice changes: checking a large file takes seconds."""
    stamp = (source[0], hash(source[1])) if isinstance(source, tuple) else (source, _stat(source))
    key = (stamp, cohort, kind, choices)
    kept: tuple[object, Report] | None = st.session_state.get(REPORT)
    if kept is not None and kept[0] == key:
        return kept[1]
    with st.spinner("Checking every row …"):
        report = importing.check(
            store,
            source,
            cohort=cohort,
            kind=kind,
            choices=choices,
            read=_read(store, source, stamp, cohort, choices.client),
        )
    st.session_state[REPORT] = (key, report)
    return report


def _read(store: Store, source: Source, stamp: object, cohort: str, client: str | None) -> OnePerson | None:
    """An export of a phone or tracker, read once for all choices: a large one takes a minute."""
    kept: tuple[object, OnePerson | None] | None = st.session_state.get(READ)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    if isinstance(source, Path) and not source.is_file():
        return None
    bar = st.progress(0.0, "Reading the export …")

    def tell(done: float) -> None:
        bar.progress(done, "Reading the export …")

    read = importing.read_ahead(store, source, cohort=cohort, client=client, progress=tell)
    bar.empty()
    st.session_state[READ] = (stamp, read)
    return read


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _draw_report(store: Store, report: Report, user: str) -> None:
    st.subheader(f"{KINDS[report.kind]}: {report.rows_read:,} rows")
    lines = [f"- {plain(what)}: **{count:,}**" for what, count in report.counts.items()]
    read, counts = st.columns([3, 2])
    counts.markdown("**What it comes to**\n" + "\n".join(lines or ["- nothing"]))
    read.markdown("**How it was read**\n" + "\n".join(f"- {plain(line)}" for line in report.assumptions))
    for need in report.needs:
        harmless = need in (Need.TAKEN_BEFORE, Need.NOTHING_NEW)
        where = WHERE.get(need)
        text = f"{need.value.removesuffix('.')}: {where}." if where else need.value
        (st.info if harmless else st.warning)(text, icon=":material/info:")
    if report.preview:
        st.markdown("**The first rows as understood**")
        st.table(
            _escaped_rows([_as_read(row) for row in report.preview]), border="horizontal", hide_index=True
        )
    if report.problem_count:
        _draw_problems(store, report, user)


def _draw_problems(store: Store, report: Report, user: str) -> None:
    header = ("line", "column", "value", "reason")
    rows = [(p.line, p.column, p.value, p.reason) for p in report.problems]
    of = "" if report.problem_count <= SHOWN_PROBLEMS else f", the first {SHOWN_PROBLEMS} here"
    st.markdown(f"**Problems: {report.problem_count:,}{of}**")
    kept = f" of {report.problem_count:,}" if report.problem_count > len(rows) else ""
    st.table(
        _escaped_rows([dict(zip(header, row, strict=True)) for row in rows[:SHOWN_PROBLEMS]]),
        border="horizontal",
        hide_index=True,
    )
    st.download_button(
        f"Download {len(rows):,}{kept} {'problem' if report.problem_count == 1 else 'problems'}",
        exporting.csv_text(header, rows),
        file_name=f"{exporting.file_name('problems', report.source)}.csv",
        mime="text/csv",
        on_click=_note_problems,
        args=(store, report.source, len(rows), user),
        icon=":material/download:",
    )


def _note_problems(store: Store, source: str, rows: int, user: str) -> None:
    exporting.noted(store, "import problems", subject=f"file {source}", by=user, detail={"rows": rows})


def _as_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: moment(value) if name.endswith("(UTC)") else value for name, value in row.items()}


def _escaped_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Columns of text for a table; none of it is read as Markdown."""
    header = dict.fromkeys(key for row in rows for key in row)
    return {
        plain(key): [str(row[key]) if key == "line" else plain(shown(row.get(key))) for row in rows]
        for key in header
    }


def _take(store: Store, report: Report, user: str) -> None:
    try:
        with st.spinner("Taking it in …"):
            taken = importing.take(store, report, by=user)
    except SpotterError as error:
        st.session_state.pop(REPORT, None)  # whatever is tried next is checked anew
        st.error(plain(str(error)), icon=":material/error:")
        return
    with st.spinner("Bringing the caseload up to date …"):
        recommending.refresh(store, taken.cohort_id)
    listed = ", ".join(f"{what.removesuffix(' to add')}: {count:,}" for what, count in taken.counts.items())
    st.session_state[LAST] = f"**{plain(report.source)}** is in “{plain(taken.cohort)}” ({plain(listed)})."
    if taken.untrained:
        st.session_state[LAST] += " Now train a model for this cohort: “Train” under Models in force, above."
    st.session_state.pop(REPORT, None)
    st.session_state[ROUND] += 1
    st.rerun()
