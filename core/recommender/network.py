"""The attention network (Mahyari 2022, eqs 1–7), in one implementation for training and prediction, one or many.

What depends on an exercise alone (W1·H_X, w4·H_e) is computed once for the N exercises, and what depends on a client
alone (W2·H_u) once a row of profiles; windows gather from these tables. Of a batch of B windows only eqs 3, 5 and 6
remain.

Many networks of one size compute together when their weights carry a leading axis, a network each: then windows, tables
and results carry it too, written (…, B, ω) below. Profiles of clients and of exercises may, or be shared by all.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, pad

from core.recommender.settings import Settings
from core.recommender.windows import PADDING

# Eq. 7, the last layer, is what an answer changes; all else is the body.
LAST_LAYER = ("w_y", "b_y")
# Random numbers drawn at once for dropout.
BLOCK = 2**18


@dataclass(frozen=True, slots=True)
class Tables:
    """What each exercise contributes: W1·H_X, (…, N + 1, K), and w4·H_e, (…, N + 1, 1); the last row is padding's."""

    items: Tensor
    scores: Tensor | None


@dataclass(frozen=True, slots=True)
class Drops:
    """Factors on H_u, shape (…, B, K_u), and on h(t), shape (…, B, K): 0, or 1 / (1 − dropout). H_u has none (None)
    without profile attention.
    """

    user: Tensor | None
    state: Tensor

    def split(self, size: int) -> "list[Drops]":
        """The same in batches, along the axis of the windows."""
        states = torch.split(self.state, size, dim=-2)
        users = [None] * len(states) if self.user is None else torch.split(self.user, size, dim=-2)
        return [Drops(user, state) for user, state in zip(users, states, strict=True)]


def draw(settings: Settings, n: int, generator: torch.Generator) -> Drops | None:
    """Factors for n windows, from `generator` alone (torch's own dropout draws from the global one); None without
    dropout.
    """
    if not settings.dropout:
        return None
    user = settings.k_u if settings.profile_attention else 0
    drawn = torch.rand(n, user + settings.k, generator=generator)
    factors = (drawn >= settings.dropout) / (1 - settings.dropout)
    return Drops(factors[:, :user] if user else None, factors[:, user:])


