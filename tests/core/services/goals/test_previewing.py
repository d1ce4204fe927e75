"""A preview keeps its rules and says what it counts on; the comparison plays every policy in the same futures."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_data
from core.calfit import Behavior, outlook
from core.errors import InputError, JobFailed
from core.services import Store, goals, preparing
from core.services.goals import group
from core.services.goals.settings import PlanSettings


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "_yesterday", lambda: sample_data.LAST_DAY)
        store = Store(tmp_path_factory.mktemp("goals") / "data")
        preparing.add_sample(store, lambda _line: None)
    records = goals.read_many(store, 1, now=datetime(2026, 3, 16, 12, tzinfo=UTC))
    yield [(record, goals.fit(record.history)) for record in records[:3]]
    store.close()


def test_a_preview_is_what_the_behaviour_makes_of_its_goals(fitted):
    for record, fit in fitted:
        made = goals.preview(record, fit, goals.suggested(fit))
        steps = outlook(fit.posterior.moved_to(made.behavior), made.goals).steps
        np.testing.assert_allclose(made.expected, steps.mean(axis=0))
        assert len(made.binding) == len(made.in_force) == made.goals.size == 14
        assert (made.low <= made.high).all()
        assert ((made.chance >= 0) & (made.chance <= 1)).all()
        assert (made.goals % 50 == 0).all()


def test_a_harder_plan_has_lower_chances_and_a_trainers_baseline_moves_them(fitted):
    record, fit = fitted[0]
    settings = goals.suggested(fit)
    easy, hard = (goals.preview(record, fit, replace(settings, challenge=c, ramp=None)) for c in (0.3, 1.0))
    assert easy.goals.sum() < hard.goals.sum()
    assert easy.chance[0] >= hard.chance[0]
    kept = {"policy": "fixed 10,000"}
    stronger = goals.preview(record, fit, replace(settings, baseline=settings.baseline + 3000, **kept))
    weaker = goals.preview(record, fit, replace(settings, **kept))
    assert stronger.chance.mean() > weaker.chance.mean()


@given(
    weekdays=st.sets(st.integers(0, 6), max_size=3),
    horizon=st.integers(1, 30),
    cap=st.integers(3_000, 20_000),
    ramp=st.none() | st.integers(50, 1_000),
)
def test_rules_hold_whatever_they_are(fitted, weekdays, horizon, cap, ramp):
    record, fit = fitted[1]
    made = goals.preview(
        record,
        fit,
        replace(
            goals.suggested(fit), rest_weekdays=tuple(weekdays), horizon=horizon, cap=float(cap), ramp=ramp
        ),
    )
    assert (made.goals <= cap).all()
    for day, goal, rule in zip(made.days, made.goals, made.binding, strict=True):
        assert goal <= made.behavior.baseline + fit.posterior.offsets.max() or day.weekday() not in weekdays
        assert (rule == "rest day") <= (day.weekday() in weekdays)


def test_a_policy_takes_the_plans_place(fitted):
    record, fit = fitted[0]
    made = goals.preview(record, fit, PlanSettings(policy="fixed 10,000", horizon=5))
    assert list(made.goals) == [10_000] * 5
    assert made.binding == ("fixed 10,000",) * 5


def test_without_an_estimate_a_run_in_week_is_suggested_and_nothing_is_made_up(fitted):
    record = replace(fitted[0][0], history=None, why_not="No goals on record.")
    made = goals.preview(record, None, goals.suggested(None))
    assert list(made.goals) == [3000, 3500, 4000, 4500, 5000, 5500, 6000]
    assert (made.chance, made.low, made.chance_counted) == (None, None, None)
    assert made.behavior.responsiveness == 0


def test_expected_steps_agree_with_those_that_the_rules_are_compared_by(fitted):
    for record, fit in fitted:
        made = goals.preview(record, fit, goals.suggested(fit))
        assert made.expected.mean() == pytest.approx(goals.compare(record, fit, made)[0].steps, rel=0.03)
        unsure = made.chance < 0.6
        assert not unsure.any() or made.expected[unsure].mean() < made.goals[unsure].mean()


def test_the_comparison_is_seeded_paired_and_knows_an_easy_goal_from_a_hard_one(fitted):
    record, fit = fitted[0]
    easy = goals.preview(record, fit, replace(goals.suggested(fit), cap=3000.0))
    first, again = (goals.compare(record, fit, easy) for _ in range(2))
    assert [row.steps for row in first] == [row.steps for row in again]
    rows = {row.name: row for row in first}
    assert first[0].name == "this plan"
    assert rows["this plan"].met > rows["fixed 10,000"].met
    same = goals.preview(record, fit, replace(goals.suggested(fit), policy="fixed 10,000"))
    mine, fixed = (
        next(r for r in goals.compare(record, fit, same) if r.name == name)
        for name in ("this plan", "fixed 10,000")
    )
    assert (mine.steps, mine.met) == (fixed.steps, fixed.met), "the same goals in the same futures"


def test_a_group_is_planned_each_by_its_own_estimate(fitted):
    records = [record for record, _ in fitted]
    told: list[float] = []
    rules = PlanSettings(baseline=1.0, horizon=7)
    proposals = list(goals.propose(records, rules, progress=told.append))
    assert told[-1] == 1.0
    for proposal, (record, fit) in zip(proposals, fitted, strict=True):
        assert proposal.preview.behavior == fit.behavior
        np.testing.assert_array_equal(
            proposal.preview.goals, goals.preview(record, fit, replace(goals.suggested(fit), horizon=7)).goals
        )


def test_those_without_an_estimate_get_a_first_week_where_it_is_asked_for_and_no_goals_lie_ahead(fitted):
    record = replace(fitted[0][0], history=None, why_not="No goals on record.", asked={})
    rules = PlanSettings()
    (left_out,) = goals.propose([record], rules)
    assert (left_out.preview, left_out.why_not) == (None, "No goals on record.")
    (first,) = goals.propose([record], rules, untold=lambda each: goals.suggested(None, each))
    assert first.fit is None
    assert first.preview.goals.size == 7
    busy = replace(record, asked={record.starts_on: 3000})
    (kept,) = goals.propose([busy], rules, untold=lambda each: goals.suggested(None, each))
    assert kept.preview is None
    assert "in force until" in kept.why_not
    stretch = PlanSettings(policy=goals.STRETCH, horizon=7)
    (unknown,) = goals.propose([replace(record, days=())], rules, untold=lambda _: stretch)
    assert (unknown.preview, "no counts" in unknown.why_not) == (None, True)


def test_one_client_whose_plan_fails_does_not_stop_the_others(fitted, monkeypatch):
    records = [record for record, _ in fitted]

    def failing(record, fit, rules):
        if record is records[0]:
            raise JobFailed("No plan was found within 10 s.")
        return goals.preview(record, fit, rules)

    monkeypatch.setattr(group, "preview", failing)
    proposals = list(goals.propose(records, PlanSettings()))
    assert proposals[0].why_not == "No plan was found within 10 s."
    assert [made.preview is None for made in proposals] == [True, False, False]


@pytest.mark.parametrize(
    "settings",
    [
        {"challenge": 3.0},
        {"horizon": 0},
        {"horizon": 1.5},
        {"horizon": 400, "policy": "fixed 10,000"},
        {"cap": 30_000.0},
        {"baseline": -5.0},
        {"baseline": "high"},
        {"policy": "luck"},
    ],
)
def test_settings_that_cannot_be_are_refused(fitted, settings):
    record, fit = fitted[0]
    with pytest.raises(InputError):
        goals.preview(record, fit, replace(goals.suggested(fit), **settings))


def test_settings_survive_json():
    settings = PlanSettings(rest_weekdays=(0, 6), fixed=((2, 8000),), weekly_least=40_000.0)
    assert (
        PlanSettings.from_json(settings.to_json() | {"rest_weekdays": [0, 6], "fixed": [[2, 8000]]})
        == settings
    )
    with pytest.raises(InputError, match="luck"):
        PlanSettings.from_json({"luck": 1})


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"rest_weekdays": 5}, "rest_weekdays"),
        ({"rest_weekdays": [7]}, "rest_weekdays"),
        ({"fixed": 5}, "fixed"),
        ({"fixed": [[1, "many"]]}, "fixed"),
        ({"fixed": {"1": 8000}}, "fixed"),
        ({"policy": ["calfit"]}, "policy"),
    ],
)
def test_settings_of_another_kind_are_refused_by_name(document, named):
    with pytest.raises(InputError, match=named):
        PlanSettings.from_json(document)


def test_the_highest_goal_today_on_a_weekday_of_few_steps_leaves_a_plan(fitted):
    record, fit = fitted[0]
    few = np.zeros((fit.posterior.baseline.size, 7))
    few[:, record.today.weekday()] = -3_000
    quiet = replace(fit, posterior=replace(fit.posterior, weekday_effects=few))
    before = replace(record, asked={record.today: 20_000})
    made = goals.preview(before, quiet, replace(goals.suggested(quiet), baseline=19_000.0))
    assert made.goals[0] >= 19_000


def test_the_papers_estimate_stands_at_the_plans_first_day(fitted):
    _, fit = fitted[0]
    assert isinstance(fit.papers, Behavior)
    assert fit.papers.responsiveness == pytest.approx(fit.estimate.course.responsiveness[-1])


def test_goals_are_whole_and_a_weekly_least_still_holds(fitted):
    record, fit = fitted[0]
    settings = replace(goals.suggested(fit), round_to=None, ramp=None)
    most = goals.preview(record, fit, replace(settings, horizon=7, challenge=1.0)).goals.sum()
    made = goals.preview(record, fit, replace(settings, horizon=7, challenge=1.0, weekly_least=float(most)))
    assert (made.goals == np.floor(made.goals)).all()
    assert made.goals.sum() >= most
