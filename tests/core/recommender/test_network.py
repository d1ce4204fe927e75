"""The forward pass against eqs 1–7, written out again in NumPy, window by window."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.recommender.network import BLOCK, Network, draw, probabilities, rows_of_a_block
from core.recommender.settings import Settings
from core.recommender.windows import PADDING

N, P, E = 7, 4, 3
SMALL = Settings(k_x=5, k_u=4, k_e=3, k=6, window=3)
SWITCHES = [
    replace(SMALL, combine=combine, profile_attention=profile, temporal_attention=temporal, bias=bias)
    for combine, profile, temporal, bias in product(
        ("product", "sum"), (True, False), (True, False), (True, False)
    )
]


def network_of(settings, *, features=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    exercises = torch.rand(N, E, generator=generator) if features else None
    network = Network.initial(settings, N, P, exercises, generator)
    if settings.bias:
        network.weights["b_y"].uniform_(-1, 1, generator=generator)
    return network


def forward(network, items, clients, profiles):
    return network.hidden(
        network.tables(),
        torch.tensor(items),
        None if clients is None else torch.tensor(clients),
        torch.tensor(profiles).float(),
    )


def by_the_paper(network, window, profile):
    """Y of one window, in double precision and with the paper's letters."""
    s = network.settings
    w = {name: weight.numpy().astype(np.float64) for name, weight in network.weights.items()}

    def relu(x):
        return np.maximum(x, 0)

    def softmax(x):
        return np.exp(x) / np.exp(x).sum()

    psis, scores = [], []
    for exercise in window:
        x = np.zeros(N)
        if exercise != PADDING:
            x[exercise] = 1
        embedded = w["w_1"] @ relu(w["w_x"] @ x)
        psi = embedded
        if s.profile_attention:
            attention = w["w_2"] @ relu(w["w_u"] @ profile)
            combined = embedded * attention if s.combine == "product" else embedded + attention
            psi = softmax(combined) * embedded
        psis.append(psi)
        if s.temporal_attention:
            score = (w["w_3"] @ psi)[0]
            if "w_4" in w and exercise != PADDING:
                score += (w["w_4"] @ relu(w["w_e"] @ network.exercises.numpy()[exercise]))[0]
            scores.append(score)
    h = np.zeros(s.k)
    real = [step for step, exercise in enumerate(window) if exercise != PADDING]
    weights = np.ones(len(window))
    if s.temporal_attention and real:
        weights = np.zeros(len(window))
        weights[real] = softmax(np.array(scores)[real])
    for step, psi in enumerate(psis):
        h = relu(w["w_phi"] @ (weights[step] * psi) + w["w_h"] @ h)
    return softmax(w["w_y"] @ h + w.get("b_y", 0))


@pytest.mark.parametrize("settings", SWITCHES, ids=str)
@pytest.mark.parametrize("features", [True, False])
def test_the_forward_pass_is_the_papers(settings, features):
    network = network_of(settings, features=features)
    rng = np.random.default_rng(1)
    windows = rng.integers(N, size=(12, 3))
    windows[3, 0] = windows[4, :2] = windows[5] = PADDING
    profiles = rng.normal(size=(5, P))
    clients = rng.integers(5, size=12)
    got = probabilities(network.logits(forward(network, windows, clients, profiles)))
    for row, window, client in zip(got, windows, clients, strict=True):
        np.testing.assert_allclose(row, by_the_paper(network, window, profiles[client]), atol=2e-6)


def test_the_switches_tell_the_networks_apart():
    windows, profiles = [[0, 1, 2], [3, 4, 5]], np.random.default_rng(3).normal(size=(2, P)) * 5
    outcomes = [
        probabilities(network.logits(forward(network, windows, [0, 1], profiles)))
        for network in map(network_of, SWITCHES[:3] + SWITCHES[8:9])
    ]
    for i, one in enumerate(outcomes):
        for other in outcomes[:i]:
            assert np.abs(one - other).max() > 1e-4


@pytest.mark.parametrize("settings", SWITCHES, ids=str)
def test_every_part_that_is_switched_on_learns(settings):
    network = network_of(settings)
    for weight in network.weights.values():
        weight.requires_grad_()
    rng = np.random.default_rng(0)
    hidden = forward(network, rng.integers(N, size=(40, 3)), np.arange(40), rng.normal(size=(40, P)))
    torch.nn.functional.cross_entropy(
        network.logits(hidden), torch.tensor(rng.integers(N, size=40))
    ).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in network.weights.values())
    assert ("w_u" in network.weights) == ("w_2" in network.weights) == settings.profile_attention
    assert ("w_e" in network.weights) == ("w_3" in network.weights) == settings.temporal_attention
    assert ("b_y" in network.weights) == settings.bias


def test_without_profile_attention_the_profile_makes_no_difference():
    network = network_of(replace(SMALL, profile_attention=False))
    windows = [[0, 1, 2]] * 2
    assert torch.equal(*forward(network, windows, [0, 1], np.array([[0.0] * P, [9.0] * P])))
    network = network_of(SMALL)
    assert not torch.equal(*forward(network, windows, [0, 1], np.array([[0.0] * P, [9.0] * P])))


