import numpy as np

from core.services import caseload, models, recommending
from core.store import exercises, people, requests, status, versions
from tests.cohorts import ask_about_everyone, small_cohort


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
        exercises.add_steps(
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
