"""Study: synthetic profiles by a deep Q-network, beside uniform ones and exact enumeration of the guideline base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.bandit.attributes import BY_KEY
from core.bandit.people import People, uniform_profiles
from core.bandit.profiles import DRAWN, PERSON, dqn_profiles, enumerated_profiles
from core.bandit.profiles.generation import BLOCK, EPISODES, TEMPERATURE, blocks
from core.bandit.profiles.quality import CELLS, LEAST, NAMES, compare
from core.services.studies.options import option
from core.services.studies.statistics import Interval, interval
from core.services.studies.study import Chart, Context, Piece, Progress, Result, Series, Study, Table

SAMPLED, GREEDY, TRAINED, UNIFORM, ENUMERATED = (
    "DQN, sampled",
    "DQN, always the best action",
    "DQN, training episodes",
    "Uniform",
    "Enumerated",
)
GENERATORS = (SAMPLED, GREEDY, TRAINED, UNIFORM, ENUMERATED)
PAPER_REWARD, PAPER_RANDOM, PAPER_SIMILARITY = 0.5, 0.483, 0.9787
TRAINING_SHARE = 0.7  # of a piece's time
LATE = 4  # blocks of episodes at the end that count as trained
ARMS = tuple(map(str, BY_KEY["preferred_exercise"].values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How many profiles, how the agent is trained, and how often all of it is repeated."""

    profiles: int = option(
        2_000, label="Profiles", help="By each generator; the paper has 2,000.", minimum=LEAST, maximum=20_000
    )
    episodes: int = option(
        EPISODES,
        label="Training episodes",
        help="The agent makes one profile an episode while it learns; the paper has 2,000.",
        minimum=LEAST,
        maximum=20_000,
    )
    repeats: int = option(
        3, label="Repeats", help="Each with seeds of its own, for the intervals.", minimum=1, maximum=50
    )
    drawn: str = option(
        PERSON,
        label="Drawn at random",
        help="What of a profile is drawn before the agent chooses the rest. The paper draws demographics; an agent "
        "that chooses medical history or preferred exercise too takes whichever pays best.",
        choices=tuple(DRAWN),
    )
    temperature: float = option(
        TEMPERATURE,
        label="Temperature",
        help="The higher, the more varied the sampled profiles and the lower their reward.",
        minimum=0.001,
        maximum=10,
    )


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return [Piece(f"Repeat {repeat + 1}") for repeat in range(settings.repeats)]


def _run(settings: Settings, seed: int, index: int, _context: Context, progress: Progress) -> dict[str, Any]:
    learning, comparing = np.random.SeedSequence((seed, index)).spawn(2)
    made = dqn_profiles(
        settings.profiles,
        int(learning.generate_state(1)[0]),
        drawn=settings.drawn,
        episodes=settings.episodes,
        temperature=settings.temperature,
        progress=lambda done: progress(TRAINING_SHARE * done),
    )
    rng = np.random.default_rng(comparing)
    real, again = (enumerated_profiles(settings.profiles, rng) for _ in range(2))
    people = (
        made.people,
        made.greedy.people,
        made.trained.people,
        uniform_profiles(settings.profiles, rng),
        again,
    )
    compared = dict(zip(GENERATORS, compare(real, people, rng), strict=True))
    progress(1.0)
    return {
        "figures": {name: of.figures for name, of in compared.items()},
        "attributes": {name: of.attributes for name, of in compared.items()},
        "curve": made.curve.tolist(),
        "epsilons": blocks(made.epsilons).tolist(),
        "preferred": {name: _shares(of) for name, of in zip(GENERATORS, people, strict=True)},
    }


def _shares(people: People) -> list[float]:
    """Shares of each preferred exercise, in %."""
    preferred = people.columns["preferred_exercise"]
    shares: list[float] = (100 * np.bincount(preferred, minlength=len(ARMS)) / len(people)).tolist()
    return shares


class _Found:
    """The results of all repeats."""

    def __init__(self, results: Sequence[Mapping[str, Any]]) -> None:
        self.results = results
        self.curves = np.array([result["curve"] for result in results])

    def of(self, generator: str, key: str) -> Interval:
        """A figure over repeats."""
        return interval([result["figures"][generator][key] for result in self.results])

    def apart(self, generator: str, key: str) -> float:
        """An attribute's distance, mean over repeats."""
        return float(np.mean([result["attributes"][generator][key] for result in self.results]))

    @property
    def early(self) -> Interval:
        """Reward of the first block of episodes."""
        return interval(self.curves[:, 0])

    @property
    def late(self) -> Interval:
        """Reward of the last blocks of episodes."""
        return interval(self.curves[:, -LATE:].mean(axis=1))


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    found = _Found(results)
    return Result(
        headline=_headline(settings, found),
        tables=(
            _generators(settings, found),
            _report(settings, found),
            _attributes(found),
            _preferred(found),
            _paper(found),
        ),
        charts=(_curve(settings, found), _epsilons(found), _rewards(found), _variety(found)),
        synthetic=True,
    )


