import shutil

import pytest

from core.services import Store, labelling
from core.services.labelling import Answer
from core.services.studies import registry, running
from core.services.studies.performing import Performer, Stopped
from core.store import jobs, people, requests, versions
from tests.cohorts import ask_about_everyone, small_cohort


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "data"
    small_cohort(folder, clients=8, days=8).close()
    return folder


@pytest.fixture
def store(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "data")
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def work_off(store):
    performer = Performer(store, registry.STUDIES, worker="w", lease_seconds=60)
    while claim := performer.claim():
        performer.perform(claim, lambda _fraction: None)


def test_training_puts_a_new_base_in_force_and_keeps_what_was_taught(store):
    ask_about_everyone(store)
    request = requests.open_requests(store.db, user_id=1)[0]
    labelling.answer(store, "Ana", Answer(request["id"], "k", "exercise", request["top"][1][0]))
    before = people.cohort(store.db, 1)["model_version_id"]
    run = running.start(store, registry.STUDIES, "train", {"cohort": "Test cohort"}, seed=3, by="Ana")
    work_off(store)
    assert running.run(store, registry.STUDIES, run).state == "done", running.run(
        store, registry.STUDIES, run
    ).message
    after = people.cohort(store.db, 1)["model_version_id"]
    assert after != before
    assert versions.base_version(store.db, versions.in_force(store.db, request["client_id"])) == after
    newest = requests.newest_recommendations(store.db, list(people.client_ids(store.db, 1).values()))
    assert {versions.base_version(store.db, row["model_version_id"]) for row in newest.values()} == {after}
    result = running.result(store, run)
    assert "“Test cohort” has a new model" in result.headline[0]
    assert result.synthetic
    assert result.charts[0].series[0].y == tuple(
        versions.version(store.db, after)["report"]["summary"]["train_losses"]
    )


def test_training_on_recorded_clients_is_not_called_synthetic(store):
    with store.transaction() as db:
        db.execute("UPDATE cohorts SET synthetic = 0")
    run = running.start(store, registry.STUDIES, "train", {"cohort": "Test cohort"}, seed=3, by="Ana")
    work_off(store)
    assert not running.result(store, run).synthetic


def test_a_cancelled_training_changes_nothing(store):
    before = people.cohort(store.db, 1)["model_version_id"]
    run = running.start(store, registry.STUDIES, "train", {"cohort": "Test cohort"}, seed=3, by="Ana")
    performer = Performer(store, registry.STUDIES, worker="w", lease_seconds=60)
    claim = performer.claim()

    def cancelled_half_way(fraction):
        if fraction > 0:
            running.cancel(store, run, by="Ana")
            performer.renew(claim, fraction)
            raise Stopped

    performer.perform(claim, cancelled_half_way)
    assert jobs.job(store.db, run)["state"] == "cancelled"
    assert people.cohort(store.db, 1)["model_version_id"] == before


def test_a_cohort_without_a_log_is_told(store):
    with store.change("add cohort", by="system", subject="x") as change:
        cohort = people.add_cohort(change.db, "Empty", source="x", synthetic=False)
        people.add_clients(change.db, cohort, [{"reference": "a"}])
    run = running.start(store, registry.STUDIES, "train", {"cohort": "Empty"}, seed=0, by="Ana")
    work_off(store)
    state = running.run(store, registry.STUDIES, run)
    assert state.state == "failed"
    assert "Nobody in this cohort has logged an exercise" in state.message
