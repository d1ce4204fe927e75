"""What Table II is computed on, and how often."""

from dataclasses import dataclass

from core.services import Store
from core.services.studies.options import option
from core.services.studies.tables.peers import LOSSES, TRAININGS
from core.store import people


def _cohorts(store: Store) -> list[str]:
    return [cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    cohort: str = option("Sample cohort", label="Data", help="A cohort of this workbench.", choices=_cohorts)
    repeats: int = option(
        5,
        label="Repeats",
        help="How often every fold is trained, from the run's seed upwards; the paper has five.",
        minimum=1,
        maximum=50,
    )
    trainings: tuple[str, ...] = option(
        tuple(TRAININGS),
        label="Training of the others",
        help="published: by the defaults of the library that the paper names; softmax: on all exercises at once, until "
        "clients held out do no better.",
        choices=tuple(TRAININGS),
    )
    loss: str = option(
        LOSSES[0],
        label="Loss as published",
        help="The library's default is pointwise; the paper does not say which it used.",
        choices=LOSSES,
    )
    epochs: int = option(
        30, label="Epochs", help="Of the paper's network, which has 30.", minimum=1, maximum=200
    )
    peer_epochs: int = option(
        100,
        label="Epochs of the full softmax",
        help="At most so many; it ends when held-out clients do no better.",
        minimum=1,
        maximum=500,
    )
    window: int = option(
        3,
        label="Window",
        help="Past exercises that the network sees; what is tested has at least so many before it.",
        minimum=1,
        maximum=20,
    )
    most_folds: int = option(
        0,
        label="Folds",
        help="Leave out only the first so many clients, for a quick look; 0 leaves out each client in turn.",
        minimum=0,
        maximum=10_000,
    )
