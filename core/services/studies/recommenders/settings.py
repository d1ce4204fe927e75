"""What to compare, on which data."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.services import Store
from core.services.studies.options import option
from core.store import people

MOVIELENS = "MovieLens 100K, 100 most rated films"
FILMS = 100
KS = (1, 5, 10)
NETWORK = "network"
MODELS = {
    NETWORK: "Network of the paper",
    "popularity": "Popularity",
    "markov": "Markov, first order",
    "knn": "Item-kNN",
}
SPLITS = {
    "clients": "clients held out",
    "last": "last of each client",
    "random": "random windows (leaks, for comparison only)",
}
REPEATS = {"allowed": ("allowed",), "excluded": ("excluded",), "both": ("allowed", "excluded")}


def _data_choices(store: Store) -> list[str]:
    return [*(cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"]), MOVIELENS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    cohort: str = option(
        "Sample cohort",
        label="Data",
        help=f"A cohort of this workbench, or “{MOVIELENS}” from a folder.",
        choices=_data_choices,
    )
    folder: str = option(
        "",
        label="MovieLens folder",
        help="Only for MovieLens: the folder on this machine with u.data, u.item and u.user.",
    )
    models: tuple[str, ...] = option(
        tuple(MODELS), label="Models", help="Which to train and compare.", choices=tuple(MODELS)
    )
    splits: tuple[str, ...] = option(
        tuple(SPLITS),
        label="Splits",
        help="clients: whole clients are held out; last: the end of each client's history; random: windows at "
        "random as in the paper, which leaks and is for comparison only.",
        choices=tuple(SPLITS),
    )
    repeats: str = option(
        "allowed",
        label="Repeats",
        help="Whether what a client has done before may be recommended again (excluded: as films are), or both.",
        choices=tuple(REPEATS),
    )
    seeds: int = option(
        5,
        label="Seeds",
        help="How often everything is repeated, from the run's seed upwards.",
        minimum=1,
        maximum=50,
    )
    test_share: float = option(
        0.2,
        label="Test share",
        help="Share of clients, histories or windows that is tested.",
        minimum=0.05,
        maximum=0.5,
    )
    epochs: int = option(
        30, label="Epochs", help="At most so many passes of the network's training.", minimum=1, maximum=200
    )
    window: int = option(
        3, label="Window", help="Past exercises that the network and item-kNN see.", minimum=1, maximum=20
    )

    def __post_init__(self) -> None:
        if self.cohort == MOVIELENS and not self.folder:
            raise InputError(
                "MovieLens folder is empty; name the folder that holds u.data, u.item and u.user of MovieLens 100K."
            )
        if self.folder:
            # Workers start elsewhere than the command line.
            object.__setattr__(self, "folder", str(Path(self.folder).expanduser().resolve()))
