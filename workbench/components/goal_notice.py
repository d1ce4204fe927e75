"""What was done last on the Step goals page, kept over the page's next run, with a button that undoes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.errors import SpotterError
from core.services import Store, goals
from workbench.components.text import plain

KEY = "goals_notice"
Kind = Literal["done", "undone", "problem"]
ICONS: dict[Kind, str] = {
    "done": ":material/check_circle:",
    "undone": ":material/undo:",
    "problem": ":material/warning:",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about what was done.

    Attributes:
        where: the client on whose page it belongs, None for the group's.
        plans: ids of the plans that it put in force, which can be taken back with it.
    """

    kind: Kind
    text: str
    where: int | None
    plans: tuple[int, ...] = ()


def tell(kind: Kind, text: str, *, where: int | None, plans: Sequence[int] = ()) -> None:
    """Keep a sentence for the page's next run, in place of the last."""
    st.session_state[KEY] = Notice(kind, text, where, tuple(plans))


def draw(store: Store, where: int | None, *, user: str) -> None:
    """Draw the sentence kept for this place; one of another place is forgotten."""
    notice: Notice | None = st.session_state.get(KEY)
    if notice is None:
        return
    if notice.where != where:
        del st.session_state[KEY]
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="goals_told"):
        st.markdown(f"{ICONS[notice.kind]} {plain(notice.text)}", width="stretch")
        if notice.plans and st.button("Undo", icon=":material/undo:", key="undo_plan"):
            _undo(store, notice, user)
            st.rerun()
        if st.button("Close", icon=":material/close:", type="tertiary", key="close_notice"):
            del st.session_state[KEY]
            st.rerun()


def _undo(store: Store, notice: Notice, user: str) -> None:
    text, problems = "", []
    for plan_id in notice.plans:
        try:
            text = goals.withdraw(store, plan_id, reason="undone", by=user)
        except SpotterError as error:
            problems.append(str(error))
    if problems:
        tell("problem", " ".join(dict.fromkeys(problems)), where=notice.where)
        return
    if len(notice.plans) > 1:
        text = f"{len(notice.plans)} plans are taken back; the plans before them hold again."
    tell("undone", text, where=notice.where)
