"""What training minimises: the full softmax, or one of four losses on negatives drawn evenly from all exercises.

Each takes logits (S, B, T, N), targets (B, T) and drawn negatives (n, B, T), and gives (S, B, T). A negative may by
chance be the target itself, as in the library that the paper names.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import torch
from torch import Tensor

from core.recommender.sequence_models.settings import SequenceSettings


def loss(settings: SequenceSettings, logits: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
    """The loss of each step; negatives are drawn by the generator, the same for all of the stack."""
    if settings.loss == "softmax":
        return cross_entropy(logits, targets)
    count = settings.negatives if settings.loss == "adaptive hinge" else 1
    drawn = torch.randint(logits.shape[-1], (count, *targets.shape), generator=generator)
    right, wrong = _of(logits, targets), _of(logits, drawn[0])
    if settings.loss == "pointwise":
        return 1 - torch.sigmoid(right) + torch.sigmoid(wrong)
    if settings.loss == "bpr":  # Rendle et al. 2009
        return 1 - torch.sigmoid(right - wrong)
    for more in drawn[1:]:  # of an adaptive hinge
        wrong = torch.maximum(wrong, _of(logits, more))
    return torch.relu(1 + wrong - right)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """−ln of the softmax at the targets, in nats."""
    return torch.logsumexp(logits, dim=-1) - _of(logits, targets)


def _of(logits: Tensor, exercises: Tensor) -> Tensor:
    """The logits of one exercise a step, shape (S, B, T)."""
    at = exercises.expand(logits.shape[0], *exercises.shape).unsqueeze(-1)
    return logits.gather(-1, at).squeeze(-1)
