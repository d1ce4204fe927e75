"""Label requests: one decision at a time, and what the model makes of it."""

import uuid
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import caseload, queue
from workbench import context
from workbench.components import address, empty, label_queue, synthetic
from workbench.components.text import plain

HERE = Path(__file__).parent
COHORT = "cohort"
REQUEST = "request"
EVERY = "All cohorts"
REFRESH_SECONDS = 20


def requested() -> int | None:
    """The request that the address names, if it names one; 0, which no request is, for what cannot be one."""
    value = st.query_params.get(REQUEST, "")
    return address.number(value) or 0 if value else None


def chosen_cohort(cohorts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The cohort to work on, None for all of them; asked only where there is more than one."""
    names = [cohort["name"] for cohort in cohorts]
    shown = f"“{names[0]}”" if len(names) == 1 else EVERY
    address.tell_unknown_cohort(COHORT, [EVERY, *names], shown)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Label requests", width="content")
        if all(cohort["synthetic"] for cohort in cohorts):
            synthetic.draw(sentence=False)
        if len(cohorts) == 1:
            return cohorts[0]
        name = st.selectbox(
            "Cohort",
            [EVERY, *names],
            key=COHORT,
            bind="query-params",
            label_visibility="collapsed",
            width=340,
        )
    return next((cohort for cohort in cohorts if cohort["name"] == name), None)


# Run every so often: the team's progress stays fresh, and a browser that finds the server again starts anew.
@st.fragment(run_every=REFRESH_SECONDS)
def work(key: str, catalogues: dict[str, tuple[str, list[list[Any]]]]) -> None:
    """The desk: an answer runs this again and nothing else."""
    desk: label_queue.Desk = st.session_state[f"{key}:desk"]
    sent = label_queue.sent(key)
    desk.serve(context.store(), sent)
    if desk.first is None and REQUEST in st.query_params:
        del st.query_params[REQUEST]
    opened = label_queue.mount(
        key,
        desk.document({name: hashed for name, (hashed, _) in catalogues.items()}, sent),
        dict(catalogues.values()),
    )
    if opened is not None:
        client, section = opened
        place = {"client": str(client), **({"section": section} if section else {})}
        st.switch_page(HERE / "client.py", query_params=place)


store = context.store()
cohorts = [cohort for cohort in caseload.cohorts(store) if cohort["clients"]]
if not cohorts:
    st.title("Label requests")
    empty.draw(
        "No clients yet",
        "Requests come from a model, and a model from what clients did. Import an exercise log first.",
        icon=":material/group_add:",
        page="data",
        link="Import clients",
    )
    st.stop()

cohort = chosen_cohort(cohorts)
shown = [cohort] if cohort else cohorts
if all(each["model_version_id"] is None for each in shown):
    names = " and ".join(f"“{plain(each['name'])}”" for each in shown)
    empty.draw(
        "No model yet",
        f"{names} {'has' if len(shown) == 1 else 'have'} no trained model, so there is nothing to be unsure about.",
        icon=":material/model_training:",
        page="data",
        link="Data and models",
    )
    st.stop()
user = context.user()
key = f"requests:{user}:{cohort['id'] if cohort else 'all'}"
place = f"{key}:desk"
if place not in st.session_state:
    seen = st.session_state.setdefault(f"requests:{user}:seen", set())
    st.session_state[place] = label_queue.Desk(
        uuid.uuid4().hex, user, cohort["id"] if cohort else None, seen=seen
    )
desk = st.session_state[place]
wanted = requested()
if wanted is not None and wanted != desk.first:
    desk.put_first(wanted)
with st.spinner("Reading the requests …"):
    catalogues = {
        each["name"]: label_queue.catalogue_document(queue.catalogue(store, each["id"])) for each in shown
    }
work(key, catalogues)
