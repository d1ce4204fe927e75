"""A plan before it is anybody's: what it would ask, what is expected of it, and how simple policies compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from core.calfit import GOAL_CAP, Behavior, Posterior, chances, outlook, simulate
from core.calfit.behavior import Floats, course
from core.calfit.planning import Plan, plan
from core.calfit.policies import POLICIES, next_goals
from core.calfit.policies import RUN_IN as RUN_IN_GOALS
from core.calfit.rules import check_horizon
from core.errors import InputError
from core.services.goals.fitting import Fit
from core.services.goals.record import History, Record
from core.services.goals.settings import CALFIT, PlanSettings

LEVEL = 0.9
LIVES = 300  # simulated futures behind a comparison
RUN_IN = "run-in week"
STRETCH = "60th percentile"  # of the last ten days: for those whose usual steps a run-in does not reach
USUAL_DAYS = 28
WEEK = 7


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan as the settings make it, day by day; nothing is in force yet.

    Attributes:
        settings: what it was made with.
        starts_on: its first day.
        behavior: what it counts on, as of its first day.
        goals: steps, whole numbers, shape (T,).
        expected: expected steps under these goals, shape (T,): their mean over what the estimate leaves open, so that
            a goal beyond some of it counts for less than itself; without an estimate what the behaviour gives.
        low, high: the 90 % interval of the same, shape (T,); a single day's count scatters beyond it. None without an
            estimate.
        chance: that each goal is within the client's reach, shape (T,); None without an estimate.
        chance_counted: that the day's count reaches the goal, shape (T,); None without an estimate.
        binding: for each day the rule that holds the goal where it is.
        in_force: for each day the goal in force now, None without one.
        method: ``closed form``, ``program``, or the name of a simple policy.
        plan: the plan behind it, None where a simple policy set the goals.
    """

    settings: PlanSettings
    starts_on: date
    behavior: Behavior
    goals: Floats
    expected: Floats
    low: Floats | None
    high: Floats | None
    chance: Floats | None
    chance_counted: Floats | None
    binding: tuple[str, ...]
    in_force: tuple[int | None, ...]
    method: str
    plan: Plan | None

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the plan."""
        return tuple(self.starts_on + timedelta(days=place) for place in range(self.goals.size))

    @property
    def difference(self) -> tuple[int | None, ...]:
        """Goal minus the goal in force, None on a day without one."""
        return tuple(
            None if now is None else round(float(goal)) - now
            for goal, now in zip(self.goals, self.in_force, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """How a way of setting goals fares in simulated futures of this client (simulated, not observed).

    Attributes:
        name: the policy's.
        goals: the goals it sets where each day goes as expected, shape (T,).
        steps: mean steps a day.
        low, high: the 90 % interval of that mean over futures.
        met: share of days on which the count reaches the goal.
    """

    name: str
    goals: Floats
    steps: float
    low: float
    high: float
    met: float


def suggested(fit: Fit | None, record: Record | None = None) -> PlanSettings:
    """The settings to begin with: the estimate's; where there is none, a week that can show something.

    That is a run-in week, or for a client whose usual steps lie above all of its goals the 60th percentile.
    """
    if fit is None:
        above = record is not None and usual(record).baseline >= max(RUN_IN_GOALS)
        return PlanSettings(policy=STRETCH if above else RUN_IN, horizon=WEEK)
    found = fit.behavior
    return PlanSettings(
        baseline=found.baseline,
        responsiveness=found.responsiveness,
        self_efficacy=found.self_efficacy,
        helplessness=found.helplessness,
    )


def usual(record: Record) -> Behavior:
    """Where nothing shows how a client answers goals: the median of the last 28 counts, and no answer."""
    counts = _last_counts(record)
    return Behavior(float(np.median(counts)) if counts.size else 0.0, 0.0, 0.0)


def _last_counts(record: Record) -> Floats:
    """The newest counts before today, at most 28, oldest first."""
    counts = [day.steps for day in record.days if day.steps is not None and day.day < record.today]
    return np.array(counts[-USUAL_DAYS:], dtype=np.float64)


def _goals_by_rule(policy: str, record: Record, fit: Fit | None, behavior: Behavior, horizon: int) -> Floats:
    """What a simple rule asks where each day goes as expected.

    Without an estimate nothing is expected of the days ahead, and the 60th percentile of the counts so far holds.
    """
    if policy == STRETCH and fit is None:
        counts = _last_counts(record)
        if not counts.size:
            raise InputError("There are no counts to take a percentile of; take the run-in week.")
        return np.full(horizon, next_goals(policy, counts, np.zeros(counts.size), 1)[0])
    known = record.history
    return next_goals(
        policy,
        known.steps if known else [],
        known.goals if known else [],
        horizon,
        behavior=behavior,
        offsets=fit.ahead(record.starts_on, horizon) if fit else None,
    )


def preview(record: Record, fit: Fit | None, settings: PlanSettings) -> Preview:
    """The plan that these settings make from tomorrow on. Quick unless a rule needs the program.

    Raises:
        InputError: for settings that cannot be used, or rules that cannot hold together, which it names.
    """
    behavior = settings.behavior(fit.behavior if fit else usual(record))
    horizon = settings.horizon
    check_horizon(horizon)
    offsets = fit.ahead(record.starts_on, horizon) if fit else None
    made = None
    if settings.policy == CALFIT:
        made = plan(
            behavior,
            horizon,
            challenge=settings.challenge,
            ramp=settings.ramp,
            round_to=settings.round_to or 1,
            rest_days=_rest_days(record.starts_on, settings),
            cap=settings.cap,
            floor=settings.floor,
            previous_goal=_goal_before(record, fit),
            weekly_total=settings.weekly_total,
            fixed=dict(settings.fixed) or None,
            most_raises=settings.most_raises,
            offsets=offsets,
        )
        goals, binding, method = np.round(made.goals), made.binding, str(made.method)
    else:
        goals = np.round(_goals_by_rule(settings.policy, record, fit, behavior, horizon))
        binding, method = (settings.policy,) * horizon, settings.policy
    belief = fit.posterior.moved_to(behavior) if fit else None
    expected, low, high = _outlook(belief, goals) if belief else (simulate(behavior, goals).steps, None, None)
    return Preview(
        settings=settings,
        starts_on=record.starts_on,
        behavior=behavior,
        goals=goals,
        expected=expected,
        low=low,
        high=high,
        chance=chances(belief, goals) if belief else None,
        chance_counted=chances(belief, goals, counted=True) if belief else None,
        binding=binding,
        in_force=tuple(
            record.planned.get(record.starts_on + timedelta(days=place)) for place in range(goals.size)
        ),
        method=method,
        plan=made,
    )


def compare(record: Record, fit: Fit, made: Preview, *, seed: int = 0) -> list[Compared]:
    """This plan beside the simple policies in the same simulated futures, this plan first.

    Each future draws a behaviour from what the estimate leaves open, moved to the one the plan counts on, and scatters
    each day's count; a policy sees the counts and sets its next goal, the plan keeps its goals. All share the draws.
    """
    if record.history is None:
        return []
    belief, horizon = fit.posterior.moved_to(made.behavior), made.goals.size
    rng = np.random.default_rng(seed)
    lives = rng.choice(belief.baseline.size, LIVES, replace=belief.baseline.size < LIVES)
    scatter = rng.laplace(0.0, 1.0, (LIVES, horizon)) * belief.noise[lives, None]
    weekdays = (record.starts_on.weekday() + np.arange(horizon)) % 7
    effects = (
        np.zeros((LIVES, horizon))
        if belief.weekday_effects is None
        else belief.weekday_effects[lives][:, weekdays]
    )
    names = ("this plan", *(name for name in POLICIES if name != RUN_IN))
    return [_fared(name, record.history, belief, lives, scatter, effects, made) for name in names]


def _fared(
    name: str,
    history: History,
    belief: Posterior,
    lives: np.ndarray,
    scatter: Floats,
    effects: Floats,
    made: Preview,
) -> Compared:
    futures, horizon = scatter.shape
    past = history.steps.size
    counts = np.concatenate(
        [np.tile(history.steps, (futures, 1)), np.full((futures, horizon), np.nan)], axis=1
    )
    goals = np.concatenate([np.tile(history.goals, (futures, 1)), np.empty((futures, horizon))], axis=1)
    responsive = belief.responsiveness[lives]
    for day in range(horizon):
        at = past + day
        goals[:, at] = (
            made.goals[day] if name == "this plan" else POLICIES[name](counts[:, :at], goals[:, :at])
        )
        lived = course(
            belief.baseline[lives],
            responsive,
            belief.self_efficacy[lives],
            np.float64(belief.helplessness),
            goals[:, at : at + 1],
            offsets=effects[:, day : day + 1],
        )
        counts[:, at] = np.maximum(lived.steps[:, 0] + scatter[:, day], 0.0)
        responsive = lived.responsiveness[:, 1]
    steps = counts[:, past:].mean(axis=1)
    low, high = np.quantile(steps, _ends())
    return Compared(
        name=name,
        goals=made.goals
        if name == "this plan"
        else np.round(
            next_goals(
                name,
                history.steps,
                history.goals,
                horizon,
                behavior=made.behavior,
                offsets=effects.mean(axis=0),
            )
        ),
        steps=float(steps.mean()),
        low=float(low),
        high=float(high),
        met=float((counts[:, past:] >= goals[:, past:]).mean()),
    )


def _rest_days(starts_on: date, settings: PlanSettings) -> tuple[int, ...]:
    return tuple(
        place
        for place in range(settings.horizon)
        if (starts_on + timedelta(days=place)).weekday() in settings.rest_weekdays
    )


def _goal_before(record: Record, fit: Fit | None) -> float | None:
    """Today's goal less its weekday's effect, from which a plan's first day may rise by the ramp."""
    goal = record.planned.get(record.today)
    if goal is None and record.history is not None:
        goal = round(min(float(record.history.goals[-1]), GOAL_CAP))
    if goal is None or fit is None:
        return goal
    # A rise is counted from a goal that could be set: on a weekday of few steps the rest may lie beyond the cap.
    return float(np.clip(goal - fit.ahead(record.today, 1)[0], 0, GOAL_CAP))


def _outlook(belief: Posterior, goals: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and 90 % interval of each day's steps over what the estimate leaves open."""
    steps = outlook(belief, goals).steps
    low, high = np.quantile(steps, _ends(), axis=0)
    return steps.mean(axis=0), low, high


def _ends() -> Sequence[float]:
    return (1 - LEVEL) / 2, (1 + LEVEL) / 2
