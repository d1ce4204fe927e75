"""Attribute values of many people as columns, as the simulation and the policies' contexts take them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bandit.attributes import ATTRIBUTES, BY_KEY, Attribute, Value, attribute
from core.errors import InputError

Column = NDArray[Any]


class People:
    """Attribute values of N people; what is not known of somebody is NaN, -1 or, of a set, empty.

    Args:
        columns: by attribute key: of a number float64 (N,), NaN if unknown; of a category int64 (N,), the place of
            its value, -1 if unknown; of a set bool (N, number of values). Attributes left out are unknown for all.
        count: N; needed where there are no columns.

    Raises:
        InputError: for a key that is no attribute, columns of different lengths, or values out of their range.
    """

    def __init__(self, columns: Mapping[str, ArrayLike], count: int | None = None) -> None:
        sizes = {len(np.asarray(values)) for values in columns.values()} | (
            {count} if count is not None else set()
        )
        if len(sizes) != 1:
            raise InputError(f"Columns must have the same length; there are {sorted(map(str, sizes))}.")
        self._count = int(next(iter(sizes)) or 0)
        self.columns: dict[str, Column] = {
            of.key: _checked(of, columns[of.key]) if of.key in columns else _unknown(of, self._count)
            for of in ATTRIBUTES
        }
        for key in columns:
            attribute(key)

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, object]]) -> "People":
        """People from one document each; a key that is absent or None is unknown.

        Raises:
            InputError: for a key that is no attribute, or a value that it cannot have.
        """
        columns = {of.key: _unknown(of, len(rows)) for of in ATTRIBUTES}
        for place, row in enumerate(rows):
            for key, value in row.items():
                of = attribute(key)
                if value is None:
                    continue
                kept = of.check(value)
                match of.kind:
                    case "number":
                        columns[key][place] = kept
                    case "category":
                        columns[key][place] = of.values.index(kept)
                    case "set":
                        columns[key][place] = np.isin(of.values, kept)
        return cls(columns, len(rows))

    def __len__(self) -> int:
        return self._count

    def row(self, place: int) -> dict[str, Value | None]:
        """One person's values by key, None where unknown; a set is a tuple."""
        found: dict[str, Value | None] = {}
        for key, column in self.columns.items():
            of, cell = BY_KEY[key], column[place]
            match of.kind:
                case "number":
                    found[key] = None if np.isnan(cell) else float(cell)
                case "category":
                    found[key] = None if cell < 0 else str(of.values[cell])
                case "set":
                    found[key] = tuple(str(of.values[k]) for k in np.flatnonzero(cell))
        return found

    def rows(self) -> Iterator[dict[str, Value | None]]:
        """Each person's values, in order."""
        return (self.row(place) for place in range(len(self)))

    def take(self, places: ArrayLike) -> "People":
        """Some of these people, by place or by a mask."""
        chosen = np.asarray(places)
        columns = {key: column[chosen] for key, column in self.columns.items()}
        return People(columns, len(next(iter(columns.values()))))

    def having(self, **columns: ArrayLike) -> "People":
        """The same people with other values for some attributes."""
        return People({**self.columns, **columns}, len(self))


def uniform_profiles(count: int, rng: np.random.Generator) -> People:
    """Profiles with every attribute of a profile drawn evenly from its values, up to two conditions each.

    Of medical history a first and a further condition are drawn, each from none and all conditions.

    Raises:
        InputError: for a count below 1.
    """
    if count < 1:
        raise InputError(f"count must be at least 1; it is {count}.")
    columns: dict[str, ArrayLike] = {}
    for of in ATTRIBUTES:
        if of.about == "day":
            continue
        size = len(of.values)
        match of.kind:
            case "number":
                columns[of.key] = np.array(of.values, dtype=np.float64)[rng.integers(size, size=count)]
            case "category":
                columns[of.key] = rng.integers(size, size=count)
            case "set":
                drawn = rng.integers(size + 1, size=(count, 2))
                columns[of.key] = np.asarray(np.eye(size + 1, dtype=bool)[drawn].any(axis=1))[:, :size]
    return People(columns, count)


def _unknown(of: Attribute, count: int) -> Column:
    match of.kind:
        case "number":
            return np.full(count, np.nan)
        case "category":
            return np.full(count, -1, dtype=np.int64)
        case "set":
            return np.zeros((count, len(of.values)), dtype=bool)


def _checked(of: Attribute, values: ArrayLike) -> Column:
    column = np.asarray(values)
    match of.kind:
        case "number":
            column = column.astype(np.float64)
            sound = column.ndim == 1 and bool(
                (np.isnan(column) | ((column >= of.low) & (column <= of.high))).all()
            )
        case "category":
            sound = (
                column.ndim == 1
                and column.dtype.kind in "iu"
                and bool(((column >= -1) & (column < len(of.values))).all())
            )
            column = column.astype(np.int64) if sound else column
        case "set":
            sound = column.dtype == np.bool_ and column.shape[1:] == (len(of.values),)
    if not sound:
        raise InputError(f"{of.label}: the column holds what cannot be; see core.bandit.People.")
    return column
