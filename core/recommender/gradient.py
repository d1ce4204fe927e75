"""The gradient of eq. 8 in closed form, for a batch of each of many stacked networks at once (Mahyari 2022, eqs 1–8).

Networks this small spend most of a step on autograd's bookkeeping and on softmaxes over a short last axis. Here windows
are columns, so that every operation runs along them, and each derivative is written out. `Network` remains what eqs 1–7
are; this module is held to it and to autograd by a test, for every switch of the settings.

This module imports torch, which takes more than a second: import it inside functions only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.recommender.network import Network

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """B windows of each of F networks, as columns.

    items: (F, 1, ω·B) exercise indices, all first steps before all second ones; real: the same shape, 1.0, or 0.0 at
    padding, whose index may be any; None where there is no padding. targets: (F, 1, B). profiles: (F, B, N_u).
    user, state: factors of dropout, (F, K_u, B) and (F, K, B), or None. shares: (F, 1, B), what each window's loss
    counts: 1 / (windows of this network), or 0 for one that only fills up the batch.
    """

    items: Tensor
    real: Tensor | None
    targets: Tensor
    profiles: Tensor
    user: Tensor | None
    state: Tensor | None
    shares: Tensor


@dataclass(slots=True)
class _Steps:
    """What the way forward leaves for the way back."""

    table: Tensor  # (F, K, N)
    embedded: Tensor  # (F, K, ω·B)
    psi: Tensor
    phi: Tensor
    states: Tensor  # h(t) of every step
    last: Tensor  # h(t) after dropout, (F, K, B)
    h_x: Tensor  # ReLU(W_X), (F, K_X, N)
    h_e: Tensor | None = None  # (F, K_e, N)
    h_u: Tensor | None = None  # after dropout, (F, K_u, B)
    attention: Tensor | None = None  # W2·H_u, (F, K, B)
    p_u: Tensor | None = None  # (F, K, ω·B)
    p_e: Tensor | None = None  # (F, 1, ω·B)


def loss_and_gradient(network: Network, batch: Batch) -> tuple[Tensor, Weights]:
    """The loss of each network, shape (F,), and the gradient of their sum in each weight, in the weights' order."""
    w = network.weights
    steps = _forward(network, batch)
    logits = w["w_y"] @ steps.last
    if "b_y" in w:
        logits += w["b_y"].unsqueeze(2)
    log_y = torch.log_softmax(logits, 1)  # eq. 7
    loss = -(log_y.gather(1, batch.targets) * batch.shares).sum((1, 2))
    error = log_y.exp_()
    error.scatter_add_(1, batch.targets, error.new_full((1, 1, 1), -1.0).expand_as(batch.targets))
    error *= batch.shares
    found = _backward(network, batch, steps, error)
    return loss, {name: found[name] for name in w}


def _forward(network: Network, batch: Batch) -> _Steps:
    w, s = network.weights, network.settings
    b = batch.targets.shape[2]
    h_x = torch.relu(w["w_x"])  # eq. 1, every exercise
    table = w["w_1"] @ h_x
    at = batch.items.expand(-1, s.k, -1)
    embedded = table.gather(2, at)
    if batch.real is not None:
        embedded *= batch.real
    steps = _Steps(table, embedded, embedded, embedded, embedded, embedded, h_x)
    if s.profile_attention:
        h_u = torch.relu(w["w_u"] @ batch.profiles.mT)  # eq. 2
        steps.h_u = h_u if batch.user is None else h_u * batch.user
        steps.attention = w["w_2"] @ steps.h_u
        wide = _over_steps(steps.attention, s.window)
        combined = embedded * wide if s.combine == "product" else embedded + wide
        steps.p_u = torch.softmax(combined, 1)  # eq. 3
        steps.psi = steps.phi = steps.p_u * embedded
    if s.temporal_attention:
        scores = w["w_3"] @ steps.psi
        if "w_4" in w and network.exercises is not None:
            steps.h_e = torch.relu(w["w_e"] @ network.exercises.mT)  # eq. 4, every exercise
            scores += (w["w_4"] @ steps.h_e).gather(2, batch.items)
        if batch.real is not None:
            scores = scores.masked_fill(batch.real == 0, torch.finfo(scores.dtype).min)
        steps.p_e = torch.softmax(scores.view(-1, s.window, b), 1).view_as(scores)  # eq. 5
        steps.phi = steps.p_e * steps.psi
    states = w["w_phi"] @ steps.phi
    states[:, :, :b].relu_()
    for start in range(b, states.shape[2], b):
        # eq. 6
        states[:, :, start : start + b] += w["w_h"] @ states[:, :, start - b : start]
        states[:, :, start : start + b].relu_()
    steps.states = states
    steps.last = states[:, :, -b:]
    if batch.state is not None:
        steps.last = steps.last * batch.state
    return steps


