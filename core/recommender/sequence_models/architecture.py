"""What the four sequence models have in common: a stack of S networks of one kind, worked out at once.

Every weight has S as its first dimension, so that leave-one-out networks train together; a single one is S = 1.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import pad

from core.recommender.sequence_models.settings import SequenceSettings

Weights = dict[str, Tensor]


class Architecture(ABC):
    """From the embedded past to the scores of all exercises. What is special to a model is in its `states`."""

    def __init__(self, settings: SequenceSettings, n_exercises: int) -> None:
        self.settings = settings
        self.n_exercises = n_exercises

    def initial(self, generator: torch.Generator) -> Weights:
        """Random weights of one network, without the dimension of the stack."""
        width = self.settings.width
        items = torch.empty(self.n_exercises, width).normal_(0, 1 / width, generator=generator)
        weights = {"items": items, "bias": torch.zeros(self.n_exercises)}
        for name, (rows, columns) in self.matrices().items():
            bound = 1 / math.sqrt(rows)
            weights[name] = torch.empty(rows, columns).uniform_(-bound, bound, generator=generator)
        return weights | {name: torch.zeros(1, size) for name, size in self.constants().items()}

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Shapes (inputs, outputs) of the model's own matrices."""
        return {}

    def constants(self) -> dict[str, int]:
        """Sizes of the model's own constant terms."""
        return {}

    def run(self, weights: Weights, items: Tensor, dropout: torch.Generator | None = None) -> Tensor:
        """The state before each exercise and after the last, shape (S, B, T + 1, width).

        items: (B, T), the same for all of the stack, oldest first. The state at t depends on items before t alone: what
        stands behind the end of a shorter history changes nothing before it. dropout: its generator; None switches it
        off.
        """
        embedded = pad(
            weights["items"][:, items], (0, 0, 1, 0)
        )  # (S, B, T + 1, width): nothing, then the past
        return self._drop(self.states(weights, self._drop(embedded, dropout)), dropout)

    @abstractmethod
    def states(self, weights: Weights, inputs: Tensor) -> Tensor:
        """The state at each step from the inputs up to that step, both (S, B, T + 1, width)."""

    def logits(self, weights: Weights, states: Tensor) -> Tensor:
        """The score of each exercise, shape (S, …, N), of states (S, …, width)."""
        return through(states, weights["items"].mT, weights["bias"].unsqueeze(1))

    def _drop(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        share = self.settings.dropout
        if generator is None or share == 0:
            return values
        # The same places in every network of the stack: each then trains as it would alone.
        kept = torch.rand(values.shape[1:], generator=generator) >= share
        return values * kept / (1 - share)


def through(values: Tensor, matrix: Tensor, constant: Tensor | None = None) -> Tensor:
    """Values (S, …, inputs) times a matrix (S, inputs, outputs), plus a constant term (S, 1, outputs)."""
    flat = values.flatten(1, -2)
    out = torch.bmm(flat, matrix) if constant is None else torch.baddbmm(constant, flat, matrix)
    return out.view(*values.shape[:-1], matrix.shape[-1])
