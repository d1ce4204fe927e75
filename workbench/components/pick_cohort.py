"""A cohort on the Picks page: who waits for an outcome, what would be offered to whom, what the policy goes by."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import SpotterError
from core.services import Store, gating, picks
from core.services.picks.views import CohortRow, CohortView, Importance
from workbench import cells
from workbench import pick_cohort_charts as charts
from workbench.components import empty, figures, pick_table, pick_waiting, plain_table
from workbench.components.text import plain, small

PAGE_FILE = Path(__file__).parent.parent.parent / "pages" / "picks.py"
PAGE = 50
MOST_ATTRIBUTES = 10  # shown at first
SAME = 1e-9  # what rounding leaves of nothing
EVERYONE, WAITING, STOPPED, NONE_TODAY = (
    "everyone",
    "waiting for an outcome",
    "masked by the gate",
    "no pick today",
)
SHOW = (EVERYONE, WAITING, STOPPED, NONE_TODAY)
ANY_ARM = "any kind"
NAME, CLOSEST, LEAST = "name", "closest call first", "least done first"
ORDERS = (NAME, CLOSEST, LEAST)
PAPER_TABLE = (
    "The paper’s table 1 has age, exercise frequency, exercise duration, medical history and preferred exercise on "
    "top. It comes from one run on synthetic profiles, with neither an interval nor what chance alone gives, so its "
    "order is no yardstick for this one."
)


def labels() -> dict[str, str]:
    """Every attribute's name for people, by its key."""
    return {attribute.key: attribute.label for attribute in picks.ATTRIBUTES}


def draw(store: Store, cohort: Mapping[str, Any], *, user: str) -> None:
    """Draw the cohort: outcomes to give, the table, and what the attributions hang on."""
    if not cohort["clients"]:
        empty.draw(
            "No clients yet",
            f"“{plain(cohort['name'])}” has nobody to pick for.",
            icon=":material/group_add:",
            page="data",
            link="Import clients",
        )
        return
    try:
        with st.spinner("Scoring every client …"):
            view = picks.cohort(store, cohort["id"])
    except SpotterError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    gate_notice(store, cohort["id"])
    pick_waiting.draw(store, cohort["id"], view.rows, user=user)
    strip(view)
    _board(cohort, view.rows)
    with st.container(horizontal_alignment="right"):
        st.download_button(
            "CSV of all picks",
            lambda: picks.export(store, cohort["id"], by=user)[1],
            file_name=f"picks-cohort-{cohort['id']}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="export_picks",
        )
    st.header("What the policy goes by", anchor=False)
    if view.importance is None:
        st.markdown("**Cannot be told yet.** Of nobody here is enough known to take a score apart.")
    else:
        _importance(moving(view.importance))


def gate_notice(store: Store, cohort_id: int) -> None:
    """Say so where the safety gate is switched off."""
    on, why = gating.is_on(store, cohort_id)
    if not on:
        given = f" Reason given: {plain(why)}" if why else ""
        st.warning(
            f"**The safety gate is off** for this cohort, so nothing is masked.{given}",
            icon=":material/gpp_maybe:",
        )


def strip(view: CohortView) -> None:
    """The cohort in a few figures."""
    rows = view.rows
    stopped = sum(row.best is None for row in rows)
    done = [row.done for row in rows if row.done is not None]
    best = {arm: sum(row.best == arm for row in rows) for arm in arms(view.rows)}
    figures.draw(
        [
            figures.Figure("Picked for today", f"{sum(row.today is not None for row in rows):,}"),
            figures.Figure("Wait for an outcome", f"{sum(row.waiting is not None for row in rows):,}"),
            figures.Figure(
                "Masked by the gate",
                f"{sum(bool(row.masked) for row in rows):,}",
                f"everything: {stopped:,}",
            ),
            figures.Figure(
                f"{' / '.join(best).capitalize()} best" if best else "Best now",
                " / ".join(f"{count:,}" for count in best.values()) or cells.NOTHING,
            ),
            figures.Figure(
                "Sessions done",
                cells.percent(sum(done) / len(done)) if done else cells.NOTHING,
                "mean over clients" if done else "no outcomes yet",
            ),
        ]
    )


def arms(rows: Sequence[CohortRow]) -> list[str]:
    """Arms that are best for somebody, the most frequent first."""
    found = [row.best for row in rows if row.best is not None]
    return sorted(set(found), key=lambda arm: (-found.count(arm), arm))


def fitting(rows: Sequence[CohortRow], *, search: str, only: str, arm: str, order: str) -> list[CohortRow]:
    """The rows that fit search, filter and best arm, in the order asked for."""
    wanted = search.strip().casefold()
    kept = [
        row
        for row in rows
        if wanted in row.name.casefold()
        and (only != WAITING or row.waiting is not None)
        and (only != STOPPED or row.masked)
        and (only != NONE_TODAY or row.today is None)
        and arm in (ANY_ARM, row.best)
    ]
    match order:
        case "closest call first":
            # Those without a lead have nothing to weigh: they come last.
            kept.sort(key=lambda row: (row.lead is None, row.lead or 0.0, row.name.casefold()))
        case "least done first":
            kept.sort(key=lambda row: (row.done is None, row.done or 0.0, row.name.casefold()))
        case _:
            kept.sort(key=lambda row: row.name.casefold())
    return kept


