"""Studies: choose an experiment, start it, watch it, open what it found."""

import streamlit as st

from core.errors import Conflict, InputError, NotFound
from core.services.studies import running
from core.services.studies.registry import STUDIES
from core.services.studies.running import Run
from workbench import cells, context
from workbench.components import empty, study_form, study_run
from workbench.components.text import plain, small

RUN, STUDY = "run", "study"
ACTIVE = ("queued", "running")
FIRST, MORE = 10, 20
LOOK_SECONDS = 1.0


def open_run(run_id: str | None) -> None:
    """Show a run, or all of them; the address says which."""
    if run_id is None:
        st.query_params.pop(RUN, None)
    else:
        st.query_params[RUN] = run_id


def stop(run_id: str) -> None:
    """Cancel a run; one that has just ended stays as it is."""
    try:
        running.cancel(store, run_id, by=by)
    except Conflict as ended:
        st.toast(plain(str(ended)), icon=":material/info:")


def go_on(run_id: str) -> None:
    """Queue a cancelled or failed run again."""
    try:
        running.resume(store, run_id, by=by)
    except Conflict as busy:
        st.toast(plain(str(busy)), icon=":material/info:")


def overview() -> None:
    """A form for a new run, and the runs there are."""
    st.header("New run")
    name = chosen()
    study = STUDIES[name]
    st.markdown(study.description)
    sent = study_form.draw(study, store)
    if sent:
        try:
            running.start(store, STUDIES, name, sent[0], seed=sent[1], by=by)
        except InputError as problem:
            st.error(plain(str(problem)), icon=":material/error:")
        else:
            st.toast("Queued. A worker takes it up in a moment.", icon=":material/schedule:")
    st.header("Runs")
    if not running.count(store):
        empty.draw(
            "No runs yet",
            "Choose a study above and start it; it goes on when this page is closed.",
            icon=":material/science:",
        )
        return
    states, only = filters()
    going = running.count(store, states=ACTIVE)
    # Asked again every second while something runs, and not at all when nothing does.
    st.fragment(runs, run_every=LOOK_SECONDS if going else None)(going, states, only)


def chosen() -> str:
    """The name of the study that the form is for; an address can have it (``?study=labels``).

    Bound to the address by Streamlit, it would stand there as its title, which may change.
    """
    asked = st.query_params.get(STUDY)
    if STUDY not in st.session_state and asked in STUDIES:
        st.session_state[STUDY] = asked

    def keep() -> None:
        st.query_params[STUDY] = st.session_state[STUDY]

    return st.selectbox(
        "Study", list(STUDIES), format_func=lambda key: STUDIES[key].title, key=STUDY, on_change=keep
    )


def filters() -> tuple[tuple[str, ...], str | None]:
    """Which runs to list; asked only where there are more than fit."""
    if running.count(store) <= FIRST:
        return (), None
    with st.container(horizontal=True):
        state = st.selectbox("State", ["all", *running.STATES], key="runs_state", format_func=str.capitalize)
        known = ["all", *STUDIES]
        only = st.selectbox(
            "Of study",
            known,
            key="runs_study",
            format_func=lambda key: STUDIES[key].title if key in STUDIES else "All",
        )
    return (
        ((), None if only == "all" else only)
        if state == "all"
        else (
            (state,),
            None if only == "all" else only,
        )
    )


def runs(going: int, states: tuple[str, ...], only: str | None) -> None:
    """The newest runs, each with its state and what can be done about it."""
    if going != running.count(store, states=ACTIVE):
        st.rerun()
    limit = st.session_state.setdefault("runs_limit", FIRST)
    total = running.count(store, states=states, study=only)
    if not total:
        st.info("No run is of this kind.", icon=":material/filter_alt_off:")
        return
    for run in running.newest(store, STUDIES, states=states, study=only, limit=limit):
        row(run, alone=going == 1)
    if total > limit:
        small(f"The newest {limit} of {total:,} runs.")
        if st.button(f"Show {min(MORE, total - limit)} more", icon=":material/expand_more:"):
            st.session_state["runs_limit"] = limit + MORE
            st.rerun()


def row(run: Run, *, alone: bool) -> None:
    """One run of the list."""
    with st.container(border=True, key=f"run_{run.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(run.title)}**", width="content")
            study_run.badge(run)
            small(study_run.made(run), width="content")
        small(study_run.settings_line(store, run, STUDIES))
        if run.active:
            study_run.progress(run, alone=alone)
        if run.state == "failed":
            st.markdown(f":red[:material/error:] {plain(run.message)}")
        with st.container(horizontal=True):
            opened = st.button("Open", key=f"open_{run.id}", icon=":material/open_in_full:")
            if run.active:
                st.button(
                    "Cancel", key=f"stop_{run.id}", icon=":material/cancel:", on_click=stop, args=(run.id,)
                )
    if opened:
        open_run(run.id)
        st.rerun()


def one(run_id: str) -> None:
    """One run: progress while it is under way, then what it found."""
    st.button("All runs", icon=":material/arrow_back:", on_click=open_run, args=(None,))
    try:
        run = running.run(store, STUDIES, run_id)
    except NotFound as missing:
        st.warning(plain(str(missing)), icon=":material/search_off:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(run.title), width="content")
        study_run.badge(run)
    small(study_run.made(run))
    small(study_run.settings_line(store, run, STUDIES))
    match run.state:
        case "queued" | "running":
            st.fragment(watched, run_every=LOOK_SECONDS)(run_id, run.state)
        case "failed":
            st.error(plain(run.message), icon=":material/error:")
            ways_on(run)
        case "cancelled":
            st.info(
                f"Cancelled after {run.pieces_done} of {len(run.pieces)} pieces; these are kept.",
                icon=":material/cancel:",
            )
            ways_on(run)
        case "done":
            found = running.result(store, run_id)
            if found is not None:
                study_run.result(store, run, found, by=by)
    study_run.details(run, STUDIES)


def watched(run_id: str, state: str) -> None:
    """Progress of one run, and the pieces that are under way."""
    run = running.run(store, STUDIES, run_id)
    if run.state != state:
        st.rerun()
    study_run.progress(run, alone=True)
    for piece in run.pieces:
        if piece.state == "running":
            small(f"{plain(piece.title)}: {cells.percent(piece.fraction)}")
    st.button("Cancel", key="stop", icon=":material/cancel:", on_click=stop, args=(run_id,))


def ways_on(run: Run) -> None:
    """Go on from where it stopped, or begin anew with the same settings."""
    with st.container(horizontal=True):
        st.button(
            "Go on",
            key="go_on",
            icon=":material/resume:",
            on_click=go_on,
            args=(run.id,),
            help="From the last finished piece; what is done is not repeated.",
        )
        again = run.study in STUDIES and st.button(
            "Start again", key="again", icon=":material/replay:", help="A new run with the same settings."
        )
    if again:
        try:
            open_run(running.start(store, STUDIES, run.study, run.settings, seed=run.seed, by=by))
        except InputError as problem:
            st.error(plain(str(problem)), icon=":material/error:")
        else:
            st.rerun()


store = context.store()
by = context.user()
st.title("Studies")
if wanted := st.query_params.get(RUN):
    one(wanted)
else:
    overview()
