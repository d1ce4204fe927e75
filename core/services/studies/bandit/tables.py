"""Tables of the simulation's study."""

from collections.abc import Iterator, Mapping

import numpy as np

from core.bandit.fairness import GROUPS
from core.bandit.simulation.running import LEARNING, WIDE
from core.bandit.simulation.world import WEEK
from core.guidelines import ARMS
from core.services.studies.bandit import paper
from core.services.studies.bandit.kept import Repeated, less
from core.services.studies.bandit.worlds import INVENTED, NAMES, Simulated
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Cell, Table

Found = Mapping[str, Repeated]
BASELINES = ("epsilon-greedy", "random")


def all_tables(settings: Simulated, found: Found) -> Iterator[Table]:
    """Every table, the most asked for first."""
    yield _regret(settings, found)
    yield _differences(found)
    yield _beside_the_paper(found)
    yield _measures(found)
    yield _fairness(found)
    yield _rates(found)
    yield _calibration(found)
    yield _seeds(found)


def _regret(settings: Simulated, found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, runs in found.items():
        final, earned = runs.of("final"), runs.of("earned")
        rows.append(
            (
                NAMES[name],
                *_mean_half(final),
                paper.REGRET.get(name),
                *_mean_half(earned, 100),
                *_mean_half(runs.of("best"), 100),
                *_range(runs.of("growth")),
                *_range(runs.of("late_growth")),
            )
        )
    decisions = settings.people * settings.days
    return Table(
        "Regret",
        (
            "Policy",
            "Regret",
            "±",
            "Paper's regret",
            "Reward of 100 decisions",
            "± reward",
            "Best arm offered, %",
            "± best",
            "Growth p",
            "p from",
            "p to",
            "Late growth p",
            "Late p from",
            "Late p to",
        ),
        tuple(rows),
        f"Regret: expected reward of the best open arm less that of the one offered, summed over {decisions:,} "
        "decisions, in the state that the policy's own picks led to. ± is half of the 95 % interval over "
        f"{settings.seeds} repetitions. p: regret grows as t^p, fitted to each repetition over all days and over the "
        f"second half; below 1 is sub-linear. Days of a week differ, so that even random picks do not have exactly 1: "
        f"they are the comparison. {INVENTED}",
    )


def _differences(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in WIDE:
        for other in BASELINES:
            if name in found and other in found:
                apart, share = less(found[name], found[other])
                theirs = paper.LESS[other] if name == "linucb" else None
                rows.append(
                    (
                        NAMES[name],
                        NAMES[other],
                        apart.mean,
                        apart.low,
                        apart.high,
                        share.mean,
                        share.low,
                        share.high,
                        theirs,
                    )
                )
    return Table(
        "Less regret",
        ("Policy", "Against", "Less regret", "From", "To", "Less, %", "% from", "% to", "Paper, %"),
        tuple(rows),
        "Paired by repetition, with 95 % intervals; below 0 the policy has more regret than the other.",
    )


def _beside_the_paper(found: Found) -> Table:
    if "linucb" not in found:
        return Table("Beside the paper", ("Measure", "Paper", "LinUCB here", "From", "To", "Read as"), ())
    runs = found["linucb"]
    lines: list[tuple[str, float, Interval | None, str]] = [
        (
            "Plan distance, first",
            paper.DISTANCE[0],
            runs.day("distance", 0),
            "paper: day 1; here: days 1 to 7",
        ),
        ("Plan distance, last", paper.DISTANCE[1], runs.day("distance", -1), "here: the last seven days"),
        ("Exploratory picks, first day", paper.EXPLORED[0], runs.day("explored", 0), "share"),
        ("Exploratory picks, last day", paper.EXPLORED[1], runs.day("explored", -1), "share"),
        ("Jaccard of similar people", paper.SIMILAR, runs.of("similar"), "sets of arms, last week"),
        ("Jaccard of random pairs", float("nan"), runs.of("chance"), "what chance alone gives"),
    ]
    for attribute, theirs in paper.FAIRNESS.items():
        gap, null = runs.fairness(attribute, "difference"), runs.fairness(attribute, "null")
        title = f"Equal-opportunity difference, {attribute}"
        lines += [
            (title, theirs, None if gap is None else interval(gap), "largest gap between groups, last day"),
            (
                f"{title}: chance",
                float("nan"),
                None if null is None else interval(null),
                "if groups did not matter",
            ),
        ]
    return Table(
        "Beside the paper",
        ("Measure", "Paper", "LinUCB here", "From", "To", "Read as"),
        tuple(
            (title, None if theirs != theirs else theirs, *_range(of), note)
            for title, theirs, of, note in lines
        ),
        "Means over repetitions with 95 % intervals. The paper does not define the items of its lists, what an "
        "exploratory action is, or who counts as well served; the last column says how it is read here. Of a plan of "
        "seven sessions of three arms at most 0.762 of the pairs can differ, and 0.667 do in random plans.",
    )


def _measures(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, runs in found.items():
        violations = runs.values("violations")
        rows.append(
            (
                NAMES[name],
                *(float(100 * share) for share in runs.offered()),
                _mean(runs.day("explored", 0), 100),
                _mean(runs.day("explored", -1), 100),
                _mean(runs.day("distance", 0)),
                _mean(runs.day("distance", -1)),
                _mean(runs.of("similar")),
                _mean(runs.of("chance")),
                _mean(runs.of("error")),
                None if violations is None else int(violations.sum()),
            )
        )
    return Table(
        "What else was measured",
        (
            "Policy",
            *(f"{arm.capitalize()}, %" for arm in ARMS),
            "Exploratory, first day, %",
            "Last day, %",
            "Plan distance, first week",
            "Last week",
            "Jaccard, similar people",
            "Random pairs",
            "Calibration error",
            "Safety violations",
        ),
        tuple(rows),
        "Means over repetitions; violations are summed over all of them, as an audit counts them that knows nothing of "
        "the gate's table or code. Exploratory: the policy itself expected more of another open arm. Plan distance: "
        f"share of pairs that differ among a person's {WEEK} picks. Similar people: same sex and conditions, at most "
        "five years apart. Calibration error: mean distance of predicted from earned reward over tenths of the "
        "prediction, second half of the days.",
    )


def _fairness(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, runs in found.items():
        if name == "oracle":
            continue
        for attribute in GROUPS:
            gap, null = runs.fairness(attribute, "difference"), runs.fairness(attribute, "null")
            high, p = runs.fairness(attribute, "null_high"), runs.fairness(attribute, "p")
            if gap is None or null is None or high is None or p is None:
                continue
            rows.append(
                (
                    NAMES[name],
                    attribute,
                    *_range(interval(gap)),
                    float(null.mean()),
                    float(high.mean()),
                    float(100 * (p <= 0.05).mean()),
                    paper.FAIRNESS[attribute] if name == "linucb" else None,
                )
            )
    return Table(
        "Fairness",
        (
            "Policy",
            "Attribute",
            "Difference",
            "From",
            "To",
            "By chance",
            "95 % of chance below",
            "Repetitions with p ≤ 0.05, %",
            "Paper",
        ),
        tuple(rows),
        "Equal-opportunity difference: largest gap between two groups' shares of people who were offered the arm that "
        "is truly best for them, on the last day, among those with a choice. By chance: its mean if groups did not "
        "matter, from permutations; chance alone puts 5 % of repetitions at p ≤ 0.05. Race has no effect on rewards "
        "here, sex only through guideline rows, and age has one.",
    )


def _rates(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, runs in found.items():
        if name == "oracle":
            continue
        for attribute, groups in GROUPS.items():
            rates = runs.fairness(attribute, "rates")
            if rates is None:
                continue
            for group, of in zip(groups, rates.T, strict=False):
                known = of[np.isfinite(of)]
                if known.size:
                    mean = interval(100 * known)
                    rows.append((NAMES[name], attribute, group, mean.mean, mean.low, mean.high))
    return Table(
        "Best arm by group",
        ("Policy", "Attribute", "Group", "Offered their best arm, %", "From", "To"),
        tuple(rows),
        "On the last day, with 95 % intervals over repetitions: a gap that stays here is not chance.",
    )


def _calibration(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in LEARNING:
        tenths = found[name].calibration() if name in found else None
        if tenths is None:
            continue
        for place, (count, predicted, earned) in enumerate(tenths.T):
            if count:
                rows.append(
                    (
                        NAMES[name],
                        f"{place / 10:.1f} to {(place + 1) / 10:.1f}",
                        int(count),
                        predicted / count,
                        earned / count,
                    )
                )
    return Table(
        "Predicted and earned",
        ("Policy", "Predicted", "Decisions", "Predicted, mean", "Earned, mean"),
        tuple(rows),
        "Of the second half of the days, all repetitions together. Predictions below 0 or above 1 are in the first and "
        "the last tenth.",
    )


def _seeds(found: Found) -> Table:
    count = len(next(iter(found.values())).runs)
    return Table(
        "Regret of each repetition",
        ("Repetition", *(NAMES[name] for name in found), "Left out by the gate"),
        tuple(
            (
                k + 1,
                *(float(runs.runs[k]["final"]) for runs in found.values()),
                int(next(iter(found.values())).runs[k]["left_out"]),
            )
            for k in range(count)
        ),
        "Left out: people drawn for whom the safety gate left nothing open; others were drawn for them.",
    )


def _mean(of: Interval | None, scale: float = 1) -> float | None:
    return None if of is None else scale * of.mean


def _mean_half(of: Interval | None, scale: float = 1) -> tuple[float | None, float | None]:
    if of is None:
        return None, None
    return scale * of.mean, None if of.half is None else scale * of.half


def _range(of: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if of is None else (of.mean, of.low, of.high)
