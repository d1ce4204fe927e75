"""Study: how many clients a trial of weekly plans needs before it shows the difference there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.calfit.analysis import PAPER, changes, compare
from core.calfit.behavior import Floats
from core.calfit.policies import RUN_IN, fixed
from core.calfit.populations import recruit
from core.calfit.trial import CLIENTS, WEEK, WeeklyPlan, daily, follow
from core.errors import InputError
from core.services.studies.calfit.conditions import (
    COARSE,
    Conditions,
    challenge_option,
    number,
    proportion,
    shares,
    signed,
    steps,
    titled,
    whole,
)
from core.services.studies.options import option
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Chart, Context, Piece, Progress, Result, Series, Study, Table

SIZES = (8, CLIENTS, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800, 1_000, 1_500, 2_000)
PIECE = 300  # clients in each arm
DRAWN = 4_000  # trials put together for each size
FEWEST = 10  # trials of the largest size that share no client
LEVEL, WANTED = 0.05, 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Conditions):
    """Sizes to try, and how thoroughly."""

    largest: int = option(
        300,
        label="Largest trial",
        help="Clients of both arms; sizes from 8 up to it are tried.",
        minimum=20,
        maximum=2_000,
    )
    simulated: int = option(
        6_000,
        label="Clients simulated",
        help="In each arm; trials of every size are put together from them. At least five times the largest trial.",
        minimum=100,
        maximum=100_000,
    )
    challenge: float = challenge_option(1.0, "Challenge of the plans")

    def __post_init__(self) -> None:
        if 2 * self.simulated < FEWEST * self.largest:
            raise InputError(
                f"Clients simulated is {self.simulated:,}; for trials of up to {self.largest:,} clients it must be at "
                f"least {FEWEST * self.largest // 2:,}."
            )


def sizes(settings: Settings) -> list[int]:
    """The trial sizes that are tried."""
    return [*(size for size in SIZES if size < settings.largest), settings.largest]


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return titled("Clients", shares(settings.simulated, PIECE))


def _run(settings: Settings, seed: int, index: int, _context: Context, progress: Progress) -> dict[str, Any]:
    clients = shares(settings.simulated, PIECE)[index]
    people = recruit(
        settings.people,
        2 * clients,
        len(RUN_IN) + WEEK * settings.weeks,
        np.random.default_rng((seed, index)),
        missing=settings.missing,
        drop_out=settings.drop_out,
    )
    plans = WeeklyPlan(settings.challenge, settings.greatest)
    control = follow(people.part(slice(clients)), daily(fixed))
    planned = follow(people.part(slice(clients, None)), plans, progress=progress)
    return {
        "seed": seed,
        "changes": [[number(value) for value in changes(arm.counts)] for arm in (control, planned)],
    }


def found_share(control: Floats, planned: Floats, size: int, rng: np.random.Generator) -> Interval | None:
    """The share, in %, of trials of ``size`` clients with p < 0.05; None where none could be tested.

    Trials are cut from shuffled clients, so those of one shuffle share nobody; shuffles are repeated until there are
    some thousands. Every trial is a fair one, which leaves the share unbiased. Its interval is that of as many trials
    as one shuffle gives, which makes it rather too wide than too narrow.
    """
    few, many = size // 2, size - size // 2
    at_once = min(len(control) // many, len(planned) // few)
    shuffles = -(-DRAWN // at_once)
    tested = found = 0
    for _ in range(shuffles):
        a = rng.permutation(control)[: at_once * many].reshape(at_once, many)
        b = rng.permutation(planned)[: at_once * few].reshape(at_once, few)
        p = compare(a, b).p
        tested += int(np.isfinite(p).sum())
        found += int((p < LEVEL).sum())
    return proportion(found / shuffles, tested / shuffles) if tested else None


def paper_power(size: int) -> float:
    """The power, in %, of a trial of ``size`` if the paper's difference and standard error were the truth.

    Findings in the wrong direction, fewer than one in ten thousand, are not counted.
    """
    from scipy.stats import nct, t

    few, many = size // 2, size - size // 2
    error = np.hypot(PAPER.control.error, PAPER.intervention.error)
    error *= np.sqrt((1 / few + 1 / many) / (1 / 6 + 1 / 7))
    limit, away = t.ppf(1 - LEVEL / 2, size - 2), PAPER.difference / error
    return float(100 * nct.sf(limit, size - 2, away))


def smallest(at: Sequence[int], power: Sequence[float | None]) -> int | None:
    """The smallest size with a power of 80 %, on straight lines between the sizes tried; None if none has it."""
    for place, value in enumerate(power):
        if value is None or value < WANTED:
            continue
        before = power[place - 1] if place else None
        if before is None:
            return at[place]
        left = at[place - 1]
        return int(np.ceil(left + (WANTED - before) / (value - before) * (at[place] - left)))
    return None


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    control, planned = (
        np.array([value for result in results for value in result["changes"][arm]], dtype=np.float64)
        for arm in (0, 1)
    )
    arms = [known[np.isfinite(known)] for known in (control, planned)]
    if min(map(len, arms)) < 2:
        raise InputError(
            "Hardly any client had counts on two days; choose less drop-out or fewer missing days."
        )
    rng = np.random.default_rng((results[0]["seed"], len(results)))
    tried = sizes(settings)
    curve = [found_share(control, planned, size, rng) for size in tried]
    means, lows, highs = (
        [None if point is None else getattr(point, name) for point in curve]
        for name in ("mean", "low", "high")
    )
    needed, earliest, latest = (smallest(tried, values) for values in (means, highs, lows))
    paper = [paper_power(size) for size in tried]
    named = tuple(float(size) for size in tried)
    return Result(
        headline=(
            _needed(settings, needed, earliest, latest),
            f"Weekly plans change clients by {_difference(*arms)} steps a day against 10,000 every day, while one "
            f"client's change differs from another's by a standard deviation of "
            f"{steps(float(np.sqrt((arms[0].var() + arms[1].var()) / 2)))} steps.",
            f"{_at_paper_size(means[tried.index(CLIENTS)])}Were the difference the paper's 2,220, a trial of {CLIENTS} "
            f"would find it in {paper_power(CLIENTS):.0f} %, and {_paper_needed()} clients would find it in 80 %.",
        ),
        tables=(
            Table(
                "Power by size",
                ("Clients in the trial", "Power, %", "From", "To", "Power if the paper's 2,220 were true, %"),
                tuple(zip(tried, means, lows, highs, paper, strict=True)),
                "Power is the share of trials with p < 0.05, by a t test between the clients' slopes; from and to are "
                f"its 95 % interval, given {settings.simulated:,} clients in each arm. The last column takes the "
                f"paper's difference and its standard error, 1,112 steps at 13 clients, for the truth. {COARSE}",
            ),
            Table(
                "Changes",
                ("Arm", "Change, mean", "From", "To", "Standard deviation over clients"),
                tuple(
                    (name, *map(whole, (of.mean, of.low, of.high)), whole(float(arm.std(ddof=1))))
                    for name, arm in zip(("10,000 every day", "Weekly plans"), arms, strict=True)
                    for of in [interval(arm)]
                ),
                "Steps a day from the first day to the last; from and to are the 95 % interval of the mean.",
            ),
        ),
        charts=(
            Chart(
                "lines",
                "Power by number of clients",
                "Clients in the trial",
                "Trials with p < 0.05 (%)",
                (
                    Series("Simulated clients", named, tuple(means), tuple(lows), tuple(highs)),
                    Series("If the paper's 2,220 were true", named, tuple(paper)),
                    Series("80 %", (named[0], named[-1]), (WANTED, WANTED)),
                ),
                "Power by number of clients: "
                + ", ".join(
                    f"{size}: {value:.0f} %"
                    for size, value in zip(tried, means, strict=True)
                    if value is not None
                )
                + ".",
            ),
        ),
        synthetic=True,
    )


def _needed(settings: Settings, needed: int | None, earliest: int | None, latest: int | None) -> str:
    if needed is None:
        told = f"Even {settings.largest:,} clients do not show the difference in 80 % of trials"
        return f"{told}{f'; {earliest:,} may be enough at best' if earliest else ''}."
    upper = f"{latest:,}" if latest else f"more than {settings.largest:,}"
    lower = f"{earliest:,}" if earliest and earliest > SIZES[0] else f"{SIZES[0]} or fewer"
    return (
        f"About {needed:,} clients (95 % interval {lower} to {upper}), half in each arm, show the difference in 80 % "
        "of trials."
    )


def _at_paper_size(power: float | None) -> str:
    if power is None:
        return ""
    return f"A trial of {CLIENTS}, as in the paper, finds that difference in {power:.0f} % of cases. "


def _difference(control: Floats, planned: Floats) -> str:
    of = compare(control[None], planned[None])
    return f"{signed(of.difference[0])} (95 % interval {signed(of.low[0])} to {signed(of.high[0])})"


def _paper_needed() -> int:
    return next(size for size in range(4, 1_000) if paper_power(size) >= WANTED)


STUDY = Study(
    name="mstar-power",
    title="Power of the trial",
    description=(
        "How many clients a trial of weekly plans against 10,000 steps a day needs before it shows the difference "
        "there is: the share of trials with p < 0.05 for sizes from 8 clients upwards, and the smallest with 80 %. All "
        "clients are synthetic."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
)
