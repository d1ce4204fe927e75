"""Names of the ways of asking, and the sentences of the result."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recommender import querying
from core.services.studies.labels.efficiency import ratio
from core.services.studies.statistics import Interval, difference_in_words, interval, signed

if TYPE_CHECKING:
    from core.services.studies.labels.gathered import Curves, Walks
    from core.services.studies.labels.settings import Settings

RANDOM, VALUE = "random", "value"
NAMES = {
    RANDOM: "Random",
    "conformal": "Conformal rule",
    "dirichlet": "Dirichlet rule",
    "entropy": "Entropy",
    "least confidence": "Least confidence",
    "diverse": "Diverse batches",
    VALUE: "Value of an answer",
}
HALF = 0.5

NEEDED_NOTE = (
    "How many answers each way of asking needs for the accuracy that so many bring at random. Read off the mean "
    "curves, each made to rise (isotonic regression); the 95 % interval is a jackknife over seeds. No figure "
    "where the accuracy is not reached within the rounds. “Yes” and “no” are said where the whole interval lies on "
    "that side of one half."
)
STOPS_NOTE = (
    "Asking stops where the first choices of successive models on the pool's steps agree, by Cohen's kappa averaged "
    f"over {querying.ROUNDS} rounds, to at least the figure on the left (Bloodgood and Vijay-Shanker 2009, who take "
    f"{querying.AGREEMENT:g}). It needs no answer to know. Still to gain: top-1 after all rounds less that at the "
    "stop, over the splits that stop, with its 95 % interval."
)
RATES_NOTE = (
    "Share of the waiting steps that the rule asks about, in each round, beside the share it names. The first moves "
    "away from the second as the pool is used up: what a rule asks about leaves the pool, and what it does not ask "
    "about stays. From the asked ones a batch is drawn; where there are too few, the next smallest margins follow."
)


def about(settings: "Settings", results: Sequence[dict[str, Any]]) -> str:
    """What the run stands on."""
    data = results[0]["data"]
    start, pool, _, test = np.array([r["sizes"] for r in results]).mean(axis=0)
    return (
        f"{data['name']} ({data['label']}): {settings.seeds} splits of the clients; {start:,.0f} steps of "
        f"{settings.start} clients known at first, {pool:,.0f} steps of others to ask about, {settings.rounds} rounds "
        f"of {settings.batch}, tested on {test:,.0f} steps of clients held out."
    )


def findings(settings: "Settings", found: "dict[str, Curves]", walked: "Sequence[Walks]") -> list[str]:
    """The verdict on the value of an answer, the other ways of asking, the stopping rule, and client by client."""
    sentences = []
    if VALUE in found:
        sentences += [_verdict(found), _at_half(found)]
    sentences += _others(found)
    sentences.append(_stopping(settings, found))
    sentences += _clients(walked)
    return sentences


def _verdict(found: "dict[str, Curves]") -> str:
    """What half the labels are held against: all rounds, and beside them a third and two thirds."""
    random, value = found[RANDOM], found[VALUE]
    first, *others = milestones(len(random.labels))
    labels, level = int(random.labels[first]), float(random.top1[:, first].mean())
    share = ratio(value.labels, value.top1, random.top1, first)
    text = (
        f"Random asking reaches {level:.1f} % top-1 with {labels:,} labels; asking by the value of an answer "
    )
    if share is None:
        text += "does not reach that within as many, so it does not do with at most half of them."
    else:
        half = {
            "yes": "That is at most half.",
            "no": f"That is more than half, by {share.mean - HALF:.2f}.",
            "likely": "That is at most half, but the interval does not rule out more.",
            "unlikely": f"That is more than half, by {share.mean - HALF:.2f}, but the interval holds one half.",
        }[within_half(share)]
        text += f"needs {share.mean * labels:,.0f}, {share.mean:.2f} of them{_bounds(share)}. {half}"
    said = []
    for at in others:
        share = ratio(value.labels, value.top1, random.top1, at)
        needs = "more" if share is None else f"{share.mean:.2f}{_bounds(share)}"
        said.append(f"for what {random.labels[at]:,.0f} bring at random, {needs} of them")
    return f"{text} {'; '.join(said).capitalize()}." if said else text


def milestones(rounds: int) -> list[int]:
    """All of the rounds, two thirds and a third of them, as places among the points of a curve."""
    last = rounds - 1
    return sorted({max(1, round(last * share)) for share in (1 / 3, 2 / 3, 1)}, reverse=True)


def _bounds(share: Interval) -> str:
    if share.low is None or share.high is None:
        return " (no interval)"
    return f" (95 % interval {share.low:.2f} to {share.high:.2f})"


def within_half(share: Interval | None) -> str:
    """Whether a share of random's labels is at most one half: yes, no, likely or unlikely."""
    if share is None:
        return "no"
    if share.low is None or share.high is None:
        return "likely" if share.mean <= HALF else "unlikely"
    if share.high <= HALF:
        return "yes"
    if share.low > HALF:
        return "no"
    return "likely" if share.mean <= HALF else "unlikely"


