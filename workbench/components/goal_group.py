"""Step goals of a cohort: who stands where, and plans for several clients with one set of rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from core.errors import SpotterError
from core.services import Store, clients, goals
from workbench import cells
from workbench.components import empty, goal_notice, goal_table, plain_table
from workbench.components.step_plan import controls, day_words
from workbench.components.text import plain, small

T = TypeVar("T")

LARGE = 2000  # clients; of a larger cohort only those who are searched for are read
MOST = 200  # clients that are planned for at once
PAGE = 25
PAGE_FILE = Path(__file__).parent.parent.parent / "pages" / "step_goals.py"
PARTS = {"baseline": "baseline", "responsiveness": "responsiveness", "self_efficacy": "self-efficacy"}
SHOW = ("everyone", "no plan for tomorrow", "fewer than half of the goals met", "no estimate yet")
HEADINGS = (
    "Goal today",
    "Steps a day, last 7 days",
    "Goals met",
    "Plan until",
    "Within reach tomorrow (90 %)",
    "Cannot be told yet",
)
SUITED, LEFT_OUT = "suited", "none"
FIRST_WEEKS = {
    SUITED: "A first week suited to each",
    goals.RUN_IN: "Run-in week (3,000 rising to 6,000)",
    goals.STRETCH: "60th percentile of the last 10 days",
    LEFT_OUT: "No plan",
}
PLANNED = ("Goals", "First week", "Within reach", "Count gets there", "Against plan in force")


def draw(store: Store, cohort: Mapping[str, Any], *, user: str) -> None:
    """Draw the group: search, table, and plans for those who are ticked or shown."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search by name", key="goals_search", type="search", max_chars=100)
        only = st.selectbox("Show", SHOW, format_func=str.capitalize, key="goals_show")
    records = _records(store, cohort, search)
    if records is None:
        return
    standings = [goals.standing(record) for record in records]
    shown = [standing for standing in standings if _fits(standing, only)]
    if records and not any(record.days for record in records):
        last = goals.last_count(store, cohort["id"])
        if last is None:
            empty.draw(
                "No steps yet",
                "Nobody here has a day of steps. Import them, or give clients a link for the phone.",
                icon=":material/directions_walk:",
                page="data",
                link="Import steps",
            )
            return
        st.info(
            f"**No steps in the last ten weeks** for those shown; the last count in this cohort is of "
            f"{last.day} {last:%B %Y}. An estimate looks at the last ten weeks only.",
            icon=":material/history:",
        )
    if not shown:
        empty.draw("Nobody found", "Nobody fits this search and filter.", icon=":material/search_off:")
        return
    _board(store, cohort, shown, f"{cohort['id']}:{search}:{only}", user)


# A box that is ticked runs this again, and reads nobody's steps anew.
@st.fragment
def _board(
    store: Store, cohort: Mapping[str, Any], shown: Sequence[goals.Standing], view: str, user: str
) -> None:
    key = f"goals_page:{view}"
    pages = -(-len(shown) // PAGE)
    number = min(int(st.session_state.get(key, 1)), pages)
    part = shown[(number - 1) * PAGE : number * PAGE]
    count = f"{len(shown):,} {'client' if len(shown) == 1 else 'clients'}"
    st.markdown(f"**{count}**, by name. Tick some to plan for them at once, or open one.")
    notes = {standing.record.why_not for standing in shown}
    shared = notes.pop() if len(notes) == 1 < len(shown) else ""  # a sentence that holds for all is said once
    if shared:
        st.markdown(f"For all of them: {plain(shared)}")
    fits = _with_progress("Estimating", len(part), lambda tick: _fits_of(part, tick))
    choice = goal_table.draw(
        HEADINGS,
        [_row(standing, fit, shared) for standing, fit in zip(part, fits, strict=True)],
        caption=f"Step goals in {cohort['name']}",
        key=f"goals_table:{view}",
    )
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key=key)
    st.header("Plan for several at once", anchor=False)
    chosen = [standing.record for standing in shown if standing.record.client["id"] in choice.chosen]
    _plan(store, chosen or [standing.record for standing in shown], ticked=bool(chosen), user=user)
    if choice.opened is not None:
        st.switch_page(PAGE_FILE, query_params={"client": str(choice.opened)})


