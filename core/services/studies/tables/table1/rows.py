"""The rows of Table I, which of them rest on the same trained networks, and the rules that active learning asks by."""

from dataclasses import dataclass

from core.services.studies.tables.paper import ALPHA, HALVED, TABLE_I, THRESHOLD, Printed

DEMOGRAPHIC, FULL, EXPERT, RULES, HALF = "demographic", "full", "expert", "rules", "halved"
TRAININGS = {
    DEMOGRAPHIC: "demographic profile",
    FULL: "full profile",
    EXPERT: "augmented by category",
    RULES: "augmented by rules",
    HALF: "halved network",
}
"""What is trained: one network a fold and repeat for each of these; everything else is done to it afterwards."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        key: as chosen in the settings.
        printed: the paper's row.
        training: a key of ``TRAININGS``.
        starts: whether the network is fine-tuned on the nearest clients before the client begins.
        learns: whether it asks and learns.
    """

    key: str
    printed: Printed
    training: str
    starts: bool = False
    learns: bool = False

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"{self.key}. {self.printed.method}" if self.printed.row else self.printed.method


_METHODS: tuple[tuple[str, bool, bool], ...] = (
    (DEMOGRAPHIC, False, False),
    (FULL, False, False),
    (EXPERT, False, False),
    (RULES, False, False),
    (DEMOGRAPHIC, False, True),
    (DEMOGRAPHIC, True, False),
    (EXPERT, False, True),
    (EXPERT, True, False),
    (EXPERT, True, True),
)
ROWS = {
    **{
        str(printed.row): Row(str(printed.row), printed, training, starts=starts, learns=learns)
        for printed, (training, starts, learns) in zip(TABLE_I, _METHODS, strict=True)
    },
    HALF: Row(HALF, Printed(0, "Baseline (Demographic), halved network", HALVED), HALF),
}
BASELINE = "1"


@dataclass(frozen=True, slots=True)
class Asking:
    """A rule that active learning asks by.

    Attributes:
        name: what a person reads; short: the same in a chart, where there is little room.
        score: what is small where the model is unsure: ``margin``, ``entropy`` or ``confidence``.
        calibration: ``printed`` (the paper's threshold), ``dirichlet``, ``empirical``, ``conformal`` or ``clients``.
        alpha: nominal rate; None for the one of the settings.
        papers: whether it is the paper's own, so that its figures are the ones to stand beside the row's.
    """

    name: str
    short: str
    score: str
    calibration: str
    alpha: float | None = None
    papers: bool = False


ASKING = {
    "printed": Asking(
        f"margin below {THRESHOLD}, the paper's threshold",
        f"below {THRESHOLD}",
        "margin",
        "printed",
        papers=True,
    ),
    "dirichlet-paper": Asking(
        f"Dirichlet at the paper's {100 * ALPHA:.0f} %",
        f"Dirichlet {100 * ALPHA:.0f} %",
        "margin",
        "dirichlet",
        alpha=ALPHA,
        papers=True,
    ),
    "dirichlet": Asking("Dirichlet", "Dirichlet", "margin", "dirichlet"),
    "empirical": Asking("empirical quantile", "empirical", "margin", "empirical"),
    "conformal": Asking("conformal", "conformal", "margin", "conformal"),
    "conformal-clients": Asking("conformal over clients", "over clients", "margin", "clients"),
    "entropy": Asking("entropy, conformal", "entropy", "entropy", "conformal"),
    "confidence": Asking("least confidence, conformal", "confidence", "confidence", "conformal"),
}
