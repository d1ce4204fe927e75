"""“Prove it”: the paper's programs run by a worker, while the page goes on; what they prove, and what they do not."""

import json

import streamlit as st

from core.errors import InputError
from core.services import Store
from core.services.goals import PlanSettings
from core.services.studies import running
from core.services.studies.registry import STUDIES
from core.services.studies.running import Run
from workbench import cells
from workbench.components import plain_table, step_plan
from workbench.components.text import plain, small

STUDY = "proof"
LOOKED_THROUGH = 50  # runs, newest first, among which this client's is looked for
LOOK_SECONDS = 1.0
SECONDS = 60
SEED = 1
# The study's own table keeps the solver's words.
WORDS = {
    "solver's word": "how it ended",
    "timelimit": "time limit",
    "kTimeLimit": "time limit",
    "kOptimal": "optimal",
}


def draw(store: Store, desk: step_plan.Desk, *, user: str) -> None:
    """Draw the button, the run under way, or what the last run found for this client."""
    if desk.record.history is None:
        st.markdown("There is nothing to prove yet: nothing shows how this client answers a goal.")
        return
    st.markdown(
        "The study's own programs check two things: its point estimate, which stands beside ours, and the plan on "
        "screen. A solver either proves that nothing is better, or says how far from proven it is. Each takes at "
        f"most {SECONDS} s; the page can be used meanwhile."
    )
    run = _newest(store, desk.record.client["id"])
    active = run is not None and run.active
    with st.container(horizontal=True, vertical_alignment="bottom"):
        solver = st.selectbox("Solver", ("SCIP", "HIGHS"), key="proof_solver", width=140)
        if st.button("Prove it", icon=":material/verified:", disabled=active, key="prove"):
            _start(store, desk, str(solver), user)
    if run is not None:
        st.fragment(_watch, run_every=LOOK_SECONDS if active else None)(store, run.id, run.state, desk, user)


def _start(store: Store, desk: step_plan.Desk, solver: str, user: str) -> None:
    if desk.made is None:
        st.warning("The settings on screen make no plan; change them first.", icon=":material/warning:")
        return
    values = {
        "client": desk.record.client["id"],
        "solver": solver,
        "seconds": SECONDS,
        "plan": json.dumps(desk.made.settings.to_json()),
    }
    try:
        running.start(store, STUDIES, STUDY, values, seed=SEED, by=user)
    except InputError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun()


def same_plan(proven: str, shown: PlanSettings) -> bool:
    """Whether a proof is about these settings; whole numbers come back from a browser as fractions."""
    return bool(proven) and PlanSettings.from_json(json.loads(proven)) == shown


def _newest(store: Store, client_id: int) -> Run | None:
    runs = running.newest(store, STUDIES, study=STUDY, limit=LOOKED_THROUGH)
    return next((run for run in runs if run.settings["client"] == client_id), None)


def _watch(store: Store, run_id: str, state: str, desk: step_plan.Desk, user: str) -> None:
    """The run as it stands; once it is over, the page is drawn again without looking."""
    run = running.run(store, STUDIES, run_id)
    if run.state != state:
        st.rerun()
    when = (
        f"{cells.moment(run.created_at, st.context.timezone or 'UTC')}, {run.settings['solver']}, {run.actor}"
    )
    match run.state:
        case "queued" | "running":
            doing = next(
                (piece.title for piece in run.pieces if piece.state == "running"), "Waiting for a worker"
            )
            st.progress(run.fraction, text=f"{doing}: {run.pieces_done} of {len(run.pieces)} done")
            if st.button("Stop", icon=":material/cancel:", key="stop_proof"):
                running.cancel(store, run.id, by=user)
                st.rerun()
        case "failed":
            st.error(plain(run.message), icon=":material/error:")
        case "cancelled":
            small(plain(f"Stopped ({when})."))
        case "done":
            _found(store, run)
            small(plain(when))
            if desk.made is not None and not same_plan(run.settings["plan"], desk.made.settings):
                small("The plan on screen has other settings than the one this proof is about.")


def _found(store: Store, run: Run) -> None:
    found = running.result(store, run.id)
    if found is None:
        return
    for sentence in found.headline:
        st.markdown(f"- **{plain(sentence)}**")
    for table in found.tables:
        plain_table.draw(
            [WORDS.get(column, column) for column in table.columns],
            [[cells.shown(WORDS.get(str(cell), cell)) for cell in row] for row in table.rows],
            caption=table.title,
        )
        if table.note:
            small(plain(table.note))
