"""A client's picks in short, the newest first: what was picked, what became of it, and the way to its receipt."""

from pathlib import Path

import streamlit as st

from core.services import Store, picks
from core.services.picks import Pick
from workbench import cells
from workbench.components.pick_client import words
from workbench.components.text import plain, small

PAGE = Path(__file__).parent.parent.parent / "pages" / "picks.py"
FEW = 10


def draw(store: Store, client_id: int) -> None:
    """Draw the list, and the way to the client's picks."""
    made = [pick for pick in picks.of_client(store, client_id) if pick.replaced_by is None]
    st.page_link(
        PAGE, label="Today's pick", icon=":material/event_available:", query_params={"client": str(client_id)}
    )
    if not made:
        st.markdown("No picks yet.")
        return
    for pick in made[: None if st.session_state.get("every_pick") else FEW]:
        with st.container(border=True, gap="xxsmall", key=f"pick_{pick.id}"):
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                st.markdown(
                    f"**{words.arm(pick.arm)}** on {cells.day(pick.day)}: {became(pick)}", width="content"
                )
                st.page_link(
                    PAGE, label="Receipt", icon=":material/receipt_long:", query_params={"pick": str(pick.id)}
                )
            small(plain(words.chosen_by(pick.propensity, pick.author)))
    if len(made) > FEW:
        st.toggle(f"Show all {len(made)} picks", key="every_pick")


def became(pick: Pick) -> str:
    """What became of a pick, in a word or two."""
    if pick.outcome is None:
        return "no outcome yet"
    return words.outcome(pick.outcome.completion).lower()
