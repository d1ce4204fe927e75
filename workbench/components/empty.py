"""What a page shows where there is nothing to show: why, and what to do about it."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).parent.parent.parent / "pages"


def draw(title: str, text: str, *, icon: str, page: str = "", link: str = "") -> None:
    """Draw a box with a title, a sentence, and a link to the page (``data``) where it can be put right.

    Args:
        title, text: Markdown; names that people gave go through ``text.plain`` first.
        icon: as Streamlit names it.
        page: without its ending; empty for no link.
        link: what the link says.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small", key=f"empty_{page or 'here'}"):
        st.markdown(f"## {icon} {title}", text_alignment="center")
        st.markdown(text, text_alignment="center")
        if page:
            st.page_link(PAGES / f"{page}.py", label=link, icon=":material/arrow_forward:")
