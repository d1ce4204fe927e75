"""What is on record of a client's health: read, saved, cleared, and what cannot be read."""

import json

import pytest

from core.errors import Conflict, InputError, NotFound
from core.guidelines import QUESTIONS
from core.services import gating, health
from core.store import audit, people, requests
from tests.cohorts import small_cohort

CLIENT = 1


@pytest.fixture
def bare(tmp_path):
    """A store without a model, in which everybody said no to everything."""
    return small_cohort(tmp_path, clients=3, train=False)


def put(store, kind, document):
    with store.transaction() as db:
        people.add_documents(db, kind, {CLIENT: document})


def detail(store):
    row = audit.recent(store.db, 1)[0]
    return row["action"], json.loads(row["detail"])


def test_what_is_saved_is_read_again_with_who_and_when(bare):
    saved = health.save(
        bare,
        CLIENT,
        by="Ana",
        conditions=["Stroke", "COPD"],
        screening={"chest_pain": True},
        active=True,
        findings=["ketones"],
        measurements={"glucose_mg_dl": 260},
    )
    assert saved
    record = health.read(bare, CLIENT)
    assert record.conditions == ("stroke", "COPD")
    assert record.screening == dict.fromkeys(QUESTIONS, False) | {"chest_pain": True}
    assert record.active is True
    assert record.findings["ketones"].by == "Ana"
    assert (record.measurements["glucose_mg_dl"].value, record.measurements["glucose_mg_dl"].by) == (
        260,
        "Ana",
    )
    assert record.measurements["glucose_mg_dl"].at.endswith("Z")
    assert (record.problem, record.clearance) == ("", None)
    action, said = detail(bare)
    assert action == "save health"
    assert said["conditions"] == {"from": {"conditions": "none"}, "to": "stroke; COPD"}
    assert said["screening"] == {"chest_pain": {"from": "no", "to": True}}
    assert said["measurements"]["glucose_mg_dl"]["to"] == 260
    assert gating.judge(bare, CLIENT).health.has == {"stroke", "COPD"}


def test_saving_what_is_on_record_already_writes_nothing(bare):
    health.save(
        bare, CLIENT, by="Ana", active=False, findings=["ketones"], measurements={"systolic_mmhg": 130}
    )
    rows = len(audit.recent(bare.db, 100))
    at = health.read(bare, CLIENT).measurements["systolic_mmhg"].at
    assert not health.save(
        bare,
        CLIENT,
        by="Bo",
        conditions=[],
        screening=dict.fromkeys(QUESTIONS, False),
        active=False,
        findings=["ketones"],
        measurements={"systolic_mmhg": 130, "diastolic_mmhg": None},
    )
    assert len(audit.recent(bare.db, 100)) == rows
    assert health.read(bare, CLIENT).measurements["systolic_mmhg"].at == at


def test_fields_of_the_documents_that_the_gate_does_not_read_stay(bare):
    put(bare, "medical", {"conditions": "none", "medication": "yes", "remark": "left knee"})
    health.save(bare, CLIENT, by="Ana", conditions=["obesity"])
    kept = people.documents(bare.db, CLIENT)["medical"]
    assert (kept["medication"], kept["remark"], kept["conditions"]) == ("yes", "left knee", "obesity")
    health.save(bare, CLIENT, by="Ana", conditions=None)
    assert health.read(bare, CLIENT).conditions is None
    assert "no medical history" in gating.judge(bare, CLIENT).rules


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"conditions": ["plague"]}, "plague"),
        ({"conditions": "stroke"}, "collection"),
        ({"screening": {"sleepy": True}}, "sleepy"),
        ({"screening": {"chest_pain": "maybe"}}, "maybe"),
        ({"active": "yes"}, "active"),
        ({"findings": ["tired"]}, "tired"),
        ({"measurements": {"systolic_mmhg": 900}}, "systolic_mmhg"),
        ({"measurements": {"pulse": 60}}, "pulse"),
        ({"measurements": {"pulse": None}}, "pulse"),
        ({"measurements": {"systolic_mmhg": float("nan")}}, "systolic_mmhg"),
    ],
)
def test_what_no_rule_knows_is_refused_and_nothing_is_saved(bare, change, match):
    rows = len(audit.recent(bare.db, 100))
    before = health.read(bare, CLIENT)
    with pytest.raises(InputError, match=match):
        health.save(bare, CLIENT, by="Ana", **change)
    assert health.read(bare, CLIENT) == before
    assert len(audit.recent(bare.db, 100)) == rows
    with pytest.raises(NotFound):
        health.read(bare, 999)


