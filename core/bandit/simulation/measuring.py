"""What is measured of a run (Naliyatthaliyazchayil 2024, sections 3.1 and 3.2.2), as figures that can be kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bandit.fairness import EqualOpportunity, equal_opportunity, groups_of
from core.bandit.people import People
from core.bandit.simulation.audit import violations
from core.bandit.simulation.running import Run
from core.bandit.simulation.world import WEEK, World
from core.errors import InputError
from core.guidelines import ARMS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

BINS = 10  # of predicted reward, 0 to 1
NEAR = 5.0  # years between people who are alike
REACHED = 1e-9  # expected reward short of the best that still counts as the best
LATE = 0.5  # the last share of the days, whose growth is fitted apart


@dataclass(frozen=True, slots=True)
class Calibration:
    """Predicted against earned reward by tenths of the prediction; predictions below 0 or above 1 are at the ends.

    Attributes:
        counts: decisions in each tenth, shape (10,).
        predicted, earned: sums over them, shape (10,).
    """

    counts: Integers
    predicted: Floats
    earned: Floats

    @property
    def error(self) -> float:
        """Mean distance of earned from predicted over the tenths, each by its share of the decisions."""
        return float(np.abs(self.predicted - self.earned).sum() / self.counts.sum())


@dataclass(frozen=True, slots=True)
class Likeness:
    """Mean Jaccard similarity of the sets of arms offered in the last week, of pairs of people.

    Attributes:
        similar: of people of the same sex and conditions whose ages are at most 5 years apart; None without any.
        chance: of as many pairs drawn at random.
        pairs: how many pairs.
    """

    similar: float | None
    chance: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one run.

    Attributes:
        regret: cumulative, at the end of each day, shape (days,).
        reward: mean reward of each day, shape (days,).
        explored: share of each day's picks that were exploratory, None for a policy without expectations.
        distance: mean intra-list distance of the plan of the seven days up to each day from the seventh on.
        likeness: of similar people's last week.
        fairness: by attribute, whether people get the arm that is truly best for them on the last day, among those
            who have more than one open.
        calibration: of the second half of the days; None for a policy without expectations.
        offered: share of each arm among all decisions, shape (arms,).
        best: share of decisions with the truly best arm.
        violations: decisions that the audit objects to.
        growth: p of a fit R(t) = c·t^p over all days, None without regret.
        late_growth: the same over the second half of the days.
    """

    regret: Floats
    reward: Floats
    explored: Floats | None
    distance: Floats
    likeness: Likeness
    fairness: Mapping[str, EqualOpportunity]
    calibration: Calibration | None
    offered: Floats
    best: float
    violations: int
    growth: float | None
    late_growth: float | None


def measure(world: World, run: Run, rng: np.random.Generator) -> Measured:
    """All figures of a run.

    Args:
        world: where it happened.
        run: at least seven days.
        rng: draws random pairs, permutations and bootstraps; the same for each policy of a world, so that they are
            compared on the same draws.

    Raises:
        InputError: for a run of fewer than seven days.
    """
    if world.days < WEEK:
        raise InputError(f"The measures need at least {WEEK} days; there are {world.days}.")
    reached = run.best - run.expected <= REACHED
    half = world.days - int(world.days * LATE)
    return Measured(
        regret=run.regret,
        reward=run.earned.mean(axis=1),
        explored=None if run.explored is None else run.explored.mean(axis=1),
        distance=plan_distances(run.arms),
        likeness=likeness(world.people, run.arms[-WEEK:], rng),
        fairness=_fairness(world, reached[-1], rng),
        calibration=None
        if run.predicted is None
        else calibration(run.predicted[half:].ravel(), run.earned[half:].ravel()),
        offered=np.bincount(run.arms.ravel(), minlength=len(ARMS)) / run.arms.size,
        best=float(reached.mean()),
        violations=violations(world.health, world.people.columns["intensity"], run.arms),
        growth=growth(run.regret),
        late_growth=growth(run.regret, first=half),
    )


