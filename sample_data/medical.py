"""Medical histories and screening answers, at rates plausible for adults of 19 to 59; all invented."""

from dataclasses import dataclass

import numpy as np

from sample_data.profiles import Cohort

QUESTIONS = {
    "heart_condition_or_high_blood_pressure": (
        "Has a doctor ever told you that you have a heart condition or high blood pressure?"
    ),
    "chest_pain": "Do you get pain in the chest at rest, in daily life or during activity?",
    "dizziness_or_fainting": (
        "In the past year, have you lost your balance from dizziness, or lost consciousness?"
    ),
    "other_chronic_condition": "Has a doctor found any other long-term condition?",
    "medicine_for_long_term_condition": "Do you take prescribed medicine for a long-term condition?",
    "bone_joint_or_muscle_problem": (
        "Do you have a bone, joint or muscle problem that more activity could make worse?"
    ),
    "supervised_exercise_only": "Has a doctor said that you should exercise under medical supervision only?",
}
"""The seven yes/no screening questions, by the name of their column."""

HEART = frozenset({"hypertension", "coronary artery disease", "heart failure"})
JOINTS = frozenset({"osteoarthritis", "low back pain", "osteoporosis"})
NOT_CHRONIC = frozenset({"pregnancy", "falls risk", "obesity"})
UNANSWERED = 0.02


@dataclass(frozen=True, slots=True)
class History:
    """One client's conditions, medication and screening answers; None is an answer not given."""

    conditions: list[str]
    medication: bool | None
    answers: dict[str, bool | None]


def make_histories(cohort: Cohort, rng: np.random.Generator) -> list[History]:
    """A history for each client; the screening answers agree with the conditions."""
    bmi, depression = cohort.bmi, cohort.dass_score("depression")
    histories = []
    for client in range(len(cohort.client)):
        age, sex = int(cohort.age[client]), cohort.sex[client]
        older = np.clip((age - 25) / 30, 0, 1)
        rates = {
            "hypertension": 0.03 + 0.22 * older,
            "high cholesterol": 0.03 + 0.17 * older,
            "type 2 diabetes": 0.01 + 0.07 * older + (0.05 if bmi[client] >= 30 else 0),
            "coronary artery disease": 0.03 * older,
            "heart failure": 0.008 * older,
            "stroke": 0.012 * older,
            "kidney disease": 0.01 + 0.02 * older,
            "COPD": 0.03 * older,
            "osteoarthritis": 0.01 + 0.12 * older,
            "osteoporosis": 0.03 * older if sex == "female" else 0.005 * older,
            "low back pain": 0.14,
            "depression": 0.3 if depression[client] >= 14 else 0.03,
            "anxiety": 0.08,
            "pregnancy": 0.05 if sex == "female" and age <= 42 else 0.0,
            "falls risk": 0.01,
        }
        conditions = [name for name, rate in rates.items() if rng.random() < rate]
        if bmi[client] >= 30:
            conditions.append("obesity")
        histories.append(_answered(conditions, rng))
    return histories


def _answered(conditions: list[str], rng: np.random.Generator) -> History:
    has = set(conditions)
    chronic = has - NOT_CHRONIC
    medication = bool(rng.random() < (0.65 if chronic else 0.03))
    truth = {
        "heart_condition_or_high_blood_pressure": bool(has & HEART),
        "chest_pain": bool(rng.random() < (0.4 if has & (HEART - {"hypertension"}) else 0.01)),
        "dizziness_or_fainting": bool("falls risk" in has or rng.random() < 0.02),
        "other_chronic_condition": bool(chronic - HEART),
        "medicine_for_long_term_condition": bool(medication and chronic),
        "bone_joint_or_muscle_problem": bool(has & JOINTS),
        "supervised_exercise_only": bool(
            has & {"coronary artery disease", "heart failure"} and rng.random() < 0.5
        ),
    }
    answers = {key: None if rng.random() < UNANSWERED else value for key, value in truth.items()}
    return History(conditions, None if rng.random() < UNANSWERED else medication, answers)
