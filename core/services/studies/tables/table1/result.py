"""All pieces together: Table I with the paper's figures beside, and the four figures of every asking rule apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.recommender.windows import Floats
from core.services.studies.protocols import KS
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Cell, Result, Table
from core.services.studies.tables.table1 import charts, words
from core.services.studies.tables.table1.calibrating import RATED
from core.services.studies.tables.table1.figures import (
    COUNTS,
    Found,
    Rate,
    gather,
    papers_rule,
    rates,
)
from core.services.studies.tables.table1.rows import ASKING, BASELINE, ROWS
from core.services.studies.tables.table1.settings import Settings


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """Means over repeats with 95 % intervals, the spread over clients, and what is owed to learning."""
    found, asked = gather(settings, results), rates(results)
    first = results[0]
    learning = any(rule for _, rule in found)
    return Result(
        headline=(words.about(settings, results), *words.findings(settings, found, asked)),
        tables=(
            _table(settings, found, synthetic=first["data"]["synthetic"]),
            *([_asking(settings, found, column) for column in range(len(KS))] if learning else []),
            *([_added(settings, found)] if (BASELINE, "") in found and len(found) > 1 else []),
            *([_rates(asked)] if asked else []),
            _by_repeat(found, results),
        ),
        charts=charts.all_of(settings, found, asked),
        synthetic=first["data"]["synthetic"],
    )


def _of(values: Floats) -> Interval | None:
    """The interval of the repeats in which there is a value; None if there is none."""
    known = values[np.isfinite(values)]
    return interval(known) if len(known) else None


def _cells(values: Floats) -> tuple[Cell, Cell]:
    """Mean and half of the interval."""
    found = _of(values)
    return (None, None) if found is None else (found.mean, found.half)


def _table(settings: Settings, found: Found, *, synthetic: bool) -> Table:
    rows: list[tuple[Cell, ...]] = []
    chosen = papers_rule(settings)
    for (key, rule), figures in found.items():
        if rule not in ("", chosen):
            continue
        row = ROWS[key]
        for counted in ("unasked", "all") if row.learns else ("all",):
            beside = counted == "unasked" or not row.learns
            rows.append(
                (
                    key,
                    row.printed.method,
                    COUNTS[counted],
                    *(cell for column in range(len(KS)) for cell in _cells(figures.top[counted][:, column])),
                    *(row.printed.top if beside else (None,) * len(KS)),
                    float(figures.clients.std(ddof=1)) if counted == "all" else None,
                    _cells(figures.asked)[0] if row.learns else 0.0,
                    words.why(row, counted, synthetic=synthetic),
                )
            )
    return Table(
        "Table I",
        (
            "Row",
            "Method",
            "Counted",
            *(name for k in KS for name in (f"Top-{k} %", f"± top-{k}")),
            *(f"Paper top-{k} %" for k in KS),
            "Spread of clients",
            "Asked %",
            "Why ours may differ",
        ),
        tuple(rows),
        words.table_note(settings, chosen),
    )


def _asking(settings: Settings, found: Found, column: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for (key, rule), figures in found.items():
        if not rule:
            continue
        learnt = _of(figures.top["unasked"][:, column] - figures.top["untaught"][:, column])
        printed = ROWS[key].printed.top[column]
        rows.append(
            (
                key,
                ASKING[rule].name,
                *_cells(figures.asked),
                *(cell for name in COUNTS for cell in _cells(figures.top[name][:, column])),
                *((learnt.mean, learnt.low, learnt.high) if learnt else (None, None, None)),
                printed if ASKING[rule].papers else None,
            )
        )
    k = KS[column]
    return Table(
        f"Active learning, top-{k}",
        (
            "Row",
            "Asked by",
            "Asked %",
            "± asked",
            "All steps %",
            "± all",
            "Not asked about %",
            "± not asked",
            "Same coverage, no learning %",
            "± same coverage",
            "Owed to learning (points)",
            "Low",
            "High",
            "Paper %",
        ),
        tuple(rows),
        words.asking_note(settings),
    )


def _added(settings: Settings, found: Found) -> Table:
    base = found[BASELINE, ""]
    rows: list[tuple[Cell, ...]] = []
    chosen = papers_rule(settings)
    for (key, rule), figures in found.items():
        if rule not in ("", chosen) or key == BASELINE:
            continue
        for counted in ("unasked", "all") if rule else ("all",):
            points = _of(figures.top[counted][:, 0] - base.top["all"][:, 0])
            over_clients = interval(figures.clients - base.clients) if counted == "all" else None
            rows.append(
                (
                    key,
                    ROWS[key].printed.method,
                    COUNTS[counted],
                    *((points.mean, points.low, points.high) if points else (None, None, None)),
                    *((over_clients.low, over_clients.high) if over_clients else (None, None)),
                    ROWS[key].printed.top[0] - ROWS[BASELINE].printed.top[0]
                    if counted == "unasked" or not rule
                    else None,
                )
            )
    return Table(
        "Beside row 1, top-1",
        (
            "Row",
            "Method",
            "Counted",
            "Points",
            "Low",
            "High",
            "Low, over clients",
            "High, over clients",
            "Paper, points",
        ),
        tuple(rows),
        words.ADDED_NOTE,
    )


def _rates(asked: Sequence[Rate]) -> Table:
    rows = []
    for rate in asked:
        observed = interval(rate.observed)
        rows.append(
            (
                RATED[rate.rule],
                rate.nominal,
                observed.mean,
                observed.half,
                float(rate.clients.std(ddof=1)),
                words.within(rate),
            )
        )
    return Table(
        "Nominal and observed asked rate",
        ("Rule", "Nominal %", "Observed %", "± observed", "Spread of clients", "Within its bound"),
        tuple(rows),
        words.RATES_NOTE,
    )


def _by_repeat(found: Found, results: Sequence[dict[str, Any]]) -> Table:
    first = min(r["seed"] for r in results)
    rows: list[tuple[Cell, ...]] = []
    for (key, rule), figures in found.items():
        for counted, top in figures.top.items():
            rows += [
                (
                    key,
                    ASKING[rule].name if rule else "",
                    COUNTS[counted],
                    first + repeat,
                    float(figures.asked[repeat]),
                    *_known(values),
                )
                for repeat, values in enumerate(top)
            ]
    return Table(
        "By repeat",
        ("Row", "Asked by", "Counted", "Seed", "Asked %", *(f"Top-{k} %" for k in KS)),
        tuple(rows),
    )


def _known(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
