"""The goals to set next: the highest that a client is expected to meet, within rules (Zhou 2018, stage 2).

The paper maximises the smallest number of steps of a day over the horizon by a mixed-integer program. It needs none:
a goal that is met today can only raise responsiveness, so with every goal met

    p_k = gamma^k p_0 + mu (1 - gamma^k) / (1 - gamma)

is the highest course there is, and the highest goal that is still met, g_k = min(20,000, u_b + p_k / 2), takes the
most steps on every day at once. Rules that only lower a goal (challenge, ramp, rounding, rest days, cap) leave that
argument as it is; so do a floor and a fixed goal, which are met or missed whatever else is set. A weekly least, a
limit on raises or a fixed goal that the ramp must climb to hold for that plan or they do not: only then is the program
of `core.calfit.plan_program` asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import GOAL_CAP, TOLERANCE, Behavior, Flags, Floats, is_number, simulate
from core.calfit.rules import WEEK, Rules
from core.errors import InputError

if TYPE_CHECKING:
    from core.calfit.plan_program import ProgramPlan

SLACK = 1e-3  # steps by which solvers may bend a rule


@dataclass(frozen=True, slots=True)
class Plan:
    """Goals for the days ahead, with what is expected of them.

    Attributes:
        goals: steps, shape (T,).
        expected_steps: steps that the behaviour takes under these goals, shape (T,).
        met: whether the behaviour meets each goal, shape (T,). A rest day counts as met, at no cost: so the model has
            it, since the goal lies at or below baseline.
        binding: for each day the rule that held the goal where it is: "capacity", "challenge", "cap", "ramp",
            "rounding" (only where rounding alone kept it from rising), "rest day", "floor", "fixed", "weekly total"
            or "raises".
        objective: the smallest number of steps of a day, which the paper maximises.
        method: "closed form" or "program".
        status: "optimal": no plan has a larger objective, and of those that share it none takes more steps in all;
            "ties open" when the program ran out of time over the second; "not proven" when it did over the first;
            "not optimised" for a challenge above 1, which the model always answers with fewer steps.
        gap: how far at most the objective lies below the best there is, as a share of the best; NaN when not
            optimised.
        rules: what the plan keeps to.
        offsets: added to the baseline by day, shape (T,), or None.
    """

    goals: Floats
    expected_steps: Floats
    met: Flags
    binding: tuple[str, ...]
    objective: float
    method: Literal["closed form", "program"]
    status: Literal["optimal", "ties open", "not proven", "not optimised"]
    gap: float
    rules: Rules
    offsets: Floats | None


def plan(
    behavior: Behavior,
    horizon: int,
    challenge: float = 1.0,
    ramp: float | None = None,
    round_to: float | None = None,
    rest_days: Iterable[int] = (),
    cap: float = GOAL_CAP,
    *,
    floor: float | None = None,
    previous_goal: float | None = None,
    weekly_total: tuple[float | None, float | None] | None = None,
    fixed: Mapping[int, float] | None = None,
    most_raises: int | None = None,
    offsets: ArrayLike | None = None,
    time_limit: float = 10.0,
) -> Plan:
    """The highest goals that the client is expected to meet and that keep the rules.

    Args:
        behavior: the client's parameters, with the responsiveness of the plan's first day.
        horizon: days, 1 to 365.
        challenge: share of p / 2 above baseline to ask for, above 0 and at most 1.5. At 1 the goals are the estimated
            capacity, which gives the most steps if the estimate is right; where it is too high such goals are missed,
            and less may give more. Above 1 each goal is expected to be missed, and the expected steps fall as
            responsiveness does.
        ramp: most that a goal may lie above the one before, steps. With offsets, above the one before and the
            difference of the two days' offsets: a weekday's own effect is not a raise.
        round_to: round goals down to multiples of it, steps.
        rest_days: days, from 0, with a goal at baseline (rounded down). The model counts it as met, at no cost.
        cap: no goal above it, at most 20,000.
        floor: no goal below it, rest days aside; it comes before the challenge, so such a goal may be missed.
        previous_goal: goal of the day before the plan, for ramp and raises; with offsets, less that day's offset.
        weekly_total: least and most sum of goals over each seven days from the first, None for either.
        fixed: goal by day, from 0; free of challenge and rounding.
        most_raises: how often at most a goal may lie above the one before.
        offsets: added to the baseline on each day (a weekday's effect), steps, shape (horizon,).
        time_limit: seconds for the program, where it is needed.

    Returns:
        The plan; by the closed form wherever its goals keep every rule, else by the program.

    Raises:
        InputError: for an argument that cannot be used, or rules that cannot hold together, which it names.
        JobFailed: if the program found no plan in time.
    """
    rules = Rules(
        challenge,
        ramp,
        round_to,
        rest_days,
        cap,
        floor,
        previous_goal,
        weekly_total,
        fixed,
        most_raises,
    )
    rules.check_horizon(horizon)
    check_time_limit(time_limit)
    shifts = check_offsets(offsets, horizon)
    found, kept = _closed_form(behavior, horizon, rules, shifts)
    if kept:
        return found
    if challenge > 1:
        raise InputError(
            "A challenge above 1 sets goals that are expected to be missed, whatever else could be met. These goals "
            "break a weekly total, the limit on raises or the ramp: take a challenge of 1 or less, or drop that rule."
        )
    from core.calfit.plan_program import plan_program

    return _from_program(
        behavior, plan_program(behavior, horizon, rules, offsets=shifts, time_limit=time_limit), rules, shifts
    )


def check_time_limit(seconds: float) -> None:
    """Raises InputError for a time limit that is not a number of seconds above 0."""
    if not (is_number(seconds) and 0 < seconds < np.inf):
        raise InputError(f"time_limit must be a number of seconds above 0; it is {seconds}.")


def check_offsets(offsets: ArrayLike | None, horizon: int) -> Floats | None:
    """Offsets as an array of shape (horizon,), or None.

    Raises:
        InputError: unless there is a finite one for each day.
    """
    if offsets is None:
        return None
    try:
        shifts = np.array(offsets, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("offsets must be numbers of steps.") from error
    if shifts.shape != (horizon,) or not (np.abs(shifts) <= GOAL_CAP).all():
        raise InputError(
            f"offsets must be numbers of steps within {GOAL_CAP:,} of 0, one for each of the {horizon} days."
        )
    return shifts


def rises(goals: Floats, rules: Rules, offsets: Floats | None) -> Floats:
    """How far each goal lies above the one before, as ramp and raises see it; negative where it lies below.

    Rest days are left out, each goal counts less its day's offset, and the first compares with the previous goal if
    there is one. A goal of 0 is no rise, whatever its offset.
    """
    worked = [day for day in range(len(goals)) if day not in rules.resting]
    level = (goals if offsets is None else goals - offsets)[worked]
    if rules.previous_goal is None:
        return np.where(goals[worked[1:]] > 0, np.diff(level), 0.0)
    return np.where(goals[worked] > 0, np.diff(level, prepend=rules.previous_goal), 0.0)


def _closed_form(behavior: Behavior, horizon: int, rules: Rules, offsets: Floats | None) -> tuple[Plan, bool]:
    """The highest goals day by day, and whether they keep the rules that look over several days too.

    Plain floats: at a week or a month they are quicker than arrays, and the preview asks at every move of a slider.
    """
    gamma, gain, baseline = behavior.helplessness, behavior.self_efficacy, behavior.baseline
    share, reach = rules.challenge / 2, "capacity" if rules.challenge == 1 else "challenge"
    cap, ramp, lowest, step = float(rules.cap), rules.ramp, rules.lowest, rules.round_to
    resting, fixed = rules.resting, rules.set_days
    shifts = [0.0] * horizon if offsets is None else offsets.tolist()
    level, responsive, kept = rules.previous_goal, behavior.responsiveness, True
    goals, steps, met, binding = [], [], [], []
    for day in range(horizon):
        shift = shifts[day]
        base = max(baseline + shift, 0.0)
        if day in resting:
            goal, name = rules.rounded(min(base, cap)), "rest day"
        else:
            limit = None if ramp is None or level is None else max(level + ramp + shift, 0.0)
            if day in fixed:
                goal, name = fixed[day], "fixed"
            else:
                goal, name = base + share * responsive, reach
                if goal > cap:
                    goal, name = cap, "cap"
                if limit is not None and goal > limit:
                    goal, name = limit, "ramp"
                if step is not None:
                    unrounded, goal = goal, rules.rounded(goal)
                    if level is not None and goal <= level + shift < unrounded - SLACK:
                        name = "rounding"
                if goal < lowest:
                    goal, name = lowest, "floor"
            kept = kept and (limit is None or goal <= limit + SLACK)
            level = goal - shift
        capacity = base + responsive / 2
        reached = capacity >= goal - TOLERANCE
        goals.append(goal)
        binding.append(name)
        met.append(reached)
        steps.append(max(base, min(goal, capacity)))
        responsive = gamma * responsive + gain if reached else gamma * responsive
    made = Plan(
        goals=np.array(goals, dtype=np.float64),
        expected_steps=np.array(steps, dtype=np.float64),
        met=np.array(met),
        binding=tuple(binding),
        objective=min(steps),
        method="closed form",
        status="optimal" if rules.challenge <= 1 else "not optimised",
        gap=0.0 if rules.challenge <= 1 else float("nan"),
        rules=rules,
        offsets=offsets,
    )
    return made, kept and _keeps_long_rules(made)


def _keeps_long_rules(made: Plan) -> bool:
    """Whether weekly totals and the limit on raises hold."""
    rules = made.rules
    if rules.most_raises is not None:
        raised = rises(made.goals, rules, made.offsets) > SLACK
        if raised.sum() > rules.most_raises:
            return False
    if rules.weekly_total is None:
        return True
    least, most = rules.weekly_total
    for start in range(0, len(made.goals), WEEK):
        week = made.goals[start : start + WEEK]
        if most is not None and week.sum() > most + SLACK:
            return False
        if least is not None and week.size == WEEK and week.sum() < least - SLACK:
            return False
    return True


def _from_program(behavior: Behavior, found: "ProgramPlan", rules: Rules, offsets: Floats | None) -> Plan:
    """The program's goals as a plan; what is expected of them is simulated, not taken from the solver."""
    made = simulate(behavior, found.goals, offsets=offsets)
    objective = float(made.steps.min())
    drafted = Plan(
        goals=found.goals,
        expected_steps=made.steps,
        met=made.met,
        binding=(),
        objective=objective,
        method="program",
        status="not proven" if not found.proven else "optimal" if found.settled else "ties open",
        gap=max(0.0, found.bound - objective) / max(found.bound, 1.0),
        rules=rules,
        offsets=offsets,
    )
    return replace(drafted, binding=_bindings(behavior, drafted, made.responsiveness))


def _bindings(behavior: Behavior, made: Plan, responsiveness: Floats) -> tuple[str, ...]:
    """The rule that each goal of a program rests on: a rule of its day, else one over several days."""
    rules, names = made.rules, []
    shifts = np.zeros(len(made.goals)) if made.offsets is None else made.offsets
    level = rules.previous_goal
    beyond = "raises" if rules.most_raises is not None else "fixed"
    if rules.weekly_total is not None:
        beyond = "weekly total"
    near = 1.0 if rules.round_to is None else rules.round_to
    for day, goal in enumerate(made.goals):
        base = max(behavior.baseline + shifts[day], 0.0)
        ceiling = base + rules.challenge * responsiveness[day] / 2
        limits = {"capacity" if rules.challenge == 1 else "challenge": ceiling, "cap": rules.cap}
        if rules.ramp is not None and level is not None:
            limits["ramp"] = level + rules.ramp + shifts[day]
        closest = min(limits, key=lambda name: limits[name])
        if day in rules.set_days:
            names.append("fixed")
        elif day in rules.resting and goal > min(base, rules.cap) - near:
            names.append("rest day")
        elif day not in rules.resting and limits[closest] < goal + near:
            names.append("floor" if goal > limits[closest] + SLACK else closest)
        elif goal <= rules.lowest + SLACK and rules.floor is not None:
            names.append("floor")
        else:
            names.append(beyond)
        if day not in rules.resting:
            level = goal - shifts[day]
    return tuple(names)
