"""All pieces together: Table III, the paper's figures beside its own split, and two splits that do not leak."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services.studies.protocols import KS, REPEATS, SPLITS
from core.services.studies.statistics import difference_in_words, interval
from core.services.studies.study import Cell, Chart, Result, Series, Table
from core.services.studies.tables.paper import TABLE_III
from core.services.studies.tables.peers import (
    FILM_SIZE,
    LIBRARY,
    MODELS,
    NETWORK,
    PUBLISHED,
    SIZES,
    SOFTMAX,
    TRAININGS,
    label,
    printed,
)
from core.services.studies.tables.table3.settings import Settings
from core.services.studies.tables.table3.work import ways

RANDOM = "random"
SAMPLES = {"padded": "every rating", "whole": "whole windows"}
WHY = {
    PUBLISHED: "the paper prints neither settings nor whether seen films were left out",
    SOFTMAX: "trained on all films at once, until held-out clients do no better; the paper prints no epochs",
    FILM_SIZE: "the paper does not say whether seen films were left out, nor the order of ties",
    "exercises": "the paper has its larger size here",
}
Key = tuple[str, str, str, str, str]
"""Windows, repeats, split, model, and how it is trained or how large it is."""
Found = dict[Key, NDArray[np.float64]]


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """Means with 95 % intervals over seeds, and differences paired by seed."""
    found = _by_seed(settings, results)
    first = results[0]
    samples = first["samples"]
    about = (
        f"{first['data']['name']} ({first['data']['label']}): {first['clients']:,} clients, "
        f"{first['films']} films, {samples['padded']:,} ratings, each a sample with its window padded on "
        f"the left; {samples['whole']:,} of them have {settings.window} films before them. "
        f"{settings.seeds} {'seeds' if settings.seeds > 1 else 'seed'}. Ratings with equal times stand "
        "in the order of the file."
    )
    return Result(
        headline=(about, *_findings(settings, found)),
        tables=(
            _table(settings, found, results),
            _whole(settings, found, results),
            _lead(settings, found),
            _seeds(results),
        ),
        charts=tuple(
            _chart(settings, found, repeats, split)
            for repeats in REPEATS[settings.repeats]
            for split in settings.splits
        ),
    )


def _by_seed(settings: Settings, results: Sequence[dict[str, Any]]) -> Found:
    """Top-k accuracy in %, shape (seeds, len(KS)), in order of seed."""
    ordered = sorted(results, key=lambda r: r["seed"])
    return {
        (samples, repeats, split, model, how): np.array(
            [
                r["accuracy"][samples][repeats]
                for r in ordered
                if (r["split"], r["model"], r["how"]) == (split, model, how)
            ]
        )
        for samples in SAMPLES
        for repeats in REPEATS[settings.repeats]
        for split in settings.splits
        for model in MODELS
        for how in ways(model, settings)
    }


def _rows(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Repeats, split, model and way of every row, in the order of the paper."""
    for repeats in REPEATS[settings.repeats]:
        for split in settings.splits:
            for model in MODELS:
                for how in ways(model, settings):
                    yield repeats, split, model, how


def _network(settings: Settings) -> str:
    """The size that others are compared with: that for films, if it is there."""
    return FILM_SIZE if FILM_SIZE in settings.sizes else settings.sizes[0]


def _findings(settings: Settings, found: Found) -> list[str]:
    """The network against the best of the others, as published and trained to the end, for each split."""
    sentences = []
    size = _network(settings)
    for repeats in REPEATS[settings.repeats]:
        for split in settings.splits:
            network = found["padded", repeats, split, NETWORK, size][:, 0]
            parts = []
            for training in settings.trainings:
                peers = {
                    model: of[:, 0]
                    for (samples, seen, at, model, how), of in found.items()
                    if (samples, seen, at, how) == ("padded", repeats, split, training)
                }
                best = max(peers, key=lambda model: float(peers[model].mean()))
                difference = interval(network - peers[best])
                parts.append(
                    f"{peers[best].mean():.1f} % for the best of the others {TRAININGS[training]} "
                    f"({MODELS[best]}), {difference_in_words(difference)}"
                )
            where = SPLITS[split][0].upper() + SPLITS[split][1:]
            sentences.append(
                f"{where}, repeats {repeats}: top-1 is {network.mean():.1f} % for the network "
                f"({SIZES[size]}), {'; '.join(parts)}."
            )
    return sentences


def _tested(results: Sequence[dict[str, Any]], split: str, samples: str) -> str:
    """How many windows were tested; the number may differ by seed."""
    counts = sorted({r["windows"][samples] for r in results if r["split"] == split})
    return f"{counts[0]:,} to {counts[-1]:,}" if len(counts) > 1 else f"{counts[0]:,}"


