"""Single cells: numbers, yes or no, and columns of whatever a profile holds."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_CHARACTERS = 200
MOST_STEPS = 200_000

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "#n/a"})
YES = frozenset({"1", "1.0", "yes", "y", "ja", "true", "t", "done", "completed", "success"})
NO = frozenset({"0", "0.0", "no", "n", "nein", "false", "f", "not done", "failed", "missed", "failure"})

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_CODE = re.compile(r"[+-]?0[0-9]+")


def missing(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return text.casefold() in MISSING


def number(text: str) -> float:
    """A finite number; the decimal mark is a point or a comma.

    Raises:
        ValueError: with the reason, for a person.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("is not a number; write it without units and without marks between thousands")
    value = float(text.replace(",", "."))
    if not math.isfinite(value):
        raise ValueError("is too large a number")
    return value


def not_negative(text: str) -> float:
    """A number that is at least 0.

    Raises:
        ValueError: with the reason, for a person.
    """
    value = number(text)
    if value < 0:
        raise ValueError("is negative")
    return value


def steps(text: str) -> int:
    """A daily count of steps.

    Raises:
        ValueError: with the reason, for a person.
    """
    value = not_negative(text)
    if value != int(value):
        raise ValueError("is not a whole number; write it without marks between thousands")
    if value > MOST_STEPS:
        raise ValueError(f"is more than anyone walks in a day ({MOST_STEPS:,})")
    return int(value)


def flag(text: str) -> int:
    """1 for yes, 0 for no.

    Raises:
        ValueError: with the reason, for a person.
    """
    word = text.casefold()
    if word in YES:
        return 1
    if word in NO:
        return 0
    raise ValueError("is neither yes nor no; write 1 or 0, yes or no, true or false")


def reference(text: str) -> str:
    """What names a client or an exercise: some text, not too long.

    Raises:
        ValueError: with the reason, for a person.
    """
    if not text:
        raise ValueError("is empty; every row needs one")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"is longer than {MOST_CHARACTERS} characters")
    return text


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a profile, a catalogue or a questionnaire.

    Attributes:
        numeric: whether its cells are numbers; decided for the whole column.
    """

    position: int
    name: str
    numeric: bool

    def value(self, text: str) -> float | int | str | None:
        """The cell's value, None where it is empty.

        Raises:
            ValueError: with the reason, for a person.
        """
        if not self.numeric:
            return text or None
        if missing(text):
            return None
        try:
            value = number(text)
        except ValueError:
            raise ValueError("is not a number, as the rest of the column is") from None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value


def field(rows: Sequence[Sequence[str]], position: int, name: str) -> Field:
    """Decide what a column holds: numbers if more than half of its cells are, and none is a code like 007."""
    numbers = words = 0
    for row in rows:
        text = row[position].strip()
        if _CODE.fullmatch(text):
            return Field(position, name, numeric=False)
        if _NUMBER.fullmatch(text):
            numbers += 1
        elif not missing(text):
            words += 1
    return Field(position, name, numeric=numbers > words)
