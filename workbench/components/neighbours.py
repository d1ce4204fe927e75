"""Buttons to the ones before and after in an order that a person walks through."""

import streamlit as st


def previous(*, disabled: bool) -> bool:
    """The button to the one before; True when it was pressed."""
    return st.button("Previous", icon=":material/chevron_left:", disabled=disabled, type="tertiary")


def following(*, disabled: bool) -> bool:
    """The button to the one after; True when it was pressed."""
    return st.button(
        "Next", icon=":material/chevron_right:", icon_position="right", disabled=disabled, type="tertiary"
    )
