"""The posterior of a behaviour: calibrated, deterministic, and plain about what it does not know."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calfit import GOAL_CAP, HELPLESSNESS, PRIOR, Behavior, Prior, chances, outlook, simulate
from core.calfit.behavior import course
from core.calfit.posterior import posterior
from core.calfit.sampling import History, sample
from core.calfit.unknowns import what_is_missing
from core.errors import InputError

RUN_IN = [3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 6_000]
FIXED = np.array(RUN_IN + [10_000] * 21, dtype=float)
TRUE = Behavior(6_500, 3_000, 600)


def counts(behavior, goals, seed, *, scale=2_000.0, missing=0.0, offsets=None):
    rng = np.random.default_rng(seed)
    made = simulate(behavior, goals, offsets=offsets)
    steps = np.maximum(np.round(made.steps + scale * rng.laplace(size=len(goals))), 0)
    steps[rng.random(len(goals)) < missing] = np.nan
    return steps, made


@pytest.fixture(scope="module")
def belief():
    steps, _ = counts(TRUE, FIXED, 1, missing=0.1)
    return posterior(steps, FIXED)


def made_up(clients, days, *, weekdays, seed):
    """Clients from the prior's own population with goals after the run-in that some reach and some do not."""
    rng = np.random.default_rng(seed)
    baseline, p, gain = PRIOR.parameters(rng.standard_normal((3, clients)))
    effects = PRIOR.weekday_effects(rng.standard_normal((8, clients))) if weekdays else np.zeros((7, clients))
    scale = PRIOR.scales(np.zeros(clients), 0, rng)
    goals = np.concatenate(
        [np.tile(RUN_IN, (clients, 1)), rng.integers(10, 20, (clients, days - 7)) * 500.0], axis=1
    )
    offsets = effects[np.arange(days) % 7].T
    made = course(baseline, p, gain, np.float64(HELPLESSNESS), goals, offsets=offsets)
    steps = np.maximum(np.round(made.steps + scale[:, None] * rng.laplace(size=made.steps.shape)), 0)
    steps[rng.random(steps.shape) < 0.08] = np.nan
    truth = np.maximum(baseline + effects[days % 7], 0) + made.responsiveness[:, -1] / 2
    return steps, goals, truth


@pytest.mark.parametrize("weekdays", [False, True])
def test_intervals_for_tomorrows_capacity_hold_the_truth_as_often_as_they_say(weekdays):
    clients, days = 80, 14
    steps, goals, truth = made_up(clients, days, weekdays=weekdays, seed=1)
    week = np.arange(days) % 7 if weekdays else None
    beliefs = [posterior(y, g, weekdays=week, draws=400) for y, g in zip(steps, goals, strict=True)]
    below = np.array([(own.capacity < true).mean() for own, true in zip(beliefs, truth, strict=True)])
    # Each band is 3 standard deviations of a binomial of 80 wide: too narrow a posterior fails the first two, too
    # wide a one the last.
    assert 0.80 <= ((below > 0.05) & (below < 0.95)).mean() <= 1.0
    assert 0.33 <= ((below > 0.25) & (below < 0.75)).mean() <= 0.67
    assert abs(below.mean() - 0.5) < 3 / np.sqrt(12 * clients)
    widths = [np.diff(own.interval("capacity"))[0] for own in beliefs]
    before = np.diff(np.quantile(truth, [0.05, 0.95]))[0]
    assert np.median(widths) < 0.75 * before


