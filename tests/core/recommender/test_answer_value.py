"""The value of an answer against brute force: every possible answer really taught, and really refitted on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from core.errors import InputError
from core.recommender import answer_value, entropy
from core.recommender.answer_value import Windows, best_batch, curvature, moves, values
from core.recommender.refitting import predict, refit

N, K, PRECISION = 5, 4, 0.3


def fitted(seed, *, labelled=25, candidates=8, served=6):
    """A layer, the windows it was fitted on with their targets, candidates, and windows to be served."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(labelled + candidates + served, K))
    targets = (states @ rng.normal(size=(K, N)) + rng.gumbel(size=(len(states), N))).argmax(axis=1)
    layer = refit(states[:labelled], targets[:labelled], N, precision=PRECISION)
    parts = np.split(states, [labelled, labelled + candidates])
    known, waiting, later = (Windows(part, predict(layer, part)) for part in parts)
    return layer, known, targets[:labelled], waiting, later


def first_two(p):
    return np.argsort(-p, kind="stable")[:2]


def gap(weights, state, pair):
    scores = weights @ state
    return scores[pair[0]] - scores[pair[1]]


@given(st.integers(0, 300))
@settings(max_examples=8, deadline=None)
def test_the_closed_form_is_teaching_every_answer_by_a_newton_step_and_averaging(seed):
    layer, known, _, waiting, later = fitted(seed)
    a = curvature(known, PRECISION)
    expected = np.zeros((len(waiting), len(later)))
    for i, (x, p) in enumerate(zip(waiting.states, waiting.probabilities, strict=True)):
        doubt = 1 - (p**2).sum()
        inverse = np.linalg.inv(a + doubt * np.outer(x, x))
        for answer in range(N):
            taught = layer.weights + np.outer(np.eye(N)[answer] - p, inverse @ x)
            for j, (x_served, q) in enumerate(zip(later.states, later.probabilities, strict=True)):
                pair = first_two(q)
                moved = gap(taught, x_served, pair) - gap(layer.weights, x_served, pair)
                expected[i, j] += p[answer] * moved**2
        # The doubt about p itself.
        expected[i] *= 1 + doubt * (x @ np.linalg.inv(a) @ x)
    np.testing.assert_allclose(moves(waiting, later, a), expected, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(values(waiting, later, a), expected.sum(axis=1), rtol=1e-8)


@given(st.integers(0, 300))
@settings(max_examples=8, deadline=None)
def test_it_bounds_the_expected_move_where_the_answer_has_the_covariance_that_the_weights_give_it(seed):
    _, known, _, waiting, later = fitted(seed)
    a = curvature(known, PRECISION)
    inverse, found = np.linalg.inv(a), moves(waiting, later, a)
    for i, (x, p) in enumerate(zip(waiting.states, waiting.probabilities, strict=True)):
        h, doubt = x @ inverse @ x, 1 - (p**2).sum()
        j = np.diag(p) - np.outer(p, p)
        for column, (x_served, q) in enumerate(zip(later.states, later.probabilities, strict=True)):
            first, second = first_two(q)
            direction = np.eye(N)[first] - np.eye(N)[second]
            reach = (x_served @ inverse @ x / (1 + doubt * h)) ** 2
            alone, both = (direction @ c @ direction * reach for c in (j, j + h * j @ j))
            assert alone - 1e-12 <= both <= found[i, column] + 1e-12


def test_answers_of_value_are_those_after_which_refitting_moves_most():
    ours, doubts = [], []
    for seed in range(3):
        layer, known, targets, waiting, later = fitted(seed, labelled=300, candidates=10, served=12)
        moved = np.zeros(len(waiting))
        for i, (x, p) in enumerate(zip(waiting.states, waiting.probabilities, strict=True)):
            for answer in range(N):
                states, answers = np.vstack([known.states, x]), np.append(targets, answer)
                again = refit(states, answers, N, precision=PRECISION, start=layer).weights
                moved[i] += p[answer] * sum(
                    (gap(again, s, first_two(q)) - gap(layer.weights, s, first_two(q))) ** 2
                    for s, q in zip(later.states, later.probabilities, strict=True)
                )
        ours.append(spearmanr(values(waiting, later, curvature(known, PRECISION)), moved).statistic)
        doubts.append(spearmanr(entropy(waiting.probabilities), moved).statistic)
    assert min(ours) > 0.8
    assert np.mean(doubts) < np.mean(ours)


@given(st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_neither_the_order_of_exercises_nor_the_axes_of_the_states_matter(seed):
    _, known, _, waiting, later = fitted(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(N)
    turn = np.linalg.qr(rng.normal(size=(K, K)))[0]
    plain = values(waiting, later, curvature(known, PRECISION))
    turned = [Windows(of.states @ turn, of.probabilities[:, order]) for of in (known, waiting, later)]
    np.testing.assert_allclose(
        values(turned[1], turned[2], curvature(turned[0], PRECISION)), plain, rtol=1e-8
    )
    twice = Windows(np.vstack([later.states] * 2), np.vstack([later.probabilities] * 2))
    np.testing.assert_allclose(values(waiting, twice, curvature(known, PRECISION)), 2 * plain)


def test_a_window_whose_answer_is_certain_is_worth_nothing():
    _, known, _, waiting, later = fitted(1)
    certain = Windows(waiting.states, np.eye(N)[np.zeros(len(waiting), dtype=int)])
    assert (values(certain, later, curvature(known, PRECISION)) == 0).all()
    assert (values(waiting, later, curvature(known, PRECISION)) > 0).all()


def test_a_window_that_is_unlike_all_served_is_worth_nothing_however_unsure():
    states = np.eye(K)[[0, 1]]
    unsure = Windows(states, np.full((2, N), 1 / N))
    served = Windows(np.eye(K)[[0]], np.array([[0.5, 0.3, 0.2, 0.0, 0.0]]))
    found = values(unsure, served, curvature(Windows(states[:0], np.empty((0, N))), 1.0))
    assert found[0] > 0
    assert found[1] == 0


@given(st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_a_batch_is_the_best_one_then_the_best_beside_it_with_everything_computed_anew(seed):
    _, known, _, waiting, later = fitted(seed)
    a = curvature(known, PRECISION)
    chosen, worth = best_batch(waiting, later, a, 4)
    free = list(range(len(waiting)))
    for one, its in zip(chosen, worth, strict=True):
        now = values(waiting, later, a)
        assert one == max(free, key=lambda i: now[i])
        np.testing.assert_allclose(its, now[one], rtol=1e-8)
        free.remove(one)
        a = a + waiting.doubt[one] * np.outer(waiting.states[one], waiting.states[one])
    assert values(waiting, later, a).sum() < values(waiting, later, curvature(known, PRECISION)).sum()


def test_a_second_window_like_the_first_is_worth_less_than_another():
    states = np.array([[3.0, 0, 0, 0]] * 3 + [[0, 2.0, 0, 0]])
    candidates = Windows(states, np.full((4, N), 1 / N))
    served = Windows(np.eye(K)[:2], np.tile([0.4, 0.3, 0.1, 0.1, 0.1], (2, 1)))
    chosen, worth = best_batch(candidates, served, curvature(Windows(states[:0], np.empty((0, N))), 0.5), 4)
    assert chosen.tolist()[:2] == [0, 3]
    assert sorted(chosen.tolist()) == [0, 1, 2, 3]
    assert (np.diff(worth) <= 0).all()


def test_what_does_not_fit_is_refused():
    _, known, _, waiting, later = fitted(0)
    a = curvature(known, PRECISION)
    with pytest.raises(InputError, match="precision is 0"):
        curvature(known, 0)
    with pytest.raises(InputError, match=r"curvature has shape \(3, 3\)"):
        values(waiting, later, np.eye(3))
    with pytest.raises(InputError, match="there are 8 candidates"):
        best_batch(waiting, later, a, 9)
    with pytest.raises(InputError, match=r"expected \(M, K\) and \(M, N\)"):
        answer_value.Windows(waiting.states, later.probabilities)
    assert best_batch(waiting, later, a, 0)[0].size == 0
