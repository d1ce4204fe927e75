"""What the simulation's study says in sentences, each from its figures."""

from collections.abc import Iterator, Mapping

from core.bandit.simulation.running import LEARNING, WIDE
from core.services.studies.bandit import paper
from core.services.studies.bandit.kept import Repeated, less
from core.services.studies.bandit.worlds import INVENTED, LINEAR, NAMES, Simulated, in_words, number
from core.services.studies.statistics import Interval, interval

Found = Mapping[str, Repeated]
CLOSE = 1.5  # ratios up to this are not spoken of
BASELINES = {"epsilon-greedy": "ε-greedy", "random": "random picks"}


def headline(settings: Simulated, found: Found) -> Iterator[str]:
    """The findings, the first one first; that is the audit's where it objects to anything."""
    if any(violations(runs) for runs in found.values()):
        yield failed({NAMES[name]: runs for name, runs in found.items()})
    yield _best(settings, found)
    for name in WIDE:
        if name in found:
            yield from _against(name, found)
    yield from _growth(settings, found)
    if "linucb" in found and any(other in found for other in BASELINES):
        yield _difference(settings, found)
    yield from _arms(found)
    yield from _fairness(found)
    yield _safety(settings, found)
    yield INVENTED


def violations(runs: Repeated) -> int:
    """Decisions of all repetitions to which the audit objects."""
    return sum(int(run["violations"]) for run in runs.runs)


def failed(found: Found) -> str:
    """What to say first where the audit objects, given runs by the names that people read."""
    counts = {name: violations(runs) for name, runs in found.items()}
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    return (
        f"The safety gate failed: the audit objects to {sum(counts.values()):,} decisions ({told}). Report this, and "
        "rely on nothing below until it is mended."
    )


def _best(settings: Simulated, found: Found) -> str:
    finals = {name: runs.of("final") for name, runs in found.items() if name != "oracle"}
    known = {name: of for name, of in finals.items() if of is not None}
    circumstances = f"{settings.people:,} people over {settings.days} days, {settings.seeds} repetitions"
    if not known:
        return f"The oracle has no regret, by definition ({circumstances})."
    best, *others = sorted(known, key=lambda name: known[name].mean)
    ahead = ""
    if others and not beyond_chance(less(found[best], found[others[0]])[0]):
        ahead = f" (no clear lead over {NAMES[others[0]]}, {in_words(known[others[0]])})"
    return (
        f"{NAMES[best]} has the least regret, {in_words(known[best])}{ahead}: {circumstances}, 95 % intervals in "
        "brackets."
    )


def _against(name: str, found: Found) -> Iterator[str]:
    said = []
    for other, title in BASELINES.items():
        if other not in found:
            continue
        apart, share = less(found[name], found[other])
        chance = "" if beyond_chance(apart) else ", which could be chance"
        said.append(f"{_less_or_more(share)} regret than {title}{chance}")
    if said:
        yield f"{NAMES[name]} has {' and '.join(said)}."


def _growth(settings: Simulated, found: Found) -> Iterator[str]:
    said, slow = [], []
    for name in LEARNING:
        of = found[name].of("growth") if name in found else None
        late = found[name].of("late_growth") if name in found else None
        if of is None:
            continue
        ends = "" if late is None else f", in the second half {in_words(late, 2)}"
        said.append(f"{NAMES[name]} t^{in_words(of, 2)}{ends}")
        if of.high is not None and of.high < 1 and _slower_than_random(found, name):
            slow.append(name)
    if not said:
        return
    random = found["random"].of("growth") if "random" in found else None
    beside = "" if random is None else " and than that of random picks"
    if len(slow) == len(said):
        verdict = f"Regret grows more slowly than time (sub-linear){beside}"
    elif slow:
        names = ", ".join(NAMES[name] for name in slow)
        verdict = f"Regret of {names} grows more slowly than time{beside}, that of others is not shown to"
    else:
        verdict = f"Regret is not shown to grow more slowly than time{beside}"
    null = "" if random is None else f" Random picks, which learn nothing, have t^{in_words(random, 2)} here."
    limits = (
        ""
        if settings.environment == LINEAR
        else " Rewards are not linear here, so a policy with a linear expectation never comes to lose nothing."
    )
    yield f"{verdict}: {'; '.join(said)}.{null}{limits}"


def _slower_than_random(found: Found, name: str) -> bool:
    """Whether p is below that of random picks beyond chance, paired; days differ, so theirs is not exactly 1."""
    if "random" not in found:
        return True
    mine, theirs = found[name].values("growth"), found["random"].values("growth")
    if mine is None or theirs is None:
        return True
    apart = interval(mine - theirs)
    return apart.high is not None and apart.high < 0


