"""Text that others wrote, on its way into Markdown."""

import re
from typing import Literal

import streamlit as st

_ADDRESS = re.compile(r"(https?://[\w.:/-]*\w|[\w.+-]+@\w[\w.-]*\w)")
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")


def plain(text: str) -> str:
    """The text with every mark that Markdown or Streamlit would act on escaped: it is shown as it is."""
    return _escaped(" ".join(text.split()))


def sentence(text: str) -> str:
    """Plain text with its addresses set as code: Markdown would make links of them, whatever is escaped."""
    parts = _ADDRESS.split(" ".join(text.split()))
    return "".join(f"`{part}`" if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def small(markdown: str, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """Draw a remark in small type. ``st.caption`` is too pale for some eyes."""
    st.markdown(f":small[{markdown}]", width=width)
