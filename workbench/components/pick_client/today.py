"""How the client is today, asked beside the pick; it holds for the day's picks and is kept with their receipts."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.services import picks
from core.services.picks import Considered, Pick, Value

KEY = "energy"


def given(considered: Considered, made: Sequence[Pick]) -> dict[str, Value]:
    """What was said of today, in this session or when today's pick was made, by attribute key."""
    said = st.session_state.get(_place(considered.client["id"], considered.day), _recorded(considered, made))
    return {} if said is None else {KEY: said}


def ask(considered: Considered) -> None:
    """Draw the question; another answer draws the page again."""
    place = _place(considered.client["id"], considered.day)
    if place not in st.session_state:
        st.session_state[place] = considered.values.get(KEY)
    st.segmented_control(
        f"{picks.BY_KEY[KEY].label}, as the client says", list(picks.BY_KEY[KEY].values), key=place
    )


def of_day(considered: Considered, made: Sequence[Pick]) -> Pick | None:
    """The pick that holds today, None without one."""
    day = considered.day.isoformat()
    return next((pick for pick in made if pick.day == day and pick.replaced_by is None), None)


def _recorded(considered: Considered, made: Sequence[Pick]) -> Value | None:
    pick = of_day(considered, made)
    return None if pick is None else pick.receipt.get("values", {}).get(KEY)


def _place(client_id: int, day: date) -> str:
    return f"energy_{client_id}_{day}"
