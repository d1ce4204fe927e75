"""Study: the mSTAR trial (Zhou 2018) many times over, beside what the paper reports of its one trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.calfit.analysis import PAPER, changes, compare, fit_mixed_model
from core.calfit.behavior import Flags, Floats
from core.calfit.policies import RUN_IN
from core.calfit.trial import CLIENTS, Trials, WeeklyPlan, run_trials
from core.errors import InputError
from core.services.studies.calfit.conditions import (
    COARSE,
    Conditions,
    by_week,
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
from core.services.studies.statistics import interval
from core.services.studies.study import Chart, Context, Piece, Progress, Result, Series, Study, Table

PIECE = 650  # clients simulated in a piece: two or three seconds
FITS, FITS_A_PIECE = 24, 3
MOST_BINS = 30
LEVEL = 0.05
ARMS = ("10,000 every day", "weekly plans")
FIGURES = ("control", "intervention", "difference", "error", "low", "high", "p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Conditions):
    """The trial to simulate, and how often."""

    trials: int = option(
        400,
        label="Trials",
        help="How many to simulate; 1,000 take about a minute.",
        minimum=2,
        maximum=20_000,
    )
    clients: int = option(
        CLIENTS,
        label="Clients in a trial",
        help="Half of them, rounded up, have 10,000 steps a day and the others weekly plans; mSTAR had 7 and 6.",
        minimum=4,
        maximum=1_000,
    )
    challenge: float = challenge_option(1.0, "Challenge of the plans")


def _sizes(settings: Settings) -> list[int]:
    """Trials of each piece; never more than a thousand pieces."""
    return shares(settings.trials, max(PIECE // settings.clients, -(-settings.trials // 1_000), 1))


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return titled("Trials", _sizes(settings))


def _run(settings: Settings, seed: int, index: int, _context: Context, progress: Progress) -> dict[str, Any]:
    trials = run_trials(
        _sizes(settings)[index],
        settings.people,
        np.random.default_rng((seed, index)),
        clients=settings.clients,
        weeks=settings.weeks,
        intervention=WeeklyPlan(settings.challenge, settings.greatest),
        missing=settings.missing,
        drop_out=settings.drop_out,
        progress=lambda done: progress(0.8 * done),
    )
    found = compare(changes(trials.control.counts), changes(trials.intervention.counts))
    after = trials.intervention.goals[..., len(RUN_IN) :]
    return {
        **{name: [number(value) for value in getattr(found, name)] for name in FIGURES},
        "mixed": _mixed(trials, index, progress),
        "weeks": [
            [by_week(arm.counts[trial]) for trial in range(len(arm.counts))]
            for arm in (trials.control, trials.intervention)
        ],
        "goals": float(after.mean()),
        "met": [float(arm.met[..., len(RUN_IN) :].mean()) for arm in (trials.control, trials.intervention)],
        "turned_away": trials.turned_away,
    }


def _mixed(trials: Trials, index: int, progress: Progress) -> list[dict[str, Any]]:
    """The mixed model's findings of this piece's first trials, while the run's sample is not full."""
    sampled = []
    wanted = min(len(trials.control.counts), FITS_A_PIECE, max(0, FITS - index * FITS_A_PIECE))
    for trial in range(wanted):
        progress(0.8 + 0.2 * trial / wanted)
        try:
            fitted = fit_mixed_model(*trials.counts(trial))
        except InputError as problem:
            sampled.append({"trial": trial, "warnings": [str(problem)]})
        else:
            sampled.append(
                {
                    "trial": trial,
                    "difference": fitted.difference,
                    "low": fitted.low,
                    "high": fitted.high,
                    "p": fitted.p,
                    "warnings": list(fitted.warnings),
                }
            )
    return sampled


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    figures = {
        name: np.array([value for result in results for value in result[name]], dtype=np.float64)
        for name in FIGURES
    }
    tested = np.isfinite(figures["p"])
    if not tested.any():
        raise InputError("No trial kept two clients with counts in each arm; choose less drop-out.")
    weeks = [
        np.array([trial for result in results for trial in result["weeks"][arm]], dtype=np.float64)
        for arm in (0, 1)
    ]
    return Result(
        headline=tuple(_findings(settings, figures, tested)),
        tables=(
            _beside_the_paper(figures, tested),
            _under_way(results, weeks),
            _agreement(results),
            _each_trial(figures),
        ),
        charts=(_distribution(figures["difference"][tested]), _course(weeks)),
        synthetic=True,
    )


