"""The top of a client's Picks page: what to offer today, what the gate says, one button to take it, how it went."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from core.services.picks import Considered, Pick, Value
from workbench import cells
from workbench.components.pick_client import notice, today, words
from workbench.components.text import plain, sentence, small

PAGES = Path(__file__).parent.parent.parent.parent / "pages"
FEW = 3
ADVICE = "A model's suggestion, not medical advice; no clinician has reviewed the guideline rows."


def heading(considered: Considered, made: Sequence[Pick]) -> str:
    """What the page says first."""
    name, pick = considered.client["name"], today.of_day(considered, made)
    if pick is not None:
        return f"Today for {name}: {words.arm(pick.arm)}"
    if considered.best is None:
        return f"Today for {name}: nothing yet"
    return f"Today for {name}: {words.arm(considered.best)}"


def waiting(store: Store, considered: Considered, made: Sequence[Pick], *, user: str) -> None:
    """Picks of earlier days that nobody has answered for, newest first, each with its three buttons."""
    day = considered.day.isoformat()
    older = [pick for pick in made if pick.outcome is None and pick.replaced_by is None and pick.day < day]
    if not older:
        return
    with st.container(border=True, gap="small", key="waiting"):
        few = older[: None if st.session_state.get("every_waiting") else FEW]
        for pick in few:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(
                    f"**{words.arm(pick.arm)}** on {cells.day(pick.day)}: how did it go?", width="content"
                )
                outcome_buttons(store, pick, user=user)
        if len(older) > FEW:
            st.toggle(f"Show all {len(older)} picks without an outcome", key="every_waiting")


def outcome_buttons(store: Store, pick: Pick, *, user: str) -> None:
    """Done, partly, not done: one click records it."""
    for name, completion in words.OUTCOMES.items():
        icon = {1.0: ":material/check:", 0.5: ":material/contrast:", 0.0: ":material/close:"}[completion]
        key = f"outcome_{name.lower().replace(' ', '_')}_{pick.id}"
        if st.button(name, icon=icon, key=key):
            notice.record(store, pick, completion, name, user=user)


def draw(
    store: Store, considered: Considered, made: Sequence[Pick], given: Mapping[str, Value], *, user: str
) -> None:
    """What to offer today and the buttons for it.

    Args:
        given: values of the day that hold beside the record; they are kept with the pick.
    """
    pick = today.of_day(considered, made)
    if pick is not None:
        _picked(store, pick, considered, user=user)
    with st.container(border=True, gap="small", key="today"):
        if considered.best is not None:
            _suggested(considered, pick)
        _gate(considered)
        _choose(store, considered, pick, given, user=user)
    small(ADVICE)


def _picked(store: Store, pick: Pick, considered: Considered, *, user: str) -> None:
    with st.container(border=True, gap="small", key="picked"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            said = words.chosen_by(pick.propensity, pick.author)
            st.markdown(
                f":material/event_available: **Picked for today: {pick.arm}**, {plain(said)}, "
                f"{plain(cells.moment(pick.at, considered.client['time_zone']))}.",
                width="content",
            )
            notice.receipt_link(pick.id)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if pick.outcome is None:
                st.markdown("**How did it go?**", width="content")
                outcome_buttons(store, pick, user=user)
                return
            outcome = pick.outcome
            st.markdown(
                f"**How it went: {plain(words.outcome(outcome.completion))}**, said {plain(outcome.author)}; "
                f"reward {outcome.reward:.2f}.",
                width="content",
            )
            if st.button("Undo", icon=":material/undo:", key=f"undo_outcome_{pick.id}"):
                notice.undo(store, pick.id, where=pick.client_id, user=user)


def _suggested(considered: Considered, pick: Pick | None) -> None:
    best = considered.arm(considered.best or "")
    figures = f"score {best.score:.2f}"
    if considered.runner_up is not None:
        figures += f" against {considered.arm(considered.runner_up).score:.2f}"
    about = words.lead(considered)
    if pick is not None and pick.arm != best.arm:
        about = f"scores best now, {about}"
    st.markdown(f":material/trending_up: **{words.arm(best.arm)}** is {plain(about)} ({figures}).")


def _gate(considered: Considered) -> None:
    judged = considered.judged
    if not judged.on:
        st.warning(f"**Nothing is masked.** {sentence(judged.sentence)}", icon=":material/gpp_bad:")
        return
    if judged.problem:
        st.warning(sentence(judged.problem), icon=":material/help:")
    if considered.best is None:
        st.error(f"**Safety gate.** {sentence(judged.sentence)}", icon=":material/front_hand:")
        _rules(considered)
        st.markdown("Answer, correct or clear this on the client's page; the picks come back by themselves.")
        st.page_link(
            PAGES / "client.py",
            label="Profile and screening",
            icon=":material/assignment:",
            query_params={"client": str(considered.client["id"]), "section": "Profile and screening"},
        )
        return
    if not any(view.masked for view in considered.arms):
        st.markdown(f":material/verified_user: **Safety gate.** {sentence(judged.sentence)}")
        return
    st.markdown(f":material/shield: **Safety gate.** {sentence(judged.sentence)}")
    _rules(considered)


def _rules(considered: Considered) -> None:
    """Each masked arm with its rules; arms that the same rules mask share their lines."""
    by_rules: dict[tuple[str, ...], list[str]] = {}
    for view in considered.arms:
        if view.masked:
            by_rules.setdefault(view.masked, []).append(view.arm)
    lines = [
        f"- **{words.arm(', '.join(arms))} masked.** {sentence(said)}"
        for rules, arms in by_rules.items()
        for said in rules
    ]
    st.markdown("\n".join(lines))


def _choose(
    store: Store, considered: Considered, pick: Pick | None, given: Mapping[str, Value], *, user: str
) -> None:
    if pick is not None and pick.outcome is not None:
        small("Today's pick has its outcome. To pick again, take that back first.")
        return
    if considered.best is None:
        with st.expander("Choose against the gate", icon=":material/gavel:"):
            _against(store, considered, list(words.arms()), given, user=user)
        return
    again = pick is not None
    today.ask(considered)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Let the policy pick again" if again else "Make this today's pick"
        if st.button(
            label, type="secondary" if again else "primary", icon=":material/event_available:", key="decide"
        ):
            _decide(store, considered, None, "", given, user=user)
        st.markdown("or choose yourself:", width="content")
        for view in considered.arms:
            if not view.masked and st.button(words.arm(view.arm), key=f"choose_{view.arm}"):
                _decide(store, considered, view.arm, "", given, user=user)
        masked = [view.arm for view in considered.arms if view.masked]
        if masked:
            with st.popover("A masked arm …", icon=":material/gavel:"):
                _against(store, considered, masked, given, user=user)
    small(plain(words.chances(considered)))
    if again:
        small("Of several picks on a day the newest holds; the others keep their receipts.")


def _against(
    store: Store, considered: Considered, masked: Sequence[str], given: Mapping[str, Value], *, user: str
) -> None:
    with st.form("override", border=False):
        st.markdown("The gate masks these. A pick against it needs a written reason, which the audit keeps.")
        chosen = st.radio("Arm", masked, format_func=words.arm, horizontal=True)
        reason = st.text_input("Reason", max_chars=500, key="override_reason")
        if st.form_submit_button("Pick it against the gate", icon=":material/gavel:"):
            if reason.strip():
                _decide(store, considered, chosen, reason, given, user=user)
            st.error("Write a reason first: it is kept with the pick.", icon=":material/edit:")


def _decide(
    store: Store,
    considered: Considered,
    arm: str | None,
    reason: str,
    given: Mapping[str, Value],
    *,
    user: str,
) -> None:
    client = considered.client["id"]
    try:
        made = picks.read(store, picks.decide(store, client, by=user, arm=arm, reason=reason, today=given))
    except SpotterError as error:
        notice.tell("problem", str(error), where=client)
    else:
        notice.tell("done", _told(made, considered.best), where=client, receipt=made.id)
    st.rerun()


def _told(made: Pick, best: str | None) -> str:
    if made.propensity is None:
        return f"{words.arm(made.arm)} is today's pick, as you chose."
    if made.arm == best:
        return f"{words.arm(made.arm)} is today's pick."
    return (
        f"{words.arm(made.arm)} came: the policy tried another open arm than the best, to learn from it. It is today's "
        "pick; you can still choose another."
    )
