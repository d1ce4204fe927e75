"""The program against the closed form and against every plan there is, and the rules it finds to clash."""

import itertools
import re
from typing import Any

import numpy as np
import pytest

from core.calfit import Behavior, plan
from core.calfit.behavior import course
from core.calfit.plan_program import SOLVERS, Solver, certify_plan, plan_program
from core.calfit.planning import SLACK, rises
from core.calfit.rules import Rules
from core.errors import InputError, JobFailed

CLIENT = Behavior(5_000, 3_000, 600)


def steps_of(behavior: Behavior, goals: np.ndarray) -> np.ndarray:
    parameters = (behavior.baseline, behavior.responsiveness, behavior.self_efficacy, behavior.helplessness)
    return course(*map(np.float64, parameters), goals).steps


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", range(4))
def test_the_papers_program_finds_nothing_better_than_the_closed_form(solver: Solver, seed: int) -> None:
    rng = np.random.default_rng(seed)
    behavior = Behavior(rng.uniform(2_000, 15_000), rng.uniform(0, 9_000), rng.uniform(0, 1_500))
    closed = plan(behavior, 10)
    found = plan_program(behavior, 10, solver=solver)
    assert found.proven
    assert found.settled
    assert found.solver == solver
    assert closed.objective == pytest.approx(found.objective, rel=1e-6)
    assert closed.objective <= found.bound * (1 + 1e-6)
    assert closed.expected_steps.sum() >= steps_of(behavior, found.goals).sum() - 0.01


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "rules",
    [
        {"weekly_total": (None, 30_000)},
        {"weekly_total": (34_000, 36_000), "rest_days": [2]},
        {"most_raises": 1, "previous_goal": 4_000},
        {"fixed": {1: 3_000, 4: 7_000}, "ramp": 2_000, "previous_goal": 9_000},
        {"floor": 6_000, "most_raises": 1, "challenge": 0.5},
    ],
)
def test_no_plan_within_the_rules_is_better(solver: Solver, rules: dict[str, Any]) -> None:
    behavior, step, cap = Behavior(3_000, 7_000, 900), 2_000, 10_000
    kept = Rules(**rules, round_to=step, cap=cap)
    free = [day for day in range(7) if day not in kept.set_days]
    goals = np.zeros((6 ** len(free), 7))
    goals[:, free] = np.array(list(itertools.product(range(0, cap + 1, step), repeat=len(free))))
    for day, goal in kept.set_days.items():
        goals[:, day] = goal
    parameters = (behavior.baseline, behavior.responsiveness, behavior.self_efficacy, behavior.helplessness)
    made = course(*map(np.float64, parameters), goals)
    worked = [day for day in range(7) if day not in kept.resting]
    usual = [day for day in worked if day not in kept.set_days]
    ceiling = np.maximum(behavior.baseline + kept.challenge * made.responsiveness[:, :-1] / 2, kept.lowest)
    allowed = (goals <= ceiling)[:, usual].all(axis=1) & (goals >= kept.lowest)[:, usual].all(axis=1)
    allowed &= (goals[:, sorted(kept.resting)] <= behavior.baseline).all(axis=1)
    level = goals[:, worked]
    if kept.previous_goal is not None:
        level = np.hstack([np.full((len(goals), 1), kept.previous_goal), level])
    raised = np.diff(level, axis=1)
    if kept.ramp is not None:
        allowed &= (raised <= kept.ramp).all(axis=1)
    if kept.most_raises is not None:
        allowed &= (raised > 0).sum(axis=1) <= kept.most_raises
    least, most = kept.weekly_total or (None, None)
    allowed &= (goals.sum(axis=1) >= (least or 0)) & (goals.sum(axis=1) <= (most or np.inf))
    steps = made.steps[allowed]
    smallest = steps.min(axis=1)
    best = smallest.max()
    found = plan_program(behavior, 7, kept, solver=solver)
    assert found.objective == pytest.approx(best, abs=0.01)
    assert steps_of(behavior, found.goals).sum() == pytest.approx(
        steps[smallest >= best - 1e-6].sum(axis=1).max(), abs=0.1
    )


