"""The models that training kept for a cohort, putting another of them in force, and taking that back."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import streamlit as st

from core.errors import SpotterError
from core.services import Store, candidates, training
from core.services.training import Trainable
from workbench import cells
from workbench.components.text import small
from workbench.components.told import Kind, Notice, Told

NOTICE = Notice("models")
PAGE = "models in force"
NEWEST = 8
LOOK_SECONDS = 0.2
BEFORE = (
    "Another model can be put in force at once. Every client is then recommended to anew and what the model asks "
    "changes with it; what trainers answered is taught to it again. Nothing is lost: the model in use now is kept, and "
    "you can go back to it the same way."
)


def draw(store: Store, cohort: Trainable, user: str, *, training_now: bool) -> None:
    """Draw the kept models, newest first, with a button for each that is not in force; nothing where there is one.

    What was done last stands above them, with a button that takes it back.

    training_now: a training of this cohort is under way.
    """
    everything = f"all versions {cohort.cohort_id}"
    shown_all = st.session_state.get(everything, False)
    # One more than is shown tells whether there are more.
    kept = training.kept(store, cohort.cohort_id, newest=None if shown_all else NEWEST + 1)
    if cohort.version is None or len(kept) < 2:
        return
    in_force = cohort.version["id"]
    shown = [
        version for at, version in enumerate(kept) if shown_all or at < NEWEST or version["id"] == in_force
    ]
    with st.expander("Use another model, or an earlier one", key=f"kept {cohort.cohort_id}"):
        small(BEFORE)
        NOTICE.draw(PAGE, undo=partial(_undo, store, cohort, user), place=_place(cohort))
        if training_now:
            small("**A training is under way**; when it ends, its model is put in force.")
        under_way = st.empty()
        pressed = [version["id"] for version in shown if _row(version, in_use=version["id"] == in_force)]
        if len(kept) > NEWEST:
            st.toggle(f"Show all, not only the newest {NEWEST}", key=everything)
        if pressed:
            with under_way:
                _use(store, cohort, pressed[0], user)
            st.rerun()


def title(report: Mapping[str, Any]) -> str:
    """What kind of model a base version is, by its report."""
    return candidates.TITLES[candidates.family_in(report)]


def _row(version: dict[str, Any], *, in_use: bool) -> bool:
    """Draw a version; whether its button was pressed."""
    words, way = st.columns([4, 1], vertical_alignment="center")
    words.markdown(f"**Version {version['id']}: {title(version['report'])}**  \n:small[{_about(version)}]")
    if in_use:
        way.badge("in use", icon=":material/check:", color="green")
        return False
    return way.button("Use this model", key=f"use {version['id']}", width="stretch")


def _about(version: dict[str, Any]) -> str:
    report = version["report"]
    accuracy = report["accuracy"]
    right = (
        f"right about {cells.percent(accuracy['top1'])} of {accuracy['steps']:,} exercises of clients kept aside then"
        if accuracy["steps"]
        else "nobody could be kept aside to check it"
    )
    words = [f"Trained {cells.day(version['created_at'])} on {report['rows']:,} logged exercises", right]
    before, after = (report["summary"].get(f"error_{when}") for when in ("before", "after"))
    if before is not None and after is not None:
        words.append(f"calibration error {before:.3f} without its temperature, {after:.3f} with it")
    return " · ".join(words)


def _place(cohort: Trainable) -> str:
    return f"cohort {cohort.cohort_id}"


def _tell(cohort: Trainable, kind: Kind, text: str, *, before: int | None = None) -> None:
    NOTICE.tell(kind, text, where=PAGE, place=_place(cohort), undoable=() if before is None else (before,))


def _undo(store: Store, cohort: Trainable, user: str, done: Told) -> None:
    _use(store, cohort, done.undoable[0], user, back=True)


def _use(store: Store, cohort: Trainable, version_id: int, user: str, *, back: bool = False) -> None:
    """Put a version in force, and tell so; what cannot be is told too."""
    bar = st.progress(0.0)
    shares = [0.0]
    try:
        # On a thread of its own: whoever leaves the page meanwhile would break off what draws its progress.
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(training.use, store, version_id, by=user, progress=shares.append)
            while wait((work,), LOOK_SECONDS).not_done:
                bar.progress(
                    shares[-1],
                    f"Recommending anew: {cells.percent(shares[-1])} of the clients"
                    if shares[-1]
                    else "Teaching again what was answered, and recommending anew …",
                )
        version = work.result()
    except SpotterError as error:
        _tell(cohort, "problem", str(error))
        return
    name = f"Version {version_id} ({title(version['report'])})"
    if back:
        _tell(cohort, "undone", f"{name} is in force again for “{cohort.name}”.")
        return
    clients = "1 client was" if cohort.clients == 1 else f"{cohort.clients:,} clients were"
    _tell(
        cohort,
        "done",
        f"{name} is in force for “{cohort.name}”: {clients} recommended to anew{_taught_again(cohort)}.",
        before=cohort.version["id"] if cohort.version else None,
    )


def _taught_again(cohort: Trainable) -> str:
    if not cohort.taught:
        return ""
    return (
        ", and the answers for "
        + ("1 client" if cohort.taught == 1 else f"{cohort.taught} clients")
        + " taught again"
    )
