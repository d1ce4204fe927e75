"""How studies on recommenders test: the splits, whether what was done before may come again, and the ranks counted."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.recommender.evaluation import Split

KS = (1, 5, 10)
SPLITS = {
    "clients": "clients held out",
    "last": "last of each client",
    "random": "random windows (leaks, for comparison only)",
}
REPEATS = {"allowed": ("allowed",), "excluded": ("excluded",), "both": ("allowed", "excluded")}


def split(name: str, histories: list[list[int]], share: float, rng: np.random.Generator) -> "Split":
    """The split of that name (a key of ``SPLITS``); ``last`` draws nothing."""
    from core.recommender import evaluation

    if name == "clients":
        return evaluation.clients_held_out(histories, rng, share=share)
    if name == "last":
        return evaluation.last_share(histories, share=share)
    return evaluation.random_windows(histories, rng, share=share)