def plan_distances(arms: Integers) -> Floats:
    """Mean intra-list distance of each seven days' plan, from arms of shape (days, N); shape (days − 6,).

    A plan's items are its seven sessions; two of the same arm are 0 apart and two of different arms 1, since arm is
    all that sets one offer apart from another. Of three arms, at most 16 of the 21 pairs can differ: 0.762.
    """
    offered = arms[:, :, None] == np.arange(len(ARMS))
    sums = np.concatenate((np.zeros((1, *offered.shape[1:]), np.int64), offered.cumsum(axis=0)))
    counts = sums[WEEK:] - sums[:-WEEK]
    alike = (counts * (counts - 1)).sum(axis=2) / (WEEK * (WEEK - 1))
    return np.asarray((1 - alike).mean(axis=1))


def likeness(people: People, arms: Integers, rng: np.random.Generator) -> Likeness:
    """Jaccard similarity of similar people's sets of arms, and of random pairs; arms of shape (days, N)."""
    left, right = similar_pairs(people)
    if not left.size:
        return Likeness(None, None, 0)
    sets = (arms[:, :, None] == np.arange(len(ARMS))).any(axis=0)
    one = rng.integers(len(people), size=left.size)
    other = (one + rng.integers(1, len(people), size=left.size)) % len(people)
    return Likeness(_jaccard(sets, left, right), _jaccard(sets, one, other), left.size)


def similar_pairs(people: People) -> tuple[Integers, Integers]:
    """Places of each pair of people of the same sex and conditions, ages at most 5 years apart."""
    columns = people.columns
    alike = np.unique(
        np.column_stack((columns["sex"], columns["medical_history"])), axis=0, return_inverse=True
    )[1].ravel()
    pairs: list[Integers] = []
    for group in range(int(alike.max()) + 1):
        members = np.flatnonzero(alike == group)
        left, right = np.triu_indices(members.size, 1)
        left, right = members[left], members[right]
        near = np.abs(columns["age"][left] - columns["age"][right]) <= NEAR
        pairs.append(np.stack((left[near], right[near])))
    found = np.concatenate(pairs, axis=1)
    return found[0], found[1]


def calibration(predicted: Floats, earned: Floats) -> Calibration:
    """Predictions and rewards of some decisions, both of shape (N,), by tenths of the prediction."""
    place = np.clip((predicted * BINS).astype(np.int64), 0, BINS - 1)
    return Calibration(
        counts=np.bincount(place, minlength=BINS).astype(np.int64),
        predicted=np.bincount(place, predicted, BINS).astype(np.float64),
        earned=np.bincount(place, earned, BINS).astype(np.float64),
    )


def growth(regret: Floats, *, first: int = 0) -> float | None:
    """p of R(t) = c·t^p, by least squares of logarithms over cumulative regret at the end of days.

    Args:
        regret: shape (days,).
        first: days left out at the start.

    Returns:
        Below 1 where regret grows more slowly than time; None where there is none, or fewer than two days.
    """
    days = np.arange(1, len(regret) + 1)[first:]
    kept = regret[first:]
    if len(kept) < 2 or (kept <= 0).any():
        return None
    return float(np.polyfit(np.log(days), np.log(kept), 1)[0])


def _jaccard(sets: Flags, left: Integers, right: Integers) -> float:
    both = (sets[left] & sets[right]).sum(axis=1)
    either = (sets[left] | sets[right]).sum(axis=1)
    return float((both / either).mean())


def _fairness(world: World, reached: Flags, rng: np.random.Generator) -> dict[str, EqualOpportunity]:
    eligible = np.asarray(world.allowed.sum(axis=1) > 1)
    found = {}
    for name, groups in groups_of(world.people).items():
        if np.unique(groups[eligible & (groups >= 0)]).size > 1:
            found[name] = equal_opportunity(reached, eligible, groups, rng)
    return found
