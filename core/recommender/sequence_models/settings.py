"""Which sequence model, its sizes, and how it is trained."""

import math
from dataclasses import dataclass
from typing import Literal, Self, get_args

from core.errors import InputError

Kind = Literal["gru", "pooling", "cnn", "mixture"]
Loss = Literal["softmax", "pointwise", "bpr", "hinge", "adaptive hinge"]

KINDS: dict[Kind, str] = {
    "gru": "GRU4REC",
    "pooling": "Pooling",
    "cnn": "CNN",
    "mixture": "Mixture",
}
"""The models by what the paper's tables call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSettings:
    """Sizes and training of a sequence model.

    The defaults train with the full softmax until clients held out for stopping do no better; rate, batch and dropout
    were chosen by the loss on such clients of the sample cohort, and those of `movielens` on MovieLens' hundred most
    rated films. `as_published` gives the defaults of Spotlight, the library that the paper names for these models; it
    prints no settings of its own.

    loss: softmax is the cross-entropy over all exercises. The others see exercises drawn evenly as negatives instead:
        pointwise pushes each score towards its label, bpr and hinge push the right one above a negative, adaptive hinge
        above the highest of `negatives`.
    width: of embeddings and states. length: most exercises of a client's past that are looked at; longer histories
        are trained on in pieces of that length.
    kernel, layers: of the CNN, which sees kernel · layers − layers + 1 past exercises. tastes: of the mixture.
    dropout: share of the embedded inputs and of the states set to zero while training; never when predicting.
    batch_size: histories (pieces of `length`) in a step of Adam, not single exercises.
    patience: epochs without a better loss on the clients held out for stopping before training ends.
    stopping_share: of the clients, kept out of training for that; with 0 all epochs are run and the last is kept.
    """

    loss: Loss = "softmax"
    width: int = 32
    length: int = 200
    kernel: int = 3
    layers: int = 1
    tastes: int = 4
    negatives: int = 5
    dropout: float = 0.2
    epochs: int = 100
    learning_rate: float = 0.02
    batch_size: int = 16
    patience: int = 8
    stopping_share: float = 0.1

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise InputError(f"loss is {self.loss!r}; it must be one of {', '.join(get_args(Loss))}.")
        for name in (
            "width",
            "length",
            "kernel",
            "layers",
            "tastes",
            "negatives",
            "epochs",
            "batch_size",
            "patience",
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{name} is {value!r}; it must be a whole number of at least 1.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate is {self.learning_rate!r}; it must be a positive number.")
        for name in ("dropout", "stopping_share"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be at least 0 and less than 1.")

    @classmethod
    def as_published(cls, loss: Loss = "pointwise") -> Self:
        """Spotlight's defaults: histories in pieces of 10, 256 of them a step, ten epochs, one negative each."""
        return cls(
            loss=loss,
            length=10,
            dropout=0.0,
            epochs=10,
            learning_rate=0.01,
            batch_size=256,
            stopping_share=0.0,
        )

    @classmethod
    def movielens(cls) -> Self:
        """For MovieLens' hundred most rated films, which have many more clients."""
        return cls(learning_rate=0.005, batch_size=64)
