"""Text that others wrote, on its way into Markdown."""

import re
from typing import Literal

import streamlit as st

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")


def plain(text: str) -> str:
    """The text with every mark that Markdown or Streamlit would act on escaped: it is shown as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def small(markdown: str, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """Draw a remark in small type. ``st.caption`` is too pale for some eyes."""
    st.markdown(f":small[{markdown}]", width=width)