def test_without_temporal_attention_exercise_profiles_make_no_difference():
    for temporal in (False, True):
        network = network_of(replace(SMALL, temporal_attention=temporal))
        other = replace(network, exercises=network.exercises.flip(0) * 4)
        hidden = [forward(n, [[0, 1, 2], [4, 5, 6]], [0, 0], np.ones((1, P))) for n in (network, other)]
        assert torch.equal(*hidden) != temporal


def test_padding_gives_a_zero_state_and_no_nan():
    network = network_of(SMALL)
    hidden = forward(network, [[PADDING] * 3], [0], np.ones((1, P)))
    assert torch.equal(hidden, torch.zeros(1, SMALL.k))


@given(st.lists(st.lists(st.integers(-1, N - 1), min_size=3, max_size=3), min_size=1, max_size=8), st.data())
def test_a_window_is_not_touched_by_its_neighbours_in_the_batch(windows, data):
    windows = [sorted(w, key=lambda x: x != PADDING) for w in windows]
    clients = [data.draw(st.integers(0, 2)) for _ in windows]
    network, profiles = network_of(SMALL), np.random.default_rng(0).normal(size=(3, P))
    together = forward(network, windows, clients, profiles)
    for row, (window, client) in enumerate(zip(windows, clients, strict=True)):
        torch.testing.assert_close(
            together[row : row + 1], forward(network, [window], [client], profiles), rtol=1e-4, atol=1e-5
        )


def test_dropout_only_with_factors_and_these_only_from_the_generator():
    settings = replace(SMALL, dropout=0.5)
    network = network_of(settings)
    arguments = (network.tables(), torch.tensor([[0, 1, 2]] * 50), None, torch.ones(50, P))
    before = torch.random.get_rng_state()
    plain = network.hidden(*arguments)
    drops = [draw(settings, 50, torch.Generator().manual_seed(1)) for _ in range(2)]
    dropped = [network.hidden(*arguments, dropout=factors) for factors in drops]
    assert torch.equal(*dropped)
    assert not torch.equal(plain, dropped[0])
    # All rows are alike but for dropout.
    torch.testing.assert_close(plain, plain[:1].expand_as(plain))
    assert len(torch.unique(dropped[0], dim=0)) > 2
    assert torch.equal(torch.random.get_rng_state(), before)
    assert draw(replace(SMALL, dropout=0.0), 50, torch.Generator()) is None


def test_factors_are_zero_or_make_up_for_the_share_that_is():
    settings = replace(SMALL, dropout=0.2)
    drops = draw(settings, 4000, torch.Generator().manual_seed(2))
    for factors, width in ((drops.user, settings.k_u), (drops.state, settings.k)):
        assert factors.shape == (4000, width)
        assert torch.unique(factors).tolist() == [0.0, 1.25]
        assert abs(float(factors.mean()) - 1) < 0.02
    assert draw(replace(settings, profile_attention=False), 3, torch.Generator()).user is None
    batches = drops.split(1500)
    assert [len(batch.state) for batch in batches] == [1500, 1500, 1000]
    assert torch.equal(torch.cat([batch.user for batch in batches]), drops.user)


def test_blocks_are_whole_batches():
    assert rows_of_a_block(replace(SMALL, batch_size=7)) % 7 == 0
    assert rows_of_a_block(Settings.movielens()) == 256
    assert rows_of_a_block(replace(SMALL, k=2 * BLOCK)) == SMALL.batch_size


@pytest.mark.parametrize("settings", SWITCHES, ids=str)
@pytest.mark.parametrize("features", [True, False])
def test_stacked_networks_compute_what_each_does_alone(settings, features):
    rng = np.random.default_rng(5)
    networks = [network_of(settings, features=features, seed=seed) for seed in range(3)]
    networks = [replace(network, exercises=networks[0].exercises) for network in networks]
    windows = rng.integers(-1, N, size=(3, 10, 3))
    windows.sort(axis=2)
    clients, profiles = rng.integers(4, size=(3, 10)), rng.normal(size=(3, 4, P))
    stack = Network.stacked(networks)
    shared, own = (stack.logits(forward(stack, windows, clients, table)) for table in (profiles[0], profiles))
    by_row = stack.logits(forward(stack, windows, None, profiles[np.arange(3)[:, None], clients]))
    for i, network in enumerate(networks):
        alone = [
            network.logits(forward(network, windows[i], clients[i], table))
            for table in (profiles[0], profiles[i])
        ]
        torch.testing.assert_close(shared[i], alone[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(own[i], alone[1], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(by_row[i], alone[1], rtol=1e-4, atol=1e-5)
        for name, weight in stack.one(i).weights.items():
            assert torch.equal(weight, network.weights[name])


def test_probabilities_sum_to_one_in_double_precision():
    rows = probabilities(torch.randn(100, 44, generator=torch.Generator().manual_seed(0)) * 30)
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-14)
