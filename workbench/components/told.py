"""What was done last on a page, kept over its next run, with a button that undoes it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from workbench.components.text import plain

Kind = Literal["done", "undone", "problem"]
ICONS: dict[Kind, str] = {
    "done": ":material/check_circle:",
    "undone": ":material/undo:",
    "problem": ":material/warning:",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about what was done.

    Attributes:
        where: whose page it belongs on, such as a client's id.
        place: where on it, so that it stands in view of what was pressed.
        undoable: ids of what was done, for the button that takes it back; empty for none.
    """

    kind: Kind
    text: str
    where: Hashable
    place: str
    undoable: tuple[int, ...]


class Notice:
    """The notice of one page.

    Args:
        name: the page's, unlike any other's; names the buttons too.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._key = f"{name}_notice"

    def tell(
        self, kind: Kind, text: str, *, where: Hashable, place: str = "top", undoable: tuple[int, ...] = ()
    ) -> None:
        """Keep a sentence for the page's next run, in place of the last."""
        st.session_state[self._key] = Told(kind, text, where, place, undoable)

    def clear(self) -> None:
        """Forget the sentence: what was done since shows by itself."""
        st.session_state.pop(self._key, None)

    def draw(self, where: Hashable, *, undo: Callable[[Told], None], place: str = "top") -> None:
        """Draw the sentence kept for here; one that belongs on another's page is forgotten.

        Args:
            undo: takes back what the sentence tells, and tells that.
        """
        told: Told | None = st.session_state.get(self._key)
        if told is None:
            return
        if told.where != where:
            self.clear()
            return
        if told.place != place:
            return
        with st.container(
            horizontal=True, vertical_alignment="center", border=True, key=f"{self._name}_told"
        ):
            st.markdown(f"{ICONS[told.kind]} {plain(told.text)}", width="stretch")
            if told.undoable and st.button("Undo", icon=":material/undo:", key=f"{self._name}_undo"):
                undo(told)
                st.rerun()
            if st.button("Close", icon=":material/close:", type="tertiary", key=f"{self._name}_close"):
                self.clear()
                st.rerun()
