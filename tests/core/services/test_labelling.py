"""From an answer to what the model learnt, and back; two trainers, many threads."""

import threading

import numpy as np
import pytest

from core.errors import Conflict, InputError, NotFound
from core.services import labelling, models, queue, recommending
from core.services.labelling import Answer
from core.store import audit, exercises, labels, people, requests, versions
from tests.cohorts import ask_about_everyone, train_paper


def open_for(store, user="Ana"):
    return requests.open_requests(store.db, user_id=people.user(store.db, user)["id"])


def asked(store):
    ask_about_everyone(store)
    return open_for(store)


def second_choice(request, key=None):
    return Answer(request["id"], key or f"key {request['id']}", "exercise", request["top"][1][0])


def predicted(store, request):
    model = models.of_client(store, request["client_id"])
    history = exercises.history(store.db, request["client_id"])
    document = people.profiles_of(store.db, [request["client_id"]])[request["client_id"]]
    return model.predict([history], [document])[0]


def test_an_answer_teaches_the_clients_model_and_nobody_elses(store):
    first, other = asked(store)[:2]
    before, untouched = predicted(store, first), predicted(store, other)
    outcome = labelling.answer(store, "Ana", second_choice(first))
    assert outcome.status == "taught"
    assert outcome.before[1][0] == outcome.taught
    shown = dict(outcome.before)[outcome.taught], dict(outcome.after)[outcome.taught]
    assert shown[1] > shown[0]
    after = predicted(store, first)
    place = models.of_client(store, first["client_id"]).classes[first["top"][1][0]]
    assert (before[place], after[place]) == pytest.approx(shown)
    np.testing.assert_array_equal(predicted(store, other), untouched)
    assert requests.request(store.db, first["id"])["state"] == "answered"
    assert all(0 <= accuracy <= 1 for accuracy in outcome.forgetting[:2])
    before_share, after_share, steps, changed = outcome.forgetting
    assert steps > 0
    assert round(abs(after_share - before_share) * steps) <= changed <= steps
    assert f"{outcome.taught} for {outcome.client}: the model" in outcome.message


def test_the_same_key_twice_is_one_label_with_the_same_outcome(store):
    request = open_for(store)[0]
    once = labelling.answer(store, "Ana", second_choice(request))
    assert labelling.answer(store, "Ana", second_choice(request)) == once
    assert len(labels.labels(store.db)) == 1


def test_the_second_trainer_is_told_who_was_first_and_changes_nothing(store):
    request = open_for(store)[0]
    labelling.answer(store, "Ana", second_choice(request))
    version = versions.in_force(store.db, request["client_id"])
    late = labelling.answer(store, "Bo", Answer(request["id"], "late", "exercise", request["top"][0][0]))
    assert late.status == "conflict"
    assert "Ana answered this" in late.message
    assert len(labels.labels(store.db)) == 1
    assert versions.in_force(store.db, request["client_id"]) == version


def test_undo_takes_back_the_label_and_the_weights(store):
    request = open_for(store)[0]
    before, version = predicted(store, request), versions.in_force(store.db, request["client_id"])
    outcome = labelling.answer(store, "Ana", second_choice(request))
    assert "Taken back" in labelling.undo(store, "Ana", outcome.label_id)
    np.testing.assert_array_equal(predicted(store, request), before)
    assert versions.in_force(store.db, request["client_id"]) == version
    assert requests.request(store.db, request["id"])["state"] == "open"
    assert labels.label(store.db, outcome.label_id)["undone_by"] == "Ana"
    with pytest.raises(Conflict, match="taken back already"):
        labelling.undo(store, "Ana", outcome.label_id)


def test_after_an_undo_the_request_can_be_answered_again(store):
    request = open_for(store)[0]
    first = labelling.answer(store, "Ana", second_choice(request))
    labelling.undo(store, "Ana", first.label_id)
    again = labelling.answer(store, "Bo", second_choice(request, "again"))
    assert again.status == "taught"
    # The same lesson from the same start: what was undone left no trace.
    assert again.after == first.after


def test_only_the_trainer_who_answered_can_take_it_back(store):
    outcome = labelling.answer(store, "Ana", second_choice(open_for(store)[0]))
    with pytest.raises(Conflict, match="only Ana can"):
        labelling.undo(store, "Bo", outcome.label_id)


def log_one_more(store, client_id, exercise_id, at):
    with store.change("log", by="system", subject="test") as change:
        number = exercises.add_import(
            change.db, 1, kind="log", path="x", sha256=at, row_count=1, actor="system"
        )
        exercises.add_log(change.db, [(client_id, at, exercise_id, 1, None)], number)
    recommending.refresh(store, 1, [client_id])


def test_undoing_an_earlier_answer_keeps_the_later_one(store):
    request = asked(store)[0]
    client = request["client_id"]
    first = labelling.answer(store, "Ana", second_choice(request))
    log_one_more(store, client, request["top"][0][0], "2026-03-01T08:00:00.000Z")
    later = next(r for r in open_for(store) if r["client_id"] == client)
    second = labelling.answer(store, "Ana", second_choice(later))
    labelling.undo(store, "Ana", first.label_id)
    kept = predicted(store, later)

    # The same as if only the later answer had ever been given.
    labelling.undo(store, "Ana", second.label_id)
    labelling.answer(store, "Ana", second_choice(later, "alone"))
    np.testing.assert_array_equal(predicted(store, later), kept)
    assert requests.request(store.db, request["id"])["state"] == "out of date"