def test_draws_agree_with_a_fine_grid():
    goals = np.array([4_000.0, 9_000, 9_000, 5_000, 9_500, 8_000, 10_000, 6_000])
    steps, _ = counts(Behavior(6_000, 4_000, 800), goals, 5, scale=800)
    axes = (np.arange(60) + 0.5) / 60
    from scipy.special import ndtri

    normals = np.stack([axis.ravel() for axis in np.meshgrid(*[ndtri(axes)] * 3, indexing="ij")])
    history = History(steps, goals, np.zeros(goals.size), None, HELPLESSNESS, False)
    baseline, p, gain, _ = history.read(normals, PRIOR)
    misfit, tomorrow = history.follow(baseline, p, gain, None)
    weights = (PRIOR.noise_rate + misfit) ** -(PRIOR.noise_shape + goals.size)
    weights /= weights.sum()
    drawn = posterior(steps, goals, draws=4_000)
    for name, grid in (
        ("baseline", baseline),
        ("responsiveness", tomorrow),
        ("self_efficacy", gain),
        ("capacity", baseline + tomorrow / 2),
    ):
        order = np.argsort(grid)
        at = np.interp([0.05, 0.5, 0.95], np.cumsum(weights[order]), grid[order])
        share = [(getattr(drawn, name) <= value).mean() for value in at]
        np.testing.assert_allclose(share, [0.05, 0.5, 0.95], atol=0.03, err_msg=name)


def test_following_a_history_is_the_behaviours_own_course():
    rng = np.random.default_rng(3)
    goals = rng.integers(6, 24, 20) * 500.0
    steps = rng.integers(2_000, 12_000, 20).astype(float)
    steps[[2, 9]] = np.nan
    parameters = PRIOR.parameters(rng.standard_normal((3, 50)))
    effects = PRIOR.weekday_effects(rng.standard_normal((8, 50)))
    week = np.arange(20) % 7
    for observed in (False, True):
        history = History(steps, goals, np.zeros(20), week, 0.8, observed)
        misfit, tomorrow = history.follow(*parameters, effects)
        made = course(
            *parameters,
            np.float64(0.8),
            goals,
            offsets=effects[week].T,
            achieved=steps >= goals if observed else None,
        )
        np.testing.assert_allclose(misfit, np.nansum(np.abs(made.steps - steps), axis=1))
        np.testing.assert_allclose(tomorrow, made.responsiveness[:, -1])


def test_the_same_history_and_seed_give_the_same_draws_and_another_seed_others(belief):
    steps, _ = counts(TRUE, FIXED, 1, missing=0.1)
    again, other = posterior(steps, FIXED), posterior(steps, FIXED, seed=2)
    for name in ("baseline", "responsiveness", "self_efficacy", "noise"):
        np.testing.assert_array_equal(getattr(belief, name), getattr(again, name))
        assert (getattr(belief, name) != getattr(other, name)).any()
    np.testing.assert_allclose(belief.interval("capacity"), other.interval("capacity"), rtol=0.1)


def test_much_data_with_little_noise_finds_the_truth():
    goals = np.tile([4_000.0, 9_500, 7_500, 12_000, 5_000], 14)
    steps, made = counts(TRUE, goals, 2, scale=300)
    found = posterior(steps, goals)
    for name, true in (
        ("baseline", 6_500),
        ("responsiveness", made.responsiveness[-1]),
        ("self_efficacy", 600),
    ):
        low, high = found.interval(name, 0.99)
        assert low <= true <= high
        assert found.identified[name]
    assert found.missing == ()
    assert found.known == ("baseline", "responsiveness", "self_efficacy")
    assert 150 < np.median(found.noise) < 500


def test_a_day_without_a_count_moves_behaviour_on_but_is_no_zero():
    steps, _ = counts(TRUE, FIXED, 4)
    holed = steps.copy()
    holed[10:20] = np.nan
    zeroed = np.where(np.isnan(holed), 0.0, holed)
    whole, part = posterior(steps, FIXED), posterior(holed, FIXED)
    assert part.mean.baseline == pytest.approx(whole.mean.baseline, rel=0.15)
    assert np.diff(part.interval("baseline")) > np.diff(whole.interval("baseline"))
    assert posterior(zeroed, FIXED).mean.baseline < part.mean.baseline - 500
    # More days without a count after the last: responsiveness moves on by the goals alone.
    later = posterior(np.append(steps, [np.nan] * 10), np.append(FIXED, [20_000] * 10))
    np.testing.assert_allclose(later.baseline, whole.baseline)
    np.testing.assert_allclose(later.responsiveness, whole.responsiveness * HELPLESSNESS**10)


