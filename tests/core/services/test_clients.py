from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, NotFound
from core.services import clients, fields, models, records
from core.store import audit, people
from tests.cohorts import small_cohort

KNOWN = {"profile": {"age": 40}, "medical": {"asthma": "no"}}
values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()))


def log(*days, success=1, exercise=1):
    """Log rows at noon of these days of January 2026, newest first."""
    rows = [
        {"at": f"2026-01-{day:02d}T12:00:00.000Z", "exercise_id": exercise, "success": success}
        for day in days
    ]
    return rows[::-1]


def steps(*counts, goal=8000):
    return [
        {"day": (date(2026, 1, 1) + timedelta(place)).isoformat(), "steps": count, "goal": goal}
        for place, count in enumerate(counts)
    ]


def test_limits_are_what_was_answered_with_anything_but_no():
    documents = {
        "profile": {"smokes": "yes"},
        "medical": {
            "conditions": "asthma",
            "knee_injury": "Yes",
            "heart_disease": "no",
            "medication": "None",
            "injuries": "left knee; none; back",
            "allergies": ["pollen", "none"],
            "resting_heart_rate": 62,
            "recorded_at": "2026-01-01T00:00:00Z",
        },
        "screening": {"pain": 1, "dizziness": 0, "bone_problem": True, "screened_on": "2026-01-02"},
    }
    assert clients.limits(documents) == [
        "Asthma",
        "Knee injury",
        "Left knee",
        "Back",
        "Allergies: Pollen",
        "Pain",
        "Bone problem",
    ]


@pytest.mark.parametrize(
    ("answer", "found"), [("no", ["Cleared by doctor: no"]), ("yes", []), ("", []), (0, 1), (1, 0)]
)
def test_a_clearance_that_was_not_given_is_the_limit(answer, found):
    limits = clients.limits({"screening": {"cleared_by_doctor": answer}})
    assert limits == found if isinstance(found, list) else len(limits) == found


def test_a_question_without_an_answer_is_not_a_no():
    answers = dict.fromkeys(records.ASKED["screening"], "no")
    assert clients.limits({"screening": answers}) == []
    del answers["chest_pain"]
    assert clients.limits({"screening": answers}) == ["Chest pain: not answered"]
    assert clients.limits({"medical": {"conditions": "none", "medication": "no"}}) == []
    assert clients.limits({"medical": {"conditions": "none"}}) == ["Takes medication: not answered"]


def test_the_last_item_of_a_known_questionnaire_is_missed():
    answered = {f"pss_{number}": 2 for number in range(1, 10)}
    assert clients.quality({**KNOWN, "questionnaire": answered}, log(1), []) == [
        "PSS: 1 answer missing (no. 10)."
    ]


def test_without_documents_there_are_no_limits():
    assert clients.limits({}) == []
    assert clients.limits({"medical": {}, "screening": {"a": None}}) == []


@pytest.mark.parametrize(
    ("documents", "known"),
    [
        ({}, False),
        ({"profile": {"age": 40}}, False),
        ({"medical": {"recorded_at": "2026-01-01T00:00:00Z"}}, False),
        ({"screening": {"pain": None, "dizziness": "", "screened_on": "2026-01-01"}}, False),
        ({"screening": {"pain": "no"}}, True),
        ({"medical": {"conditions": "none"}, "screening": {}}, True),
        ({"screening": {"pain": 0}}, True),
    ],
)
def test_no_answer_is_not_the_answer_no(documents, known):
    assert clients.limits_known(documents) is known


def test_of_several_clients_those_with_answers_are_told(tmp_path):
    store = small_cohort(tmp_path, train=False, screened=False)
    ids = sorted(people.client_ids(store.db, 1).values())[:3]
    with store.transaction() as db:
        people.add_documents(db, "medical", {ids[1]: {"asthma": "no"}})
    assert clients.with_limits_known(store, ids) == {ids[1]}


@given(st.dictionaries(st.text(), values), st.dictionaries(st.text(), values))
def test_any_document_can_be_read(medical, screening):
    documents = {"medical": medical, "screening": screening}
    for limit in clients.limits(documents):
        assert limit
    clients.quality(documents, [], [])
    read = fields.readable(medical)
    assert all(isinstance(value, str) for _, value in read.lines)


def test_sound_data_gives_no_sentence():
    counts = [7000 + 10 * day for day in range(20)]
    assert clients.quality(KNOWN, log(1, 3, 5, 7), steps(*counts)) == []


