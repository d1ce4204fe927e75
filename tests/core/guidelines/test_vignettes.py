"""Clients as a clinician would describe them, and what the gate must say of each."""

import pytest

from core.guidelines import QUESTIONS, Health, Intensity, Needs, Verdict, safety_gate

ALLOWED, CLEARANCE, STOP = Verdict
NO = dict.fromkeys(QUESTIONS, False)


def answers(*yes):
    return {**NO, **dict.fromkeys(yes, True)}


HEART = "heart_condition_or_high_blood_pressure"
OTHER = "other_chronic_condition"
BONES = "bone_joint_or_muscle_problem"

# Name: what is known, the verdict, and rules that must be among those named.
VIGNETTES = {
    "healthy, 25, active": ({"age": 25, "active": True}, ALLOWED, set()),
    "healthy, 25, not active": ({"age": 25, "active": False}, ALLOWED, set()),
    "healthy, 25, never screened": (
        {"age": 25, "screening": None, "cleared": True},
        CLEARANCE,
        {"screening incomplete"},
    ),
    "15 years old": ({"age": 15}, CLEARANCE, {"age"}),
    "kidney disease on dialysis, a session missed, cleared before": (
        {
            "conditions": ["kidney disease"],
            "screening": answers(OTHER),
            "findings": ["missed dialysis"],
            "cleared": True,
        },
        STOP,
        {"missed dialysis"},
    ),
    "kidney disease on dialysis, no session missed, cleared": (
        {"conditions": ["kidney disease"], "screening": answers(OTHER), "cleared": True},
        ALLOWED,
        {"kidney disease, lifting", "table: known disease, start"},
    ),
    "hypertension not under control, 190/115": (
        {
            "age": 58,
            "conditions": ["hypertension"],
            "screening": answers(HEART),
            "measurements": {"systolic_mmhg": 190, "diastolic_mmhg": 115},
            "cleared": True,
        },
        STOP,
        {"blood pressure, systolic", "blood pressure, diastolic"},
    ),
    "150/112: one of the two is enough": (
        {"conditions": ["hypertension"], "measurements": {"systolic_mmhg": 150, "diastolic_mmhg": 112}},
        STOP,
        {"blood pressure, diastolic"},
    ),
    "hypertension under control, 135/85, cleared": (
        {
            "conditions": ["hypertension"],
            "screening": answers(HEART),
            "measurements": {"systolic_mmhg": 135, "diastolic_mmhg": 85},
            "cleared": True,
        },
        ALLOWED,
        set(),
    ),
    "pregnant in week 30 with placenta praevia": (
        {
            "age": 31,
            "conditions": ["pregnancy"],
            "findings": ["placenta praevia"],
            "measurements": {"gestation_weeks": 30},
            "cleared": True,
        },
        STOP,
        {"placenta praevia"},
    ),
    "pregnant in unknown weeks with placenta praevia": (
        {"conditions": ["pregnancy"], "findings": ["placenta praevia"], "cleared": True},
        STOP,
        {"placenta praevia"},
    ),
    "pregnant in week 12 with placenta praevia": (
        {
            "conditions": ["pregnancy"],
            "findings": ["placenta praevia"],
            "measurements": {"gestation_weeks": 12},
        },
        CLEARANCE,
        {"placenta praevia, early"},
    ),
    "pregnant with pre-eclampsia": (
        {"conditions": ["pregnancy"], "findings": ["pre-eclampsia or hypertension of pregnancy"]},
        STOP,
        {"pre-eclampsia or hypertension of pregnancy"},
    ),
    "pregnant with severe anaemia": (
        {"conditions": ["pregnancy"], "findings": ["severe anaemia"], "cleared": True},
        STOP,
        {"pregnancy: severe anaemia"},
    ),
    "type 2 diabetes, glucose 280 with ketones": (
        {
            "conditions": ["type 2 diabetes"],
            "screening": answers(OTHER),
            "findings": ["ketones"],
            "measurements": {"glucose_mg_dl": 280},
            "cleared": True,
        },
        STOP,
        {"glucose with ketones"},
    ),
    "type 2 diabetes, glucose 250, ketones not tested": (
        {"conditions": ["type 2 diabetes"], "measurements": {"glucose_mg_dl": 250}, "cleared": True},
        STOP,
        {"glucose, ketones not ruled out"},
    ),
    "type 2 diabetes, glucose 280, no ketones, cleared": (
        {
            "conditions": ["type 2 diabetes"],
            "findings": ["ketones ruled out"],
            "measurements": {"glucose_mg_dl": 280},
            "cleared": True,
        },
        ALLOWED,
        {"table: known disease, start"},
    ),
    "type 2 diabetes, glucose 80": (
        {"conditions": ["type 2 diabetes"], "measurements": {"glucose_mg_dl": 80}, "cleared": True},
        STOP,
        {"glucose low"},
    ),
    "heart failure, NYHA IV": (
        {"age": 66, "conditions": ["heart failure"], "findings": ["NYHA IV"], "cleared": True},
        STOP,
        {"NYHA IV, unsupervised"},
    ),
    "heart failure, NYHA IV, in a supervised programme": (
        {"conditions": ["heart failure"], "findings": ["NYHA IV", "medically supervised"], "cleared": True},
        ALLOWED,
        {"NYHA IV", "heart failure, lifting"},
    ),
    "heart failure, 2.5 kg more in three days": (
        {"conditions": ["heart failure"], "measurements": {"weight_gain_kg_in_3_days": 2.5}, "cleared": True},
        STOP,
        {"heart failure, weight"},
    ),
    "osteoporosis with a vertebral fracture, cleared": (
        {
            "age": 72,
            "conditions": ["osteoporosis"],
            "screening": answers(BONES),
            "findings": ["vertebral fracture"],
            "cleared": True,
        },
        ALLOWED,
        {"vertebral fracture", "osteoporosis, spine"},
    ),
    "after a stroke, on their own": (
        {"age": 60, "conditions": ["stroke"], "screening": answers(OTHER)},
        CLEARANCE,
        {"stroke, start", "table: known disease, not active"},
    ),
    "coronary artery disease with unstable angina": (
        {
            "conditions": ["coronary artery disease"],
            "screening": answers(HEART),
            "findings": ["unstable angina"],
            "cleared": True,
        },
        STOP,
        {"unstable angina"},
    ),
    "an infection with fever": (
        {"age": 25, "active": True, "findings": ["acute infection with fever"], "cleared": True},
        STOP,
        {"acute infection with fever"},
    ),
    "active, with chest pain": (
        {"active": True, "screening": answers("chest_pain")},
        STOP,
        {"table: symptoms, active"},
    ),
    "80 years old with a risk of falls, cleared": (
        {
            "age": 80,
            "conditions": ["falls risk"],
            "screening": answers("dizziness_or_fainting"),
            "active": False,
            "cleared": True,
        },
        ALLOWED,
        {"falls risk, balance", "table: symptoms, start"},
    ),
    "COPD, oxygen saturation 86 %": (
        {"conditions": ["COPD"], "measurements": {"oxygen_saturation_percent": 86}, "cleared": True},
        STOP,
        {"oxygen"},
    ),
    "supervised exercise only, without supervision": (
        {"screening": answers("supervised_exercise_only"), "cleared": True},
        STOP,
        {"supervision only"},
    ),
    "low back pain with red flags": (
        {"conditions": ["low back pain"], "findings": ["red flags of back pain"], "cleared": True},
        CLEARANCE,
        {"red flags of back pain"},
    ),
    "diabetes, kidney disease, osteoarthritis and hypertension at once, cleared": (
        {
            "age": 69,
            "conditions": ["type 2 diabetes", "kidney disease", "osteoarthritis", "hypertension"],
            "screening": answers(HEART, OTHER, BONES, "medicine_for_long_term_condition"),
            "cleared": True,
        },
        ALLOWED,
        {"kidney disease, lifting", "osteoarthritis, impact", "table: known disease, start"},
    ),
}


