"""The printed figures of Tables I, II and III (Mahyari, Pirolli and LeBlanc 2022, section V).

Top-1, top-5 and top-10 accuracy in %. The paper gives no interval with any of them.
"""

from dataclasses import dataclass

Figures = tuple[float, float, float]
"""Top-1, top-5 and top-10 accuracy in %."""


@dataclass(frozen=True, slots=True)
class Printed:
    """One row of a table of the paper.

    Attributes:
        row: its number in the table, from 1.
        method: what the paper calls it, words cut off at a line's end joined again.
        top: top-1, top-5 and top-10 accuracy in %.
    """

    row: int
    method: str
    top: Figures


TABLE_I = (
    Printed(1, "Baseline (Demographic)", (63.78, 92.19, 97.33)),
    Printed(2, "Baseline (Full Profile)", (61.16, 90.76, 96.98)),
    Printed(3, "Baseline + Data Augmentation (Expert)", (72.53, 95.53, 98.56)),
    Printed(4, "Baseline + Data Augmentation (Rule based)", (69.74, 95.28, 98.68)),
    Printed(5, "Baseline (Demographic) + Active Learning", (74.45, 95.29, 98.48)),
    Printed(6, "Baseline (Demographic) + New user Init", (65.91, 93.14, 97.65)),
    Printed(7, "Baseline + Data Augmentation (Expert) + Active Learning", (80.12, 97.23, 99.26)),
    Printed(8, "Baseline + Data Augmentation (Expert) + New user Init", (71.90, 95.27, 98.42)),
    Printed(
        9, "Baseline + Data Augmentation (Expert) + New user Init + Active Learning", (80.08, 97.00, 99.11)
    ),
)
"""mHealth data, one client left out at a time, the mean of five repeats."""

HALVED: Figures = (60.87, 90.55, 94.71)
"""Row 1 of Table I with the recurrent layer and the output module halved; in the text (section V-A), not the table."""

TABLE_II = (
    Printed(1, "GRU4REC", (7.89, 22.74, 40.04)),
    Printed(2, "Pooling", (8.83, 41.16, 50.38)),
    Printed(3, "CNN", (12.97, 33.83, 53.00)),
    Printed(4, "Mixture", (5.45, 20.48, 40.41)),
    Printed(5, "Baseline (Demographic)", (63.78, 92.19, 97.33)),
)
"""mHealth data; row 5 is row 1 of Table I."""

TABLE_III = (
    Printed(1, "GRU4REC", (2.50, 12.27, 21.55)),
    Printed(2, "Pooling", (3.93, 18.91, 39.66)),
    Printed(3, "CNN", (2.26, 10.91, 20.23)),
    Printed(4, "Mixture", (2.47, 11.37, 21.34)),
    Printed(5, "Baseline (Demographic)", (5.90, 26.38, 46.32)),
)
"""The 100 most rated films of MovieLens 100K, windows split at random, 80 % to 20 %."""

THRESHOLD = 0.18
"""Margin below which the paper asks; section V-A gives it for α = 0.01 and Dirichlet parameters (1.59, 0.42, 0.31)."""

ALPHA = 0.01
"""Level of the paper's test."""


def unpublished(*, synthetic: bool) -> str:
    """Why a figure may differ from the paper's: on a synthetic cohort, or on another one."""
    return f"the paper's cohort was never published; this one is {'generated' if synthetic else 'another'}"
