"""What trained folds get right: as they are, started on the nearest clients, and taught by a simulated expert."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.recommender.answering import FourFigures, Walk, four_figures, likely, walk
from core.recommender.evaluation import ranks
from core.recommender.margin import MarginDistribution, fit_margin
from core.recommender.personalising import NEIGHBOURS_RATE, LastLayer
from core.recommender.windows import Floats, Ints, Windows
from core.services.studies.protocols import KS
from core.services.studies.tables.table1 import calibrating
from core.services.studies.tables.table1.rows import ASKING, Row
from core.services.studies.tables.table1.settings import Settings
from core.services.studies.tables.table1.setup import Setup, nearest_windows

if TYPE_CHECKING:
    from core.recommender.network import Network

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _Fold:
    """One fold as it stands before any answer.

    Attributes:
        states: (T, K) h(t) of the tested windows; likely: (T, N); ranks: (T,) of what the client did.
        rehearsal: (R, K) h(t) of the training windows, rehearsal_targets: (R,); empty where nothing is taught.
        fitted: the Dirichlet of the training windows; None where nothing is taught.
    """

    layer: LastLayer
    states: Floats
    likely: Floats
    targets: Ints
    ranks: Ints
    rehearsal: Floats
    rehearsal_targets: Ints
    fitted: "MarginDistribution | None"


def evaluate(
    settings: Settings,
    setup: Setup,
    stack: "Network",
    rows: Sequence[Row],
    *,
    rated: bool,
    progress: Progress,
) -> dict[str, Any]:
    """The figures of each row, and with ``rated`` how often each rule asks of clients left out.

    Args:
        stack: the trained networks, one a fold.
        progress: called with the fraction done.
    """
    found: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    todo = sum(len(settings.asking) if row.learns else 1 for row in rows) + 1
    for starts in (False, True):
        own = [row for row in rows if row.starts == starts]
        if not own and not (rated and not starts):
            continue
        network = _started(settings, setup, stack) if starts else stack
        learns = any(row.learns for row in own)
        folds = _folds(setup, network, learns=learns or (rated and not starts))
        if rated and not starts:
            asked = _rates(folds)
        progress((len(found) + 1) / todo)
        for row in own:
            for rule in settings.asking if row.learns else ("",):
                found.append(_taught(settings, setup, folds, row, rule) if rule else _plain(folds, row))
                progress((len(found) + 1) / todo)
    return {"rows": found, "rates": asked}


def _started(settings: Settings, setup: Setup, stack: "Network") -> "Network":
    """Each fold fine-tuned on the clients nearest to the one left out: row 6."""
    import torch

    from core.recommender import folds

    return folds.fine_tune(
        stack,
        nearest_windows(setup, settings.neighbours),
        setup.profiles,
        NEIGHBOURS_RATE,
        [torch.Generator().manual_seed(seed) for seed in setup.seeds],
    )


def _folds(setup: Setup, stack: "Network", *, learns: bool) -> list[_Fold]:
    found = []
    for index, (tested, trained) in enumerate(zip(setup.tested, setup.windows, strict=True)):
        network = stack.one(index)
        bias = network.weights.get("b_y")
        layer = LastLayer(
            network.weights["w_y"].double().numpy(), None if bias is None else bias.double().numpy()
        )
        states = _states(network, tested, setup.profiles)
        probabilities = likely(layer, states)
        rehearsal = _states(network, trained, setup.profiles) if learns else states[:0]
        found.append(
            _Fold(
                layer,
                states,
                probabilities,
                tested.targets,
                ranks(probabilities, tested.targets),
                rehearsal,
                trained.targets if learns else tested.targets[:0],
                _dirichlet(likely(layer, rehearsal)) if learns else None,
            )
        )
    return found


def _dirichlet(probabilities: Floats) -> MarginDistribution:
    """The Dirichlet of (n, N) probabilities; InputError in words for who chose the cohort if it has none."""
    try:
        return fit_margin(probabilities)
    except InputError as error:
        raise InputError(
            "This cohort is too small for Table I: with a client left out, what is left is too little to fit a "
            f"Dirichlet distribution to the margins ({error})."
        ) from error


def _states(network: "Network", windows: Windows, profiles: Floats) -> Floats:
    from core.recommender.training import hidden_states
    from core.recommender.version import Body

    states: Floats = hidden_states(Body(network), windows.items, windows.clients, profiles).double().numpy()
    return states


def _plain(folds: Sequence[_Fold], row: Row) -> dict[str, Any]:
    places = np.concatenate([fold.ranks for fold in folds])
    return {
        "row": row.key,
        "rule": "",
        "all": [100.0 * float(np.mean(places < k)) for k in KS],
        "clients": [100.0 * float(np.mean(fold.ranks < 1)) for fold in folds],
    }


def _taught(settings: Settings, setup: Setup, folds: Sequence[_Fold], row: Row, rule: str) -> dict[str, Any]:
    asking = ASKING[rule]
    certainty = calibrating.certainty(asking.score)
    before = [certainty(fold.likely) for fold in folds]
    walks: list[Walk] = []
    for index, fold in enumerate(folds):
        walks.append(
            walk(
                fold.layer,
                fold.states,
                fold.targets,
                certainty=certainty,
                threshold=calibrating.threshold(asking, settings.alpha, before, index, fold.fitted),
                rehearsal=fold.rehearsal,
                rehearsal_targets=fold.rehearsal_targets,
                rng=np.random.default_rng([setup.seeds[index], 1]),
            )
        )
    figures = four_figures(walks, [fold.ranks for fold in folds], before, KS)
    return {
        "row": row.key,
        "rule": rule,
        **_percent(figures),
        "clients": [100.0 * float(np.mean(one.ranks < 1)) for one in walks],
    }


def _percent(figures: FourFigures) -> dict[str, Any]:
    def of(top: dict[int, float] | None) -> list[float] | None:
        return None if top is None else [100.0 * top[k] for k in KS]

    return {
        "asked": 100.0 * figures.asked,
        "all": of(figures.all_steps),
        "unasked": of(figures.unasked),
        "untaught": of(figures.untaught),
    }


def _rates(folds: Sequence[_Fold]) -> list[dict[str, Any]]:
    margins = [calibrating.certainty("margin")(fold.likely) for fold in folds]
    fitted = [fold.fitted for fold in folds if fold.fitted is not None]
    others = [
        _dirichlet(np.concatenate([fold.likely for other, fold in enumerate(folds) if other != index]))
        for index in range(len(folds))
    ]
    return calibrating.rates(margins, fitted, others)
