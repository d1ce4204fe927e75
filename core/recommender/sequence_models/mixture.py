"""Several tastes a client, of which each exercise is scored by those that suit it.

Source: M. Kula, "Mixture-of-tastes models for representing users with diverse interests", arXiv:1711.08379, 2017.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import torch
from torch import Tensor

from core.recommender.sequence_models.architecture import Architecture, Weights, through


class Mixture(Architecture):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), whose state is projected on tastes and attentions.

    An exercise's score is the mean of its products with the tastes, weighted by the softmax over tastes of its
    products with the attentions.
    """

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Of the gates i, f, o and the candidate side by side, and of tastes and attentions side by side."""
        width, tastes = self.settings.width, self.settings.tastes
        return {
            "w_in": (width, 4 * width),
            "w_back": (width, 4 * width),
            "w_tastes": (width, 2 * tastes * width),
        }

    def constants(self) -> dict[str, int]:
        """Of the gates, and of tastes and attentions."""
        width, tastes = self.settings.width, self.settings.tastes
        return {"b_in": 4 * width, "b_tastes": 2 * tastes * width}

    def states(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See Architecture."""
        width = self.settings.width
        given = through(inputs, weights["w_in"], weights["b_in"])
        h = inputs.new_zeros(inputs.shape[0], inputs.shape[1], width)
        cell = h
        states = []
        for step in given.unbind(2):
            gates = torch.baddbmm(step, h, weights["w_back"])
            take, keep, show = torch.sigmoid(gates[..., : 3 * width]).chunk(3, dim=-1)
            cell = keep * cell + take * torch.tanh(gates[..., 3 * width :])
            h = show * torch.tanh(cell)
            states.append(h)
        return torch.stack(states, dim=2)

    def logits(self, weights: Weights, states: Tensor) -> Tensor:
        """See Architecture."""
        width, tastes = self.settings.width, self.settings.tastes
        projected = through(states, weights["w_tastes"], weights["b_tastes"])
        products = through(projected.view(*states.shape[:-1], 2 * tastes, width), weights["items"].mT)
        liked, attended = products.chunk(2, dim=-2)  # (S, …, tastes, N) each
        score = (torch.softmax(attended, dim=-2) * liked).sum(dim=-2)
        bias = weights["bias"].view(-1, *[1] * (score.ndim - 2), self.n_exercises)
        return score + bias
