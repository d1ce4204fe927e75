"""Whom an explanation compares a client with: the clients of the same cohort, as they are on record."""

import threading
from collections import OrderedDict
from typing import Any

from core.bandit import Background
from core.bandit.contexts import ENCODING, Floats
from core.bandit.people import People
from core.services import Store, moments
from core.services.picks.knowing import Known, of_clients
from core.store import people

MOST = 500  # people; of a larger cohort every so many-th is taken
KEPT = 8


def rows_of(store: Store, cohort_id: int) -> Floats:
    """Contexts of the cohort's clients as they are today, at most ``MOST``, shape (N, D).

    Kept until a document or a client of the cohort is added, or the day changes; not by each outcome anew, so that
    two explanations of a day compare with the same people.
    """
    key = (store.folder, cohort_id, moments.now().date(), *people.changed(store.db, cohort_id))
    with _lock:
        if key in _kept:
            return _kept[key][0]
    clients = people.clients(store.db, cohort_id)
    chosen = clients[:: max(1, -(-len(clients) // MOST))]
    rows = contexts(of_clients(store, chosen)) if chosen else ENCODING.encode(People.of([{}]))
    _keep(key, rows)
    return rows


def background(store: Store, cohort_id: int) -> Background:
    """Those people, prepared for explanations."""
    rows = rows_of(store, cohort_id)
    with _lock:
        for held, prepared in _kept.values():
            if held is rows:
                return prepared
    return Background(rows, ENCODING.names)


def contexts(known: list[Known]) -> Floats:
    """Contexts of clients as they are on record, shape (N, D)."""
    return ENCODING.encode(People.of([one.values for one in known]))


def _keep(key: tuple[Any, ...], rows: Floats) -> None:
    prepared = Background(rows, ENCODING.names)
    with _lock:
        _kept[key] = (rows, prepared)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)


_kept: OrderedDict[tuple[Any, ...], tuple[Floats, Background]] = OrderedDict()
_lock = threading.Lock()
