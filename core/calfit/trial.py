"""The mSTAR trial (Zhou 2018), simulated: two arms, a run-in week, ten weeks of goals, noise and drop-out.

Everything is vectorised over clients; a thousand trials are so many clients cut into thousands. Both arms meet the same
run-in week. The intervention's weekly plan is the paper's: estimate each client's behaviour from all days so far, then
plan the next seven. Estimates come from `coarse.estimate_coarse`, whose distance from `estimate` is measured by
``benchmarks/trial.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.calfit.behavior import GOAL_CAP, HELPLESSNESS, Flags, Floats, course
from core.calfit.coarse import estimate_coarse
from core.calfit.policies import RUN_IN, Policy, fixed
from core.calfit.populations import Population, Recruits, count, recruit
from core.errors import InputError

WEEK = 7
WEEKS = 10
CLIENTS = 13

Arm = Callable[[Floats, Floats], Floats]
"""Counts (n, t) and goals (n, t) so far to the goals of the next days, (n, k) with k >= 1."""


def daily(policy: Policy) -> Arm:
    """An arm whose goals are set anew each day by a policy of `policies`."""
    return lambda counts, goals: policy(counts, goals)[:, None]


@dataclass(frozen=True, slots=True)
class WeeklyPlan:
    """The arm of the Behavioral Analytics Algorithm: estimate each client, then plan a week.

    Attributes:
        challenge: kappa, how much of the response that the estimate promises the goals ask for; the paper's is 1.
        greatest: of estimates that fit equally well, whether to take one with great or with small response.
    """

    challenge: float = 1.0
    greatest: bool = False

    def __call__(self, counts: Floats, goals: Floats) -> Floats:
        """The goals of the week ahead, (n, 7); a client with fewer than two counts keeps the last goal."""
        found = estimate_coarse(counts, goals, greatest=self.greatest)
        days = np.arange(WEEK)
        kept = HELPLESSNESS**days
        highest = found.responsiveness[:, None] * kept + found.self_efficacy[:, None] * (1 - kept) / (
            1 - HELPLESSNESS
        )
        wanted = np.minimum(found.baseline[:, None] + self.challenge * highest / 2, GOAL_CAP)
        known = np.isfinite(counts).sum(axis=1) >= 2
        return np.where(known[:, None], wanted, goals[:, -1:])


@dataclass(frozen=True, slots=True)
class Followed:
    """Clients under an arm's goals, each of shape (n, T), the run-in week first.

    Attributes:
        goals: steps.
        steps: what the client decides on, without noise.
        met: whether that meets the goal, which is what responsiveness follows.
        counts: what the phone reports, NaN on days without a count.
    """

    goals: Floats
    steps: Floats
    met: Flags
    counts: Floats


@dataclass(frozen=True, slots=True)
class Trials:
    """Simulated trials with their clients, each array of shape (trials, clients in the arm, T).

    Attributes:
        control, intervention: the arms.
        turned_away: recruits excluded for 20,000 steps in the run-in, over all trials.
    """

    control: Followed
    intervention: Followed
    turned_away: int

    def counts(self, trial: int) -> tuple[Floats, Flags]:
        """One trial as `analysis.fit_mixed_model` takes it: counts (clients, T), and who is in the intervention arm."""
        arms = self.control.counts[trial], self.intervention.counts[trial]
        return np.concatenate(arms), np.repeat([False, True], [len(arm) for arm in arms])


def run_trials(
    trials: int,
    population: Population,
    rng: np.random.Generator,
    *,
    clients: int = CLIENTS,
    weeks: int = WEEKS,
    control: Arm | None = None,
    intervention: Arm | None = None,
    missing: float = 0.0,
    drop_out: float = 0.0,
    progress: Callable[[float], None] = lambda _: None,
) -> Trials:
    """Simulate trials; of an odd number of clients one more is in the control arm, as in mSTAR (7 and 6 of 13).

    Args:
        weeks: after the run-in week.
        control, intervention: how goals are set; 10,000 a day and the weekly plan with challenge 1 by default.
        missing, drop_out: as in `populations.recruit`.
        progress: called with the fraction done.

    Raises:
        InputError: for no trials, fewer than four clients, no week, or shares that `recruit` refuses.
    """
    if trials < 1 or clients < 4 or weeks < 1:
        raise InputError(
            "A trial needs four clients at least (two an arm) and one week, and there must be one trial; "
            f"got {trials} trials, {clients} clients, {weeks} weeks."
        )
    treated = clients // 2
    days = len(RUN_IN) + WEEK * weeks
    both = recruit(population, trials * clients, days, rng, missing=missing, drop_out=drop_out)
    cut = trials * (clients - treated)
    first = follow(both.part(slice(cut)), control or daily(fixed), progress=lambda done: progress(done / 2))
    second = follow(
        both.part(slice(cut, None)),
        intervention or WeeklyPlan(),
        progress=lambda done: progress((1 + done) / 2),
    )
    return Trials(_by_trial(first, trials), _by_trial(second, trials), both.turned_away)


def follow(recruits: Recruits, arm: Arm, *, progress: Callable[[float], None] = lambda _: None) -> Followed:
    """What recruits do under an arm's goals; the same recruits under another arm meet the same noise.

    Args:
        progress: called with the fraction done.
    """
    n, days = recruits.noise.shape
    goals, steps, counts = np.empty((n, days)), np.empty((n, days)), np.empty((n, days))
    met = np.empty((n, days), dtype=bool)
    goals[:, : len(RUN_IN)] = RUN_IN
    responsiveness = recruits.responsiveness
    day, set_to = 0, len(RUN_IN)
    while day < days:
        if day == set_to:
            ahead = arm(counts[:, :day], goals[:, :day])[:, : days - day]
            set_to += ahead.shape[1]
            goals[:, day:set_to] = ahead
        span = slice(day, set_to)
        done = course(
            recruits.baseline,
            responsiveness,
            recruits.self_efficacy,
            np.float64(HELPLESSNESS),
            goals[:, span],
        )
        steps[:, span], met[:, span] = done.steps, done.met
        counts[:, span] = count(done.steps, recruits.noise[:, span], recruits.counted[:, span])
        responsiveness = done.responsiveness[:, -1]
        day = set_to
        progress(day / days)
    return Followed(goals, steps, met, counts)


def _by_trial(arm: Followed, trials: int) -> Followed:
    shape = (trials, -1, arm.goals.shape[1])
    return Followed(
        arm.goals.reshape(shape), arm.steps.reshape(shape), arm.met.reshape(shape), arm.counts.reshape(shape)
    )