def test_the_observed_reading_follows_the_counts():
    goals = np.full(30, 6_000.0)
    above = posterior(np.full(30, 7_000.0), goals, achievement="observed")
    holes = posterior(np.r_[np.full(10, 7_000.0), np.full(20, np.nan)], goals, achievement="observed")
    assert above.mean.responsiveness > 2 * holes.mean.responsiveness
    assert posterior(np.full(30, 7_000.0), goals).achievement == "latent"


def test_goals_below_the_usual_steps_say_nothing_about_answers_to_goals():
    rng = np.random.default_rng(6)
    belief = posterior(np.maximum(8_000 + 1_500 * rng.laplace(size=14), 0), np.full(14, 4_000.0))
    assert belief.known == ("baseline",)
    assert len(belief.missing) == 2
    assert belief.missing[0].startswith(
        "Responsiveness cannot be told yet: every goal so far was below the usual steps. "
        "Some days with goals above "
    )
    assert belief.missing[1].startswith("Self-efficacy cannot be told yet: every goal")


@pytest.mark.parametrize(
    ("goals", "days", "name", "words"),
    [
        ([9_000.0], 14, "Self-efficacy", "no goal so far was within reach"),
        ([4_000.0], 2, "Baseline", "there are 2 days with a count"),
        ([4_000.0], 2, "Responsiveness", "goals above"),
        ([4_000.0, 4_000.0, 9_000.0], 15, "Self-efficacy", "goals within reach and goals above"),
    ],
)
def test_what_cannot_be_told_comes_with_its_cause(goals, days, name, words):
    wanted = np.resize(goals, days)
    steps, _ = counts(Behavior(6_500, 0, 20), wanted, 3, scale=1_500)
    sentence = next(line for line in posterior(steps, wanted).missing if line.startswith(name))
    assert words in sentence
    assert "cannot be told yet" in sentence
    assert sentence.endswith(".")


def test_goals_always_above_the_usual_steps_leave_the_baseline_open():
    strong = Behavior(4_000, 16_000, 3_000)
    wanted = np.full(8, 12_000.0)
    steps, _ = counts(strong, wanted, 3, scale=1_500)
    belief = posterior(steps, wanted)
    assert not belief.identified["baseline"]
    assert "every goal so far was above the usual steps" in belief.missing[0]


def test_goals_all_within_reach_ask_for_higher_ones():
    wanted = np.resize([4_000.0, 7_500.0], 12)
    steps, _ = counts(Behavior(6_000, 8_000, 1_500), wanted, 3, scale=600)
    lines = posterior(steps, wanted).missing
    assert any("within reach, so that" in line for line in lines)


def test_where_no_goal_can_tell_it_is_said():
    rng = np.random.default_rng(6)
    belief = posterior(26_000 + 1_000 * rng.laplace(size=30), np.full(30, 20_000.0))
    assert any("none may lie above 20,000" in line for line in belief.missing)


def test_a_client_who_grew_past_every_goal_is_told_so_in_a_sentence():
    # Six goals out of reach, then weeks of easy ones that lift the capacity beyond the highest goal there is.
    wanted = np.array([20_000.0] * 6 + [15_000.0] * 20)
    history = History(np.full(26, 15_000.0), wanted, np.zeros(26), None, 0.85, observed=False)
    draws = tuple(np.full(100, value) for value in (15_000.0, 0.0, 3_000.0))
    open_ones = {"baseline": True, "responsiveness": False, "self_efficacy": True}
    [line] = what_is_missing(history, draws, None, np.full(100, 1_000.0), open_ones)
    assert line.endswith(
        "6 of 26 counted days had a goal out of reach. No goal can tell: none may lie above 20,000."
    )


