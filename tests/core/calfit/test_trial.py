"""Simulated trials: what every client meets, what each arm sets, and that a thousand at once are as one at a time."""

import numpy as np
import pytest

from core.calfit import HELPLESSNESS, Behavior, simulate
from core.calfit.behavior import Floats, course
from core.calfit.coarse import estimate_coarse
from core.calfit.estimation import estimate
from core.calfit.planning import plan
from core.calfit.policies import RUN_IN, fixed, percentile, up_and_down
from core.calfit.populations import POPULATIONS, Population, Spread, recruit
from core.calfit.trial import WeeklyPlan, daily, follow, run_trials
from core.errors import InputError

STUDENTS = POPULATIONS["students"]
DAYS = 35


def histories(clients: int, days: int, seed: int = 3) -> tuple[Floats, Floats]:
    """Counts and goals of clients whose goals lie about their baselines."""
    people = recruit(STUDENTS, clients, days, np.random.default_rng(seed))
    followed = follow(people, daily(percentile))
    return followed.counts, followed.goals


@pytest.mark.parametrize("arm", [daily(fixed), daily(percentile), daily(up_and_down), WeeklyPlan(0.7)])
def test_all_at_once_is_as_one_at_a_time(arm: object) -> None:
    people = recruit(STUDENTS, 5, DAYS, np.random.default_rng(1), missing=0.2, drop_out=0.5)
    together = follow(people, arm)  # type: ignore[arg-type]
    for i in range(5):
        alone = follow(people.part(slice(i, i + 1)), arm)  # type: ignore[arg-type]
        for name in ("goals", "steps", "met", "counts"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])


def test_the_same_seed_gives_the_same_trials_and_another_seed_others() -> None:
    first, again, other = (
        run_trials(3, STUDENTS, np.random.default_rng(seed), weeks=3, drop_out=0.3) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.intervention.counts, again.intervention.counts)
    np.testing.assert_array_equal(first.control.counts, again.control.counts)
    assert (first.control.steps != other.control.steps).any()


def test_the_arms_are_mstars() -> None:
    trials = run_trials(4, STUDENTS, np.random.default_rng(0))
    assert trials.control.counts.shape == (4, 7, 77)
    assert trials.intervention.counts.shape == (4, 6, 77)
    for arm in (trials.control, trials.intervention):
        assert (arm.goals[..., :7] == RUN_IN).all()
        assert np.isfinite(arm.counts).all()
        assert (arm.counts >= 0).all()
    assert (trials.control.goals[..., 7:] == 10_000).all()
    counts, treated = trials.counts(2)
    assert treated.sum() == 6
    np.testing.assert_array_equal(counts[treated], trials.intervention.counts[2])


def test_clients_behave_as_the_model_says_under_the_goals_they_were_set() -> None:
    people = recruit(STUDENTS, 6, DAYS, np.random.default_rng(4))
    followed = follow(people, WeeklyPlan())
    for i in range(6):
        behavior = Behavior(people.baseline[i], people.responsiveness[i], people.self_efficacy[i])
        alone = simulate(behavior, followed.goals[i])
        np.testing.assert_allclose(followed.steps[i], alone.steps)
        np.testing.assert_array_equal(followed.met[i], alone.met)
    np.testing.assert_allclose(followed.counts, np.maximum(followed.steps + people.noise, 0))


@pytest.mark.parametrize("challenge", [1.0, 0.7])
def test_a_weekly_plan_is_the_plan_for_its_estimate(challenge: float) -> None:
    counts, goals = histories(8, 21)
    found = estimate_coarse(counts, goals)
    ahead = WeeklyPlan(challenge)(counts, goals)
    assert ahead.shape == (8, 7)
    for i in range(8):
        behavior = Behavior(found.baseline[i], found.responsiveness[i], found.self_efficacy[i])
        np.testing.assert_allclose(ahead[i], plan(behavior, 7, challenge).goals)


def test_a_client_without_counts_keeps_the_last_goal() -> None:
    counts, goals = histories(3, 14)
    counts[0] = np.nan
    counts[1, 1:] = np.nan
    ahead = WeeklyPlan()(counts, goals)
    np.testing.assert_array_equal(ahead[:2], np.repeat(goals[:2, -1:], 7, axis=1))
    assert (ahead[2] != goals[2, -1]).any()


