"""The charts of Table I."""

from collections.abc import Sequence

import numpy as np

from core.recommender.windows import Floats
from core.services.studies.statistics import interval
from core.services.studies.study import Chart, Series
from core.services.studies.tables.table1.calibrating import RATED
from core.services.studies.tables.table1.figures import COUNTS, Found, Rate, papers_rule
from core.services.studies.tables.table1.rows import ASKING, ROWS
from core.services.studies.tables.table1.settings import Settings


def all_of(settings: Settings, found: Found, asked: Sequence[Rate]) -> tuple[Chart, ...]:
    """Top-1 of every row beside the paper's, the figures of every rule, and nominal against observed rates."""
    learning = dict.fromkeys(key for key, rule in found if rule)
    return (
        _rows(settings, found),
        *(_rules(key, found) for key in learning),
        *([_rates(asked)] if asked else []),
    )


def _rows(settings: Settings, found: Found) -> Chart:
    chosen = papers_rule(settings)
    shown = {key: figures for (key, rule), figures in found.items() if rule in ("", chosen)}
    series = [
        _series("Ours, all steps", {key: of.top["all"][:, 0] for key, of in shown.items()}),
        Series("The paper", tuple(shown), tuple(ROWS[key].printed.top[0] for key in shown)),
    ]
    learning = {key: of.top["unasked"][:, 0] for key, of in shown.items() if "unasked" in of.top}
    if learning:
        series.insert(1, _series("Ours, steps not asked about", learning))
    said = "; ".join(
        f"{ROWS[key].name}: {of.top['all'][:, 0].mean():.1f} % (the paper {ROWS[key].printed.top[0]:.1f} %)"
        for key, of in shown.items()
    )
    return Chart(
        "intervals",
        "Top-1 accuracy of Table I's rows",
        "Row",
        "Top-1 accuracy (%)",
        tuple(series),
        f"Mean top-1 accuracy on all steps with 95 % intervals over repeats. {said}.",
    )


def _rules(key: str, found: Found) -> Chart:
    own = {ASKING[rule]: figures for (row, rule), figures in found.items() if row == key}
    series = [
        _series(words[0].upper() + words[1:], {rule.short: of.top[counted][:, 0] for rule, of in own.items()})
        for counted, words in COUNTS.items()
    ]
    said = "; ".join(
        f"{rule.name} asks about {of.asked.mean():.1f} % and is right on {_mean(of.top['unasked'][:, 0])} of the rest, "
        f"without learning on {_mean(of.top['untaught'][:, 0])}"
        for rule, of in own.items()
    )
    return Chart(
        "intervals",
        f"Row {key}: top-1 by rule that asks",
        "",
        "Top-1 accuracy (%)",
        tuple(series),
        f"{ROWS[key].printed.method}: mean top-1 accuracies with 95 % intervals over repeats. {said}.",
    )


def _rates(asked: Sequence[Rate]) -> Chart:
    nominal = tuple(dict.fromkeys(rate.nominal for rate in asked))
    series = [Series("As promised", nominal, nominal)]
    for rule, name in RATED.items():
        own = {str(rate.nominal): rate.observed for rate in asked if rate.rule == rule}
        of = [interval(values) for values in own.values()]
        series.append(
            Series(
                name[0].upper() + name[1:],
                nominal,
                tuple(i.mean for i in of),
                tuple(i.low for i in of),
                tuple(i.high for i in of),
            )
        )
    said = "; ".join(
        f"{RATED[rate.rule]} at {rate.nominal:g} %: {rate.observed.mean():.1f} %" for rate in asked
    )
    return Chart(
        "lines",
        "Asked rate of clients left out",
        "Nominal rate (%)",
        "Observed rate (%)",
        tuple(series),
        f"Observed against nominal rates. {said}.",
    )


def _series(name: str, values: dict[str, Floats]) -> Series:
    known = {at: own[np.isfinite(own)] for at, own in values.items()}
    of = {at: interval(own) if len(own) else None for at, own in known.items()}
    return Series(
        name,
        tuple(of),
        tuple(i.mean if i else None for i in of.values()),
        tuple(i.low if i else None for i in of.values()),
        tuple(i.high if i else None for i in of.values()),
    )


def _mean(values: Floats) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.1f} %" if len(known) else "none"
