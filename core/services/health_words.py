"""The words in which a person is asked about a client's health, and told what a rule of the gate masks.

The questions are asked in plain words of Spotter's own; the form with its own wording is behind `FORM`. Names of single
fields come from ``core.services.fields``.
"""

from collections.abc import Mapping

from core.guidelines import ARMS, CONDITIONS, MEASUREMENTS, Verdict, gate_rules, health
from core.guidelines import Rule as Rule
from core.services import fields

ALLOWED, STOP = Verdict.ALLOWED, Verdict.STOP
"""The verdicts of a rule that masks only what it names, and of one that clearance does not lift."""

CONDITION_NAMES: tuple[str, ...] = CONDITIONS
"""The conditions that the guideline base knows, in its order."""

QUESTIONS: Mapping[str, str] = {
    "heart_condition_or_high_blood_pressure": "Has a doctor ever spoken of a heart condition or high blood pressure?",
    "chest_pain": "Is there pain or pressure in the chest: at rest, in daily life or when active?",
    "dizziness_or_fainting": "In the past year, did dizziness cost the balance, or was consciousness lost?",
    "other_chronic_condition": "Has a doctor named any other long-term condition?",
    "medicine_for_long_term_condition": "Is a medicine prescribed for a long-term condition?",
    "bone_joint_or_muscle_problem": "Could more activity make a bone, joint or muscle problem worse, "
    "one of now or of the past year?",
    "supervised_exercise_only": "Has a doctor said to exercise under medical supervision only?",
}
"""The screening questions by field, in the order they are asked."""

ACTIVE = "Is the client used to exercise: 30 minutes, moderate, on three days a week, for three months?"

FORM = next(rule.origin.link for rule in gate_rules() if rule.when == "screening incomplete")
"""Where the PAR-Q+ form stands, whose own wording counts."""

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "Signs and symptoms": health.SYMPTOMS,
    "Reasons against any exercise now": health.CONTRAINDICATIONS,
    "In pregnancy": health.PREGNANCY_CONTRAINDICATIONS,
    "Stages, results and other states": health.STATES,
    "What makes more possible": health.RELIEVING,
}
"""What can be found today, in groups."""

EXPLAINED: Mapping[str, str] = {
    "NYHA IV": "NYHA IV (symptoms at rest)",
    "ketones": "ketones in urine or blood",
    "ketones ruled out": "ketones ruled out by a test",
    "medically supervised": "exercise is medically supervised",
}

RANGES: Mapping[str, tuple[float, float]] = MEASUREMENTS
"""The measurements that rules speak of, each with the range that a true one lies in."""


def finding(name: str) -> str:
    """A finding or condition as it stands on a form."""
    words = EXPLAINED.get(name, name)
    return words[0].upper() + words[1:]


def measurement(name: str) -> str:
    """A measurement with its unit and range, for the label of its field."""
    low, high = RANGES[name]
    sign = "−" if low < 0 else ""
    return f"{fields.label(name)}, {fields.UNITS[name]} ({sign}{abs(low):g} to {high:g})"


def masks(rule: Rule) -> str:
    """What a rule masks, in words."""
    match rule.verdict:
        case Verdict.STOP:
            return "Masks everything; clearance does not lift it."
        case Verdict.CLEARANCE_FIRST:
            lifted = (
                "until a clinician gives clearance" if rule.lifted_by_clearance else "until it is dealt with"
            )
            return f"Masks everything {lifted}."
    parts = [f"the arm {arm}" for arm in ARMS if arm in rule.arms]
    parts += [f"{need.replace('_', ' ')} above {most}" for need, most in rule.most.items()]
    if rule.positions:
        parts.append(f"positions: {', '.join(sorted(rule.positions))}")
    return f"Masks {'; '.join(parts)}."
