"""Peers that need no network: popularity, first-order Markov, and item-kNN over windows.

Each has the verbs of `Recommender`, so that an evaluation treats all alike: `fit` takes histories, profiles and
exercises (the last two are not used), and `predict_proba` gives (n, N) rows summing to 1. None draws random numbers.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError, NoModel
from core.recommender.windows import (
    PADDING,
    Floats,
    History,
    Ints,
    Windows,
    check_histories,
    check_matrix,
    check_targets,
    cut_windows,
    last_windows,
)


class Model(Protocol):
    """What an evaluation asks of a model."""

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike,
        exercises: ArrayLike | None = None,
        *,
        targets: ArrayLike | None = None,
    ) -> Self:
        """Learn from a cohort."""
        ...

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike) -> Floats:
        """The probability of each exercise being next, shape (n, N)."""
        ...


class _Baseline:
    """Checks the input and counts; what is special to a baseline is in `_learn` and `_scores`."""

    def __init__(self, *, window: int = 1) -> None:
        if not isinstance(window, int | np.integer) or isinstance(window, bool) or window < 1:
            raise InputError(f"window is {window!r}; it must be a whole number of at least 1.")
        self.window = int(window)
        self._popularity: Floats | None = None

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike | None = None,  # noqa: ARG002
        exercises: ArrayLike | None = None,
        *,
        targets: ArrayLike | None = None,
    ) -> Self:
        """Count the allowed targets and what came before them.

        histories: one sequence of exercise indices a client, oldest first; exercises: (N, E), read for N alone (None:
        N is the largest index + 1); targets: which of all exercises may be counted as a target (None: all).
        Raises InputError if there is no target.
        """
        n = None if exercises is None else len(check_matrix(exercises, "exercises"))
        cohort = check_histories(histories, n)
        windows = cut_windows(cohort, self.window, targets=check_targets(targets, len(cohort.items)))
        if not len(windows):
            raise InputError("histories hold no target; there is nothing to count.")
        n_exercises = int(cohort.items.max()) + 1 if n is None else n
        # One more of each: an exercise never done keeps a chance.
        counts = np.bincount(windows.targets, minlength=n_exercises) + 1.0
        self._popularity = counts / counts.sum()
        self._learn(windows, n_exercises)
        return self

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike | None = None) -> Floats:  # noqa: ARG002
        """The probability of each exercise being next, shape (n, N), rows summing to 1."""
        if self._popularity is None:
            raise NoModel("This baseline has not been fitted; call fit first.")
        items = last_windows(histories, self.window, len(self._popularity))
        scores = self._scores(items, self._popularity)
        result: Floats = scores / scores.sum(axis=1, keepdims=True)
        return result

    def _learn(self, windows: Windows, n_exercises: int) -> None:
        """Learn more than how often each exercise was done."""

    def _scores(self, items: Ints, popularity: Floats) -> Floats:
        raise NotImplementedError


class Popularity(_Baseline):
    """Every client is offered what is done most: the relative frequency of each exercise, plus one each."""

    def __init__(self) -> None:
        super().__init__(window=1)

    def _scores(self, items: Ints, popularity: Floats) -> Floats:
        return np.tile(popularity, (len(items), 1))


class Markov(_Baseline):
    """First-order Markov chain: the frequency with which each exercise followed the last one.

    smoothing: so many transitions of each exercise are imagined, spread by popularity; they decide where none was seen,
    and an empty history gives popularity alone.
    """

    def __init__(self, *, smoothing: float = 1.0) -> None:
        super().__init__(window=1)
        if not smoothing > 0:
            raise InputError(f"smoothing is {smoothing!r}; it must be a positive number.")
        self.smoothing = float(smoothing)

    def _learn(self, windows: Windows, n_exercises: int) -> None:
        self._followed = _counts(windows, n_exercises)

    def _scores(self, items: Ints, popularity: Floats) -> Floats:
        last = items[:, -1]
        seen = np.where((last == PADDING)[:, None], 0.0, self._followed[last])
        return seen + self.smoothing * popularity


class ItemKNN(_Baseline):
    """Item-to-item nearest neighbours: exercises that follow within ω of those in the client's window.

    The likeness of i and j is the cosine of two sets of training windows: those that hold i, and those whose target is
    j. An exercise scores the sum of its likeness to each in the client's window. Where nothing is alike, popularity
    decides (at a thousandth of the weight of a full likeness). neighbours: how many j are kept for each i; None keeps
    all. Of equally alike ones the smaller index is kept.
    """

    def __init__(self, *, window: int = 3, neighbours: int | None = None) -> None:
        super().__init__(window=window)
        if neighbours is not None and neighbours < 1:
            raise InputError(f"neighbours is {neighbours!r}; it must be at least 1, or None for all.")
        self.neighbours = neighbours

    def _learn(self, windows: Windows, n_exercises: int) -> None:
        together = _counts(windows, n_exercises)
        holding = np.bincount(_each_once(windows.items)[1], minlength=n_exercises)
        target = np.bincount(windows.targets, minlength=n_exercises)
        likeness = together / np.sqrt(np.maximum(np.outer(holding, target), 1))
        if self.neighbours is not None:
            beyond = np.argsort(-likeness, axis=1, kind="stable")[:, self.neighbours :]
            np.put_along_axis(likeness, beyond, 0.0, axis=1)
        self._likeness = likeness

    def _scores(self, items: Ints, popularity: Floats) -> Floats:
        scores = np.tile(popularity / 1000, (len(items), 1))
        rows, held = _each_once(items)
        np.add.at(scores, rows, self._likeness[held])
        return scores


def _counts(windows: Windows, n_exercises: int) -> Floats:
    """In how many windows i was held when j was the target, shape (N, N)."""
    rows, held = _each_once(windows.items)
    counts = np.zeros((n_exercises, n_exercises))
    np.add.at(counts, (held, windows.targets[rows]), 1.0)
    return counts


def _each_once(items: Ints) -> tuple[Ints, Ints]:
    """Row and exercise of every exercise held in the windows, counted once a window and without padding."""
    ordered = np.sort(items, axis=1)
    first = ordered != PADDING
    first[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    rows, columns = np.nonzero(first)
    return rows, ordered[rows, columns]
