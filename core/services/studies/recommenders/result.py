"""All pieces together: accuracy with intervals, paired differences, and the paper's figures beside."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services.studies.protocols import KS, REPEATS, SPLITS
from core.services.studies.recommenders.settings import MODELS, Settings
from core.services.studies.statistics import difference_in_words, interval
from core.services.studies.study import Chart, Result, Series, Table
from core.services.studies.tables.paper import TABLE_I, TABLE_III

_ROW_1, _ROW_2 = TABLE_I[:2]
*_PEERS, _NETWORK_ON_FILMS = TABLE_III
PAPER_EXERCISES = (
    ("paper, Table I row 1", "Paper: network, demographic profile", _ROW_1.top),
    ("paper, Table I row 2", "Paper: network, full profile", _ROW_2.top),
)
PAPER_FILMS = (
    ("paper, Table III", "Paper: network", _NETWORK_ON_FILMS.top),
    *(("paper, Table III", f"Paper: {peer.method}", peer.top) for peer in _PEERS),
)
WHY_EXERCISES = (
    "The paper's cohort was never published; this one is generated, so only the shape of the comparison carries over, "
    "not its level. The paper holds out one of 72 clients at a time and does not say whether repeats count; here a "
    "share of the clients is held out at once, and every exercise of theirs is a target, the first ones with a "
    "history shorter than the window."
)
WHY_FILMS = (
    "The paper splits windows at random (80 % to 20 %), which leaks: compare its rows with that split only. It does "
    "not say whether films already seen were left out, nor how ratings with equal times were ordered (30 % of "
    "consecutive ones share a time; the tie rule moves top-1 by about a point). Here ties stand in the order of the "
    "file, and every rating is a target, the first ones with a history shorter than the window."
)


Accuracies = dict[tuple[str, str, str], NDArray[np.float64]]


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """Means with 95 % intervals over seeds, and differences paired by seed."""
    found = _by_seed(settings, results)
    first = results[0]
    windows = {
        split: sorted({r["windows"] for r in results if r["split"] == split}) for split in settings.splits
    }
    about = (
        f"{first['data']['name']} ({first['data']['label']}): {first['clients']:,} clients, "
        f"{first['exercises']:,} exercises, {first['targets']:,} targets; {settings.seeds} seeds."
    )
    return Result(
        headline=(about, *_findings(settings, found)),
        tables=(
            _accuracy_table(settings, found, windows, first["data"]["paper"]),
            _difference_table(settings, found),
            _seed_table(results),
        ),
        charts=tuple(
            _chart(settings, found, repeats, column)
            for repeats in REPEATS[settings.repeats]
            for column in range(len(KS))
        ),
        synthetic=first["data"]["synthetic"],
    )


def _by_seed(settings: Settings, results: Sequence[dict[str, Any]]) -> Accuracies:
    """Top-k accuracy in % by (repeats, split, model), shape (seeds, len(KS)), in order of seed."""
    return {
        (repeats, split, model): np.array(
            [
                r["accuracy"][repeats]
                for r in sorted(results, key=lambda r: r["seed"])
                if (r["split"], r["model"]) == (split, model)
            ]
        )
        for repeats in REPEATS[settings.repeats]
        for split in settings.splits
        for model in settings.models
    }


def _findings(settings: Settings, found: Accuracies) -> list[str]:
    """How ours stands against the best of the others, for each split that does not leak."""
    ours, sentences = settings.compared, []
    others = [model for model in settings.models if model != ours]
    if ours is None or not others:
        return []
    for (repeats, split, model), values in found.items():
        if model != ours or split == "random":
            continue
        best = max(others, key=lambda other: float(found[repeats, split, other][:, 0].mean()))
        other = found[repeats, split, best]
        difference = interval(values[:, 0] - other[:, 0])
        sentences.append(
            f"{SPLITS[split].capitalize()}, repeats {repeats}: "
            f"top-1 is {values[:, 0].mean():.1f} % for “{MODELS[ours]}” and "
            f"{other[:, 0].mean():.1f} % for the best of the others ({MODELS[best]}), "
            f"{difference_in_words(difference)}."
        )
    return sentences


def _accuracy_table(
    settings: Settings, found: Accuracies, windows: dict[str, list[int]], paper: str
) -> Table:
    rows: list[tuple[str | int | float | None, ...]] = []
    for (repeats, split, model), values in found.items():
        cells: list[float | None] = []
        for column in range(len(KS)):
            of = interval(values[:, column])
            cells += [of.mean, of.half]
        tested = windows[split]
        count = f"{tested[0]:,} to {tested[-1]:,}" if len(tested) > 1 else f"{tested[0]:,}"
        rows.append((repeats, SPLITS[split], MODELS[model], *cells, count))
    beside = {"exercises": PAPER_EXERCISES, "films": PAPER_FILMS}.get(paper, ())
    for source, method, figures in beside:
        rows.append(
            ("not stated", source, method, *(c for figure in figures for c in (figure, None)), "not stated")
        )
    columns = [name for k in KS for name in (f"Top-{k} %", f"± top-{k}")]
    reason = {"exercises": WHY_EXERCISES, "films": WHY_FILMS}.get(paper, "")
    note = (
        f"Means over {settings.seeds} seeds; ± is half of the 95 % interval over seeds (t distribution). In the split "
        "“last of each client” nothing but the two that are trained by gradients depends on the seed. They end their "
        "training by a tenth of the training clients, of whom the full-history ensemble then learns too; the "
        f"baselines train on all. {reason}"
    )
    return Table(
        "Accuracy",
        ("Repeats", "Split", "Model", *columns, "Tested windows"),
        tuple(rows),
        note.strip(),
    )


def _difference_table(settings: Settings, found: Accuracies) -> Table:
    rows, ours = [], settings.compared
    for (repeats, split, model), values in found.items():
        if ours is None or model == ours:
            continue
        differences = found[repeats, split, ours] - values
        for column, k in enumerate(KS):
            of = interval(differences[:, column])
            ahead = int((differences[:, column] > 0).sum())
            rows.append((repeats, SPLITS[split], MODELS[model], k, of.mean, of.low, of.high, ahead))
    return Table(
        f"{MODELS[ours]} minus the others" if ours else "Differences",
        ("Repeats", "Split", "Other", "Top", "Points", "Low", "High", "Seeds with it ahead"),
        tuple(rows),
        f"Differences in percentage points, paired by seed ({settings.seeds} seeds), with their 95 % intervals.",
    )


def _seed_table(results: Sequence[dict[str, Any]]) -> Table:
    rows = tuple(
        (repeats, SPLITS[r["split"]], MODELS[r["model"]], r["seed"], *values, r["windows"])
        for r in results
        for repeats, values in r["accuracy"].items()
    )
    columns = ("Repeats", "Split", "Model", "Seed", *(f"Top-{k} %" for k in KS), "Tested windows")
    return Table("Accuracy by seed", columns, rows)


def _chart(settings: Settings, found: Accuracies, repeats: str, column: int) -> Chart:
    series = []
    for model in settings.models:
        of = [interval(found[repeats, split, model][:, column]) for split in settings.splits]
        series.append(
            Series(
                MODELS[model],
                tuple(SPLITS[split] for split in settings.splits),
                tuple(i.mean for i in of),
                tuple(i.low for i in of),
                tuple(i.high for i in of),
            )
        )
    said = "; ".join(
        f"{SPLITS[split]}: "
        + ", ".join(
            f"{MODELS[model]} {found[repeats, split, model][:, column].mean():.1f} %"
            for model in settings.models
        )
        for split in settings.splits
    )
    k = KS[column]
    return Chart(
        "intervals",
        f"Top-{k} accuracy, repeats {repeats}",
        "",
        f"Top-{k} accuracy (%)",
        tuple(series),
        f"Mean top-{k} accuracy with 95 % intervals, repeats {repeats}. {said}.",
    )
