"""A sequence model with the verbs of `Recommender`, and many of them trained at once."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError, NoModel
from core.recommender.sequence_models.settings import KINDS, Kind, SequenceSettings
from core.recommender.windows import (
    PADDING,
    Bools,
    Floats,
    Histories,
    History,
    check_histories,
    check_matrix,
    check_targets,
    last_windows,
)

if TYPE_CHECKING:
    from core.recommender.sequence_models.architecture import Architecture, Weights

CHUNK = 1024  # histories in one step of a prediction: bounds the memory, not the result


class SequenceModel:
    """Foretells the next exercise from the sequence of all before it.

    >>> model = SequenceModel("gru", SequenceSettings(epochs=2), seed=1).fit([[0, 1, 2, 0, 1], [1, 2, 0, 1, 2]])
    >>> model.predict_proba([[0, 1]]).shape
    (1, 3)

    The same seed and data give the same weights on the same machine with the same number of threads. Trained on
    anything but the softmax its probabilities are scores of a ranking; they say nothing of how sure it is.

    Attributes:
        best_epoch: the epoch whose weights were kept, counted from 1; 0 before fit.
    """

    def __init__(self, kind: Kind, settings: SequenceSettings | None = None, *, seed: int = 0) -> None:
        if kind not in KINDS:
            raise InputError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}.")
        self.kind: Kind = kind
        self.settings = SequenceSettings() if settings is None else settings
        self.seed = _checked_seed(seed)
        self.best_epoch = 0
        self._fitted: tuple[Architecture, Weights] | None = None

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike | None = None,  # noqa: ARG002
        exercises: ArrayLike | None = None,
        *,
        targets: ArrayLike | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Self:
        """Train on a cohort.

        histories: one sequence of exercise indices a client, oldest first; profiles are not used; exercises: (N, E),
        read for N alone (None: N is the largest index + 1); targets: which of all exercises, client after client, may
        be a training target (None: all). progress is told the fraction done after each epoch; raising from it ends
        training. Raises InputError if there is no target, or an index is out of range.
        """
        masks = None if targets is None else np.asarray(targets)[np.newaxis]
        fitted = fit_folds(
            self.kind, histories, exercises, masks, settings=self.settings, seed=self.seed, progress=progress
        )
        self.best_epoch, self._fitted = fitted[0].best_epoch, fitted[0]._fitted
        return self

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike | None = None) -> Floats:  # noqa: ARG002
        """The probability of each exercise being next, shape (n, N), rows summing to 1.

        histories of any length, also empty; only their last `settings.length` exercises are read.
        """
        import torch

        if self._fitted is None:
            raise NoModel("This sequence model has not been fitted; call fit first.")
        architecture, weights = self._fitted
        windows = last_windows(histories, self.settings.length, architecture.n_exercises)
        lengths = (windows != PADDING).sum(axis=1)
        result = np.empty((len(windows), architecture.n_exercises))
        for first in range(0, len(windows), CHUNK):
            chunk, ends = windows[first : first + CHUNK], lengths[first : first + CHUNK]
            steps = np.arange(int(ends.max()))
            # From the left, as training has them; what stands behind the end is not read.
            at = np.minimum(chunk.shape[1] - ends[:, None] + steps, chunk.shape[1] - 1)
            items = torch.from_numpy(np.maximum(np.take_along_axis(chunk, at, axis=1), 0))
            with torch.no_grad():
                states = architecture.run(weights, items)
                last = states[:, torch.arange(len(ends)), torch.from_numpy(ends)]
                logits = architecture.logits(weights, last)[0]
                result[first : first + CHUNK] = torch.softmax(logits.double(), dim=1).numpy()
        return result

    @classmethod
    def _of(
        cls,
        kind: Kind,
        settings: SequenceSettings,
        seed: int,
        epoch: int,
        fitted: "tuple[Architecture, Weights]",
    ) -> Self:
        model = cls(kind, settings, seed=seed)
        model.best_epoch, model._fitted = epoch, fitted
        return model


def fit_folds(
    kind: Kind,
    histories: Sequence[History],
    exercises: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    *,
    settings: SequenceSettings | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> list[SequenceModel]:
    """Train one model for each row of targets, all at once; each ends as `fit` alone with that row would leave it.

    targets: (S, items), what each may train on (None: one model, which may train on all). The other arguments and the
    errors are those of `SequenceModel`.
    """
    from core.recommender.sequence_models import training

    settings = SequenceSettings() if settings is None else settings
    seed = _checked_seed(seed)
    n = None if exercises is None else len(check_matrix(exercises, "exercises"))
    cohort = check_histories(histories, n)
    masks = _masks(targets, cohort)
    n_exercises = int(cohort.items.max()) + 1 if n is None else n
    architecture = training.ARCHITECTURES[kind](settings, n_exercises)
    weights, epochs = training.train(architecture, cohort, masks, seed, progress)
    return [
        SequenceModel._of(
            kind,
            settings,
            seed,
            int(epochs[one]),
            (architecture, {name: weight[one : one + 1].clone() for name, weight in weights.items()}),
        )
        for one in range(len(masks))
    ]


def _masks(targets: ArrayLike | None, cohort: Histories) -> Bools:
    n = len(cohort.items)
    given = np.ones((1, n), dtype=np.bool_) if targets is None else np.asarray(targets)
    if given.ndim != 2 or not len(given):
        raise InputError(f"targets has shape {given.shape}; one row of {n} bools for each model is expected.")
    for row in given:
        check_targets(row, n)
    if not given.any(axis=1).all():
        raise InputError("histories hold no target; there is nothing to learn.")
    return np.asarray(given, dtype=np.bool_)


def _checked_seed(seed: int) -> int:
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed is {seed!r}; it must be a whole number of at least 0.")
    return int(seed)
