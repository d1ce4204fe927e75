"""A second opinion on what may be offered to whom, against which every decision of a simulation is held.

Written from the guidelines' own sentences, not from the gate: it uses neither its table nor its code, only the plain
fields of a health record, so that a fault there does not hide itself here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.guidelines import Health

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

LIGHT, MODERATE, VIGOROUS = 0, 1, 2
STRENGTH = 1  # place among cardio, strength, flexibility
QUESTIONS = 7


@dataclass(frozen=True, slots=True)
class _Record:
    """A record as plain sets and numbers."""

    age: float | None
    history: frozenset[str] | None
    findings: frozenset[str]
    yes: frozenset[str]
    answered: int
    active: bool | None
    measured: dict[str, float]

    def at_least(self, name: str, number: float) -> bool:
        return name in self.measured and self.measured[name] >= number

    def below(self, name: str, number: float) -> bool:
        return name in self.measured and self.measured[name] < number

    def any_finding(self, names: str) -> bool:
        return any(name.strip() in self.findings for name in names.split(";"))

    def any_condition(self, names: str) -> bool:
        return any(name.strip() in (self.history or ()) for name in names.split(";"))

    @property
    def supervised(self) -> bool:
        return "medically supervised" in self.findings

    @property
    def symptoms(self) -> bool:
        return bool(self.yes & {"chest_pain", "dizziness_or_fainting"}) or self.any_finding(
            "breathlessness at rest or on mild effort; fainting spells; swollen ankles; palpitations; "
            "leg pain on walking; heart murmur; unusual tiredness"
        )

    @property
    def diseased(self) -> bool:
        return self.any_condition(
            "coronary artery disease; heart failure; stroke; type 2 diabetes; kidney disease"
        )

    @property
    def pregnant(self) -> bool:
        return self.any_condition("pregnancy")


Ground = Callable[[_Record], bool]

# Nobody may exercise who ...
NEVER: tuple[Ground, ...] = (
    lambda r: r.answered < QUESTIONS,
    lambda r: r.history is None,
    lambda r: r.any_finding(
        "recent myocardial infarction; unstable angina; uncontrolled dysrhythmia; "
        "severe aortic stenosis with symptoms; uncontrolled heart failure; acute embolism or thrombosis; "
        "acute myocarditis or pericarditis; aortic dissection; acute infection with fever"
    ),
    lambda r: r.any_finding(
        "cervical insufficiency or cerclage; multiple pregnancy at risk of preterm labour; "
        "persistent bleeding in pregnancy; preterm labour; ruptured membranes; "
        "pre-eclampsia or hypertension of pregnancy"
    ),
    lambda r: (
        r.pregnant
        and r.any_finding(
            "haemodynamically significant heart disease; restrictive lung disease; severe anaemia"
        )
    ),
    lambda r: r.any_finding("placenta praevia") and not r.below("gestation_weeks", 26),
    lambda r: r.measured.get("systolic_mmhg", 0) > 180 or r.measured.get("diastolic_mmhg", 0) > 110,
    lambda r: r.any_finding("ketones") and not r.below("glucose_mg_dl", 250),
    lambda r: r.at_least("glucose_mg_dl", 250) and not r.any_finding("ketones ruled out"),
    lambda r: r.any_condition("type 2 diabetes") and r.below("glucose_mg_dl", 90),
    lambda r: r.any_finding("missed dialysis"),
    lambda r: r.any_finding("NYHA IV") and not r.supervised,
    lambda r: r.any_condition("heart failure") and r.at_least("weight_gain_kg_in_3_days", 2),
    lambda r: r.below("oxygen_saturation_percent", 88),
    lambda r: r.any_finding("red flags of back pain"),
    lambda r: "supervised_exercise_only" in r.yes and not r.supervised,
    lambda r: r.symptoms and r.active is not False,
)
# ... nor, without a clinician's clearance, who ...
UNLESS_CLEARED: tuple[Ground, ...] = (
    lambda r: r.age is None or r.age < 18,
    lambda r: bool(r.yes),
    lambda r: r.symptoms,
    lambda r: r.diseased and r.active is not True,
    lambda r: r.any_condition("stroke") and not r.supervised,
    lambda r: r.any_finding(
        "haemodynamically significant heart disease; restrictive lung disease; severe anaemia; placenta praevia"
    ),
)


def permitted(records: Sequence[Health]) -> tuple[Flags, Integers]:
    """Which arms may be offered, shape (N, 3), and the highest intensity (0 light to 2 vigorous), shape (N,).

    Where nothing may be offered the highest intensity is -1.
    """
    arms = np.zeros((len(records), 3), dtype=bool)
    highest = np.full(len(records), -1, dtype=np.int64)
    for place, health in enumerate(records):
        record = _plain(health)
        barred = any(ground(record) for ground in NEVER)
        if barred or (not health.cleared and any(ground(record) for ground in UNLESS_CLEARED)):
            continue
        arms[place] = True
        arms[place, STRENGTH] = not record.any_finding("unstable retinopathy")
        highest[place] = _highest(record, cleared=health.cleared)
    return arms, highest


def violations(records: Sequence[Health], intensities: Integers, arms: Integers) -> int:
    """How many decisions offered what nobody should have been offered.

    Args:
        records: a health record for each of N people.
        intensities: how hard each one's sessions are, 0 to 2, shape (N,).
        arms: what each was offered each day, places of the arms, shape (days, N).
    """
    may, highest = permitted(records)
    fine = may[np.arange(len(records)), arms] & (intensities <= highest)
    return int((~fine).sum())


def _highest(record: _Record, *, cleared: bool) -> int:
    if record.any_finding("NYHA IV"):
        return LIGHT
    held_back = (
        record.any_finding("unstable retinopathy; vertebral fracture")
        # Known disease or symptoms in somebody not used to exercise: one starts at most moderately.
        or ((record.diseased or record.symptoms) and record.active is not True)
        # Used to exercise, but vigorous needs a doctor's word.
        or (record.diseased and not cleared)
    )
    return MODERATE if held_back else VIGOROUS


def _plain(health: Health) -> _Record:
    answers = {name: answer for name, answer in (health.screening or {}).items() if answer is not None}
    return _Record(
        age=health.age,
        history=None if health.conditions is None else frozenset(health.conditions),
        findings=frozenset(health.findings),
        yes=frozenset(name for name, answer in answers.items() if answer),
        answered=len(answers),
        active=health.active,
        measured=dict(health.measurements),
    )