@pytest.mark.parametrize(
    ("kind", "document", "named"),
    [
        ("medical", {"conditions": "asthma; stroke"}, "asthma"),
        ("medical", {"conditions": 1}, "“1”"),
        ("medical", {"conditions": ["stroke", "plague"]}, "plague"),
        ("medical", {"stroke": "perhaps", "conditions": "none"}, "perhaps"),
        ("profile", {"age": -3}, "-3"),
        ("profile", {"age": 400}, "400"),
        ("profile", {"age": "old"}, "old"),
        ("profile", {"age": True}, "True"),
        ("screening", dict.fromkeys(QUESTIONS, "no") | {"chest_pain": "sometimes"}, "sometimes"),
        ("screening", dict.fromkeys(QUESTIONS, 0) | {"chest_pain": 7}, "chest pain"),
        ("health", {"active": "often"}, "often"),
        ("health", {"findings": {"tired": {"at": "", "by": ""}}}, "tired"),
        ("health", {"measurements": {"systolic_mmhg": {"value": 4000}}}, "systolic_mmhg"),
    ],
)
def test_what_cannot_be_read_is_named_and_masks_everything(bare, kind, document, named):
    put(bare, kind, document)
    judged = gating.judge(bare, CLIENT)
    assert judged.gate is None
    assert judged.health is None
    assert named in judged.problem
    assert "Correct it" in judged.problem
    assert judged.sentence == judged.problem == health.read(bare, CLIENT).problem
    assert judged.masks_everything
    assert judged.open_arms == ()
    assert judged.rules == (gating.UNREADABLE,)
    assert len(gating.masked_exercises(bare, 1, judged)) == 12
    with pytest.raises(InputError, match="cannot be read"):
        health.clear(bare, CLIENT, by="Ana", note="Dr Roe")


@pytest.mark.parametrize("said", ["none", "No", "nil", [], ["none"], 0])
def test_words_for_no_condition(bare, said):
    put(bare, "medical", {"conditions": said})
    judged = gating.judge(bare, CLIENT)
    assert judged.health.has == frozenset()
    assert judged.health.conditions == ()


@pytest.mark.parametrize(
    "document", [{}, {"conditions": ""}, {"conditions": None}, {"medication": "no"}, {"conditions": "n/a"}]
)
def test_nothing_said_is_no_history(bare, document):
    put(bare, "medical", document)
    judged = gating.judge(bare, CLIENT)
    assert judged.health.conditions is None
    assert judged.masks_everything


@pytest.mark.parametrize(
    "written",
    [
        {"stroke": "yes", "COPD": "no"},
        {"stroke": 1},
        {"conditions": "none", "stroke": "yes"},
        {"diagnoses": "Stroke"},
    ],
)
def test_conditions_are_read_as_records_are_kept(bare, written):
    put(bare, "medical", written)
    assert gating.judge(bare, CLIENT).health.has == {"stroke"}
    health.save(bare, CLIENT, by="Ana", conditions=["obesity"])
    assert gating.judge(bare, CLIENT).health.has == {"obesity"}


@pytest.mark.parametrize("said", ["n/a", "-", "", None, "none"])
def test_an_answer_that_is_none_is_not_a_no(bare, said):
    put(bare, "screening", dict.fromkeys(QUESTIONS, "no") | {"chest_pain": said})
    assert gating.judge(bare, CLIENT).health.unanswered == ("chest_pain",)


def cleared(store):
    health.save(store, CLIENT, by="Ana", screening={"other_chronic_condition": True})
    health.clear(store, CLIENT, by="Bo", note="Dr Roe, letter of 3 May")


def test_a_clearance_opens_what_it_can_and_says_whose_it_is(bare):
    health.save(bare, CLIENT, by="Ana", screening={"other_chronic_condition": True})
    assert gating.judge(bare, CLIENT).masks_everything
    health.clear(bare, CLIENT, by="Bo", note="Dr Roe, letter of 3 May")
    record = health.read(bare, CLIENT)
    assert record.cleared
    assert (record.clearance.by, record.clearance.note, record.clearance.void) == (
        "Bo",
        "Dr Roe, letter of 3 May",
        "",
    )
    assert gating.judge(bare, CLIENT).sentence == "Everything may be offered."
    assert detail(bare) == ("record clearance", {"note": "Dr Roe, letter of 3 May"})
    for note in (" ", "x" * 501):
        with pytest.raises(InputError):
            health.clear(bare, CLIENT, by="Bo", note=note)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"conditions": ["anxiety"]}, "medical history changed"),
        ({"screening": {"medicine_for_long_term_condition": True}}, "screening answers changed"),
        ({"active": True}, "active"),
        ({"findings": ["medically supervised"]}, "findings"),
        ({"measurements": {"systolic_mmhg": 120}}, "measurements"),
    ],
)
def test_a_later_answer_makes_a_clearance_void(bare, change, because):
    cleared(bare)
    health.save(bare, CLIENT, by="Ana", **change)
    record = health.read(bare, CLIENT)
    assert not record.cleared
    assert because in record.clearance.void
    assert gating.judge(bare, CLIENT).masks_everything
    health.clear(bare, CLIENT, by="Bo", note="Dr Roe again")
    assert health.read(bare, CLIENT).cleared


