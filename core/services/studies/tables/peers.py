"""The rows of Tables II and III: the four sequence models, each trained in two ways, and the paper's network."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from core.recommender.sequence_models.settings import KINDS, Kind, SequenceSettings
from core.services.studies.tables.paper import Printed

if TYPE_CHECKING:
    from core.recommender import Settings as NetworkSettings
    from core.recommender.sequence_models import Loss

NETWORK = "network"
MARKOV = "markov"
PUBLISHED, SOFTMAX = "published", "softmax"
TRAININGS = {PUBLISHED: "as published", SOFTMAX: "full softmax"}
FILM_SIZE = "films"
SIZES = {FILM_SIZE: "size for films", "exercises": "size for exercises"}
LOSSES: tuple[str, ...] = ("pointwise", "bpr", "hinge", "adaptive hinge")
MODELS: dict[str, str] = {
    **dict[str, str](KINDS.items()),
    NETWORK: "Network of the paper",
    MARKOV: "Markov, first order (not in the paper)",
}

LIBRARY = (
    "The paper compares with the sequence models of the library Spotlight and prints no settings for "
    "them. “As published” trains ours with that library's defaults: {loss} loss on negatives drawn "
    "evenly, histories in pieces of 10, 256 pieces a step, ten epochs. “Full softmax” trains the same "
    "models on the cross-entropy over all exercises and whole histories, until a tenth of the training "
    "clients does no better; its learning rate and dropout were chosen by the loss on such clients. "
    "GRU4REC is a gated recurrent unit as in its own paper; the library has a long short-term memory "
    "under that citation."
)


def kind_of(model: str) -> Kind | None:
    """The sequence model of that name, None for the others."""
    return next((kind for kind in KINDS if kind == model), None)


def peer_settings(training: str, loss: str, *, films: bool = False) -> SequenceSettings:
    """How a sequence model is trained; films are many more clients, and take larger steps with a smaller rate."""
    if training == PUBLISHED:
        return SequenceSettings.as_published(cast("Loss", loss))
    return SequenceSettings.movielens() if films else SequenceSettings()


def film_network(size: str, *, window: int, epochs: int) -> "NetworkSettings":
    """The paper's network on films in one of its two sizes (a key of ``SIZES``), nobody kept for calibration.

    Nobody is asked here, and the other models train on these clients too.
    """
    from core.recommender import Settings as NetworkSettings

    films = NetworkSettings.movielens()
    if size != FILM_SIZE:
        # The paper gives sizes alone: batches are as for films, which have many more samples than exercises.
        small = NetworkSettings()
        films = replace(
            films,
            k_x=small.k_x,
            k_u=small.k_u,
            k_e=small.k_e,
            k=small.k,
            learning_rate=small.learning_rate,
        )
    return replace(films, window=window, epochs=epochs, calibration_share=0.0)


def printed(model: str, table: tuple[Printed, ...]) -> Printed | None:
    """The paper's row of a model in Table II or III."""
    name = "Baseline (Demographic)" if model == NETWORK else MODELS[model]
    return next((row for row in table if row.method == name), None)


def trainings(model: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The ways in which a model is trained; the network and the Markov chain have one, of no name."""
    return chosen if kind_of(model) else ("",)


def label(model: str, how: str) -> str:
    """A row's name in a chart or a sentence; how: its training, or the network's size."""
    word = {**TRAININGS, **SIZES}.get(how)
    return f"{MODELS[model]}, {word}" if word else MODELS[model]
