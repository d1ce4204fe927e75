"""The figures of all pieces, by row and rule, with the repeats in order of seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.recommender.windows import Floats
from core.services.studies.protocols import KS
from core.services.studies.tables.table1.rows import ASKING, ROWS
from core.services.studies.tables.table1.settings import Settings

COUNTS = {
    "all": "all steps",
    "unasked": "steps not asked about",
    "untaught": "as many of its most certain steps, no learning",
}
"""The accuracies that are told apart; with the asked rate they are the four figures."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One row, for a learning one by one rule; accuracies and rates in %.

    Attributes:
        top: by a key of ``COUNTS`` (repeats, len(KS)); a row that does not learn has ``all`` alone. NaN in a repeat in
            which every step was asked about.
        asked: (repeats,) share of steps asked about; zeros for a row that does not learn.
        clients: (clients,) top-1 accuracy on all steps of each, the mean of the repeats.
    """

    top: dict[str, Floats]
    asked: Floats
    clients: Floats


Found = dict[tuple[str, str], Figures]
"""By row and rule; the rule is empty for rows that do not learn."""


def gather(settings: Settings, results: Sequence[dict[str, Any]]) -> Found:
    """The figures of every chosen row, in the table's order."""
    found: Found = {}
    for key, row in ROWS.items():
        if key not in settings.rows:
            continue
        pieces = sorted((r for r in results if r["training"] == row.training), key=lambda r: r["seed"])
        for rule in ASKING if row.learns else ("",):
            own = [of for r in pieces for of in r["rows"] if (of["row"], of["rule"]) == (key, rule)]
            if own:
                found[key, rule] = _figures(own)
    return found


def _figures(own: Sequence[dict[str, Any]]) -> Figures:
    missing = [np.nan] * len(KS)
    return Figures(
        {
            name: np.array([missing if of[name] is None else of[name] for of in own], dtype=np.float64)
            for name in COUNTS
            if name in own[0]
        },
        np.array([of.get("asked", 0.0) for of in own]),
        np.array([of["clients"] for of in own]).mean(axis=0),
    )


def papers_rule(settings: Settings) -> str:
    """The rule whose figures stand beside the paper's: the paper's own if it was chosen, else the first."""
    return next(
        (rule for rule in ASKING if rule in settings.asking and ASKING[rule].papers), settings.asking[0]
    )


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a rule asked at a nominal rate (both in %) of clients left out.

    Attributes:
        observed: (repeats,) the mean over clients of each one's share of steps.
        clients: (clients,) shares, the mean of the repeats.
    """

    rule: str
    nominal: float
    observed: Floats
    clients: Floats

    @property
    def within(self) -> bool:
        """Whether no more was asked than promised, in the mean of the repeats."""
        return bool(self.observed.mean() <= self.nominal + 1e-9)


def rates(results: Sequence[dict[str, Any]]) -> list[Rate]:
    """The observed rates; empty where no network of the demographic profile was trained."""
    pieces = [r for r in sorted(results, key=lambda r: r["seed"]) if r["rates"]]
    found = []
    for position, first in enumerate(pieces[0]["rates"] if pieces else ()):
        shares = 100 * np.array([piece["rates"][position]["shares"] for piece in pieces])
        found.append(Rate(first["rule"], 100 * first["alpha"], shares.mean(axis=1), shares.mean(axis=0)))
    return found
