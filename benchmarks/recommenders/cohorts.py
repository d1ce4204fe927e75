"""The data that everybody is trained and tested on, and how it is split."""

import io
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.recommender.evaluation import Split, clients_held_out, last_share
from core.recommender.windows import Bools, Floats, Histories, Ints, check_histories
from core.services import Store
from core.services.features import CohortArrays
from core.services.preparing import COHORT, add_sample
from core.services.studies.cohorts import MOVIELENS, load

SPLITS = {"clients": "clients held out", "last": "last 20 % of each client"}
WAYS = ("allowed", "excluded")  # whether what a client has done may come again
VALIDATION = 0.2
TUNED_WITH = 1  # the one seed that settings of peers are chosen with


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort as arrays; ``repeats`` are the ways of ranking it: may what a client has done come again?"""

    key: str
    title: str
    arrays: CohortArrays
    repeats: tuple[str, ...]

    @property
    def laid(self) -> Histories:
        """All histories end to end."""
        return check_histories(self.arrays.histories, len(self.arrays.exercises))

    @property
    def n_items(self) -> int:
        """N, how many items are ranked, for every model and window."""
        return len(self.arrays.exercises)


def films(folder: Path) -> Cohort:
    """MovieLens 100K's hundred most rated films; a film that was rated does not come again."""
    with tempfile.TemporaryDirectory() as nowhere:
        found = load(Store(Path(nowhere)), MOVIELENS, str(folder))
    return Cohort("films", MOVIELENS, found.value.arrays, ("excluded",))


def sample(repeats: tuple[str, ...] = ("allowed",)) -> Cohort:
    """The synthetic sample cohort; exercises come again, so that repeats are allowed unless asked otherwise."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        store = Store(Path(folder))
        add_sample(store, lambda _text: None)
        arrays = load(store, COHORT, "").value.arrays
    return Cohort("sample", "Sample cohort (synthetic)", arrays, repeats)


def split(cohort: Cohort, name: str, seed: int) -> Split:
    """A split by the name it has in `SPLITS`; the last part of each client is the same for every seed."""
    histories = cohort.arrays.histories
    if name == "clients":
        return clients_held_out(histories, np.random.default_rng(seed))
    return last_share(histories)


def validation(cohort: Cohort, name: str) -> Split:
    """The same split once more within what may be trained on with seed `TUNED_WITH`: settings are chosen with it.

    Nothing that is tested with that seed is in it, neither to train on nor to test.
    """
    laid = cohort.laid
    outer = split(cohort, name, TUNED_WITH).train
    if name == "clients":
        rng = np.random.default_rng([TUNED_WITH, 1])
        clients = np.unique(laid.clients[outer])
        inside = np.isin(laid.clients, rng.permutation(clients)[: max(1, round(VALIDATION * len(clients)))])
    else:
        allowed = np.bincount(laid.clients[outer], minlength=len(laid))
        before = np.arange(len(laid.items)) - laid.starts[laid.clients]
        inside = before >= (allowed - np.floor(VALIDATION * allowed + 1e-9))[laid.clients]
    test: Bools = outer & inside
    return Split(f"validation within {name}", outer & ~inside, test)


def places(test: Bools) -> Ints:
    """Where the tested items stand among all items, shape (M,)."""
    found: Ints = np.flatnonzero(test)
    return found


def prefixes(cohort: Cohort, at: Ints) -> tuple[list[Ints], Floats]:
    """What each client had done before each place, and the client's profile: all that a model may see."""
    laid = cohort.laid
    clients = laid.clients[at]
    return (
        [laid.items[laid.starts[client] : place] for client, place in zip(clients, at, strict=True)],
        cohort.arrays.profiles[clients],
    )
