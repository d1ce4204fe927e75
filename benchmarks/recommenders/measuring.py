"""How every model is measured: one function ranks, whoever made the scores.

A model gives an (M, N) matrix of scores, a row for each tested window and a column for each item. The items that
compete, the exclusion of what was done before, and ties are then the same for all: `core.recommender.evaluation.ranks`.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.recommenders.cohorts import Cohort, prefixes
from core.errors import InputError
from core.recommender.baselines import Model
from core.recommender.evaluation import ranks, seen_before
from core.recommender.windows import Bools, Floats, Ints, check_matrix

KS = (1, 5, 10)
CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is to do: learn from the items marked in ``train``, and foretell those at ``places``.

    exclude_seen: whether what a client has done before is out of the running.
    """

    cohort: Cohort
    train: Bools
    places: Ints
    seed: int
    exclude_seen: bool


def check_scores(scores: Floats, task: Task, name: str) -> Floats:
    """The scores if they are one finite row a tested window with a column an item; InputError otherwise."""
    wanted = (len(task.places), task.cohort.n_items)
    if np.shape(scores) != wanted:
        raise InputError(
            f"The scores of {name} have shape {np.shape(scores)}; {wanted} is expected, a row for each tested window "
            "and a column for each item."
        )
    return check_matrix(scores, f"scores of {name}")


def ranks_of(scores: Floats, task: Task, name: str, *, exclude_seen: bool | None = None) -> Ints:
    """The place of each tested item among all (from 0), shape (M,); one that is out of the running is beyond every k.

    exclude_seen: in place of the task's own.
    """
    checked = check_scores(scores, task, name)
    laid = task.cohort.laid
    excluding = task.exclude_seen if exclude_seen is None else exclude_seen
    found = np.empty(len(task.places), dtype=np.int64)
    for start in range(0, len(found), CHUNK):
        part = slice(start, start + CHUNK)
        at = task.places[part]
        seen = seen_before(task.cohort.arrays.histories, at, task.cohort.n_items) if excluding else None
        found[part] = ranks(checked[part], laid.items[at], exclude=seen)
    n = task.cohort.n_items
    result: Ints = np.where(found < n, found, max(n, *KS))
    return result


def scores_of(model: Model, task: Task) -> Floats:
    """What a fitted model says of every tested window, shape (M, N)."""
    parts = []
    for start in range(0, len(task.places), CHUNK):
        histories, profiles = prefixes(task.cohort, task.places[start : start + CHUNK])
        parts.append(model.predict_proba(histories, profiles))
    return np.vstack(parts)


def hits(places: Ints, ks: tuple[int, ...] = KS) -> Floats:
    """Whether each target was among the first k, as 0 and 1, shape (M, len(ks))."""
    return np.asarray(places[:, None] < np.array(ks), dtype=np.float64)


def percent(places: Ints, ks: tuple[int, ...] = KS) -> list[float]:
    """Top-k accuracy in % for each k."""
    return [100 * float(value) for value in hits(places, ks).mean(axis=0)]
