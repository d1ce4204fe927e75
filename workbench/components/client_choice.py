"""One client of a cohort on a page: chosen by name, with the ones before and after, and noted as seen in the audit."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.services import Store, clients
from workbench.components import neighbours

SEEN = "clients_seen"


def draw(names: Mapping[int, str], now: int | None, *, show: Callable[[int], None], key: str) -> None:
    """Draw a box to choose a client by name, and the way to the ones before and after.

    Args:
        names: of the clients by id, in the order that a person walks through.
        now: the client on the page, None for none.
        show: goes to a client.
        key: of the page.
    """
    order = list(names)
    place = order.index(now) if now is not None and now in names else None
    if place is not None and neighbours.previous(disabled=place == 0):
        show(order[place - 1])
    chosen = st.selectbox(
        "Client",
        order,
        index=place,
        format_func=lambda client: names[client],
        placeholder="Name of a client",
        label_visibility="collapsed",
        width=260,
        key=f"{key}_client_{now}",
    )
    if place is not None and neighbours.following(disabled=place + 1 == len(order)):
        show(order[place + 1])
    if chosen is not None and chosen != now:
        show(chosen)


def seen(store: Store, client_id: int, *, page: str, user: str) -> None:
    """The first time in a session that this person opens a client on a page, the audit says so."""
    known = st.session_state.setdefault(SEEN, set())
    if (user, page, client_id) not in known:
        clients.viewed(store, [client_id], by=user, page=page)
        known.add((user, page, client_id))
