"""Client: one page for one person, with everything that is known and how it came about."""

from collections import Counter
from pathlib import Path

import streamlit as st

from core.errors import Conflict, NotFound
from core.services import caseload, clients, gating, labelling, models
from workbench import cells, context
from workbench import client_charts as charts
from workbench.components import (
    address,
    client_gate,
    client_health,
    client_phone,
    empty,
    neighbours,
    pick_list,
    synthetic,
)
from workbench.components import client_sections as sections
from workbench.components.text import plain, small

HERE = Path(__file__).parent
CLIENT = "client"
# The limits stay in view while the page scrolls; columns stand under one another where they would be narrow.
STYLE = """<style>
.st-key-limits { position: sticky; top: 3.75rem; z-index: 40; background: #ffffff; }
.st-key-client [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]) { flex-wrap: wrap; }
.st-key-client [data-testid="stColumn"] { min-width: min(21rem, 100%); }
</style>"""


def choose() -> None:
    """A search box over everyone, for when the address names nobody."""
    st.title("Client")
    cohorts = [cohort for cohort in caseload.cohorts(store) if cohort["clients"]]
    if not cohorts:
        empty.draw(
            "No clients yet",
            "Import an exercise log (CSV: client, time, exercise) on the Data and models page.",
            icon=":material/group_add:",
            page="data",
            link="Import clients",
        )
        return
    st.markdown("Type a name to open a client's page.")
    by_name = {cohort["name"]: cohort["id"] for cohort in cohorts}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cohort = st.selectbox("Cohort", list(by_name)) if len(by_name) > 1 else next(iter(by_name))
        found = clients.find(store, by_name[cohort])
        often = Counter(name for _, name in found)
        ids = {name if often[name] == 1 else f"{name} (no. {key})": key for key, name in found}
        chosen = st.selectbox(
            "Client", list(ids), index=None, placeholder="Name of the client", key="client_name"
        )
    if chosen:
        show(ids[chosen])
    st.page_link(HERE / "caseload.py", label="All clients, by who needs attention", icon=":material/groups:")


def show(client_id: int) -> None:
    """Go to a client's page."""
    st.switch_page(HERE / "client.py", query_params={CLIENT: str(client_id)})


def opened(client_id: int) -> clients.Client:
    """The client; the first time in a session that this person opens the page, the audit says so."""
    seen = st.session_state.setdefault("clients_seen", set())
    if (user, client_id) in seen:
        return clients.read(store, client_id)
    view = clients.view(store, client_id, by=user)
    seen.add((user, client_id))
    return view


def header(view: clients.Client, judged: gating.Judged) -> None:
    """Who this is, the way to the neighbours in the caseload, and what the client must be spared."""
    order = st.session_state.get("caseload_order", [])
    place = order.index(view.client["id"]) if view.client["id"] in order else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            HERE / "caseload.py",
            label="Caseload",
            icon=":material/arrow_back:",
            query_params=st.session_state.get("caseload_view"),
        )
        if place is not None:
            if neighbours.previous(disabled=place == 0):
                show(order[place - 1])
            if neighbours.following(disabled=place + 1 == len(order)):
                show(order[place + 1])
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title(plain(view.client["name"]), anchor=False, width="content")
            client_phone.notice(store, view.client["id"])
        st.markdown(plain(sections.about(view)))
    if view.client["synthetic"]:
        synthetic.draw()
    st.html(STYLE)
    with st.container(key="limits", gap="xxsmall"):
        sections.limits(view)
        verdict(judged)


def verdict(judged: gating.Judged) -> None:
    """What the gate says where it does not leave everything, and the way to why."""
    if headline := client_gate.headline(judged):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            sections.gate(headline, client_gate.tone(judged))
            st.button(
                "Why",
                type="tertiary",
                icon=":material/rule:",
                on_click=open_section,
                args=(client_health.SECTION,),
            )


def recommended(view: clients.Client, judged: gating.Judged) -> None:
    """What the model says comes next; where the gate leaves nothing, why and what to do; and what it holds back."""
    now = view.recommendations[0] if view.recommendations else None
    if judged.masks_everything or (now is not None and not now["top"]):
        st.header("Recommended now", anchor=False)
        client_gate.nothing(judged)
        st.button(
            "Open Profile and screening",
            type="primary",
            icon=":material/rule:",
            on_click=open_section,
            args=(client_health.SECTION,),
        )
    else:
        sections.recommendation(view, level=models.alpha(store), requests=HERE / "label_requests.py")
    if now is not None:
        client_gate.held_back(client_gate.held(store, view.client["cohort_id"], judged, now["why"]))


