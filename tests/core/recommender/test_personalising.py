"""The nearest clients, and the last layer's lesson against the same recipe in torch's autograd and Adam."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.recommender.personalising import LastLayer, nearest, teach


@given(st.integers(1, 12), st.integers(0, 10_000))
def test_nearest_is_euclidean_over_standardised_columns(k, seed):
    rng = np.random.default_rng(seed)
    profiles = rng.normal(size=(10, 4)) * [1, 100, 0.01, 1]
    profile = rng.normal(size=4) * [1, 100, 0.01, 1]
    scaled = (profiles - profiles.mean(axis=0)) / profiles.std(axis=0)
    wanted = (profile - profiles.mean(axis=0)) / profiles.std(axis=0)
    order = np.argsort(np.linalg.norm(scaled - wanted, axis=1))
    assert nearest(profile, profiles, k).tolist() == order[:k].tolist()


def test_constant_columns_do_not_count_and_ties_go_to_the_first():
    profiles = np.array([[7.0, 1.0], [7.0, 3.0], [7.0, 1.0], [7.0, 2.0]])
    assert nearest(np.array([-50.0, 1.0]), profiles, 3).tolist() == [0, 2, 3]
    assert nearest(np.array([0.0, 2.0]), np.ones((4, 2)), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("bias", [True, False])
def test_teaching_is_two_steps_of_adam_on_the_answer_twice_and_thirty_others(bias):
    rng = np.random.default_rng(4)
    n, k, r = 9, 5, 50
    layer = LastLayer(rng.normal(size=(n, k)), rng.normal(size=n) if bias else None)
    hidden, rehearsal, targets = rng.random(k), rng.random((r, k)), rng.integers(n, size=r)
    given_weights = layer.weights.copy()
    taught = teach(layer, hidden, 6, rehearsal, targets, np.random.default_rng(1))
    assert np.array_equal(layer.weights, given_weights)

    weights = torch.tensor(layer.weights, requires_grad=True)
    parameters = [weights]
    if bias:
        parameters.append(torch.tensor(layer.bias, requires_grad=True))
    optimiser = torch.optim.Adam(parameters, lr=0.01)
    draws = np.random.default_rng(1)
    for _ in range(2):
        drawn = draws.integers(r, size=30)
        states = torch.tensor(np.vstack([hidden, rehearsal[drawn], hidden]))
        wanted = torch.tensor(np.concatenate([[6], targets[drawn], [6]]))
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(torch.nn.functional.linear(states, *parameters), wanted).backward()
        optimiser.step()
    np.testing.assert_allclose(taught.weights, weights.detach().numpy(), rtol=1e-9)
    if bias:
        np.testing.assert_allclose(taught.bias, parameters[1].detach().numpy(), rtol=1e-9)
    else:
        assert taught.bias is None


def test_an_answer_that_rehearsal_outweighs_is_taught_alone():
    layer = LastLayer(np.zeros((4, 2)), np.zeros(4))
    hidden = np.array([0.1, 0.0])
    # Every other window says 3, in a like state.
    rehearsal, targets = np.full((20, 2), 0.1), np.full(20, 3)
    taught = teach(layer, hidden, 0, rehearsal, targets, np.random.default_rng(0))
    logits = taught.weights @ hidden + taught.bias
    assert np.exp(logits[0]) / np.exp(logits).sum() > 0.25
    assert np.abs(taught.weights).max() < 0.15


def test_nothing_can_be_taught_in_a_zero_state_without_bias():
    layer = LastLayer(np.ones((4, 2)), None)
    taught = teach(layer, np.zeros(2), 0, np.zeros((5, 2)), np.arange(5) % 4, np.random.default_rng(0))
    assert np.array_equal(taught.weights, layer.weights)