def test_unknown_weekdays_add_doubt_about_tomorrow():
    week = np.arange(28) % 7
    effects = np.array([0, 0, 0, 0, 0, 2_000, -2_000.0])
    steps, _ = counts(TRUE, FIXED, 8, scale=700, offsets=effects[week])
    belief = posterior(steps, FIXED, weekdays=week)
    plain = posterior(steps, FIXED)
    assert belief.offsets.sum() == pytest.approx(0, abs=1e-6)
    assert belief.offsets[5] > 600
    assert belief.offsets[6] < -600
    assert (np.abs(belief.offsets[:5]) < 900).all()
    np.testing.assert_array_equal(plain.offsets, np.zeros(7))
    assert belief.weekday == 0
    sixth = posterior(steps[:27], FIXED[:27], weekdays=week[:27])
    assert sixth.weekday == 6
    assert np.median(sixth.capacity) < np.median(belief.capacity)
    goals = np.full(7, 6_500.0)
    followed = chances(sixth, goals)
    assert followed[0] < followed[1:5].min()
    known = posterior(steps, FIXED, offsets=effects[week], offset_tomorrow=effects[0])
    assert np.diff(known.interval("capacity")) < np.diff(belief.interval("capacity"))


def test_weekdays_of_one_kind_only():
    steps = np.full(21, np.nan)
    steps[::7] = [5_000, 6_000, 5_500]
    belief = posterior(steps, np.full(21, 5_000.0), weekdays=np.arange(21) % 7)
    assert np.isfinite(belief.capacity).all()
    assert not belief.identified["self_efficacy"]


@settings(max_examples=25)
@given(
    st.lists(st.floats(0, GOAL_CAP), min_size=1, max_size=10),
    st.data(),
    st.booleans(),
)
def test_a_higher_goal_never_has_a_higher_chance_that_day(belief, goals, data, counted):
    day = data.draw(st.integers(0, len(goals) - 1))
    higher = list(goals)
    higher[day] = data.draw(st.floats(goals[day], GOAL_CAP))
    before, after = (chances(belief, plan, counted=counted) for plan in (goals, higher))
    assert ((before >= 0) & (before <= 1)).all()
    # The steps rise with a goal within reach, but by no more than the goal does.
    assert after[day] <= before[day] + 1e-12
    np.testing.assert_array_equal(before[:day], after[:day])
    np.testing.assert_array_equal(before, chances(belief, goals, counted=counted))


def test_chances_are_shares_of_the_draws(belief):
    goals = [7_000.0, 8_000.0, 0.0]
    made = [
        simulate(Behavior(u, p, m), goals).met
        for u, p, m in zip(belief.baseline, belief.responsiveness, belief.self_efficacy, strict=True)
    ]
    np.testing.assert_allclose(chances(belief, goals), np.mean(made, axis=0))
    rng = np.random.default_rng(0)
    steps = (
        outlook(belief, goals).steps[:, None]
        + rng.laplace(size=(1_000, 300, 3)) * belief.noise[:, None, None]
    )
    simulated = (np.maximum(steps, 0) >= goals).mean(axis=(0, 1))
    np.testing.assert_allclose(chances(belief, goals, counted=True), simulated, atol=0.005)
    assert chances(belief, goals, counted=True)[2] == 1.0


def test_observed_chances_follow_counts_of_each_draws_own(belief):
    observed = replace(belief, achievement="observed")
    goals = np.full(14, 7_000.0)
    np.testing.assert_array_equal(
        outlook(observed, goals).responsiveness, outlook(observed, goals).responsiveness
    )
    paths = outlook(observed, goals).responsiveness
    np.testing.assert_array_equal(paths[:, 0], belief.responsiveness)
    rise = paths[:, 1:] - HELPLESSNESS * paths[:, :-1]
    lifted = rise > belief.self_efficacy[:, None] / 2
    np.testing.assert_allclose(rise, lifted * belief.self_efficacy[:, None], atol=1e-6)
    np.testing.assert_allclose(lifted.mean(axis=0), chances(observed, goals, counted=True), atol=0.05)


