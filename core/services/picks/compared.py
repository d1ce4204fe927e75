"""Whom an explanation compares a client with: the clients of the same cohort, as they are on record."""

from core.bandit import Background
from core.bandit.contexts import ENCODING, Floats
from core.bandit.people import People
from core.services import Store, moments
from core.services.picks.keeping import Kept
from core.services.picks.knowing import Known, of_clients
from core.store import people

MOST = 500  # people; of a larger cohort every so many-th is taken


def rows_of(store: Store, cohort_id: int) -> Floats:
    """Contexts of the cohort's clients as they are today, at most ``MOST``, shape (N, D).

    Kept until a document or a client of the cohort is added, or the day changes; not by each outcome anew, so that
    two explanations of a day compare with the same people.
    """
    return _compared(store, cohort_id)[0]


def background(store: Store, cohort_id: int) -> Background:
    """Those people, prepared for explanations."""
    return _compared(store, cohort_id)[1]


def contexts(known: list[Known]) -> Floats:
    """Contexts of clients as they are on record, shape (N, D)."""
    return ENCODING.encode(People.of([one.values for one in known]))


def _compared(store: Store, cohort_id: int) -> tuple[Floats, Background]:
    def made() -> tuple[Floats, Background]:
        clients = people.clients(store.db, cohort_id)
        chosen = clients[:: max(1, -(-len(clients) // MOST))]
        rows = contexts(of_clients(store, chosen)) if chosen else ENCODING.encode(People.of([{}]))
        return rows, Background(rows, ENCODING.names)

    changed = people.changed(store.db, cohort_id)
    return _kept.get((store.folder, cohort_id, moments.now().date(), *changed), made)


_kept: Kept[tuple[Floats, Background]] = Kept(8)
