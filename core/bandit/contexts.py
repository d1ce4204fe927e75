"""From attribute values to the numbers that a policy sees: normalised numbers, one-hot categories, products."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import ATTRIBUTES, BY_KEY
from core.bandit.people import People

Floats = NDArray[np.float64]

# Which attributes are crossed: (attribute, value or None for a number) with the same. The paper speaks of interaction
# terms and names none; these are those that guidelines speak of.
CROSSED: tuple[tuple[tuple[str, str | None], tuple[str, str | None]], ...] = (
    (("frequency", None), ("duration", None)),
    *((("age", None), ("preferred_exercise", arm)) for arm in map(str, BY_KEY["preferred_exercise"].values)),
    (("age", None), ("intensity", "vigorous")),
    (("energy", "low"), ("intensity", "vigorous")),
)
AGES = (18.0, 98.0)  # years, at 0 and at 1


class Encoding:
    """The columns of a context, in order.

    Attributes:
        names: for each column the key of its attribute, or for a product the pair of its columns' places, as
            ``Background`` takes them.
        labels: for each column what it holds, for people.
    """

    def __init__(self) -> None:
        names: list[str | tuple[int, int]] = []
        labels: list[str] = []
        places: dict[tuple[str, str | None], int] = {}
        for of in ATTRIBUTES:
            for value in (None,) if of.kind == "number" else map(str, of.values):
                places[of.key, value] = len(names)
                names.append(of.key)
                labels.append(of.label if value is None else f"{of.label}: {value}")
        self._plain = len(names)
        for left, right in CROSSED:
            names.append((places[left], places[right]))
            labels.append(f"{labels[places[left]]} × {labels[places[right]]}")
        self.names: tuple[str | tuple[int, int], ...] = tuple(names)
        self.labels: tuple[str, ...] = tuple(labels)
        self._left = np.array([places[left] for left, _ in CROSSED], dtype=np.int64)
        self._right = np.array([places[right] for _, right in CROSSED], dtype=np.int64)
        self.places = places

    @property
    def version(self) -> str:
        """A short hash of what each column holds; another whenever columns come, go or change places."""
        return hashlib.sha256("\n".join(self.labels).encode()).hexdigest()[:12]

    @property
    def size(self) -> int:
        """Length of a context."""
        return len(self.names)

    def encode(self, people: People) -> Floats:
        """Contexts, shape (N, size).

        A number lies between 0 and 1 of its range; an unknown one is 0.5. A category that is not known counts for each
        of its values alike, so that no value is taken for granted.
        """
        rows = np.empty((len(people), self.size))
        column = 0
        for of in ATTRIBUTES:
            values = people.columns[of.key]
            width = 1 if of.kind == "number" else len(of.values)
            block = rows[:, column : column + width]
            match of.kind:
                case "number":
                    low, high = AGES if of.key == "age" else (of.low, of.high)
                    block[:, 0] = np.nan_to_num((values - low) / (high - low), nan=0.5)
                case "category":
                    block[:] = np.where(values[:, None] < 0, 1 / width, values[:, None] == np.arange(width))
                case "set":
                    block[:] = values
            column += width
        rows[:, self._plain :] = rows[:, self._left] * rows[:, self._right]
        return rows


ENCODING = Encoding()


def encode(rows: Sequence[dict[str, object]]) -> Floats:
    """Contexts of people given as documents, shape (N, size).

    Raises:
        InputError: as ``People.of``.
    """
    return ENCODING.encode(People.of(rows))
