import json

import pytest

import sample_data
from core.guidelines import Needs
from core.services import Store, features, preparing
from core.services.exercise_needs import ADDED, needs
from core.services.importing import check, take
from core.store import exercises, people


def of(detail, category=""):
    return needs({"category": category, "detail": detail})


def test_columns_become_needs():
    detail = {
        "component": "Aerobic",
        "intensity": "moderate",
        "impact": "yes",
        "load": "light",
        "balance_demand": "high",
        "positions": "standing; Spine bent",
    }
    assert of(detail) == Needs(
        component="aerobic",
        intensity="moderate",
        impact="high",
        load="light",
        balance_demand="high",
        positions=frozenset({"standing", "spine bent"}),
    )


@pytest.mark.parametrize(
    ("written", "impact"),
    [
        ("yes", "high"),
        ("no", "low"),
        (1, "high"),
        (0, "low"),
        (True, "high"),
        ("none", "none"),
        ("low", "low"),
        ("", None),
        (None, None),
        ("somewhat", None),
    ],
)
def test_impact_is_a_yes_or_no_or_a_level(written, impact):
    assert of({"impact": written}).impact == impact


def test_what_is_not_said_or_not_understood_is_unknown():
    assert of({}) == Needs()
    assert of({"load": "20 kg", "positions": "on one ear", "intensity": 3, "component": ["x"]}) == Needs()


def test_of_other_catalogues_only_what_is_sure_is_used():
    assert of({"level": "beginner", "equipment": "body only"}, "stretching") == Needs(component="flexibility")
    assert of({"mechanic": "compound"}, "powerlifting") == Needs(component="strength")
    assert of({}, "plyometrics") == Needs(impact="high")
    assert of({"component": "balance"}, "strength") == Needs(component="balance")


def test_a_catalogue_with_a_word_that_the_gate_does_not_know_is_refused_by_row(tmp_path):
    store = Store(tmp_path)
    text = (
        "exercise,impact,load,positions,intensity\n"
        "a,yes,light,standing,light\n"
        "b,rather,20 kg,standing; upright,\n"
        "c,none,,,n/a\n"
    )
    report = check(store, ("exercises.csv", text.encode()))
    assert [(problem.line, problem.column, problem.value) for problem in report.problems] == [
        (3, "impact", "rather"),
        (3, "load", "20 kg"),
        (3, "positions", "standing; upright"),
    ]
    assert "none, low, high, yes, no" in report.problems[0].reason
    assert "light, moderate, heavy" in report.problems[1].reason
    assert "hands and feet" in report.problems[2].reason
    items = [{"name": "x", "load": "heavy"}, {"name": "y", "load": "huge"}]
    report = check(store, ("exercises.json", json.dumps(items).encode()))
    assert [problem.value for problem in report.problems] == ["huge"]
    take(store, check(store, ("e.csv", b"exercise,load\nx,heavy\n")), by="test")
    (row,) = exercises.exercises(store.db, people.cohort(store.db, "My clients")["id"])
    assert needs(row).load == "heavy"


def test_needs_are_no_features_of_the_recommender():
    documents = [{"category": name, "load": load} for name, load in (("a", "light"), ("b", "heavy"))]
    documents[0] |= dict.fromkeys(ADDED, "light")
    encoder = features.Encoder.learn(documents)
    assert {name for name, _ in encoder.categories} == {"category"}
    assert encoder.numbers == ()


def test_every_exercise_of_the_sample_has_all_its_needs(tmp_path):
    store = Store(tmp_path)
    take(store, check(store, sample_data.EXERCISES_CSV, cohort=preparing.COHORT), by="test")
    rows = exercises.exercises(store.db, 1)
    assert len(rows) == 44
    for row in rows:
        found = needs(row)
        assert None not in (found.component, found.intensity, found.impact, found.load, found.balance_demand)
        assert found.positions
        assert (found.impact == "high") == (row["detail"]["impact"] == "yes")
        if row["category"] == "metabolic conditioning":
            assert found.component == "aerobic"
    assert {needs(row).component for row in rows} == {"aerobic", "strength", "flexibility", "balance"}
