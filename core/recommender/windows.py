"""Histories, profiles and the windows cut from them; every check of what a caller hands in.

A window is the last ω exercises before a target, oldest first. Where a client has done fewer, it is filled on the
left with PADDING, which stands for the zero vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError

PADDING = -1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
History = Sequence[int] | NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Histories:
    """The exercises of all clients end to end: client i's are items[starts[i]:starts[i + 1]], oldest first."""

    items: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def clients(self) -> Ints:
        """The client of each item."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class Windows:
    """M samples: items (M, ω) with PADDING on the left, and each one's target, client and place among all items."""

    items: Ints
    targets: Ints
    clients: Ints
    places: Ints

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, which: Ints | Bools) -> "Windows":
        """The samples chosen by index or by mask."""
        return Windows(self.items[which], self.targets[which], self.clients[which], self.places[which])


def check_histories(histories: Sequence[History], n_exercises: int | None = None) -> Histories:
    """Lay histories end to end, having checked that they hold exercise indices.

    Raises InputError if an entry is not a whole number from 0 to n_exercises − 1 (no upper bound when None).
    """
    if isinstance(histories, str | bytes) or not hasattr(histories, "__len__"):
        raise InputError("histories must be a sequence with one sequence of exercise indices a client.")
    arrays = [_indices(history, f"histories[{i}]", n_exercises) for i, history in enumerate(histories)]
    starts = np.zeros(len(arrays) + 1, dtype=np.int64)
    np.cumsum([len(array) for array in arrays], out=starts[1:])
    return Histories(np.concatenate(arrays) if arrays else np.empty(0, np.int64), starts)


def _indices(history: History, name: str, n_exercises: int | None) -> Ints:
    try:
        array = np.asarray(history)
    except ValueError:
        raise InputError(f"{name} is ragged; it must be a flat sequence of exercise indices.") from None
    if array.ndim != 1:
        raise InputError(
            f"{name} has {array.ndim} dimensions; it must be a flat sequence of exercise indices."
        )
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise InputError(f"{name} holds {array.dtype} values; exercise indices are whole numbers.")
    _check_range(array, name, n_exercises)
    return array.astype(np.int64)


def _check_range(array: NDArray[Any], name: str, n_exercises: int | None) -> None:
    low, high = int(array.min()), int(array.max())
    if low < 0 or (n_exercises is not None and high >= n_exercises):
        bad = low if low < 0 else high
        top = "" if n_exercises is None else f" to {n_exercises - 1}"
        raise InputError(f"{name} holds {bad}; exercise indices run from 0{top}.")


def check_exercise(exercise: int, n_exercises: int) -> int:
    """One exercise index; InputError if it is none of the n_exercises."""
    if not isinstance(exercise, int | np.integer) or isinstance(exercise, bool):
        raise InputError(f"exercise is {exercise!r}; it must be a whole number.")
    if not 0 <= exercise < n_exercises:
        raise InputError(f"exercise is {exercise}; exercise indices run from 0 to {n_exercises - 1}.")
    return int(exercise)


def check_matrix(
    values: ArrayLike, name: str, *, rows: int | None = None, columns: int | None = None
) -> Floats:
    """A finite two-dimensional array of floats of the shape asked for; InputError otherwise."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError(f"{name} is ragged or not numeric; it must be a matrix of numbers.") from None
    if array.ndim != 2:
        raise InputError(f"{name} has {array.ndim} dimensions; it must have two (rows, columns).")
    if rows is not None and len(array) != rows:
        raise InputError(f"{name} has {len(array)} rows; {rows} are expected, one a client.")
    if columns is not None and array.shape[1] != columns:
        raise InputError(f"{name} has {array.shape[1]} columns; the model was fitted on {columns}.")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{name}[{row}, {column}] is {array[row, column]}; fill or leave out missing values first."
        )
    return array


def last_windows(histories: Sequence[History], window: int, n_exercises: int) -> Ints:
    """The window that predicts each client's next exercise, shape (n, window); only its part of a history is read."""
    tails = [history[-window:] for history in histories]
    lengths = np.fromiter(map(len, tails), dtype=np.int64, count=len(tails))
    windows = np.full((len(tails), window), PADDING, dtype=np.int64)
    real = np.arange(window) >= window - lengths[:, None]
    if not real.any():
        return windows
    try:
        values = np.asarray([value for tail in tails for value in tail])
    except ValueError:
        raise InputError(
            "histories is nested too deeply; each history is a flat sequence of indices."
        ) from None
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(f"histories hold {values.dtype} values; exercise indices are whole numbers.")
    _check_range(values, "histories", n_exercises)
    windows[real] = values
    return windows


def target_places(histories: Histories, min_inputs: int = 0, targets: Bools | None = None) -> Ints:
    """Where among all items the targets stand, in order.

    min_inputs: targets with fewer exercises before them are left out. targets: which of all items may be a target,
    shape (len(histories.items),); None allows each.
    """
    keep = np.arange(len(histories.items)) - histories.starts[histories.clients] >= min_inputs
    return np.flatnonzero(keep if targets is None else keep & targets)


def windows_at(histories: Histories, window: int, places: Ints) -> Windows:
    """The windows before the items at these places, in the order of the places."""
    clients = histories.clients[places]
    back = np.arange(window, 0, -1)
    at = places[:, None] - back
    real = (places - histories.starts[clients])[:, None] >= back
    items = np.where(real, histories.items[np.where(real, at, 0)], PADDING)
    return Windows(items, histories.items[places], clients, places)


def cut_windows(
    histories: Histories, window: int, *, min_inputs: int = 0, targets: Bools | None = None
) -> Windows:
    """Every window of the histories, in their order; min_inputs and targets as in `target_places`."""
    return windows_at(histories, window, target_places(histories, min_inputs, targets))


def check_targets(targets: ArrayLike | None, n_items: int) -> Bools | None:
    """A mask over all items of the histories, or None."""
    if targets is None:
        return None
    mask = np.asarray(targets)
    if mask.dtype != np.bool_ or mask.shape != (n_items,):
        raise InputError(
            f"targets has shape {mask.shape} and type {mask.dtype}; one bool for each of {n_items} items is expected."
        )
    return mask
