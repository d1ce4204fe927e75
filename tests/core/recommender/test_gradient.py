"""The gradient in closed form against autograd through the network's own equations, for every switch."""

from itertools import product

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.recommender.gradient import Batch, loss_and_gradient
from core.recommender.network import Drops, Network
from core.recommender.settings import Settings
from core.recommender.windows import PADDING

F, B, N, P, E = 3, 5, 7, 4, 2
SWITCHES = [
    Settings(
        k_x=5,
        k_u=4,
        k_e=3,
        k=6,
        window=3,
        combine=combine,
        profile_attention=profile,
        temporal_attention=temporal,
        bias=bias,
    )
    for combine, profile, temporal, bias in product(
        ("product", "sum"), (True, False), (True, False), (True, False)
    )
]


def case(settings, *, features=True, padding=True, dropout=True):
    """Stacked networks in double precision, and windows with an uneven number that count."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator).double()

    exercises = normal(N, E) if features else None
    drawn = Network.stacked(
        [Network.initial(settings, N, P, exercises, generator) for _ in range(F)]
    ).weights.items()
    network = Network(
        settings, exercises, {name: weight.double() + 0.3 * normal(*weight.shape) for name, weight in drawn}
    )
    items = torch.randint(N, (F, B, settings.window), generator=generator)
    if padding:
        items[0, 0, 0] = items[1, 2, :2] = items[2, 3] = PADDING
    drops = None
    if dropout:
        state, user = ((normal(F, B, width) > -0.8).double() / 0.8 for width in (settings.k, settings.k_u))
        drops = Drops(user if settings.profile_attention else None, state)
    shares = torch.full((F, B), 1 / B).double()
    shares[1] = torch.tensor([1 / 3, 1 / 3, 1 / 3, 0, 0])
    return network, items, torch.randint(N, (F, B), generator=generator), normal(F, B, P), drops, shares


def by_autograd(network, items, targets, profiles, drops, shares):
    network = network.copy()
    for weight in network.weights.values():
        weight.requires_grad_()
    logits = network.logits(network.hidden(network.tables(), items, None, profiles, drops))
    each = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(F, B)
    loss = (each * shares).sum(1)
    loss.sum().backward()
    return loss.detach(), {name: weight.grad for name, weight in network.weights.items()}


def as_batch(items, targets, profiles, drops, shares, *, padding):
    columns = items.mT.reshape(F, 1, -1)
    return Batch(
        items=columns.clamp(min=0),
        real=(columns != PADDING).double() if padding else None,
        targets=targets.unsqueeze(1),
        profiles=profiles,
        user=None if drops is None or drops.user is None else drops.user.mT,
        state=None if drops is None else drops.state.mT,
        shares=shares.unsqueeze(1),
    )


@pytest.mark.parametrize("settings", SWITCHES, ids=str)
@pytest.mark.parametrize(("features", "padding", "dropout"), list(product((True, False), repeat=3)))
def test_the_closed_form_is_autograds(settings, features, padding, dropout):
    network, *windows = case(settings, features=features, padding=padding, dropout=dropout)
    loss, gradient = loss_and_gradient(network, as_batch(*windows, padding=padding))
    wanted, wanted_gradient = by_autograd(network, *windows)
    torch.testing.assert_close(loss, wanted)
    assert list(gradient) == list(network.weights)
    for name, value in wanted_gradient.items():
        torch.testing.assert_close(gradient[name], value)
        assert value.abs().max() > 0


def test_a_window_that_only_fills_up_the_batch_does_not_count():
    network, items, targets, profiles, drops, shares = case(SWITCHES[0])
    one = loss_and_gradient(network, as_batch(items, targets, profiles, drops, shares, padding=True))
    items[1, 3:], targets[1, 3:], profiles[1, 3:] = 2, 5, 99.0
    other = loss_and_gradient(network, as_batch(items, targets, profiles, drops, shares, padding=True))
    assert torch.equal(one[0], other[0])
    for name, value in one[1].items():
        torch.testing.assert_close(value, other[1][name], rtol=1e-12, atol=1e-14)