def _records(store: Store, cohort: Mapping[str, Any], search: str) -> list[goals.Record] | None:
    """The records to show, None after saying why there are none."""
    wanted = search.strip().casefold()
    if cohort["clients"] <= LARGE:
        with st.spinner("Reading steps …"):
            records = goals.read_many(store, cohort["id"])
        return [record for record in records if wanted in str(record.client["name"]).casefold()]
    found = [client for client, name in clients.find(store, cohort["id"]) if wanted in name.casefold()]
    if not wanted or len(found) > MOST:
        many = f"{len(found) if wanted else cohort['clients']:,} clients"
        empty.draw(
            "Too many to show at once",
            f"These are {many}. Type a part of the name until at most {MOST} are left, or open one from the caseload.",
            icon=":material/filter_alt:",
        )
        return None
    return [goals.read(store, client) for client in found]


def _fits(standing: goals.Standing, only: str) -> bool:
    match only:
        case "no plan for tomorrow":
            until = standing.planned_until
            return until is None or until <= standing.record.today
        case "fewer than half of the goals met":
            return standing.counted > 0 and 2 * standing.met < standing.counted
        case "no estimate yet":
            return standing.record.history is None
    return True


def _fits_of(part: Sequence[goals.Standing], tick: Callable[[float], None]) -> list[goals.Fit | None]:
    made = []
    for place, standing in enumerate(part):
        tick(place / len(part))
        made.append(goals.fit(standing.record.history) if standing.record.history is not None else None)
    return made


def _with_progress(
    words: str, count: int, work: Callable[[Callable[[float], None]], list[T]], place: Any = None
) -> list[T]:
    """Run work with a bar, in an empty place, that shows how far it is, and goes when it is done."""
    place = place or st.empty()

    def tick(fraction: float) -> None:
        place.progress(fraction, text=f"{words}: {round(fraction * count)} of {count} clients")

    made = work(tick)
    place.empty()
    return made


def _row(standing: goals.Standing, fit: goals.Fit | None, shared: str) -> goal_table.Row:
    """A client's line; the note that all share is left out of it."""
    record = standing.record
    reach, untold = cells.NOTHING, "anything"
    if fit is not None:
        untold = ", ".join(PARTS[name] for name, told in fit.posterior.identified.items() if not told)
        low, high = fit.posterior.interval("capacity")
        reach = f"{low:,.0f} to {high:,.0f}"
    return goal_table.Row(
        client=record.client["id"],
        name=str(record.client["name"]),
        cells=(
            f"{standing.goal_today:,}" if standing.goal_today is not None else cells.NOTHING,
            f"{standing.steps:,.0f}" if standing.steps is not None else cells.NOTHING,
            f"{standing.met} of {standing.counted}" if standing.counted else cells.NOTHING,
            day_words(standing.planned_until) if standing.planned_until else "no\u00a0plan",
            reach,
            untold or cells.NOTHING,
        ),
        note="" if record.why_not == shared else record.why_not,
    )


