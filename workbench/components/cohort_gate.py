"""The safety gate's switch for a cohort, on the Data page: off only with a reason, which stays in view."""

import streamlit as st

from core.errors import InputError
from core.services import Store, gating
from workbench.components.text import plain, sentence, small

TOLD = "gate_told"


def draw(store: Store, cohort_id: int, user: str) -> None:
    """Draw whether the gate holds for a cohort, and the form that switches it."""
    on, reason = gating.is_on(store, cohort_id)
    if told := st.session_state.pop(f"{TOLD}_{cohort_id}", ""):
        st.success(told, icon=":material/check_circle:")
    if not on:
        off(reason)
    with st.expander("Safety gate: on" if on else "Safety gate: off", icon=":material/rule:"):
        small(
            "The gate masks what the guideline base and the screening speak against, before any model has a say. "
            "None of its rules has been reviewed by a clinician unless the rule says so. Off, everything may be "
            "offered to everybody in this cohort."
        )
        _form(store, cohort_id, user, on=on)


def off(reason: str) -> None:
    """Say that the gate is off for a cohort, and why."""
    st.warning(
        f"**The safety gate is off for this cohort**, so nothing is masked for anybody in it. "
        f"Reason given: {plain(reason)}",
        icon=":material/gpp_bad:",
    )


def _form(store: Store, cohort_id: int, user: str, *, on: bool) -> None:
    with st.form(f"gate {cohort_id}", border=False):
        reason = st.text_input(
            "Why it is switched off" if on else "Why it is switched on again (may stay empty)",
            max_chars=gating.MOST_REASON,
            placeholder="Shown on the caseload and kept in the audit" if on else "",
        )
        label = "Switch the gate off" if on else "Switch the gate on"
        if st.form_submit_button(label, icon=":material/toggle_off:" if on else ":material/toggle_on:"):
            try:
                with st.spinner("Recommending anew to everybody in the cohort …"):
                    gating.switch(store, cohort_id, on=not on, reason=reason, by=user)
            except InputError as error:
                st.error(sentence(str(error)), icon=":material/error:")
                return
            st.session_state[f"{TOLD}_{cohort_id}"] = (
                "The gate is off; everybody was recommended anew."
                if on
                else "The gate is on; everybody was recommended anew."
            )
            st.rerun()