def _headline(settings: Settings, found: _Found) -> tuple[str, ...]:
    uniform, best = found.of(UNIFORM, "reward").mean, found.of(ENUMERATED, "reward").mean
    similarity = found.of(UNIFORM, "importances").mean
    learnt = found.late.mean > uniform + 0.05
    spoken = "the agent learns" if learnt else "the agent has hardly learnt"
    broken = {name: f"{100 * found.of(name, 'broken').mean:.0f} %" for name in GENERATORS}
    varied = {name: f"{found.of(name, 'variety').mean:.0f}" for name in GENERATORS}
    return (
        f"On Spotter's guideline base {spoken}: from {found.early.mean:.2f} a profile at first to {_text(found.late)} "
        f"at the end of training, where random profiles earn {uniform:.2f} and the best weeks there are {best:.2f}.",
        f"The paper's “consistent average reward of {PAPER_REWARD} per episode” is about what a random policy earns on "
        f"its published base file, {PAPER_RANDOM}: it is no sign of learning.",
        f"Enumerating the base takes no training and earns {best:.2f} at once. Of its weeks {broken[ENUMERATED]} break "
        f"a guideline, of the sampled agent's {broken[SAMPLED]}, of random ones {broken[UNIFORM]}.",
        f"An agent that always takes the best action makes few weeks: in effect {varied[GREEDY]} of {CELLS:,}. Sampled "
        f"at temperature {settings.temperature:g} it makes {varied[SAMPLED]}, enumeration {varied[ENUMERATED]}, chance "
        f"alone {varied[UNIFORM]}.",
        f"The feature-importance similarity says little: random profiles, which know nothing, score {similarity:.3f}, "
        f"the paper's {PAPER_SIMILARITY}. A classifier tells the agent's profiles from enumerated ones with an AUC of "
        f"{found.of(SAMPLED, 'auc').mean:.2f}, and random ones with {found.of(UNIFORM, 'auc').mean:.2f}; 0.5 "
        "is chance.",
    )


def _text(of: Interval) -> str:
    if of.low is None or of.high is None:
        return f"{of.mean:.2f}"
    return f"{of.mean:.2f} (95 % interval {of.low:.2f} to {of.high:.2f})"


def _generators(settings: Settings, found: _Found) -> Table:
    keys = ("reward", "broken", "cells", "variety", "stopped", "clearance")
    rows = []
    for name in GENERATORS:
        reward = found.of(name, "reward")
        rows.append((name, reward.mean, reward.half, *(found.of(name, key).mean for key in keys[1:])))
    return Table(
        "Generators",
        ("Generator", NAMES["reward"], "±", *(NAMES[key] for key in keys[1:])),
        tuple(rows),
        f"Means over the repeats ({settings.repeats:,}), ± half of the 95 % interval. The reward is that of the week "
        "that a profile wants, for the preferred exercise, by guideline rows that no clinician has reviewed. The "
        "training episodes hold as many profiles as there were episodes, the first nearly random, as the paper's "
        "seem to. The gate is asked as if every screening question had been answered with no; which exercises it masks "
        "depends on more than a profile holds. Drawn at random for the agent: " + settings.drawn + ".",
    )


def _report(settings: Settings, found: _Found) -> Table:
    rows = []
    for key, name in NAMES.items():
        value = found.of(SAMPLED, key)
        others = (found.of(other, key).mean for other in GENERATORS[1:])
        rows.append((name, value.mean, value.half, *others))
    return Table(
        "Quality report",
        ("Figure", SAMPLED, "±", *GENERATORS[1:]),
        tuple(rows),
        f"Every generator's {settings.profiles:,} profiles against as many enumerated ones, which stand in for real "
        "people: nobody here is real. Null values: “Uniform” is what profiles score that know nothing, “Enumerated” "
        "what a second draw of the reference scores, as good as it gets.",
    )


