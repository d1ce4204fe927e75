"""The top of a client's Picks page: what to offer today, what the gate says, one button to take it, how it went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Desk:
    """One client before one person.

    Attributes:
        made: the client's picks, newest first.
        given: values of the day that hold beside the record; they are kept with the pick.
    """

    store: Store
    considered: Considered
    made: Sequence[Pick]
    given: Mapping[str, Value]
    user: str

    @property
    def pick(self) -> Pick | None:
        """The pick that holds today, None without one."""
        return today.of_day(self.considered, self.made)


def heading(desk: Desk) -> str:
    """What the page says first."""
    considered, pick = desk.considered, desk.pick
    name = considered.client["name"]
    if pick is not None:
        return f"Today for {name}: {words.arm(pick.arm)}"
    if considered.best is None:
        return f"Today for {name}: nothing yet"
    return f"Today for {name}: {words.arm(considered.best)}"


def waiting(desk: Desk) -> None:
    """Picks of earlier days that nobody has answered for, newest first, each with its three buttons."""
    day = desk.considered.day.isoformat()
    older = [
        pick for pick in desk.made if pick.outcome is None and pick.replaced_by is None and pick.day < day
    ]
    if not older:
        return
    with st.container(border=True, gap="small", key="waiting"):
        few = older[: None if st.session_state.get("every_waiting") else FEW]
        for pick in few:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(
                    f"**{words.arm(pick.arm)}** on {cells.day(pick.day)}: how did it go?", width="content"
                )
                _outcomes(desk, pick, told=True)
        if len(older) > FEW:
            st.toggle(f"Show all {len(older)} picks without an outcome", key="every_waiting")


def _outcomes(desk: Desk, pick: Pick, *, told: bool) -> None:
    for name, completion in words.OUTCOMES.items():
        icon = {1.0: ":material/check:", 0.5: ":material/contrast:", 0.0: ":material/close:"}[completion]
        key = f"outcome_{name.lower().replace(' ', '_')}_{pick.id}"
        args = (desk.store, pick, completion, told, desk.user)
        st.button(name, icon=icon, key=key, on_click=notice.record, args=args)


def draw(desk: Desk) -> None:
    """What to offer today and the buttons for it."""
    considered, pick = desk.considered, desk.pick
    if pick is not None:
        _picked(desk, pick)
    with st.container(border=True, gap="small", key="today"):
        if considered.best is not None:
            _suggested(considered, pick)
        _gate(considered)
        _choose(desk)
    small(words.advice(considered.rationale))


def _picked(desk: Desk, pick: Pick) -> None:
    with st.container(border=True, gap="small", key="picked"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            said = words.chosen_by(pick.propensity, pick.author)
            st.markdown(
                f":material/event_available: **Picked for today: {pick.arm}**, {plain(said)}, "
                f"{plain(cells.moment(pick.at, desk.considered.client['time_zone']))}.",
                width="content",
            )
            notice.receipt_link(pick.id)
        if tried := _tried(pick):
            st.markdown(f":material/explore: {tried}")
        if override := pick.receipt.get("override"):
            st.markdown(f":material/gavel: **Against the safety gate.** {plain(override['reason'])}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if pick.outcome is None:
                st.markdown("**How did it go?**", width="content")
                _outcomes(desk, pick, told=False)
                return
            outcome = pick.outcome
            st.markdown(
                f"**How it went: {plain(words.outcome(outcome.completion))}**, said {plain(outcome.author)}; "
                f"the policy learnt a reward of {outcome.reward:.2f} (at most 1).",
                width="content",
            )
            st.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo_outcome_{pick.id}",
                on_click=notice.undo,
                args=(desk.store, pick.id, pick.client_id, desk.user),
            )


def _tried(pick: Pick) -> str:
    """That the policy drew another arm than the best, if it did."""
    best = pick.receipt.get("best")
    if pick.propensity is None or pick.arm == best:
        return ""
    return f"The policy scored {plain(str(best))} best and drew {pick.arm} to learn from it. You can choose another."


def _suggested(considered: Considered, pick: Pick | None) -> None:
    best = considered.arm(considered.best or "")
    now = "comes first now," if pick is not None and pick.arm != best.arm else "is"
    st.markdown(f":material/trending_up: **{words.arm(best.arm)}** {now} {plain(words.lead(considered))}.")
    if said := words.reasons(considered):
        st.markdown(said)


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
    masked = [view.arm for view in considered.arms if view.masked]
    if not masked:
        st.markdown(f":material/verified_user: **Safety gate.** {sentence(judged.sentence)}")
        return
    left = [view.arm for view in considered.arms if not view.masked]
    st.markdown(
        f":material/shield: **Safety gate.** {words.arm(' and '.join(masked))} masked; {' and '.join(left)} open."
    )
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
    said = [one for view in considered.arms for one in view.masked]
    gate = considered.judged.gate
    # Rules that mask no arm still hold for its exercises.
    lines += [
        f"- **Also holds.** {sentence(rule.text)}"
        for rule in (gate.rules if gate is not None else ())
        if not any(rule.text in one for one in said)
    ]
    st.markdown("\n".join(lines))


def _choose(desk: Desk) -> None:
    considered, pick = desk.considered, desk.pick
    if pick is not None and pick.outcome is not None:
        small("Today's pick has its outcome. To pick again, take that back first.")
        return
    if considered.best is None:
        with st.expander("Choose against the gate", icon=":material/gavel:"):
            _against(desk, list(words.arms()))
        return
    today.ask(considered)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Let the policy pick" if pick is None else "Let the policy pick again",
            type="primary" if pick is None else "secondary",
            icon=":material/event_available:",
            key="decide",
            on_click=_decide,
            args=(desk, None, ""),
        )
        st.markdown("or choose yourself:", width="content")
        for view in considered.arms:
            if not view.masked:
                name = words.arm(view.arm)
                st.button(name, key=f"choose_{view.arm}", on_click=_decide, args=(desk, view.arm, ""))
        masked = [view.arm for view in considered.arms if view.masked]
        if masked:
            with st.popover("A masked kind …", icon=":material/gavel:"):
                _against(desk, masked)
    small(plain(words.chances(considered)))
    if pick is not None:
        small("Of several picks on a day the newest holds; the others keep their receipts.")


def _against(desk: Desk, masked: Sequence[str]) -> None:
    # A press is answered by a run that has read the record anew: what was shown is what the run before it drew.
    place = f"override_seen:{desk.considered.client['id']}"
    shown = st.session_state.get(place, {})
    st.session_state[place] = {arm: desk.considered.arm(arm).masked for arm in masked}
    with st.form("override", border=False):
        st.markdown("The gate masks these. A pick against it needs a written reason, which the audit keeps.")
        chosen = st.radio("Kind of session", masked, format_func=words.arm, horizontal=True)
        reason = st.text_input("Reason", max_chars=500, key="override_reason")
        if st.form_submit_button("Pick it against the gate", icon=":material/gavel:"):
            if reason.strip():
                _decide(desk, chosen, reason, shown.get(chosen))
                st.rerun()
            st.error("Write a reason first: it is kept with the pick.", icon=":material/edit:")


def _decide(desk: Desk, arm: str | None, reason: str, seen: Sequence[str] | None = None) -> None:
    client = desk.considered.client["id"]
    try:
        picks.decide(desk.store, client, by=desk.user, arm=arm, reason=reason, seen=seen, today=desk.given)
    except SpotterError as error:
        notice.tell("problem", str(error), where=client)
    else:
        notice.clear()
