"""What the studies of step goals share: whom they simulate, under which conditions, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.calfit.behavior import Floats
from core.calfit.populations import POPULATIONS, Population, Spread
from core.calfit.trial import WEEK, WEEKS
from core.services.studies.options import option
from core.services.studies.statistics import Interval
from core.services.studies.study import Piece

SMALL, GREAT = "small response", "great response"
COARSE = (
    "Weekly plans rest on a coarse, quick estimate of each client, close to the paper's point estimate on the Step "
    "goals page but proven by nothing. After the run-in week the counts often leave open how a client answers goals; "
    "which of the answers that fit alike is taken is a setting, because the paper does not say and the goals hang on "
    "it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Clients and circumstances."""

    population: str = option(
        "students",
        label="Population",
        help="Made-up clients, about 5,800 steps a day without goals. students: run-in weeks like those of mSTAR and a "
        "guessed answer to goals; no response: goals change nothing; strong response: goals met for good add some "
        "5,000 steps.",
        choices=tuple(POPULATIONS),
    )
    weeks: int = option(
        WEEKS, label="Weeks", help="After the run-in week; mSTAR had ten.", minimum=1, maximum=52
    )
    noise: float = option(
        2_800.0,
        label="Noise (steps)",
        help="Scale of the Laplace noise on a day's count; its standard deviation is 1.41 times that. Real step counts "
        "have 2,200 to 3,000.",
        minimum=0,
        maximum=10_000,
    )
    missing: float = option(
        0.0, label="Missing days", help="Share of days without a count.", minimum=0, maximum=0.9
    )
    drop_out: float = option(
        0.0,
        label="Drop-out",
        help="Share of clients whose counts end for good on some day after the run-in week.",
        minimum=0,
        maximum=1,
    )
    ties: str = option(
        SMALL,
        label="Of estimates that fit alike, take",
        help="Where the counts leave open how strongly a client answers goals: the small response, as the point "
        "estimate on the Step goals page does, or the great one, which sets harder goals and learns from how they are "
        "met.",
        choices=(SMALL, GREAT),
    )

    @property
    def people(self) -> Population:
        """The population with the noise that was asked for, spread over clients in the same proportion."""
        known = POPULATIONS[self.population]
        share = self.noise / known.noise.mean
        return replace(known, noise=Spread(self.noise, known.noise.sd * share))

    @property
    def greatest(self) -> bool:
        """Whether the great response is taken."""
        return self.ties == GREAT


def challenge_option(default: float, label: str) -> Any:
    """The option that says how much a weekly plan asks for."""
    return option(
        default,
        label=label,
        help="κ: how much of the response that the estimate promises the goals ask for; the paper's is 1.",
        minimum=0.1,
        maximum=1.5,
    )


def shares(total: int, largest: int) -> list[int]:
    """``total`` in parts of about equal size, none above ``largest``."""
    parts = -(-total // largest)
    return [total // parts + (i < total % parts) for i in range(parts)]


def titled(what: str, sizes: Sequence[int]) -> list[Piece]:
    """Pieces named by what they hold: ``Clients 1 to 50``."""
    ends = np.cumsum(sizes).tolist()
    return [
        Piece(f"{what} {end - size + 1:,} to {end:,}", float(size))
        for size, end in zip(sizes, ends, strict=True)
    ]


def by_week(values: Floats) -> list[float | None]:
    """Means over clients and days of each week, the run-in week first; values (..., T), NaN left out."""
    means = []
    for week in np.split(values, values.shape[-1] // WEEK, axis=-1):
        seen = np.isfinite(week)
        means.append(float(week[seen].mean()) if seen.any() else None)
    return means


def proportion(hits: float, of: float) -> Interval:
    """A share and its 95 % interval (Wilson), both in %."""
    z = 1.959964
    share = hits / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2)) / (1 + z**2 / of)
    # At 0 and 1 rounding would put the end of the interval past the share itself.
    return Interval(
        100 * share,
        100 * min(share, float(middle - half)),
        100 * max(share, float(middle + half)),
    )


def steps(value: float) -> str:
    """A number of steps in a sentence: ``1,520``, ``−700``."""
    text = f"{value:,.0f}"
    return "0" if text == "-0" else text.replace("-", "−")


def signed(value: float) -> str:
    """A difference in a sentence: ``+700``."""
    text = steps(value)
    return text if text.startswith(("−", "0")) else f"+{text}"


def number(value: float) -> float | None:
    """As JSON can hold it: None for what is not a number."""
    return float(value) if np.isfinite(value) else None


def whole(value: float | None) -> int | None:
    """Steps in a table: no decimals, and None for what is not a number."""
    return None if value is None or not np.isfinite(value) else round(value)
