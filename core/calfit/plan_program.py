"""The paper's planning program (Zhou 2018, stage 2) on SCIP or HiGHS, with its status, bound and gap as they are.

With the behaviour known, u = b + lambda / 2 and two binaries a day, a (the goal lies below the baseline b) and c (the
goal is missed), the optimality conditions of the client's choice are linear:

    0 <= lambda <= p,  lambda <= P (1 - a),  lambda >= p - P (1 - c),  g <= b where a,  g >= b where not,
    u >= g - s where not c,  u <= g where neither,  u <= g - delta where c,  p' = gamma p + mu (1 - c).

delta lies a hair inside the behaviour's half step of tolerance, so that what the program calls met the simulation calls
met too. On a day whose goal is fixed or at its floor s = delta, and no goal falls between met and missed; elsewhere
s = 0. The large constants P and K = b + P / 2 are the day's own, from the highest course of p there is.
Big-M only: with indicator constraints SCIP returned answers to this problem that were called optimal and were not.

Many plans share the smallest number of steps, and the solver's own choice among them loses steps and sets goals far
below baseline. So of the plans with that smallest number the one with most steps is taken, and of those the one with
the highest goals. Goals count in thousands inside, where the solvers' tolerances are thousandths of a step.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cvxpy
import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import GOAL_CAP, TOLERANCE, Behavior, Floats, simulate
from core.calfit.planning import Plan, check_offsets, check_time_limit
from core.calfit.rules import WEEK, Rules, clash
from core.errors import InputError, JobFailed

cp: Any = cvxpy  # its own types leave out much of what it exports

Solver = Literal["SCIP", "HIGHS"]
SOLVERS: tuple[Solver, ...] = ("SCIP", "HIGHS")
SCALE = 1_000.0  # steps in the program's unit
DELTA = (TOLERANCE - 0.01) / SCALE
# What the solvers call a program without a solution. Nothing in it is unbounded: goals and steps all have limits.
IMPOSSIBLE = ("infeasible", "inforunbd", "kInfeasible", "kUnboundedOrInfeasible")
FEASIBLE = 2  # HiGHS's number for "a solution was found"
EXACT = 1e-7  # gap at which HiGHS stops; its own default is wider than the 1e-6 compared here
EQUAL = 1e-6  # relative difference within which two objectives are the same


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """The program's answer.

    Attributes:
        goals: steps, shape (T,).
        objective: the smallest number of steps of a day under these goals.
        bound: what no plan exceeds, as the solver proved it.
        proven: whether the bound proves that no plan does better, within a millionth.
        gap: (bound - objective) / bound.
        settled: whether the most steps at that objective were proven too.
        status: the solver's own word for how it ended.
        solver: "SCIP" or "HIGHS".
        seconds: for the paper's program alone, with setting it up.
        solver_seconds: for the paper's program, what the solver itself took.
    """

    goals: Floats
    objective: float
    bound: float
    proven: bool
    gap: float
    settled: bool
    status: str
    solver: Solver
    seconds: float
    solver_seconds: float


@dataclass(frozen=True, slots=True)
class PlanCertificate:
    """What the program says of a plan.

    Attributes:
        plan_objective: the smallest number of steps of a day in the plan.
        objective: the same in the program's own plan.
        bound: what no plan under these rules exceeds.
        proven: whether the plan is as good as the proven bound, within a millionth.
        gap: (bound - plan_objective) / bound: how much better a plan could be at most.
        status: the solver's own word for how it ended.
        solver: "SCIP" or "HIGHS".
        seconds: what it took.
    """

    plan_objective: float
    objective: float
    bound: float
    proven: bool
    gap: float
    status: str
    solver: Solver
    seconds: float


def certify_plan(
    behavior: Behavior, plan: Plan, solver: Solver = "SCIP", time_limit: float = 60.0
) -> PlanCertificate:
    """Ask the program whether a better plan exists under the same rules.

    Raises:
        InputError: for an unknown solver or a time limit that is not above 0.
        JobFailed: if the solver found nothing in time.
    """
    found = plan_program(
        behavior,
        len(plan.goals),
        plan.rules,
        offsets=plan.offsets,
        solver=solver,
        time_limit=time_limit,
        settle_ties=False,
    )
    gap = _gap(found.bound, plan.objective)
    return PlanCertificate(
        plan_objective=plan.objective,
        objective=found.objective,
        bound=found.bound,
        proven=gap <= EQUAL,
        gap=gap,
        status=found.status,
        solver=found.solver,
        seconds=found.seconds,
    )


def plan_program(
    behavior: Behavior,
    horizon: int,
    rules: Rules | None = None,
    *,
    offsets: ArrayLike | None = None,
    solver: Solver = "HIGHS",
    time_limit: float = 60.0,
    settle_ties: bool = True,
) -> ProgramPlan:
    """The plan whose smallest number of steps of a day is largest, by the mixed-integer program.

    Args:
        behavior: the client's parameters, with the responsiveness of the plan's first day.
        horizon: days, 1 to 365.
        rules: what the goals keep to. A challenge above 1 allows goals that are missed, and asks for none.
        offsets: added to the baseline on each day, steps, shape (horizon,).
        solver: "SCIP" or "HIGHS".
        time_limit: seconds in all, above 0.
        settle_ties: go on to the most steps at the same objective, and to the highest goals at that.

    Raises:
        InputError: for an argument that cannot be used, or rules that cannot hold together, which it names.
        JobFailed: if the solver found no plan in time.
    """
    rules = rules or Rules()
    rules.check_horizon(horizon)
    if solver not in SOLVERS:
        raise InputError(f"solver must be one of {', '.join(SOLVERS)}; it is {solver!r}.")
    check_time_limit(time_limit)
    shifts = check_offsets(offsets, horizon)
    shifts = np.zeros(horizon) if shifts is None else shifts
    start = time.perf_counter()
    program = _Program(behavior, shifts, rules, rules.within_capacity)
    first = program.solve(cp.Maximize(program.least), [], solver, time_limit)
    seconds = time.perf_counter() - start
    if first.impossible:
        raise clash(_clashing(behavior, shifts, rules, solver, time_limit))
    if not first.found:
        raise JobFailed(
            f"No plan was found within {time_limit:g} s, and no proof that there is none. Drop a rule, or plan for "
            "fewer days."
        )
    goals, settled = program.goals(), False
    objective = _least_steps(behavior, goals, shifts)
    if settle_ties:
        goals, settled = _settle(program, goals, solver, time_limit - seconds)
    bound = first.bound * SCALE
    gap = _gap(bound, objective)
    return ProgramPlan(
        goals=goals,
        objective=_least_steps(behavior, goals, shifts),
        bound=bound,
        proven=gap <= EQUAL,
        gap=gap,
        settled=settled,
        status=first.status,
        solver=solver,
        seconds=seconds,
        solver_seconds=first.seconds,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    found: bool
    impossible: bool
    bound: float
    seconds: float


class _Program:
    """The client's behaviour and the rules as constraints on one plan; in thousands of steps."""

    def __init__(self, behavior: Behavior, offsets: Floats, rules: Rules, ceiling: bool) -> None:
        self.rules, days = rules, len(offsets)
        self.offsets = offsets / SCALE
        self.base = np.maximum(behavior.baseline + offsets, 0.0) / SCALE
        gamma, gain = behavior.helplessness, behavior.self_efficacy / SCALE
        top = np.empty(days)
        top[0] = behavior.responsiveness / SCALE
        for day in range(1, days):
            top[day] = gamma * top[day - 1] + gain
        highest = rules.cap / SCALE
        self.goal = cp.Variable(days, bounds=[0.0, highest])
        self.low, self.missed = cp.Variable(days, boolean=True), cp.Variable(days, boolean=True)
        self.whole: Any = None
        self.switches = [self.low, self.missed]
        responsive = cp.Variable(days, bounds=[np.zeros(days), top])
        pull = cp.Variable(days, bounds=[np.zeros(days), top])
        # Steps above baseline over all days; no constant, which a bound leaves out.
        self.extra = cp.sum(pull) / 2
        self.steps = self.base + pull / 2
        self.least = cp.Variable()
        base, goal, low, missed, steps = self.base, self.goal, self.low, self.missed, self.steps
        above = np.maximum(highest - base, 0.0)
        reach = base + top / 2
        slack = np.full(days, DELTA if rules.lowest > 0 else 0.0)
        slack[list(rules.set_days)] = DELTA
        self.constraints: list[Any] = [
            self.least <= steps,
            low + missed <= 1,
            pull <= responsive,
            pull <= cp.multiply(top, 1 - low),
            pull >= responsive - cp.multiply(top, 1 - missed),
            goal <= base + cp.multiply(above, 1 - low),
            goal >= cp.multiply(base, 1 - low),
            steps >= goal - slack - cp.multiply(above, missed),
            steps <= goal + cp.multiply(base, low),
            steps <= goal - DELTA + cp.multiply(reach + DELTA, 1 - missed),
            responsive[0] == top[0],
        ]
        if days > 1:
            self.constraints.append(responsive[1:] == gamma * responsive[:-1] + gain * (1 - missed[:-1]))
        self._add_rules(responsive, ceiling)

    def solve(self, objective: Any, further: Sequence[Any], solver: Solver, time_limit: float) -> _Answer:
        """Solve within the time left; what the solver says of it, in its own words."""
        problem = cp.Problem(objective, [*self.constraints, *further])
        limit = max(time_limit, 0.01)
        options: dict[str, Any] = {"scip_params": {"limits/time": limit}}
        if solver == "HIGHS":
            options = {"time_limit": limit, "mip_rel_gap": EXACT, "mip_abs_gap": EXACT}
        # Past cvxpy's own solve(), which raises at a time limit and gives up the bound and the solver's word.
        data, chain, inverse = problem.get_problem_data(solver)
        raw = chain.solve_via_data(problem, data, warm_start=False, verbose=False, solver_opts=options)
        if solver == "SCIP":
            status, seconds, found = raw["scip_status"], raw["model"].getSolvingTime(), "primal" in raw
            dual = raw["model"].getDualbound()
            dual = dual if abs(dual) < raw["model"].infinity() else -math.inf
        else:
            status, seconds = raw["model_status"], raw["run_time"]
            found, dual = raw["info"].primal_solution_status == FEASIBLE, raw["info"].mip_dual_bound
        if found:
            problem.unpack(chain.invert(raw, inverse))
        return _Answer(status, found, status in IMPOSSIBLE, -float(dual), float(seconds))

    def goals(self) -> Floats:
        """The goals as they stand, in steps; the solver's rounding taken off where a rule says what they must be."""
        if self.whole is not None:
            goals = np.round(self.whole.value) * self.rules.round_to
        else:
            goals = np.round(self.goal.value * SCALE, 6)
        for day, goal in self.rules.set_days.items():
            goals[day] = goal
        return np.asarray(np.clip(goals, 0.0, self.rules.cap), dtype=np.float64)

    @cached_property
    def free(self) -> list[int]:
        """Days that are neither fixed nor a rest."""
        taken = self.rules.resting | set(self.rules.set_days)
        return [day for day in range(len(self.base)) if day not in taken]

    def _add_rules(self, responsive: Any, ceiling: bool) -> None:
        rules, goal, add = self.rules, self.goal, self.constraints.append
        days, free, rest = len(self.base), self.free, sorted(self.rules.resting)
        lowest, top = rules.lowest / SCALE, rules.cap / SCALE
        if rules.round_to is not None:
            self.whole = cp.Variable(
                days, integer=True, bounds=[0, math.floor(rules.cap / rules.round_to + 1e-9)]
            )
            unfixed = sorted(set(range(days)) - set(rules.set_days))
            if unfixed:
                add(goal[unfixed] == self.whole[unfixed] * (rules.round_to / SCALE))
        if rest:
            add(goal[rest] <= self.base[rest])
        for day, value in rules.set_days.items():
            add(goal[day] == value / SCALE)
        if free and lowest > 0:
            add(goal[free] >= lowest)
        if free and ceiling:
            most = self.base[free] + rules.challenge / 2 * responsive[free]
            if lowest > 0:
                # The floor comes first: a goal beyond the challenge is the floor itself.
                at_floor = cp.Variable(len(free), boolean=True)
                self.switches.append(at_floor)
                add(goal[free] <= most + top * at_floor)
                add(goal[free] <= top - (top - lowest) * at_floor)
                add(self.missed[free] <= at_floor)
            else:
                add(goal[free] <= most)
                add(self.missed[free] == 0)
        self._add_weekly_total()
        self._add_raises()

    def _add_weekly_total(self) -> None:
        least, most = self.rules.weekly_total or (None, None)
        days = len(self.base)
        for start in range(0, days, WEEK):
            total = cp.sum(self.goal[start : start + WEEK])
            if most is not None:
                self.constraints.append(total <= most / SCALE)
            if least is not None and start + WEEK <= days:
                self.constraints.append(total >= least / SCALE)

    def _add_raises(self) -> None:
        rules = self.rules
        worked = [day for day in range(len(self.base)) if day not in rules.resting]
        level = self.goal[worked] - self.offsets[worked] if worked else None
        if level is None or (rules.ramp is None and rules.most_raises is None):
            return
        before = [] if rules.previous_goal is None else [np.array([rules.previous_goal / SCALE])]
        level = cp.hstack([*before, level])
        if level.size < 2:
            return
        rise = level[1:] - level[:-1]
        largest = GOAL_CAP / SCALE + float(np.ptp(self.offsets))
        if self.offsets.any():
            # Where an offset takes what the ramp allows below 0, the goal is 0, and that is no rise.
            at_zero = cp.Variable(level.size - 1, boolean=True)
            self.switches.append(at_zero)
            self.constraints.append(self.goal[worked][1 - level.size :] <= rules.cap / SCALE * (1 - at_zero))
            rise = rise - largest * at_zero
        if rules.ramp is not None:
            self.constraints.append(rise <= rules.ramp / SCALE)
        if rules.most_raises is not None:
            raised = cp.Variable(level.size - 1, boolean=True)
            self.switches.append(raised)
            self.constraints += [rise <= largest * raised, cp.sum(raised) <= rules.most_raises]