def test_gaps_in_the_documents_are_told():
    assert clients.quality({}, log(1), []) == [
        "No profile: the model goes by the exercises alone.",
        "No medical history and no screening answers: limits are not known.",
    ]
    answered = {f"pss_{number}": 2 for number in range(1, 11) if number not in (4, 7)}
    assert clients.quality({**KNOWN, "questionnaire": answered}, log(1), []) == [
        "PSS: 2 answers missing (no. 4, no. 7)."
    ]


def test_gaps_and_oddities_in_the_log_are_told():
    assert clients.quality(KNOWN, [], []) == ["No exercises are logged."]
    assert clients.quality(KNOWN, log(1, 9), []) == ["No exercise is logged for 8 days from 1 Jan 2026."]
    assert clients.quality(KNOWN, log(1, 8), []) == []
    assert clients.quality(KNOWN, log(2, 3, success=None), []) == [
        "Whether the exercise was completed is not recorded for 2 of 2 entries."
    ]
    assert clients.quality(KNOWN, log(2, 2), []) == [
        "The same exercise is logged twice at the same time, once."
    ]


def test_gaps_and_oddities_in_the_steps_are_told():
    def told(*counts):
        return clients.quality(KNOWN, log(1), steps(*counts))

    assert told(5000, None, 6000) == ["No step count on 1 of 3 days."]
    assert told(5000, 0, 6000) == ["A step count of 0 on 1 day: the counter may not have been worn."]
    assert told(5000, 60_001, 70_000) == ["Over 60,000 steps on 2 days: worth a check."]
    assert told(5000, 5000, 5000, 6000) == ["Exactly the same step count on 3 days in a row: worth a check."]
    assert told(5000, 5000, None, 5000, 6000) == ["No step count on 1 of 5 days."]
    absent = [row for row in steps(1, 2, 3, 4) if row["steps"] != 3]
    assert clients.quality(KNOWN, log(1), absent) == ["No step count on 1 of 4 days."]


def test_a_document_is_read_with_labels_units_and_answers_apart():
    document = {
        "age": 41,
        "bmi": 23.45,
        "training_place": "home",
        "loud": True,
        "note": "",
        "recorded_at": "x",
    }
    read = fields.readable({**document, "chips_1": 0, "chips_2": 3, "chips_3": 1, "week_1": 5})
    assert read.lines == [
        ("Age", "41 years"),
        ("Body mass index", "23.45 kg/m²"),
        ("Training place", "home"),
        ("Loud", "yes"),
        ("Week 1", "5"),
    ]
    assert read.answers == {"CHIPS": [(1, "0"), (2, "3"), (3, "1")]}


def test_a_view_leaves_one_row_in_the_audit_and_a_reading_none(store):
    client = sorted(people.client_ids(store.db, 1).values())[0]
    seen = clients.view(store, client, by="Ana")
    clients.read(store, client)
    rows = [row for row in audit.recent(store.db, 50, f"client {client}") if row["action"] == "view client"]
    assert [row["actor"] for row in rows] == ["Ana"]
    assert len(seen.margins) == len(seen.log)
    level = models.alpha(store)
    p_value, margin = seen.status["p_value"], seen.status["margin"]
    assert seen.margins[-1] == pytest.approx(margin, abs=1e-4)
    assert (p_value <= level) == (margin < seen.threshold)


def test_views_of_several_clients_are_one_transaction_with_a_row_each(store, monkeypatch):
    ids = sorted(people.client_ids(store.db, 1).values())[:3]
    statements = []
    store.db.conn.set_trace_callback(statements.append)
    clients.viewed(store, ids, by="Ana")
    clients.viewed(store, [], by="Ana")
    store.db.conn.set_trace_callback(None)
    assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") == 1
    rows = audit.recent(store.db, 3)
    assert [(row["action"], row["actor"], row["subject"]) for row in reversed(rows)] == [
        ("view client", "Ana", f"client {client}") for client in ids
    ]
    audit.verify(store.db)


def test_a_view_of_nobody_leaves_nothing(store):
    before = len(audit.recent(store.db, 1000))
    with pytest.raises(NotFound):
        clients.view(store, 999_999, by="Ana")
    assert len(audit.recent(store.db, 1000)) == before


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4001])
def test_a_note_is_neither_empty_nor_endless(store, text):
    with pytest.raises(InputError, match="4,000"):
        clients.add_note(store, 1, text, by="Ana")
