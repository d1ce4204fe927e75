"""The policy in force for a cohort, another setting tried on the decisions logged, and what was in force before."""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from core.services.picks.rehearsing import FEWEST
from core.services.picks.settings import POLICIES, PolicySettings
from core.services.picks.views import InForce, Rehearsal
from workbench import cells
from workbench import pick_cohort_charts as charts
from workbench.components import figures, plain_table
from workbench.components.text import plain, small

MADE, NOTICE = "rehearsal_made", "rehearsal_told"
FEW = 30  # effective decisions under which an estimate says little
MOST_VERSIONS = 20
KINDS: Mapping[str, str] = {
    "linucb": "LinUCB: learns for each arm what the attributes are worth; leans towards arms it knows little of",
    "hybrid": "Hybrid LinUCB: as LinUCB, and shares between arms what holds for all; learns from fewer picks",
    "thompson": "Thompson sampling: draws among what it holds possible; the less it knows, the more it varies",
    "epsilon-greedy": "ε-greedy: takes the arm of the highest expected reward; only the share drawn evenly explores",
}
WITH_WIDTH = ("linucb", "hybrid", "thompson")
HELP = {
    "width": "How much doubt about an arm counts (the paper’s α). It is not a learning rate: at 0 what is little known "
    "is never tried; the larger, the more an arm with few outcomes is tried. The paper swept 0.01 to 0.3. Not used by "
    "ε-greedy.",
    "epsilon": "Share of picks drawn evenly among the arms that the gate leaves open (ε). With none, a policy that "
    "always takes its best arm leaves nothing to compare another setting with later.",
    "completion_weight": "What completing a session counts in the reward. The rest is progress to the week’s goal.",
    "start": "Synthetic decisions, rewarded by the guideline rows, that it learns from before the first real one. "
    "With more of them it starts nearer to the guidelines and takes longer to follow real outcomes.",
}


def draw(store: Store, cohort: Mapping[str, Any], *, user: str) -> None:
    """Draw the policy in force, the form for another, what a rehearsal found, and earlier versions."""
    cohort_id = int(cohort["id"])
    try:
        force = picks.policy(store, cohort_id)
        log = picks.logged(store, cohort_id)
    except SpotterError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    _told(cohort_id)
    in_force(force)
    st.header("Try another setting", anchor=False)
    st.markdown(
        f"A setting is rehearsed on decisions that the policy drew with a known chance and that have an outcome: "
        f"**{log:,}** so far. Nobody’s picks change until it is put in force."
    )
    if log < FEWEST:
        st.info(
            f"**Cannot be rehearsed yet:** a rehearsal needs {FEWEST} such decisions, and there are {log:,}. Let the "
            "policy pick and say what became of it. A setting can be put in force without a rehearsal; the reason "
            "should then say why.",
            icon=":material/help:",
        )
    settings = _form(force, rehearsed=log >= FEWEST)
    if settings is not None and settings == force.settings:
        st.info("This is the setting in force: change something first.", icon=":material/edit:")
    elif settings is not None and log < FEWEST:
        st.session_state[f"{MADE}:{cohort_id}:{force.version_id}"] = settings
    elif settings is not None:
        _rehearse(store, cohort_id, force, settings)
    made: Rehearsal | PolicySettings | None = st.session_state.get(f"{MADE}:{cohort_id}:{force.version_id}")
    if isinstance(made, Rehearsal):
        found(made)
        _put_in_force(store, cohort_id, made.settings, user)
    elif made is not None:
        _put_in_force(store, cohort_id, made, user)
    _versions(store, cohort_id, force, user)


def in_force(force: InForce) -> None:
    """What is in force, since when, by whom and why."""
    figures.draw(
        [
            figures.Figure("Policy in force", POLICIES.get(force.settings.kind, force.settings.kind)),
            figures.Figure(
                "Outcomes learnt", f"{force.learnt:,}", f"after {force.start:,} synthetic decisions"
            ),
            figures.Figure(
                "Since",
                cells.moment(force.since, st.context.timezone or "UTC").split(",")[0],
                f"by {force.author}",
            ),
        ]
    )
    why = plain(force.reason) or "no reason was written"
    st.markdown(f"**Why:** {why}. " if not why.endswith((".", "!", "?")) else f"**Why:** {why}")
    small(plain(f"Version {force.version_id}: {settings_words(force.settings)}."))


