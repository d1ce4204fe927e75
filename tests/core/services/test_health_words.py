import pytest

from core.guidelines import CONDITIONS, FINDINGS, MEASUREMENTS, QUESTIONS, gate_rules
from core.services import health_words


def test_everything_that_a_rule_asks_for_can_be_said_on_a_form() -> None:
    assert tuple(health_words.QUESTIONS) == QUESTIONS
    assert health_words.CONDITION_NAMES == CONDITIONS
    assert tuple(name for group in health_words.FINDINGS.values() for name in group) == FINDINGS
    assert list(health_words.RANGES) == list(MEASUREMENTS)
    assert set(health_words.EXPLAINED) <= set(FINDINGS)


def test_the_form_behind_the_questions_has_an_address() -> None:
    assert health_words.FORM.startswith("https://")


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_measurement_has_its_unit_and_its_range(name: str) -> None:
    low, high = MEASUREMENTS[name]
    said = health_words.measurement(name)
    assert said.endswith(f"({low:g} to {high:g})".replace("-", "−"))
    assert "_" not in said
    assert ", " in said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("unstable angina", "Masks everything; clearance does not lift it."),
        ("screening incomplete", "Masks everything until it is dealt with."),
        ("screening: chest_pain", "Masks everything until a clinician gives clearance."),
        ("osteoporosis, spine", "Masks positions: spine bent, spine twisted."),
        (
            "retinopathy",
            "Masks the arm strength; intensity above moderate; impact above low; positions: head down.",
        ),
    ],
)
def test_what_a_rule_masks_in_words(rule: str, said: str) -> None:
    (found,) = [each for each in gate_rules() if each.key == rule]
    assert health_words.masks(found) == said


@pytest.mark.parametrize("rule", gate_rules(), ids=lambda rule: rule.key)
def test_every_rule_of_the_table_says_what_it_masks(rule: health_words.Rule) -> None:
    assert len(health_words.masks(rule)) > len("Masks .")
