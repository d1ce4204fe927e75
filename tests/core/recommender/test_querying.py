"""Strategies of asking, each by what it promises, and the rule that ends it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from core.errors import InputError
from core.recommender import answer_value, entropy, least_confidence, margin
from core.recommender.answer_value import Windows
from core.recommender.querying import RULES, STRATEGIES, Pool, agreement, choose, stops_at

N, K = 6, 5


def pool(seed=0, n=40, *, alpha=0.2):
    rng = np.random.default_rng(seed)
    windows = Windows(rng.normal(size=(n, K)), rng.dirichlet(np.full(N, 0.5), size=n))
    return Pool(
        pool=windows,
        served=Windows(windows.states[:10], windows.probabilities[:10]),
        curvature=answer_value.curvature(windows, 0.1),
        calibration=rng.dirichlet(np.full(N, 0.5), size=60),
        alpha=alpha,
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_batch_has_its_size_and_no_window_twice_and_the_seed_decides_it(name):
    given_pool = pool()
    chosen = choose(name, given_pool, 12, np.random.default_rng(5))
    assert len(set(chosen.tolist())) == len(chosen) == 12
    np.testing.assert_array_equal(chosen, choose(name, given_pool, 12, np.random.default_rng(5)))
    assert sorted(choose(name, given_pool, 99, np.random.default_rng(5)).tolist()) == list(range(40))


@pytest.mark.parametrize(("name", "score"), [("entropy", entropy), ("least confidence", least_confidence)])
def test_scores_ask_where_they_are_largest(name, score):
    given_pool = pool()
    scores = score(given_pool.pool.probabilities)
    chosen = choose(name, given_pool, 7, np.random.default_rng(0))
    assert scores[chosen].min() >= np.delete(scores, chosen).max()


@pytest.mark.parametrize("name", RULES)
def test_rules_ask_below_their_threshold_and_fill_up_from_just_above_it(name):
    given_pool = pool(n=200)
    margins = margin(given_pool.pool.probabilities)
    asks = RULES[name](given_pool).asks(margins)
    asked = int(asks.sum())
    assert 10 < asked < 190
    assert asks[choose(name, given_pool, 10, np.random.default_rng(0))].all()
    more = choose(name, given_pool, asked + 5, np.random.default_rng(0))
    assert asks[more].sum() == asked
    np.testing.assert_array_equal(np.sort(margins[more]), np.sort(margins)[: asked + 5])


def test_rules_take_those_they_ask_about_as_they_come():
    given_pool = pool(n=200)
    drawn = {tuple(choose("conformal", given_pool, 3, np.random.default_rng(seed))) for seed in range(10)}
    assert len(drawn) > 5


def test_value_is_the_best_batch():
    given_pool = pool()
    expected, _ = answer_value.best_batch(given_pool.pool, given_pool.served, given_pool.curvature, 9)
    np.testing.assert_array_equal(choose("value", given_pool, 9, np.random.default_rng(0)), expected)


def test_random_asks_about_all_alike():
    given_pool = pool(n=10)
    counts = np.zeros(10)
    for seed in range(600):
        counts[choose("random", given_pool, 2, np.random.default_rng(seed))] += 1
    assert abs(counts / 600 - 0.2).max() < 0.08


@pytest.mark.parametrize("seed", range(5))
def test_diverse_batches_hold_no_two_windows_alike_while_there_are_others(seed):
    rng = np.random.default_rng(seed)
    kinds = Windows(rng.normal(size=(6, K)), rng.dirichlet(np.ones(N), size=6))
    of = np.repeat(np.arange(6), 8)
    given_pool = pool()
    same = Windows(kinds.states[of], kinds.probabilities[of])
    given_pool = Pool(same, same, given_pool.curvature, given_pool.calibration, 0.2)
    chosen = choose("diverse", given_pool, 6, np.random.default_rng(seed))
    assert len(set(of[chosen].tolist())) == 6
    more = choose("diverse", given_pool, 20, np.random.default_rng(seed))
    assert len(set(more.tolist())) == 20


def test_diverse_batches_begin_with_the_longest_gradient_and_leave_out_what_is_certain():
    given_pool = pool()
    p = given_pool.pool.probabilities.copy()
    p[:20] = np.eye(N)[0]
    windows = Windows(given_pool.pool.states, p)
    given_pool = Pool(windows, windows, given_pool.curvature, given_pool.calibration, 0.2)
    errors = p - np.eye(N)[p.argmax(axis=1)]
    lengths = np.linalg.norm(np.einsum("mn,mk->mnk", errors, windows.states), axis=(1, 2))
    chosen = choose("diverse", given_pool, 6, np.random.default_rng(1))
    assert chosen[0] == lengths.argmax()
    # All certain windows have the same gradient, 0: one of them may be drawn, not two.
    assert (chosen < 20).sum() <= 1


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(InputError, match="There is no strategy 'best'"):
        choose("best", pool(), 3, np.random.default_rng(0))
    with pytest.raises(InputError, match="size is 0"):
        choose("random", pool(), 0, np.random.default_rng(0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_agreement_is_cohens_kappa(pairs):
    before, after = np.array(pairs).T
    found = agreement(before, after)
    if (before == after).all():
        assert found == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(before, after))


def test_asking_stops_once_predictions_have_stayed_the_same_for_some_rounds():
    assert stops_at([0.5, 0.99, 1.0, 0.98, 0.2]) == 4
    assert stops_at([0.99, 0.99, 0.95, 0.99]) is None
    assert stops_at([1.0, 1.0]) is None
    assert stops_at([0.2, 0.8, 0.9], least=0.8, rounds=1) == 2
    assert stops_at([]) is None


def test_a_stopping_rule_that_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="rounds 0"):
        stops_at([1.0], rounds=0)
    with pytest.raises(InputError, match=r"least is 1\.5"):
        stops_at([1.0], least=1.5)
    with pytest.raises(InputError, match="with M ≥ 1"):
        agreement(np.array([1, 2]), np.array([1]))
    with pytest.raises(InputError, match="with M ≥ 1"):
        agreement(np.empty(0, dtype=int), np.empty(0, dtype=int))
