"""All pieces together: what each reading of the lags says, and how the network does with that window."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services.studies.protocols import KS
from core.services.studies.statistics import difference_in_words, interval
from core.services.studies.study import Cell, Chart, Result, Series, Table
from core.services.studies.tables.peers import SIZES
from core.services.studies.window.settings import PAPER, Settings

RULE = "highest"
READINGS = {
    RULE: "Highest autocorrelation (the rule)",
    "nearest": "Nearest lag above the band",
    "partial": "Farthest lag that adds to nearer ones",
    "information": "Farthest lag that says anything",
}
MEANS = {
    RULE: "the nearest lag above the band that the band's width does not tell from the highest one",
    "nearest": "the nearest lag at which the same exercise comes back more often than by chance",
    "partial": "the farthest lag whose partial autocorrelation is outside its band, as the order of an "
    "autoregression is chosen",
    "information": "the farthest lag at which mutual information is outside its band",
    "paper": "what the paper chose for its cohort; it prints neither the function nor a rule",
}
TITLES = {
    "same": ("Autocorrelation of the exercises by lag", "Autocorrelation"),
    "partial": ("What each lag adds to nearer ones", "Partial autocorrelation"),
    "information": ("What one exercise says about a later one", "Mutual information (bits)"),
}
Accuracies = dict[int, NDArray[np.float64]]
Lags = dict[str, list[float | None]]


def combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    """The window by each rule, and accuracy by window with 95 % intervals over seeds."""
    about = next(r for r in results if "lags" in r)
    networks = sorted((r for r in results if "window" in r), key=lambda r: (r["window"], r["seed"]))
    found: Accuracies = {
        window: np.array([r["accuracy"] for r in networks if r["window"] == window])
        for window in range(1, settings.max_window + 1)
    }
    data = about["data"]
    first = (
        f"{data['name']} ({data['label']}): {about['clients']:,} clients, {about['exercises']:,} exercises, "
        f"{about['done']:,} done; {settings.permutations:,} permutations, {settings.seeds} "
        f"{'seeds' if settings.seeds > 1 else 'seed'}."
    )
    return Result(
        headline=(first, _rule(about, settings), *_guide(about["rule"][RULE], found, settings)),
        tables=(
            _readings(about["rule"], found, settings),
            _accuracy(settings, found, networks, data["paper"]),
            _by_lag(about["lags"], settings),
            _seeds(networks),
        ),
        charts=(
            *(_lag_chart(name, about["lags"][name], settings) for name in TITLES),
            *(_window_chart(found, column, settings) for column in range(len(KS))),
        ),
        synthetic=data["synthetic"],
    )


def _rule(about: dict[str, Any], settings: Settings) -> str:
    """What the rule gives, or why it gives nothing."""
    lag = about["rule"][RULE]
    if lag is not None:
        where = "as the paper chose" if lag == PAPER else f"where the paper chose {PAPER} for its own cohort"
        return (
            "The rule, the shortest window that reaches the lag with the highest autocorrelation above "
            f"the band of chance, gives {lag}, {where}."
        )
    if about["once"]:
        return (
            "The rule gives no window: nobody here does an exercise twice, so that the autocorrelation "
            "of the one-hot sequence is the same at every lag and in every order. It cannot choose a "
            f"window for such data; the paper uses {PAPER} all the same. Mutual information, which sees "
            "what calls for what, can."
        )
    if about["flat"]:
        return "The rule gives no window: no order of the exercises would change their autocorrelation."
    return (
        f"The rule gives no window: at none of {settings.max_lag} lags does the same exercise come back "
        "more often than by chance. Nothing here speaks for a window longer than 1."
    )


def _best(found: Accuracies) -> int:
    """The window with the highest mean top-1, the shortest of equal ones."""
    return max(found, key=lambda window: (float(found[window][:, 0].mean()), -window))


def _guide(lag: int | None, found: Accuracies, settings: Settings) -> list[str]:
    """Whether the rule's window is where the network does best."""
    best = _best(found)
    means = {window: float(of[:, 0].mean()) for window, of in found.items()}
    worst = min(means, key=lambda window: means[window])
    sentences = [
        f"Clients held out, repeats {settings.repeats}: the network's top-1 is highest with a window of "
        f"{best} ({means[best]:.1f} %{', the rule’s own' if best == lag else ''}) and lowest with {worst} "
        f"({means[worst]:.1f} %)."
    ]
    asked = {PAPER: "the paper's window"} | ({lag: "the rule's window"} if lag is not None else {})
    for window, whose in asked.items():
        if window == best:
            continue
        if window not in found:
            sentences.append(
                f"With {whose} of {window} the network was not trained; the longest is {settings.max_window}."
            )
            continue
        difference = interval(found[window][:, 0] - found[best][:, 0])
        sentences.append(
            f"With {whose} of {window} it is {means[window]:.1f} %; to the best one it is "
            f"{difference_in_words(difference)}."
        )
    return sentences


