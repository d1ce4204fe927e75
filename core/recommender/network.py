"""The attention network (Mahyari 2022, eqs 1–7), in one implementation for training and prediction.

What depends on an exercise alone (W1·H_X, w4·H_e) is computed once for the N exercises, and what depends on a client
alone (W2·H_u) once a client; windows gather from these tables. Of a batch of B windows only eqs 3, 5 and 6 remain.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding, linear

from core.recommender.settings import Settings
from core.recommender.windows import PADDING

# Eq. 7, the last layer, is what an answer changes; all else is the body.
LAST_LAYER = ("w_y", "b_y")


@dataclass(frozen=True, slots=True)
class Tables:
    """What each exercise contributes: W1·H_X, shape (N + 1, K), and w4·H_e, shape (N + 1, 1); last row padding."""

    items: Tensor
    scores: Tensor | None


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

    def with_weights(self, weights: dict[str, Tensor]) -> "Network":
        """The same network with some weights replaced; the others are shared, not copied."""
        return replace(self, weights=self.weights | weights)

    def copy(self) -> "Network":
        """The same network with weights of its own."""
        return self.with_weights({name: weight.detach().clone() for name, weight in self.weights.items()})

    def tables(self) -> Tables:
        """Eqs 1 and 4 and the products of W1 and w4, for every exercise and for padding (which gives zeros)."""
        w = self.weights
        items = linear(torch.relu(w["w_x"].T), w["w_1"])
        items = torch.cat([items, items.new_zeros(1, items.shape[1])])
        if "w_4" not in w or self.exercises is None:
            return Tables(items, None)
        scores = linear(torch.relu(linear(self.exercises, w["w_e"])), w["w_4"])
        return Tables(items, torch.cat([scores, scores.new_zeros(1, 1)]))

    def hidden(
        self,
        tables: Tables,
        items: Tensor,
        clients: Tensor,
        profiles: Tensor,
        dropout: torch.Generator | None = None,
    ) -> Tensor:
        """The last hidden state h(t) of eq. 6, shape (B, K).

        items: (B, ω) exercise indices, PADDING on the left; clients: (B,) rows of profiles, shape (C, N_u).
        dropout: the generator of the dropout masks; None switches dropout off.
        """
        w, s = self.weights, self.settings
        padding = items == PADDING
        at = torch.where(padding, len(tables.items) - 1, items)
        embedded = embedding(at, tables.items)  # (B, ω, K)
        psi = embedded
        if s.profile_attention:
            h_u = self._drop(torch.relu(linear(profiles, w["w_u"])), dropout)  # eq. 2
            attention = embedding(clients, linear(h_u, w["w_2"])).unsqueeze(1)
            combined = embedded * attention if s.combine == "product" else embedded + attention
            psi = torch.softmax(combined, dim=2) * embedded  # eq. 3
        phi = psi
        if s.temporal_attention:
            scores = linear(psi, w["w_3"])
            if tables.scores is not None:
                scores = scores + embedding(at, tables.scores)
            # Not −inf: a window of padding alone would give NaN. Its ψ is zero, so its weights do not matter.
            scores = scores.masked_fill(padding.unsqueeze(2), torch.finfo(scores.dtype).min)
            phi = torch.softmax(scores, dim=1) * psi  # eq. 5, one score a step
        inputs = linear(phi, w["w_phi"])
        h = torch.relu(inputs[:, 0])
        for step in range(1, inputs.shape[1]):
            h = torch.relu(inputs[:, step] + linear(h, w["w_h"]))  # eq. 6
        return self._drop(h, dropout)

    def logits(self, hidden: Tensor) -> Tensor:
        """The argument of eq. 7's softmax, shape (B, N)."""
        return linear(hidden, self.weights["w_y"], self.weights.get("b_y"))

    def _drop(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        share = self.settings.dropout
        if generator is None or share == 0:
            return values
        # torch's own dropout draws from the global generator.
        return values * (torch.rand(values.shape, generator=generator) >= share) / (1 - share)


def probabilities(logits: Tensor) -> np.ndarray:
    """Eq. 7 in double precision, so that rows sum to 1 to the last digits."""
    result: np.ndarray = torch.softmax(logits.double(), dim=1).numpy()
    return result


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform with variance 2 / columns, which keeps the scale through a ReLU (He 2015)."""
    bound = math.sqrt(6 / max(shape[-1], 1))
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
