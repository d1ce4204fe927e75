"""The caseload: every client with how sure the model is now, and why somebody needs a look."""

from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.services import Store
from core.store import messages, people, status

ORDERS = tuple(status.ORDERS)
FILTERS = tuple(status.FILTERS)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the caseload.

    Attributes:
        rows: status rows: ``client_id``, ``name``, ``margin``, ``p_value``, ``trend`` (margins, oldest first),
            ``request_id``, ``goal_days``, ``goal_hits``, ``attention`` (0–3), ``reason``, ``step``, ``last_at``.
        total: clients that fit the filter and the search, over all pages.
        page: the page shown, from 0 (the last one, if a later one was asked for).
    """

    rows: list[dict[str, Any]]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // PAGE))


def cohorts(store: Store) -> list[dict[str, Any]]:
    """Cohorts with their number of clients and whether they are synthetic, oldest first."""
    return people.cohorts(store.db)


def totals(store: Store, cohort_id: int) -> dict[str, Any]:
    """Clients, open requests, clients who need attention, goal days and hits of a cohort."""
    return status.totals(store.db, cohort_id)


def page(
    store: Store,
    cohort_id: int,
    *,
    order: str = "attention",
    only: str = "everyone",
    search: str = "",
    number: int = 0,
) -> Page:
    """One page of a cohort's clients.

    Raises:
        InputError: for an order or a filter that does not exist.
    """
    if order not in ORDERS or only not in FILTERS:
        raise InputError(
            f"The caseload can be ordered by {', '.join(ORDERS)} and shows {', '.join(FILTERS)}."
        )
    search = search.strip()[:100]

    def read(wanted: int) -> tuple[list[dict[str, Any]], int]:
        return status.page(
            store.db,
            cohort_id=cohort_id,
            order=order,
            only=only,
            search=search,
            limit=PAGE,
            offset=wanted * PAGE,
        )

    rows, total = read(max(0, number))
    last = max(0, -(-total // PAGE) - 1)
    if number > last:
        rows, total = read(last)
    return Page(_with_messages(store, rows), total, min(max(0, number), last))


def _with_messages(store: Store, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose reason begins with the messages that nobody has read yet."""
    unread = messages.unread(store.db, [row["client_id"] for row in rows])
    return [
        {**row, "reason": " · ".join(filter(None, (_words(unread.get(row["client_id"], 0)), row["reason"])))}
        for row in rows
    ]


def _words(count: int) -> str:
    return f"{count} new message{'' if count == 1 else 's'}" if count else ""
