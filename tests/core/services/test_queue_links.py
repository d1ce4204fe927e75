"""What the Label requests page asks of the queue besides the next items: a linked request, the catalogue, skips."""

import pytest

from core.errors import Conflict, NotFound
from core.services import Store, labelling, models, queue, recommending
from core.services.labelling import Answer
from core.store import people, requests, versions


def test_a_linked_request_is_the_same_item_that_waits(store: Store) -> None:
    waiting = queue.waiting(store, "Ana")
    assert queue.item(store, waiting[-1].request_id) == waiting[-1]


def test_a_link_to_an_answered_request_names_who_answered(store: Store) -> None:
    first = queue.waiting(store, "Ana")[0]
    choice = first.choices[0]
    labelling.answer(store, "Bo", Answer(first.request_id, "k", "exercise", choice.exercise_id))
    with pytest.raises(Conflict, match=f"{first.client} has its answer: {choice.name}, by Bo"):
        queue.item(store, first.request_id)


def test_a_link_to_a_request_that_the_client_has_left_behind_says_so(store: Store) -> None:
    first = queue.waiting(store, "Ana")[0]
    with store.transaction() as db:
        requests.set_state(db, first.request_id, "out of date")
    with pytest.raises(Conflict, match="out of date"):
        queue.item(store, first.request_id)
    with pytest.raises(NotFound):
        queue.item(store, 10**9)


def test_the_catalogue_is_whole_and_by_name(store: Store) -> None:
    rows = queue.catalogue(store, 1)
    assert len(rows) == 12
    assert [name for _, name, _ in rows] == sorted(name for _, name, _ in rows)


def test_only_ones_own_skips_come_back(store: Store) -> None:
    first, second = queue.waiting(store, "Ana")[:2]
    labelling.answer(store, "Ana", Answer(first.request_id, "a", "skip"))
    labelling.answer(store, "Bo", Answer(second.request_id, "b", "skip"))
    assert queue.standing(store, "Ana").skipped == 1
    assert queue.bring_back(store, "Ana") == 1
    assert queue.standing(store, "Ana").skipped == 0
    assert queue.standing(store, "Bo").skipped == 1
    assert queue.bring_back(store, "Ana") == 0


def test_a_request_opened_by_a_raised_asking_level_has_a_sentence_too(store: Store) -> None:
    before = {item.request_id for item in queue.waiting(store, "Ana")}
    with store.transaction() as db:
        people.set_setting(db, models.ALPHA, 0.999)
    recommending.refresh(store, 1)
    opened = [item for item in queue.waiting(store, "Ana") if item.request_id not in before]
    assert opened
    assert all(item.why for item in opened)


def test_standing_counts_more_requests_than_a_page_reads_at_once(store: Store) -> None:
    earlier = queue.standing(store, "Ana")
    with store.transaction() as db:
        version = versions.in_force(db, 1)
        assert version is not None
        ids = people.add_clients(db, 1, [{"reference": f"more {i}"} for i in range(600)])
        for name, client in ids.items():
            if name.startswith("more"):
                recommendation = requests.add_recommendation(
                    db,
                    client_id=client,
                    step=0,
                    version_id=version,
                    top=[(1, 0.5)],
                    margin=0.1,
                    p_value=0.1,
                    why={},
                )
                requests.open_request(db, client_id=client, step=0, recommendation_id=recommendation)
    now = queue.standing(store, "Ana")
    assert (now.open, now.skipped) == (earlier.open + 600, 0)
