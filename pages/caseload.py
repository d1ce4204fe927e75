"""Caseload: every client, how sure the model is of each now, and who needs a look first."""

from pathlib import Path

import streamlit as st

from core.services import caseload, gating, models, recommending
from workbench import cells, context
from workbench.components import (
    address,
    certainty,
    client_health,
    client_table,
    cohort_gate,
    empty,
    figures,
    synthetic,
)
from workbench.components.text import plain, small

HERE = Path(__file__).parent
# Keys of the widgets are the names in the address: a link opens the same view again.
COHORT, SORT, SHOW, SEARCH, PAGE = "cohort", "sort", "show", "search", "page"
NO_MODEL = (
    "**“{name}” has no model yet**, so nothing is recommended and nobody is asked. "
    "Train one on the Data and models page."
)


def back_to_first(changed: str = "") -> None:
    """Another search, filter or order starts on its first page."""
    st.session_state[PAGE] = 1
    if changed:
        # Set again, so that the address that the server now writes has the new value too.
        st.session_state[changed] = st.session_state[changed]


def sort_by(order: str) -> None:
    """Sort as a heading of the table asks."""
    st.session_state[SORT] = order
    back_to_first()


def clear() -> None:
    """Show everyone again."""
    st.session_state[SEARCH], st.session_state[SHOW] = "", "everyone"
    back_to_first()


def totals_strip(totals: dict[str, int]) -> None:
    """The four numbers over the whole cohort."""
    days, hits = totals["goal_days"], totals["goal_hits"]
    figures.draw(
        [
            figures.Figure("Clients", f"{totals['clients']:,}"),
            figures.Figure("Need attention", f"{totals['attention']:,}"),
            figures.Figure("Open requests", f"{totals['requests']:,}"),
            figures.Figure(
                f"Step goals met, last {recommending.GOAL_DAYS} days",
                cells.percent(hits / days) if days else cells.NOTHING,
                f"{hits:,} of {days:,} days" if days else "no goals yet",
            ),
        ]
    )


store = context.store()
cohorts = [cohort for cohort in caseload.cohorts(store) if cohort["clients"]]
by_name = {cohort["name"]: cohort for cohort in cohorts}

if not cohorts:
    st.title("Caseload")
    empty.draw(
        "No clients yet",
        "Import an exercise log (CSV: client, time, exercise) on the Data and models page, "
        "or run `python3 -m workbench import PATH`.",
        icon=":material/group_add:",
        page="data",
        link="Import clients",
    )
    st.stop()

address.tell_unknown_cohort(COHORT, by_name, f"“{next(iter(by_name))}”")
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title("Caseload", width="content")
    name = st.selectbox(
        "Cohort",
        list(by_name),
        key=COHORT,
        bind="query-params",
        on_change=back_to_first,
        args=(COHORT,),
        label_visibility="collapsed",
        width=340,
    )
cohort = by_name[name]
if cohort["synthetic"]:
    synthetic.draw()

gate_on, gate_off_reason = gating.is_on(store, cohort["id"])
if not gate_on:
    cohort_gate.off(gate_off_reason)
    st.page_link(HERE / "data.py", label="Switch it on again", icon=":material/arrow_forward:")

totals = caseload.totals(store, cohort["id"])
if not totals["clients"]:
    empty.draw(
        "Clients are here, their standing is not",
        f"“{plain(name)}” has {cohort['clients']:,} clients that nothing was worked out for yet.",
        icon=":material/sync:",
    )
    if st.button("Work it out now", type="primary"):
        with st.spinner("Recommending to every client …"):
            recommending.refresh(store, cohort["id"])
        st.rerun()
    st.stop()
if cohort["model_version_id"] is None:
    st.info(NO_MODEL.format(name=plain(name)), icon=":material/model_training:")
    st.page_link(HERE / "data.py", label="Train a model", icon=":material/arrow_forward:")
totals_strip(totals)

with st.container(horizontal=True, vertical_alignment="bottom", key="caseload_controls"):
    search = st.text_input(
        "Search by name",
        key=SEARCH,
        type="search",
        live=True,
        max_chars=100,
        bind="query-params",
        on_change=back_to_first,
        args=(SEARCH,),
    )
    only = st.selectbox(
        "Show",
        caseload.FILTERS,
        key=SHOW,
        bind="query-params",
        on_change=back_to_first,
        args=(SHOW,),
        format_func=str.capitalize,
    )
    order = st.selectbox(
        "Sort by",
        caseload.ORDERS,
        key=SORT,
        bind="query-params",
        on_change=back_to_first,
        args=(SORT,),
        format_func=str.capitalize,
    )

level = models.alpha(store)
asked = str(st.session_state.get(PAGE, st.query_params.get(PAGE, "1")))
wanted = min(address.number(asked) or 1, totals["clients"])  # there are never more pages than clients
page = caseload.page(store, cohort["id"], order=order, only=only, search=search, number=wanted - 1)

if not page.rows:
    empty.draw(
        "Nobody found",
        f"Nobody in “{plain(name)}” fits this search and filter.",
        icon=":material/search_off:",
    )
    st.button("Clear search and filter", on_click=clear, icon=":material/close:")
    st.stop()

first = page.page * caseload.PAGE + 1
shown = f"{first:,}–{first + len(page.rows) - 1:,} of {page.total:,}" if page.pages > 1 else f"{page.total:,}"
st.markdown(f"**{shown} {'client' if page.total == 1 else 'clients'}**, sorted by {order}")
click = client_table.draw(
    page.rows, level=level, order=order, caption=f"Clients of {name}, sorted by {order}", on_sort=sort_by
)
if page.pages > 1:
    with st.container(horizontal_alignment="center"):
        st.pagination(page.pages, key=PAGE, bind="query-params")
small(certainty.EXPLAINED.format(level=level))

if click:
    # The way back, and to the neighbours, from the client's page.
    st.session_state["caseload_view"] = st.query_params.to_dict()
    st.session_state["caseload_order"] = [row["client_id"] for row in page.rows]
    if click.request_id:
        st.switch_page(HERE / "label_requests.py", query_params={"request": str(click.request_id)})
    section = {"section": client_health.SECTION} if click.screening else {}
    st.switch_page(HERE / "client.py", query_params={"client": str(click.client_id), **section})