def test_missing_days_and_drop_out_leave_no_counts() -> None:
    people = recruit(STUDENTS, 400, 77, np.random.default_rng(5), missing=0.1)
    assert (~people.counted).mean() == pytest.approx(0.1, abs=0.01)
    people = recruit(STUDENTS, 400, 77, np.random.default_rng(5), drop_out=0.25)
    gone = ~people.counted[:, -1]
    assert gone.mean() == pytest.approx(0.25, abs=0.06)
    assert people.counted[:, :7].all(), "nobody leaves in the run-in week"
    assert (np.diff(people.counted.astype(int), axis=1) <= 0).all(), "nobody comes back"


def test_whoever_counts_20_000_steps_in_the_run_in_is_turned_away() -> None:
    lively = Population(Spread(13_000, 3_000), Spread(0, 0), Spread(0, 0), Spread(2_000, 0))
    people = recruit(lively, 200, 21, np.random.default_rng(6))
    assert people.turned_away > 20
    counts = follow(people, daily(fixed)).counts
    assert (counts[:, :7] < 20_000).all()
    with pytest.raises(InputError, match="Hardly anyone"):
        recruit(
            Population(Spread(30_000, 0), Spread(0, 0), Spread(0, 0), Spread(0, 0)),
            3,
            21,
            np.random.default_rng(0),
        )


def test_without_response_goals_change_nothing() -> None:
    people = recruit(POPULATIONS["no response"], 20, DAYS, np.random.default_rng(7))
    steps = [follow(people, arm).steps for arm in (daily(fixed), WeeklyPlan(), daily(percentile))]
    for taken in steps:
        np.testing.assert_allclose(taken, np.repeat(people.baseline[:, None], DAYS, axis=1))


def test_a_spread_has_its_mean_and_deviation_and_refuses_nonsense() -> None:
    drawn = Spread(6_000, 1_200).draw(20_000, np.random.default_rng(8))
    assert drawn.mean() == pytest.approx(6_000, rel=0.01)
    assert drawn.std() == pytest.approx(1_200, rel=0.03)
    assert drawn.min() > 0
    for mean, sd in ((-1, 1), (1, -1), (0, 1), (np.nan, 1)):
        with pytest.raises(InputError):
            Spread(mean, sd)


@pytest.mark.parametrize(
    "wrong", [{"trials": 0}, {"clients": 3}, {"weeks": 0}, {"missing": 1.0}, {"drop_out": -0.1}]
)
def test_trials_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        run_trials(**{"trials": 1, "population": STUDENTS, "rng": np.random.default_rng(0), **wrong})  # type: ignore[arg-type]


def test_progress_grows_to_one() -> None:
    seen: list[float] = []
    run_trials(1, STUDENTS, np.random.default_rng(0), weeks=4, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_coarse_estimates_loss_is_what_its_parameters_give_and_near_the_best() -> None:
    counts, goals = histories(15, 28)
    counts[2, 5:9] = np.nan
    found = estimate_coarse(counts, goals)
    made = course(found.baseline, found.first, found.self_efficacy, np.float64(HELPLESSNESS), goals)
    np.testing.assert_allclose(np.nansum(np.abs(made.steps - counts), axis=1), found.loss)
    np.testing.assert_allclose(made.responsiveness[:, -1], found.responsiveness)
    best = np.array([estimate(counts[i], goals[i]).loss for i in range(15)])
    assert (found.loss >= best * (1 - 1e-6)).all() or (found.loss / best).min() > 0.999
    assert np.median(found.loss / best) < 1.002
    assert (found.loss / best).max() < 1.05


def test_of_equal_fits_the_small_or_the_great_response_is_taken() -> None:
    goals = np.tile(RUN_IN, (1, 1))
    counts = np.full((1, 7), 9_000.0)  # above every goal: nothing is said about the answer to goals
    small, great = (estimate_coarse(counts, goals, greatest=flag) for flag in (False, True))
    assert small.loss[0] == great.loss[0] == pytest.approx(0.0, abs=1e-6)
    assert (small.first[0], small.self_efficacy[0]) == (0, 0)
    assert (great.first[0], great.self_efficacy[0]) == (20_000, 6_000)
    assert WeeklyPlan(greatest=True)(counts, goals).max() == 20_000
    np.testing.assert_allclose(WeeklyPlan()(counts, goals), 9_000)