# A search, a filter or another page runs this again, and scores nobody anew.
@st.fragment
def _board(cohort: Mapping[str, Any], rows: Sequence[CohortRow]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search by name",
            key="picks_search",
            type="search",
            live=True,
            max_chars=100,
            persist_state="session",
        )
        only = st.selectbox(
            "Show", SHOW, format_func=str.capitalize, key="picks_show", persist_state="session"
        )
        arm = st.selectbox(
            "Best now", [ANY_ARM, *sorted(arms(rows))], format_func=str.capitalize, key="picks_arm"
        )
        order = st.selectbox(
            "Sort by", ORDERS, format_func=str.capitalize, key="picks_order", persist_state="session"
        )
    found = fitting(rows, search=search, only=only, arm=arm, order=order)
    if not found:
        empty.draw("Nobody found", "Nobody fits this search and filter.", icon=":material/search_off:")
        return
    view = f"{cohort['id']}:{search}:{only}:{arm}:{order}"
    key = f"picks_page:{view}"
    pages = -(-len(found) // PAGE)
    number = min(int(st.session_state.get(key, 1)), pages)
    part = found[(number - 1) * PAGE : number * PAGE]
    first = (number - 1) * PAGE + 1
    shown = f"{first:,}–{first + len(part) - 1:,} of {len(found):,}" if pages > 1 else f"{len(found):,}"
    st.markdown(f"**{shown} {'client' if len(found) == 1 else 'clients'}**, sorted by {order}")
    opened = pick_table.draw(
        part, caption=f"Picks in {cohort['name']}, sorted by {order}", key=f"picks_table:{view}"
    )
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key=key)
    small(pick_table.EXPLAINED)
    if opened is not None:
        st.switch_page(PAGE_FILE, query_params={"client": str(opened)})


@st.fragment
def _importance(found: Importance) -> None:
    if not found.keys:
        st.markdown(
            "**Cannot be told yet.** The policy scores everybody here alike: nothing known tells them apart."
        )
        return
    names = labels()
    words = charts.importance_in_words(found, names)
    people = f"{found.people:,} {'person' if found.people == 1 else 'people'}"
    st.markdown(
        f"**{plain(words)}** How much each attribute moves the score of a kind of session up or down, on average over "
        f"{people}. The shaded band is what a policy gives that learns from rewards that have nothing to do with the "
        "attributes."
    )
    short = found
    if len(found.keys) > MOST_ATTRIBUTES and not st.toggle(f"All {len(found.keys)}", key="picks_all"):
        short = only(found, range(MOST_ATTRIBUTES))
    st.plotly_chart(
        charts.importance(short, names),
        config=charts.CONFIG,
        alt=f"{words} The numbers stand in the table below.",
        key="picks_importance",
    )
    count = len(found.keys) * len(found.values)
    still = len(names) - len(found.keys)
    same = f" {still} more are the same for everybody here or not known, and move nothing." if still else ""
    small(
        f"A filled mark lies beyond its band, an open one within. The bands hold for all {count} marks together: in 95 "
        f"of 100 such cohorts chance alone puts none beyond.{same} {PAPER_TABLE}"
    )
    with st.expander("The numbers"):
        plain_table.draw(
            *importance_table(found), caption="Mean size of the attributions by attribute and arm"
        )


def moving(found: Importance) -> Importance:
    """Without the attributes that are the same for everybody here, such as those not known of anybody."""
    kept = [
        place
        for place in range(len(found.keys))
        if any(values[place] > SAME for values in (*found.values.values(), *found.null_high.values()))
    ]
    return only(found, kept)


def only(found: Importance, places: Sequence[int]) -> Importance:
    """The attributes at these places."""
    return Importance(
        tuple(found.keys[place] for place in places),
        {arm: tuple(values[place] for place in places) for arm, values in found.values.items()},
        {arm: tuple(values[place] for place in places) for arm, values in found.null_high.items()},
        found.people,
    )


def importance_table(found: Importance) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: each attribute with its value and what chance gives, by arm."""
    names = labels()
    headings = ["Attribute", *(f"{arm} (chance gives up to)".capitalize() for arm in found.values)]
    rows = [
        [
            names.get(key, key),
            *(
                f"{values[place]:.3f} ({found.null_high[arm][place]:.3f})"
                + (" beyond chance" if values[place] > found.null_high[arm][place] else "")
                for arm, values in found.values.items()
            ),
        ]
        for place, key in enumerate(found.keys)
    ]
    return headings, rows