def test_an_answer_changed_and_changed_back_leaves_a_clearance_void(bare):
    cleared(bare)
    health.save(bare, CLIENT, by="Ana", screening={"chest_pain": True}, measurements={"systolic_mmhg": 120})
    health.save(bare, CLIENT, by="Ana", screening={"chest_pain": False}, measurements={"systolic_mmhg": None})
    assert not health.read(bare, CLIENT).cleared


def test_a_corrected_age_below_18_makes_a_clearance_void_and_a_birthday_does_not(bare):
    cleared(bare)
    put(bare, "profile", {"age": 61})
    assert health.read(bare, CLIENT).cleared
    put(bare, "profile", {"age": 15})
    assert "age" in health.read(bare, CLIENT).clearance.void


def test_a_clearance_is_withdrawn_once(bare):
    cleared(bare)
    health.withdraw_clearance(bare, CLIENT, by="Ana", note="chest pain on Monday")
    assert health.read(bare, CLIENT).clearance.void == "Withdrawn by Ana: chest pain on Monday"
    assert gating.judge(bare, CLIENT).masks_everything
    assert detail(bare)[0] == "withdraw clearance"
    with pytest.raises(Conflict):
        health.withdraw_clearance(bare, CLIENT, by="Ana")


def test_a_stop_is_not_lifted_by_a_clearance(bare):
    health.save(bare, CLIENT, by="Ana", findings=["unstable angina"])
    health.clear(bare, CLIENT, by="Bo", note="Dr Roe")
    assert gating.judge(bare, CLIENT).sentence.startswith("Stop: angina is not stable")


def test_each_save_recommends_anew(store):
    before = requests.newest_recommendations(store.db, [CLIENT])[CLIENT]
    assert before["top"]
    health.save(store, CLIENT, by="Ana", findings=["acute infection with fever"])
    assert requests.newest_recommendations(store.db, [CLIENT])[CLIENT]["top"] == []
    health.save(store, CLIENT, by="Ana", findings=[])
    again = requests.newest_recommendations(store.db, [CLIENT])[CLIENT]
    assert [exercise for exercise, _ in again["top"]] == [exercise for exercise, _ in before["top"]]


def test_a_clearance_is_for_the_record_that_was_seen(bare):
    health.save(bare, CLIENT, by="Ana", conditions=["heart failure"], active=True)
    seen = health.read(bare, CLIENT)
    health.save(bare, CLIENT, by="Bo", screening={"chest_pain": True})
    with pytest.raises(Conflict, match="Look at it again"):
        health.clear(bare, CLIENT, by="Ana", note="Dr Weber", seen=seen)
    assert health.read(bare, CLIENT).clearance is None
    health.clear(bare, CLIENT, by="Ana", note="Dr Weber", seen=health.read(bare, CLIENT))
    assert health.read(bare, CLIENT).cleared


@pytest.mark.parametrize("column", ["diagnosis", "medical_history", "other_conditions"])
def test_what_another_column_names_is_no_none(bare, column):
    put(bare, "medical", {"conditions": "none", column: "stroke"})
    assert health.read(bare, CLIENT).conditions == ("stroke",)
    put(bare, "medical", {"conditions": "none", column: "lupus"})
    assert gating.judge(bare, CLIENT).masks_everything
    health.save(bare, CLIENT, by="Ana", conditions=[])
    assert not gating.judge(bare, CLIENT).masks_everything


def test_a_clearance_by_nobody_that_can_be_read_is_none(bare):
    for note in ("", " . ", "\u200b"):
        with pytest.raises(InputError, match="Say who gave"):
            health.clear(bare, CLIENT, by="Ana", note=note)
    health.clear(bare, CLIENT, by="Ana", note="Dr Weber")
    with pytest.raises(InputError, match="Say in words"):
        health.withdraw_clearance(bare, CLIENT, by="Ana", note="\u200b")


def test_a_yes_that_no_rule_knows_is_no_reason_to_go_on(bare):
    put(bare, "medical", {"hypertension": "no", "heart_disease": "yes"})
    judged = gating.judge(bare, CLIENT)
    assert judged.masks_everything
    assert "heart disease" in judged.problem
    put(bare, "medical", {"hypertension": "no", "heart_disease": "no", "smoker": 1})
    assert not gating.judge(bare, CLIENT).problem
