"""The gate: nothing unknown is let through, another condition never opens anything, and every mask has its rule."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.guidelines import (
    ARMS,
    COMPONENTS,
    CONDITIONS,
    FINDINGS,
    MEASUREMENTS,
    POSITIONS,
    QUESTIONS,
    Health,
    Intensity,
    Needs,
    Verdict,
    safety_gate,
)
from core.guidelines.health import RELIEVING
from core.guidelines.rules import LEVELS

NO = dict.fromkeys(QUESTIONS, False)

healths = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(0, 120)),
        "conditions": st.frozensets(st.sampled_from(CONDITIONS), max_size=4),
        "screening": st.one_of(
            st.just(NO), st.fixed_dictionaries({q: st.sampled_from((True, False, None)) for q in QUESTIONS})
        ),
        "active": st.sampled_from((True, False, None)),
        "findings": st.frozensets(st.sampled_from(FINDINGS), max_size=2),
        "measurements": st.fixed_dictionaries(
            {}, optional={name: st.floats(low, high) for name, (low, high) in MEASUREMENTS.items()}
        ),
        "cleared": st.booleans(),
    }
)
needs = st.builds(
    Needs,
    component=st.sampled_from((*COMPONENTS, None)),
    **{name: st.sampled_from((*levels, None)) for name, levels in LEVELS.items()},
    positions=st.one_of(st.none(), st.frozensets(st.sampled_from(POSITIONS), max_size=2)),
)
EASY = Needs(
    component="aerobic",
    intensity="light",
    impact="none",
    load="light",
    balance_demand="low",
    positions=frozenset({"seated"}),
)


def named(masks):
    return {(masked.rule.key, masked.reason) for masked in masks}


def judged(**told):
    return safety_gate(Health(**{"age": 40, "conditions": [], "screening": NO, "active": False, **told}))


@given(healths, st.sampled_from(CONDITIONS), needs)
def test_another_condition_never_unmasks_anything(told, another, asked):
    before = safety_gate(Health(**told))
    after = safety_gate(Health(**{**told, "conditions": told["conditions"] | {another}}))
    assert after.verdict.order >= before.verdict.order
    assert set(before.masked_arms) <= set(after.masked_arms)
    assert named(before.masks(asked)) <= named(after.masks(asked))


@given(healths, st.sampled_from([name for name in FINDINGS if name not in RELIEVING]), needs)
def test_another_finding_that_relieves_nothing_never_unmasks_anything(told, another, asked):
    before = safety_gate(Health(**told))
    after = safety_gate(Health(**{**told, "findings": told["findings"] | {another}}))
    assert after.verdict.order >= before.verdict.order
    assert named(before.masks(asked)) <= named(after.masks(asked))


@given(healths, needs)
def test_clearance_never_masks_anything_more_and_never_lifts_a_stop(told, asked):
    without = safety_gate(Health(**{**told, "cleared": False}))
    cleared = safety_gate(Health(**{**told, "cleared": True}))
    assert named(cleared.masks(asked)) <= named(without.masks(asked))
    assert (cleared.verdict is Verdict.STOP) == (without.verdict is Verdict.STOP)
    assert all(rule.lifted_by_clearance for rule in cleared.lifted)
    assert without.lifted == ()


@given(healths, needs)
def test_what_is_masked_names_a_rule_with_its_source(told, asked):
    found = safety_gate(Health(**told))
    if found.verdict is not Verdict.ALLOWED:
        assert found.open_arms == ()
        assert found.intensity_high is None
        assert found.masks(asked)
    assert set(found.masked_arms) | set(found.open_arms) == set(ARMS)
    for masked in (*found.masks(asked), *(mask for masks in found.masked_arms.values() for mask in masks)):
        assert masked.rule in found.rules
        assert masked.rule.origin.source in masked.sentence()


@given(healths, needs)
def test_an_exercise_of_which_less_is_known_is_not_masked_less(told, asked):
    found = safety_gate(Health(**told))
    if found.masks(asked):
        assert found.masks(Needs())


@given(healths, st.sampled_from(QUESTIONS))
def test_a_question_without_an_answer_is_never_silently_allowed(told, question):
    for screening in (None, {}, {**NO, question: None}):
        found = safety_gate(Health(**{**told, "screening": screening}))
        assert found.verdict is not Verdict.ALLOWED
        assert question in found.unanswered


def test_nothing_known_is_clearance_first_whatever_is_said_of_clearance():
    for cleared in (False, True):
        found = safety_gate(Health(age=None, conditions=None, screening=None, cleared=cleared))
        assert found.verdict is Verdict.CLEARANCE_FIRST
        assert found.unanswered == QUESTIONS
        assert found.open_arms == ()


def test_the_pre_participation_table():
    disease, symptom = ["kidney disease"], {**NO, "dizziness_or_fainting": True}
    answers = {
        (active, bool(conditions), screening is symptom): (
            found := judged(active=active, conditions=conditions, screening=screening)
        ).verdict
        for active, conditions, screening in product((True, False), ([], disease), (NO, symptom))
    }
    allowed, clearance, stop = Verdict
    assert answers == {
        (True, False, False): allowed,
        (True, False, True): stop,
        (True, True, False): allowed,
        (True, True, True): stop,
        (False, False, False): allowed,
        (False, False, True): clearance,
        (False, True, False): clearance,
        (False, True, True): clearance,
    }
    assert found.verdict is clearance


def test_known_disease_keeps_to_moderate_until_clearance_and_beginners_after_it_too():
    told = {"conditions": ["kidney disease"]}
    assert judged(**told, active=True).intensity_high is Intensity.MODERATE
    assert judged(**told, active=True, cleared=True).intensity_high is Intensity.VIGOROUS
    assert judged(**told, active=False, cleared=True).intensity_high is Intensity.MODERATE
    assert judged(**told, active=None, cleared=True).intensity_high is Intensity.MODERATE


def test_where_activity_is_not_known_the_stricter_row_holds():
    assert judged(active=None, findings=["palpitations"]).verdict is Verdict.STOP
    assert judged(active=None, conditions=["stroke"]).verdict is Verdict.CLEARANCE_FIRST
    assert judged(active=None).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_yes_asks_for_clearance_first(question):
    found = judged(screening={**NO, question: True})
    assert found.verdict is not Verdict.ALLOWED
    assert any(question in rule.when for rule in found.rules)


def test_an_exercise_is_masked_by_what_it_needs():
    found = judged(conditions=["osteoarthritis", "falls risk", "osteoporosis"])
    assert found.verdict is Verdict.ALLOWED
    assert found.masks(EASY) == ()
    jump = Needs(
        component="strength",
        intensity="vigorous",
        impact="high",
        load="moderate",
        balance_demand="high",
        positions=frozenset({"standing", "spine twisted"}),
    )
    reasons = {masked.rule.key: masked.reason for masked in found.masks(jump)}
    assert reasons == {
        "osteoarthritis, impact": "Its impact is high, and at most low is allowed",
        "falls risk, balance": "Its balance demand is high, and at most moderate is allowed",
        "osteoporosis, spine": "It takes a position that is not allowed: spine twisted",
    }
    assert {masked.rule.key for masked in found.masks(Needs())} == set(reasons)
    assert judged().masks(Needs()) == ()


def test_an_arm_of_its_own_is_masked_and_the_others_stay_open():
    found = judged(findings=["unstable retinopathy"])
    assert found.open_arms == ("cardio", "flexibility")
    (masked,) = found.masked_arms["strength"]
    assert masked.rule.key == "retinopathy"
    assert "not yet reviewed by a clinician" in masked.sentence()
    unknown = Needs(intensity="light", impact="none", positions=frozenset({"seated"}))
    assert [mask.reason for mask in found.masks(unknown)] == [
        "It may be, as its component is not known, of the arm strength"
    ]
    assert found.masks(EASY) == ()
    assert [
        mask.rule.key for mask in found.masks(Needs(component="strength", intensity="light", impact="none"))
    ] == [
        "retinopathy",
        "retinopathy",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age": -1}, "age must be a number of years"),
        ({"age": float("nan")}, "age must be a number of years"),
        ({"conditions": ["gout"]}, "'gout' is not in the guideline base"),
        ({"conditions": "stroke"}, "conditions must be a collection"),
        ({"screening": {"likes_cake": True}}, "'likes_cake' is unknown"),
        ({"screening": {**NO, "chest_pain": "no"}}, "The answer to chest_pain must be"),
        ({"active": "yes"}, "active must be"),
        ({"cleared": None}, "cleared must be"),
        ({"findings": ["hiccups"]}, "the finding 'hiccups'"),
        ({"findings": "ketones"}, "findings must be a collection"),
        ({"measurements": {"pulse": 60}}, "the measurement 'pulse'"),
        ({"measurements": {"systolic_mmhg": float("nan")}}, "systolic_mmhg must be a number from 40 to 300"),
        ({"measurements": {"oxygen_saturation_percent": 0.95}}, "oxygen_saturation_percent must be a number"),
        ({"measurements": {"glucose_mg_dl": None}}, "glucose_mg_dl must be a number"),
    ],
)
def test_bad_input_is_refused_by_name(change, said):
    with pytest.raises(InputError, match=said):
        judged(**change)


def test_needs_in_other_words_are_refused():
    with pytest.raises(InputError, match="impact must be one of"):
        Needs(impact="some")
    with pytest.raises(InputError, match="component must be one of"):
        Needs(component="cardio")
    with pytest.raises(InputError, match="positions must be"):
        Needs(positions=frozenset({"sideways"}))
