"""What the folds of one training and one repeat are trained and tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import InputError
from core.recommender import Settings as NetworkSettings
from core.recommender.augmentation import augment, mined_rules, same_category
from core.recommender.personalising import nearest
from core.recommender.windows import Floats, Histories, Ints, Windows, check_histories, cut_windows
from core.services.studies.tables.profiles import demographic, full
from core.services.studies.tables.table1.data import Data, left_out
from core.services.studies.tables.table1.rows import EXPERT, FULL, HALF, RULES, TRAININGS
from core.services.studies.tables.table1.settings import Settings


@dataclass(frozen=True, slots=True)
class Setup:
    """Folds, one for each client left out, in the order of ``clients`` (rows of profiles).

    Attributes:
        windows: what each fold trains on: the originals, and those of augmented sequences where there are any.
        originals: the windows of all clients but the one left out.
        tested: those of the client left out.
    """

    clients: Ints
    seeds: list[int]
    network: NetworkSettings
    profiles: Floats
    windows: list[Windows]
    originals: list[Windows]
    tested: list[Windows]


def setup_of(settings: Settings, data: Data, training: str, seed: int) -> Setup:
    """The folds of a training (a key of ``TRAININGS``); random numbers come from the seed."""
    arrays = data.cohort.arrays
    cohort = data.histories()
    clients = left_out(cohort, settings.window)
    profiles = full(arrays) if training == FULL else demographic(arrays)
    if not profiles.shape[1]:
        raise InputError(
            f"The profiles of “{data.cohort.name}” hold nothing that rows of Table I could go by, such as age or sex. "
            "Import profiles for this cohort, or choose another."
        )
    # The paper trains for all 30 epochs; its 2,343 samples leave out windows with padding.
    network = NetworkSettings(window=settings.window, epochs=settings.epochs, min_inputs=settings.window)
    if training == HALF:
        network = replace(network, k=network.k // 2)
    own = cut_windows(cohort, settings.window, min_inputs=settings.window)
    originals = [own.take(own.clients != client) for client in clients]
    return Setup(
        clients=np.array(clients),
        seeds=[fold_seed(seed, client) for client in clients],
        network=network,
        profiles=profiles,
        windows=_augmented(settings, data, cohort, training, seed, originals, clients),
        originals=originals,
        tested=[own.take(own.clients == client) for client in clients],
    )


def fold_seed(seed: int, client: int) -> int:
    """The seed of the fold that leaves a client out; the same in every study that leaves clients out."""
    return int(np.random.SeedSequence([seed, client]).generate_state(1)[0])


def _augmented(
    settings: Settings,
    data: Data,
    cohort: Histories,
    training: str,
    seed: int,
    originals: list[Windows],
    clients: Sequence[int],
) -> list[Windows]:
    """Each fold's training windows, with those of its augmented sequences added where the row says so."""
    if training not in (EXPERT, RULES):
        return originals
    histories = data.cohort.arrays.histories
    likes = same_category(data.categories)
    result = []
    for client, windows in zip(clients, originals, strict=True):
        if training == RULES:
            likes = mined_rules(_transactions(settings, data, cohort, client))
        if not likes.partners:
            raise InputError(_nothing_alike(training, data.cohort.name))
        rng = np.random.default_rng([seed, client, list(TRAININGS).index(training)])
        # The client left out keeps its place, so that numbers of clients stay rows of profiles.
        others = [[] if i == client else history for i, history in enumerate(histories)]
        new = check_histories(augment(others, likes, rng, share=settings.share), len(data.categories))
        result.append(_joined(windows, cut_windows(new, settings.window, min_inputs=settings.window)))
    return result


def _transactions(settings: Settings, data: Data, cohort: Histories, client: int) -> list[Ints]:
    """What the other clients did together: in one session, or in one window where every session is a single exercise.

    The paper does not say what its transactions are. A session is what was chosen in one go, as a basket is.
    """
    others = cohort.clients != client
    within_session = np.diff(data.sessions) == 0
    if (within_session & (np.diff(cohort.items) != 0)).any():
        items, numbers = cohort.items[others], data.sessions[others]
        return np.split(items, np.flatnonzero(np.diff(numbers)) + 1)
    windows = cut_windows(cohort, settings.window, min_inputs=settings.window - 1, targets=others)
    return list(np.column_stack([windows.items[:, 1:], windows.targets]))


def _nothing_alike(training: str, name: str) -> str:
    if training == EXPERT:
        return (
            f"No two exercises of “{name}” share a category, so that none can take another's place in rows 3 and 7 to "
            "9. Import exercises with categories, or leave these rows out."
        )
    return (
        f"In “{name}” no two exercises come together more often than by chance, so that no rule says what may take "
        "another's place. Leave row 4 out."
    )


def _joined(one: Windows, other: Windows) -> Windows:
    return Windows(
        np.concatenate([one.items, other.items]),
        np.concatenate([one.targets, other.targets]),
        np.concatenate([one.clients, other.clients]),
        np.concatenate([one.places, other.places]),
    )


def nearest_windows(setup: Setup, k: int) -> list[Windows]:
    """For each fold the windows of the k training clients with the nearest profiles (Mahyari 2022, section III-B)."""
    result = []
    for client, windows in zip(setup.clients, setup.originals, strict=True):
        known = np.unique(windows.clients)
        near = known[nearest(setup.profiles[client], setup.profiles[known], k)]
        result.append(windows.take(np.isin(windows.clients, near)))
    return result
