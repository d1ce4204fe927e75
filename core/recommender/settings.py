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
    answer_rate: of Adam where an answer teaches the last layer; the authors' code has 0.01.
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
    answer_rate: float = 0.01

    def __post_init__(self) -> None:
        _check_counts(self, ("window", "k_x", "k_u", "k_e", "k", "epochs", "batch_size", "patience"))
        if self.combine not in ("product", "sum"):
            raise InputError(f"combine is {self.combine!r}; it must be 'product' or 'sum'.")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout!r}; it must be at least 0 and less than 1.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate is {self.learning_rate!r}; it must be a positive number.")
        _check_shares(self)

    @classmethod
    def movielens(cls) -> Self:
        """The paper's sizes for MovieLens' hundred most rated films (section V-B)."""
        return cls(k_x=1000, k_u=1000, k_e=3, k=300, learning_rate=0.001, batch_size=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullHistorySettings:
    """Sizes of the recurrent ensemble over the full history, and how it is trained (see `full_history`).

    The defaults were chosen on MovieLens 100K, on clients held out by other draws than those of any reported figure,
    and are the same for every cohort. Draws have clients in common, and `look_ahead` was looked at on the ends of
    histories too, so that figures on films may flatter these settings a little.

    window: the last so many exercises are read; longer histories are trained on in overlapping stretches.
    members: networks that are averaged. embedding, state: widths of an exercise's embedding and of a member's state.
    discounts: of the counts of what was done, by exercise since; the first is 1, which counts everything alike.
    look_ahead: exercises over which a target may be spread while training, every one counting half of the one before.
    dropout, count_dropout: shares of embeddings and states, and of counts, set to zero while training.
    batch_size: histories in a step. weight_decay: of Adam (decoupled).
    patience, stopping_share, calibration_share, min_inputs: as in `Settings`, patience for each member by itself.
    answer_rate: as in `Settings`; smaller, because a step of Adam moves each of many more weights as far.
    """

    window: int = 128
    members: int = 3
    embedding: int = 64
    state: int = 128
    discounts: tuple[float, ...] = (1.0, 0.9, 0.6, 0.0)
    look_ahead: int = 4
    dropout: float = 0.4
    count_dropout: float = 0.2
    epochs: int = 200
    learning_rate: float = 0.002
    weight_decay: float = 0.01
    batch_size: int = 16
    patience: int = 8
    stopping_share: float = 0.1
    calibration_share: float = 0.15
    min_inputs: int = 0
    answer_rate: float = 0.002

    def __post_init__(self) -> None:
        _check_counts(
            self,
            ("window", "members", "embedding", "state", "look_ahead", "epochs", "batch_size", "patience"),
        )
        # What was read from JSON is a list.
        object.__setattr__(self, "discounts", tuple(self.discounts))
        if not self.discounts or self.discounts[0] != 1 or not all(0 <= d <= 1 for d in self.discounts):
            raise InputError(
                f"discounts is {self.discounts!r}; they must be from 0 to 1, and the first of them 1."
            )
        for name in ("dropout", "count_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be at least 0 and less than 1.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate is {self.learning_rate!r}; it must be a positive number.")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise InputError(f"weight_decay is {self.weight_decay!r}; it must be a number of at least 0.")
        _check_shares(self)


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
    cohort is a single client, whose own training windows then have to serve for calibration. An ensemble learns from
    the stopping clients too once they have told when to stop; its losses are means over its members, from before that,
    and the epoch kept is the median of theirs.

    temperature: what the logits were divided by, fitted on the clients held out for stopping; error_before and
    error_after: expected calibration error on the calibration clients without it and with it.
    """

    training_clients: int
    stopping_clients: int
    calibration_clients: int
    training_windows: int
    best_epoch: int
    train_losses: tuple[float, ...]
    stop_losses: tuple[float, ...]
    calibration_held_out: bool
    temperature: float = 1.0
    error_before: float | None = None
    error_after: float | None = None


def _check_counts(settings: "Settings | FullHistorySettings", names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is {value!r}; it must be a whole number of at least 1.")


def _check_shares(settings: "Settings | FullHistorySettings") -> None:
    for name in ("stopping_share", "calibration_share"):
        if not 0 <= getattr(settings, name) < 1:
            raise InputError(f"{name} is {getattr(settings, name)!r}; it must be at least 0 and less than 1.")
    if settings.stopping_share + settings.calibration_share >= 1:
        raise InputError("stopping_share and calibration_share together must leave clients to train on.")
    if not isinstance(settings.min_inputs, int) or not 0 <= settings.min_inputs <= settings.window:
        raise InputError(
            f"min_inputs is {settings.min_inputs!r}; it must be a whole number from 0 to window."
        )
