import numpy as np

from core.services import caseload, labelling, models, preparing, recommending
from core.services.labelling import Answer
from core.store import exercises, people, requests, status, steps, versions
from tests.cohorts import ask_about_everyone, small_cohort, train_paper


def test_everyone_gets_a_recommendation_and_the_unsure_a_request(store):
    level = models.alpha(store)
    page = caseload.page(store, 1)
    assert page.total == 24
    for row in page.rows:
        assert (row["request_id"] is not None) == (row["p_value"] <= level)
    asked = sum(row["request_id"] is not None for row in page.rows)
    assert 0 < asked <= 24 * 0.5


def test_a_recommendation_holds_what_the_model_says(store):
    row = caseload.page(store, 1).rows[0]
    newest = requests.recommendations(store.db, row["client_id"])[0]
    model = models.of_client(store, row["client_id"])
    history = exercises.history(store.db, row["client_id"])
    document = people.profiles_of(store.db, [row["client_id"]])[row["client_id"]]
    probabilities = np.sort(model.predict([history], [document])[0])[::-1]
    np.testing.assert_allclose([p for _, p in newest["top"]], probabilities[:5], rtol=1e-5)
    assert newest["margin"] == np.float64(row["margin"])
    assert abs(newest["margin"] - (probabilities[0] - probabilities[1])) < 1e-6
    assert row["trend"][-1] == round(row["margin"], 4)
    assert len(row["trend"]) == min(recommending.TREND, row["step"]) + 1


def test_doing_it_again_adds_nothing(store):
    counted = [store.db[table].count for table in ("recommendations", "requests", "model_versions", "audit")]
    recommending.refresh(store, 1)
    assert [
        store.db[table].count for table in ("recommendations", "requests", "model_versions", "audit")
    ] == counted


def test_a_client_without_history_starts_from_the_three_nearest_profiles(store):
    newest = max(people.client_ids(store.db, 1).values())
    version = versions.version(store.db, versions.in_force(store.db, newest))
    assert version["kind"] == "new client"
    assert len(version["report"]["nearest_profiles"]) == 3
    others = {versions.in_force(store.db, client) for client in people.client_ids(store.db, 1).values()} - {
        version["id"]
    }
    assert others == {version["parent_id"]}


def test_a_model_that_is_sure_again_closes_the_request(store):
    ask_about_everyone(store)
    assert caseload.totals(store, 1)["requests"] == 24
    with store.change("set", by="system", subject="settings") as change:
        people.set_setting(change.db, models.ALPHA, 0.05)
    recommending.refresh(store, 1)
    page = caseload.page(store, 1)
    assert 0 <= caseload.totals(store, 1)["requests"] < 24
    for row in page.rows:
        assert (row["request_id"] is not None) == (row["p_value"] <= 0.05)
    assert requests.states(store.db, 1).get("open", 0) == caseload.totals(store, 1)["requests"]


def test_a_cohort_without_a_model_has_statuses_and_no_requests(tmp_path):
    store = small_cohort(tmp_path, clients=4, days=3, train=False)
    recommending.refresh(store, 1)
    rows = caseload.page(store, 1).rows
    assert len(rows) == 4
    assert all(row["margin"] is None and row["request_id"] is None for row in rows)
    store.close()


def test_idle_clients_and_missed_goals_are_named(store):
    client = people.client_ids(store.db, 1)["c00003"]
    other = people.client_ids(store.db, 1)["c00004"]
    with store.change("log", by="system", subject="x") as change:
        number = exercises.add_import(
            change.db, 1, kind="log", path="x", sha256="s", row_count=1, actor="system"
        )
        first = next(iter(exercises.exercise_ids(change.db, 1).values()))
        exercises.add_log(change.db, [(other, "2026-03-01T08:00:00.000Z", first, 1, None)], number)
        steps.add(
            change.db,
            [(other, f"2026-02-{day:02d}", 3000, 8000) for day in range(1, 15)],
            number,
        )
        people.set_setting(change.db, models.ALPHA, 0.001)
    recommending.refresh(store, 1)
    assert status.status(store.db, client)["reason"] == "No exercise logged for 27 days"
    assert status.status(store.db, other)["reason"] == "No step goal met in 14 days with a count"
    assert status.status(store.db, other)["attention"] < status.status(store.db, client)["attention"]


def test_a_raised_asking_level_gives_every_request_its_cause(store):
    ask_about_everyone(store)
    open_now = requests.open_requests(store.db, user_id=1)
    assert len(open_now) == 24
    assert all(request["why"]["sentence"] for request in open_now)