def _findings(settings: Settings, figures: dict[str, Floats], tested: Flags) -> list[str]:
    difference, p = figures["difference"][tested], figures["p"][tested]
    low, high = np.quantile(difference, [0.025, 0.975])
    mean, found = float(difference.mean()), proportion(int((p < LEVEL).sum()), len(p))
    width = float((figures["high"] - figures["low"])[tested].mean())
    treated = settings.clients // 2
    as_large = 100 * float((difference >= PAPER.difference).mean())
    sentences = [
        f"In {len(p):,} simulated trials of {settings.clients} clients ({settings.clients - treated} with 10,000 steps "
        f"a day, {treated} with weekly plans) the group with plans changed by {signed(mean)} steps a day against the "
        f"other; the middle 95 % of trials lie between {signed(low)} and {signed(high)}. The paper reports +2,220 "
        "(95 % interval 100 to 4,480, p 0.039).",
        f"The group with plans came out ahead, as in the paper, in {100 * (difference > 0).mean():.0f} % of trials; "
        f"by 2,220 steps or more in {as_large:.1f} %.",
    ]
    if len(p) > 1 and (interval(difference).high or 0) < PAPER.difference:
        sentences.append(
            f"The size of the paper's difference does not reproduce: {steps(mean)} steps on average here, against "
            "2,220."
        )
    sentences.append(
        f"A trial's difference has p < 0.05 in {found.mean:.0f} % of trials (95 % interval {found.low:.0f} to "
        f"{found.high:.0f} %), and its 95 % interval is {steps(width)} steps wide on average. The paper's is 4,380: a "
        "trial of 13 is too small to tell. The study “Power of the trial” says how many clients it takes."
    )
    if (missed := int((~tested).sum())) > 0:
        sentences.append(
            f"{missed:,} trials could not be tested: drop-out left an arm with one client or none."
        )
    return sentences


def _beside_the_paper(figures: dict[str, Floats], tested: Flags) -> Table:
    def row(name: str, paper: float | str, values: Floats) -> tuple[str | int | float | None, ...]:
        low, high = np.quantile(values, [0.025, 0.975])
        return name, paper, whole(values.mean()), whole(low), whole(high)

    of = {name: values[tested] for name, values in figures.items()}
    share = proportion(int((of["p"] < LEVEL).sum()), len(of["p"]))
    rows = (
        row("Change with 10,000 every day", "−1,520 (SD 740)", of["control"]),
        row("Change with weekly plans", "+700 (SD 830)", of["intervention"]),
        row("Difference", "2,220", of["difference"]),
        row("Standard error of the difference", "1,112", of["error"]),
        row("95 % interval: lower end", "100", of["low"]),
        row("95 % interval: upper end", "4,480", of["high"]),
        row("95 % interval: width", "4,380", of["high"] - of["low"]),
        ("Share of trials with p < 0.05, %", "p = 0.039", *map(whole, (share.mean, share.low, share.high))),
    )
    return Table(
        "Beside the paper",
        ("Figure", "Paper (one trial, 13 students)", "Mean of the trials", "From", "To"),
        rows,
        "Steps a day, from the first day to the last by a straight line. From and to hold the middle 95 % of trials; "
        "in the last row they are the 95 % interval of the share. What the paper prints as SD fits its interval only "
        f"as a standard error: √(740² + 830²) = 1,112, and 4,380 / 3.92 = 1,117. {COARSE}",
    )


def _under_way(results: Sequence[dict[str, Any]], weeks: list[Floats]) -> Table:
    weights = np.array([len(result["p"]) for result in results], dtype=np.float64)
    met = np.average([result["met"] for result in results], axis=0, weights=weights)
    goals = (10_000.0, float(np.average([result["goals"] for result in results], weights=weights)))
    rows = tuple(
        (
            name,
            whole(goals[arm]),
            100 * float(met[arm]),
            _mean(weeks[arm][:, 0]),
            _mean(weeks[arm][:, -1]),
        )
        for arm, name in enumerate(ARMS)
    )
    away = sum(result["turned_away"] for result in results)
    return Table(
        "The arms",
        ("Arm", "Goal, mean", "Goals met, %", "Steps a day, run-in week", "Steps a day, last week"),
        rows,
        f"Goals after the run-in week; whether one is met is the client's own decision, without the day's noise. "
        f"{away:,} other recruits were turned away for 20,000 steps in the run-in week and replaced. In the paper the "
        "plans' goals were between 6,000 and 8,000 on average.",
    )


