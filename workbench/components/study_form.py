"""A study's settings as a form, from the fields of its settings dataclass."""

from typing import Any

import streamlit as st

from core.services import Store
from core.services.studies.options import Option, options
from core.services.studies.running import MOST_SEED
from core.services.studies.study import Study


def draw(study: Study, store: Store) -> tuple[dict[str, Any], int] | None:
    """Draw the form; the settings and the seed when it was sent, else None."""
    fields = options(study.settings)
    with st.form(f"start_{study.name}", border=True):
        columns = st.columns(2)
        values = {}
        for number, option in enumerate(fields):
            with columns[number % 2]:
                values[option.name] = _widget(option, store, f"{study.name}.{option.name}")
        with columns[len(fields) % 2]:
            seed = st.number_input(
                "Seed",
                0,
                MOST_SEED,
                1,
                key=f"{study.name}.seed",
                help="Everything random comes from it: the same seed, settings and data give the same figures.",
            )
        if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:"):
            return values, int(seed)
    return None


def _widget(option: Option, store: Store, key: str) -> Any:
    offered = option.offered(store)
    match option.kind:
        case "bool":
            return st.checkbox(option.label, option.default, key=key, help=option.help)
        case "several":
            return tuple(
                st.multiselect(option.label, offered or (), option.default, key=key, help=option.help)
            )
        case "str" if offered is not None:
            index = offered.index(option.default) if option.default in offered else 0
            chosen = st.selectbox(option.label, offered, index, key=key, help=option.help)
            return option.default if chosen is None else chosen
        case "str":
            return st.text_input(option.label, option.default, key=key, help=option.help)
        case "int" | "float":
            # The widget wants its numbers all of one type.
            number = int if option.kind == "int" else float
            low, high, default = (
                None if value is None else number(value)
                for value in (option.minimum, option.maximum, option.default)
            )
            given = st.number_input(option.label, low, high, default, key=key, help=option.help)
            return None if given is None else number(given)
