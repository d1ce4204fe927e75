import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender.baselines import Markov, Popularity
from core.recommender.evaluation import (
    clients_held_out,
    evaluate,
    last_share,
    leave_one_out,
    random_windows,
    ranks,
    seen_before,
    top_k_accuracy,
)

HISTORIES = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0, 1, 2, 3, 4, 0], [2]]
PROFILES = np.zeros((3, 1))
cohorts = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=2, max_size=6)


def test_a_held_out_client_is_held_out_whole():
    split = clients_held_out(HISTORIES, np.random.default_rng(0), share=0.34)
    parts = np.split(split.test, [5, 15])
    assert sorted(part.all() for part in parts) == [False, False, True]
    assert sorted(part.any() for part in parts) == [False, False, True]


def test_each_client_is_left_out_once():
    splits = leave_one_out([*HISTORIES, []])
    assert np.array_equal(np.stack([split.test for split in splits]).sum(axis=0), np.ones(16))
    assert [np.flatnonzero(split.test).tolist() for split in splits][::2] == [list(range(5)), [15]]
    assert all(np.array_equal(split.train, ~split.test) for split in splits)
    assert not splits[3].test.any(), "a client who has done nothing tests nothing, and keeps its place"
    with pytest.raises(InputError, match="at least two"):
        leave_one_out([[1, 2]])


def test_the_last_fifth_of_each_client_is_tested():
    split = last_share(HISTORIES)
    assert [part.tolist() for part in np.split(split.test, [5, 15])] == [
        [False] * 4 + [True],
        [False] * 8 + [True] * 2,
        [False],
    ]
    assert last_share([list(range(35))]).test.sum() == 7


def test_the_papers_split_says_that_it_leaks():
    split = random_windows(HISTORIES, np.random.default_rng(0))
    assert "leaks" in split.name
    assert split.test.sum() == 3


@given(cohorts, st.integers(0, 100), st.floats(0.05, 0.9))
def test_every_exercise_is_trained_on_or_tested(histories, seed, share):
    for split in (
        clients_held_out(histories, np.random.default_rng(seed), share=share),
        last_share(histories, share=share),
        random_windows(histories, np.random.default_rng(seed), share=share),
    ):
        assert (split.train ^ split.test).all()
        assert split.train.any()
    again = clients_held_out(histories, np.random.default_rng(seed), share=share)
    assert np.array_equal(
        again.test, clients_held_out(histories, np.random.default_rng(seed), share=share).test
    )


def test_ranks_break_ties_by_index_and_leave_out_the_excluded():
    p = np.array([[0.1, 0.4, 0.4, 0.1]] * 4)
    targets = [0, 1, 2, 3]
    assert ranks(p, targets).tolist() == [2, 0, 1, 3]
    exclude = np.array([[False, True, False, False]] * 4)
    assert ranks(p, targets, exclude=exclude).tolist() == [1, 4, 0, 2]
    assert top_k_accuracy(p, targets, (1, 2, 10)) == {1: 0.25, 2: 0.5, 10: 1.0}
    # An excluded target is wrong at every k.
    assert top_k_accuracy(p, targets, (1, 2, 10), exclude=exclude) == {1: 0.25, 2: 0.5, 10: 0.75}


@given(st.integers(0, 1000), st.integers(1, 6))
def test_top_k_agrees_with_sorting(seed, k):
    rng = np.random.default_rng(seed)
    p = rng.integers(4, size=(20, 6)) / 4
    targets = rng.integers(6, size=20)
    best = np.argsort(-p, axis=1, kind="stable")[:, :k]
    expected = np.mean([target in row for target, row in zip(targets, best, strict=True)])
    assert top_k_accuracy(p, targets, (k,))[k] == pytest.approx(expected)


def test_seen_is_all_that_came_before_for_the_same_client():
    seen = seen_before(HISTORIES, np.array([0, 3, 5, 7, 15]), 5)
    assert [np.flatnonzero(row).tolist() for row in seen] == [[], [0, 1, 2], [], [3, 4], []]


def test_evaluation_sees_all_that_came_before_each_target():
    histories = [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]] * 2
    split = last_share(histories)
    model = Markov().fit(histories, targets=split.train)
    found = evaluate(model, histories, np.zeros((2, 1)), split, ks=(1, 2), chunk=3)
    assert found.top == {1: 1.0, 2: 1.0}
    assert (found.windows, found.exclude_seen) == (4, False)
    # All three exercises have been seen by then.
    assert evaluate(model, histories, np.zeros((2, 1)), split, ks=(1,), exclude_seen=True).top == {1: 0.0}


def test_excluding_what_was_seen_helps_where_nothing_comes_twice():
    histories = [[0, 1, 2, 3, 4]] * 3
    split = last_share(histories)
    model = Popularity().fit(histories, None, np.eye(5), targets=split.train)
    plain = evaluate(model, histories, PROFILES, split, ks=(1,))
    unseen = evaluate(model, histories, PROFILES, split, ks=(1,), exclude_seen=True)
    assert (plain.top[1], unseen.top[1]) == (0.0, 1.0)


def test_short_windows_can_be_left_out():
    split = clients_held_out(HISTORIES[:2], np.random.default_rng(1), share=0.5)
    model = Popularity().fit(HISTORIES[:2], None, np.eye(5), targets=split.train)
    windows = [
        evaluate(model, HISTORIES[:2], PROFILES[:2], split, min_inputs=least).windows for least in (0, 3)
    ]
    assert windows[0] - windows[1] == 3


def test_bad_input_is_named():
    rng = np.random.default_rng(0)
    p = np.full((2, 4), 0.25)
    split = last_share(HISTORIES)
    model = Popularity().fit(HISTORIES)
    cases = [
        (lambda: clients_held_out(HISTORIES[:1], rng), "at least two"),
        (lambda: clients_held_out(HISTORIES, rng, share=0), "share"),
        (lambda: last_share(HISTORIES, share=1), "share"),
        (lambda: random_windows([[1]], rng), "at least two"),
        (lambda: ranks(p, [0]), "targets"),
        (lambda: ranks(p, [0, 4]), "targets"),
        (lambda: ranks(p, [0, 1], exclude=np.zeros((1, 4), bool)), "exclude"),
        (lambda: top_k_accuracy(p, [0, 1], (0,)), "ks"),
        (lambda: top_k_accuracy(np.empty((0, 4)), np.empty(0, int)), "empty"),
        (lambda: evaluate(model, HISTORIES[:2], PROFILES[:2], split), "split"),
        (lambda: evaluate(model, [[2]], PROFILES[:1], last_share([[2]])), "nothing to test"),
    ]
    for use, says in cases:
        with pytest.raises(InputError, match=says):
            use()