def settings_words(settings: PolicySettings) -> str:
    """A setting in one line."""
    parts = [POLICIES.get(settings.kind, settings.kind)]
    if settings.kind in WITH_WIDTH:
        parts.append(f"width {settings.width:g}")
    parts += [
        f"{cells.percent(settings.epsilon)} drawn evenly",
        f"completion weighs {cells.percent(settings.completion_weight)}",
        f"{settings.start:,} synthetic decisions to start",
    ]
    return ", ".join(parts)


def _form(force: InForce, *, rehearsed: bool) -> PolicySettings | None:
    """The form, filled with what is in force; the settings sent in this run."""
    now = force.settings
    kinds = list(POLICIES)
    with st.form(f"rehearse_{force.version_id}", border=True):
        kind = st.selectbox(
            "Policy",
            kinds,
            index=kinds.index(now.kind) if now.kind in kinds else 0,
            format_func=lambda key: KINDS.get(key, POLICIES[key]),
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            width = st.number_input(
                "Width (how much doubt counts)",
                0.0,
                10.0,
                float(now.width),
                0.05,
                help=HELP["width"],
                width=230,
            )
            epsilon = st.number_input(
                "Drawn evenly, % of picks", 0, 100, round(100 * now.epsilon), help=HELP["epsilon"], width=200
            )
            weight = st.number_input(
                "Completion, % of the reward",
                0,
                100,
                round(100 * now.completion_weight),
                help=HELP["completion_weight"],
                width=220,
            )
            start = st.number_input(
                "Synthetic decisions to start", 0, 20_000, int(now.start), 100, help=HELP["start"], width=220
            )
        asked = st.form_submit_button(
            "Rehearse" if rehearsed else "Go on without a rehearsal",
            icon=":material/science:" if rehearsed else ":material/arrow_forward:",
            type="primary" if rehearsed else "secondary",
        )
    if not asked:
        return None
    return PolicySettings(
        kind=kind,
        width=float(width),
        # Untouched numbers stay what they are in force, though the form shows whole percents.
        epsilon=now.epsilon if epsilon == round(100 * now.epsilon) else epsilon / 100,
        completion_weight=now.completion_weight
        if weight == round(100 * now.completion_weight)
        else weight / 100,
        start=int(start),
    )


def _rehearse(store: Store, cohort_id: int, force: InForce, settings: PolicySettings) -> None:
    """Rehearse a setting and keep what was found; a setting that cannot be rehearsed is kept bare."""
    key = f"{MADE}:{cohort_id}:{force.version_id}"
    st.session_state.pop(key, None)
    try:
        with st.spinner("Rehearsing on the logged decisions …", show_time=True):
            st.session_state[key] = picks.rehearse(store, cohort_id, settings)
    except SpotterError as error:
        st.warning(
            f"**Cannot be rehearsed yet.** {plain(str(error))} It can be put in force without; the reason should then "
            "say why.",
            icon=":material/help:",
        )
        st.session_state[key] = settings


def found(made: Rehearsal) -> None:
    """What a rehearsal found: the sentence, the estimates, how far they can be trusted, what would change."""
    st.subheader("What it would have earned", anchor=False)
    small(plain(f"Rehearsed: {settings_words(made.settings)}."))
    st.markdown(f"**{plain(made.sentence)}**")
    for warning in made.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    figures.draw(
        [
            figures.Figure("Logged decisions", f"{made.decisions:,}", f"earned {made.logged_mean:.2f} each"),
            figures.Figure("Worth as much as", f"{made.effective:,.0f}", "decisions of its own"),
            figures.Figure("Would pick otherwise", cells.percent(made.changed), "of the decisions"),
        ]
    )
    st.plotly_chart(
        charts.differences(made),
        config=charts.CONFIG,
        alt=charts.differences_in_words(made),
        key="rehearsal_differences",
    )
    small(plain(effective_words(made)))
    plain_table.draw(
        ("Estimate", "Mean reward a pick", "Its 95 % interval", "Less the picks made", "Its 95 % interval"),
        estimate_rows(made),
        caption="Off-policy estimates of the setting",
    )
    plain_table.draw(
        ("Kind of session", "Picks that were made", "Under this setting"),
        [[arm, cells.percent(logged), cells.percent(would)] for arm, logged, would in made.arms],
        caption="Share of each arm",
    )


def effective_words(made: Rehearsal) -> str:
    """What the effective sample size means, in plain words."""
    text = (
        f"The {made.decisions:,} logged decisions say as much about this setting as {made.effective:,.0f} of its own "
        "would: those that it would hardly have made count little."
    )
    if made.warnings:  # which say what that means
        return text
    if made.effective < FEW:
        return f"{text} That is too few to lean on; take the estimates as a hint at most."
    if made.effective < made.decisions / 4:
        return f"{text} It differs much from what was done, so the intervals are wide."
    return f"{text} That is a fair basis."


def estimate_rows(made: Rehearsal) -> list[list[str]]:
    """Each estimate's numbers."""
    return [
        [
            each.name,
            plain_number(each.mean),
            between(plain_number(each.low), plain_number(each.high)),
            charts.signed(each.difference),
            between(charts.signed(each.difference_low), charts.signed(each.difference_high)),
        ]
        for each in made.estimates
    ]


def between(low: str, high: str) -> str:
    """An interval; a dash where there is none."""
    return cells.NOTHING if cells.NOTHING in (low, high) else f"{low} to {high}"


def plain_number(value: float) -> str:
    """A mean reward, three decimals and a true minus."""
    return f"{value:.3f}".replace("-", "−") if math.isfinite(value) else cells.NOTHING


def _put_in_force(store: Store, cohort_id: int, settings: PolicySettings, user: str) -> None:
    st.subheader("Put it in force", anchor=False)
    small(plain(f"{settings_words(settings)}. It learns from every outcome so far, and picks from then on."))
    with st.form("put_in_force", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input("Reason, kept with the version", max_chars=500)
        asked = st.form_submit_button("Put in force", type="primary", icon=":material/check:")
    if asked:
        _put(store, cohort_id, settings, reason, user)


def _put(store: Store, cohort_id: int, settings: PolicySettings, reason: str, user: str) -> None:
    if not reason.strip():
        st.warning("Write a reason first: it is kept with the version.", icon=":material/edit:")
        return
    try:
        version = picks.put_in_force(store, cohort_id, settings, reason=reason.strip(), by=user)
    except SpotterError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    for key in [str(key) for key in st.session_state if str(key).startswith(f"{MADE}:{cohort_id}:")]:
        del st.session_state[key]
    st.session_state[NOTICE] = (cohort_id, f"Version {version} is in force: {settings_words(settings)}.")
    st.rerun()


def _told(cohort_id: int) -> None:
    """What was put in force last, until it is closed."""
    where, text = st.session_state.get(NOTICE, (None, ""))
    if where != cohort_id:
        st.session_state.pop(NOTICE, None)
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="rehearsal_told_box"):
        st.markdown(f":material/check_circle: {plain(text)} Earlier versions stand below.", width="stretch")
        if st.button("Close", icon=":material/close:", type="tertiary", key="close_rehearsal"):
            del st.session_state[NOTICE]
            st.rerun()


def _versions(store: Store, cohort_id: int, force: InForce, user: str) -> None:
    earlier = [
        version for version in picks.versions(store, cohort_id) if version.version_id != force.version_id
    ]
    st.header("Earlier versions", anchor=False)
    if not earlier:
        st.markdown("None: this is the cohort’s first policy.")
        return
    zone = st.context.timezone or "UTC"
    for version in earlier[:MOST_VERSIONS]:
        with st.container(border=True, key=f"version_{version.version_id}", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"**Version {version.version_id}** · {plain(cells.moment(version.since, zone))} · "
                    f"{plain(version.author)}",
                    width="stretch",
                )
                if version.settings != force.settings:
                    _again(store, cohort_id, version, user)
            st.markdown(plain(version.reason) or "No reason was written.")
            small(plain(f"{settings_words(version.settings)}."))
    if len(earlier) > MOST_VERSIONS:
        small(f"The newest {MOST_VERSIONS} of {len(earlier):,}.")


def _again(store: Store, cohort_id: int, version: InForce, user: str) -> None:
    with st.popover("Put this setting in force again", icon=":material/history:"):
        small("It starts anew from its synthetic decisions and learns from every outcome so far.")
        with st.form(f"again_{version.version_id}", border=False):
            reason = st.text_input("Reason, kept with the version", max_chars=500)
            asked = st.form_submit_button("Put in force again", type="primary")
        if asked:
            _put(store, cohort_id, version.settings, reason, user)
