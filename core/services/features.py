"""Documents about clients and exercises, as the arrays that the algorithms take."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services.exercise_needs import ADDED
from core.store import Store, exercises, people

FloatArray = NDArray[np.float64]
Document = Mapping[str, Any]

MOST_CATEGORIES = (
    40  # a text field with more distinct values (a name, an instruction) says nothing in general
)
# What is there for the safety gate alone says what may be offered, not what will be done; with it, figures that rest
# on a catalogue would move when its needs are filled in.
NEVER = frozenset({"recorded_at", "name", "client", "reference", *ADDED})


@dataclass(frozen=True, slots=True)
class Encoder:
    """How documents become rows of numbers.

    Numbers are standardised (a missing one is the mean, 0); text and lists of text become one column
    a value (a missing or unknown one is all 0). Learnt once from the documents at hand, then fixed: a
    later document gives the same row whoever else has joined.

    Attributes:
        numbers: (field, mean, standard deviation) of each numeric field.
        categories: (field, value) of each indicator column.
    """

    numbers: tuple[tuple[str, float, float], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()

    @classmethod
    def learn(cls, documents: Sequence[Document]) -> "Encoder":
        """Choose the columns: fields in the order they first appear, those that never vary left out."""
        names = list(dict.fromkeys(name for document in documents for name in document if name not in NEVER))
        numbers: list[tuple[str, float, float]] = []
        categories: list[tuple[str, str]] = []
        for name in names:
            values = [document[name] for document in documents if document.get(name) not in (None, "")]
            if all(_is_number(value) for value in values):
                column = np.array(values, dtype=float)
                column = column[np.isfinite(column)]
                if column.size and column.std() > 0:
                    numbers.append((name, float(column.mean()), float(column.std())))
            else:
                counted = Counter(text for value in values for text in _texts(value))
                if 2 <= len(counted) <= MOST_CATEGORIES:
                    categories += [(name, text) for text in sorted(counted)]
        return cls(tuple(numbers), tuple(categories))

    def encode(self, documents: Sequence[Document]) -> FloatArray:
        """Rows of numbers, shape (len(documents), len(numbers) + len(categories))."""
        rows = np.zeros((len(documents), len(self.numbers) + len(self.categories)))
        for row, document in zip(rows, documents, strict=True):
            for column, (name, mean, deviation) in enumerate(self.numbers):
                value = document.get(name)
                if _is_number(value) and np.isfinite(float(value)):  # type: ignore[arg-type]
                    row[column] = (float(value) - mean) / deviation  # type: ignore[arg-type]
            for column, (name, text) in enumerate(self.categories, start=len(self.numbers)):
                row[column] = text in _texts(document.get(name))
        return rows

    def to_json(self) -> dict[str, Any]:
        """For the report of a model version."""
        return {"numbers": self.numbers, "categories": self.categories}

    @classmethod
    def from_json(cls, document: Document) -> "Encoder":
        """The encoder that ``to_json`` wrote."""
        return cls(
            tuple((str(name), float(mean), float(sd)) for name, mean, sd in document["numbers"]),
            tuple((str(name), str(text)) for name, text in document["categories"]),
        )


@dataclass(frozen=True, slots=True)
class CohortArrays:
    """A cohort as the recommender takes it; row i of each belongs to ``client_ids[i]``.

    Attributes:
        client_ids: clients, in order of id.
        exercise_ids: exercises; histories hold positions in this tuple.
        histories: one list of exercise positions a client, in order of time.
        profiles: (clients, P), encoded.
        exercises: (exercises, E), encoded.
    """

    client_ids: tuple[int, ...]
    exercise_ids: tuple[int, ...]
    histories: list[list[int]]
    profiles: FloatArray
    exercises: FloatArray
    encoder: Encoder = field(repr=False)

    def fingerprint(self) -> str:
        """A hash of everything in it, so that a run can say which data it stands on."""
        digest = hashlib.sha256(repr((self.client_ids, self.exercise_ids, self.histories)).encode())
        digest.update(self.profiles.tobytes())
        digest.update(self.exercises.tobytes())
        return digest.hexdigest()[:16]


def cohort_arrays(store: Store, cohort_id: int) -> CohortArrays:
    """Read a cohort: every client, with an empty history where nothing was logged."""
    client_ids = tuple(sorted(people.client_ids(store.db, cohort_id).values()))
    catalogue = exercises.exercises(store.db, cohort_id)
    position = {exercise["id"]: index for index, exercise in enumerate(catalogue)}
    histories = exercises.histories(store.db, cohort_id)
    documents = people.newest_profiles(store.db, cohort_id)
    profile_documents = [documents.get(client, {}) for client in client_ids]
    exercise_documents = [exercise_document(exercise) for exercise in catalogue]
    encoder = Encoder.learn(profile_documents)
    return CohortArrays(
        client_ids=client_ids,
        exercise_ids=tuple(exercise["id"] for exercise in catalogue),
        histories=[[position[exercise] for exercise in histories.get(client, [])] for client in client_ids],
        profiles=encoder.encode(profile_documents),
        exercises=Encoder.learn(exercise_documents).encode(exercise_documents),
        encoder=encoder,
    )


def exercise_document(exercise: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an exercise as one flat document, whichever catalogue it came from."""
    known = {key: exercise[key] for key in ("category", "muscle_group", "difficulty")}
    return {**exercise["detail"], **known}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: object) -> list[str]:
    if value in (None, ""):
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
