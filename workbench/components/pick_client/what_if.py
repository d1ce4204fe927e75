"""What would change a pick: the smallest change that flips it, and values to try, live, before they are saved."""

from collections.abc import Mapping

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from core.services.picks import Considered, Value
from workbench import pick_charts as charts
from workbench.components import plain_table
from workbench.components.pick_client import notice, words
from workbench.components.text import plain, sentence, small

# The bars stay in view beside the fields; where columns would be narrow they stand under one another.
STYLE = """<style>
.st-key-tried { position: sticky; top: 4rem; }
.st-key-what_if [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]) { flex-wrap: wrap; }
.st-key-what_if [data-testid="stColumn"] { min-width: min(26rem, 100%); }
</style>"""
NOT_KNOWN = ""  # what a choice holds that nothing is chosen in
WIDTH = 205
STEPS = {"frequency": 1.0, "duration": 5.0, "weekly_goal": 10.0}
SHARE_STEP = 25.0


def draw(store: Store, considered: Considered, today: Mapping[str, Value], *, user: str) -> None:
    """The whole section.

    Args:
        today: values of the day that hold beside the record, as the person at the keyboard gave them.
    """
    st.header("What would change it", anchor=False)
    _try(store, considered, dict(today), user)
    _known(considered)


@st.fragment
def _try(store: Store, considered: Considered, today: Mapping[str, Value], user: str) -> None:
    client = considered.client["id"]
    _settle(considered)
    if considered.flip is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/swap_horiz: {sentence(considered.flip.sentence)}", width="content")
            st.button(
                "Try it",
                icon=":material/experiment:",
                key=f"try_flip_{client}",
                on_click=_fill,
                args=(client, considered.flip.changes),
            )
    elif considered.best is not None and considered.runner_up is not None:
        st.markdown(
            "Nothing that trainer and client could agree on differently, one or two things at a time, would put "
            "another kind first."
        )
    st.html(STYLE)
    with st.container(key="what_if"):
        left, right = st.columns([5, 7], gap="large")
        with right:
            for about, title in (("day", "Today"), ("wish", "The client's wishes")):
                st.subheader(title, anchor=False)
                with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                    for attribute in picks.ATTRIBUTES:
                        if attribute.about == about:
                            _field(client, attribute.key)
        # Drawn once the fields are read; before them on the page, so that a narrow one has it on top.
        changes = _changes(considered)
        with left, st.container(key="tried"):
            _compare(store, considered, {**today, **changes}, changes)
            _keep(store, considered, changes, user)


def _settle(considered: Considered) -> None:
    """Fields begin with what is known, and follow it where nobody touched them."""
    client = considered.client["id"]
    key = f"tried_from_{client}"
    before: dict[str, float | str | None] = st.session_state.get(key, {})
    known = {
        attribute.key: _as_field(attribute.key, considered.values.get(attribute.key))
        for attribute in picks.ATTRIBUTES
        if attribute.about != "person"
    }
    for name, value in known.items():
        place = _place(client, name)
        if place not in st.session_state or (name in before and st.session_state[place] == before[name]):
            st.session_state[place] = value
    st.session_state[key] = known


def _field(client: int, key: str) -> None:
    attribute = picks.BY_KEY[key]
    if attribute.kind == "number":
        share = words.is_share(key)
        scale = 100.0 if share else 1.0
        st.number_input(
            f"{attribute.label}, {'%' if share else attribute.unit}",
            min_value=attribute.low * scale,
            max_value=attribute.high * scale,
            value=None,
            step=SHARE_STEP if share else STEPS.get(key, 1.0),
            format="%0.0f",
            placeholder=words.UNKNOWN,
            key=_place(client, key),
            width=WIDTH,
        )
        return
    st.selectbox(
        attribute.label,
        [NOT_KNOWN, *attribute.values],
        format_func=lambda word: word or words.UNKNOWN,
        key=_place(client, key),
        width=WIDTH,
    )


def _changes(considered: Considered) -> dict[str, Value | None]:
    """What the fields say that the record does not."""
    client = considered.client["id"]
    found = {}
    for attribute in picks.ATTRIBUTES:
        place = _place(client, attribute.key)
        if attribute.about == "person" or place not in st.session_state:
            continue
        now = st.session_state[place]
        if now != _as_field(attribute.key, considered.values.get(attribute.key)):
            found[attribute.key] = _from_field(attribute.key, now)
    return found