def test_moved_to_keeps_the_spread_about_the_chosen_values(belief):
    chosen = Behavior(9_000, 6_000, 2_500, 0.8)
    moved = belief.moved_to(chosen)
    assert moved.median.baseline == pytest.approx(9_000)
    assert moved.median.responsiveness == pytest.approx(6_000)
    assert moved.median.self_efficacy == pytest.approx(2_500)
    assert moved.helplessness == 0.8
    assert moved.baseline.std() == pytest.approx(belief.baseline.std())
    np.testing.assert_array_equal(np.argsort(moved.baseline), np.argsort(belief.baseline))
    low = belief.moved_to(Behavior(9_000, 0, 0))
    assert low.median.responsiveness == pytest.approx(0, abs=1)
    assert (low.responsiveness >= 0).all()
    assert (low.responsiveness > 0).any()
    back = belief.moved_to(belief.median)
    np.testing.assert_allclose(back.capacity, belief.capacity)


def test_a_posterior_cannot_be_changed_and_can_be_copied(belief):
    with pytest.raises(ValueError, match="read-only"):
        belief.baseline[0] = 1
    for other in (pickle.loads(pickle.dumps(belief)), copy.deepcopy(belief)):
        np.testing.assert_array_equal(other.capacity, belief.capacity)
        assert other.missing == belief.missing


def test_sampling_reaches_the_posterior_from_far_away():
    """An elderly walker of 800 steps and little noise: hardly a draw of the prior is near."""
    rng = np.random.default_rng(0)
    goals = np.full(60, 3_000.0)
    steps = np.maximum(800 + 60 * rng.laplace(size=60), 0)
    history = History(steps, goals, np.zeros(60), None, HELPLESSNESS, False)
    first, cloud, misfit = sample(history, PRIOR, 500, np.random.default_rng(0))
    assert first.shape == (3, 2_000)
    assert cloud.shape == (3, 500)
    np.testing.assert_allclose(misfit, history.follow(*history.read(cloud, PRIOR))[0])
    assert np.median(PRIOR.parameters(cloud)[0]) == pytest.approx(800, abs=120)
    assert np.unique(cloud[0]).size > 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": [-1.0, 5_000]}, "steps must be 0 or more"),
        ({"steps": [np.nan, 5_000]}, "At least two days"),
        ({"steps": [np.nan, np.nan]}, "At least two days"),
        ({"steps": [5_000.0]}, "1 steps, 2 goals"),
        ({"steps": [np.inf, 5_000]}, "steps must be 0 or more"),
        ({"goals": [np.nan, 5_000]}, "Every day needs a goal"),
        ({"goals": [5_000, 25_000]}, "between 0 and 20,000"),
        ({"offsets": [1.0]}, "offsets must be finite, one for each of the 2 days"),
        ({"offsets": [1.0, np.nan]}, "offsets must be finite"),
        ({"offset_tomorrow": np.nan}, "offsets must be finite"),
        ({"weekdays": [0, 7]}, "from 0 for Monday to 6 for Sunday"),
        ({"weekdays": [0]}, "weekdays must be one for each day"),
        ({"weekdays": [0, 1], "offsets": [0.0, 0.0]}, "not both"),
        ({"achievement": "hoped"}, '"latent" or "observed"'),
        ({"helplessness": 1.0}, "helplessness"),
        ({"draws": 10}, "draws must be at least 100"),
    ],
)
def test_bad_input_is_named(arguments, words):
    given_ = {"steps": [5_000.0, 6_000.0], "goals": [4_000.0, 4_000.0], **arguments}
    with pytest.raises(InputError, match=words):
        posterior(given_.pop("steps"), given_.pop("goals"), **given_)


def test_bad_questions_to_a_posterior_are_named(belief):
    with pytest.raises(InputError, match="name must be one of"):
        belief.interval("mood")
    for level in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="level must lie between 0 and 1"):
            belief.interval("capacity", level)
    for goals in ([], [np.nan], [-1.0], [20_001.0]):
        with pytest.raises(InputError):
            chances(belief, goals)
    for offsets in ([1.0], [np.nan, 0.0], [[0.0, 0.0]]):
        with pytest.raises(InputError, match="offsets"):
            chances(belief, [5_000.0, 5_000.0], offsets=offsets)
    with pytest.raises(InputError, match=r"prior\.baseline must be a number above 0"):
        Prior(baseline=0)
