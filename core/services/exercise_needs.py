"""What an exercise of a catalogue asks of a body, from the columns that its catalogue has for it.

free-exercise-db and the like have no such columns. Of what they do have only what is sure is used: the categories
cardio, stretching and the kinds of lifting are a component, and plyometrics are of high impact. Equipment, level and
muscles say nothing for certain, so all else stays unknown, and every rule on what is unknown masks the exercise.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import InputError
from core.guidelines import COMPONENTS, POSITIONS, Needs
from core.guidelines.rules import LEVELS

POSITIONS_COLUMN = "positions"
ADDED = ("component", "intensity", "load", "balance_demand", POSITIONS_COLUMN)
"""Columns that are there for the gate alone."""

COLUMNS = (*ADDED, "impact")
WORDS: Mapping[str, tuple[str, ...]] = {"component": COMPONENTS, **LEVELS}
IMPACTS = {"yes": "high", "no": "low", "true": "high", "false": "low", "1": "high", "0": "low"}
"""How a yes or no of impact (whether both feet or hands leave the floor) is read."""

OF_CATEGORY = {
    "cardio": "aerobic",
    "stretching": "flexibility",
    "strength": "strength",
    "powerlifting": "strength",
    "olympic weightlifting": "strength",
    "strongman": "strength",
}
PLYOMETRICS = "plyometrics"


def needs(exercise: Mapping[str, Any]) -> Needs:
    """What a stored exercise (``category`` and ``detail``) needs; a word that is none of the known ones is unknown."""
    detail = exercise["detail"]
    found: dict[str, Any] = {}
    for column in COLUMNS:
        try:
            found[column] = need(column, detail.get(column))
        except InputError:
            found[column] = None
    category = str(exercise.get("category") or "").strip().casefold()
    if found["component"] is None:
        found["component"] = OF_CATEGORY.get(category)
    if found["impact"] is None and category == PLYOMETRICS:
        found["impact"] = "high"
    return Needs(**found)


def need(column: str, value: object) -> str | frozenset[str] | None:
    """One cell as the gate takes it, None where it is empty.

    Raises:
        InputError: with what the cell may say, for a word that is unknown.
    """
    if value is None or value == "":
        return None
    if column == POSITIONS_COLUMN:
        return _positions(value)
    word = str(int(value)) if isinstance(value, bool | float) else str(value).strip().casefold()
    word = IMPACTS.get(word, word) if column == "impact" else word
    if word not in WORDS[column]:
        words = (*WORDS[column], *(("yes", "no") if column == "impact" else ()))
        raise InputError(f"must be one of {', '.join(words)}, or empty where it is not known")
    return word


def _positions(value: object) -> frozenset[str] | None:
    parts: Iterable[object] = value if isinstance(value, list | tuple) else str(value).split(";")
    said = frozenset(word for part in parts if (word := str(part).strip().casefold()))
    if not said <= frozenset(POSITIONS):
        raise InputError(
            f"may name {', '.join(POSITIONS)}, parted by semicolons, or be empty where it is not known"
        )
    return said or None