def _attributes(found: _Found) -> Table:
    rows = tuple(
        (
            BY_KEY[key].label,
            "KS" if BY_KEY[key].kind == "number" else "total variation",
            *(found.apart(name, key) for name in GENERATORS),
        )
        for key in found.results[0]["attributes"][SAMPLED]
    )
    return Table(
        "Attributes",
        ("Attribute", "Distance", *GENERATORS),
        rows,
        "How far each attribute's values lie from those of the enumerated profiles, 0 to 1. With this many profiles, "
        "chance alone gives about what a second draw shows. Medical history counts as none, each single condition, or "
        "several.",
    )


def _preferred(found: _Found) -> Table:
    rows = tuple(
        (name, *np.mean([result["preferred"][name] for result in found.results], axis=0).tolist())
        for name in GENERATORS
    )
    return Table(
        "Preferred exercise",
        ("Generator", *(f"{arm.capitalize()}, %" for arm in ARMS)),
        rows,
        "Where the agent may choose it, it takes the one whose rows ask least.",
    )


def _paper(found: _Found) -> Table:
    rows = (
        ("Average reward an episode, end of training", PAPER_REWARD, found.late.mean),
        ("A random policy's reward on the same base", PAPER_RANDOM, found.of(UNIFORM, "reward").mean),
        ("Highest reward that the base gives", None, found.of(ENUMERATED, "reward").mean),
        ("Feature-importance similarity", PAPER_SIMILARITY, found.of(SAMPLED, "importances").mean),
        ("The same for uniform profiles", None, found.of(UNIFORM, "importances").mean),
        ("The same for a second draw of the reference", None, found.of(ENUMERATED, "importances").mean),
    )
    return Table(
        "Beside the paper",
        ("Figure", "Paper", "Here"),
        rows,
        "Naliyatthaliyazchayil 2024, section 3; the random policy's reward was computed from the base file that its "
        "authors published. The two bases differ, so their rewards compare only with a random policy's on each: the "
        "paper's base types a reward beside each row, and Spotter's is computed from guideline rows.",
    )


def _curve(settings: Settings, found: _Found) -> Chart:
    ends = [min((k + 1) * BLOCK, settings.episodes) for k in range(found.curves.shape[1])]
    x = tuple(float(end) for end in ends)
    each = [interval(values) for values in found.curves.T]
    levels = (
        ("Enumerated", found.of(ENUMERATED, "reward").mean),
        ("Uniform", found.of(UNIFORM, "reward").mean),
        ("Paper's average, on its own base", PAPER_REWARD),
    )
    learning = Series(
        "DQN",
        x,
        tuple(of.mean for of in each),
        tuple(of.low for of in each),
        tuple(of.high for of in each),
    )
    return Chart(
        "lines",
        "Reward in training",
        "Episode",
        "Mean reward a profile",
        (learning, *(Series(name, (x[0], x[-1]), (level, level)) for name, level in levels)),
        f"Mean reward of each {BLOCK} training episodes: from {each[0].mean:.2f} to {each[-1].mean:.2f}. "
        + "; ".join(f"{name} {level:.2f}" for name, level in levels)
        + ".",
    )


def _epsilons(found: _Found) -> Chart:
    values = found.results[0]["epsilons"]
    x = tuple(float((k + 1) * BLOCK) for k in range(len(values)))
    return Chart(
        "lines",
        "Random actions in training",
        "Episode",
        "ε",
        (Series("ε", x, tuple(values)),),
        f"ε falls from {values[0]:.2f} in the first {BLOCK} episodes to {values[-1]:.2f} in the last.",
    )


def _rewards(found: _Found) -> Chart:
    return _by_generator(found, "reward", "Guideline reward", "Mean reward a profile")


def _variety(found: _Found) -> Chart:
    return _by_generator(found, "variety", "Variety of weeks", f"Effective number of weeks, of {CELLS:,}")


def _by_generator(found: _Found, key: str, title: str, y_title: str) -> Chart:
    of = {name: found.of(name, key) for name in GENERATORS}
    series = Series(
        title,
        tuple(of),
        tuple(i.mean for i in of.values()),
        tuple(i.low for i in of.values()),
        tuple(i.high for i in of.values()),
    )
    said = "; ".join(f"{name} {i.mean:.3g}" for name, i in of.items())
    return Chart("intervals", title, "", y_title, (series,), f"{title} by generator: {said}.")


STUDY = Study(
    name="profiles",
    title="Synthetic profiles and their quality",
    description=(
        "Trains a deep Q-network to make profiles that the guideline base rewards, with the paper's hyper-parameters, "
        "and puts uniform profiles and exact enumeration of the base beside it: reward, broken guidelines, variety, "
        "and a quality report in which every figure has its null values. All profiles are synthetic, and no clinician "
        "has reviewed the guideline rows."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
)