def _difference(settings: Simulated, found: Found) -> str:
    """The paragraph on why the figures differ from the paper's; every number in it is computed."""
    decisions = settings.people * settings.days
    theirs = {name: value for name, value in paper.REGRET.items() if name in found}
    told = "; ".join(
        f"{NAMES[name]} {number(value, 1)} there, {in_words(of)} here"
        for name, value in theirs.items()
        if (of := found[name].of("final")) is not None
    )
    parts = [
        f"Beside the paper, which reports one run without intervals, regret is: {told}; {decisions:,} decisions here."
    ]
    for other in BASELINES:
        if other in found:
            share = less(found["linucb"], found[other])[1]
            inside = (
                share.low is not None
                and share.high is not None
                and share.low <= paper.LESS[other] <= share.high
            )
            met = ", which lies within the interval" if inside else ""
            parts.append(
                f"Against {BASELINES[other]} LinUCB has {_less_or_more(share)} regret here and "
                f"{paper.LESS[other]} % less there{met}."
            )
    if "random" in found and (random := found["random"].of("final")) is not None:
        here, there = random.mean / decisions, paper.REGRET["random"] / paper.DECISIONS
        parts.append(
            f"A random pick loses {here:.3f} of reward a decision here and {there:.3f} there, if its 2,000 people over "
            "30 days make 60,000 decisions."
        )
        if here / there > CLOSE:
            parts.append(
                f"Its arms may lie {here / there:.0f} times closer together, or its regret may be counted over fewer "
                "decisions or on another scale; the paper does not say how rewards were made."
            )
        elif there / here > CLOSE:
            parts.append(f"So its arms lie {there / here:.0f} times further apart than these.")
    finals = found["linucb"].values("final")
    if finals is not None and len(finals) > 1:
        spread = 100 * (finals.max() - finals.min()) / finals.mean()
        parts.append(
            f"From one repetition to another LinUCB's regret lies between {number(finals.min())} and "
            f"{number(finals.max())} ({spread:.0f} % of its mean), which a single run does not show."
        )
    parts.append("Rewards here were set without regard to these figures, so neither set confirms the other.")
    return " ".join(parts)


def _arms(found: Found) -> Iterator[str]:
    if "oracle" not in found:
        return
    cardio, strength, flexibility = 100 * found["oracle"].offered()
    fixed = found["best-fixed"].of("final") if "best-fixed" in found else None
    loses = (
        ""
        if fixed is None
        else f"; offering the one that is best on average to everybody loses {in_words(fixed)}"
    )
    yield (
        f"The best arm depends on person and day: cardio for {cardio:.0f} %, strength for {strength:.0f} % and "
        f"flexibility for {flexibility:.0f} % of the oracle's decisions{loses}."
    )


def _fairness(found: Found) -> Iterator[str]:
    name = next((name for name in LEARNING if name in found), None)
    if name is None:
        return
    said: list[str] = []
    beyond: list[str] = []
    for attribute in paper.FAIRNESS:
        gap, null = (found[name].fairness(attribute, figure) for figure in ("difference", "null"))
        p = found[name].fairness(attribute, "p")
        if gap is None or null is None or p is None:
            continue
        said.append(f"{attribute} {gap.mean():.3f} (chance alone {null.mean():.3f})")
        if (p <= 0.05).mean() > _usual(len(p)):
            beyond.append(attribute)
    if said:
        verdict = (
            f"More than chance explains: {', '.join(beyond)}."
            if beyond
            else "None is more than chance explains."
        )
        yield f"Equal-opportunity differences of {NAMES[name]} on the last day: {', '.join(said)}. {verdict}"


def _safety(settings: Simulated, found: Found) -> str:
    count = sum(violations(runs) for runs in found.values())
    decisions = settings.people * settings.days * settings.seeds * len(found)
    left_out = int(sum(run["left_out"] for run in next(iter(found.values())).runs))
    drawn = settings.people * settings.seeds + left_out
    return (
        f"Safety violations in {decisions:,} decisions, counted by an audit that knows nothing of the gate: {count:,}. "
        f"The gate left nothing open for {left_out:,} of {drawn:,} people drawn, who were replaced."
    )


def _usual(repetitions: int) -> float:
    """The share of repetitions at p ≤ 0.05 that chance alone stays below in 95 % of cases."""
    from scipy.stats import binom

    return float(binom.ppf(0.95, repetitions, 0.05)) / repetitions


def beyond_chance(of: Interval) -> bool:
    """Whether an interval of a difference lies on one side of 0."""
    return of.low is not None and of.high is not None and (of.low > 0 or of.high < 0)


def _less_or_more(share: Interval) -> str:
    """A share of less regret in words; below 0 it is more."""
    if share.mean >= 0:
        return f"{in_words(share, 1)} % less"
    return f"{in_words(_negative(share), 1)} % more"


def _negative(of: Interval) -> Interval:
    return Interval(-of.mean, None if of.high is None else -of.high, None if of.low is None else -of.low)
