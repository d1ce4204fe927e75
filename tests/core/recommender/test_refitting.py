import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.errors import InputError
from core.recommender.refitting import predict, refit

N, K = 4, 3


def made(seed=0, n=40):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, K)), rng.integers(N, size=n)


def test_it_is_the_penalised_softmax_regression():
    states, targets = made()
    layer = refit(states, targets, N, precision=0.5)
    peer = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-8, max_iter=1000).fit(states, targets)
    np.testing.assert_allclose(predict(layer, states), peer.predict_proba(states), atol=2e-3)


def test_where_it_starts_changes_next_to_nothing():
    states, targets = made()
    cold = refit(states, targets, N)
    warm = refit(states, targets, N, start=refit(states[:10], targets[:10], N))
    np.testing.assert_allclose(predict(cold, states), predict(warm, states), atol=5e-3)


def test_what_is_left_out_cannot_come_and_is_not_learnt_from():
    states, targets = made()
    left_out = np.zeros((len(targets), N), dtype=bool)
    left_out[np.arange(len(targets)), (targets + 1) % N] = True
    layer = refit(states, targets, N, left_out=left_out)
    likely = predict(layer, states, left_out)
    assert (likely[left_out] == 0).all()
    np.testing.assert_allclose(likely.sum(axis=1), 1)

    def loss(of):
        return -np.log(predict(of, states, left_out)[np.arange(len(targets)), targets]).sum()

    assert loss(layer) < loss(refit(states, targets, N))


def test_without_an_answer_nothing_is_preferred():
    states, targets = made()
    layer = refit(states[:0], targets[:0], N)
    np.testing.assert_allclose(predict(layer, states), 1 / N)


def test_what_does_not_fit_is_refused():
    states, targets = made()
    with pytest.raises(InputError, match="expected"):
        refit(states, targets[:-1], N)
    with pytest.raises(InputError, match="precision is -1"):
        refit(states, targets, N, precision=-1)
    with pytest.raises(InputError, match="from 0 to 1"):
        refit(states, targets, 2)
    with pytest.raises(InputError, match="left out of the softmax"):
        refit(states, targets, N, left_out=np.ones((len(targets), N), dtype=bool))
