"""The data of studies on recommenders: a cohort of the workbench, or MovieLens from a folder."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.services import Store, movielens
from core.services.features import CohortArrays, Encoder, cohort_arrays
from core.services.studies.study import Loaded
from core.store import people

MOVIELENS = "MovieLens 100K, 100 most rated films"
FILMS = 100
FOLDER_HELP = "the folder on this machine with u.data, u.item and u.user of MovieLens 100K."


@dataclass(frozen=True, slots=True)
class Data:
    """A cohort as arrays, and what it is called.

    Attributes:
        synthetic: whether nobody ever was these clients.
        paper: ``exercises`` or ``films`` where the paper has figures to set beside, else empty.
    """

    arrays: CohortArrays
    name: str
    label: str
    paper: str
    synthetic: bool


def choices(store: Store) -> list[str]:
    """What a study can be asked to run on."""
    return [*(cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"]), MOVIELENS]


def checked_folder(cohort: str, folder: str) -> str:
    """The folder as an absolute path, since workers start elsewhere than the command line.

    Raises:
        InputError: if MovieLens is asked for and no folder is named.
    """
    if cohort == MOVIELENS and not folder:
        raise InputError(f"MovieLens folder is empty; name {FOLDER_HELP}")
    return str(Path(folder).expanduser().resolve()) if folder else ""


def load(store: Store, cohort: str, folder: str) -> Loaded:
    """Read the cohort, or MovieLens from its folder (checksum verified); the value is a ``Data``."""
    data = _films(folder) if cohort == MOVIELENS else _cohort(store, cohort)
    return Loaded(data, data.arrays.fingerprint())


def _films(folder: str) -> Data:
    read = movielens.read(Path(folder), top=FILMS)
    encoder = Encoder.learn(read.profiles)
    arrays = CohortArrays(
        client_ids=read.users,
        exercise_ids=read.films,
        histories=read.histories,
        profiles=encoder.encode(read.profiles),
        exercises=Encoder.learn(read.exercises).encode(read.exercises),
        encoder=encoder,
    )
    return Data(arrays, MOVIELENS, "real ratings of films, standing for exercises", "films", False)


def _cohort(store: Store, name: str) -> Data:
    cohort = people.cohort(store.db, name)
    synthetic = bool(cohort["synthetic"])
    label = cohort["source"] if synthetic else "recorded"
    return Data(
        cohort_arrays(store, cohort["id"]),
        cohort["name"],
        label,
        "exercises" if synthetic else "",
        synthetic,
    )
