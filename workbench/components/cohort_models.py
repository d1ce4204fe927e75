"""Cohorts and the model in force for each: what it was trained on, when it asks, and training it anew."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.services import Store, training
from core.services.studies import running
from core.services.studies.registry import STUDIES
from core.services.training import Trainable
from workbench import cells
from workbench.components import cohort_gate, plain_table
from workbench.components.text import plain, small

STUDIES_PAGE = Path(__file__).parent.parent.parent / "pages" / "studies.py"
SEED = 1


def draw(store: Store, user: str) -> None:
    """Draw a box for each cohort; training is queued like a study, and watched on the Studies page."""
    cohorts = training.overview(store)
    if not cohorts:
        st.markdown("There is no cohort yet. Import a log below; its clients become the first.")
    for cohort in cohorts:
        with st.container(border=True):
            _draw(store, user, cohort)


def _draw(store: Store, user: str, cohort: Trainable) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(cohort.name)}**", width="content")
        if cohort.synthetic:
            st.badge("synthetic", icon=":material/science:", color="violet")
    with left:
        small(_summary(cohort))
    going = _under_way(store, cohort.name)
    with right:
        if going:
            st.page_link(
                STUDIES_PAGE,
                label="Training …",
                icon=":material/progress_activity:",
                query_params={"run": going},
            )
        elif st.button(
            "Train again" if cohort.version else "Train",
            key=f"train {cohort.cohort_id}",
            icon=":material/model_training:",
            disabled=not cohort.logged,
            help=None if cohort.logged else "Nobody in this cohort has a logged exercise yet.",
            width="stretch",
        ):
            running.start(store, STUDIES, "train", {"cohort": cohort.name}, seed=SEED, by=user)
            st.rerun()
    if cohort.version and not _useful(cohort.version["report"]["accuracy"]):
        st.warning(
            "On clients kept aside this model is no better than always naming the commonest exercise, or nobody could "
            "be kept aside to check it. Take what it says as a guess until more is logged.",
            icon=":material/warning:",
        )
    if cohort.version and cohort.version["report"]["asked_rates"]:
        with st.expander("How often it asks"):
            _asking(cohort.version["report"]["asked_rates"])
    cohort_gate.draw(store, cohort.cohort_id, user)


def _summary(cohort: Trainable) -> str:
    size = f"{cohort.clients:,} clients, {cohort.logged:,} logged exercises"
    if cohort.version is None:
        return f"{size} · no model yet: nothing is recommended and nothing asked"
    report = cohort.version["report"]
    since = cohort.logged - report["rows"]
    accuracy = report["accuracy"]
    words = [
        size,
        f"model version {cohort.version['id']} of {cells.day(cohort.version['created_at'])}",
        f"trained on {report['summary']['training_clients']} clients",
    ]
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


def _under_way(store: Store, cohort: str) -> str | None:
    runs = running.newest(store, STUDIES, states=("queued", "running"), study="train")
    return next((run.id for run in runs if run.settings["cohort"] == cohort), None)
