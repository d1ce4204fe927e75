"""Cohorts and the model in force for each: what it was trained on, when it asks, and training it anew.

The other models it could have are in `model_comparison`, those it had in `model_versions`.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from core.services import Store, candidates, training
from core.services.studies import running
from core.services.studies.registry import STUDIES
from core.services.studies.running import Run
from core.services.training import Trainable
from workbench import cells
from workbench.components import cohort_gate, model_comparison, model_versions, plain_table, study_run
from workbench.components.text import plain, sentence, small

STUDIES_PAGE = Path(__file__).parent.parent.parent / "pages" / "studies.py"
SEED = 1


def draw(store: Store, user: str) -> None:
    """Draw a box for each cohort: its model, why it has it, the others, and training; looked at again by the page."""
    cohorts = training.overview(store)
    if not cohorts:
        st.markdown("There is no cohort yet. Import a log below; its clients become the first.")
    for cohort in cohorts:
        with st.container(border=True):
            _draw(store, user, cohort, alone=len(cohorts) == 1)


def _draw(store: Store, user: str, cohort: Trainable, *, alone: bool) -> None:
    """One cohort; alone: there is no other."""
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(cohort.name)}**", width="content")
        if cohort.synthetic:
            st.badge("synthetic", icon=":material/science:", color="violet")
    with left:
        if cohort.version:
            st.markdown(_in_use(cohort, cohort.version))
        small(_summary(cohort))
    run = _last_training(store, cohort.name)
    going = run is not None and run.active
    with right:
        _train(store, user, cohort, run if going else None)
    if run is not None and going:
        study_run.progress(run, alone=False)
    elif run is not None and run.state == "failed":
        kept = " The model in use is the one from before." if cohort.version else ""
        st.error(f"The last training failed: {sentence(run.message)}{kept}", icon=":material/error:")
    if cohort.version and not _useful(cohort.version["report"]["accuracy"]):
        st.warning(
            "On clients kept aside this model is no better than always naming the commonest exercise, or nobody could "
            "be kept aside to check it. Take what it says as a guess until more is logged.",
            icon=":material/warning:",
        )
    if cohort.logged:
        model_comparison.draw(store, cohort, user, opened=alone)
    model_versions.draw(store, cohort, user, training_now=going)
    if cohort.version and cohort.version["report"]["asked_rates"]:
        with st.expander("How often it asks"):
            _asking(cohort.version["report"]["asked_rates"])
    cohort_gate.draw(store, cohort.cohort_id, user)


def _train(store: Store, user: str, cohort: Trainable, going: Run | None) -> None:
    """The button that trains, or the way to the training that is under way."""
    if going:
        st.page_link(
            STUDIES_PAGE,
            label="Training …",
            icon=":material/progress_activity:",
            query_params={"run": going.id},
        )
    elif st.button(
        "Train again" if cohort.version else "Train",
        key=f"train {cohort.cohort_id}",
        icon=":material/model_training:",
        disabled=not cohort.logged,
        help=None if cohort.logged else "Nobody in this cohort has a logged exercise yet.",
        width="stretch",
    ):
        values = {"cohort": cohort.name, "model": cohort.choice}
        running.start(store, STUDIES, "train", values, seed=SEED, by=user)
        st.rerun()


def _in_use(cohort: Trainable, version: dict[str, Any]) -> str:
    """Which model is in force, and why that one."""
    report = version["report"]
    named = (
        f"In use: **{model_versions.title(report)}**, model version {version['id']} of "
        f"{cells.day(version['created_at'])}"
    )
    return f"{named}, {_why(cohort, report)}."


def _why(cohort: Trainable, report: dict[str, Any]) -> str:
    if cohort.by_hand:
        return "put in force by hand after the last training"
    figures = report.get("candidates")
    if figures is None:
        return "trained before models were compared"
    if report["choice"] != training.BEST:
        return "because that was chosen for training" + (
            ""
            if not figures or _best(figures) == report["family"]
            else "; another did better on clients held out"
        )
    if not figures:
        return "which nothing could be compared with: nobody could be held out"
    return "because it did best on clients held out"


def _best(figures: list[dict[str, Any]]) -> str:
    return str(next(row["name"] for row in figures if row["best"]))


def _summary(cohort: Trainable) -> str:
    size = f"{cohort.clients:,} clients, {cohort.logged:,} logged exercises"
    if cohort.version is None:
        return f"{size} · no model yet: nothing is recommended and nothing asked"
    report = cohort.version["report"]
    since = cohort.logged - report["rows"]
    accuracy = report["accuracy"]
    words = [size, f"trained on {candidates.learnt_from(report)} clients"]
    if accuracy["steps"]:
        words.append(
            f"right about {cells.percent(accuracy['top1'])} of {accuracy['steps']:,} exercises of "
            f"{accuracy['clients']} clients kept aside, where always naming the commonest would be right about "
            f"{cells.percent(accuracy['commonest'])}"
        )
    if since > 0:
        words.append(f"{since:,} exercises logged since")
    if cohort.taught:
        taught = "1 client has" if cohort.taught == 1 else f"{cohort.taught} clients have"
        words.append(f"{taught} answers of their own, which training keeps")
    return " · ".join(words)


def _useful(accuracy: dict[str, Any]) -> bool:
    return bool(accuracy["steps"]) and accuracy["top1"] > accuracy["commonest"]


def _asking(rates: list[dict[str, float]]) -> None:
    plain_table.draw(
        ["Rule", "Asks at most (nominal)", "Asked (observed)", "Steps"],
        [
            [
                str(rate["rule"]),
                cells.percent(rate["nominal"]),
                cells.percent(rate["observed"], 1),
                f"{rate['steps']:,}",
            ]
            for rate in rates
        ],
        caption="Nominal and observed rate of asking by rule",
    )
    small(
        "On clients that the model was not trained on: half of them calibrate, the other half are asked about, and "
        "the other way round. The workbench asks by the conformal rule; the paper's is the Dirichlet rule."
    )


def _last_training(store: Store, cohort: str) -> Run | None:
    """The training under way, or else the newest one."""
    for states in (("queued", "running"), ()):
        runs = running.newest(store, STUDIES, states=states, study="train")
        found = next((run for run in runs if run.settings["cohort"] == cohort), None)
        if found:
            return found
    return None
