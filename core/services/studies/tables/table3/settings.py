"""How Table III is computed, and how often."""

from dataclasses import dataclass

from core.services.studies.cohorts import FOLDER_HELP, MOVIELENS, checked_folder
from core.services.studies.options import option
from core.services.studies.protocols import REPEATS, SPLITS
from core.services.studies.tables.peers import LOSSES, SIZES, TRAININGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    folder: str = option("", label="MovieLens folder", help=f"Needed: {FOLDER_HELP}")
    splits: tuple[str, ...] = option(
        tuple(SPLITS),
        label="Splits",
        help="clients: whole clients are held out; last: the end of each client's history; random: windows at "
        "random as in the paper, which leaks and is for comparison only.",
        choices=tuple(SPLITS),
    )
    repeats: str = option(
        "both",
        label="Repeats",
        help="Whether a film that somebody has seen may be recommended again (nobody rates one twice), or both.",
        choices=tuple(REPEATS),
    )
    seeds: int = option(
        5,
        label="Seeds",
        help="How often everything is repeated, from the run's seed upwards.",
        minimum=1,
        maximum=50,
    )
    trainings: tuple[str, ...] = option(
        tuple(TRAININGS),
        label="Training of the others",
        help="published: by the defaults of the library that the paper names; softmax: on all films at once, until "
        "clients held out do no better.",
        choices=tuple(TRAININGS),
    )
    sizes: tuple[str, ...] = option(
        tuple(SIZES),
        label="Sizes of the network",
        help="films: K_X = K_u = 1000, K_e = 3, K = 300, which the paper has here; exercises: 20, 15, 3 and 10, "
        "which it has for exercises.",
        choices=tuple(SIZES),
    )
    loss: str = option(
        LOSSES[0],
        label="Loss as published",
        help="The library's default is pointwise; the paper does not say which it used.",
        choices=LOSSES,
    )
    epochs: int = option(
        30,
        label="Epochs",
        help="At most so many of the paper's network; it ends when a tenth of the training clients does no better.",
        minimum=1,
        maximum=200,
    )
    peer_epochs: int = option(
        100,
        label="Epochs of the full softmax",
        help="At most so many; it ends when held-out clients do no better.",
        minimum=1,
        maximum=500,
    )
    window: int = option(3, label="Window", help="Past films that the network sees.", minimum=1, maximum=20)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", checked_folder(MOVIELENS, self.folder))
