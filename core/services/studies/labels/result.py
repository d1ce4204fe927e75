"""All pieces together: accuracy by labels for each way of asking, how many labels it saves, and where it would stop."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.recommender import querying
from core.services.studies.labels import charts, words
from core.services.studies.labels.efficiency import ratio
from core.services.studies.labels.gathered import Curves, Walks, curves, walks
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.words import NAMES, RANDOM
from core.services.studies.statistics import interval
from core.services.studies.study import Cell, Result, Table

LEVELS = (0.85, 0.9, 0.95, querying.AGREEMENT)
"""Agreements at which asking might stop, the last one that of the rule's authors."""


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """Means over seeds with 95 % intervals; every comparison is paired by seed."""
    found, walked = curves(settings, results), walks(results)
    return Result(
        headline=(words.about(settings, results), *words.findings(settings, found, walked)),
        tables=(
            _needed(found),
            _accuracy(settings, found),
            _stops(settings, found),
            _walked(walked, results),
            *([_rates(settings, found)] if any(of.observed.size for of in found.values()) else []),
            _by_seed(found, results),
        ),
        charts=charts.all_of(found, walked),
        synthetic=results[0]["data"]["synthetic"],
    )


def _needed(found: dict[str, Curves]) -> Table:
    random = found[RANDOM]
    rows: list[tuple[Cell, ...]] = []
    for at in words.milestones(len(random.labels)):
        level = float(random.top1[:, at].mean())
        for name, of in found.items():
            if name == RANDOM:
                continue
            share = ratio(of.labels, of.top1, random.top1, at)
            cells: tuple[Cell, ...] = (f"more than {int(of.labels[-1]):,}", None, None, None)
            if share is not None:
                needed = round(share.mean * float(of.labels[at]))
                cells = (f"{needed:,}", share.mean, share.low, share.high)
            rows.append((int(of.labels[at]), level, NAMES[name], *cells, words.within_half(share)))
    return Table(
        "Labels needed",
        (
            "Labels at random",
            "Top-1 % they bring",
            "Asked by",
            "Labels needed",
            "Of random's",
            "Low",
            "High",
            "At most half",
        ),
        tuple(rows),
        words.NEEDED_NOTE,
    )


def _accuracy(settings: Settings, found: dict[str, Curves]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    random = found[RANDOM]
    for name, of in found.items():
        for at, labels in enumerate(of.labels):
            one, five = interval(of.top1[:, at]), interval(of.top5[:, at])
            points = interval(of.top1[:, at] - random.top1[:, at])
            beside = (None, None, None) if name == RANDOM else (points.mean, points.low, points.high)
            rows.append((NAMES[name], int(labels), one.mean, one.half, five.mean, five.half, *beside))
    return Table(
        "Accuracy by labels",
        ("Asked by", "Labels", "Top-1 %", "± top-1", "Top-5 %", "± top-5", "Points to random", "Low", "High"),
        tuple(rows),
        words.accuracy_note(settings),
    )


def _stops(settings: Settings, found: dict[str, Curves]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for least in sorted({*LEVELS, settings.agreement}):
        for name, of in found.items():
            ended = of.stops(least)
            cells: tuple[Cell, ...] = (None, None, None, None, None)
            if ended:
                labels = float(np.mean([of.labels[at] for _, at in ended]))
                there = float(np.mean([of.top1[seed, at] for seed, at in ended]))
                missed = interval([of.top1[seed, -1] - of.top1[seed, at] for seed, at in ended])
                cells = (labels, there, missed.mean, missed.low, missed.high)
            last = float(of.agreement[:, -querying.ROUNDS :].mean())
            rows.append((least, NAMES[name], len(ended), len(of.top1), *cells, last))
    return Table(
        "Where asking would stop",
        (
            "Stop at",
            "Asked by",
            "Splits that stop",
            "Of",
            "Labels at the stop",
            "Top-1 % there",
            "Still to gain (points)",
            "Low",
            "High",
            "Agreement at the end",
        ),
        tuple(rows),
        words.STOPS_NOTE,
    )


def _walked(walked: Sequence[Walks], results: Sequence[dict[str, Any]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for of in walked:
        asked, top, gain = interval(of.asked), interval(of.everything), interval(of.gain)
        each = interval(of.each)
        rows.append(
            (
                NAMES[of.method],
                of.rate,
                asked.mean,
                top.mean,
                top.half,
                gain.mean,
                gain.low,
                gain.high,
                each.mean,
                *(None if values is None else float(values.mean()) for values in (of.unasked, of.coverage)),
            )
        )
    return Table(
        "Client by client",
        (
            "Asked by",
            "Nominal %",
            "Asked %",
            "Top-1 % of all steps",
            "±",
            "Points gained",
            "Low",
            "High",
            "Steps put right per 100 labels",
            "Not asked about %",
            "Same coverage, no learning %",
        ),
        tuple(rows),
        words.client_note(results),
    )


def _rates(settings: Settings, found: dict[str, Curves]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, of in found.items():
        for at in range(of.observed.shape[1]) if of.observed.size else ():
            observed = interval(of.observed[:, at])
            rows.append((NAMES[name], int(of.labels[at]), 100 * settings.alpha, observed.mean, observed.half))
    return Table(
        "Asked rate of the rules",
        ("Rule", "Labels so far", "Nominal %", "Observed %", "± observed"),
        tuple(rows),
        words.RATES_NOTE,
    )


def _by_seed(found: dict[str, Curves], results: Sequence[dict[str, Any]]) -> Table:
    first = min(r["seed"] for r in results)
    rows = tuple(
        (NAMES[name], first + seed, int(labels), float(of.top1[seed, at]), float(of.top5[seed, at]))
        for name, of in found.items()
        for seed in range(len(of.top1))
        for at, labels in enumerate(of.labels)
    )
    return Table("By seed", ("Asked by", "Seed", "Labels", "Top-1 %", "Top-5 %"), rows)
