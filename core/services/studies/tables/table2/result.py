"""All pieces together: Table II with the paper's figures beside, and how much of the lead is owed to training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services.studies.protocols import KS
from core.services.studies.statistics import Interval, difference_in_words, interval
from core.services.studies.study import Cell, Chart, Result, Series, Table
from core.services.studies.tables.paper import TABLE_II, unpublished
from core.services.studies.tables.peers import (
    LIBRARY,
    MARKOV,
    MODELS,
    NETWORK,
    PUBLISHED,
    SOFTMAX,
    TRAININGS,
    label,
    printed,
    trainings,
)
from core.services.studies.tables.table2.settings import Settings

WHY = {
    PUBLISHED: "the paper prints no settings, and its cohort was never published",
    SOFTMAX: "trained on all exercises at once, until held-out clients do no better; the paper prints no epochs",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One model, trained in one way.

    hits: (repeats, clients, len(KS)); windows: (clients,); epochs and steps of Adam: of every fold, empty where a model
    has none.
    """

    hits: NDArray[np.float64]
    windows: NDArray[np.float64]
    epochs: NDArray[np.float64]
    steps: NDArray[np.float64]

    @property
    def by_repeat(self) -> NDArray[np.float64]:
        """Accuracy in % over all windows of all clients, (repeats, len(KS))."""
        return np.asarray(100 * self.hits.sum(axis=1) / self.windows.sum())

    @property
    def by_client(self) -> NDArray[np.float64]:
        """Accuracy in % of each client, the mean of the repeats, (clients, len(KS))."""
        return np.asarray(100 * self.hits.mean(axis=0) / self.windows[:, None])


Found = dict[tuple[str, str], Row]


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """Means over repeats, and the network's lead paired by client."""
    found = {
        (model, training): _row(model, training, results)
        for model in MODELS
        for training in trainings(model, settings.trainings)
    }
    first = results[0]
    row = found[NETWORK, ""]
    about = (
        f"{first['data']['name']} ({first['data']['label']}): {len(row.windows)} of {first['cohort']} "
        f"clients left out in turn, {first['exercises']} exercises, {int(row.windows.sum()):,} tested "
        f"windows, {settings.repeats} {'repeats' if settings.repeats > 1 else 'repeat'}; repeats of an "
        "exercise allowed."
    )
    return Result(
        headline=(about, *_findings(found)),
        tables=(
            _table(settings, found, synthetic=first["data"]["synthetic"]),
            _lead(found),
            _by_repeat(found, results),
        ),
        charts=tuple(_chart(found, column) for column in range(len(KS))),
        synthetic=first["data"]["synthetic"],
    )


def _row(model: str, training: str, results: Sequence[dict[str, Any]]) -> Row:
    own = [r for r in results if (r["model"], r["training"]) == (model, training)]
    seeds = sorted({r["seed"] for r in own})
    windows = {client: n for r in own for client, n in zip(r["clients"], r["windows"], strict=True)}
    hits = {(r["seed"], client): of for r in own for client, of in zip(r["clients"], r["hits"], strict=True)}
    clients = sorted(windows)
    return Row(
        np.array([[hits[seed, client] for client in clients] for seed in seeds], dtype=float),
        np.array([windows[client] for client in clients], dtype=float),
        np.array([epoch for r in own for epoch in r["epochs"]], dtype=float),
        np.array([steps for r in own for steps in r["steps"]], dtype=float),
    )


def _findings(found: Found) -> list[str]:
    """What the network's lead is over the others as published, and over the same models trained to the end."""
    network = found[NETWORK, ""]
    sentences = []
    leads: dict[str, Interval] = {}
    for training in TRAININGS:
        rows = {model: row for (model, how), row in found.items() if how == training}
        if not rows:
            continue
        best = max(rows, key=lambda model: float(rows[model].by_repeat[:, 0].mean()))
        leads[training] = interval(network.by_client[:, 0] - rows[best].by_client[:, 0])
        sentences.append(
            "Others trained "
            f"{'as the library would' if training == PUBLISHED else 'with the full softmax'}: top-1 is "
            f"{network.by_repeat[:, 0].mean():.1f} % for the network of the paper and "
            f"{rows[best].by_repeat[:, 0].mean():.1f} % for the best of them ({MODELS[best]}), "
            f"{difference_in_words(leads[training])}."
        )
    if len(leads) == len(TRAININGS):
        sentences.append(_owed(leads[PUBLISHED].mean, leads[SOFTMAX].mean))
    few = [row.steps.mean() for (_, how), row in found.items() if how == PUBLISHED]
    if few:
        sentences.append(
            f"As published, the others are trained by {max(few):,.0f} updates of their weights, the network by "
            f"{network.steps.mean():,.0f}."
        )
    chain = found[MARKOV, ""].by_repeat[:, 0].mean()
    behind = [
        MODELS[model]
        for (model, how), row in found.items()
        if how == PUBLISHED and row.by_repeat[:, 0].mean() < chain
    ]
    if behind:
        sentences.append(
            f"A first-order Markov chain, which only counts, gets {chain:.1f} %: as published, "
            f"{' and '.join([', '.join(behind[:-1]), behind[-1]]) if len(behind) > 1 else behind[0]} "
            f"{'are' if len(behind) > 1 else 'is'} behind it."
        )
    return sentences


