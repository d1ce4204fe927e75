"""A cohort of a few clients with steps and goals around a day, for tests of what clients have on their phones."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.services import Store, accounts
from core.store import contacts, people, steps

TODAY = date(2026, 3, 18)
NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


def cohort(
    folder: Path, zones: Sequence[str] = ("UTC", "UTC"), *, synthetic: bool = False
) -> tuple[Store, list[int]]:
    """A store with the trainer Ana and a client in each time zone; returns the clients' ids too."""
    store = Store(folder)
    accounts.add(store, "Ana", "trainer", by="system")
    with store.change("add cohort", by="system", subject="cohort test") as change:
        added = people.add_cohort(change.db, "Test cohort", source="generated", synthetic=synthetic)
        ids = people.add_clients(
            change.db,
            added,
            [
                {"reference": f"c{i}", "name": f"Client {i}", "time_zone": zone}
                for i, zone in enumerate(zones)
            ],
        )
    return store, [ids[f"c{i}"] for i in range(len(zones))]


def walked(
    store: Store, client: int, counts: Sequence[int | None], goal: int | None, last: date = TODAY
) -> None:
    """Set a client's counts of the days up to ``last``, each with the same goal."""
    first = last - timedelta(days=len(counts) - 1)
    with store.transaction() as db:
        steps.add(
            db,
            [
                (client, str(first + timedelta(days=offset)), count, goal)
                for offset, count in enumerate(counts)
            ],
        )


def reachable(store: Store, client: int, email: str = "client@example.org") -> None:
    """The client wants messages, and has for long."""
    with store.transaction() as db:
        contacts.set_contact(db, client, email=email, wants_messages=True, at="2020-01-01T00:00:00.000Z")