def _agreement(results: Sequence[dict[str, Any]]) -> Table:
    pairs = [
        (fitted, {name: result[name][fitted["trial"]] for name in ("difference", "low", "high", "p")})
        for result in results
        for fitted in result["mixed"]
        if "p" in fitted and result["p"][fitted["trial"]] is not None
    ]
    told = [fitted["warnings"] for result in results for fitted in result["mixed"]]
    rows = [("Trials analysed both ways", f"{len(pairs)}")]
    if pairs:
        full, quick = (
            {
                name: np.array([pair[way][name] for pair in pairs])
                for name in ("difference", "low", "high", "p")
            }
            for way in (0, 1)
        )
        gap = float(np.abs(full["difference"] - quick["difference"]).max())
        ratio = float(np.median((full["high"] - full["low"]) / (quick["high"] - quick["low"])))
        rows += [
            ("Largest gap between the differences, steps", f"{gap:.2f}"),
            ("Width of the interval, mixed model over quick test, median", f"{ratio:.2f}"),
            ("p < 0.05 by the mixed model, trials", f"{(full['p'] < LEVEL).sum()}"),
            ("p < 0.05 by the quick test, trials", f"{(quick['p'] < LEVEL).sum()}"),
        ]
    rows.append(("Fits of the mixed model with a warning", f"{sum(map(bool, told))}"))
    rows += [
        (f"… {sentence}", f"{sum(sentence in sentences for sentences in told)}")
        for sentence in dict.fromkeys(sentence for sentences in told for sentence in sentences)
    ]
    return Table(
        "Quick test and mixed model",
        ("What", "Value"),
        tuple(rows),
        "The paper's analysis is a mixed model with random intercept and slope. All trials here are analysed by a "
        "quicker test: a line for each client, then a t test between the arms' slopes. Without missing days both find "
        "the same difference. They part in its interval: the mixed model takes its standard error as known, which "
        "makes it shorter (by a ninth with 13 clients); and where it finds that the clients' slopes hardly differ, its "
        "standard error is larger than the quick test's.",
    )


def _each_trial(figures: dict[str, Floats]) -> Table:
    columns = (
        "Trial",
        "10,000 every day",
        "Weekly plans",
        "Difference",
        "Standard error",
        "Low",
        "High",
        "p",
    )
    rows = tuple(
        (i + 1, *(whole(figures[name][i]) for name in FIGURES[:-1]), number(figures["p"][i]))
        for i in range(len(figures["p"]))
    )
    return Table("Trials", columns, rows, "Changes in steps a day, and the quick test's 95 % interval and p.")


def _distribution(difference: Floats) -> Chart:
    bins = min(MOST_BINS, 4 + round(np.sqrt(len(difference))))
    edges = np.histogram_bin_edges(np.append(difference, PAPER.difference), bins=bins)
    counts, _ = np.histogram(difference, edges)
    heights = 100 * counts / len(difference)
    middles = (edges[:-1] + edges[1:]) / 2
    top = float(heights.max())
    mean = float(difference.mean())
    return Chart(
        "lines",
        "Difference between the arms",
        "Difference in change, steps a day",
        "Share of trials (%)",
        (
            Series("Simulated trials", tuple(middles.tolist()), tuple(heights.tolist())),
            Series("Their mean", (mean, mean), (0.0, top)),
            Series("Paper", (PAPER.difference, PAPER.difference), (0.0, top)),
        ),
        f"Distribution of the difference over trials: mean {steps(mean)}, the paper's 2,220.",
    )


def _course(weeks: list[Floats]) -> Chart:
    series, said = [], []
    for name, values in zip(ARMS, weeks, strict=True):
        seen = np.isfinite(values).any(axis=0)
        mean = np.nanmean(values[:, seen], axis=0)
        low, high = np.nanquantile(values[:, seen], [0.025, 0.975], axis=0)
        at = tuple(float(week) for week in np.flatnonzero(seen))
        series.append(Series(name, at, tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist())))
        said.append(f"{name}: from {steps(mean[0])} to {steps(mean[-1])}")
    return Chart(
        "lines",
        "Steps by week, with the middle 95 % of trials",
        "Week (0 is the run-in)",
        "Steps a day",
        tuple(series),
        f"Mean steps a day by week. {'; '.join(said)}.",
    )


def _mean(values: Floats) -> int | None:
    return whole(float(np.nanmean(values))) if np.isfinite(values).any() else None


STUDY = Study(
    name="mstar",
    title="mSTAR trial",
    description=(
        "Simulates the trial of the CalFit paper many times: a run-in week, then weeks with 10,000 steps a day for one "
        "group and weekly plans by estimated behaviour for the other. Shows how the difference spreads over trials, "
        "how often it is significant, and how wide its interval is, beside the paper's figures. All clients are "
        "synthetic."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
)
