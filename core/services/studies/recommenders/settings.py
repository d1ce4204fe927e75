"""What to compare, on which data."""

from dataclasses import dataclass

from core.services.studies.cohorts import FOLDER_HELP, MOVIELENS, checked_folder, choices
from core.services.studies.options import option
from core.services.studies.protocols import REPEATS, SPLITS

FULL_HISTORY, NETWORK = "full-history", "network"
MODELS = {
    FULL_HISTORY: "Full history",
    NETWORK: "Network of the paper",
    "popularity": "Popularity",
    "markov": "Markov, first order",
    "knn": "Item-kNN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    cohort: str = option(
        "Sample cohort",
        label="Data",
        help=f"A cohort of this workbench, or “{MOVIELENS}” from a folder.",
        choices=choices,
    )
    folder: str = option(
        "",
        label="MovieLens folder",
        help=f"Only for MovieLens: {FOLDER_HELP}",
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
        30,
        label="Epochs",
        help="At most so many passes of the training of the paper's network.",
        minimum=1,
        maximum=200,
    )
    full_history_epochs: int = option(
        200,
        label="Epochs, full history",
        help="At most so many passes of the training of each member of the full-history ensemble.",
        minimum=1,
        maximum=1000,
    )
    window: int = option(
        3,
        label="Window",
        help="Past exercises that the paper's network and item-kNN see.",
        minimum=1,
        maximum=20,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", checked_folder(self.cohort, self.folder))

    @property
    def compared(self) -> str | None:
        """The model that the others are compared with: the first of ours among those chosen."""
        return next((model for model in (FULL_HISTORY, NETWORK) if model in self.models), None)