def open_section(name: str) -> None:
    """Turn to another tab."""
    st.session_state["section"] = name


def answers(view: clients.Client) -> None:
    """What trainers answered, the newest first; one's own can be taken back."""
    if message := st.session_state.pop("client_message", ""):
        st.success(plain(message), icon=":material/undo:")
    if not view.labels:
        st.markdown("No answers yet. When the model asks and a trainer answers, it stands here.")
    for label in view.labels[: None if st.session_state.get("every_answer") else sections.FEW]:
        with st.container(border=True, gap="small", key=f"label_{label['id']}"):
            sections.answer(label)
            undone = label["undone_at"] is not None
            if (
                label["user"] == user
                and not undone
                and st.button("Take back", key=f"undo_{label['id']}", icon=":material/undo:")
            ):
                try:
                    st.session_state["client_message"] = labelling.undo(store, user, label["id"])
                except Conflict as conflict:
                    st.session_state["client_message"] = str(conflict)
                st.rerun()
    if len(view.labels) > sections.FEW:
        st.toggle(f"Show all {len(view.labels)} answers", key="every_answer")


def notes(view: clients.Client) -> None:
    """Notes, and a form for another."""
    with st.form("note", clear_on_submit=True, border=False):
        text = st.text_area("New note", max_chars=4000, height=100)
        if st.form_submit_button("Add note", icon=":material/add:") and text.strip():
            clients.add_note(store, view.client["id"], text, by=user)
            st.rerun()
    if not view.notes:
        st.markdown("No notes yet.")
    for note in view.notes:
        with st.container(border=True, gap="xxsmall"):
            st.text(note["text"])
            small(plain(f"{note['author']}, {cells.moment(note['at'])}"))


def page(view: clients.Client) -> None:
    """The client's page, in tabs."""
    judged = gating.judge(store, view.client["id"])
    header(view, judged)
    now, history, goals, phone, answered, profile, model, written, audit = st.tabs(
        [
            "Now",
            "History",
            "Step goals",
            client_phone.SECTION,
            "Answers and picks",
            client_health.SECTION,
            "Model",
            "Notes",
            "Seen and changed",
        ],
        key="section",
        on_change="rerun",
        bind="query-params",
    )
    with now:
        left, right = st.columns([5, 7], gap="large")
        with left:
            recommended(view, judged)
        with right:
            st.header("Certainty over time", anchor=False)
            if view.margins:
                figure = charts.margins(
                    view.margins,
                    first=sections.steps_done(view) - len(view.margins) + 1,
                    threshold=view.threshold,
                )
                words = charts.margins_in_words(view.margins, view.threshold)
                st.plotly_chart(figure, config=charts.CONFIG, alt=words, key="margins")
                small(words)
            else:
                st.markdown("No margins yet: they begin with the first exercise that is logged.")
        sections.quality(view)
    with history:
        sections.history(view)
    with goals:
        sections.goals(view)
    with phone:
        client_phone.draw(store, view.client, user)
    with answered:
        left, right = st.columns([7, 5], gap="large")
        with left:
            st.header("Answers", anchor=False)
            answers(view)
        with right:
            st.header("Picks", anchor=False)
            pick_list.draw(store, view.client["id"])
    with profile:
        client_health.draw(store, view, user)
        st.header("As it was recorded", anchor=False)
        sections.documents(view)
    with model:
        sections.versions(view)
    with written:
        notes(view)
    with audit:
        sections.audit(view)


store, user = context.store(), context.user()
wanted = st.query_params.get(CLIENT, "")
if not wanted:
    choose()
else:
    try:
        view = opened(address.number(wanted) or 0)  # no client has the number 0
        with st.container(key="client"):
            page(view)
    except NotFound as error:
        st.title("Client")
        st.error(plain(str(error)), icon=":material/person_off:")
        st.page_link(HERE / "caseload.py", label="Go to the caseload", icon=":material/arrow_back:")
