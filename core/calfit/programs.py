"""The estimation as the mixed-integer program of Zhou 2018 (stage 1), solved for a proof: SCIP or HiGHS.

`estimation.estimate` is quick and as a rule right, but proves nothing. The program here bounds from below what any
behaviour can reach. It is written with big constants ("big-M") because SCIP's indicator constraints gave wrong
answers on it. A solver that runs out of time has proved nothing beyond its bound, whatever it calls its answer.
"""

import time
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import GOAL_CAP, HELPLESSNESS, Behavior, Floats, check_history
from core.calfit.estimation import (
    RESPONSIVENESS_CAP,
    SELF_EFFICACY_CAP,
    absolute_loss,
    check_helplessness,
    estimate,
    retrace,
)
from core.errors import InputError

MARGIN = 1.0  # delta, steps: how far below the goal a goal that is missed stays in the program
ROUNDING = 1e-3  # steps
CLOSED = 1.0  # steps; a bound this near to the loss, or within CLOSED_SHARE of it, is a proof
CLOSED_SHARE = 1e-5

Solver = Literal["SCIP", "HIGHS"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """The best behaviour known for a history, and what a solver proved about it.

    The program and the simulation differ by half a step: there a goal that is missed stays a step below the goal,
    here half a step decides. So the simulation allows a little more than the program, and its loss can come out
    below the program's bound, on real steps by up to 0.1 %; ``lower_bound`` is then the loss.

    Attributes:
        behavior: the better of the quick estimate and the program's solution, both re-simulated.
        loss: sum of |u_t - steps_t| of ``behavior``, re-simulated, steps.
        lower_bound: what the program cannot go below by the solver's dual bound, at most ``loss``; 0 if the solver
            has no bound, or one that a behaviour which the program allows goes below.
        gap: (loss - lower_bound) / loss; 0 for a loss of 0.
        proven: whether loss - lower_bound is at most 1 step or 0.001 % of the loss.
        status: the solver's own word for how it ended.
        seconds: wall time of the solver.
        solver: "SCIP" or "HIGHS".
        solution: the behaviour that the program found, or None if it found none.
        objective: the program's own value of ``solution``, or None.
        dual_bound: the solver's bound as it gave it, or -inf.
    """

    behavior: Behavior
    loss: float
    lower_bound: float
    gap: float
    proven: bool
    status: str
    seconds: float
    solver: Solver
    solution: Behavior | None
    objective: float | None
    dual_bound: float


def certify(
    steps: ArrayLike,
    goals: ArrayLike,
    solver: Solver = "SCIP",
    time_limit: float = 60,
    *,
    helplessness: float = HELPLESSNESS,
) -> Certificate:
    """Solves the program for a history and says what is proven of the best behaviour known.

    Args:
        steps: steps of each day, shape (T,), NaN where none were counted; those days are left out of the sum.
        goals: goal of each day, shape (T,).
        solver: "SCIP" or "HIGHS".
        time_limit: seconds the solver may take.
        helplessness: gamma, not estimated.

    Raises:
        InputError: for a history, solver, time limit or helplessness that cannot be used.
    """
    counted, wanted = check_history(steps, goals)
    if solver not in get_args(Solver):
        raise InputError(f'solver must be "SCIP" or "HIGHS"; it is {solver!r}.')
    if not isinstance(time_limit, (int, float)) or not 0 < time_limit < np.inf:
        raise InputError(f"time_limit must be a number of seconds above 0; it is {time_limit!r}.")
    gamma = check_helplessness(helplessness)
    quick = estimate(counted, wanted, helplessness=gamma)
    answer = _solve(counted, wanted, gamma, solver, float(time_limit))
    behavior, loss = quick.behavior, quick.loss
    if answer.solution is not None:
        remade = absolute_loss(retrace(answer.solution, wanted), counted)
        if remade < loss:
            behavior, loss = answer.solution, remade
    bound = min(max(answer.dual_bound, 0.0), loss)
    if answer.dual_bound > loss + CLOSED and _allowed(behavior, wanted):
        bound = 0.0  # the solver excludes what its own program allows: its bound is worth nothing
    return Certificate(
        behavior=behavior,
        loss=loss,
        lower_bound=bound,
        gap=(loss - bound) / loss if loss > 0 else 0.0,
        proven=closed(loss, bound),
        status=answer.status,
        seconds=answer.seconds,
        solver=solver,
        solution=answer.solution,
        objective=answer.objective,
        dual_bound=answer.dual_bound,
    )


def closed(loss: float, bound: float) -> bool:
    """Whether a bound is so near to a loss that it proves it: within 1 step or 0.001 %."""
    return loss - bound <= max(CLOSED, CLOSED_SHARE * loss)


def _allowed(behavior: Behavior, goals: Floats) -> bool:
    """Whether the program allows the behaviour: no day's capacity lies between a step below the goal and the goal."""
    path = retrace(behavior, goals).responsiveness[:-1]
    over = behavior.baseline + path / 2 - goals
    return not ((over > ROUNDING - MARGIN) & (over < -ROUNDING)).any()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    seconds: float
    solution: Behavior | None
    objective: float | None
    dual_bound: float


def _solve(steps: Floats, goals: Floats, gamma: float, solver: Solver, time_limit: float) -> _Answer:
    """The solver's answer, read from the solver itself.

    `Problem.solve` raises at a time limit without a solution, and hides HiGHS's solution at any limit; so the
    compiled problem goes to the solver directly, and the three parameters are read from its columns.
    """
    problem, parameters = _program(steps, goals, gamma)
    data, chain, _ = problem.get_problem_data(solver)
    # HiGHS would call a gap of 0.01 % optimal.
    options: dict[str, Any] = (
        {"scip_params": {"limits/time": time_limit}}
        if solver == "SCIP"
        else {"time_limit": time_limit, "mip_rel_gap": 1e-7}
    )
    started = time.perf_counter()
    raw = chain.solve_via_data(problem, data, warm_start=False, verbose=False, solver_opts=options)
    seconds = time.perf_counter() - started
    columns = data["param_prob"].var_id_to_col
    if solver == "SCIP":
        model = raw["model"]
        status, dual_bound, values = raw["scip_status"], model.getDualbound(), raw.get("primal")
        objective = model.getSolObjVal(model.getBestSol()) if values is not None else None
        unbounded = -model.infinity()
    else:
        info = raw["info"]
        found = info.primal_solution_status == 2  # feasible
        status, dual_bound = raw["model_status"], info.mip_dual_bound
        values = raw["solution"].col_value if found else None
        objective = info.objective_function_value if found else None
        unbounded = -np.inf
    return _Answer(
        status=str(status),
        seconds=seconds,
        solution=None if values is None else _behavior([values[columns[v.id]] for v in parameters], gamma),
        objective=objective,
        dual_bound=-np.inf if dual_bound <= unbounded else float(dual_bound),
    )


def _behavior(values: list[float], gamma: float) -> Behavior:
    """The solver's parameters, which may lie below 0 by its tolerance."""
    baseline, responsiveness, self_efficacy = (max(float(value), 0.0) for value in values)
    return Behavior(baseline, responsiveness, self_efficacy, gamma)


def _program(steps: Floats, goals: Floats, gamma: float) -> tuple[Any, list[Any]]:
    """The program and its variables (u_b, p_1, mu).

    Two binaries a day: ``above`` where the baseline alone meets the goal, ``missed`` where capacity stays below
    it. Extra responsiveness ``lift`` is what the client uses of p: none above, all where the goal is missed.
    """
    import cvxpy  # takes half a second

    cp: Any = cvxpy  # its own types leave out much of what it exports
    days = goals.size
    top = min(float(GOAL_CAP), float(np.nanmax(steps)))
    caps = np.empty(days)  # the highest p of each day
    caps[0] = RESPONSIVENESS_CAP
    for day in range(1, days):
        caps[day] = gamma * caps[day - 1] + SELF_EFFICACY_CAP
    most = top + caps / 2
    baseline, first, efficacy = cp.Variable(), cp.Variable(), cp.Variable()
    p, lift = cp.Variable(days), cp.Variable(days)
    above, missed = cp.Variable(days, boolean=True), cp.Variable(days, boolean=True)
    u = baseline + lift / 2
    kept = gamma * p[:-1]
    rising = np.argsort(goals, kind="stable")
    constraints = [
        baseline >= 0,
        baseline <= top,
        first >= 0,
        first <= RESPONSIVENESS_CAP,
        efficacy >= 0,
        efficacy <= SELF_EFFICACY_CAP,
        p[0] == first,
        above + missed <= 1,
        lift >= 0,
        lift <= p,
        lift <= cp.multiply(caps, 1 - above),
        lift >= p - cp.multiply(caps, 1 - missed),
        baseline >= cp.multiply(goals, above),
        baseline <= goals + cp.multiply(np.maximum(top - goals, 0.0), above),
        u >= cp.multiply(goals, 1 - missed),
        u <= goals + cp.multiply(most - goals, above),
        u <= goals - MARGIN + cp.multiply(most - goals + MARGIN, 1 - missed),
        p[1:] >= kept,
        p[1:] <= kept + SELF_EFFICACY_CAP * (1 - missed[:-1]),
        p[1:] >= kept + efficacy - SELF_EFFICACY_CAP * missed[:-1],
        p[1:] <= kept + efficacy,
        above[rising[1:]] <= above[rising[:-1]],  # a baseline above a goal is above every lower one
    ]
    counted = np.flatnonzero(np.isfinite(steps))
    loss = cp.norm1(u[counted] - steps[counted])
    return cp.Problem(cp.Minimize(loss), constraints), [baseline, first, efficacy]