def _settle(program: _Program, goals: Floats, solver: Solver, time_left: float) -> tuple[Floats, bool]:
    """Of the plans with the same smallest number of steps, the most steps; and of those, the highest goals."""
    start = time.perf_counter()
    least = float(program.least.value)
    kept = [program.steps >= least - EQUAL]
    second = program.solve(cp.Maximize(program.extra), kept, solver, time_left)
    if not second.found:
        return goals, False
    goals, most = program.goals(), float(program.extra.value)
    settled = second.bound - most <= EQUAL * (second.bound + program.base.sum())
    # Which goals are met and which lie below baseline stays as found, so that only a small linear program is left.
    kept += [switch == np.round(switch.value) for switch in program.switches]
    kept.append(program.extra >= most - EQUAL)
    third = program.solve(
        cp.Maximize(cp.sum(program.goal)), kept, solver, time_left - (time.perf_counter() - start)
    )
    return (program.goals() if third.found else goals), settled


def _clashing(
    behavior: Behavior, offsets: Floats, rules: Rules, solver: Solver, time_limit: float
) -> list[str]:
    """A smallest set of rules that cannot hold together: none can be left out (a deletion filter).

    The challenge is the first to be left out, so that it is named only where the rules themselves could hold. A rule
    on which the solver comes to no verdict in its share of the time is kept.
    """
    said = rules.sentences()
    kept = list(said)
    for key in list(said):
        fewer = [other for other in kept if other != key]
        program = _Program(behavior, offsets, rules.only(fewer), "capacity" in fewer)
        if program.solve(cp.Maximize(0), [], solver, time_limit / len(said)).impossible:
            kept = fewer
    return [said[key] for key in kept]


def _least_steps(behavior: Behavior, goals: Floats, offsets: Floats) -> float:
    return float(simulate(behavior, goals, offsets=offsets).steps.min())


def _gap(bound: float, objective: float) -> float:
    """How far the bound lies above, as a share of it."""
    return max(0.0, bound - objective) / max(bound, 1.0)
