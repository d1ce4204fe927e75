"""Step goals: what a client walked, what that says, and the goals to set next, for one client or for a cohort."""

from pathlib import Path

import streamlit as st

from core.errors import NotFound, SpotterError
from core.services import caseload, clients, goals
from workbench import context
from workbench.components import (
    address,
    client_choice,
    empty,
    goal_group,
    goal_notice,
    goal_proof,
    step_plan,
    synthetic,
)
from workbench.components import goal_sections as sections
from workbench.components.text import plain

HERE = Path(__file__).parent
CLIENT, COHORT = "client", "cohort"


def show(client_id: int) -> None:
    """Go to a client's step goals."""
    st.switch_page(HERE / "step_goals.py", query_params={CLIENT: str(client_id)})


def header(record: goals.Record) -> None:
    """Who this is, and the ways from here."""
    client = record.client
    names = dict(clients.find(store, client["cohort_id"]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            HERE / "step_goals.py",
            label="Everyone's step goals",
            icon=":material/arrow_back:",
            query_params={COHORT: client["cohort"]},
        )
        client_choice.draw(names, client["id"], show=show, key="goals")
        st.page_link(
            HERE / "client.py",
            label="The client's page",
            icon=":material/person:",
            query_params={CLIENT: str(client["id"])},
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(f"{plain(client['name'])}: step goals", anchor=False, width="content")
        if client["synthetic"]:
            synthetic.draw(sentence=False)


# An answer to a slider runs this again and nothing else.
@st.fragment
def work(desk: step_plan.Desk) -> None:
    """The plan under the person's hand; what is approved is what was drawn."""
    client = desk.record.client
    key = f"step_plan:{client['id']}"
    approval = step_plan.mount(key, desk.answer(step_plan.sent(key)))
    if approval is None:
        return
    try:
        made = desk.plan(approval.values)
        plan_id = goals.approve(store, desk.record, made, reason=approval.reason, by=user)
    except SpotterError as error:
        goal_notice.tell("problem", str(error), where=client["id"])
    else:
        text = f"Plan in force for {client['name']} from {step_plan.day_words(made.starts_on)}: {approval.reason}"
        goal_notice.tell("done", text, where=client["id"], plans=[plan_id])
    st.rerun()


def plan_file(desk: step_plan.Desk) -> str:
    """The plan on screen as CSV; the audit notes that it left."""
    if desk.made is None:
        return "The settings on screen make no plan.\r\n"
    return goals.export(store, desk.record, desk.made, by=user)[1]


def history(record: goals.Record) -> None:
    """Plans so far, and the one in force to be taken back."""
    sections.plans(record)
    force = sections.in_force(record)
    if force is None:
        return
    with st.form("take_back", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input("Reason for taking the plan in force back", max_chars=500)
        if st.form_submit_button("Take back", icon=":material/undo:"):
            take_back(record.client["id"], force["id"], reason)
            st.rerun()


def take_back(client_id: int, plan_id: int, reason: str) -> None:
    """Take a plan back, and say what holds now."""
    if not reason.strip():
        goal_notice.tell("problem", "Write a reason first: it is kept with the plan.", where=client_id)
        return
    try:
        goal_notice.tell("undone", goals.withdraw(store, plan_id, reason=reason, by=user), where=client_id)
    except SpotterError as error:
        goal_notice.tell("problem", str(error), where=client_id)


def page(record: goals.Record) -> None:
    """One client's step goals."""
    header(record)
    goal_notice.draw(store, record.client["id"], user=user)
    if record.history is None:
        fit = None
        st.info(f"**Cannot be told yet.** {plain(record.why_not)}", icon=":material/help:")
        if not any(day.steps is not None for day in record.days):
            st.page_link(HERE / "data.py", label="Import steps", icon=":material/arrow_forward:")
    else:
        with st.spinner("Estimating …"):
            fit = goals.fit(record.history)
    sections.strip(record, fit)
    desk = step_plan.Desk.open(record, fit, user=user)
    work(desk)
    with st.container(horizontal_alignment="right"):
        st.download_button(
            "CSV of this plan",
            lambda: plan_file(desk),
            file_name=f"step-goals-{record.client['id']}-{record.starts_on}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    says, proof, past = st.tabs(["What the steps say", "Prove it", "Plans so far"])
    with says:
        sections.estimate(record, fit)
    with proof:
        goal_proof.draw(store, desk, user=user)
    with past:
        history(record)


def everyone() -> None:
    """The cohort's table, for when the address names nobody."""
    cohorts = [cohort for cohort in caseload.cohorts(store) if cohort["clients"]]
    if not cohorts:
        st.title("Step goals")
        empty.draw(
            "No clients yet",
            "Import an exercise log or daily steps on the Data and models page.",
            icon=":material/group_add:",
            page="data",
            link="Import clients",
        )
        return
    by_name = {cohort["name"]: cohort for cohort in cohorts}
    address.tell_unknown_cohort(COHORT, by_name, f"“{next(iter(by_name))}”")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Step goals", width="content")
        name = st.selectbox(
            "Cohort", list(by_name), key=COHORT, bind="query-params", label_visibility="collapsed", width=340
        )
    cohort = by_name[name]
    if cohort["synthetic"]:
        synthetic.draw()
    goal_notice.draw(store, None, user=user)
    goal_group.draw(store, cohort, user=user)


store, user = context.store(), context.user()
wanted = st.query_params.get(CLIENT, "")
if not wanted:
    everyone()
else:
    try:
        record = goals.read(store, address.number(wanted) or 0)  # no client has the number 0
        client_choice.seen(store, record.client["id"], page="Step goals", user=user)
        page(record)
    except NotFound as error:
        st.title("Step goals")
        st.error(plain(str(error)), icon=":material/person_off:")
        st.page_link(HERE / "step_goals.py", label="Everyone's step goals", icon=":material/arrow_back:")
