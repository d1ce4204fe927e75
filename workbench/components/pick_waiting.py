"""Picks that wait for an outcome: several answered at once, with a way back."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from core.services.picks.views import CohortRow
from workbench import cells
from workbench.components.pick_client import words
from workbench.components.text import plain, small
from workbench.components.told import Notice, Told

PAGE = 15
WIDTH = 820  # pixels; wider, the answers stand far from the names
NOTICE = Notice("outcomes")


def draw(store: Store, cohort_id: int, rows: Sequence[CohortRow], *, user: str) -> None:
    """Draw what was recorded last, and the list of those that still wait, if any do."""
    NOTICE.draw(cohort_id, undo=partial(_undo, store, user))
    waiting = [(row, row.waiting) for row in rows if row.waiting is not None]
    if not waiting:
        if any(row.picks for row in rows):
            small("Every pick has its outcome.")
        return
    _waiting(store, cohort_id, waiting, user)


# Another page of the list, or all of it set at once, runs this again, and scores nobody anew.
@st.fragment
def _waiting(store: Store, cohort_id: int, waiting: Sequence[tuple[CohortRow, int]], user: str) -> None:
    with st.container(border=True, key="picks_waiting", gap="small", width=WIDTH):
        count = f"{len(waiting):,} {'client waits' if len(waiting) == 1 else 'clients wait'}"
        st.markdown(f"## Waiting for an outcome\n{count} for word on what became of the newest pick.")
        key = f"waiting_page:{cohort_id}"
        pages = -(-len(waiting) // PAGE)
        number = min(int(st.session_state.get(key, 1)), pages)
        _list(store, cohort_id, waiting[(number - 1) * PAGE : number * PAGE], user)
        if pages > 1:
            with st.container(horizontal_alignment="center"):
                st.pagination(pages, key=key)


def _list(store: Store, cohort_id: int, part: Sequence[tuple[CohortRow, int]], user: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        small("Set all shown:", width="content")
        for answer in words.OUTCOMES:
            st.button(
                answer,
                key=f"all_{answer}",
                on_click=_set_all,
                args=([pick for _, pick in part], answer),
            )
    with st.form("outcomes", border=False):
        for row, pick_id in part:
            pick = picks.read(store, pick_id)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(
                    f"**{plain(row.name)}** · {plain(pick.arm)}, {cells.day(pick.day)}", width="stretch"
                )
                st.segmented_control(
                    f"What became of {row.name}’s {pick.arm} of {cells.day(pick.day)}",
                    list(words.OUTCOMES),
                    key=_key(pick_id),
                    label_visibility="collapsed",
                )
        with st.container(horizontal=True, vertical_alignment="center"):
            # Before the page is read anew: what was on screen is what is recorded, or told why not.
            asked = st.form_submit_button(
                "Record outcomes",
                type="primary",
                icon=":material/check:",
                on_click=_record,
                args=(store, cohort_id, [pick_id for _, pick_id in part], user),
            )
            small("Partly counts as half of the session.", width="content")
    if asked:
        st.rerun()


def _key(pick_id: int) -> str:
    return f"outcome_of_{pick_id}"


def _set_all(pick_ids: Sequence[int], answer: str) -> None:
    for pick_id in pick_ids:
        st.session_state[_key(pick_id)] = answer


def _record(store: Store, cohort_id: int, shown: Sequence[int], user: str) -> None:
    given = {pick_id: answer for pick_id in shown if (answer := st.session_state.get(_key(pick_id)))}
    if not given:
        text = "Nothing was recorded. Choose what became of at least one pick first."
        NOTICE.tell("problem", text, where=cohort_id)
        return
    recorded, problems = [], []
    for pick_id, answer in given.items():
        try:
            picks.record_outcome(store, pick_id, words.OUTCOMES[answer], by=user)
        except SpotterError as error:
            problems.append(str(error))
        else:
            recorded.append(pick_id)
    counts = [
        f"{count} {answer.lower()}"
        for answer in words.OUTCOMES
        if (count := sum(given[pick_id] == answer for pick_id in recorded))
    ]
    text = (
        f"Recorded: {', '.join(counts)}. The policy has learnt from it."
        if recorded
        else "Nothing was recorded."
    )
    said = " ".join((text, *dict.fromkeys(problems)))
    NOTICE.tell("problem" if problems else "done", said, where=cohort_id, undoable=tuple(recorded))


def _undo(store: Store, user: str, told: Told) -> None:
    problems, undone = [], 0
    for pick_id in told.undoable:
        try:
            picks.undo_outcome(store, pick_id, by=user)
            undone += 1
        except SpotterError as error:
            problems.append(str(error))
    text = f"{undone or 'No'} {'outcome is' if undone == 1 else 'outcomes are'} taken back."
    if undone:
        text += " The policy has forgotten what it learnt from it."
    said = " ".join((text, *dict.fromkeys(problems)))
    NOTICE.tell("problem" if problems else "undone", said, where=told.where)
