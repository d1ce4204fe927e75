"""What stands in the page's address: written by hand or long ago, so anything can be in it."""

from collections.abc import Container
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from workbench.components.text import plain

LARGEST = 2**53  # ids and pages are far below; the browser's own numbers are whole up to here
SHOWN = 60


def number(text: str) -> int | None:
    """The whole number that a text is, from 0 to ``LARGEST``; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST))):
        return None
    found = int(text)
    return found if found <= LARGEST else None


def keep() -> None:
    """Have the browser's address say what the page shows: Streamlit's links from a page to itself leave it as it was.

    Where a widget of the page is bound to a parameter, Streamlit lets nobody else write it, and keeps it there itself.
    """
    with suppress(StreamlitAPIException):
        st.query_params.from_dict(st.query_params.to_dict())


def tell_unknown_cohort(key: str, known: Container[str], shown: str) -> None:
    """Draw a sentence if the address names a cohort that cannot be shown.

    Args:
        key: its name in the address.
        known: names that can be chosen.
        shown: what is shown in its place.
    """
    asked = st.query_params.get(key, "")
    if asked and asked not in known:
        st.warning(
            f"There is no cohort “{plain(asked[:SHOWN])}” with clients. This is {plain(shown)}.",
            icon=":material/search_off:",
        )