def rows_of_a_block(settings: Settings) -> int:
    """For so many windows factors are drawn at once: whole batches, and as many as keep the numbers below `BLOCK`.

    One call draws for many steps, which is what makes it cheap; whoever trains a network draws in the same blocks,
    so that training it alone and together with others is the same.
    """
    columns = settings.k + (settings.k_u if settings.profile_attention else 0)
    return max(1, BLOCK // columns // settings.batch_size) * settings.batch_size


@dataclass(frozen=True, slots=True)
class Network:
    """The weights, named as in the paper, with the equations that use them.

    exercises: the exercise profiles E, shape (N, N_e), or None, in which case w4·H_e is left out of eq. 5.
    """

    settings: Settings
    exercises: Tensor | None
    weights: dict[str, Tensor]

    @classmethod
    def initial(
        cls,
        settings: Settings,
        n_exercises: int,
        n_profile: int,
        exercises: Tensor | None,
        generator: torch.Generator,
    ) -> Self:
        """Random weights, drawn from `generator` alone, for N exercises and profiles of n_profile columns."""
        s = settings
        shapes: dict[str, tuple[int, ...]] = {"w_x": (s.k_x, n_exercises), "w_1": (s.k, s.k_x)}
        if s.profile_attention:
            shapes |= {"w_u": (s.k_u, n_profile), "w_2": (s.k, s.k_u)}
        if s.temporal_attention:
            shapes |= {"w_3": (1, s.k)}
            if exercises is not None:
                shapes |= {"w_e": (s.k_e, exercises.shape[1]), "w_4": (1, s.k_e)}
        shapes |= {"w_phi": (s.k, s.k), "w_h": (s.k, s.k), "w_y": (n_exercises, s.k)}
        weights = {name: _uniform(shape, generator) for name, shape in shapes.items()}
        # A one-hot input passes one column of W_X: its scale must not shrink with N.
        weights["w_x"] *= math.sqrt(n_exercises)
        # Attention starts nearly uniform, and so divides by K in eq. 3 and by ω in eq. 5. W_φ makes up for it: left
        # alone, h starts near zero and training hardly moves it.
        if s.profile_attention:
            weights["w_2"] *= 0.1
            weights["w_phi"] *= s.k
        if s.temporal_attention:
            weights["w_phi"] *= s.window
        if s.bias:
            weights["b_y"] = torch.zeros(n_exercises)
        return cls(settings, exercises, weights)

    @classmethod
    def stacked(cls, networks: "Sequence[Network]") -> Self:
        """The weights of several networks that share settings and exercise profiles, along a new first axis (F, …)."""
        first = networks[0]
        weights = {name: torch.stack([n.weights[name] for n in networks]) for name in first.weights}
        return cls(first.settings, first.exercises, weights)

    def one(self, index: int) -> "Network":
        """One of stacked networks; its weights are views of theirs."""
        return replace(self, weights={name: weight[index] for name, weight in self.weights.items()})

    def with_weights(self, weights: dict[str, Tensor]) -> "Network":
        """The same network with some weights replaced; the others are shared, not copied."""
        return replace(self, weights=self.weights | weights)

    def copy(self) -> "Network":
        """The same network with weights of its own."""
        return self.with_weights({name: weight.detach().clone() for name, weight in self.weights.items()})

    def tables(self) -> Tables:
        """Eqs 1 and 4 and the products of W1 and w4, for every exercise and for padding (which gives zeros)."""
        w = self.weights
        items = pad(_linear(torch.relu(w["w_x"].mT), w["w_1"]), (0, 0, 0, 1))
        if "w_4" not in w or self.exercises is None:
            return Tables(items, None)
        return Tables(
            items, pad(_linear(torch.relu(_linear(self.exercises, w["w_e"])), w["w_4"]), (0, 0, 0, 1))
        )

    def hidden(
        self,
        tables: Tables,
        items: Tensor,
        clients: Tensor | None,
        profiles: Tensor,
        dropout: Drops | None = None,
    ) -> Tensor:
        """The last hidden state h(t) of eq. 6, shape (…, B, K).

        items: (…, B, ω) exercise indices, PADDING on the left; clients: (…, B) rows of profiles, shape (…, C, N_u), or
        None where profiles has a row for each window. dropout: the factors for these windows, with a row of H_u for
        each row of profiles; None switches dropout off.
        """
        w, s = self.weights, self.settings
        padding = items == PADDING
        at = torch.where(padding, tables.items.shape[-2] - 1, items)
        embedded = _rows(tables.items, at)  # (…, B, ω, K)
        psi = embedded
        if s.profile_attention:
            h_u = torch.relu(_linear(profiles, w["w_u"]))  # eq. 2
            if dropout is not None and dropout.user is not None:
                h_u = h_u * dropout.user
            attention = _linear(h_u, w["w_2"])
            attention = (attention if clients is None else _rows(attention, clients)).unsqueeze(-2)
            combined = embedded * attention if s.combine == "product" else embedded + attention
            psi = torch.softmax(combined, dim=-1) * embedded  # eq. 3
        phi = psi
        if s.temporal_attention:
            scores = _linear(psi, w["w_3"])
            if tables.scores is not None:
                scores = scores + _rows(tables.scores, at)
            # Not −inf: a window of padding alone would give NaN. Its ψ is zero, so its weights do not matter.
            scores = scores.masked_fill(padding.unsqueeze(-1), torch.finfo(scores.dtype).min)
            phi = torch.softmax(scores, dim=-2) * psi  # eq. 5, one score a step
        inputs = _linear(phi, w["w_phi"])
        h = torch.relu(inputs[..., 0, :])
        for step in range(1, inputs.shape[-2]):
            h = torch.relu(inputs[..., step, :] + _linear(h, w["w_h"]))  # eq. 6
        return h if dropout is None else h * dropout.state

    def logits(self, hidden: Tensor) -> Tensor:
        """The argument of eq. 7's softmax, shape (…, B, N)."""
        return _linear(hidden, self.weights["w_y"], self.weights.get("b_y"))


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x·Wᵀ + b over the last axis: for W of (K, J), or for stacked ones of (F, K, J) with x of (F, …, J) or (M, J)."""
    if weight.dim() == 2:
        return linear(x, weight, bias)
    flat = x.expand(len(weight), *x.shape) if x.dim() == 2 else x.flatten(1, -2)
    out = flat @ weight.mT if bias is None else torch.baddbmm(bias.unsqueeze(1), flat, weight.mT)
    return out if x.dim() == 2 else out.view(*x.shape[:-1], out.shape[-1])


def _rows(table: Tensor, at: Tensor) -> Tensor:
    """Rows of a table (R, K) at any shape of indices, or of stacked ones (F, R, K) at indices of (F, …)."""
    if table.dim() == 2:
        return embedding(at, table)
    first = torch.arange(len(table)).view(-1, *[1] * (at.dim() - 1)) * table.shape[1]
    return embedding(at + first, table.flatten(0, 1))


def probabilities(logits: Tensor) -> np.ndarray:
    """Eq. 7 in double precision, so that rows sum to 1 to the last digits."""
    result: np.ndarray = torch.softmax(logits.double(), dim=-1).numpy()
    return result


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform with variance 2 / columns, which keeps the scale through a ReLU (He 2015)."""
    bound = math.sqrt(6 / max(shape[-1], 1))
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
