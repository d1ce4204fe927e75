import shutil

import pytest

from core.errors import DatabaseDamaged, InputError, NotFound
from core.recommender import Settings
from core.services import Store, labelling, models, recommending, training
from core.services.labelling import Answer
from core.store import audit, labels, people, requests, versions
from tests.cohorts import ask_about_everyone, small_cohort, two_models


def never(*_arguments, **_options):
    raise AssertionError("training began")


def test_a_cohort_with_a_single_exercise_is_refused_before_training(tmp_path, monkeypatch):
    store = small_cohort(tmp_path / "data", clients=6, n_exercises=1, days=8, train=False)
    monkeypatch.setattr(models.Recommender, "fit", never)
    with pytest.raises(InputError, match=r"needs at least two exercises.*has 1\b"):
        models.train(store, 1, seed=1)
    assert list(store.weights.iterdir()) == []
    store.close()


def test_two_exercises_are_enough(tmp_path):
    store = small_cohort(tmp_path / "data", clients=8, n_exercises=2, days=8, train=False)
    trained = models.train(store, 1, seed=1, settings=Settings(epochs=2))
    assert len(trained.report["exercise_ids"]) == 2
    store.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cohort with two models, the second of them in force, that asks about everybody."""
    folder = tmp_path_factory.mktemp("two") / "data"
    store = small_cohort(folder, clients=12, days=8, train=False)
    two_models(store)
    ask_about_everyone(store)
    store.settle()
    store.close()
    return folder


@pytest.fixture
def store(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "data")
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def answer(store, at=0):
    """Teach one client something other than what the model says; returns the client and the label."""
    request = requests.open_requests(store.db, user_id=1)[at]
    outcome = labelling.answer(
        store, "Ana", Answer(request["id"], f"key {at}", "exercise", request["top"][1][0])
    )
    assert outcome.status == "taught"
    return request["client_id"], outcome.label_id


def in_force(store):
    return people.cohort(store.db, 1)["model_version_id"]


def standing(store):
    """Every label as it is kept, and what each client is recommended, from which version."""
    clients = list(people.client_ids(store.db, 1).values())
    kept = [labels.taught(store.db, client) for client in clients]
    newest = requests.newest_recommendations(store.db, clients)
    return kept, {client: (row["model_version_id"], dict(row["top"])) for client, row in newest.items()}


def test_training_keeps_both_models_and_puts_the_first_in_force(store):
    best, other = training.kept(store, 1)
    assert (best["id"], other["id"], in_force(store)) == (2, 1, 2)
    assert {best["report"]["family"], other["report"]["family"]} == {"full history", "paper"}
    assert best["report"]["candidates"] == other["report"]["candidates"]
    assert [row["name"] for row in best["report"]["candidates"] if row["best"]] == [best["report"]["family"]]
    row = next(row for row in audit.recent(store.db) if row["action"] == "train model")
    assert '"kept":[1]' in row["detail"]
    assert '"version":2' in row["detail"]


def test_a_chosen_model_comes_first_whichever_is_best(store):
    trained = [
        models.Trained(1, version["weights"], version["report"]) for version in training.kept(store, 1)
    ]
    figures = trained[0].report["candidates"]
    for name in ("paper", "full history"):
        first, second = training.with_figures(trained, figures, folds=3, choice=name)
        assert first.report["family"] == name != second.report["family"]
        assert (first.report["choice"], first.report["folds"]) == (name, 3)
    assert (
        training.with_figures(trained, figures, folds=3, choice="best")[0].report["family"]
        == (trained[0].report["family"])
    )


def test_another_model_is_put_in_force_for_everybody_and_audited(store):
    shares = []
    used = training.use(store, 1, by="Ana", progress=shares.append)
    assert (used["id"], in_force(store)) == (1, 1)
    assert shares[-1] == 1.0
    row = next(row for row in audit.recent(store.db) if row["action"] == "use model")
    assert (row["actor"], row["subject"]) == ("Ana", "cohort 1")
    assert row["detail"] == '{"instead_of":2,"version":1}'
    _, newest = standing(store)
    assert len(newest) == 12
    assert {versions.base_version(store.db, version) for version, _ in newest.values()} == {1}
    assert recommending.pending(store, 1) is None


def test_answers_are_taught_to_the_model_that_is_put_in_force(store):
    client, _ = answer(store)
    other = next(one for one in people.client_ids(store.db, 1).values() if one != client)
    taught = versions.in_force(store.db, client)
    assert versions.base_version(store.db, taught) == 2
    training.use(store, 1, by="Ana")
    own = versions.version(store.db, versions.in_force(store.db, client))
    assert (own["kind"], own["client_id"]) == ("answer", client)
    assert versions.base_version(store.db, own["id"]) == 1
    assert versions.in_force(store.db, other) == 1


def test_what_is_answered_after_going_back_teaches_the_model_in_force(store):
    training.use(store, 1, by="Ana")
    client, label = answer(store)
    own = versions.version(store.db, versions.in_force(store.db, client))
    assert (own["kind"], versions.base_version(store.db, own["id"])) == ("answer", 1)
    labelling.undo(store, "Ana", label)
    assert versions.in_force(store.db, client) == versions.untaught(store.db, own["id"])
    training.use(store, 2, by="Ana")
    other, _ = answer(store, at=1)
    assert versions.base_version(store.db, versions.in_force(store.db, other)) == 2


def test_there_and_back_leaves_answers_and_recommendations_as_they_were(store):
    taught, label = answer(store)
    answer(store, at=1)
    before = standing(store)
    training.use(store, 1, by="Ana")
    there = standing(store)
    assert there[0] == before[0]
    assert all(there[1][client][0] != version for client, (version, _) in before[1].items())
    training.use(store, 2, by="Ana")
    back = standing(store)
    assert back[0] == before[0]
    short = [
        client
        for client in before[1]
        if versions.version(store.db, back[1][client][0])["kind"] == "new client"
    ]
    for client, (version, top) in before[1].items():
        assert back[1][client][1] == pytest.approx(top, abs=1e-6)
        if client not in short:  # who has hardly a history starts anew, from the same profiles
            assert back[1][client][0] == version
    labelling.undo(store, "Ana", label)
    assert versions.in_force(store.db, taught) == 2


def test_a_clients_own_version_cannot_be_everybodys(store):
    client, _ = answer(store)
    own = versions.in_force(store.db, client)
    head = audit.head(store.db)
    with pytest.raises(InputError, match=f"Version {own} is one client's own"):
        training.use(store, own, by="Ana")
    with pytest.raises(NotFound, match="no model version 999"):
        training.use(store, 999, by="Ana")
    assert (in_force(store), audit.head(store.db)) == (2, head)


def test_a_version_whose_weights_are_lost_is_not_put_in_force(store):
    for loaded in [key for key in models._loaded if key[0] == store.weights]:
        del models._loaded[loaded]
    (store.weights / f"{versions.version(store.db, 1)['weights']}.safetensors").unlink()
    head = audit.head(store.db)
    with pytest.raises(DatabaseDamaged, match="is missing"):
        training.use(store, 1, by="Ana")
    assert (in_force(store), audit.head(store.db)) == (2, head)


def test_whose_doing_the_model_in_force_is(store):
    def by_hand():
        return training.overview(store)[0].by_hand

    assert not by_hand()
    training.use(store, 1, by="Ana")
    assert by_hand()
    training.use(store, 2, by="Ana")
    assert not by_hand()
    training.use(store, 1, by="Ana")
    (trained, *_) = training.kept(store, 1)
    training.publish(store, [models.Trained(1, trained["weights"], trained["report"])], by="Ana")
    assert not by_hand()


def test_a_cohort_without_a_model_has_none_by_hand(tmp_path):
    store = small_cohort(tmp_path / "data", clients=2, days=3, train=False)
    (cohort,) = training.overview(store)
    assert (cohort.version, cohort.by_hand) == (None, False)
    assert training.kept(store, 1) == []
    store.close()


def test_a_kill_before_everybody_is_recommended_to_is_made_up_for_at_the_next_start(store, monkeypatch):
    def killed(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recommending, "refresh", killed)
        with pytest.raises(KeyboardInterrupt):
            training.use(store, 1, by="Ana")
    assert in_force(store) == 1
    assert recommending.pending(store, 1) is not None


def test_which_model_training_uses_is_kept_and_audited(store):
    assert (training.choice(store, 1), training.overview(store)[0].choice) == ("best", "best")
    training.choose(store, 1, "paper", by="Bo")
    assert (training.choice(store, 1), training.overview(store)[0].choice) == ("paper", "paper")
    row = audit.recent(store.db)[0]
    assert (row["action"], row["actor"], row["detail"]) == ("choose model", "Bo", '{"choice":"paper"}')
    assert in_force(store) == 2


@pytest.mark.parametrize("nonsense", ["markov", "", "Best"])
def test_a_model_that_training_cannot_use_is_refused(store, nonsense):
    with pytest.raises(InputError, match="is no model; choose best, full history or paper"):
        training.choose(store, 1, nonsense, by="Bo")
    assert training.choice(store, 1) == "best"


def test_of_many_versions_the_newest_are_read_and_the_one_in_force(store):
    training.use(store, 1, by="Ana")
    report = versions.version(store.db, 1)["report"]
    with store.transaction() as db:
        for _ in range(3):
            versions.add_version(
                db, cohort_id=1, client_id=None, parent_id=None, kind="base", weights="w", report=report
            )
    everything = [version["id"] for version in training.kept(store, 1)]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 5
    assert [version["id"] for version in training.kept(store, 1, newest=2)] == [*everything[:2], 1]
    assert [version["id"] for version in training.kept(store, 1, newest=5)] == everything
