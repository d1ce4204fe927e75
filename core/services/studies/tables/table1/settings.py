"""What Table I is computed on, which rows, and how often."""

from dataclasses import dataclass

from core.services import Store
from core.services.studies.options import option
from core.services.studies.tables.table1.rows import ASKING, ROWS
from core.store import people


def _cohorts(store: Store) -> list[str]:
    return [cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a person can choose."""

    cohort: str = option("Sample cohort", label="Data", help="A cohort of this workbench.", choices=_cohorts)
    rows: tuple[str, ...] = option(
        tuple(ROWS),
        label="Rows",
        help="Of Table I: 1 demographic, 2 full profile, 3 augmented by category, 4 by rules, 5 = 1 with active "
        "learning, 6 = 1 with new-user initialisation, 7 = 3 with active learning, 8 = 3 with initialisation, 9 = 3 "
        "with both; halved: the smaller network of the text.",
        choices=tuple(ROWS),
    )
    repeats: int = option(
        5,
        label="Repeats",
        help="How often every fold is trained, from the run's seed upwards; the paper has five.",
        minimum=1,
        maximum=50,
    )
    asking: tuple[str, ...] = option(
        tuple(ASKING),
        label="Asking rules",
        help="Of rows 5, 7 and 9. printed: margin below 0.18; dirichlet-paper: the Dirichlet at 1 %; the others at the "
        "asked rate below.",
        choices=tuple(ASKING),
    )
    alpha: float = option(
        0.2,
        label="Asked rate",
        help="Nominal share of steps that the rules ask about; the workbench's own is 0.2.",
        minimum=0.001,
        maximum=0.9,
    )
    epochs: int = option(30, label="Epochs", help="The paper has 30.", minimum=1, maximum=200)
    window: int = option(
        3,
        label="Window",
        help="Past exercises that the network sees; only targets with so many before them are trained on and tested.",
        minimum=1,
        maximum=20,
    )
    share: float = option(
        0.1,
        label="Replaced share",
        help="Of each training sequence in rows 3, 4 and 7 to 9; the paper has 10 %.",
        minimum=0.01,
        maximum=1.0,
    )
    neighbours: int = option(
        3,
        label="Nearest clients",
        help="That a new client's network is fine-tuned on in rows 6, 8 and 9; the paper has three.",
        minimum=1,
        maximum=20,
    )
