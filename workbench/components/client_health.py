"""Health on a client's page: the answers that the gate rests on as a form, and a clinician's clearance."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import Conflict, InputError
from core.services import Store, clients, fields, gating, health, health_words
from core.services.gating import Judged
from core.services.health import Record
from core.services.health_documents import Taken
from core.services.health_words import ALLOWED, Rule
from workbench import cells
from workbench.components import client_gate
from workbench.components.text import plain, sentence, small

SECTION = "Profile and screening"
TOLD = "health_told"
ROUND = "health_round"
SHOWN = "health_shown"
SEEN = "health_seen"
CHANGED = (
    "The record was changed since this form was filled. Saving changes only what you changed here; "
    "the rest stays as it is on record."
)
NONE_OF_THESE = "None of these"
ANSWERS: Mapping[bool | None, str] = {True: "Yes", False: "No", None: "Not answered"}
STYLE = """<style>
/* A question and its answers stand in one line where there is room. */
.st-key-health_questions [data-testid="stRadio"] { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1rem; }
.st-key-health_questions [data-testid="stRadio"] > label { flex: 1 1 15rem; }
.st-key-health_questions [data-testid="stRadio"] > div { flex: none; }
</style>"""


def draw(store: Store, view: clients.Client, user: str) -> None:
    """Draw what the gate says, clearance, and the form that both rest on."""
    client_id = int(view.client["id"])
    if told := st.session_state.pop(TOLD, ""):
        # The form is long: whoever saved it stands far below the sentence.
        st.toast(plain(told), icon=":material/check_circle:", duration="long")
        st.success(plain(told), icon=":material/check_circle:")
    judged, record = gating.judge(store, client_id), health.read(store, client_id)
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.header("What may be offered", anchor=False)
        client_gate.verdict(judged)
    with right:
        st.header("Clearance", anchor=False)
        _clearance(store, view, record, judged, user)
    st.header("Health", anchor=False)
    st.html(STYLE)
    _form(store, view, record, user)


def _form(store: Store, view: clients.Client, record: Record, user: str) -> None:
    client_id = record.client_id
    number = st.session_state.setdefault(ROUND, 0)
    key = f"health_{client_id}_{number}"
    # What the form was filled from: only what was changed in it is saved, so that a colleague's answers stay.
    if f"{key}_active" not in st.session_state:
        st.session_state[SHOWN] = record
    shown: Record = st.session_state[SHOWN]
    if shown != record:
        st.info(CHANGED, icon=":material/sync:")
        if st.button("Show what is on record now", icon=":material/refresh:"):
            st.session_state[ROUND] = number + 1
            st.rerun()
    for problem in _problems(record):
        st.warning(sentence(problem), icon=":material/warning:")
    age = (
        "not known; without it nothing is offered until a clinician allows it"
        if record.age is None
        else f"{record.age:g} years"
    )
    small(f"Age {age} (from the profile). Nothing left open here is taken for a no.")
    with st.form(key, border=True):
        left, right = st.columns(2, gap="large")
        with left:
            screening, active = _questions(shown, key)
            conditions, replaces = _conditions(shown, key)
        with right:
            findings = _findings(shown, key)
        measurements = _measurements(shown, key)
        if st.form_submit_button("Save health", type="primary", icon=":material/save:"):
            given = _given(shown, screening, active, conditions, replaces, findings, measurements)
            if isinstance(given, str):
                st.error(given, icon=":material/error:")
            else:
                _save(store, view, given, user)


def _problems(record: Record) -> list[str]:
    if not record.unknown:
        return [record.problem] if record.problem else []
    names = ", ".join(f"“{name}”" for name in record.unknown)
    return [
        f"The record names {names}, which the guideline base does not know, so nothing can be judged and nothing is "
        "offered. Choose below what applies of the conditions it does know, and say that this replaces the record."
    ]


def _questions(shown: Record, key: str) -> tuple[dict[str, bool | None], bool | None]:
    st.subheader("Screening", anchor=False)
    small(f"Asked in plain words; the form’s own wording is at [eparmedx.com]({health_words.FORM}) (PAR-Q+).")
    with st.container(key="health_questions", gap="small"):
        screening = {
            question: _choice(words, shown.screening.get(question), f"{key}_{question}")
            for question, words in health_words.QUESTIONS.items()
        }
        active = _choice(health_words.ACTIVE, shown.active, f"{key}_active")
    return screening, active


def _choice(words: str, now: bool | None, key: str) -> bool | None:
    options = list(ANSWERS)
    return st.radio(
        words,
        options,
        index=options.index(now),
        format_func=ANSWERS.__getitem__,
        horizontal=True,
        width="stretch",
        key=key,
    )


def _conditions(shown: Record, key: str) -> tuple[list[str], bool]:
    st.subheader("Conditions", anchor=False)
    default = [NONE_OF_THESE] if shown.conditions == () else list(shown.conditions or ())
    chosen = st.pills(
        "What a doctor has found; choose “None of these” once somebody has asked",
        [NONE_OF_THESE, *health_words.CONDITION_NAMES],
        default=default,
        selection_mode="multi",
        wrap=True,
        format_func=health_words.finding,
        key=f"{key}_conditions",
    )
    replaces = False
    if shown.unknown:
        replaces = st.checkbox(
            f"Replace {plain(', '.join(shown.unknown))} by this choice",
            key=f"{key}_replaces",
        )
    return list(chosen), replaces


def _findings(shown: Record, key: str) -> list[str]:
    st.subheader("Today’s findings", anchor=False)
    small("Choose what holds now; take away what no longer does.")
    found: list[str] = []
    for place, (group, names) in enumerate(health_words.FINDINGS.items()):
        found += st.pills(
            group,
            names,
            default=[name for name in names if name in shown.findings],
            selection_mode="multi",
            wrap=True,
            format_func=health_words.finding,
            key=f"{key}_findings_{place}",
        )
    _dated({health_words.finding(name): taken for name, taken in shown.findings.items()})
    return found


def _dated(entries: Mapping[str, Taken]) -> None:
    if entries:
        dated = "; ".join(f"{name} {_when(taken)}" for name, taken in entries.items())
        small(plain(f"On record: {dated}."))


def _measurements(shown: Record, key: str) -> dict[str, float | None]:
    st.subheader("Measurements at rest", anchor=False)
    found: dict[str, float | None] = {}
    with st.container(horizontal=True):
        for name, (low, high) in health_words.RANGES.items():
            taken = shown.measurements.get(name)
            found[name] = st.number_input(
                health_words.measurement(name),
                float(low),
                float(high),
                None if taken is None or taken.value is None else float(taken.value),
                step=1.0,
                format="%g",
                placeholder="not taken",
                width=290,
                key=f"{key}_{name}",
            )
    _dated({fields.label(name): taken for name, taken in shown.measurements.items()})
    return found


def _given(
    shown: Record,
    screening: dict[str, bool | None],
    active: bool | None,
    chosen: list[str],
    replaces: bool,
    findings: list[str],
    measurements: dict[str, float | None],
) -> dict[str, Any] | str:
    """What was changed in the form, as ``health.save`` takes it, or a sentence on what cannot be.

    Where something on record cannot be read all is saved, so that it is replaced.
    """
    if NONE_OF_THESE in chosen and len(chosen) > 1:
        return f"“{NONE_OF_THESE}” cannot be chosen together with a condition. Take one of them away."
    conditions = tuple(name for name in chosen if name != NONE_OF_THESE) if chosen else None
    given: dict[str, Any] = {}
    changed = set(conditions or ()) != set(shown.conditions or ()) or (conditions is None) != (
        shown.conditions is None
    )
    if shown.unknown and changed and not replaces:
        return (
            f"The record also names {plain(', '.join(shown.unknown))}. Tick that your choice replaces it, "
            "or leave the conditions as they were."
        )
    if changed or replaces:
        given["conditions"] = conditions
    whole = bool(shown.problem)
    answers = {name: said for name, said in screening.items() if whole or said != shown.screening.get(name)}
    taken = {name: entry.value for name, entry in shown.measurements.items()}
    numbers = {name: value for name, value in measurements.items() if whole or value != taken.get(name)}
    if answers:
        given["screening"] = answers
    if numbers:
        given["measurements"] = numbers
    if whole or active != shown.active:
        given["active"] = active
    if whole or set(findings) != set(shown.findings):
        given["findings"] = findings
    return given


def _save(store: Store, view: clients.Client, given: dict[str, Any], user: str) -> None:
    client_id = int(view.client["id"])
    before = gating.judge(store, client_id)
    try:
        changed = health.save(store, client_id, by=user, **given)
    except (Conflict, InputError) as error:
        st.error(sentence(str(error)), icon=":material/error:")
        return
    if changed:
        _tell(store, view, before, "Health saved.")
    st.info("Nothing was changed, so nothing was saved.", icon=":material/info:")


def _clearance(store: Store, view: clients.Client, record: Record, judged: Judged, user: str) -> None:
    # What stood on the page when the button was pressed, which may be older than the record.
    seen = st.session_state.get(SEEN, record)
    st.session_state[SEEN] = record
    if seen.client_id != record.client_id:
        seen = record
    given = record.clearance
    if given is not None:
        who = plain(f"{given.note.rstrip('.')} (recorded by {given.by}, {cells.moment(given.at)})")
        if given.void:
            st.warning(
                f"**Clearance no longer counts.** {plain(given.void)}  \nIt was: {who}",
                icon=":material/gpp_bad:",
            )
        else:
            st.success(f"**Cleared.** {who}", icon=":material/verified_user:")
            small("It counts until an answer, condition, finding or measurement changes.")
            if judged.on and judged.masks_everything and judged.gate is not None:
                stays = [rule for rule in judged.gate.rules if rule.verdict != ALLOWED]
                st.markdown(_listed("It does not lift", stays))
            if st.button("Take clearance back", icon=":material/undo:", key="health_withdraw"):
                _change(
                    store,
                    view,
                    "Clearance taken back.",
                    lambda: health.withdraw_clearance(store, record.client_id, by=user),
                )
            return
    if judged.gate is None:
        st.markdown("What is on record cannot be read, so nobody can clear it. Correct it first.")
        return
    lifts = [rule for rule in judged.gate.rules if rule.lifted_by_clearance]
    stays = [rule for rule in judged.gate.rules if not rule.lifted_by_clearance and rule.verdict != ALLOWED]
    if not lifts:
        st.markdown("No rule waits for a clinician’s clearance.")
        return
    st.markdown(_listed("Clearance lifts", lifts))
    if stays:
        st.markdown(_listed("Clearance does not lift", stays))
    with st.form(f"health_clearance_{record.client_id}", border=True):
        st.markdown("**A clinician has seen these answers and allows exercise.**")
        who = st.text_input("Clinician", placeholder="Name and profession", max_chars=100)
        note = st.text_area(
            "What was allowed",
            placeholder="For example: up to moderate, no heavy lifting",
            max_chars=380,
            height=80,
        )
        small("It is given for the answers as they are saved now, and ends when they change.")
        if st.form_submit_button("Record clearance", icon=":material/verified_user:"):
            if not who.strip():
                st.error("Name the clinician who gave clearance.", icon=":material/error:")
                return
            text = ": ".join(filter(None, (who.strip(), note.strip())))
            _change(
                store,
                view,
                "Clearance recorded.",
                lambda: health.clear(store, record.client_id, by=user, note=text, seen=seen),
            )


def _listed(title: str, rules: Sequence[Rule]) -> str:
    return "\n".join([f"{title}:", "", *(f"- {plain(rule.says)}" for rule in rules)])


def _change(store: Store, view: clients.Client, done: str, change: Callable[[], None]) -> None:
    before = gating.judge(store, int(view.client["id"]))
    try:
        change()
    except (Conflict, InputError) as error:
        st.error(sentence(str(error)), icon=":material/error:")
        return
    _tell(store, view, before, done)


def _tell(store: Store, view: clients.Client, before: Judged, done: str) -> None:
    """Say at the top of the tab, drawn anew, what was done and what followed from it."""
    client_id = int(view.client["id"])
    after = gating.judge(store, client_id)
    words = [done]
    if after.sentence != before.sentence:
        words.append(f"The gate now says: {after.sentence}")
    words.append(_recommended(view, clients.read(store, client_id)))
    st.session_state[TOLD] = " ".join(filter(None, words))
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    st.rerun()


def _recommended(before: clients.Client, after: clients.Client) -> str:
    """What became of the recommendation; empty where there is no model."""
    if not after.recommendations:
        return ""
    was, now = (view.recommendations[0]["top"] if view.recommendations else [] for view in (before, after))
    if now == was:
        return "The recommendation stays as it was."
    if not now:
        return "Recommendation updated: nothing is recommended now."
    return f"Recommendation updated: {now[0][0]} comes first now."


def _when(taken: Taken) -> str:
    who = f", by {taken.by}" if taken.by else ""
    return f"since {cells.moment(taken.at)}{who}" if taken.at else f"on record{who}"
