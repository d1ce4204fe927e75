"""Study: how wide to explore, the paper's sweep of α under its right name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bandit.simulation.measuring import measure
from core.bandit.simulation.running import WIDE, make_policy, run
from core.bandit.simulation.world import WEEK
from core.services.studies.bandit.findings import beyond_chance, failed, violations
from core.services.studies.bandit.kept import Repeated, gathered, kept, less
from core.services.studies.bandit.worlds import (
    INVENTED,
    LOADING,
    NAMES,
    Simulated,
    generators,
    in_words,
    load,
    number,
    world,
)
from core.services.studies.options import option
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Chart, Context, Piece, Progress, Result, Series, Study, Table

WIDTHS = ("0.01", "0.05", "0.1", "0.2", "0.3", "0.5", "1")
PAPERS = ("0.01", "0.05", "0.1", "0.2", "0.3")
Floats = NDArray[np.float64]
Found = dict[tuple[str, str], Repeated]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Simulated):
    """Which widths, of which policies."""

    widths: tuple[str, ...] = option(
        PAPERS,
        label="Widths",
        help="How much doubt counts; what the paper calls a learning rate α. It tried 0.01 to 0.3.",
        choices=WIDTHS,
    )
    policies: tuple[str, ...] = option(
        ("linucb",), label="Policies", help="Those that have a width.", choices=WIDE
    )


def _cases(settings: Settings) -> list[tuple[str, str]]:
    return [(name, width) for name in settings.policies for width in settings.widths]


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return [
        Piece(f"Repetition {k + 1}, {NAMES[name]}, width {width}", 2.0 if name == "hybrid" else 1.0)
        for k in range(settings.seeds)
        for name, width in _cases(settings)
    ]


def _run(settings: Settings, seed: int, index: int, context: Context, progress: Progress) -> dict[str, Any]:
    cases = _cases(settings)
    repetition, place = divmod(index, len(cases))
    name, width = cases[place]
    where = world(settings, context.data, seed, repetition)
    progress(0.0)
    deciding, measuring = generators(seed, repetition)
    policy = make_policy(name, where, deciding, width=float(width))
    walked = run(where, policy, progress=lambda done: progress(0.9 * done))
    return kept(measure(where, walked, measuring))


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    cases = _cases(settings)
    titles = [f"{name} {width}" for name, width in cases]
    found = dict(zip(cases, gathered(results, titles).values(), strict=True))
    by_title = {f"{NAMES[name]} at {width}": runs for (name, width), runs in found.items()}
    objected = (failed(by_title),) if any(map(violations, found.values())) else ()
    return Result(
        headline=(*objected, *_findings(settings, found), INVENTED),
        tables=(_table(settings, found),),
        charts=(_chart(settings, found), _curves(found)),
        synthetic=True,
    )


def _first_week(runs: Repeated) -> Floats:
    """Regret of the first week, by repetition."""
    return _lines(runs, "regret")[:, WEEK - 1]


def _last_week(runs: Repeated) -> Floats:
    """Regret of the last week; of the whole where there is no more than a week."""
    lines = np.pad(_lines(runs, "regret"), ((0, 0), (1, 0)))
    return np.asarray(lines[:, -1] - lines[:, -1 - WEEK])


def _volatility(runs: Repeated) -> Floats:
    """Standard deviation of the daily reward over the second half of the days."""
    lines = _lines(runs, "reward")
    return np.asarray(lines[:, lines.shape[1] // 2 :].std(axis=1))


def _lines(runs: Repeated, name: str) -> Floats:
    return np.array([run[name] for run in runs.runs], dtype=np.float64)


def _final(runs: Repeated) -> Interval:
    return interval(_lines(runs, "regret")[:, -1])


def _findings(settings: Settings, found: Found) -> list[str]:
    told = []
    for name in settings.policies:
        finals = {width: _final(found[name, width]) for width in settings.widths}
        best, *others = sorted(finals, key=lambda width: finals[width].mean)
        near = [w for w in others if not beyond_chance(less(found[name, best], found[name, w])[0])]
        ahead = f" (no clear lead over {', '.join(near)})" if near else ""
        told.append(
            f"{NAMES[name]} has the least regret at a width of {best}: {in_words(finals[best])}{ahead}, over "
            f"{settings.people:,} people, {settings.days} days and {settings.seeds} repetitions (95 % intervals in "
            "brackets)."
        )
        if len(settings.widths) > 1:
            told.append(_across(settings, found, name))
    return told


def _across(settings: Settings, found: Found, name: str) -> str:
    """The widest against the narrowest, beside what the paper says of them."""
    low, high = min(settings.widths, key=float), max(settings.widths, key=float)
    one, other = found[name, low], found[name, high]
    early = interval(_first_week(other) - _first_week(one))
    late = interval(_last_week(other) - _last_week(one))
    volatile = interval(_volatility(other) - _volatility(one))
    return (
        f"{NAMES[name]}, width {high} against {low}: regret of the first week {_signed(early)}, of the last "
        f"{_signed(late)}, spread of the daily reward {_signed(volatile, 4)}. The paper says that higher values "
        f"converge faster at first and are more volatile; here they have {_verdict(early)} regret in the first week "
        f"and {_verdict(volatile)} spread."
    )


def _signed(of: Interval, decimals: int = 0) -> str:
    return f"+{in_words(of, decimals)}" if of.mean > 0 else in_words(of, decimals)


def _verdict(of: Interval) -> str:
    if of.low is None or of.high is None or of.low <= 0 <= of.high:
        return "no clearly different"
    return "more" if of.mean > 0 else "less"


def _table(settings: Settings, found: Found) -> Table:
    rows = []
    for (name, width), runs in found.items():
        final, growth = _final(runs), runs.of("growth")
        first, last = runs.day("explored", 0), runs.day("explored", -1)
        rows.append(
            (
                NAMES[name],
                width,
                final.mean,
                final.low,
                final.high,
                interval(_first_week(runs)).mean,
                interval(_last_week(runs)).mean,
                interval(_volatility(runs)).mean,
                None if first is None else 100 * first.mean,
                None if last is None else 100 * last.mean,
                None if growth is None else growth.mean,
                None if growth is None else growth.high,
                violations(runs),
            )
        )
    return Table(
        "Widths",
        (
            "Policy",
            "Width",
            "Regret",
            "From",
            "To",
            "Of the first week",
            "Of the last week",
            "Spread of daily reward",
            "Exploratory, first day, %",
            "Last day, %",
            "Growth p",
            "p to",
            "Safety violations",
        ),
        tuple(rows),
        f"Means over {settings.seeds} repetitions with 95 % intervals, each on the same people with the same luck at "
        "every width. Width is what the paper calls a learning rate α; it gives no figures for its sweep. Spread: "
        "standard deviation of the daily mean reward over the second half of the days, with the week's rhythm in it.",
    )


def _chart(settings: Settings, found: Found) -> Chart:
    series, said = [], []
    for name in settings.policies:
        of = {width: _final(found[name, width]) for width in settings.widths}
        series.append(
            Series(
                NAMES[name],
                tuple(of),
                tuple(i.mean for i in of.values()),
                tuple(i.low for i in of.values()),
                tuple(i.high for i in of.values()),
            )
        )
        said += [f"{NAMES[name]} at {width} {number(i.mean)}" for width, i in of.items()]
    return Chart(
        "intervals",
        "Regret by width",
        "Width",
        "Regret",
        tuple(series),
        f"Regret at the end by width, with 95 % intervals over repetitions: {'; '.join(said)}.",
    )


def _curves(found: Found) -> Chart:
    series, said = [], []
    for (name, width), runs in found.items():
        of = [interval(day) for day in _lines(runs, "reward").T]
        series.append(
            Series(
                f"{NAMES[name]}, {width}",
                tuple(float(day) for day in range(1, len(of) + 1)),
                tuple(i.mean for i in of),
                tuple(i.low for i in of),
                tuple(i.high for i in of),
            )
        )
        said.append(f"{NAMES[name]}, {width}: from {number(of[0].mean, 3)} to {number(of[-1].mean, 3)}")
    return Chart(
        "lines",
        "Reward by day",
        "Day",
        "Mean reward a decision",
        tuple(series),
        f"Mean reward a decision by day and width: {'; '.join(said)}.",
    )


STUDY = Study(
    name="bandit-width",
    title="How wide to explore",
    description=(
        "Thirty days of picks on the same synthetic people with the same luck, at several widths: how much the doubt "
        "of an arm counts for LinUCB, hybrid LinUCB or Thompson sampling. The paper calls it a learning rate and tries "
        "0.01 to 0.3. Regret early and late, volatility and exploration."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
    load=load,
    loading=LOADING,
)