def test_cohorts_with_the_same_data_keep_their_own_exercises(tmp_path):
    store = small_cohort(tmp_path, clients=6, days=6)
    with store.change("copy", by="system", subject="x") as change:
        db = change.db
        twin = people.add_cohort(db, "Twin", source="generated", synthetic=True)
        catalogue = exercises.add_exercises(db, twin, exercises.exercises(db, 1))
        mine = {row["id"]: row["reference"] for row in exercises.exercises(db, 1)}
        references = {number: reference for reference, number in people.client_ids(db, 1).items()}
        clients = people.add_clients(
            db, twin, [{"reference": reference} for reference in references.values()]
        )
        documents = people.profiles_of(db, list(references))
        people.add_documents(
            db, "profile", {clients[references[number]]: document for number, document in documents.items()}
        )
        number = exercises.add_import(
            db, twin, kind="log", path="x", sha256="t", row_count=30, actor="system"
        )
        for client, log in exercises.dated_histories(db, list(references)).items():
            rows = [
                (clients[references[client]], at, catalogue[mine[exercise]], 1, 3.0) for at, exercise in log
            ]
            exercises.add_log(db, rows, number)
    train_paper(store, twin, seed=0, by="system")
    first, second = (people.cohort(store.db, number)["model_version_id"] for number in (1, twin))
    assert versions.version(store.db, first)["weights"] == versions.version(store.db, second)["weights"]
    assert set(models.load(store, first).exercise_ids) == set(mine)
    assert set(models.load(store, second).exercise_ids) == set(catalogue.values())
    store.close()


def test_a_new_client_taught_meanwhile_keeps_the_lesson(store, monkeypatch):
    newest = max(people.client_ids(store.db, 1).values())
    with store.transaction() as db:
        versions.put_in_force(db, None, client_id=newest)
        people.set_setting(db, models.ALPHA, 0.999)
    save = recommending.weights.save

    def slow(folder, arrays):
        """While the first refresh is at it, another one starts the client, and a trainer answers."""
        monkeypatch.setattr(recommending.weights, "save", save)
        recommending.refresh(store, 1, [newest])
        request = requests.unanswered(store.db, [newest])[newest]
        top = requests.request(store.db, request["id"])["top"]
        labelling.answer(store, "Ana", Answer(request["id"], "k", "exercise", top[1][0]))
        return save(folder, arrays)

    monkeypatch.setattr(recommending.weights, "save", slow)
    recommending.refresh(store, 1, [newest])
    in_force = versions.version(store.db, versions.in_force(store.db, newest))
    assert in_force["kind"] == "answer"
    assert status.status(store.db, newest)["request_id"] is None


def test_a_client_who_changes_while_predicted_is_predicted_again(store, monkeypatch):
    ask_about_everyone(store)
    request = requests.open_requests(store.db, user_id=1)[0]
    predict = recommending._predict

    def slow(*arguments):
        monkeypatch.setattr(recommending, "_predict", predict)
        found = predict(*arguments)
        labelling.answer(store, "Ana", Answer(request["id"], "k", "exercise", request["top"][1][0]))
        return found

    monkeypatch.setattr(recommending, "_predict", slow)
    recommending.refresh(store, 1)
    row = status.status(store.db, request["client_id"])
    newest = requests.newest_recommendations(store.db, [request["client_id"]])[request["client_id"]]
    assert newest["model_version_id"] == versions.in_force(store.db, request["client_id"])
    assert row["recommendation_id"] == newest["id"]
    assert row["request_id"] is None


def test_a_profile_that_changes_brings_the_request_up_to_date(store):
    ask_about_everyone(store)
    clients = [r["client_id"] for r in requests.open_requests(store.db, user_id=1)]
    with store.change("profiles", by="system", subject="x") as change:
        people.add_documents(
            change.db,
            "profile",
            {client: {"age": 19 if client % 2 else 59, "sex": "male"} for client in clients},
        )
    recommending.refresh(store, 1)
    for client in clients:
        row = status.status(store.db, client)
        asked = requests.request(store.db, row["request_id"])
        assert asked["recommendation_id"] == row["recommendation_id"]
        assert abs(asked["margin"] - row["margin"]) < 1e-4


def test_a_flagged_client_needs_attention(store):
    ask_about_everyone(store)
    request = requests.open_requests(store.db, user_id=1)[0]
    labelling.answer(store, "Ana", Answer(request["id"], "k", "flag", reason="knee"))
    row = status.status(store.db, request["client_id"])
    assert (row["attention"], row["reason"]) == (3, "Flagged for a second pair of eyes")
    assert row["request_id"] == request["id"]


def test_what_a_kill_left_due_is_done_by_the_next_start(store):
    client = people.client_ids(store.db, 1)["c00003"]
    with store.change("log", by="system", subject="x") as change:
        number = exercises.add_import(
            change.db, 1, kind="log", path="x", sha256="s", row_count=1, actor="system"
        )
        first = next(iter(exercises.exercise_ids(change.db, 1).values()))
        exercises.add_log(change.db, [(client, "2026-03-01T08:00:00.000Z", first, 1, None)], number)
        recommending.mark_pending(change.db, 1)
    assert status.status(store.db, client)["step"] == 30
    preparing.prepare(store, lambda _line: None)
    assert status.status(store.db, client)["step"] == 31
    assert recommending.pending(store, 1) is None


def test_a_training_tells_its_accuracy_beside_always_naming_the_commonest(store):
    accuracy = versions.version(store.db, people.cohort(store.db, 1)["model_version_id"])["report"][
        "accuracy"
    ]
    assert accuracy["clients"] >= 2
    assert accuracy["steps"] == 30 * accuracy["clients"]
    # Seven in ten go on to the next exercise of twelve; the commonest is right about one in ten.
    assert accuracy["commonest"] < 0.2 < accuracy["top1"] < 0.8