def _plan(store: Store, records: Sequence[goals.Record], *, ticked: bool, user: str) -> None:
    count = "1 client" if len(records) == 1 else f"all {len(records):,} clients"
    whom = f"{len(records):,} ticked" if ticked else count
    untold = sum(record.history is None for record in records)
    small(
        f"For {whom}. Each plan begins tomorrow and counts on the client's own estimate."
        + (
            f" {untold:,} without an estimate yet can have a first week of goals, to learn from."
            if untold
            else ""
        )
    )
    if len(records) > MOST:
        st.warning(
            f"Plans are made for at most {MOST} clients at once. Tick some, or search.",
            icon=":material/filter_alt:",
        )
        return
    with st.form("plan_all", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            challenge = st.slider("Challenge κ", 0.05, 1.0, 0.7, 0.05, width=220)
            ramp = st.number_input("Most a goal may rise, steps a day", 0, 5000, 500, 50, width=220)
            horizon = st.number_input("Days ahead", 1, 70, 14, width=120)
            rest = st.pills(
                "Rest days", range(7), format_func=lambda day: controls.WEEKDAYS[day], selection_mode="multi"
            )
        first = LEFT_OUT
        if untold:
            first = st.selectbox(
                "Clients without an estimate",
                list(FIRST_WEEKS),
                format_func=lambda name: FIRST_WEEKS[name],
                width=340,
                help="Seven days of goals. Suited to each: the run-in week, or the 60th percentile for those who walk "
                "more than its 6,000 steps anyhow. Who has goals ahead already keeps them.",
            )
        asked = st.form_submit_button("Preview the plans", icon=":material/preview:")
    # The plans drawn before go as soon as new ones are being made.
    place = st.empty()
    if asked:
        settings = goals.PlanSettings(
            challenge=challenge, ramp=float(ramp), horizon=int(horizon), rest_weekdays=tuple(rest)
        )
        st.session_state["goal_proposals"] = _with_progress(
            "Planning",
            len(records),
            lambda tick: list(
                goals.propose(
                    records, settings, untold=lambda record: _first_week(record, first), progress=tick
                )
            ),
            place,
        )
    with place.container():
        _proposals(store, {record.client["id"] for record in records}, user)


def _first_week(record: goals.Record, chosen: str) -> goals.PlanSettings | None:
    if chosen == LEFT_OUT:
        return None
    suited = goals.suggested(None, record)
    return suited if chosen == SUITED else replace(suited, policy=chosen)


def _proposals(store: Store, now: set[int], user: str) -> None:
    """The previews of those who are chosen now, and above them one button that puts them all in force."""
    made: list[goals.Proposal] = st.session_state.get("goal_proposals", [])
    if not made or {each.record.client["id"] for each in made} != now:
        return
    ready = [(each.record, each.preview) for each in made if each.preview is not None]
    if ready:
        label = "Approve 1 plan" if len(ready) == 1 else f"Approve {len(ready)} plans"
        with st.form("approve_all", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            reason = st.text_input("Reason, kept with each plan", max_chars=500)
            asked = st.form_submit_button(label, type="primary", icon=":material/check:")
        if asked:
            _approve(store, ready, reason, user)
    plain_table.draw(
        ("Client", *PLANNED), [_proposal_row(each) for each in made], caption="Plans to be approved"
    )


def _approve(
    store: Store, ready: Sequence[tuple[goals.Record, goals.Preview]], reason: str, user: str
) -> None:
    if not reason.strip():
        st.warning("Write a reason first: it is kept with each plan.", icon=":material/edit:")
        return
    try:
        ids = goals.approve_all(store, ready, reason=reason, by=user)
    except SpotterError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    del st.session_state["goal_proposals"]
    text = f"{len(ids)} {'plan is' if len(ids) == 1 else 'plans are'} in force from tomorrow: {reason}"
    goal_notice.tell("done", text, where=None, plans=ids)
    st.rerun()


def _proposal_row(proposal: goals.Proposal) -> list[str]:
    name, made = str(proposal.record.client["name"]), proposal.preview
    if made is None:
        return [name, f"no plan: {proposal.why_not}", "", "", "", ""]
    low, high = round(float(made.goals.min())), round(float(made.goals.max()))
    known = [difference for difference in made.difference if difference is not None]
    label = name if proposal.fit is not None else f"{name} (first week, no estimate yet)"
    return [
        label,
        f"{low:,}" if low == high else f"{low:,} to {high:,}",
        f"{made.goals[:7].sum():,.0f}",
        cells.NOTHING if made.chance is None else f"{made.chance.mean():.0%}".replace("%", "\u00a0%"),
        cells.NOTHING
        if made.chance_counted is None
        else f"{made.chance_counted.sum():.1f} of {made.goals.size} days",
        f"{sum(known) / len(known):+,.0f} a day".replace("-", "−") if known else "no plan before",
    ]
