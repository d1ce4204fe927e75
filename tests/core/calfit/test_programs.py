"""The program's answers simulated again, its bounds, and what it says when it runs out of time."""

import numpy as np
import pytest

from core.calfit import Behavior, certify, estimate, programs, simulate
from core.calfit.behavior import Floats
from core.errors import InputError


def history(seed: int, days: int = 9) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    goals = np.array([3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 6_000, *rng.uniform(5_000, 11_000, days)])[
        :days
    ]
    behavior = Behavior(rng.uniform(2_000, 9_000), rng.uniform(0, 8_000), rng.uniform(0, 2_500))
    return np.maximum(np.round(simulate(behavior, goals).steps + rng.laplace(0, 2_000, days)), 0.0), goals


@pytest.mark.parametrize("seed", range(8))
def test_the_quick_estimate_reaches_the_proven_optimum(seed: int) -> None:
    steps, goals = history(seed, 7 + seed)
    if seed % 2:
        steps[3] = np.nan
    proof = certify(steps, goals, "HIGHS")
    quick = estimate(steps, goals)
    assert proof.proven
    assert proof.status == "kOptimal"
    assert proof.objective is not None
    assert quick.loss <= proof.objective + 1e-3
    assert proof.loss <= quick.loss
    assert proof.lower_bound <= proof.loss
    assert proof.gap < 1e-4


@pytest.mark.parametrize(("solver", "word"), [("SCIP", "optimal"), ("HIGHS", "kOptimal")])
def test_a_solution_simulates_to_its_objective(solver: programs.Solver, word: str) -> None:
    steps, goals = history(21)
    proof = certify(steps, goals, solver)
    assert proof.status == word
    assert proof.solver == solver
    assert proof.solution is not None
    assert np.abs(simulate(proof.solution, goals).steps - steps).sum() == pytest.approx(
        proof.objective, abs=0.01
    )
    assert np.abs(simulate(proof.behavior, goals).steps - steps).sum() == proof.loss
    assert proof.dual_bound == pytest.approx(proof.objective, abs=0.01)
    assert proof.seconds > 0


def test_both_solvers_agree() -> None:
    steps, goals = history(22, 8)
    one, other = (certify(steps, goals, solver, helplessness=0.7) for solver in ("SCIP", "HIGHS"))
    assert one.objective == pytest.approx(other.objective, abs=0.1)
    assert one.behavior.helplessness == 0.7


@pytest.mark.parametrize(("solver", "word"), [("SCIP", "timelimit"), ("HIGHS", "kTimeLimit")])
def test_out_of_time_nothing_is_proven(solver: programs.Solver, word: str) -> None:
    steps, goals = history(23, 70)
    result = certify(steps, goals, solver, time_limit=0.05)
    assert result.status == word
    assert not result.proven
    assert result.loss <= estimate(steps, goals).loss
    assert 0 <= result.lower_bound < result.loss
    assert result.gap == pytest.approx(1 - result.lower_bound / result.loss)


def answer(monkeypatch: pytest.MonkeyPatch, solution: Behavior | None, dual_bound: float) -> None:
    """Puts a solver's answer in the place of a solver's run."""
    given = programs._Answer("optimal", 0.1, solution, None, dual_bound)
    monkeypatch.setattr(programs, "_solve", lambda *_: given)


def test_a_bound_below_the_loss_is_no_proof_whatever_the_solver_says(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, goals = history(24)
    best = estimate(steps, goals).loss
    answer(monkeypatch, None, 0.99 * best)
    result = certify(steps, goals)
    assert not result.proven
    assert result.gap == pytest.approx(0.01)
    answer(monkeypatch, None, best - 0.5)
    assert certify(steps, goals).proven


def test_a_bound_that_excludes_what_the_program_allows_is_worth_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Goals far above and below what the client does, so that no day is near its goal.
    steps, goals = np.array([5_000.0, 6_000, 5_500, 5_800]), np.array([1_000.0, 20_000, 1_000, 20_000])
    best = estimate(steps, goals).loss
    answer(monkeypatch, None, best + 500)
    result = certify(steps, goals)
    assert not result.proven
    assert result.lower_bound == 0


def test_a_worse_solution_does_not_replace_the_quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, goals = history(25)
    quick = estimate(steps, goals)
    answer(monkeypatch, Behavior(0, 0, 0), -np.inf)
    result = certify(steps, goals)
    assert result.behavior == quick.behavior
    assert result.lower_bound == 0
    assert result.gap == 1


def test_a_history_that_fits_exactly_is_proven() -> None:
    goals = [3_000.0, 6_000, 9_000, 5_000]
    steps = simulate(Behavior(4_000, 5_000, 1_000), goals).steps
    result = certify(steps, goals, "HIGHS")
    assert result.proven
    assert result.loss < 1


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"solver": "GUROBI"}, "solver"),
        ({"solver": None}, "solver"),
        ({"time_limit": 0}, "time_limit"),
        ({"time_limit": np.nan}, "time_limit"),
        ({"time_limit": "60"}, "time_limit"),
        ({"helplessness": 1}, "helplessness"),
    ],
)
def test_bad_options_are_refused(more: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        certify([5_000, 6_000], [4_000, 4_000], **more)  # type: ignore[arg-type]


def test_a_bad_history_is_refused() -> None:
    with pytest.raises(InputError, match="two days"):
        certify([np.nan, 5_000], [4_000, 4_000])
