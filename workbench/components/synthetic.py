"""The mark of a cohort that nobody lived: wherever such data shows, this shows with it."""

import streamlit as st

SENTENCE = "Every client here is made up by a program. Nothing on this page is a finding about real people."


def draw(*, sentence: bool = True) -> None:
    """Draw the badge, and the sentence beside it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("synthetic", icon=":material/science:", color="violet")
        if sentence:
            st.markdown(SENTENCE, width="content")
