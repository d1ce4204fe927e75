"""Charts of the simulation's study."""

from collections.abc import Iterator, Mapping

from core.bandit.simulation.running import LEARNING, WIDE
from core.bandit.simulation.world import WEEK
from core.services.studies.bandit import paper
from core.services.studies.bandit.kept import Repeated, less
from core.services.studies.bandit.worlds import NAMES, number
from core.services.studies.statistics import interval
from core.services.studies.study import Chart, Series

Found = Mapping[str, Repeated]


def all_charts(found: Found) -> Iterator[Chart]:
    """Every chart for which there are figures."""
    yield _curves(found, "regret", "Cumulative regret", "Regret", first=1)
    learning = {name: runs for name, runs in found.items() if name in LEARNING}
    if 0 < len(learning) < len(found):  # beside random picks they lie on one another
        yield _curves(learning, "regret", "Cumulative regret of those that learn", "Regret", first=1)
    for other in ("epsilon-greedy", "random"):
        if other in found and any(name in found for name in WIDE):
            yield _less(found, other)
    yield _curves(found, "reward", "Reward by day, each week begun anew", "Mean reward a decision", first=1)
    if any(name in found for name in LEARNING):
        yield _curves(found, "explored", "Exploratory picks", "Share of the day's picks", first=1)
        yield _calibration(found)
    yield _curves(
        found, "distance", "Distance within a week's plan", "Share of pairs that differ", first=WEEK
    )
    yield from _fairness(found)


def _curves(found: Found, measure: str, title: str, y_title: str, *, first: int) -> Chart:
    series, said = [], []
    for name, runs in found.items():
        lines = runs.curve(measure)
        if lines is None:
            continue
        of = [interval(day) for day in lines.T]
        series.append(
            Series(
                NAMES[name],
                tuple(float(first + place) for place in range(len(of))),
                tuple(day.mean for day in of),
                tuple(day.low for day in of),
                tuple(day.high for day in of),
            )
        )
        digits = 0 if measure == "regret" else 3
        said.append(f"{NAMES[name]} from {number(of[0].mean, digits)} to {number(of[-1].mean, digits)}")
    alt = title.replace(" by day", "")
    return Chart(
        "lines",
        title,
        "Day",
        y_title,
        tuple(series),
        f"{alt}, day by day, means over repetitions with 95 % intervals: {'; '.join(said)}.",
    )


def _less(found: Found, other: str) -> Chart:
    names = [name for name in WIDE if name in found]
    of = [less(found[name], found[other])[1] for name in names]
    series = [
        Series(
            "Here",
            tuple(NAMES[name] for name in names),
            tuple(i.mean for i in of),
            tuple(i.low for i in of),
            tuple(i.high for i in of),
        )
    ]
    if "linucb" in names:
        series.append(Series("Paper, one run", (NAMES["linucb"],), (paper.LESS[other],)))
    told = "; ".join(f"{NAMES[name]} {number(i.mean, 1)} %" for name, i in zip(names, of, strict=True))
    return Chart(
        "intervals",
        f"Less regret than {_lower(other)}",
        "",
        "Less regret (%)",
        tuple(series),
        f"How much less regret than {_lower(other)}, paired by repetition, with 95 % intervals: {told}. The paper "
        f"reports {paper.LESS[other]} % for LinUCB.",
    )


def _calibration(found: Found) -> Chart:
    series, said = [], []
    for name in LEARNING:
        tenths = found[name].calibration() if name in found else None
        if tenths is None:
            continue
        counts, predicted, earned = tenths[:, tenths[0] > 0]
        series.append(Series(NAMES[name], tuple(predicted / counts), tuple(earned / counts)))
        error = found[name].of("error")
        if error is not None:
            said.append(f"{NAMES[name]} {error.mean:.3f}")
    series.append(Series("Predicted as earned", (0.0, 1.0), (0.0, 1.0)))
    return Chart(
        "lines",
        "Predicted and earned reward",
        "Predicted reward, by tenths",
        "Earned reward",
        tuple(series),
        "Mean earned against mean predicted reward by tenths of the prediction. "
        f"Calibration errors: {'; '.join(said)}.",
    )


def _fairness(found: Found) -> Iterator[Chart]:
    name = next((name for name in LEARNING if name in found), None)
    if name is None:
        return
    series, said = [], []
    for title, figure in (("Difference", "difference"), ("By chance", "null")):
        values = {a: found[name].fairness(a, figure) for a in paper.FAIRNESS}
        of = {a: interval(v) for a, v in values.items() if v is not None}
        series.append(
            Series(
                title,
                tuple(a.capitalize() for a in of),
                tuple(i.mean for i in of.values()),
                tuple(i.low for i in of.values()),
                tuple(i.high for i in of.values()),
            )
        )
        said += [f"{title.lower()} for {a} {i.mean:.3f}" for a, i in of.items()]
    if name == "linucb":
        series.append(
            Series(
                "Paper, one run",
                tuple(a.capitalize() for a in paper.FAIRNESS),
                tuple(paper.FAIRNESS.values()),
            )
        )
    yield Chart(
        "intervals",
        f"Equal-opportunity difference of {NAMES[name]}",
        "",
        "Difference between groups",
        tuple(series),
        f"Largest gap between groups with what chance alone makes of it: {'; '.join(said)}.",
    )


def _lower(name: str) -> str:
    return {"random": "random picks"}.get(name, NAMES[name])
