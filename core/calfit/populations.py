"""Made-up populations for simulated trials: how baselines, answers to goals and noise are spread over clients.

The students' baseline is set so that run-in weeks look like those of the mSTAR study (means of 6,829 and 5,387 steps
in the two arms, p = 0.16). How people answer goals was never published; responsiveness and self-efficacy are guesses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core.calfit.behavior import HELPLESSNESS, Flags, Floats, course
from core.calfit.policies import RUN_IN, over_cap
from core.errors import InputError

MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over clients: a gamma distribution with this mean and standard deviation, never below 0.

    Raises:
        InputError: for a negative mean or deviation, or a deviation around a mean of 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.mean >= 0 and self.sd >= 0):
            raise InputError(
                f"A spread needs a mean and a deviation of 0 or more; got {self.mean}, {self.sd}."
            )
        if self.sd > 0 and self.mean == 0:
            raise InputError("What is 0 on average and never negative cannot vary; give a deviation of 0.")

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Values for ``size`` clients."""
        if self.sd == 0:
            return np.full(size, self.mean)
        shape = (self.mean / self.sd) ** 2
        return rng.gamma(shape, self.mean / shape, size)


@dataclass(frozen=True, slots=True)
class Population:
    """Clients that a trial could recruit.

    Attributes:
        baseline, responsiveness, self_efficacy: u_b, p on the first day, and mu, in steps.
        noise: the scale of the Laplace noise on each day's count; its standard deviation is 1.41 times that.
    """

    baseline: Spread
    responsiveness: Spread
    self_efficacy: Spread
    noise: Spread


_BASELINE, _NOISE = Spread(5_800, 1_300), Spread(2_800, 500)
POPULATIONS: Mapping[str, Population] = MappingProxyType(
    {
        "students": Population(_BASELINE, Spread(5_000, 3_000), Spread(800, 500), _NOISE),
        "no response": Population(_BASELINE, Spread(0, 0), Spread(0, 0), _NOISE),
        "strong response": Population(_BASELINE, Spread(8_000, 3_000), Spread(1_500, 600), _NOISE),
    }
)


@dataclass(frozen=True, slots=True)
class Recruits:
    """n clients of a trial with all that chance does to them, before any goal after the run-in is set.

    Attributes:
        baseline, responsiveness, self_efficacy: shape (n,).
        noise: what each day adds to the steps that the client decides on, shape (n, T).
        counted: whether the day's count arrives, shape (n, T).
        turned_away: how many others were excluded for 20,000 steps in the run-in.
    """

    baseline: Floats
    responsiveness: Floats
    self_efficacy: Floats
    noise: Floats
    counted: Flags
    turned_away: int

    def __len__(self) -> int:
        return len(self.baseline)

    def part(self, which: slice) -> "Recruits":
        """Some of them."""
        return Recruits(
            self.baseline[which],
            self.responsiveness[which],
            self.self_efficacy[which],
            self.noise[which],
            self.counted[which],
            self.turned_away,
        )


def recruit(
    population: Population,
    clients: int,
    days: int,
    rng: np.random.Generator,
    *,
    missing: float = 0.0,
    drop_out: float = 0.0,
) -> Recruits:
    """Draw clients until there are enough who count under 20,000 steps on every day of the run-in.

    Args:
        clients: how many to keep.
        days: of the whole trial, the run-in week included.
        missing: the share of days without a count, anywhere.
        drop_out: the share of clients whose counts end for good, on a day after the run-in that is drawn evenly.

    Raises:
        InputError: for a number or a share that makes no sense, or a population of whom hardly anyone qualifies.
    """
    if clients < 1 or days <= len(RUN_IN):
        raise InputError(
            f"A trial needs clients, and days after the run-in week; got {clients} clients, {days} days."
        )
    if not 0 <= missing < 1 or not 0 <= drop_out <= 1:
        raise InputError(f"missing and drop_out must be shares of 1; they are {missing} and {drop_out}.")
    parameters, noise = np.empty((3, clients)), np.empty((clients, days))
    counted = np.ones((clients, days), dtype=bool)
    wanted, turned_away = np.arange(clients), 0
    for _ in range(MOST_ROUNDS):
        size = len(wanted)
        spreads = (population.baseline, population.responsiveness, population.self_efficacy)
        parameters[:, wanted] = [spread.draw(size, rng) for spread in spreads]
        noise[wanted] = rng.laplace(0.0, 1.0, (size, days)) * population.noise.draw(size, rng)[:, None]
        counted[wanted] = _counted(size, days, missing, drop_out, rng)
        baseline, responsiveness, efficacy = parameters[:, wanted]
        steps = course(baseline, responsiveness, efficacy, np.float64(HELPLESSNESS), np.array(RUN_IN)).steps
        counts = count(steps, noise[wanted, : len(RUN_IN)], counted[wanted, : len(RUN_IN)])
        wanted = wanted[over_cap(counts)]
        if not wanted.size:
            return Recruits(parameters[0], parameters[1], parameters[2], noise, counted, turned_away)
        turned_away += wanted.size
    raise InputError("Hardly anyone in this population walks fewer than 20,000 steps a day.")


def count(steps: Floats, noise: Floats, counted: Flags) -> Floats:
    """What a phone reports of a day: steps and noise, 0 at least, NaN where no count arrives."""
    return np.where(counted, np.maximum(steps + noise, 0.0), np.nan)


def _counted(clients: int, days: int, missing: float, drop_out: float, rng: np.random.Generator) -> Flags:
    there = rng.random((clients, days)) >= missing
    leaves = rng.random(clients) < drop_out
    last = rng.integers(len(RUN_IN), days, clients)
    return np.asarray(there & ~(leaves[:, None] & (np.arange(days) >= last[:, None])))
