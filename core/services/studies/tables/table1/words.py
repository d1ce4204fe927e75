"""What the result of Table I says in sentences and in notes under its tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.services.studies.statistics import Interval, interval, signed
from core.services.studies.tables.paper import ALPHA, THRESHOLD, unpublished
from core.services.studies.tables.table1.figures import Figures, Found, Rate, papers_rule
from core.services.studies.tables.table1.rows import ASKING, BASELINE, EXPERT, FULL, HALF, ROWS, RULES, Row
from core.services.studies.tables.table1.settings import Settings

WHY = {
    EXPERT: "the categories are those of this cohort's catalogue, not the paper's expert's",
    RULES: "the paper says neither what its transactions are (here: sessions) nor how frequent a rule must be",
    HALF: "the paper does not say to what; here k is 5 in place of 10: h(t) and what the output layer reads halve",
}
ADDED_NOTE = (
    "Differences of top-1 accuracy in percentage points, paired by seed, with their 95 % intervals over "
    "repeats, and for accuracies on all steps also over clients (paired by client, each the mean of its "
    "repeats): the first says what chance in training can do, the second how far a difference hangs on who was "
    "in the cohort. Steps that were not asked about beside row 1's all steps is the paper's comparison; it "
    "mixes what learning adds with what leaving out uncertain steps adds, which the tables of active learning "
    "keep apart."
)
RATES_NOTE = (
    "On clients left out, before any answer: the share of each one's steps whose margin is below the threshold "
    "of its fold, in the mean of the clients. The two conformal rules and the empirical quantile are calibrated "
    "on the other clients left out, each by the network of its own fold. Over clients the bound holds exactly "
    "in such a comparison, whatever the margins; it asks nothing where no p-value can be that small (1 % with "
    "fewer than 100 clients). Over steps it is exact only if one client's margins are no more alike than those "
    "of two, so that a small excess is to be expected. The empirical quantile promises nothing. The Dirichlet "
    "promises its nominal rate if margins follow it. ± is half of the 95 % interval over repeats; the spread is "
    "the standard deviation of the clients' shares."
)


def about(settings: Settings, results: Sequence[dict[str, Any]]) -> str:
    """What was computed, on which data."""
    first = results[0]
    plain = sorted({n for r in results if r["training"] not in (EXPERT, RULES) for n in r["samples"]})
    if plain:
        counted = f"{plain[0]:,}" if len(plain) == 1 else f"{plain[0]:,} to {plain[-1]:,}"
        said = f" {counted} training samples a fold" + (", as in the paper;" if plain == [2343] else ";")
    else:
        said = ""
    return (
        f"{first['data']['name']} ({first['data']['label']}): {len(first['clients'])} of {first['cohort']} "
        f"clients left out in turn, {first['exercises']} exercises, windows of {settings.window} real "
        f"inputs,{said} {sum(first['windows']):,} tested steps, {settings.repeats} "
        f"{'repeats' if settings.repeats > 1 else 'repeat'}; repeats of an exercise allowed."
    )


def findings(settings: Settings, found: Found, asked: Sequence[Rate]) -> list[str]:
    """The main findings, in the order of the table."""
    sentences = []
    if (BASELINE, "") in found:
        top = found[BASELINE, ""].top["all"].mean(axis=0)
        printed = ROWS[BASELINE].printed.top
        sentences.append(
            f"Row 1, demographic profile: {_three(top)} % at top-1, 5 and 10 (the paper: {_three(printed)})."
        )
        sentences += [_beside(key, found) for key in ("2", "3", "4", "6", HALF) if (key, "") in found]
    rule = papers_rule(settings)
    sentences += [_learning(key, found[key, rule], rule) for key in ("5", "7", "9") if (key, rule) in found]
    if asked:
        sentences += _rates(asked)
    return sentences


def _three(top: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in top)


def _beside(key: str, found: Found) -> str:
    own, base = found[key, ""], found[BASELINE, ""]
    difference = interval(own.top["all"][:, 0] - base.top["all"][:, 0])
    printed = ROWS[key].printed.top[0] - ROWS[BASELINE].printed.top[0]
    name = "Halved network" if key == HALF else f"Row {key}, {ROWS[key].printed.method}"
    return (
        f"{name}: top-1 {own.top['all'][:, 0].mean():.1f} %, {_points(difference)} beside row 1 (the paper: "
        f"{signed(printed)})."
    )


def _points(difference: Interval) -> str:
    if difference.low is None or difference.high is None:
        return f"{signed(difference.mean)} points"
    return (
        f"{signed(difference.mean)} points (95 % interval over repeats {signed(difference.low)} to "
        f"{signed(difference.high)})"
    )


def _learning(key: str, figures: Figures, rule: str) -> str:
    start = f"Row {key}, {ROWS[key].printed.method}, asking by {ASKING[rule].name}: "
    asked = f"asks about {figures.asked.mean():.1f} % of steps"
    known = np.isfinite(figures.top["unasked"][:, 0])
    if not known.any():
        return f"{start}{asked}, and so leaves none to be right about by itself."
    unasked, untaught = (figures.top[name][known, 0] for name in ("unasked", "untaught"))
    learnt = interval(unasked - untaught)
    chance = learnt.low is not None and learnt.high is not None and learnt.low <= 0 <= learnt.high
    return (
        f"{start}{asked}. On the others top-1 is {unasked.mean():.1f} % (the paper, which counts only these: "
        f"{ROWS[key].printed.top[0]:.1f}), but the same network without any answer is right on "
        f"{untaught.mean():.1f} % of as many of its most certain steps, so that {_points(learnt)} are owed to "
        f"learning{', which could be chance' if chance else ''}. On all steps it is "
        f"{figures.top['all'][:, 0].mean():.1f} %."
    )


def _rates(asked: Sequence[Rate]) -> list[str]:
    sentences = []
    for rule, name in (("clients", "The conformal rule over clients"), ("conformal", "The one over steps")):
        own = [rate for rate in asked if rate.rule == rule]
        beyond = [rate for rate in own if not rate.within]
        if beyond:
            most = max(beyond, key=lambda rate: float(rate.observed.mean()) / rate.nominal)
            end = (
                f"beyond it at {', '.join(f'{rate.nominal:g} %' for rate in beyond)} (by most at "
                f"{most.nominal:g} %: {most.observed.mean():.2f} %)"
            )
        else:
            end = "within its nominal rate at each of them"
        observed = ", ".join(f"{rate.observed.mean():.2f}" for rate in own)
        sentences.append(
            f"{name} asked about {observed} % of the steps of clients left out at nominal "
            f"{', '.join(f'{rate.nominal:g}' for rate in own)} %, {end}."
        )
    dirichlet = [rate for rate in asked if rate.rule == "dirichlet"]
    sentences.append(
        f"The paper's Dirichlet asked about {', '.join(f'{rate.observed.mean():.1f}' for rate in dirichlet)} % "
        "at the same rates."
    )
    return sentences


def why(row: Row, counted: str, *, synthetic: bool) -> str:
    """The reason where a row differs from the paper's, on a synthetic cohort or on another one."""
    reasons = [unpublished(synthetic=synthetic)]
    if row.training == FULL and synthetic:
        reasons.append(
            "the questionnaires' scores of a generated cohort depend on what is done as its maker chose"
        )
    elif row.training in WHY:
        reasons.append(WHY[row.training])
    if row.learns and counted == "unasked":
        reasons.append(
            "the authors' code leaves steps asked about out of its accuracy, and this figure does so too"
        )
    elif row.learns:
        reasons = ["not in the paper, which leaves out the steps it asks about"]
    return "; ".join(reasons)


