"""On which data, over which lags, and which windows are tried."""

from dataclasses import dataclass

from core.services.studies.cohorts import FOLDER_HELP, MOVIELENS, checked_folder, choices
from core.services.studies.options import option
from core.services.studies.protocols import REPEATS
from core.services.studies.tables.peers import SIZES

PAPER = 3  # the window that the paper chose


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
    max_lag: int = option(
        15, label="Lags", help="Autocorrelations from lag 1 to this one.", minimum=2, maximum=100
    )
    permutations: int = option(
        200,
        label="Permutations",
        help="How often each client's exercises are put in random order, for the band.",
        minimum=20,
        maximum=5_000,
    )
    max_window: int = option(
        8,
        label="Longest window",
        help="The network is trained with windows from 1 to this.",
        minimum=1,
        maximum=20,
    )
    seeds: int = option(
        5,
        label="Seeds",
        help="How often each window is tried, from the run's seed upwards, on the same splits.",
        minimum=1,
        maximum=50,
    )
    repeats: str = option(
        "allowed",
        label="Repeats",
        help="Whether what a client has done before may be recommended again (excluded: as films are).",
        choices=tuple(name for name in REPEATS if name != "both"),
    )
    size: str = option(
        "exercises",
        label="Size of the network on films",
        help="Only for MovieLens: the paper's size for films, or that for exercises, which trains faster.",
        choices=tuple(SIZES),
    )
    test_share: float = option(
        0.2, label="Test share", help="Share of clients that is held out.", minimum=0.05, maximum=0.5
    )
    epochs: int = option(
        30, label="Epochs", help="At most so many passes of the network's training.", minimum=1, maximum=200
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", checked_folder(self.cohort, self.folder))
