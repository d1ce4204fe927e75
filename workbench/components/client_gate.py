"""What the safety gate says of a client, on the client's page: the verdict, the rules, what it holds back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from core.services import Store, gating, health_words, queue
from core.services.gating import Judged
from core.services.health_words import Rule
from workbench import cells
from workbench.components.text import plain, small

ABOVE = "For what stands above"
TONES = {"open": "✓", "some": "◐", "closed": "⊘", "off": "!"}
STYLE = """<style>
.gate-box { padding: 0.7rem 1rem; border-radius: 0.5rem; border: 1px solid #d7e0df; border-left: 0.35rem solid #33706a;
  background: #f3f6f6; }
.gate-box.some { border-color: #e3c98a; border-left-color: #a86b00; background: #fff8e8; }
.gate-box.closed, .gate-box.off { border-color: #e2b4ae; border-left-color: #a3281b; background: #fdf3f1; }
.gate-box .sign { display: inline-block; width: 1.4rem; font-weight: 700; }
ul.gate-rules { list-style: none; margin: 0; padding: 0; font-size: 0.92rem; }
ul.gate-rules li { padding: 0.5rem 0; margin: 0; border-bottom: 1px solid #d7e0df; overflow-wrap: anywhere; }
.gate-rules .source { display: block; color: #4b5c59; font-size: 0.85rem; }
.gate-rules .source a { color: #1f5f59; }
ul.gate-held { list-style: none; margin: 0; padding: 0; font-size: 0.92rem; }
ul.gate-held > li { margin: 0; padding: 0.35rem 0; overflow-wrap: anywhere; }
.gate-held .sign { color: #a3281b; font-weight: 700; }
.gate-held .because { display: block; color: #4b5c59; font-size: 0.85rem; }
</style>"""


@dataclass(frozen=True, slots=True)
class Held:
    """Suggestions that the gate holds back for the same reasons.

    Attributes:
        names: each exercise with its probability, the most probable first.
        sentences: why, for each rule with its source and review; without those that mask everything.
    """

    names: list[tuple[str, float]]
    sentences: tuple[str, ...]


def tone(judged: Judged) -> str:
    """How much the gate leaves: ``open``, ``some``, ``closed`` or ``off``."""
    if not judged.on:
        return "off"
    if judged.masks_everything:
        return "closed"
    return "some" if judged.rules else "open"


def headline(judged: Judged) -> str:
    """The gate's verdict for the strip over a client's page; empty where everything may be offered."""
    match tone(judged):
        case "open":
            return ""
        case "some":
            return f"Within limits: {'; '.join(judged.rules)}"
        case "closed" if judged.gate is None:
            return "Nothing is offered: something on record cannot be judged."
        case _:
            return judged.short


def advice(judged: Judged) -> list[str]:
    """What to do where nothing may be offered, in sentences; the most urgent first."""
    if not judged.masks_everything or judged.gate is None:
        return []
    found = []
    if any(rule.verdict == health_words.STOP for rule in judged.gate.rules):
        found.append("No exercise until what stops it is dealt with; then change the answers under Health.")
    if judged.gate.unanswered:
        found.append(f"Ask the screening questions without an answer: {len(judged.gate.unanswered)} of 7.")
    if judged.health is not None and judged.health.conditions is None:
        found.append("Ask for the medical history.")
    if any(rule.lifted_by_clearance and rule.verdict != health_words.ALLOWED for rule in judged.gate.rules):
        found.append("Ask a clinician for clearance.")
    return found


def held(store: Store, cohort_id: int, judged: Judged, why: Mapping[str, Any]) -> list[Held]:
    """What the model's first five would have held but for the gate, from why a recommendation was made."""
    masked = why.get("masked", [])
    if not masked:
        return []
    names = {exercise: name for exercise, name, _ in queue.catalogue(store, cohort_id)}
    sentences = gating.masked_exercises(store, cohort_id, judged)
    rules = judged.gate.rules if judged.gate else ()
    # What masks everything stands above them all.
    told = {rule.text for rule in rules if rule.verdict != health_words.ALLOWED} | {judged.problem}
    groups: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for mask in masked:
        if mask["exercise"] in sentences:
            own = tuple(said for said in sentences[mask["exercise"]] if said not in told)
            groups.setdefault(own, []).append((names[mask["exercise"]], mask["probability"]))
    return [Held(found, why) for why, found in groups.items()]


def held_back(groups: Sequence[Held]) -> None:
    """Draw what the gate holds back, with its rules."""
    if not groups:
        return
    st.markdown("**The model also thought of these; the gate masks them**")
    items = "".join(
        "<li><span class='sign' aria-hidden='true'>⊘</span> "
        + ", ".join(f"{escape(name)} ({cells.percent(share, 1)})" for name, share in group.names)
        + "".join(f"<span class='because'>{escape(said)}.</span>" for said in group.sentences or (ABOVE,))
        + "</li>"
        for group in groups
    )
    st.html(f"{STYLE}<ul class='gate-held'>{items}</ul>")


def nothing(judged: Judged) -> None:
    """Draw that nothing is recommended, why, and what to do."""
    st.html(
        _box(
            judged.sentence
            if judged.masks_everything
            else f"The gate masks every exercise. {judged.sentence}",
            "closed",
        )
    )
    if steps := advice(judged):
        st.markdown("**What to do.** " + plain(" ".join(steps)))


def verdict(judged: Judged) -> None:
    """What the gate says in a sentence, and each rule that holds with what it masks, its source and its review."""
    st.html(_box(_first_sentence(judged), tone(judged)))
    if judged.gate is None:
        return
    if judged.gate.rules:
        with st.container(gap="xxsmall"):
            st.markdown("**Rules that hold**" if judged.on else "**Rules that would hold, were the gate on**")
            st.html(_rules(judged.gate.rules))
    if judged.gate.lifted:
        with st.expander(f"Lifted by a clinician’s clearance: {len(judged.gate.lifted)}"):
            st.html(_rules(judged.gate.lifted))
    small(
        "The gate judges what is on record and finds no disease that nobody has recorded. It is no medical advice: "
        "each rule says whether a clinician has reviewed it."
    )


def _first_sentence(judged: Judged) -> str:
    # The rules below say the rest.
    return (
        "Within limits: what a rule below masks is not offered."
        if tone(judged) == "some"
        else judged.sentence
    )


def _rules(rules: Sequence[Rule]) -> str:
    items = "".join(
        f"<li><b>{escape(rule.says)}.</b> {escape(health_words.masks(rule))}"
        f"<span class='source'><a href='{escape(rule.origin.link)}' target='_blank' rel='noopener noreferrer'>"
        f"{escape(rule.origin.cited)}</a> · {escape(rule.origin.review)}</span></li>"
        for rule in rules
    )
    return f"{STYLE}<ul class='gate-rules'>{items}</ul>"


def _box(text: str, kind: str) -> str:
    sign = f"<span class='sign' aria-hidden='true'>{TONES[kind]}</span>"
    return f"{STYLE}<div class='gate-box {kind}' role='note'>{sign}{escape(text)}</div>"