def _backward(network: Network, batch: Batch, steps: _Steps, error: Tensor) -> Weights:
    """Derivatives of the summed loss; error (F, N, B) is that in the argument of eq. 7's softmax."""
    w, s = network.weights, network.settings
    b = batch.targets.shape[2]
    d: Weights = {"w_y": error @ steps.last.mT}
    if "b_y" in w:
        d["b_y"] = error.sum(2)
    d_h = w["w_y"].mT @ error
    if batch.state is not None:
        d_h *= batch.state
    # Through time: what comes into each ReLU of eq. 6, last step first.
    d_in = torch.empty_like(steps.states)
    for start in range(d_in.shape[2] - b, -1, -b):
        here = slice(start, start + b)
        d_in[:, :, here] = _through_relu(d_h, steps.states[:, :, here])
        if start:
            d_h = w["w_h"].mT @ d_in[:, :, here]
    d["w_h"] = d_in[:, :, b:] @ steps.states[:, :, :-b].mT
    d["w_phi"] = d_in @ steps.phi.mT
    d_psi = w["w_phi"].mT @ d_in
    d_score = None
    if steps.p_e is not None:
        d_score = _through_softmax((d_psi * steps.psi).sum(1, keepdim=True), steps.p_e, s.window)
        d_psi *= steps.p_e
        d_psi += w["w_3"].mT * d_score
        d["w_3"] = d_score @ steps.psi.mT
    d_embedded = d_psi
    if steps.p_u is not None and steps.attention is not None and steps.h_u is not None:
        d_p = d_psi * steps.psi
        d_combined = d_p - steps.p_u * d_p.sum(1, keepdim=True)
        d_embedded = d_psi * steps.p_u
        if s.combine == "product":
            d_attention = _sum_of_steps(d_combined * steps.embedded, s.window)
            d_embedded += d_combined * _over_steps(steps.attention, s.window)
        else:
            d_attention = _sum_of_steps(d_combined, s.window)
            d_embedded += d_combined
        d["w_2"] = d_attention @ steps.h_u.mT
        d_u = w["w_2"].mT @ d_attention
        if batch.user is not None:
            d_u *= batch.user
        d["w_u"] = _through_relu(d_u, steps.h_u) @ batch.profiles
    if batch.real is not None:
        d_embedded = d_embedded * batch.real
    d_table = torch.zeros_like(steps.table).scatter_add_(2, batch.items.expand(-1, s.k, -1), d_embedded)
    d["w_1"] = d_table @ steps.h_x.mT
    d["w_x"] = _through_relu(w["w_1"].mT @ d_table, steps.h_x)
    if steps.h_e is not None and d_score is not None and network.exercises is not None:
        if batch.real is not None:
            d_score = d_score * batch.real
        d_scores = torch.zeros_like(steps.table[:, :1]).scatter_add_(2, batch.items, d_score)
        d["w_4"] = d_scores @ steps.h_e.mT
        d["w_e"] = _through_relu(w["w_4"].mT * d_scores, steps.h_e) @ network.exercises
    return d


def _through_relu(d: Tensor, value: Tensor) -> Tensor:
    """d where the ReLU's value is above 0, else 0."""
    result: Tensor = torch.ops.aten.threshold_backward(d, value, 0)  # ten times as fast as d * (value > 0)
    return result


def _through_softmax(d: Tensor, p: Tensor, window: int) -> Tensor:
    """From the derivative in the weights of eq. 5 to that in its scores, both (F, 1, ω·B)."""
    own, weights = d.view(len(d), window, -1), p.view(len(d), window, -1)
    own = own * weights
    return (own - weights * own.sum(1, keepdim=True)).view_as(d)


def _over_steps(values: Tensor, window: int) -> Tensor:
    """(F, K, B) once for each step, (F, K, ω·B)."""
    return values.repeat(1, 1, window)


def _sum_of_steps(values: Tensor, window: int) -> Tensor:
    """(F, K, ω·B) summed over the steps, (F, K, B)."""
    return values.view(*values.shape[:2], window, -1).sum(2)