def _owed(as_published: float, trained: float) -> str:
    """How much of a lead at top-1, in points, is owed to how the others were trained."""
    if as_published <= 0:
        return "The network has no lead over the others as published, so nothing of one is owed to their training."
    if trained <= 0:
        return (
            f"The whole lead of {as_published:.1f} points is owed to how the others were trained: with "
            "the full softmax the best of them is "
            f"{'level' if trained == 0 else f'{-trained:.1f} points ahead'}."
        )
    return (
        f"Of the lead of {as_published:.1f} points, {max(as_published - trained, 0):.1f} are owed to how the "
        f"others were trained and {min(trained, as_published):.1f} remain."
    )


def _table(settings: Settings, found: Found, *, synthetic: bool) -> Table:
    level = unpublished(synthetic=synthetic)
    rows: list[tuple[Cell, ...]] = []
    for (model, training), row in found.items():
        of = [interval(row.by_repeat[:, column]) for column in range(len(KS))]
        paper = printed(model, TABLE_II)
        rows.append(
            (
                paper.row if paper else None,
                MODELS[model],
                TRAININGS.get(training, ""),
                *(cell for i in of for cell in (i.mean, i.half)),
                *(paper.top if paper else (None,) * len(KS)),
                WHY.get(training, level) if paper else "not in the paper; it shows what counting alone gives",
                round(float(row.steps.mean())) if row.steps.size else None,
            )
        )
    return Table(
        "Table II",
        (
            "Row",
            "Model",
            "Training",
            *(name for k in KS for name in (f"Top-{k} %", f"± top-{k}")),
            *(f"Paper top-{k} %" for k in KS),
            "Why ours may differ",
            "Steps of training",
        ),
        tuple(rows),
        f"Means over {settings.repeats} repeats; ± is half of the 95 % interval over repeats (t "
        "distribution), which says how much chance in training moves a figure, not how it would be with "
        f"other clients. Each of these clients was left out in turn, and tested where at least {settings.window} "
        f"exercises came before; the network sees the last {settings.window}, the others all of them (as "
        "published: the last 10; the CNN: 3). There is no asking in this table: the asked rate is 0, "
        "and accuracy on all steps, on steps not asked about and at equal coverage are the same figure. "
        "Steps of training: updates of the weights until the epoch that was kept, mean of the folds. "
        + LIBRARY.format(loss=settings.loss),
    )


def _lead(found: Found) -> Table:
    rows = []
    network = found[NETWORK, ""].by_client
    for (model, training), row in found.items():
        if model == NETWORK:
            continue
        differences = network - row.by_client
        for column, k in enumerate(KS):
            of = interval(differences[:, column])
            ahead = int((differences[:, column] > 0).sum())
            rows.append((MODELS[model], TRAININGS.get(training, ""), k, of.mean, of.low, of.high, ahead))
    return Table(
        "Network minus the others",
        ("Model", "Training", "Top", "Points", "Low", "High", "Clients with the network ahead"),
        tuple(rows),
        f"Differences in percentage points, paired by client ({len(network)} clients left out, each the "
        "mean of its repeats), with their 95 % intervals over clients.",
    )


def _by_repeat(found: Found, results: Sequence[dict[str, Any]]) -> Table:
    first = min(r["seed"] for r in results)
    rows = tuple(
        (MODELS[model], TRAININGS.get(training, ""), first + repeat, *map(float, values))
        for (model, training), row in found.items()
        for repeat, values in enumerate(row.by_repeat)
    )
    return Table("Accuracy by repeat", ("Model", "Training", "Seed", *(f"Top-{k} %" for k in KS)), rows)


def _chart(found: Found, column: int) -> Chart:
    k = KS[column]
    series = []
    for training, words in (*TRAININGS.items(), ("", "one training")):
        own = {model: row for (model, how), row in found.items() if how == training}
        if own:
            of = [interval(row.by_repeat[:, column]) for row in own.values()]
            series.append(
                Series(
                    words[0].upper() + words[1:],
                    tuple(MODELS[model] for model in own),
                    tuple(i.mean for i in of),
                    tuple(i.low for i in of),
                    tuple(i.high for i in of),
                )
            )
    beside = {model: row for model in MODELS if (row := printed(model, TABLE_II))}
    series.append(
        Series(
            "The paper",
            tuple(MODELS[model] for model in beside),
            tuple(row.top[column] for row in beside.values()),
        )
    )
    said = "; ".join(
        f"{label(model, training)} {row.by_repeat[:, column].mean():.1f} %"
        for (model, training), row in found.items()
    )
    paper = "; ".join(f"{MODELS[model]} {row.top[column]:.1f} %" for model, row in beside.items())
    return Chart(
        "intervals",
        f"Top-{k} accuracy, each client left out in turn",
        "",
        f"Top-{k} accuracy (%)",
        tuple(series),
        f"Mean top-{k} accuracy with 95 % intervals over repeats. {said}. The paper: {paper}.",
    )
