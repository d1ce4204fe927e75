from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bandit.people import uniform_profiles
from core.bandit.simulation import World
from core.bandit.simulation.audit import permitted, violations
from core.bandit.simulation.health import synthetic_health
from core.guidelines import ARMS, CONDITIONS, FINDINGS, MEASUREMENTS, QUESTIONS, Health, safety_gate
from core.guidelines.health import SYMPTOMS

HEALTHY = Health(age=40, conditions=(), screening=dict.fromkeys(QUESTIONS, False), active=True)


@st.composite
def records(draw: st.DrawFn) -> Health:
    some = st.lists(st.sampled_from(CONDITIONS), max_size=3)
    answers = st.one_of(
        st.just(dict.fromkeys(QUESTIONS, False)),
        st.fixed_dictionaries({question: st.sampled_from((False, True, None)) for question in QUESTIONS}),
    )
    levels = {
        "systolic_mmhg": (120, 180, 181),
        "diastolic_mmhg": (80, 110, 111),
        "glucose_mg_dl": (89, 90, 120, 250),
        "oxygen_saturation_percent": (87, 88, 97),
        "weight_gain_kg_in_3_days": (1.9, 2),
        "gestation_weeks": (10, 25.9, 26, 38),
    }
    assert set(levels) == set(MEASUREMENTS)
    return Health(
        age=draw(st.sampled_from((17, 18, 40, 80, None))),
        conditions=draw(st.one_of(some, some, some, st.none())),
        screening=draw(st.one_of(answers, answers, st.none())),
        active=draw(st.sampled_from((True, False, None))),
        findings=draw(st.lists(st.sampled_from(FINDINGS), max_size=2)),
        measurements=draw(
            st.fixed_dictionaries({}, optional={name: st.sampled_from(at) for name, at in levels.items()})
        ),
        cleared=draw(st.booleans()),
    )


def agrees(record: Health) -> None:
    gate = safety_gate(record)
    arms, highest = permitted([record])
    assert arms[0].tolist() == [arm in gate.open_arms for arm in ARMS]
    assert highest[0] == (-1 if gate.intensity_high is None else gate.intensity_high.order)


@settings(max_examples=300)
@given(records())
def test_the_audit_agrees_with_the_gate_that_it_knows_nothing_of(record: Health) -> None:
    agrees(record)


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("condition", [None, "pregnancy"])
@pytest.mark.parametrize("cleared", [True, False])
def test_it_knows_every_finding(finding: str, condition: str | None, cleared: bool) -> None:
    conditions = () if condition is None else (condition,)
    agrees(replace(HEALTHY, conditions=conditions, findings=(finding,), cleared=cleared))


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("active", [True, False, None])
@pytest.mark.parametrize("cleared", [True, False])
def test_it_knows_every_condition(condition: str, active: bool | None, cleared: bool) -> None:
    agrees(replace(HEALTHY, conditions=(condition,), active=active, cleared=cleared))


def test_planted_violations_are_counted() -> None:
    world = World(50, 2, np.random.default_rng(1))
    intensities = world.people.columns["intensity"]
    arms = np.full((2, 50), 2, dtype=np.int64)
    assert violations(world.health, intensities, arms) == 0
    ill = [
        replace(world.health[0], findings=("unstable angina",)),
        replace(HEALTHY, findings=("unstable retinopathy",)),
        replace(HEALTHY, screening={}),
        *world.health[3:],
    ]
    assert (
        violations(ill, np.zeros(50, np.int64), arms) == 4
    )  # two people on two days; the retina allows stretching
    arms[1, 1] = 1  # ... but no strength
    assert violations(ill, np.zeros(50, np.int64), arms) == 5
    too_hard = intensities.copy()
    _, highest = permitted(world.health)
    place = int(np.flatnonzero(highest == 1)[0])
    too_hard[place] = 2
    assert violations(world.health, too_hard, arms[:1]) == 1


def test_synthetic_health_agrees_with_the_profile() -> None:
    rng = np.random.default_rng(2)
    people = uniform_profiles(3_000, rng)
    found = synthetic_health(people, rng)
    for row, record in zip(people.rows(), found, strict=True):
        assert record.age == row["age"]
        assert tuple(record.conditions or ()) == row["medical_history"]
        if {"hypertension", "heart failure"} & record.has:
            assert (record.screening or {})["heart_condition_or_high_blood_pressure"] is not False
        if "pregnancy" not in record.has:
            assert "gestation_weeks" not in record.measurements
    may, _ = permitted(found)
    # The rates leave something to mask, and somebody to offer to.
    assert 0.05 < (~may.any(axis=1)).mean() < 0.5
    assert (may.any(axis=1) & ~may[:, 1]).any()


@pytest.mark.parametrize("cleared", [True, False])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("question", QUESTIONS)
def test_it_knows_every_question(question: str, active: bool, cleared: bool) -> None:
    for answer in (True, None):
        for findings in ((), ("medically supervised",)):
            screening = {**HEALTHY.screening, question: answer}  # type: ignore[dict-item]
            agrees(replace(HEALTHY, screening=screening, active=active, findings=findings, cleared=cleared))


@pytest.mark.parametrize(
    ("conditions", "findings", "measured"),
    [
        ((), (), {"systolic_mmhg": 181}),
        ((), (), {"systolic_mmhg": 180, "diastolic_mmhg": 110}),
        ((), (), {"diastolic_mmhg": 111}),
        ((), (), {"glucose_mg_dl": 250}),
        ((), ("ketones ruled out",), {"glucose_mg_dl": 250}),
        ((), ("ketones",), {"glucose_mg_dl": 249}),
        ((), ("ketones", "ketones ruled out"), {"glucose_mg_dl": 250}),
        (("type 2 diabetes",), (), {"glucose_mg_dl": 89}),
        (("type 2 diabetes",), (), {"glucose_mg_dl": 90}),
        ((), (), {"glucose_mg_dl": 89}),
        (("heart failure",), (), {"weight_gain_kg_in_3_days": 2}),
        (("heart failure",), (), {"weight_gain_kg_in_3_days": 1.9}),
        ((), (), {"weight_gain_kg_in_3_days": 2}),
        ((), (), {"oxygen_saturation_percent": 87}),
        ((), (), {"oxygen_saturation_percent": 88}),
        (("pregnancy",), ("placenta praevia",), {"gestation_weeks": 25}),
        (("pregnancy",), ("placenta praevia",), {"gestation_weeks": 26}),
    ],
)
def test_it_knows_every_measurement_at_its_line(
    conditions: tuple[str, ...], findings: tuple[str, ...], measured: dict[str, float]
) -> None:
    cleared = replace(HEALTHY, conditions=conditions, findings=findings, measurements=measured, cleared=True)
    agrees(cleared)
    agrees(replace(cleared, cleared=False))


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("active", [True, False, None])
@pytest.mark.parametrize("cleared", [True, False])
def test_it_knows_every_symptom(symptom: str, active: bool | None, cleared: bool) -> None:
    agrees(replace(HEALTHY, findings=(symptom,), active=active, cleared=cleared))