def test_answers_survive_training_anew_and_can_still_be_undone(store):
    request = open_for(store)[0]
    outcome = labelling.answer(store, "Ana", second_choice(request))
    train_paper(store, 1, seed=7, by="Ana")
    base = people.cohort(store.db, 1)["model_version_id"]
    own = versions.in_force(store.db, request["client_id"])
    assert own != base
    assert versions.base_version(store.db, own) == base
    labelling.undo(store, "Ana", outcome.label_id)
    start = versions.in_force(store.db, request["client_id"])
    assert start == versions.untaught(store.db, own)
    assert versions.base_version(store.db, start) == base


def test_a_client_who_moved_on_closes_the_request(store):
    request = asked(store)[0]
    log_one_more(store, request["client_id"], request["top"][0][0], "2026-03-01T08:00:00.000Z")
    outcome = labelling.answer(store, "Ana", second_choice(request))
    assert outcome.status == "conflict"
    assert "moved on" in outcome.message


@pytest.mark.parametrize(
    ("verdict", "state"), [("none suitable", "answered"), ("flag", "flagged"), ("skip", "open")]
)
def test_what_is_not_an_exercise_is_recorded_and_teaches_nothing(store, verdict, state):
    request = open_for(store)[0]
    version = versions.in_force(store.db, request["client_id"])
    outcome = labelling.answer(store, "Ana", Answer(request["id"], "k", verdict, reason="knee"))
    assert outcome.status == "recorded"
    assert versions.in_force(store.db, request["client_id"]) == version
    assert requests.request(store.db, request["id"])["state"] == state
    assert labels.labels(store.db)[0]["reason"] == "knee"
    labelling.undo(store, "Ana", outcome.label_id)
    assert request["id"] in [r["id"] for r in open_for(store)]


def test_a_skipped_request_stays_for_others_and_goes_for_oneself(store):
    request = open_for(store)[0]
    labelling.answer(store, "Ana", Answer(request["id"], "k", "skip"))
    assert request["id"] not in [item.request_id for item in queue.waiting(store, "Ana")]
    assert request["id"] in [item.request_id for item in queue.waiting(store, "Bo")]
    assert queue.standing(store, "Ana").skipped == 1


def test_an_exercise_that_the_model_does_not_know_is_recorded(store):
    request = open_for(store)[0]
    with store.change("add", by="system", subject="x") as change:
        new = exercises.add_exercises(change.db, 1, [{"reference": "new", "name": "Nordic walk"}])["new"]
    outcome = labelling.answer(store, "Ana", Answer(request["id"], "k", "exercise", new))
    assert "not trained on this exercise" in outcome.message
    assert outcome.before == outcome.after
    assert labels.labels(store.db)[0]["exercise"] == "Nordic walk"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(1, "k", "maybe"), InputError),
        (Answer(1, "k", "exercise"), InputError),
        (Answer(1, "k", "skip", 3), InputError),
        (Answer(1, "k", "exercise", 9999), InputError),
        (Answer(9999, "k", "skip"), NotFound),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_learnt(store, answer, error):
    before = audit.head(store.db)
    with pytest.raises(error):
        labelling.answer(store, "Ana", answer)
    assert audit.head(store.db) == before


def test_the_budget_of_the_day_ends_the_queue(store):
    with store.change("set", by="system", subject="settings") as change:
        people.set_setting(change.db, queue.DAILY_BUDGET, 2)
    found = asked(store)
    assert len(queue.waiting(store, "Ana")) == 2
    for request in found[:2]:
        labelling.answer(store, "Ana", second_choice(request))
    assert queue.waiting(store, "Ana") == []
    assert queue.standing(store, "Ana").left == 0
    assert "tomorrow" in queue.standing(store, "Ana").advice
    assert len(queue.waiting(store, "Bo")) == 2


def test_eight_trainers_on_the_same_requests_leave_one_label_each(store):
    found = asked(store)[:12]
    outcomes, errors = [], []

    def work(thread):
        try:
            for request in found:
                user = "Ana" if thread % 2 else "Bo"
                outcomes.append(
                    labelling.answer(store, user, second_choice(request, f"{thread} {request['id']}"))
                )
        except BaseException as error:
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(o.request_id for o in outcomes if o.status == "taught") == sorted(r["id"] for r in found)
    assert sum(o.status == "conflict" for o in outcomes) == 7 * 12
    assert len(labels.labels(store.db)) == 12
    audit.verify(store.db)


def test_undoing_a_skip_leaves_the_answer_that_somebody_else_gave(store):
    request = open_for(store)[0]
    skipped = labelling.answer(store, "Ana", Answer(request["id"], "k1", "skip"))
    labelling.answer(store, "Bo", second_choice(request))
    labelling.undo(store, "Ana", skipped.label_id)
    assert requests.request(store.db, request["id"])["state"] == "answered"
    assert request["id"] not in [item.request_id for item in queue.waiting(store, "Ana")]


def test_undoing_a_skip_leaves_somebody_elses_flag(store):
    request = open_for(store)[0]
    skipped = labelling.answer(store, "Ana", Answer(request["id"], "k1", "skip"))
    flagged = labelling.answer(store, "Bo", Answer(request["id"], "k2", "flag"))
    labelling.undo(store, "Ana", skipped.label_id)
    assert requests.request(store.db, request["id"])["state"] == "flagged"
    labelling.undo(store, "Bo", flagged.label_id)
    assert requests.request(store.db, request["id"])["state"] == "open"


def test_the_same_press_from_two_threads_has_one_outcome(store):
    request = open_for(store)[0]
    barrier, outcomes = threading.Barrier(3), []

    def press():
        barrier.wait()
        outcomes.append(labelling.answer(store, "Ana", second_choice(request)))
        store.close()

    threads = [threading.Thread(target=press) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.status for outcome in outcomes] == ["taught"] * 3
    assert len(labels.labels(store.db)) == 1
