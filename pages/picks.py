"""Picks: what to offer a client today and why, for one client or for a cohort, and the receipt of a pick."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import NotFound, SpotterError
from core.services import caseload, clients, picks
from core.services.picks import Considered
from workbench import context
from workbench.components import (
    address,
    client_choice,
    empty,
    pick_cohort,
    pick_fairness,
    pick_receipt,
    pick_rehearsal,
    synthetic,
)
from workbench.components.pick_client import decide, notice, today, what_if, why, words
from workbench.components.text import plain, sentence

HERE = Path(__file__).parent
CLIENT, PICK, COHORT = "client", "pick", "cohort"
EVERYONE, FAIRNESS, REHEARSAL = "Everyone", "Fairness", "Rehearse a setting"
LITTLE = 1 / 3  # share known of person and wishes under which a pick rests on little


def show(client_id: int) -> None:
    """Go to a client's picks."""
    st.switch_page(HERE / "picks.py", query_params={CLIENT: str(client_id)})


def ways(client: Mapping[str, Any]) -> None:
    """The ways from here: everyone, the neighbours, the client's other page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            HERE / "picks.py",
            label="Everyone's picks",
            icon=":material/arrow_back:",
            query_params={COHORT: client["cohort"]},
        )
        client_choice.draw(
            dict(clients.find(store, client["cohort_id"])), client["id"], show=show, key="picks"
        )
        st.page_link(
            HERE / "client.py",
            label="The client's page",
            icon=":material/person:",
            query_params={CLIENT: str(client["id"])},
        )


def rests_on_little(considered: Considered) -> None:
    """A word where hardly anything is known."""
    known, all_of_them = words.known(considered)
    if considered.best is None or known > LITTLE * all_of_them:
        return
    st.info(
        f"**This rests on little.** Of the {all_of_them} things that the policy can go by in a person and their "
        f"wishes, {known} are known. Fill in the wishes under “What would change it”; once saved, they hold.",
        icon=":material/help:",
    )


def one(client_id: int) -> None:
    """One client's picks."""
    considered, made = picks.consider(store, client_id), picks.of_client(store, client_id)
    if given := today.given(considered, made):
        considered = picks.consider(store, client_id, given)
    desk = decide.Desk(store, considered, made, given, user)
    client_choice.seen(store, client_id, page="Picks", user=user)
    ways(considered.client)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(decide.heading(desk)), anchor=False, width="content")
        if considered.client["synthetic"]:
            synthetic.draw(sentence=False)
    notice.draw(store, client_id, user=user)
    decide.waiting(desk)
    rests_on_little(considered)
    decide.draw(desk)
    if considered.best is not None:
        why.draw(considered)
        what_if.draw(store, considered, given, user=user)


def everyone() -> None:
    """The cohort, for when the address names neither client nor pick."""
    cohorts = [cohort for cohort in caseload.cohorts(store) if cohort["clients"]]
    if not cohorts:
        st.title("Picks")
        empty.draw(
            "No clients yet",
            "Import clients on the Data and models page; then a policy can say what to offer each.",
            icon=":material/group_add:",
            page="data",
            link="Import clients",
        )
        return
    by_name = {cohort["name"]: cohort for cohort in cohorts}
    address.tell_unknown_cohort(COHORT, by_name, f"“{next(iter(by_name))}”")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Picks", width="content")
        name = st.selectbox(
            "Cohort", list(by_name), key=COHORT, bind="query-params", label_visibility="collapsed", width=340
        )
    cohort = by_name[name]
    if cohort["synthetic"]:
        synthetic.draw()
    parts = {EVERYONE: pick_cohort, FAIRNESS: pick_fairness, REHEARSAL: pick_rehearsal}
    tabs = st.tabs(list(parts), key="part", on_change="rerun", bind="query-params")
    for tab, part in zip(tabs, parts.values(), strict=True):
        with tab:
            if tab.open:
                part.draw(store, cohort, user=user)


def told(error: SpotterError, icon: str) -> None:
    """An error as a sentence, with the way to everyone."""
    st.title("Picks")
    st.error(sentence(str(error)), icon=icon)
    st.page_link(HERE / "picks.py", label="Everyone's picks", icon=":material/arrow_back:")


store, user = context.store(), context.user()
address.keep()
wanted, receipt = st.query_params.get(CLIENT, ""), st.query_params.get(PICK, "")
try:
    # No client and no pick has the number 0.
    if receipt:
        pick_receipt.draw(store, address.number(receipt) or 0, user=user)
    elif wanted:
        one(address.number(wanted) or 0)
    else:
        everyone()
except NotFound as error:
    told(error, ":material/person_off:")
except SpotterError as error:
    told(error, ":material/error:")