def _readings(rule: dict[str, int | None], found: Accuracies, settings: Settings) -> Table:
    best = _best(found)
    rows: list[tuple[Cell, ...]] = []
    for name, lag in (*rule.items(), ("paper", PAPER)):
        cells: tuple[Cell, ...] = (None, None, None, None)
        if lag in found:
            difference = interval(found[lag][:, 0] - found[best][:, 0])
            cells = (float(found[lag][:, 0].mean()), difference.mean, difference.low, difference.high)
        rows.append((READINGS.get(name, "The paper's window"), MEANS[name], lag, *cells))
    return Table(
        "Which window",
        ("Reading", "Which is", "Window", "Top-1 %", f"Points to the best ({best})", "Low", "High"),
        tuple(rows),
        f"Lags from 1 to {settings.max_lag}; the band of each function holds all of them at once in 95 % "
        f"of {settings.permutations:,} permutations of each client's exercises. A farthest lag of "
        f"{settings.max_lag} says that the dependence does not end within the lags looked at. No window "
        "where a reading gives none, and no accuracy where a window was not tried. Points: against the "
        "window with the highest top-1, paired by seed, with the 95 % interval; the best is chosen from "
        "the same figures, which favours it a little.",
    )


def _accuracy(settings: Settings, found: Accuracies, networks: Sequence[dict[str, Any]], paper: str) -> Table:
    best = _best(found)
    rows: list[tuple[Cell, ...]] = []
    for window, of in found.items():
        columns = [interval(of[:, column]) for column in range(len(KS))]
        difference = interval(of[:, 0] - found[best][:, 0])
        rows.append(
            (
                window,
                *(cell for i in columns for cell in (i.mean, i.half)),
                difference.mean,
                difference.low,
                difference.high,
            )
        )
    counts = sorted({r["windows"] for r in networks})
    tested = f"{counts[0]:,} to {counts[-1]:,}" if len(counts) > 1 else f"{counts[0]:,}"
    size = f" The network has the {SIZES[settings.size]}." if paper == "films" else ""
    return Table(
        "Accuracy by window",
        (
            "Window",
            *(name for k in KS for name in (f"Top-{k} %", f"± top-{k}")),
            f"Points to the best ({best})",
            "Low",
            "High",
        ),
        tuple(rows),
        f"The paper's network on clients held out ({100 * settings.test_share:.0f} % of them, the same ones for "
        f"every window of a seed), means over {settings.seeds} seeds; ± is half of the 95 % interval "
        f"over seeds. {tested} windows are tested, the first ones of a client padded on the left; "
        f"repeats {settings.repeats}.{size} There is no asking.",
    )


def _by_lag(lags: dict[str, Lags], settings: Settings) -> Table:
    columns = ["Lag"]
    for _, y_title in TITLES.values():
        name = y_title.removesuffix(" (bits)")
        columns += [y_title, f"{name} by chance", f"{name}, band from", f"{name}, band to"]
    rows = tuple(
        (
            lag,
            *(lags[name][part][lag - 1] for name in TITLES for part in ("found", "chance", "low", "high")),
        )
        for lag in range(1, settings.max_lag + 1)
    )
    return Table(
        "By lag",
        tuple(columns),
        rows,
        "Autocorrelation of the one-hot sequence: the share of pairs so far apart that are the same "
        "exercise, less that of independent draws, over 1 less that. Partial autocorrelation: of what "
        "is left of it above its mean over permutations (Durbin and Levinson). Mutual information has a "
        "bias, the larger the fewer pairs there are; its mean over permutations shows it. Pairs never "
        "span two clients.",
    )


def _seeds(networks: Sequence[dict[str, Any]]) -> Table:
    rows = tuple((r["window"], r["seed"], *r["accuracy"], r["windows"]) for r in networks)
    return Table("Accuracy by seed", ("Window", "Seed", *(f"Top-{k} %" for k in KS), "Tested windows"), rows)


def _lag_chart(name: str, lags: Lags, settings: Settings) -> Chart:
    title, y_title = TITLES[name]
    x = tuple(float(lag) for lag in range(1, settings.max_lag + 1))
    above = [
        str(lag)
        for lag, (value, high) in enumerate(zip(lags["found"], lags["high"], strict=True), start=1)
        if value is not None and high is not None and value > high
    ]
    known = [(value, -lag) for lag, value in enumerate(lags["found"], start=1) if value is not None]
    highest = "which cannot be told"
    if known:
        value, lag = max(known)
        highest = f"highest at lag {-lag} with {value:.3f}"
    return Chart(
        "lines",
        title,
        "Lag",
        y_title,
        (
            Series("Found", x, tuple(lags["found"])),
            Series("By chance", x, tuple(lags["chance"]), tuple(lags["low"]), tuple(lags["high"])),
        ),
        f"{y_title} at lags 1 to {settings.max_lag}, {highest}, "
        f"beside the band of chance. Above the band: {'lag ' + ', '.join(above) if above else 'no lag'}.",
    )


def _window_chart(found: Accuracies, column: int, settings: Settings) -> Chart:
    k = KS[column]
    of = {window: interval(values[:, column]) for window, values in found.items()}
    return Chart(
        "lines",
        f"Top-{k} accuracy by window, clients held out",
        "Window: past exercises that the network sees",
        f"Top-{k} accuracy (%)",
        (
            Series(
                "Network of the paper",
                tuple(float(window) for window in of),
                tuple(i.mean for i in of.values()),
                tuple(i.low for i in of.values()),
                tuple(i.high for i in of.values()),
            ),
        ),
        f"Mean top-{k} accuracy by window with 95 % intervals over seeds, repeats {settings.repeats}: "
        f"{'; '.join(f'{window} {i.mean:.1f} %' for window, i in of.items())}.",
    )
