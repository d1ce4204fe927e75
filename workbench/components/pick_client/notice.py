"""What was done last on the Picks page, kept over the page's next run, with a button that undoes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from workbench import cells
from workbench.components.pick_client import words
from workbench.components.text import plain

KEY = "picks_notice"
PAGE = Path(__file__).parent.parent.parent.parent / "pages" / "picks.py"
Kind = Literal["done", "undone", "problem"]
Place = Literal["top", "wishes"]
ICONS: dict[Kind, str] = {
    "done": ":material/check_circle:",
    "undone": ":material/undo:",
    "problem": ":material/warning:",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about what was done.

    Attributes:
        where: the client on whose page it belongs.
        place: where on it, so that it stands in view of what was pressed.
        outcome_of: the pick whose outcome was recorded and can be taken back, None for none.
    """

    kind: Kind
    text: str
    where: int
    outcome_of: int | None = None
    place: Place = "top"


def tell(kind: Kind, text: str, *, where: int, outcome_of: int | None = None, place: Place = "top") -> None:
    """Keep a sentence for the page's next run, in place of the last."""
    st.session_state[KEY] = Notice(kind, text, where, outcome_of, place)


def draw(store: Store, where: int, *, user: str, place: Place = "top") -> None:
    """Draw the sentence kept for this client and place; one of another client is forgotten."""
    notice: Notice | None = st.session_state.get(KEY)
    if notice is None:
        return
    if notice.where != where:
        del st.session_state[KEY]
        return
    if notice.place != place:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="picks_told"):
        st.markdown(f"{ICONS[notice.kind]} {plain(notice.text)}", width="stretch")
        if notice.outcome_of is not None:
            st.button(
                "Undo",
                icon=":material/undo:",
                key="undo_last",
                on_click=undo,
                args=(store, notice.outcome_of, where, user),
            )
        st.button("Close", icon=":material/close:", type="tertiary", key="close_notice", on_click=clear)


def receipt_link(pick_id: int, label: str = "Receipt") -> None:
    """The way to a pick's receipt."""
    st.page_link(
        PAGE,
        label=label,
        icon=":material/receipt_long:",
        query_params={"pick": str(pick_id)},
        width="content",
    )


def clear() -> None:
    """Forget the sentence: what was done since shows by itself."""
    st.session_state.pop(KEY, None)


# Both are called before the page is drawn anew: a button that another's doing took off the page still gets its answer.
def record(store: Store, pick: picks.Pick, completion: float, told: bool, user: str) -> None:
    """Record what became of a pick.

    Args:
        told: say so in a notice; the pick of today shows its outcome where it stands.
    """
    clear()
    try:
        outcome = picks.record_outcome(store, pick.id, completion, by=user)
    except SpotterError as error:
        tell("problem", str(error), where=pick.client_id)
    else:
        if told:
            said = words.outcome(completion).lower()
            text = (
                f"{words.arm(pick.arm)} on {cells.day(pick.day)}: {said}, a reward of {outcome.reward:.2f}."
            )
            tell("done", text, where=pick.client_id, outcome_of=pick.id)


def undo(store: Store, pick_id: int, where: int, user: str) -> None:
    """Take an outcome back, and say so."""
    try:
        picks.undo_outcome(store, pick_id, by=user)
    except SpotterError as error:
        tell("problem", str(error), where=where)
    else:
        tell("undone", "The outcome is taken back; the policy forgets what it learnt from it.", where=where)
