"""A simulated expert in the loop: walks through a client's history, asks, is answered with what was done, and learns.

As the paper evaluates it (Mahyari 2022, section V-A): where the model is unsure, the answer is the exercise that the
client did, and the last layer is fine-tuned on it for that client alone (`personalising.teach`). The authors' code
leaves every step that was asked about out of its accuracy; here these are kept apart, see `FourFigures`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.errors import InputError
from core.recommender.evaluation import ranks
from core.recommender.personalising import ANSWER_RATE, LastLayer, teach
from core.recommender.windows import Bools, Floats, Ints

Certainty = Callable[[Floats], Floats]
"""(n, N) probabilities to (n,) numbers in [0, 1], small where the model is unsure; the margin is one."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What happened at each of a client's T steps.

    asked: (T,) whether it was asked about; ranks: (T,) the place of what was done among the exercises (0 the first), by
    the model as it stood before the step, taught by the answers to earlier steps alone.
    """

    asked: Bools
    ranks: Ints


@dataclass(frozen=True, slots=True)
class FourFigures:
    """The four figures that an evaluation with an expert in the loop reports apart; accuracies by k, from 0 to 1.

    asked: share of steps asked about. all_steps: accuracy on every step, those asked about counted by what the model
    said before it was answered. unasked: accuracy on the steps not asked about, the only ones in the authors' figures.
    untaught: accuracy of the model without any learning on its most certain steps, as many as were not asked about;
    `unasked` is to be compared with it, because leaving out the uncertain steps raises accuracy by itself. The last two
    are None where every step was asked about.
    """

    asked: float
    all_steps: dict[int, float]
    unasked: dict[int, float] | None
    untaught: dict[int, float] | None


def likely(layer: LastLayer, states: Floats) -> Floats:
    """Eq. 7 for states (T, K): (T, N)."""
    logits = states @ layer.weights.T
    result: Floats = special.softmax(logits if layer.bias is None else logits + layer.bias, axis=1)
    return result


def walk(
    layer: LastLayer,
    states: Floats,
    targets: Ints,
    *,
    certainty: Certainty,
    threshold: float,
    rehearsal: Floats,
    rehearsal_targets: Ints,
    rng: np.random.Generator,
    rate: float = ANSWER_RATE,
) -> Walk:
    """Go through a client's steps in order, asking where the certainty is below the threshold.

    states: (T, K) of h(t), which an answer does not change; targets: (T,) what the client did, the expert's answers;
    rehearsal (R, K) and rehearsal_targets (R,): training windows that an answer is taught among.
    """
    asked = np.zeros(len(targets), dtype=np.bool_)
    found = np.empty(len(targets), dtype=np.int64)
    at = 0
    while at < len(targets):
        # Nothing changes up to the next step that is asked about, so that all are predicted at once.
        probabilities = likely(layer, states[at:])
        unsure = np.flatnonzero(certainty(probabilities) < threshold)
        end = len(targets) if not len(unsure) else at + int(unsure[0]) + 1
        found[at:end] = ranks(probabilities[: end - at], targets[at:end])
        if len(unsure):
            asked[end - 1] = True
            if end < len(targets):
                layer = teach(
                    layer,
                    states[end - 1],
                    int(targets[end - 1]),
                    rehearsal,
                    rehearsal_targets,
                    rng,
                    rate=rate,
                )
        at = end
    return Walk(asked, found)


def four_figures(
    walks: Sequence[Walk],
    untaught_ranks: Sequence[Ints],
    untaught_certainty: Sequence[Floats],
    ks: Sequence[int] = (1, 5, 10),
) -> FourFigures:
    """The four figures over the steps of all clients together.

    untaught_ranks and untaught_certainty: for each client (T,) of the model without learning, its certainty by the same
    score as was asked by. Of equally certain steps the first counts as more certain. Raises InputError without a step
    or where lengths differ.
    """
    if not len(walks) == len(untaught_ranks) == len(untaught_certainty) or not sum(
        len(one.asked) for one in walks
    ):
        raise InputError(
            f"There are {len(walks)} walks with {sum(len(one.asked) for one in walks)} steps, {len(untaught_ranks)} "
            f"untaught ranks and {len(untaught_certainty)} certainties; one of each a client and a step are needed."
        )
    asked = np.concatenate([one.asked for one in walks])
    taught = np.concatenate([one.ranks for one in walks])
    before, certainty = np.concatenate(untaught_ranks), np.concatenate(untaught_certainty)
    if not len(asked) == len(before) == len(certainty):
        raise InputError(
            f"The walks have {len(asked)} steps, the untaught model {len(before)} ranks and {len(certainty)} "
            "certainties; they must be of the same steps."
        )
    n = int(np.count_nonzero(~asked))
    most_certain = np.argsort(-certainty, kind="stable")[:n]
    return FourFigures(
        asked=float(asked.mean()),
        all_steps=_top(taught, ks),
        unasked=_top(taught[~asked], ks) if n else None,
        untaught=_top(before[most_certain], ks) if n else None,
    )


def _top(places: Ints, ks: Sequence[int]) -> dict[int, float]:
    return {int(k): float(np.mean(places < k)) for k in ks}
