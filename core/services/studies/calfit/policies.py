"""Study: ways of setting goals on the same simulated clients, with the same noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from core.calfit.behavior import Floats
from core.calfit.policies import RUN_IN, fixed, percentile, up_and_down
from core.calfit.populations import recruit
from core.calfit.trial import WEEK, Arm, Followed, WeeklyPlan, daily, follow
from core.services.studies.calfit.conditions import (
    COARSE,
    GREAT,
    SMALL,
    Conditions,
    challenge_option,
    number,
    shares,
    signed,
    steps,
    titled,
    whole,
)
from core.services.studies.options import option
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Chart, Context, Piece, Progress, Result, Series, Study, Table

PIECE = 50
FIXED, PAPER, GENTLE, PERCENTILE, STEPWISE = (
    "10,000 every day",
    "plans, κ = 1",
    "gentler plans",
    "60th percentile",
    "up and down",
)
POLICIES = (PAPER, GENTLE, FIXED, PERCENTILE, STEPWISE)
MEASURES = ("steps", "last", "met", "reached", "goal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Conditions):
    """Which policies, on how many clients."""

    clients: int = option(
        400, label="Clients", help="Each is followed under every policy.", minimum=10, maximum=20_000
    )
    policies: tuple[str, ...] = option(
        POLICIES,
        label="Goal policies",
        help="plans: weekly, by estimated behaviour, as in the paper or with the challenge below; 60th percentile: of "
        "the last ten days' counts; up and down: 500 steps more after a goal that was reached and 500 less after one "
        "that was not, as in DStress.",
        choices=POLICIES,
    )
    challenge: float = challenge_option(0.7, "Challenge of the gentler plans")


def _arm(name: str, settings: Settings) -> Arm:
    if name in (PAPER, GENTLE):
        return WeeklyPlan(1.0 if name == PAPER else settings.challenge, settings.greatest)
    return daily({FIXED: fixed, PERCENTILE: percentile, STEPWISE: up_and_down}[name])


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return titled("Clients", shares(settings.clients, PIECE))


def _run(settings: Settings, seed: int, index: int, _context: Context, progress: Progress) -> dict[str, Any]:
    people = recruit(
        settings.people,
        shares(settings.clients, PIECE)[index],
        len(RUN_IN) + WEEK * settings.weeks,
        np.random.default_rng((seed, index)),
        missing=settings.missing,
        drop_out=settings.drop_out,
    )
    outcome = {}
    for place, name in enumerate(settings.policies):
        followed = follow(
            people,
            _arm(name, settings),
            progress=partial(_share, progress, place, len(settings.policies)),
        )
        outcome[name] = _measured(followed)
    return outcome


def _share(progress: Progress, place: int, of: int, done: float) -> None:
    progress((place + done) / of)


def _measured(followed: Followed) -> dict[str, list[Any]]:
    """Means for each client after the run-in week, and the mean of all of them by week."""
    after = slice(len(RUN_IN), None)
    goals, counts = followed.goals[:, after], followed.counts[:, after]
    seen = np.isfinite(counts)
    with np.errstate(invalid="ignore"):
        reached = 100 * (seen & (counts >= goals)).sum(axis=1) / seen.sum(axis=1)
    taken = followed.steps
    return {
        "steps": taken[:, after].mean(axis=1).tolist(),
        "last": taken[:, -WEEK:].mean(axis=1).tolist(),
        "met": (100 * followed.met[:, after].mean(axis=1)).tolist(),
        "reached": [number(value) for value in reached],
        "goal": goals.mean(axis=1).tolist(),
        "weeks": taken.reshape(len(taken), -1, WEEK).mean(axis=2).tolist(),
    }


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    found = {
        name: {
            measure: np.array(
                [value for result in results for value in result[name][measure]], dtype=np.float64
            )
            for measure in (*MEASURES, "weeks")
        }
        for name in settings.policies
    }
    return Result(
        headline=tuple(_findings(settings, found)),
        tables=(_table(settings, found), _differences(found), _clients(found)),
        charts=(_against(found), _met_chart(found), _weeks_chart(found)),
        synthetic=True,
    )


def _findings(settings: Settings, found: dict[str, dict[str, Floats]]) -> list[str]:
    means = {name: float(measured["steps"].mean()) for name, measured in found.items()}
    best = max(means, key=lambda name: means[name])
    circumstances = (
        f"over {settings.weeks} weeks, on {settings.clients:,} clients who each meet the same noise under every "
        "policy"
    )
    if len(found) > 1 and means[best] - min(means.values()) < 1:
        return [f"Every policy gives the same steps, {steps(means[best])} a day {circumstances}."]
    told = [f"“{_capital(best)}” gives the most steps: {steps(means[best])} a day {circumstances}."]
    plans = [name for name in (PAPER, GENTLE) if name in found]
    if PERCENTILE in found:
        told += [_versus(name, PERCENTILE, found) for name in plans]
    if len(plans) == 2 and settings.challenge != 1:
        told.append(_versus(GENTLE, PAPER, found))
    if PERCENTILE in found and plans and all(_behind(name, PERCENTILE, found) for name in plans):
        told.append(
            "So here the simple 60th percentile, which estimates nothing, does better than the plans. It gets there "
            f"with goals of which {found[PERCENTILE]['met'].mean():.0f} % are met."
        )
    if settings.ties == SMALL and plans:
        told.append(
            "Of estimates that fit alike, the one with the smallest response is taken here, which makes plans timid; "
            f"“{GREAT}” shows how much hangs on that."
        )
    return told


def _behind(name: str, other: str, found: dict[str, dict[str, Floats]]) -> bool:
    """Whether a policy gives fewer steps than another, beyond chance."""
    of = interval(found[name]["steps"] - found[other]["steps"])
    return of.high is not None and of.high < 0


def _versus(name: str, other: str, found: dict[str, dict[str, Floats]]) -> str:
    """One policy against another, in a sentence."""
    of = interval(found[name]["steps"] - found[other]["steps"])
    last = interval(found[name]["last"] - found[other]["last"])
    return (
        f"“{_capital(name)}” against “{other}”: {_in_words(of)} steps a day over the weeks, "
        f"{_in_words(last)} in the last week."
    )


def _in_words(of: Interval) -> str:
    text = signed(of.mean)
    if of.low is None or of.high is None:
        return text
    chance = "" if of.low > 0 or of.high < 0 else ", which could be chance"
    return f"{text} (95 % interval {signed(of.low)} to {signed(of.high)}{chance})"


def _table(settings: Settings, found: dict[str, dict[str, Floats]]) -> Table:
    rows = []
    for name, measured in found.items():
        cells: list[float | int | None] = []
        for measure in ("steps", "last"):
            of = interval(measured[measure])
            cells += [whole(of.mean), whole(of.half)]
        met = interval(measured["met"])
        reached = measured["reached"]
        share = float(np.nanmean(reached)) if np.isfinite(reached).any() else None
        rows.append((_capital(name), *cells, met.mean, met.half, share, whole(measured["goal"].mean())))
    return Table(
        "Policies",
        (
            "Policy",
            "Steps a day",
            "±",
            "Steps a day, last week",
            "± last week",
            "Goals met, %",
            "± met",
            "Goals reached by the count, %",
            "Goal, mean",
        ),
        tuple(rows),
        f"After the run-in week. ± is half of the 95 % interval over {settings.clients:,} clients. Steps and goals met "
        "are what the client decides on, without the day's noise; the count has the noise. Plans are "
        f"weekly, as in the paper with κ = 1, the gentler ones with κ = {settings.challenge:g}. {COARSE}",
    )


def _differences(found: dict[str, dict[str, Floats]]) -> Table:
    rows = []
    for name, other in combinations(found, 2):
        for title, measure in (
            ("Steps a day", "steps"),
            ("Steps a day, last week", "last"),
            ("Goals met, %", "met"),
        ):
            apart = found[name][measure] - found[other][measure]
            of = interval(apart)
            ahead = 100 * float((apart > 0.5).mean())
            rows.append((_capital(name), _capital(other), title, of.mean, of.low, of.high, ahead))
    return Table(
        "Differences",
        ("Policy", "Against", "In", "Difference", "From", "To", "Clients ahead, %"),
        tuple(rows),
        "The first policy less the second, paired by client, with the 95 % interval over clients.",
    )


def _clients(found: dict[str, dict[str, Floats]]) -> Table:
    rows = tuple(
        (i + 1, *(whole(measured["steps"][i]) for measured in found.values()))
        for i in range(len(next(iter(found.values()))["steps"]))
    )
    return Table("Clients", ("Client", *map(_capital, found)), rows, "Steps a day after the run-in week.")


def _against(found: dict[str, dict[str, Floats]]) -> Chart:
    first = FIXED if FIXED in found else next(iter(found))
    others = [name for name in found if name != first] or [first]
    series, said = [], []
    for title, measure in (("All weeks", "steps"), ("Last week", "last")):
        of = [interval(found[name][measure] - found[first][measure]) for name in others]
        series.append(
            Series(
                title,
                tuple(map(_capital, others)),
                tuple(i.mean for i in of),
                tuple(i.low for i in of),
                tuple(i.high for i in of),
            )
        )
        said += [
            f"{_capital(name)}, {title.lower()}: {signed(i.mean)}" for name, i in zip(others, of, strict=True)
        ]
    return Chart(
        "intervals",
        f"Steps a day beyond “{first}”",
        "",
        "Steps a day",
        tuple(series),
        f"Differences in steps a day against {first}, with 95 % intervals. {'; '.join(said)}.",
    )


def _met_chart(found: dict[str, dict[str, Floats]]) -> Chart:
    of = {_capital(name): interval(measured["met"]) for name, measured in found.items()}
    return Chart(
        "intervals",
        "Goals met",
        "",
        "Goals met (%)",
        (
            Series(
                "Goals met",
                tuple(of),
                tuple(i.mean for i in of.values()),
                tuple(i.low for i in of.values()),
                tuple(i.high for i in of.values()),
            ),
        ),
        "Share of goals met: " + "; ".join(f"{name} {i.mean:.0f} %" for name, i in of.items()) + ".",
    )


def _weeks_chart(found: dict[str, dict[str, Floats]]) -> Chart:
    means = {_capital(name): measured["weeks"].mean(axis=0) for name, measured in found.items()}
    return Chart(
        "lines",
        "Steps by week",
        "Week (0 is the run-in)",
        "Steps a day",
        tuple(
            Series(name, tuple(float(week) for week in range(len(values))), tuple(values.tolist()))
            for name, values in means.items()
        ),
        "Mean steps a day by week. "
        + "; ".join(
            f"{name}: from {steps(values[0])} to {steps(values[-1])}" for name, values in means.items()
        )
        + ".",
    )


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


STUDY = Study(
    name="goal-policies",
    title="Goal policies compared",
    description=(
        "Follows the same simulated clients, day for day with the same noise, under each way of setting goals: weekly "
        "plans as in the paper and gentler ones, 10,000 every day, the 60th percentile of the last ten days, and one "
        "level up or down as in DStress. Steps, goals met and the last week, with paired differences. All clients are "
        "synthetic."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
)
