from typing import Any

import pytest

from core.errors import StorageFull
from core.services import Store, clients, labelling, queue
from core.store import audit, labels, people, requests, versions
from workbench.components.label_queue import Desk


def desk(user: str = "Ana", **more: Any) -> Desk:
    return Desk("session", user, None, **more)


def answer(key: str, request: int, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "answer",
        "request": request,
        "verdict": "none suitable",
        "reason": "",
        "ms": 5,
        **more,
    }


def exercise(key: str, desk: Desk, place: int = 0) -> dict[str, Any]:
    item = desk.batch[place]
    return answer(key, item.request_id, verdict="exercise", exercise=item.choices[0].exercise_id)


def count(store: Store) -> int:
    return int(store.db.execute("SELECT count(*) FROM labels").fetchone()[0])


def test_the_first_look_brings_a_batch_and_the_standing(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    document = mine.document({"Test cohort": "abc"}, {})
    assert len(document["items"]) == queue.BATCH
    assert {item["catalogue"] for item in document["items"]} == {"abc"}
    assert document["standing"]["open"] == len(requests.open_requests(store.db, user_id=1))
    assert document["outcomes"] == {}


def views(store: Store) -> list[tuple[str, str]]:
    rows = audit.recent(store.db, 1000)
    return [(row["actor"], row["subject"]) for row in rows if row["action"] == "view client"]


def test_every_client_on_the_desk_is_in_the_audit_once_a_session(store: Store) -> None:
    seen: set[int] = set()
    mine = desk(seen=seen)
    mine.serve(store, {})
    shown = {("Ana", f"client {item.client_id}") for item in mine.batch}
    assert sorted(views(store)) == sorted(shown)
    mine.serve(store, {"ops": [answer("k1", mine.batch[0].request_id)], "refill": 1})
    shown |= {("Ana", f"client {item.client_id}") for item in mine.batch}
    assert len(shown) == queue.BATCH + 1
    assert sorted(views(store)) == sorted(shown)
    desk(seen=seen).serve(store, {})
    assert len(views(store)) == len(shown), "another look in the same session"
    desk("Bo").serve(store, {})
    assert len(views(store)) == len(shown) + queue.BATCH


def test_nobody_is_shown_before_the_audit_has_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull("The disk is full.")

    mine = desk()
    with monkeypatch.context() as patched:
        patched.setattr(clients, "viewed", full)
        mine.serve(store, {})
    assert (mine.batch, mine.fault) == ([], "The disk is full.")
    mine.serve(store, {})
    assert (len(mine.batch), mine.fault) == (queue.BATCH, "")
    assert len(views(store)) == queue.BATCH


def test_limits_that_nobody_asked_about_differ_from_none(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    asked = mine.batch[3].client_id
    with store.transaction() as db:
        others = [client for (client,) in db.execute("SELECT id FROM clients").fetchall() if client != asked]
        for kind in ("medical", "screening"):
            people.add_documents(db, kind, {client: {} for client in others})
    mine.serve(store, {"refill": 1})
    items = mine.document({}, {})["items"]
    assert {item["client_id"] for item in items if item["limits_known"]} == {asked}


def test_an_answer_sent_again_and_again_is_one_label_with_one_outcome(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    op = exercise("k1", mine)
    for _ in range(3):
        mine.serve(store, {"ops": [op]})
    outcome = mine.document({}, {})["outcomes"]["k1"]
    assert outcome["status"] == "taught"
    assert any(row["taught"] for row in outcome["rows"])
    assert count(store) == 1
    # The same press after a reload: another session, the same outcome, still one label.
    other = desk()
    other.serve(store, {"ops": [op]})
    assert other.outcomes["k1"]["label"] == outcome["label"]
    assert count(store) == 1


def test_a_batch_that_the_browser_has_is_not_sent_again(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    assert mine.document({}, {"batch": ["session", 1]})["items"] is None
    assert mine.document({}, {"batch": ["another session", 1]})["items"]
    mine.serve(store, {"refill": 1, "batch": ["session", 1]})
    assert mine.document({}, {"refill": 1, "batch": ["session", 1]})["items"]


def test_outcomes_are_kept_only_while_the_browser_names_them(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    first, second = mine.batch[0].request_id, mine.batch[1].request_id
    mine.serve(store, {"ops": [answer("k1", first)]})
    mine.serve(store, {"ops": [answer("k2", second)]})
    assert set(mine.outcomes) == {"k2"}


def test_an_answered_request_leaves_the_batch_and_a_refill_brings_others(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    gone = mine.batch[0].request_id
    mine.serve(store, {"ops": [answer("k1", gone)], "refill": 0})
    assert gone not in [item.request_id for item in mine.batch]
    assert (len(mine.batch), mine.number) == (queue.BATCH - 1, 1)
    mine.serve(store, {"ops": [], "refill": 1})
    assert gone not in [item.request_id for item in mine.batch]
    assert (len(mine.batch), mine.number, mine.refill) == (queue.BATCH, 2, 1)


def test_an_answer_and_its_undo_may_come_together(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    item = mine.batch[0]
    version = versions.in_force(store.db, item.client_id)
    mine.serve(
        store, {"ops": [exercise("k1", mine), {"key": "k2", "kind": "undo", "of": "k1", "label": None}]}
    )
    assert mine.outcomes["k2"]["status"] == "undone"
    assert versions.in_force(store.db, item.client_id) == version
    assert requests.request(store.db, item.request_id)["state"] == "open"


def test_an_undo_sent_again_to_a_new_server_is_done_and_not_refused(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    sent = {"ops": [exercise("k1", mine), {"key": "k2", "kind": "undo", "of": "k1", "label": None}]}
    mine.serve(store, sent)
    before = count(store)
    after_restart = desk()
    after_restart.serve(store, sent)
    assert after_restart.outcomes["k2"]["status"] == "undone"
    assert "taken back" in after_restart.outcomes["k2"]["message"]
    assert count(store) == before
    audited = [row["action"] for row in audit.recent(store.db, 1000)]
    assert audited.count("undo label") == 1


def test_nobody_elses_answer_counts_as_taken_back_by_oneself(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    outcome = labelling.answer(
        store, "Bo", labelling.Answer(mine.batch[0].request_id, "b1", "skip", reason="Later")
    )
    assert outcome.label_id is not None
    undo = {"key": "k1", "kind": "undo", "of": "b1", "label": outcome.label_id}
    mine.serve(store, {"ops": [undo]})
    assert mine.outcomes["k1"]["status"] == "refused"
    labelling.undo(store, "Bo", outcome.label_id)
    mine.serve(store, {"ops": [{**undo, "key": "k2"}]})
    assert mine.outcomes["k2"]["status"] == "refused"


def test_undo_of_an_answer_that_came_second_says_that_there_is_nothing_to_take_back(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    request = mine.batch[0].request_id
    labelling.answer(store, "Bo", labelling.Answer(request, "b1", "none suitable"))
    mine.serve(
        store, {"ops": [answer("k1", request), {"key": "k2", "kind": "undo", "of": "k1", "label": None}]}
    )
    assert mine.outcomes["k1"]["status"] == "conflict"
    assert mine.outcomes["k1"]["message"].startswith("Bo answered this")
    assert mine.outcomes["k2"]["status"] == "refused"
    assert [label["user"] for label in labels.labels(store.db)] == ["Bo"]


def test_what_cannot_be_is_refused_with_a_sentence_and_does_not_hold_up_the_rest(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    good = mine.batch[1].request_id
    mine.serve(
        store,
        {"ops": [answer("k1", 10**9), {"key": "k2", "kind": "dance"}, {"no": "key"}, answer("k3", good)]},
    )
    assert mine.outcomes["k1"]["status"] == "refused"
    assert "no such request" in mine.outcomes["k1"]["message"]
    assert "'dance'" in mine.outcomes["k2"]["message"]
    assert mine.outcomes["k3"]["status"] == "recorded"


def test_an_error_nobody_thought_of_is_told_and_does_not_hold_up_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mine = desk()
    mine.serve(store, {})
    real = labelling.answer

    def sometimes(store: Store, user: str, given: labelling.Answer) -> labelling.Outcome:
        if given.key == "k1":
            raise ZeroDivisionError
        return real(store, user, given)

    monkeypatch.setattr(labelling, "answer", sometimes)
    first, second = mine.batch[0].request_id, mine.batch[1].request_id
    mine.serve(store, {"ops": [answer("k1", first), answer("k2", second)]})
    assert mine.outcomes["k1"]["status"] == "refused"
    assert mine.outcomes["k2"]["status"] == "recorded"
    assert "operation failed" in caplog.text


def test_a_full_disk_leaves_the_answer_with_the_browser_until_there_is_room(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = desk()
    mine.serve(store, {})
    sent = {"ops": [answer("k1", mine.batch[0].request_id), answer("k2", mine.batch[1].request_id)]}

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(labelling, "answer", full)
        mine.serve(store, sent)
    assert mine.document({}, {})["fault"] == "The disk is full."
    assert mine.outcomes == {}
    mine.serve(store, sent)
    assert (mine.fault, set(mine.outcomes), count(store)) == ("", {"k1", "k2"}, 2)


def test_a_linked_request_comes_first_until_it_is_answered(store: Store) -> None:
    plain = desk()
    plain.serve(store, {})
    linked = plain.batch[5].request_id
    mine = desk()
    mine.put_first(linked)
    mine.serve(store, {})
    found = [item.request_id for item in mine.batch]
    assert found[0] == linked
    assert len(found) == len(set(found))
    mine.serve(store, {"ops": [answer("k1", linked)]})
    assert mine.first is None


def test_a_link_to_an_answered_request_says_by_whom_and_goes_on(store: Store) -> None:
    plain = desk()
    plain.serve(store, {})
    linked = plain.batch[5].request_id
    labelling.answer(store, "Bo", labelling.Answer(linked, "b1", "none suitable"))
    mine = desk()
    mine.put_first(linked)
    mine.serve(store, {})
    assert mine.notice.endswith("has its answer: none suitable, by Bo.")
    assert mine.first is None
    assert mine.batch


def test_skipped_requests_come_back_on_demand(store: Store) -> None:
    mine = desk()
    mine.serve(store, {})
    skipped = [item.request_id for item in mine.batch[:3]]
    mine.serve(store, {"ops": [answer(f"k{r}", r, verdict="skip", reason="Later") for r in skipped]})
    assert mine.standing is not None
    assert mine.standing.skipped == 3
    mine.serve(store, {"ops": [{"key": "b", "kind": "bring back"}], "refill": 1})
    assert mine.outcomes["b"]["message"] == "3 skipped requests are back in the queue."
    assert mine.standing.skipped == 0
    assert set(skipped) <= {item.request_id for item in mine.batch}


def test_a_used_up_budget_leaves_an_empty_desk(store: Store) -> None:
    with store.transaction() as db:
        people.set_setting(db, queue.DAILY_BUDGET, 1)
    mine = desk()
    mine.serve(store, {})
    assert len(mine.batch) == 1
    mine.serve(store, {"ops": [answer("k1", mine.batch[0].request_id)], "refill": 1})
    standing = mine.document({}, {})["standing"]
    assert (mine.batch, standing["left"]) == ([], 0)
    assert "planned for a day" in standing["advice"]
