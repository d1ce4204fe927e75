"""Causal convolutions over the past.

Source: A. van den Oord et al., "WaveNet: a generative model for raw audio", arXiv:1609.03499, 2016:
convolutions that see nothing to the right, with residual connections.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from core.recommender.sequence_models.architecture import Architecture, Weights, through


class CNN(Architecture):
    """Each layer adds tanh of a convolution of its last `kernel` inputs to its input."""

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Of each layer, the kernel's steps side by side."""
        s = self.settings
        return {f"w_{layer}": (s.kernel * s.width, s.width) for layer in range(s.layers)}

    def constants(self) -> dict[str, int]:
        """One a layer."""
        return {f"b_{layer}": self.settings.width for layer in range(self.settings.layers)}

    def states(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See Architecture."""
        kernel, steps = self.settings.kernel, inputs.shape[2]
        for layer in range(self.settings.layers):
            before = pad(inputs, (0, 0, kernel - 1, 0))
            seen = torch.cat([before[:, :, shift : shift + steps] for shift in range(kernel)], dim=-1)
            inputs = inputs + torch.tanh(through(seen, weights[f"w_{layer}"], weights[f"b_{layer}"]))
        return inputs