def _table(settings: Settings, found: Found, results: Sequence[dict[str, Any]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for repeats, split, model, how in _rows(settings):
        of = [interval(found["padded", repeats, split, model, how][:, column]) for column in range(len(KS))]
        paper = printed(model, TABLE_III)
        beside = paper if split == RANDOM else None
        rows.append(
            (
                repeats,
                SPLITS[split],
                paper.row if paper else None,
                MODELS[model],
                {**TRAININGS, **SIZES}.get(how, ""),
                *(cell for i in of for cell in (i.mean, i.half)),
                *(beside.top if beside else (None,) * len(KS)),
                WHY.get(how, "") if beside else "",
                _tested(results, split, "padded"),
            )
        )
    return Table(
        "Table III",
        (
            "Repeats",
            "Split",
            "Row",
            "Model",
            "Training or size",
            *(name for k in KS for name in (f"Top-{k} %", f"± top-{k}")),
            *(f"Paper top-{k} %" for k in KS),
            "Why ours may differ",
            "Tested windows",
        ),
        tuple(rows),
        f"Means over {settings.seeds} seeds; ± is half of the 95 % interval over seeds (t distribution). "
        "The paper's figures stand beside its own split alone: windows at random, 80 % to 20 %. That "
        "split leaks: what followed a window in training is an input of tested ones, and nobody rates a "
        "film twice. Every rating is a sample, the first ones with a padded window, which gives the "
        "paper's 29,931; ratings with equal times (30 % of consecutive ones) stand in the order of the "
        f"file. The network sees the last {settings.window} films, the others all before (as published: "
        "the last 10; the CNN: 3). The network ends its training early by a tenth of the training "
        "clients; for the size for exercises the paper gives no training on films, and it is trained "
        "with the steps of the other. There is no asking in this table: the asked rate is 0, and "
        "accuracy on all steps, on steps not asked about and at equal coverage are the same figure. "
        + LIBRARY.format(loss=settings.loss),
    )


def _whole(settings: Settings, found: Found, results: Sequence[dict[str, Any]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for repeats, split, model, how in _rows(settings):
        whole = found["whole", repeats, split, model, how]
        lead = whole - found["padded", repeats, split, model, how]
        rows.append(
            (
                repeats,
                SPLITS[split],
                MODELS[model],
                {**TRAININGS, **SIZES}.get(how, ""),
                *map(float, whole.mean(axis=0)),
                *map(float, lead.mean(axis=0)),
                _tested(results, split, "whole"),
            )
        )
    return Table(
        f"Whole windows alone: {results[0]['samples']['whole']:,} samples",
        (
            "Repeats",
            "Split",
            "Model",
            "Training or size",
            *(f"Top-{k} %" for k in KS),
            *(f"Points above every rating, top-{k}" for k in KS),
            "Tested windows",
        ),
        tuple(rows),
        f"The same models, trained on every rating, tested only where {settings.window} films came "
        "before. The paper's count of samples says that it tested padded windows too.",
    )


def _lead(settings: Settings, found: Found) -> Table:
    rows = []
    size = _network(settings)
    for repeats, split, model, how in _rows(settings):
        if (model, how) == (NETWORK, size):
            continue
        differences = (
            found["padded", repeats, split, NETWORK, size] - found["padded", repeats, split, model, how]
        )
        for column, k in enumerate(KS):
            of = interval(differences[:, column])
            ahead = int((differences[:, column] > 0).sum())
            rows.append(
                (
                    repeats,
                    SPLITS[split],
                    MODELS[model],
                    {**TRAININGS, **SIZES}.get(how, ""),
                    k,
                    of.mean,
                    of.low,
                    of.high,
                    ahead,
                )
            )
    return Table(
        f"Network ({SIZES[size]}) minus the others",
        (
            "Repeats",
            "Split",
            "Model",
            "Training or size",
            "Top",
            "Points",
            "Low",
            "High",
            "Seeds with the network ahead",
        ),
        tuple(rows),
        f"Differences in percentage points on every rating, paired by seed ({settings.seeds} seeds), "
        "with their 95 % intervals.",
    )


def _seeds(results: Sequence[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            SAMPLES[samples],
            repeats,
            SPLITS[r["split"]],
            MODELS[r["model"]],
            {**TRAININGS, **SIZES}.get(r["how"], ""),
            r["seed"],
            *values,
        )
        for r in results
        for samples, of in r["accuracy"].items()
        for repeats, values in of.items()
    )
    columns = ("Samples", "Repeats", "Split", "Model", "Training or size", "Seed")
    return Table("Accuracy by seed", (*columns, *(f"Top-{k} %" for k in KS)), rows)


def _chart(settings: Settings, found: Found, repeats: str, split: str) -> Chart:
    """Top-1 of every model, a series for each training or size."""
    series, said = [], []
    for how, words in {**TRAININGS, **SIZES, "": "one training"}.items():
        own = {
            model: interval(found["padded", repeats, split, model, how][:, 0])
            for model in MODELS
            if how in ways(model, settings)
        }
        if own:
            series.append(
                Series(
                    words[0].upper() + words[1:],
                    tuple(MODELS[model] for model in own),
                    tuple(i.mean for i in own.values()),
                    tuple(i.low for i in own.values()),
                    tuple(i.high for i in own.values()),
                )
            )
            said += [f"{label(model, how)} {i.mean:.1f} %" for model, i in own.items()]
    if split == RANDOM:
        beside = {MODELS[m]: row.top[0] for m in MODELS if (row := printed(m, TABLE_III))}
        series.append(Series("The paper", tuple(beside), tuple(beside.values())))
        said.append("the paper: " + ", ".join(f"{name} {value:.1f} %" for name, value in beside.items()))
    return Chart(
        "intervals",
        f"{SPLITS[split][0].upper()}{SPLITS[split][1:]}, repeats {repeats}",
        "",
        "Top-1 accuracy (%)",
        tuple(series),
        f"Mean top-1 accuracy with 95 % intervals over seeds, {SPLITS[split]}, repeats {repeats}. "
        f"{'; '.join(said)}.",
    )
