"""What the Picks page says of leads, reasons and reviews."""

from types import SimpleNamespace

import pytest

from core.services.picks import ArmView, Rationale, Source, Stability
from workbench.components.pick_client import why, words

VIEW = ArmView(
    "cardio", 0.6, 0.5, {"age": 0.03, "sex": 0.001, "preferred_exercise": -0.05, "energy": 0.2}, 0.1, 1.0, ()
)
VALUES = {"age": 70.0, "sex": "female", "preferred_exercise": "strength", "energy": None}


def considered(values):
    return SimpleNamespace(values=values, best="cardio", arm=lambda name: {"cardio": VIEW}[name])


def source(key, review):
    return Source(key, "Walking.", "Statement", 2014, "https://example.org", review)


def advice(*reviews):
    rows = tuple(source(f"row {place}", review) for place, review in enumerate(reviews))
    return words.advice(Rationale("", (), (), rows)).replace("\\", "")


def test_the_reasons_name_only_what_is_known_and_moves_the_score():
    said = words.reasons(considered(VALUES)).replace("\\", "")
    assert said == "**For it:** age: 70 years. **Against it:** preferred exercise: strength."
    assert words.reasons(considered({"sex": "female"})) == ""


def test_the_small_print_follows_the_review_of_the_rows():
    assert advice("not yet reviewed by a clinician").endswith(
        "the guideline rows below are not yet reviewed by a clinician."
    )
    assert "reviewed by Dr A on 2026-01-31" in advice("reviewed by Dr A on 2026-01-31")
    assert "each guideline row below says" in advice("not yet reviewed by a clinician", "reviewed by Dr A")
    assert "row" not in advice()
    assert words.advice(None) == "Not medical advice."


@pytest.mark.parametrize(
    ("lead", "said"), [(0.3, "by 0.30"), (0.005, "by 0.01"), (0.004, "by less than 0.01")]
)
def test_a_lead_in_figures(lead, said):
    assert words.lead_by(lead) == said


@pytest.mark.parametrize(
    ("agreement", "first", "said"),
    [
        (0.97, 0.9, "The order of the reasons is steady."),
        (0.97, 0.55, "which of them is first is a close call"),
        (0.8, 0.9, "fairly steady"),
        (0.5, 0.9, "not steady"),
    ],
)
def test_the_order_is_called_steady_only_where_its_first_is(agreement, first, said):
    assert said in why.stability(Stability(agreement, first, {}))
