"""Documents about a client as a person reads them: labels instead of keys, units, answers kept together.

Any cohort's fields work: a key that is not known here is spelt out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LABELS = {
    "sex": "Sex",
    "age": "Age",
    "bmi": "Body mass index",
    "height": "Height",
    "weight": "Weight",
    "height_cm": "Height",
    "weight_kg": "Weight",
    "condition": "Programme",
    "step_goals": "Step goals",
    "pss_total": "PSS-10, perceived stress (0–40)",
    "dass_depression": "DASS-21, depression (0–42)",
    "dass_anxiety": "DASS-21, anxiety (0–42)",
    "dass_stress": "DASS-21, stress (0–42)",
    "chips_total": "CHIPS, physical symptoms (0–132)",
    "glteq_score": "GLTEQ, weekly leisure activity",
    "exse_score": "EXSE, exercise self-efficacy (0–100)",
    "glteq_strenuous": "GLTEQ, strenuous bouts a week",
    "glteq_moderate": "GLTEQ, moderate bouts a week",
    "glteq_mild": "GLTEQ, mild bouts a week",
    "glteq_sweat": "GLTEQ, working up a sweat",
    "medication": "Takes medication",
    "heart_condition_or_high_blood_pressure": "Heart condition or high blood pressure",
    "other_chronic_condition": "Other long-term condition",
    "medicine_for_long_term_condition": "Medicine for a long-term condition",
    "bone_joint_or_muscle_problem": "Bone, joint or muscle problem",
    "supervised_exercise_only": "Exercise under medical supervision only",
    "active": "Active: 30 minutes on three days a week for three months",
    "systolic_mmhg": "Systolic blood pressure",
    "diastolic_mmhg": "Diastolic blood pressure",
    "glucose_mg_dl": "Glucose",
    "oxygen_saturation_percent": "Oxygen saturation",
    "weight_gain_kg_in_3_days": "Weight gained in three days",
    "gestation_weeks": "Length of pregnancy",
}
ITEMS = {"pss": 10, "dass": 21, "chips": 33, "exse": 8}
UNITS = {
    "age": "years",
    "bmi": "kg/m²",
    "height": "cm",
    "height_cm": "cm",
    "weight": "kg",
    "weight_kg": "kg",
    "resting_heart_rate": "beats a minute",
    "systolic_mmhg": "mmHg",
    "diastolic_mmhg": "mmHg",
    "glucose_mg_dl": "mg/dL",
    "oxygen_saturation_percent": "%",
    "weight_gain_kg_in_3_days": "kg",
    "gestation_weeks": "weeks",
}
ACRONYMS = frozenset({"pss", "dass", "chips", "bmi", "glteq", "exse", "parq", "id", "ecg", "copd", "hiv"})
SERIES = re.compile(r"(?P<name>.*?[a-z])[ _]*(?:item|q|question)?[ _]*(?P<number>\d{1,3})")
FEWEST_ITEMS = 3
NOT_SHOWN = frozenset({"recorded_at"})


@dataclass(frozen=True, slots=True)
class Readable:
    """One document, ready to be shown.

    Attributes:
        lines: (label, value), in the document's order.
        answers: numbered answers by the name of their questionnaire: (item number, value).
    """

    lines: list[tuple[str, str]]
    answers: dict[str, list[tuple[int, str]]]


def readable(document: Mapping[str, Any]) -> Readable:
    """A document with its numbered answers (``pss_1``, ``pss_2`` …) apart from the rest."""
    found = series(document)
    items = {key for answers in found.values() for _, key in answers}
    return Readable(
        lines=[
            (label(key), value_text(key, value))
            for key, value in document.items()
            if key not in NOT_SHOWN and key not in items and value not in (None, "")
        ],
        answers={
            label(name): [(number, value_text(key, document[key])) for number, key in answers]
            for name, answers in found.items()
        },
    )


def series(document: Mapping[str, Any]) -> dict[str, list[tuple[int, str]]]:
    """Keys that are numbered alike, at least three of them, by their common name: (number, key)."""
    found: dict[str, list[tuple[int, str]]] = {}
    for key in document:
        match = SERIES.fullmatch(key)
        if match:
            found.setdefault(match["name"].rstrip("_ "), []).append((int(match["number"]), key))
    return {name: sorted(keys) for name, keys in found.items() if len(keys) >= FEWEST_ITEMS}


def label(key: str) -> str:
    """A field's name for a person: the known label, else the key spelt out."""
    if key in LABELS:
        return LABELS[key]
    words = key.replace("_", " ").split()
    if not words:
        return key
    spelt = [word.upper() if word.casefold() in ACRONYMS else word for word in words]
    return " ".join([spelt[0][0].upper() + spelt[0][1:], *spelt[1:]])


def value_text(key: str, value: Any) -> str:
    """A field's value for a person, with its unit where one is known."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(value_text(key, item) for item in value)
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return f"{text} {UNITS[key]}" if key in UNITS and isinstance(value, int | float) else text