def _compare(
    store: Store,
    considered: Considered,
    asked: Mapping[str, Value | None],
    changes: Mapping[str, Value | None],
) -> None:
    after = None
    if changes:
        try:
            after = picks.consider(store, considered.client["id"], asked)
        except SpotterError as error:
            st.error(sentence(str(error)), icon=":material/error:")
    now = {view.arm: view.score for view in considered.arms}
    then = None if after is None else {view.arm: view.score for view in after.arms}
    names = {view.arm: words.arm(view.arm) + (" (masked)" if view.masked else "") for view in considered.arms}
    st.markdown(_verdict(considered, after, changes))
    st.plotly_chart(
        charts.comparison(now, then, names=names),
        config=charts.CONFIG,
        alt=charts.comparison_in_words(now, then, names=names),
        key="compared",
    )


def _verdict(considered: Considered, after: Considered | None, changes: Mapping[str, Value | None]) -> str:
    best = "nothing, as the gate masks everything" if considered.best is None else f"**{considered.best}**"
    if after is None:
        return f"Best now: {best}. Change a field to see what it would do; nothing is kept until you save it."
    tried = "; ".join(
        f"{picks.BY_KEY[key].label} {words.value(key, value)} (now {words.value(key, considered.values.get(key))})"
        for key, value in changes.items()
    )
    if after.best == considered.best:
        verdict = f"Best now and with the change: {best}"
        if after.best is not None:
            verdict += f", then {plain(words.lead(after))}"
    else:
        verdict = f"Best now: {best}. With the change: **{after.best}**, {plain(words.lead(after))}"
    return f"{verdict}. Tried: {plain(tried)}."


def _keep(store: Store, considered: Considered, changes: Mapping[str, Value | None], user: str) -> None:
    client = considered.client["id"]
    wishes = {key: value for key, value in changes.items() if picks.BY_KEY[key].about == "wish"}
    notice.draw(store, client, user=user, place="wishes")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Save as the client's own wishes",
            icon=":material/save:",
            disabled=not wishes,
            key=f"save_{client}",
        ):
            try:
                picks.save_wishes(store, client, wishes, by=user)
            except SpotterError as error:
                notice.tell("problem", str(error), where=client, place="wishes")
            else:
                said = "; ".join(
                    f"{picks.BY_KEY[key].label} {words.value(key, wishes[key])}" for key in wishes
                )
                text = f"Saved as the wishes of {considered.client['name']}: {said}."
                notice.tell("done", text, where=client, place="wishes")
            st.rerun()
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            disabled=not changes,
            key=f"reset_{client}",
            on_click=_fill,
            args=(client, {key: considered.values.get(key) for key in changes}),
        )
        if len(wishes) < len(changes):
            small(
                "Values of the day are only tried here; how the client is today is said at the top.",
                width="content",
            )


def _known(considered: Considered) -> None:
    with st.expander("Everything the policy knows, and from where"):
        rows = [
            [
                attribute.label,
                words.value(attribute.key, considered.values.get(attribute.key)),
                considered.origins.get(attribute.key, ""),
            ]
            for attribute in picks.ATTRIBUTES
        ]
        plain_table.draw(["Attribute", "Value", "From"], rows, caption="What the policy knows of this client")
        small(
            "What a person is (age, sex, race, medical history) is fixed here: the gate judges the record. It is "
            "changed on the client's page."
        )


def _fill(client: int, values: Mapping[str, Value | None]) -> None:
    for key, value in values.items():
        st.session_state[_place(client, key)] = _as_field(key, value)


def _as_field(key: str, value: Value | None) -> float | str | None:
    """A value as its field holds it: shares in whole per cent, an empty word for one that is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, float | int):
        return float(round(value * 100)) if words.is_share(key) else float(value)
    return None if picks.BY_KEY[key].kind == "number" else NOT_KNOWN


def _from_field(key: str, given: float | str | None) -> Value | None:
    if given is None or given == NOT_KNOWN:
        return None
    return given / 100 if isinstance(given, float) and words.is_share(key) else given


def _place(client: int, key: str) -> str:
    return f"try_{client}_{key}"
