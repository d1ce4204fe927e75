"""On which data, by which strategies, and how many answers."""

from dataclasses import dataclass

from core.errors import InputError
from core.services.studies.cohorts import FOLDER_HELP, MOVIELENS, checked_folder, choices
from core.services.studies.labels.words import NAMES, RANDOM
from core.services.studies.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    cohort: str = option(
        "Sample cohort",
        label="Data",
        help=f"A cohort of this workbench, or “{MOVIELENS}” from a folder.",
        choices=choices,
    )
    folder: str = option("", label="MovieLens folder", help=f"Only for MovieLens: {FOLDER_HELP}")
    strategies: tuple[str, ...] = option(
        tuple(NAMES),
        label="Ways of asking",
        help="Which are compared; random is what the others are held against and always among them.",
        choices=tuple(NAMES),
    )
    seeds: int = option(
        16,
        label="Seeds",
        help="How often all is repeated on other splits of the clients, from the run's seed upwards.",
        minimum=2,
        maximum=50,
    )
    batch: int = option(
        50, label="Answers a round", help="The model is refitted after so many.", minimum=1, maximum=1_000
    )
    rounds: int = option(12, label="Rounds", help="How often a batch is asked about.", minimum=2, maximum=100)
    start: int = option(
        3,
        label="Clients known at first",
        help="All their steps are known before any question.",
        minimum=1,
        maximum=50,
    )
    alpha: float = option(
        0.2,
        label="Asked rate of the rules",
        help="Nominal share of steps that conformal and Dirichlet ask about; the workbench's own is 0.2.",
        minimum=0.01,
        maximum=0.9,
    )
    agreement: float = option(
        0.95,
        label="Stop at an agreement of",
        help="Asking stops where the first choices of three models in a row agree with the one before so well "
        "(Cohen's kappa, the mean of three). The rule's authors have 0.99.",
        minimum=0.5,
        maximum=1.0,
    )
    test_share: float = option(
        0.2,
        label="Test share",
        help="Share of clients that is held out to test on.",
        minimum=0.05,
        maximum=0.5,
    )
    most_windows: int = option(
        2_000,
        label="Largest pool",
        help="Of more steps, so many are drawn for the pool, and for the test.",
        minimum=50,
        maximum=20_000,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", checked_folder(self.cohort, self.folder))
        if RANDOM not in self.strategies:
            raise InputError("Ways of asking must hold “random”: the others are held against it.")
