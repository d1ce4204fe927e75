"""Health records of synthetic people, so that the safety gate has something to judge.

They agree with the conditions of the profile; every rate in here is invented, and low enough that most people with a
condition have something open.
"""

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People
from core.guidelines import QUESTIONS, Health
from core.guidelines.health import CONTRAINDICATIONS, PREGNANCY_CONTRAINDICATIONS, SYMPTOMS

Flags = NDArray[np.bool_]

CLEARED = 0.9  # of those who answered a question with yes, whom a clinician has cleared
UNANSWERED = 0.01  # people who left a question out
ON_MEDICINE = 0.7  # of those with a long-term condition
SYMPTOM = 0.001  # for each symptom
CONTRAINDICATED = 0.0003  # for each contraindication
IN_PREGNANCY = 0.004  # for each contraindication of pregnancy, of the pregnant
ACTIVE_DAYS = 3  # a week

HEART = ("hypertension", "coronary artery disease", "heart failure")
CHRONIC = (
    "high cholesterol",
    "type 2 diabetes",
    "stroke",
    "kidney disease",
    "COPD",
    "obesity",
    "depression",
    "anxiety",
    "Alzheimer's disease",
)
BONES = ("osteoarthritis", "osteoporosis", "low back pain")
SUPERVISED = ("coronary artery disease", "heart failure", "stroke")

# finding, the condition it comes with, and how often.
STATES = (
    ("NYHA IV", "heart failure", 0.05),
    ("missed dialysis", "kidney disease", 0.02),
    ("ketones", "type 2 diabetes", 0.02),
    ("ketones ruled out", "type 2 diabetes", 0.3),
    ("vertebral fracture", "osteoporosis", 0.1),
    ("unstable retinopathy", "type 2 diabetes", 0.15),
    ("red flags of back pain", "low back pain", 0.02),
    ("medically supervised", "heart failure", 0.3),
    ("medically supervised", "stroke", 0.3),
)
# measurement, the condition it is taken for, how often, its mean and standard deviation, and its range.
MEASURED = (
    ("systolic_mmhg", "hypertension", 0.9, 140, 16, (90, 240)),
    ("diastolic_mmhg", "hypertension", 0.9, 86, 10, (50, 140)),
    ("glucose_mg_dl", "type 2 diabetes", 0.8, 155, 40, (60, 500)),
    ("oxygen_saturation_percent", "COPD", 0.7, 93, 2, (70, 100)),
    ("weight_gain_kg_in_3_days", "heart failure", 0.6, 0.2, 0.8, (-3, 6)),
    ("gestation_weeks", "pregnancy", 0.8, 22, 9, (4, 41)),
)


def synthetic_health(people: People, rng: np.random.Generator) -> tuple[Health, ...]:
    """A health record for each person: screening answers, activity, findings, measurements, clearance."""
    count = len(people)
    names = tuple(map(str, BY_KEY["medical_history"].values))
    history = people.columns["medical_history"]
    has = {name: history[:, k] for k, name in enumerate(names)}

    def any_of(conditions: tuple[str, ...]) -> Flags:
        return np.asarray(np.any([has[name] for name in conditions], axis=0))

    def chance(of: float | NDArray[np.float64]) -> Flags:
        return np.asarray(rng.random(count) < of)

    heart, chronic, bones = any_of(HEART), any_of(CHRONIC), any_of(BONES)
    answers = {
        "heart_condition_or_high_blood_pressure": heart,
        "chest_pain": chance(np.where(heart, 0.02, 0.002)),
        "dizziness_or_fainting": chance(np.where(has["falls risk"], 0.05, 0.003)),
        "other_chronic_condition": chronic,
        "medicine_for_long_term_condition": (heart | chronic) & chance(ON_MEDICINE),
        "bone_joint_or_muscle_problem": bones,
        "supervised_exercise_only": any_of(SUPERVISED) & chance(0.03),
    }
    left_out = np.where(chance(UNANSWERED), rng.integers(len(QUESTIONS), size=count), -1)
    findings: dict[str, Flags] = {}
    for name in SYMPTOMS:
        findings[name] = chance(SYMPTOM)
    for name in CONTRAINDICATIONS:
        findings[name] = chance(CONTRAINDICATED)
    for name in PREGNANCY_CONTRAINDICATIONS:
        findings[name] = has["pregnancy"] & chance(IN_PREGNANCY)
    for name, condition, rate in STATES:
        findings[name] = findings.get(name, np.zeros(count, bool)) | (has[condition] & chance(rate))
    measured = {
        name: np.where(
            has[condition] & chance(rate), np.clip(np.round(rng.normal(mean, sd, count), 1), *within), np.nan
        )
        for name, condition, rate, mean, sd, within in MEASURED
    }
    cleared = np.any(list(answers.values()), axis=0) & chance(CLEARED)
    active = people.columns["frequency"] >= ACTIVE_DAYS
    ages = people.columns["age"]
    return tuple(
        Health(
            age=float(ages[i]),
            conditions=tuple(name for name in names if has[name][i]),
            screening={
                question: None if left_out[i] == k else bool(answers[question][i])
                for k, question in enumerate(QUESTIONS)
            },
            active=bool(active[i]),
            findings=tuple(name for name, found in findings.items() if found[i]),
            measurements={
                name: float(values[i]) for name, values in measured.items() if values[i] == values[i]
            },
            cleared=bool(cleared[i]),
        )
        for i in range(count)
    )
