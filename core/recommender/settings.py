"""What a recommender is built from: sizes, switches and training."""

import math
from dataclasses import dataclass
from typing import Literal, Self

from core.errors import InputError

Combine = Literal["product", "sum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes of the network, its switches, and how it is trained.

    The defaults are the paper's sizes for exercises (Mahyari 2022, section V-A); `Settings.movielens` gives those
    of section V-B. Learning rate, batch size and dropout follow the authors' published code.

    window: number of past exercises the network sees (ω).
    k_x, k_u, k_e, k: widths of the embeddings of exercise, profile and exercise profile, and of ψ and h.
    combine: the ⊕ of eq. 3, which the paper leaves undefined: element-wise product or sum.
    profile_attention: without it ψ = W1·H_X, and no profile enters the prediction.
    temporal_attention: without it φ = ψ, and no exercise profile enters the prediction.
    bias: a constant term in eq. 7. The paper prints none, its code has one in each layer. Without it an empty history
        gives the uniform distribution, and a label given there teaches nothing.
    dropout: share of H_u and of h(t) set to zero while training; never when predicting.
    patience: epochs without a better loss on the clients held out for stopping before training ends.
    stopping_share, calibration_share: shares of the clients kept out of training for those two purposes.
    min_inputs: least number of exercises before a target for it to be trained on; 0 trains on the first one too,
        `window` leaves out every padded window, as the paper's count of 2,343 samples does.
    """

    window: int = 3
    k_x: int = 20
    k_u: int = 15
    k_e: int = 3
    k: int = 10
    combine: Combine = "product"
    profile_attention: bool = True
    temporal_attention: bool = True
    bias: bool = True
    dropout: float = 0.2
    epochs: int = 30
    learning_rate: float = 0.01
    batch_size: int = 16
    patience: int = 5
    stopping_share: float = 0.1
    calibration_share: float = 0.15
    min_inputs: int = 0

    def __post_init__(self) -> None:
        for name in ("window", "k_x", "k_u", "k_e", "k", "epochs", "batch_size", "patience"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{name} is {value!r}; it must be a whole number of at least 1.")
        if self.combine not in ("product", "sum"):
            raise InputError(f"combine is {self.combine!r}; it must be 'product' or 'sum'.")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout!r}; it must be at least 0 and less than 1.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate is {self.learning_rate!r}; it must be a positive number.")
        for name in ("stopping_share", "calibration_share"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be at least 0 and less than 1.")
        if self.stopping_share + self.calibration_share >= 1:
            raise InputError("stopping_share and calibration_share together must leave clients to train on.")
        if not isinstance(self.min_inputs, int) or not 0 <= self.min_inputs <= self.window:
            raise InputError(
                f"min_inputs is {self.min_inputs!r}; it must be a whole number from 0 to window."
            )

    @classmethod
    def movielens(cls) -> Self:
        """The paper's sizes for MovieLens' hundred most rated films (section V-B)."""
        return cls(k_x=1000, k_u=1000, k_e=3, k=300, learning_rate=0.001, batch_size=256)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training is, reported after each epoch (counted from 1).

    Losses are mean cross-entropies in nats; `stop_loss` is that on the clients held out for stopping, None if there
    are none. `best_epoch` is the epoch whose weights would be kept if training ended here.
    """

    epoch: int
    epochs: int
    train_loss: float
    stop_loss: float | None
    best_epoch: int


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a fit did: clients and windows of each part, the losses of each epoch, and the epoch that was kept.

    `stop_losses` is empty when no client could be held out for stopping. `calibration_held_out` is False when the
    cohort is a single client, whose own training windows then have to serve for calibration.
    """

    training_clients: int
    stopping_clients: int
    calibration_clients: int
    training_windows: int
    best_epoch: int
    train_losses: tuple[float, ...]
    stop_losses: tuple[float, ...]
    calibration_held_out: bool
