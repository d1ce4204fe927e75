"""The gate in front of recommendations, requests and answers: no way leads round it."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.guidelines import CONDITIONS, FINDINGS, NOT_REVIEWED, POSITIONS, QUESTIONS, Needs, Verdict
from core.guidelines.health import RELIEVING
from core.services import clients, gating, health, judging, labelling, queue, recommending, teaching
from core.services.labelling import Answer
from core.store import audit, exercises, labels, people, requests, status, versions
from tests.cohorts import ask_about_everyone
from tests.gate_audit import LADDERS, forbidden

COHORT = 1
FREELY = {
    "component": "strength",
    "intensity": "light",
    "impact": "low",
    "load": "light",
    "balance_demand": "low",
    "positions": "standing",
}
OPENING = [name for name in FINDINGS if name in RELIEVING]


def set_needs(store, needs_of):
    """Give each exercise of the small cohort its needs, by its place in the catalogue."""
    rows = exercises.exercises(store.db, COHORT)
    with store.transaction() as db:
        exercises.add_exercises(
            db, COHORT, [{**row, "detail": needs_of(place)} for place, row in enumerate(rows)]
        )
    return [row["id"] for row in rows]


def half_heavy(place):
    return FREELY if place % 2 else FREELY | {"load": "heavy"}


@pytest.fixture
def heavy(store):
    """The store with every other exercise heavy, which kidney disease masks; ids of the heavy ones."""
    ids = set_needs(store, half_heavy)
    return set(ids[::2])


def kidneys(store, client):
    """Kidney disease in somebody active and cleared: only heavy loads and vigorous effort are masked."""
    health.save(store, client, by="Ana", conditions=["kidney disease"], active=True)


def newest(store, client):
    return requests.newest_recommendations(store.db, [client])[client]


def open_request(store):
    return requests.open_requests(store.db, user_id=people.user(store.db, "Ana")["id"])[0]


def test_everybody_is_judged_and_somebody_without_records_may_do_nothing(store):
    with store.transaction() as db:
        bare = people.add_clients(db, COHORT, [{"reference": "new", "name": "New"}])["new"]
    everybody = gating.judge_many(store, people.client_ids(store.db, COHORT).values())
    assert everybody.keys() == set(people.client_ids(store.db, COHORT).values())
    judged = everybody.pop(bare)
    assert judged.masks_everything
    assert judged.open_arms == ()
    assert judged.gate.verdict is Verdict.CLEARANCE_FIRST
    assert judged.sentence.startswith("Clearance first: a screening question has no answer")
    assert {one.sentence for one in everybody.values()} == {"Everything may be offered."}
    assert gating.masked_exercises(store, COHORT, everybody[1]) == {}


def test_the_top_five_leaves_out_what_is_masked_and_keeps_the_models_own_figures(store, heavy):
    client = min(people.client_ids(store.db, COHORT).values())
    before = newest(store, client)
    kidneys(store, client)
    after = newest(store, client)
    assert after["id"] > before["id"]
    assert (after["margin"], after["p_value"]) == pytest.approx((before["margin"], before["p_value"]))
    assert not {exercise for exercise, _ in after["top"]} & heavy
    assert not set(after["why"]["prediction_set"]) & heavy
    assert len(after["top"]) == 5
    kept = [exercise for exercise, _ in before["top"] if exercise not in heavy]
    assert [exercise for exercise, _ in after["top"]][: len(kept)] == kept
    masked = after["why"]["masked"]
    assert [mask["exercise"] for mask in masked] == [e for e, _ in before["top"] if e in heavy]
    assert {rule for mask in masked for rule in mask["rules"]} == {"kidney disease, lifting"}


def test_the_same_judgement_twice_makes_no_second_recommendation(store, heavy):
    client = min(people.client_ids(store.db, COHORT).values())
    kidneys(store, client)
    once = newest(store, client)["id"]
    recommending.refresh(store, COHORT)
    assert newest(store, client)["id"] == once


def test_where_everything_is_masked_there_is_no_top_and_no_request(store):
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    request = requests.unanswered(store.db, [client])[client]["id"]
    health.save(store, client, by="Ana", screening={"chest_pain": None})
    assert newest(store, client)["top"] == []
    assert newest(store, client)["why"]["prediction_set"] == []
    assert requests.request(store.db, request)["state"] == "out of date"
    row = status.status(store.db, client)
    assert (row["attention"], row["reason"]) == (3, "Clearance first: a screening question has no answer")
    assert row["request_id"] is None
    assert all(item.client_id != client for item in queue.waiting(store, "Ana", limit=100))
    late = labelling.answer(store, "Ana", Answer(request, "late", "exercise", 1))
    assert late.status == "conflict"
    assert "Clearance first" in late.message
    health.save(store, client, by="Ana", screening={"chest_pain": False})
    assert len(newest(store, client)["top"]) == 5
    assert requests.request(store.db, request)["state"] == "open"


def test_where_each_exercise_is_masked_for_itself_nothing_is_asked_either(store):
    set_needs(store, lambda _: {})
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    kidneys(store, client)
    assert newest(store, client)["top"] == []
    row = status.status(store.db, client)
    assert row["attention"] == 3
    assert row["request_id"] is None
    assert "masks every exercise" in row["reason"]


def test_an_item_shows_what_is_masked_and_asks_the_gate_again(store, heavy):
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    request = requests.unanswered(store.db, [client])[client]["id"]
    stale = newest(store, client)["top"]
    # Written past the service, so that the request is still the one from before.
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: {"conditions": "kidney disease"}})
        people.add_documents(db, "health", {client: {"active": True}})
    item = queue.item(store, request)
    assert [choice.exercise_id for choice in item.choices] == [e for e, _ in stale if e not in heavy]
    assert [masked.exercise_id for masked in item.masked] == [e for e, _ in stale if e in heavy]
    assert (
        item.masked[0].sentences[0].startswith("Its load is heavy, and at most moderate is allowed. Kidney")
    )
    assert NOT_REVIEWED in item.masked[0].sentences[0]
    assert item.gate.startswith("Within limits.")
    assert queue.masked(store, client).keys() == heavy
    recommending.refresh(store, COHORT, [client])
    again = queue.item(store, request)
    assert {masked.exercise_id for masked in again.masked} == {e for e, _ in stale if e in heavy}
    assert not {choice.exercise_id for choice in again.choices} & heavy


def test_an_answer_against_the_gate_is_refused_by_name_and_changes_nothing(store, heavy):
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    kidneys(store, client)
    request = requests.unanswered(store.db, [client])[client]["id"]
    before = versions.in_force(store.db, client), len(audit.recent(store.db, 1000))
    outcome = labelling.answer(store, "Ana", Answer(request, "no", "exercise", min(heavy), override="  "))
    assert outcome.status == labelling.MASKED
    assert "Kidney disease: no heavy lifting" in outcome.message
    assert (versions.in_force(store.db, client), len(audit.recent(store.db, 1000))) == before
    assert labels.labels(store.db) == []
    assert requests.request(store.db, request)["state"] == "open"


def test_an_override_is_recorded_audited_taught_and_can_be_taken_back(store, heavy):
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    kidneys(store, client)
    request = requests.unanswered(store.db, [client])[client]["id"]
    before = versions.in_force(store.db, client)
    given = Answer(request, "over", "exercise", min(heavy), override=" Dr Roe agreed by telephone ")
    outcome = labelling.answer(store, "Ana", given)
    assert outcome.status == "taught"
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, COHORT)}
    assert dict(outcome.after).keys() & {names[exercise] for exercise in heavy} <= {outcome.taught}
    assert labelling.answer(store, "Ana", given) == outcome
    label = labels.label(store.db, outcome.label_id)
    assert label["override"] == "Dr Roe agreed by telephone"
    (row,) = [row for row in audit.recent(store.db, 20) if row["action"] == "label: exercise"]
    assert "kidney disease, lifting" in row["detail"]
    assert "Dr Roe agreed by telephone" in row["detail"]
    # What it taught is the model's; what is recommended stays the gate's.
    assert not {exercise for exercise, _ in newest(store, client)["top"]} & heavy
    labelling.undo(store, "Ana", outcome.label_id)
    assert versions.in_force(store.db, client) == before
    assert requests.request(store.db, request)["state"] == "open"


def test_an_override_of_what_is_not_masked_is_no_override(store, heavy):
    ask_about_everyone(store)
    request = open_request(store)
    free = next(exercise for exercise, _ in request["top"] if exercise not in heavy)
    outcome = labelling.answer(store, "Ana", Answer(request["id"], "k", "exercise", free, override="why not"))
    assert outcome.status == "taught"
    assert labels.label(store.db, outcome.label_id)["override"] == ""
    with pytest.raises(InputError, match="500 characters"):
        labelling.answer(store, "Ana", Answer(request["id"], "l", "exercise", free, override="x" * 501))


def test_a_clearance_withdrawn_while_an_answer_is_taught_stops_it(store, heavy, monkeypatch):
    """The gate is asked in the transaction that writes the answer, not only before the model learns."""
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    health.save(store, client, by="Ana", screening={"other_chronic_condition": True})
    health.clear(store, client, by="Ana", note="Dr Roe")
    request = requests.unanswered(store.db, [client])[client]["id"]
    free = next(exercise for exercise, _ in newest(store, client)["top"])
    learning, withdrawn = threading.Event(), threading.Event()
    teach = teaching.teach

    def slowly(*arguments, **named):
        lesson = teach(*arguments, **named)
        learning.set()
        assert withdrawn.wait(20)
        return lesson

    monkeypatch.setattr(teaching, "teach", slowly)
    outcomes = []
    answering = threading.Thread(
        target=lambda: outcomes.append(
            labelling.answer(store, "Bo", Answer(request, "flight", "exercise", free))
        )
    )
    answering.start()
    assert learning.wait(20)
    health.withdraw_clearance(store, client, by="Ana")
    withdrawn.set()
    answering.join(20)
    (outcome,) = outcomes
    assert outcome.status == "conflict"
    assert "Clearance first" in outcome.message
    assert labels.labels(store.db) == []


def test_the_switch_is_audited_needs_a_reason_and_opens_everything(store):
    client = min(people.client_ids(store.db, COHORT).values())
    health.save(store, client, by="Ana", conditions=None)
    assert gating.judge(store, client).masks_everything
    with pytest.raises(InputError, match="Say why"):
        gating.switch(store, COHORT, on=False, reason=" ", by="Ana")
    gating.switch(store, COHORT, on=False, reason="A rehearsal with made-up people", by="Ana")
    judged = gating.judge(store, client)
    assert gating.is_on(store, COHORT) == (False, "A rehearsal with made-up people")
    assert not judged.masks_everything
    assert judged.open_arms == ("cardio", "strength", "flexibility")
    assert judged.masks(Needs()) == ()
    assert "A rehearsal with made-up people" in judged.sentence
    assert len(newest(store, client)["top"]) == 5
    assert "rehearsal" in audit.recent(store.db, 5)[0]["detail"]
    gating.switch(store, COHORT, on=True, reason="", by="Ana")
    assert newest(store, client)["top"] == []


def test_many_clients_take_as_many_queries_as_one(store, heavy):
    def queries(clients):
        said = []
        store.db.conn.set_trace_callback(said.append)
        judged = gating.judge_many(store, clients)
        masks = judging.Masks(store, COHORT)
        for one in judged.values():
            masks.of(one)
        store.db.conn.set_trace_callback(None)
        return len(said)

    clients = list(people.client_ids(store.db, COHORT).values())
    assert queries(clients) == queries(clients[:1])


PEOPLE = st.fixed_dictionaries(
    {
        "age": st.sampled_from([None, 12, 30, 70]),
        "conditions": st.none() | st.lists(st.sampled_from(CONDITIONS), max_size=3, unique=True),
        "screening": st.fixed_dictionaries(
            {question: st.sampled_from([False, False, False, True, None]) for question in QUESTIONS}
        ),
        "active": st.sampled_from([True, False, None]),
        "findings": st.lists(st.sampled_from(FINDINGS), max_size=2, unique=True),
        "measurements": st.fixed_dictionaries(
            {},
            optional={
                "systolic_mmhg": st.sampled_from([120.0, 190.0]),
                "glucose_mg_dl": st.sampled_from([80.0, 100.0, 250.0]),
                "gestation_weeks": st.sampled_from([10.0, 20.0]),
            },
        ),
        "cleared": st.booleans(),
    }
)
NEEDS = st.fixed_dictionaries(
    {},
    optional={
        "component": st.sampled_from(["aerobic", "strength", "flexibility", "balance"]),
        **{need: st.sampled_from(words) for need, words in LADDERS.items()},
        "positions": st.lists(st.sampled_from(POSITIONS), min_size=1, max_size=3).map("; ".join),
    },
)


def recorded(person):
    """A person as documents, the way imports and the page write them."""
    adult = person["age"] is not None and person["age"] >= 18
    clearance = {
        "by": "Ana",
        "note": "",
        "at": "",
        "void": "",
        "for": {"medical": 2, "screening": 3, "adult": adult},
    }
    documents = {
        "profile": {} if person["age"] is None else {"age": person["age"]},
        "medical": {}
        if person["conditions"] is None
        else {"conditions": "; ".join(person["conditions"]) or "none"},
        "screening": {
            key: {True: "yes", False: "no", None: ""}[said] for key, said in person["screening"].items()
        },
        "health": {
            "active": person["active"],
            "findings": {name: {"at": "", "by": "Ana"} for name in person["findings"]},
            "measurements": {
                name: {"value": v, "at": "", "by": "Ana"} for name, v in person["measurements"].items()
            },
            "clearance": clearance if person["cleared"] else None,
        },
    }
    return {
        kind: {"id": place, "recorded_at": "2026-01-01T00:00:00.000Z", "document": document}
        for place, (kind, document) in enumerate(documents.items(), start=1)
    }


@settings(max_examples=300)
@given(person=PEOPLE, needs=NEEDS)
def test_what_the_service_says_is_what_the_table_says(person, needs):
    judged = judging.judged_of(recorded(person), True, "")
    masks = judged.masks(judging.needs_of({"category": "", "detail": needs}))
    assert bool(masks) == forbidden(person, needs)


@settings(max_examples=200)
@given(
    person=PEOPLE,
    needs=NEEDS,
    condition=st.sampled_from(CONDITIONS),
    finding=st.sampled_from([name for name in FINDINGS if name not in OPENING]),
)
def test_another_condition_or_finding_never_opens_anything(person, needs, condition, finding):
    person = person | {"conditions": person["conditions"] or []}
    worse = person | {
        "conditions": [*person["conditions"], condition],
        "findings": [*person["findings"], finding],
    }
    exercise = judging.needs_of({"category": "", "detail": needs})
    before, after = (judging.judged_of(recorded(one), True, "") for one in (person, worse))
    assert set(after.open_arms) <= set(before.open_arms)
    assert bool(after.masks(exercise)) >= bool(before.masks(exercise))


def test_no_recommendation_set_or_answer_gets_round_the_gate(store):
    """Random people, catalogue and answers; audited by the table itself."""
    rng = np.random.default_rng(4)
    details = [
        {
            "component": str(rng.choice(["aerobic", "strength", "flexibility", "balance"])),
            **{need: str(rng.choice(words)) for need, words in LADDERS.items()},
            "positions": str(rng.choice(POSITIONS)),
        }
        for _ in range(12)
    ]
    for place in (3, 7):
        del details[place][str(rng.choice(list(details[place])))]
    ids = set_needs(store, lambda place: details[place])
    needs = dict(zip(ids, details, strict=True))
    clients = list(people.client_ids(store.db, COHORT).values())
    persons = {}
    for client in clients:
        answers = {question: bool(rng.random() < 0.08) for question in QUESTIONS}
        if rng.random() < 0.1:
            answers[str(rng.choice(QUESTIONS))] = None
        said = {
            "conditions": [
                str(name) for name in rng.choice(CONDITIONS, int(rng.integers(0, 3)), replace=False)
            ],
            "screening": answers,
            "active": [True, False, None][int(rng.integers(3))],
            "findings": [str(rng.choice(FINDINGS))] if rng.random() < 0.15 else [],
        }
        health.save(store, client, by="Ana", **said)
        cleared = bool(rng.random() < 0.6)
        if cleared:
            health.clear(store, client, by="Ana", note="Dr Roe")
        age = people.profiles_of(store.db, [client])[client]["age"]
        persons[client] = said | {"age": age, "measurements": {}, "cleared": cleared}
    ask_about_everyone(store)
    empty = refused = 0
    for client, row in requests.newest_recommendations(store.db, clients).items():
        offered = {exercise for exercise, _ in row["top"]} | set(row["why"]["prediction_set"])
        assert not any(forbidden(persons[client], needs[exercise]) for exercise in offered)
        open_to = [exercise for exercise in ids if not forbidden(persons[client], needs[exercise])]
        assert len(row["top"]) == min(5, len(open_to))
        empty += not row["top"]
    for item in queue.waiting(store, "Ana", limit=100):
        exercise = int(rng.choice(ids))
        key = f"answer {item.request_id}"
        outcome = labelling.answer(store, "Ana", Answer(item.request_id, key, "exercise", exercise))
        against = forbidden(persons[item.client_id], needs[exercise])
        assert (outcome.status == labelling.MASKED) == against
        refused += against
    assert 0 < empty < len(clients)
    assert refused > 0
    standing = labels.labels(store.db)
    assert standing
    assert not any(forbidden(persons[row["client_id"]], needs[row["exercise_id"]]) for row in standing)


def test_a_condition_saved_while_an_answer_is_taught_masks_it(store, heavy, monkeypatch):
    """The request stays open, so that only the second question to the gate can stop the answer."""
    ask_about_everyone(store)
    request = open_request(store)
    client, teach = request["client_id"], teaching.teach

    def meanwhile(*arguments, **named):
        lesson = teach(*arguments, **named)
        kidneys(store, client)
        return lesson

    monkeypatch.setattr(teaching, "teach", meanwhile)
    before = versions.in_force(store.db, client)
    outcome = labelling.answer(store, "Bo", Answer(request["id"], "flight", "exercise", min(heavy)))
    assert outcome.status == labelling.MASKED
    assert "idney disease" in outcome.message
    assert requests.request(store.db, request["id"])["state"] == "open"
    assert versions.in_force(store.db, client) == before
    assert labels.labels(store.db, client_id=client) == []


@pytest.mark.parametrize("reason", ["", "  ", ".", "1", "\u200b\u2060", "\u202e"])
def test_a_reason_that_cannot_be_read_is_none(store, heavy, reason):
    ask_about_everyone(store)
    client = open_request(store)["client_id"]
    kidneys(store, client)
    request = requests.unanswered(store.db, [client])[client]["id"]
    given = Answer(request, "k", "exercise", min(heavy), override=reason)
    assert labelling.answer(store, "Ana", given).status == labelling.MASKED
    with pytest.raises(InputError, match="Say why"):
        gating.switch(store, COHORT, on=False, reason=reason, by="Ana")
    assert gating.is_on(store, COHORT)[0]


def put_on_record(store, client, condition):
    """As an import does: the record is another, and the recommendations are still to be refreshed."""
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: {"conditions": condition}})
        people.add_documents(db, "health", {client: {"active": True}})


def test_nothing_masked_shows_while_an_import_waits_for_its_refresh(store, heavy):
    ask_about_everyone(store)
    request = open_request(store)
    client = request["client_id"]
    put_on_record(store, client, "kidney disease")
    assert {exercise for exercise, _ in newest(store, client)["top"]} & heavy
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, COHORT)}
    shown = clients.read(store, client).recommendations[0]["top"]
    assert shown
    assert not {name for name, _ in shown} & {names[exercise] for exercise in heavy}
    item = queue.item(store, request["id"])
    said = {name for case in item.nearest for name in (*case["after"], case["then"])}
    assert said & {f"{names[exercise]} (masked)" for exercise in heavy}
    assert not said & {names[exercise] for exercise in heavy}


def test_what_came_to_be_masked_leaves_the_prediction_set_of_a_request(store, heavy):
    ask_about_everyone(store)
    request = open_request(store)
    everything = [row["id"] for row in exercises.exercises(store.db, COHORT)]
    with store.transaction() as db:
        row = requests.request(db, request["id"])
        whole = requests.add_recommendation(
            db,
            client_id=row["client_id"],
            step=row["step"],
            version_id=row["model_version_id"],
            top=row["top"],
            margin=row["margin"],
            p_value=row["p_value"],
            why={**row["why"], "prediction_set": everything},
        )
        requests.open_request(db, client_id=row["client_id"], step=row["step"], recommendation_id=whole)
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, COHORT)}
    assert set(queue.item(store, request["id"]).also_in_set) & {names[exercise] for exercise in heavy}
    put_on_record(store, request["client_id"], "kidney disease")
    also = set(queue.item(store, request["id"]).also_in_set)
    assert also
    assert not also & {names[exercise] for exercise in heavy}


def test_health_that_changes_while_the_model_predicts_is_recommended_by(store, heavy, monkeypatch):
    """What was predicted for the record as it was is not written; the client is predicted for once more."""
    client = min(people.client_ids(store.db, COHORT).values())
    predict, times = recommending._predict, []

    def slowly(*arguments):
        found = predict(*arguments)
        times.append(len(times))
        if len(times) == 1:
            put_on_record(store, client, "kidney disease")
        return found

    monkeypatch.setattr(recommending, "_predict", slowly)
    recommending.refresh(store, COHORT, [client])
    assert len(times) == 2
    assert not {exercise for exercise, _ in newest(store, client)["top"]} & heavy


def test_the_gate_is_asked_anew_for_every_part_of_the_record(store):
    """What was judged before is kept in memory, so a measurement alone must make another record of it."""
    client = min(people.client_ids(store.db, COHORT).values())
    for told, masks_everything in (
        ({"measurements": {"systolic_mmhg": 120}}, False),
        ({"measurements": {"systolic_mmhg": 190}}, True),
        ({"measurements": {"systolic_mmhg": 130}}, False),
        ({"findings": ["ketones"]}, True),
        ({"findings": []}, False),
        ({"screening": {"chest_pain": True}}, True),
        ({"screening": {"chest_pain": False}}, False),
        ({"conditions": ["coronary artery disease"]}, True),
        ({"active": True}, False),
        ({"active": None}, True),
        ({"conditions": None}, True),
    ):
        health.save(store, client, by="Ana", **told)
        assert gating.judge(store, client).masks_everything is masks_everything, told