def judged(name):
    told, *_ = VIGNETTES[name]
    return safety_gate(
        Health(**{"age": 45, "conditions": [], "screening": NO, "active": False, **told}),
    )


@pytest.mark.parametrize("name", VIGNETTES)
def test_the_verdict_and_the_rules_that_are_named(name):
    _, verdict, named = VIGNETTES[name]
    found = judged(name)
    assert found.verdict is verdict
    assert named <= {rule.key for rule in found.rules}
    assert bool(found.open_arms) == (verdict is ALLOWED)


def exercise(**changes):
    easy = {
        "component": "strength",
        "intensity": "light",
        "impact": "none",
        "load": "light",
        "balance_demand": "low",
        "positions": frozenset({"standing"}),
    }
    return Needs(**{**easy, **changes})


def test_the_healthy_may_do_everything():
    found = judged("healthy, 25, active")
    assert found.rules == ()
    assert found.intensity_high is Intensity.VIGOROUS
    assert (
        found.masks(exercise(intensity="vigorous", impact="high", load="heavy", balance_demand="high")) == ()
    )


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        (
            "kidney disease on dialysis, no session missed, cleared",
            {"load": "heavy"},
            "kidney disease, lifting",
        ),
        ("heart failure, NYHA IV, in a supervised programme", {"intensity": "moderate"}, "NYHA IV"),
        ("osteoporosis with a vertebral fracture, cleared", {"intensity": "vigorous"}, "vertebral fracture"),
        (
            "osteoporosis with a vertebral fracture, cleared",
            {"positions": frozenset({"spine bent"})},
            "osteoporosis, spine",
        ),
        ("80 years old with a risk of falls, cleared", {"balance_demand": "high"}, "falls risk, balance"),
        (
            "diabetes, kidney disease, osteoarthritis and hypertension at once, cleared",
            {"impact": "high"},
            "osteoarthritis, impact",
        ),
    ],
)
def test_where_exercise_is_allowed_the_unsuitable_is_masked_and_the_easy_is_not(name, changes, key):
    found = judged(name)
    assert found.masks(exercise()) == ()
    assert key in {masked.rule.key for masked in found.masks(exercise(**changes))}


@pytest.mark.parametrize(("weeks", "masked"), [(12, False), (20, True), (None, True)])
def test_lying_on_the_back_is_masked_from_the_second_half_of_pregnancy_or_if_unknown(weeks, masked):
    found = safety_gate(
        Health(
            age=30,
            conditions=["pregnancy"],
            screening=NO,
            active=True,
            measurements={} if weeks is None else {"gestation_weeks": weeks},
        )
    )
    assert found.verdict is ALLOWED
    assert bool(found.masks(exercise(positions=frozenset({"supine"})))) is masked