def test_a_weekly_most_is_shared_out_by_the_program() -> None:
    made = plan(CLIENT, 14, weekly_total=(None, 42_000))
    assert (made.method, made.status) == ("program", "optimal")
    np.testing.assert_allclose(made.goals, 6_000, atol=0.02)
    assert set(made.binding) == {"weekly total"}
    assert made.gap < 1e-6


def test_few_raises_are_put_where_they_bring_most() -> None:
    made = plan(CLIENT, 14, round_to=100, most_raises=2)
    assert made.method == "program"
    assert (rises(made.goals, made.rules, None) > SLACK).sum() <= 2
    assert made.objective == plan(CLIENT, 14, round_to=100).objective
    assert "raises" in made.binding
    assert made.met.all()


def test_the_ramp_climbs_in_time_to_a_fixed_goal() -> None:
    behavior = Behavior(5_000, 1_000, 600)
    made = plan(behavior, 4, challenge=0.2, ramp=500, fixed={0: 4_000, 2: 5_000}, round_to=100)
    assert made.goals[[0, 2]].tolist() == [4_000, 5_000]
    assert (np.diff(made.goals) <= 500).all()
    assert made.binding[2] == "fixed"


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (
            {"weekly_total": (80_000, None), "cap": 10_000, "round_to": 100, "rest_days": [6]},
            "at least 80,000 steps a week; no goal above 10,000",
        ),
        (
            {"weekly_total": (60_000, None), "round_to": 50},
            "no goal above the client's estimated capacity; at least 60,000 steps a week",
        ),
        (
            {"fixed": {0: 4_000, 1: 6_000}, "ramp": 250, "cap": 9_000},
            "no raise above 250 steps; 4,000 steps on day 1; 6,000 steps on day 2",
        ),
        (
            {"floor": 6_000, "ramp": 250, "previous_goal": 3_000, "round_to": 50},
            "no raise above 250 steps, from 3,000 the day before; no goal below 6,000",
        ),
        (
            {"floor": 6_500, "weekly_total": (None, 45_000), "most_raises": 3},
            "no goal below 6,500; at most 45,000 steps a week",
        ),
        (
            {"most_raises": 0, "fixed": {0: 4_000, 5: 6_000}},
            "at most 0 raises; 4,000 steps on day 1; 6,000 steps on day 6",
        ),
    ],
)
def test_rules_that_clash_are_named_and_no_others(rules: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"These rules cannot hold together: {named}.")):
        plan(CLIENT, 7, **rules)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_plan_is_certified_under_its_own_rules(solver: Solver) -> None:
    made = plan(CLIENT, 21, 0.7, 250, 100, [6, 13], floor=5_000, offsets=np.tile([0, 300, -300], 7))
    told = certify_plan(CLIENT, made, solver)
    assert told.proven
    assert told.gap <= 1e-6
    assert told.solver == solver
    assert told.plan_objective == made.objective
    assert told.objective == pytest.approx(made.objective, rel=1e-6)


def test_a_plan_that_is_not_the_best_is_told_so() -> None:
    told = certify_plan(CLIENT, plan(CLIENT, 14, challenge=1.3))
    assert not told.proven
    assert told.objective == pytest.approx(6_500, rel=1e-6)
    assert told.gap == pytest.approx(1 - told.plan_objective / 6_500, rel=1e-6)


def test_no_time_is_told_as_such() -> None:
    hard = Rules(
        ramp=250, fixed={5: 4_000, 8: 4_500}, round_to=50, challenge=0.9, weekly_total=(None, 30_000)
    )
    with pytest.raises(JobFailed, match="No plan was found within"):
        plan_program(CLIENT, 180, hard, solver="HIGHS", time_limit=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [{"solver": "GLPK"}, {"time_limit": 0}, {"time_limit": float("nan")}, {"horizon": 0}, {"offsets": [1.0]}],
)
def test_what_cannot_be_used_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        plan_program(CLIENT, **{"horizon": 7, **arguments})