def _at_half(found: "dict[str, Curves]") -> str:
    random, value = found[RANDOM], found[VALUE]
    last = len(random.labels) - 1
    half = last // 2
    if not half:
        return f"With {random.labels[last]:,.0f} labels each: {_against(value, random, last, last)}."
    return (
        f"With {value.labels[half]:,.0f} labels by value against {random.labels[last]:,.0f} at random: "
        f"{_against(value, random, half, last)}. With {random.labels[last]:,.0f} each: "
        f"{_against(value, random, last, last)}."
    )


def _against(of: "Curves", random: "Curves", at: int, beside: int) -> str:
    return difference_in_words(interval(of.top1[:, at] - random.top1[:, beside]))


def _others(found: "dict[str, Curves]") -> list[str]:
    random = found[RANDOM]
    last = len(random.labels) - 1
    shares = {
        name: ratio(of.labels, of.top1, random.top1, last)
        for name, of in found.items()
        if name not in (RANDOM, VALUE)
    }
    reach = [f"{_inside(name)} {share.mean:.2f}{_bounds(share)}" for name, share in shares.items() if share]
    never = [_inside(name) for name, share in shares.items() if share is None]
    said = []
    if reach:
        said.append(f"For the same accuracy, of random's labels: {'; '.join(reach)}.")
    if never:
        said.append(f"Not as accurate as random asking with all labels: {', '.join(never)}.")
    return [" ".join(said)] if said else []


def _inside(name: str) -> str:
    """A name within a sentence."""
    return NAMES[name] if name == "dirichlet" else NAMES[name].lower()


def _stopping(settings: "Settings", found: "dict[str, Curves]") -> str:
    said = []
    for name in (VALUE, RANDOM):
        if name not in found:
            continue
        of = found[name]
        ended = of.stops(settings.agreement)
        text = f"{_inside(name)} in {len(ended)} of {len(of.top1)} splits"
        if ended:
            labels = float(np.mean([of.labels[at] for _, at in ended]))
            missed = float(np.mean([of.top1[seed, -1] - of.top1[seed, at] for seed, at in ended]))
            text += f", after {labels:,.0f} labels, with {signed(missed)} points to come in the other rounds"
        said.append(text)
    return (
        f"The stopping rule (an agreement of {settings.agreement:g} over {querying.ROUNDS} rounds) ends "
        f"{'; '.join(said)}."
    )


def _clients(walked: "Sequence[Walks]") -> list[str]:
    if not walked:
        return []
    gains = [interval(of.gain) for of in walked]
    low, high = min(gain.mean for gain in gains), max(gain.mean for gain in gains)
    told = sum(
        gain.low is not None and gain.high is not None and (gain.low > 0 or gain.high < 0) for gain in gains
    )
    return [
        "Client by client, where answers teach this client's own last layer: "
        f"{signed(low)} to {signed(high)} points, by the way and the rate of asking; {told} of {len(gains)} are told "
        "from no change."
    ]


def accuracy_note(settings: "Settings") -> str:
    """What the curves rest on."""
    return (
        f"Means over {settings.seeds} splits; ± is half of the 95 % interval. The model is a softmax over discounted "
        "counts of what a client did, the part of the full-history model that needs no training below its last layer, "
        "and is refitted from all labels after each round, the same for every way of asking. An answer is what the "
        "client did. Points to random are paired by split. The steps of the pool are asked about in any order, with "
        "what the client did before each in view; the answers to them are not used before they are asked for."
    )


def client_note(results: Sequence[dict[str, Any]]) -> str:
    """What is taught, and how it is counted."""
    found = next(r for r in results if "client" in r)
    text = (
        "The model is fitted on all steps of the clients known at first and of the pool. Each client held out is then "
        "walked through in order: where it is asked about, the answer teaches this client's own last layer, and the "
        "step itself counts by what the model said before. Rules have their nominal rate; for scores and value it is "
        "the same share of the steps of clients held out for calibration. Points gained are on all steps, against the "
        "model without learning; steps put right are those it gains in number, for 100 labels."
    )
    if found["once"]:
        text += " Here, unlike in the pool, what was done before is not left out of the choices."
    return text
