"""What is known of a client's health, in the words that the gate's rules are written in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from core.guidelines.vocabulary import check_age, known_conditions

QUESTIONS = (
    "heart_condition_or_high_blood_pressure",
    "chest_pain",
    "dizziness_or_fainting",
    "other_chronic_condition",
    "medicine_for_long_term_condition",
    "bone_joint_or_muscle_problem",
    "supervised_exercise_only",
)
"""The seven yes/no screening questions, by the name of their field."""

KNOWN_DISEASE = frozenset(
    {"coronary artery disease", "heart failure", "stroke", "type 2 diabetes", "kidney disease"}
)
"""Cardiovascular, metabolic or renal disease as the pre-participation table means it; high blood pressure is none."""

SYMPTOMS = (
    "breathlessness at rest or on mild effort",
    "fainting spells",
    "swollen ankles",
    "palpitations",
    "leg pain on walking",
    "heart murmur",
    "unusual tiredness",
)
"""Signs of cardiovascular, metabolic or renal disease beside those that the questions ask for."""

CONTRAINDICATIONS = (
    "recent myocardial infarction",
    "unstable angina",
    "uncontrolled dysrhythmia",
    "severe aortic stenosis with symptoms",
    "uncontrolled heart failure",
    "acute embolism or thrombosis",
    "acute myocarditis or pericarditis",
    "aortic dissection",
    "acute infection with fever",
)
PREGNANCY_CONTRAINDICATIONS = (
    "haemodynamically significant heart disease",
    "restrictive lung disease",
    "cervical insufficiency or cerclage",
    "multiple pregnancy at risk of preterm labour",
    "persistent bleeding in pregnancy",
    "placenta praevia",
    "preterm labour",
    "ruptured membranes",
    "pre-eclampsia or hypertension of pregnancy",
    "severe anaemia",
)
STATES = (
    "NYHA IV",
    "missed dialysis",
    "ketones",
    "vertebral fracture",
    "unstable retinopathy",
    "red flags of back pain",
)
RELIEVING = ("medically supervised", "ketones ruled out")
"""Findings that make something possible; all others can only take it away."""

FINDINGS = (*SYMPTOMS, *CONTRAINDICATIONS, *PREGNANCY_CONTRAINDICATIONS, *STATES, *RELIEVING)

MEASUREMENTS: Mapping[str, tuple[float, float]] = {
    "systolic_mmhg": (40, 300),
    "diastolic_mmhg": (20, 200),
    "glucose_mg_dl": (10, 2000),
    "oxygen_saturation_percent": (40, 100),
    "weight_gain_kg_in_3_days": (-20, 20),
    "gestation_weeks": (0, 45),
}
"""Measurements at rest that rules speak of, with the range that a true one lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of a client's health; what is not known is None, never taken for a no.

    Attributes:
        age: years; None if not known.
        conditions: any of the known ones; None if no medical history was taken.
        screening: yes or no to each of `QUESTIONS`; a question that is None or absent was not answered.
        active: at least 30 minutes of moderate exercise on three days a week for three months; None if not known.
        findings: any of `FINDINGS` that hold today.
        measurements: any of `MEASUREMENTS`, as last taken.
        cleared: a clinician, having seen these answers, allows exercise.

    Raises:
        InputError: for a condition, question, finding or measurement that is not known here, or a value that is none.
    """

    age: float | None
    conditions: Iterable[str] | None
    screening: Mapping[str, bool | None] | None
    active: bool | None = None
    findings: Iterable[str] = ()
    measurements: Mapping[str, float] = field(default_factory=dict)
    cleared: bool = False
    has: frozenset[str] = field(init=False, repr=False)
    found: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.age is not None:
            check_age(self.age)
        for name, value in (("active", self.active), ("cleared", self.cleared)):
            if not isinstance(value, bool) and not (name == "active" and value is None):
                raise InputError(f"{name} must be True or False; it is {value!r}.")
        for question, answer in (self.screening or {}).items():
            if question not in QUESTIONS:
                raise InputError(
                    f"The screening question {question!r} is unknown; there are: {', '.join(QUESTIONS)}."
                )
            if answer is not None and not isinstance(answer, bool):
                raise InputError(f"The answer to {question} must be True, False or None; it is {answer!r}.")
        for measurement, number in self.measurements.items():
            _check_measurement(measurement, number)
        object.__setattr__(self, "has", known_conditions(() if self.conditions is None else self.conditions))
        object.__setattr__(self, "found", _known_findings(self.findings))

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Screening questions without an answer, in their order."""
        return tuple(question for question in QUESTIONS if (self.screening or {}).get(question) is None)

    def said_yes(self, question: str) -> bool:
        """Whether a screening question was answered with yes."""
        return (self.screening or {}).get(question) is True

    @property
    def symptoms(self) -> bool:
        """Whether anything points to cardiovascular, metabolic or renal disease."""
        return (
            self.said_yes("chest_pain")
            or self.said_yes("dizziness_or_fainting")
            or not self.found.isdisjoint(SYMPTOMS)
        )


def _known_findings(names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise InputError(f"findings must be a collection of names; it is the text {names!r}.")
    found = frozenset(names)
    unknown = sorted(str(name) for name in found if name not in FINDINGS)
    if unknown:
        raise InputError(f"No rule knows the finding {unknown[0]!r}; findings are: {', '.join(FINDINGS)}.")
    return found


def _check_measurement(name: str, value: float) -> None:
    if name not in MEASUREMENTS:
        raise InputError(
            f"No rule knows the measurement {name!r}; measurements are: {', '.join(MEASUREMENTS)}."
        )
    low, high = MEASUREMENTS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(
            f"{name} must be a number from {low:g} to {high:g}; it is {value!r}. Leave it out if unknown."
        )
