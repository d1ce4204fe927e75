"""What was done last on one client's Picks page, what became of a pick, and taking that back."""

from pathlib import Path
from typing import Literal

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from workbench import cells
from workbench.components.pick_client import words
from workbench.components.told import Kind, Notice

NOTICE = Notice("picks")
PAGE = Path(__file__).parent.parent.parent.parent / "pages" / "picks.py"
Place = Literal["top", "wishes"]


def tell(kind: Kind, text: str, *, where: int, outcome_of: int | None = None, place: Place = "top") -> None:
    """Keep a sentence for the page's next run, in place of the last.

    Args:
        where: the client on whose page it belongs; ``place`` where on it.
        outcome_of: the pick whose outcome was recorded and can be taken back, None for none.
    """
    NOTICE.tell(kind, text, where=where, place=place, undoable=() if outcome_of is None else (outcome_of,))


def draw(store: Store, where: int, *, user: str, place: Place = "top") -> None:
    """Draw the sentence kept for this client and place; one of another client is forgotten."""
    NOTICE.draw(where, undo=lambda told: undo(store, told.undoable[0], where, user), place=place)


def clear() -> None:
    """Forget the sentence: what was done since shows by itself."""
    NOTICE.clear()


def receipt_link(pick_id: int, label: str = "Receipt") -> None:
    """The way to a pick's receipt."""
    st.page_link(
        PAGE,
        label=label,
        icon=":material/receipt_long:",
        query_params={"pick": str(pick_id)},
        width="content",
    )


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
