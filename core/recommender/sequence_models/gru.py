"""A gated recurrent unit over the whole past.

Source: B. Hidasi, A. Karatzoglou, L. Baltrunas and D. Tikk, "Session-based recommendations with recurrent neural
networks", ICLR 2016 (GRU4REC); the unit as in Cho et al. 2014.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import torch
from torch import Tensor

from core.recommender.sequence_models.architecture import Architecture, Weights, through


class GRU(Architecture):
    """h(t) = (1 − z) ñ + z h(t − 1), with the gates r and z of the input and of h(t − 1)."""

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Of r, z and ñ side by side."""
        width = self.settings.width
        return {"w_in": (width, 3 * width), "w_back": (width, 3 * width)}

    def constants(self) -> dict[str, int]:
        """One for the input's part and one for the state's: the gate r takes the second only."""
        return {"b_in": 3 * self.settings.width, "b_back": 3 * self.settings.width}

    def states(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See Architecture."""
        width = self.settings.width
        given = through(inputs, weights["w_in"], weights["b_in"])
        h = inputs.new_zeros(inputs.shape[0], inputs.shape[1], width)
        states = []
        for step in given.unbind(2):
            back = torch.baddbmm(weights["b_back"], h, weights["w_back"])
            r, z = torch.sigmoid(step[..., : 2 * width] + back[..., : 2 * width]).chunk(2, dim=-1)
            new = torch.tanh(step[..., 2 * width :] + r * back[..., 2 * width :])
            h = new + z * (h - new)
            states.append(h)
        return torch.stack(states, dim=2)
