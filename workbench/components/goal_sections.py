"""The parts of the Step goals page around the plan: what the steps say, who planned what, and when."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.services.goals import Fit, Record, Standing, standing
from workbench import cells
from workbench.components import figures, plain_table
from workbench.components.step_plan import payload
from workbench.components.step_plan.controls import WEEKDAYS
from workbench.components.text import plain, small

ROWS = (
    ("baseline", "Baseline", "steps on a day without a goal"),
    ("responsiveness", "Responsiveness tomorrow", "steps; half of it is what a goal can add"),
    ("self_efficacy", "Self-efficacy", "steps of responsiveness gained when a goal is met"),
    ("capacity", "Capacity tomorrow", "highest goal within reach, in steps"),
)
MODEL = (
    "The model (Zhou et al. 2018): a client walks up to a goal within reach and no further; a goal met lifts what is "
    "within reach the next day, and each day fades it. A rest day counts as a goal met, at no cost. None of this is "
    "medical advice."
)


def strip(record: Record, fit: Fit | None) -> None:
    """How the client stands, in a few figures."""
    now = standing(record)
    force = in_force(record)
    shown = [
        figures.Figure(
            "Steps a day, last 7 days", f"{now.steps:,.0f}" if now.steps is not None else cells.NOTHING
        ),
        figures.Figure(
            "Goals met, last 7 days", f"{now.met} of {now.counted}" if now.counted else cells.NOTHING
        ),
        _plan_figure(now, force),
    ]
    if fit is not None:
        low, high = fit.posterior.interval("capacity")
        shown.append(figures.Figure("Within reach tomorrow", f"{low:,.0f}–{high:,.0f}", "steps, 90 %"))
    figures.draw(shown)


def _plan_figure(now: Standing, force: Mapping[str, Any] | None) -> figures.Figure:
    if force is None or now.planned_until is None:
        return figures.Figure("Plan in force", "none")
    about = f"until {payload.day_words(now.planned_until)}, by {force['author']}"
    if now.goal_today is None:
        return figures.Figure("Plan in force", "from tomorrow", about)
    return figures.Figure("Plan in force", f"{now.goal_today:,}", f"steps today; {about}")


def in_force(record: Record) -> Mapping[str, Any] | None:
    """The newest plan that was not taken back and has days left."""
    for plan in record.plans:
        if plan["withdrawn_at"] is None and last_day(plan) >= record.today:
            return plan
    return None


def last_day(plan: Mapping[str, Any]) -> date:
    """The last day that a plan has a goal for."""
    return date.fromisoformat(plan["starts_on"]) + timedelta(days=len(plan["goals"]) - 1)


def estimate(record: Record, fit: Fit | None) -> None:
    """The estimated behaviour with its 90 % intervals, and what cannot be told yet."""
    if fit is None:
        st.markdown(f"**Cannot be told yet.** {plain(record.why_not)}")
        small(MODEL)
        return
    belief, paper = fit.posterior, fit.papers
    papers = {
        "baseline": paper.baseline,
        "responsiveness": paper.responsiveness,
        "self_efficacy": paper.self_efficacy,
        "capacity": paper.capacity,
    }
    middle = belief.median
    rows = []
    for name, label, unit in ROWS:
        low, high = belief.interval(name)
        value = middle.capacity if name == "capacity" else float(getattr(middle, name))
        told = name == "capacity" or belief.identified[name]
        small_for_sure = high < payload.SMALL
        under = f"under {payload.SMALL}"
        rows.append(
            [
                label,
                unit,
                under if small_for_sure else f"{value:,.0f}" if told else "cannot be told yet",
                under if small_for_sure else f"{low:,.0f} to {high:,.0f}",
                f"{papers[name]:,.0f}",
            ]
        )
    rows.append(
        [
            "Learned helplessness",
            "share of responsiveness left after a day; taken from the study, not estimated",
            f"{belief.helplessness:.2f}",
            cells.NOTHING,
            f"{paper.helplessness:.2f}",
        ]
    )
    plain_table.draw(
        ["What", "Meaning", "Estimate", "90 % interval", "Study's point estimate"],
        rows,
        caption="Estimated behaviour with 90 % intervals",
    )
    for sentence in belief.missing:
        st.markdown(f":material/help: {plain(sentence)}")
    for note in record.notes:
        st.markdown(f":material/info: {plain(note)}")
    days = ", ".join(f"{name} {shift:+,.0f}" for name, shift in zip(WEEKDAYS, fit.offsets, strict=True))
    small(f"Weekdays, steps against the mean day: {plain(days.replace('-', '−'))}")
    small(MODEL)


def plans(record: Record) -> None:
    """Every plan, newest first: who, when, why, and whether it holds."""
    if not record.plans:
        st.markdown("No plan yet. The first one that is approved stands here.")
        return
    force = in_force(record)
    zone = record.client["time_zone"]
    plain_table.draw(
        ["Days", "Goals", "Reason", "Author", "Approved", "State"],
        [
            [
                f"{payload.day_words(date.fromisoformat(plan['starts_on']))} to {payload.day_words(last_day(plan))}",
                goals_words(plan["goals"]),
                plan["reason"] or cells.NOTHING,
                plan["author"],
                cells.moment(plan["created_at"], zone),
                state(plan, record, force),
            ]
            for plan in record.plans
        ],
        caption="Plans of step goals, newest first",
    )


def goals_words(goals: list[int]) -> str:
    """A plan's goals in short."""
    low, high = min(goals), max(goals)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def state(plan: Mapping[str, Any], record: Record, force: Mapping[str, Any] | None) -> str:
    """Whether a plan holds, in words."""
    if plan["withdrawn_at"] is not None:
        why = f": {plan['withdrawn_because']}" if plan["withdrawn_because"] else ""
        return f"taken back by {plan['withdrawn_by']}{why}"
    if force is not None and plan["id"] == force["id"]:
        return (
            "in force"
            if date.fromisoformat(plan["starts_on"]) <= record.today
            else "in force from its first day on"
        )
    return "over" if last_day(plan) < record.today else "replaced by a newer one"
