"""What every page starts from: the store of this workbench and the person at the keyboard."""

import os
from pathlib import Path

import streamlit as st

from core.services import Store

DATA_VARIABLE = "SPOTTER_DATA"


@st.cache_resource(show_spinner=False)
def _open(folder: str) -> Store:
    return Store(Path(folder))


def store() -> Store:
    """The store that the server was started on; each thread has a connection of its own."""
    return _open(os.environ.get(DATA_VARIABLE, "data"))


def user() -> str:
    """The name of the person signed in."""
    return str(st.session_state.get("user", "Trainer"))
