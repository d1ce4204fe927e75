"""How well a model foretells the next exercise: splits, ranks and top-k accuracy.

A split says of every exercise in every history whether a model may train on it as a target, and whether it is tested.
Histories themselves are never cut: what came before a target is known when it is predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError
from core.recommender.baselines import Model
from core.recommender.windows import Bools, Histories, History, Ints, check_histories, check_matrix


@dataclass(frozen=True, slots=True)
class Split:
    """Which exercises are trained on and which tested; masks over all items of the histories, client after client."""

    name: str
    train: Bools
    test: Bools


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Top-k accuracy by k, over `windows` tested windows; exclude_seen says how they were ranked."""

    top: dict[int, float]
    windows: int
    exclude_seen: bool


def clients_held_out(histories: Sequence[History], rng: np.random.Generator, *, share: float = 0.2) -> Split:
    """Whole clients are tested, of whom training saw nothing; at least one each side."""
    laid = check_histories(histories)
    n = len(laid)
    _check_share(share)
    if n < 2:
        raise InputError(f"histories holds {n} clients; holding one out takes at least two.")
    out = rng.permutation(n)[: min(n - 1, max(1, round(share * n)))]
    test = np.isin(laid.clients, out)
    return Split("clients held out", ~test, test)


def leave_one_out(histories: Sequence[History]) -> list[Split]:
    """For each client a split that tests it and trains on all others, in their order (Mahyari 2022, section V-A)."""
    laid = check_histories(histories)
    n = len(laid)
    if n < 2:
        raise InputError(f"histories holds {n} clients; leaving one out takes at least two.")
    clients = laid.clients
    return [Split("one client left out", clients != client, clients == client) for client in range(n)]


def last_share(histories: Sequence[History], *, share: float = 0.2) -> Split:
    """The end of each client's history is tested: its last 20 %, rounded down."""
    laid = check_histories(histories)
    _check_share(share)
    lengths = np.diff(laid.starts)
    # The small term keeps 0.2 × 35 at 7 where binary fractions give 6.999….
    tested = np.floor(share * lengths + 1e-9).astype(np.int64)
    left = laid.starts[1:][laid.clients] - np.arange(len(laid.items))
    test = left <= tested[laid.clients]
    return Split("last of each client", ~test, test)


def random_windows(histories: Sequence[History], rng: np.random.Generator, *, share: float = 0.2) -> Split:
    """Windows at random, as in the paper: leaks, for comparison only.

    A tested window's target stands among the inputs of training windows of the same client, and a model that
    recognises the client learns from them what came next.
    """
    laid = check_histories(histories)
    _check_share(share)
    n = len(laid.items)
    if n < 2:
        raise InputError(f"histories hold {n} exercises; a split takes at least two.")
    test = np.zeros(n, dtype=np.bool_)
    test[rng.permutation(n)[: min(n - 1, max(1, round(share * n)))]] = True
    return Split("random windows (leaks; for comparison only)", ~test, test)


def seen_before(histories: Sequence[History], places: Ints, n_exercises: int) -> Bools:
    """Which exercises a client had done before each place among all items, shape (len(places), N)."""
    return _seen(check_histories(histories, n_exercises), places, n_exercises)


def ranks(probabilities: ArrayLike, targets: ArrayLike, *, exclude: Bools | None = None) -> Ints:
    """The place of each target among the exercises, from 0 for the most probable; shape (M,).

    Of equal probabilities the smaller index ranks first. exclude: (M, N) exercises out of the running; a target that
    is excluded itself ranks last, at N.
    """
    p = check_matrix(probabilities, "probabilities")
    wanted = np.asarray(targets)
    n = p.shape[1]
    if wanted.shape != (len(p),) or wanted.dtype.kind not in "iu":
        raise InputError(
            f"targets has shape {wanted.shape}; one exercise index for each of {len(p)} rows is expected."
        )
    if len(wanted) and not 0 <= wanted.min() <= wanted.max() < n:
        raise InputError(
            f"targets run from {wanted.min()} to {wanted.max()}; exercise indices run from 0 to {n - 1}."
        )
    rows = np.arange(len(p))
    own = p[rows, wanted][:, None]
    ahead = (p > own) | ((p == own) & (np.arange(n) < wanted[:, None]))
    if exclude is None:
        exclude = np.zeros_like(ahead)
    elif exclude.shape != p.shape:
        raise InputError(f"exclude has shape {exclude.shape}; that of probabilities, {p.shape}, is expected.")
    result: Ints = np.where(exclude[rows, wanted], n, (ahead & ~exclude).sum(axis=1))
    return result


def top_k_accuracy(
    probabilities: ArrayLike,
    targets: ArrayLike,
    ks: Sequence[int] = (1, 5, 10),
    *,
    exclude: Bools | None = None,
) -> dict[int, float]:
    """The share of targets among the k most probable exercises, for each k; ties and exclusion as in `ranks`.

    Raises InputError if there is no target, or a k below 1.
    """
    if any(k < 1 for k in ks):
        raise InputError(f"ks is {tuple(ks)}; each k must be at least 1.")
    places = ranks(probabilities, targets, exclude=exclude)
    if not len(places):
        raise InputError("targets is empty; there is nothing to be right or wrong about.")
    n = np.asarray(probabilities).shape[1]
    return {int(k): float(np.mean(places < min(k, n))) for k in ks}


def evaluate(
    model: Model,
    histories: Sequence[History],
    profiles: ArrayLike,
    split: Split,
    *,
    ks: Sequence[int] = (1, 5, 10),
    exclude_seen: bool = False,
    min_inputs: int = 0,
    chunk: int = 4096,
) -> Accuracy:
    """Top-k accuracy of a fitted model on the tested part of a split; the model sees all that came before each target.

    exclude_seen: exercises the client has done before are out of the running (as films are that have been rated).
    min_inputs: targets with fewer exercises before them are not tested. chunk: windows predicted at a time.
    """
    laid = check_histories(histories)
    table = check_matrix(profiles, "profiles", rows=len(laid))
    clients = laid.clients
    before = np.arange(len(laid.items)) - laid.starts[clients]
    if split.test.shape != before.shape:
        raise InputError(
            f"split was made for {len(split.test)} exercises; these histories hold {len(before)}."
        )
    places = np.flatnonzero(split.test & (before >= min_inputs))
    if not len(places):
        raise InputError("split leaves nothing to test; give longer histories or a larger share.")
    hits = dict.fromkeys(map(int, ks), 0.0)
    for start in range(0, len(places), chunk):
        at = places[start : start + chunk]
        prefixes = [laid.items[laid.starts[clients[place]] : place] for place in at]
        likely = model.predict_proba(prefixes, table[clients[at]])
        exclude = _seen(laid, at, likely.shape[1]) if exclude_seen else None
        for k, accuracy in top_k_accuracy(likely, laid.items[at], ks, exclude=exclude).items():
            hits[k] += accuracy * len(at)
    return Accuracy({k: hit / len(places) for k, hit in hits.items()}, len(places), exclude_seen)


def _seen(laid: Histories, places: Ints, n_exercises: int) -> Bools:
    clients = laid.clients
    seen = np.zeros((len(places), n_exercises), dtype=np.bool_)
    for row, place in enumerate(places):
        seen[row, laid.items[laid.starts[clients[place]] : place]] = True
    return seen


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise InputError(f"share is {share!r}; it must be between 0 and 1.")
