"""The charts: accuracy by labels, labels against those of random asking, and client by client."""

from collections.abc import Sequence

from core.recommender.windows import Floats
from core.services.studies.labels.efficiency import ratio
from core.services.studies.labels.gathered import Curves, Walks
from core.services.studies.labels.words import NAMES, RANDOM
from core.services.studies.statistics import interval
from core.services.studies.study import Chart, Series

LABELS = "Labels asked for"
RULES = ("conformal", "dirichlet")
SCORES = ("entropy", "least confidence")


def all_of(found: dict[str, Curves], walked: Sequence[Walks]) -> tuple[Chart, ...]:
    """Few lines a chart, random asking in each, so that the intervals can be told apart."""
    groups = {
        "what answers change": [n for n in found if n not in (RANDOM, *RULES, *SCORES)],
        "rules on the margin": [n for n in found if n in RULES],
        "scores of doubt": [n for n in found if n in SCORES],
    }
    curves = [_curve(title, names, found) for title, names in groups.items() if names]
    return (*curves, *([_needed(found)] if len(found) > 1 else []), *([_clients(walked)] if walked else []))


def _curve(title: str, names: Sequence[str], found: dict[str, Curves]) -> Chart:
    shown = {name: found[name] for name in (RANDOM, *names)}
    said = "; ".join(
        f"{NAMES[name]} from {of.top1[:, 0].mean():.1f} % to {of.top1[:, -1].mean():.1f} %"
        for name, of in shown.items()
    )
    return Chart(
        "lines",
        f"Top-1 by labels: {title}",
        LABELS,
        "Top-1 accuracy (%)",
        tuple(_series(NAMES[name], of.labels, of.top1) for name, of in shown.items()),
        f"Mean top-1 accuracy by labels with 95 % intervals over seeds. {said}.",
    )


def _needed(found: dict[str, Curves]) -> Chart:
    random = found[RANDOM]
    x = tuple(float(labels) for labels in random.labels[1:])
    series = [Series("Half", (x[0], x[-1]), (50.0, 50.0))]
    said = []
    for name, of in found.items():
        if name == RANDOM:
            continue
        shares = [ratio(of.labels, of.top1, random.top1, at) for at in range(1, len(of.labels))]
        series.append(Series(NAMES[name], x, tuple(None if s is None else 100 * s.mean for s in shares)))
        last = shares[-1]
        said.append(f"{NAMES[name]} {'more than 100' if last is None else f'{100 * last.mean:.0f}'} %")
    return Chart(
        "lines",
        "Labels needed for what random asking reaches",
        "Labels asked for at random",
        "Labels needed (% of those)",
        tuple(series),
        f"Labels needed as a share of random's, by random's labels; at {x[-1]:,.0f}: {'; '.join(said)}.",
    )


def _clients(walked: Sequence[Walks]) -> Chart:
    rates = tuple(dict.fromkeys(f"{of.rate:g} % asked" for of in walked))
    series = []
    for method in dict.fromkeys(of.method for of in walked):
        gains = [interval(of.gain) for of in walked if of.method == method]
        series.append(
            Series(
                NAMES[method],
                rates,
                tuple(i.mean for i in gains),
                tuple(i.low for i in gains),
                tuple(i.high for i in gains),
            )
        )
    said = "; ".join(f"{one.name} {one.y[-1]:.2f} points at {rates[-1]}" for one in series)
    return Chart(
        "intervals",
        "Client by client: what answers add",
        "",
        "Top-1 points gained, all steps",
        tuple(series),
        f"Gain in top-1 over the model without learning by nominal share of steps asked about, with 95 % intervals. "
        f"{said}.",
    )


def _series(name: str, x: Floats, values: Floats) -> Series:
    of = [interval(column) for column in values.T]
    return Series(
        name,
        tuple(float(at) for at in x),
        tuple(i.mean for i in of),
        tuple(i.low for i in of),
        tuple(i.high for i in of),
    )
