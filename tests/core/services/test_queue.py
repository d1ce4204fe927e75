from hypothesis import given
from hypothesis import strategies as st

from core.services import labelling, queue
from core.services.labelling import Answer
from core.store import labels
from tests.cohorts import ask_about_everyone

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30)


def requests_of(pairs):
    return [{"id": i, "top": [[a, 0.5], [b, 0.4]]} for i, (a, b) in enumerate(pairs)]


@given(PAIRS)
def test_none_is_dropped_and_none_repeated(pairs):
    found = requests_of(pairs)
    assert sorted(request["id"] for request in queue.spread(found)) == [request["id"] for request in found]


@given(PAIRS)
def test_like_doubts_follow_only_where_nothing_else_is_left(pairs):
    ordered = queue.spread(requests_of(pairs))
    kinds = [frozenset(exercise for exercise, _ in request["top"]) for request in ordered]
    for place in range(1, len(kinds)):
        if kinds[place] == kinds[place - 1]:
            assert set(kinds[place:]) == {kinds[place]}


def test_an_order_without_repeats_is_left_as_it_is():
    found = requests_of([(0, 1), (1, 2), (0, 1), (2, 3)])
    assert [request["id"] for request in queue.spread(found)] == [0, 1, 2, 3]


def test_an_item_holds_all_that_a_decision_needs(store):
    ask_about_everyone(store)
    items = queue.waiting(store, "Ana")
    assert len(items) == queue.BATCH
    item = items[0]
    assert len(item.choices) == 5
    assert item.synthetic
    assert item.why
    assert [choice.probability for choice in item.choices] == sorted(
        (choice.probability for choice in item.choices), reverse=True
    )
    assert 1 <= len(item.nearest) <= 3
    assert len({(*case["after"], case["then"]) for case in item.nearest}) == len(item.nearest)
    assert all(case["then"].startswith("Exercise") for case in item.nearest)
    assert "years" in item.about


def test_standing_counts_mine_and_the_teams(store):
    ask_about_everyone(store)
    for number, item in enumerate(queue.waiting(store, "Ana")[:3]):
        user = "Bo" if number else "Ana"
        labelling.answer(store, user, Answer(item.request_id, f"{number}", "none suitable"))
    mine = queue.standing(store, "Ana")
    assert (mine.mine, mine.team, mine.open) == (1, 3, 21)
    assert mine.left == mine.budget - 1


def test_agreement_is_told_and_only_when_it_holds(store):
    ask_about_everyone(store)
    items = queue.waiting(store, "Ana")
    for item in items[: queue.AGREEMENT]:
        assert "in a row" not in queue.standing(store, "Ana").advice
        labelling.answer(
            store,
            "Ana",
            Answer(item.request_id, str(item.request_id), "exercise", item.choices[0].exercise_id),
        )
    assert f"{queue.AGREEMENT} times in a row" in queue.standing(store, "Ana").advice
    labelling.undo(store, "Ana", labels.labels(store.db)[0]["id"])
    assert "in a row" not in queue.standing(store, "Ana").advice
