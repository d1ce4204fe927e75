"""How the models that a cohort could have did on clients held out, and which of them training puts in force."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import InputError
from core.services import Store, candidates, training
from core.services.studies.statistics import signed
from core.services.training import Trainable
from workbench import cells
from workbench.components import plain_table
from workbench.components.text import sentence, small

BEST = "The best on clients held out"
PROBLEM = "model_choice_problem"
READING = """
- **Top-5**: how often the exercise that was done was among the first five.
- **Log loss**, in nats: how much what was done surprised the model. Less is better.
- **Calibration error**: how far the probability of the first choice lies from how often it is right, from 0 to 1. Less
  is better.
- **Lead of the best**: its top-1 less this model's, in points, and the interval that holds the true lead with 95 %.

What a client did before may come again, unless nobody in the cohort ever repeats an exercise: then it is left out, for
every model alike. Only the first two models learn from trainers' answers, so only they can be in use.
"""


def draw(store: Store, cohort: Trainable, user: str, *, opened: bool) -> None:
    """Draw the candidates' figures, the calibration of the one in use, and the choice of what training is to use."""
    with st.expander(
        "Models compared on clients held out", expanded=opened, key=f"compared {cohort.cohort_id}"
    ):
        if cohort.version is None:
            st.markdown("Nothing is trained yet, so there is nothing to compare.")
        else:
            _figures(cohort, cohort.version["report"])
            _calibration(cohort.version["report"]["summary"])
        _choice(store, cohort, user)


def _figures(cohort: Trainable, report: dict[str, Any]) -> None:
    figures = report.get("candidates")
    if not figures:
        why = (
            "This model was trained before models were compared."
            if figures is None
            else "Too few clients had logged exercises for any to be held out, so nothing could be compared."
        )
        again = "Train again to compare" + ("." if figures is None else ", once at least two clients have.")
        st.markdown(f"{why} **{again}**")
        return
    in_use = candidates.family_in(report)
    plain_table.draw(
        [
            "Model",
            *(f"Top-{k}, %" for k in candidates.KS),
            "Log loss",
            "Calibration error",
            "Lead of the best",
        ],
        [
            [
                _named(row, in_use=in_use),
                *(f"{row['top'][str(k)]:.1f}" for k in candidates.KS),
                f"{row['log_loss']:.2f}",
                f"{row['calibration_error']:.3f}",
                _lead(row),
            ]
            for row in figures
        ],
        caption="Models on clients held out",
    )
    small(" ".join(_protocol(cohort, report, figures[0])))
    with st.popover("How to read these figures", icon=":material/help:", type="tertiary"):
        st.markdown(READING)


def _named(row: dict[str, Any], *, in_use: str) -> str:
    marks = [word for word, holds in (("in use", row["name"] == in_use), ("best", row["best"])) if holds]
    return f"{row['title']} ({', '.join(marks)})" if marks else str(row["title"])


def _lead(row: dict[str, Any]) -> str:
    """How far the best is ahead of a model; a dash for the best itself."""
    if row["difference"] is None:
        return cells.NOTHING
    lead = signed(row["difference"])
    if row["low"] is None:
        return f"{lead} (one client, no interval)"
    chance = ", could be chance" if row["low"] <= 0 <= row["high"] else ""
    return f"{lead} ({signed(row['low'])} to {signed(row['high'])}){chance}"


def _protocol(cohort: Trainable, report: dict[str, Any], row: dict[str, Any]) -> Sequence[str]:
    """What the figures stand on, in sentences."""
    clients, parts = row["clients"], min(report["folds"], row["clients"])
    said = []
    if cohort.synthetic:
        said.append("These clients are synthetic: the figures say nothing about people.")
    if parts > 1:
        said.append(
            f"Each of {clients:,} clients was held out once, in {parts} parts; for each part every model was trained "
            "without it."
        )
    else:
        said.append(
            "One client that no model learnt from was held out, once."
            if clients == 1
            else f"{clients:,} clients that no model learnt from were held out, once; “Train again” holds out "
            "everybody in turn."
        )
    said.append(f"{row['steps']:,} exercises were foretold, all that came before each being known.")
    return said


def _calibration(summary: dict[str, Any]) -> None:
    """The temperature of the model in use, and what it did to its calibration error."""
    if "temperature" not in summary:
        return
    said = (
        f"**Probabilities of the model in use.** Temperature {summary['temperature']:.2f}, fitted on the clients held "
        "out to stop training in time: above 1 it makes the model less sure of itself, below 1 more."
    )
    if summary["error_before"] is None:
        said += " Nobody could be kept aside to measure what it does to the calibration error."
    else:
        said += (
            " Calibration error on the clients kept aside: "
            f"{summary['error_before']:.3f} without it, {summary['error_after']:.3f} with it."
        )
    small(said)


def _choice(store: Store, cohort: Trainable, user: str) -> None:
    key = f"choice {cohort.cohort_id}"
    # What is kept counts, whoever chose it: the widget would go on with what was chosen here.
    st.session_state[key] = cohort.choice
    st.selectbox(
        "Model that training puts in force",
        (training.BEST, *candidates.TEACHABLE),
        format_func=lambda name: BEST if name == training.BEST else candidates.TITLES[name],
        key=key,
        on_change=_chosen,
        args=(store, cohort.cohort_id, key, user),
        help="From the next training on. Every training compares the models and keeps both that can be in force.",
        width=360,
    )
    if problem := st.session_state.pop(f"{PROBLEM} {cohort.cohort_id}", ""):
        st.error(sentence(problem), icon=":material/error:")


def _chosen(store: Store, cohort_id: int, key: str, user: str) -> None:
    try:
        training.choose(store, cohort_id, st.session_state[key], by=user)
    except InputError as error:
        st.session_state[f"{PROBLEM} {cohort_id}"] = str(error)