def within(rate: Rate) -> str:
    """Whether a rule asked no more than promised."""
    excess = float(rate.observed.mean()) - rate.nominal
    return "yes" if rate.within else f"no, {excess:.2f} points above"


def table_note(settings: Settings, rule: str) -> str:
    """Under Table I."""
    return (
        f"Means over {settings.repeats} repeats; ± is half of the 95 % interval over repeats (t distribution), "
        "which says how much chance in training moves a figure, not how it would be with other clients. The "
        "spread is the standard deviation of the clients' top-1 accuracies, each the mean of its repeats. The "
        f"paper gives neither. Only targets with {settings.window} exercises before them are trained on and "
        "tested, as the paper's count of samples says. Augmented sequences are added to the originals. Of rows "
        f"that learn, those asking by {ASKING[rule].name} are shown; every rule, with the four figures apart, "
        "has its place in the tables below. The accuracy on steps not asked about is the paper's figure, but no "
        "fair one: the steps left out are the hard ones."
    )


def asking_note(settings: Settings) -> str:
    """Under the tables of active learning."""
    return (
        "The client left out is walked through step by step; where the rule asks, the answer is what the client "
        "did, and the last layer learns it for this client alone. All steps: those asked about count by what "
        "the network said before it was answered. Not asked about: the only ones in the paper's figures. Same "
        "coverage, no learning: the network before any answer, on as many of its most certain steps as were not "
        "asked about. Owed to learning: the difference of the last two, paired by seed, with its 95 % interval "
        f"over repeats. Rules without a rate of their own ask at a nominal {100 * settings.alpha:.0f} %; learning "
        f"makes networks surer, so that fewer steps may be asked about. The paper prints a threshold of {THRESHOLD} "
        f"for a level of {ALPHA}; from its Dirichlet parameters follows 0.03 (0.02 renormalised), which is why "
        f"both “{ASKING['printed'].name}” and the Dirichlet at {100 * ALPHA:.0f} % are here."
    )
