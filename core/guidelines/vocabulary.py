"""The words that guideline rows and gate rules are written in; anything else is refused by name."""

from collections.abc import Iterable
from enum import StrEnum

from core.errors import InputError

ADULT = "adult"
OLDER = "65 and over"
GENERAL = (ADULT, OLDER)
"""Groups of everybody, joined by age: nobody has them as a condition."""

CONDITIONS = (
    "hypertension",
    "high cholesterol",
    "type 2 diabetes",
    "coronary artery disease",
    "heart failure",
    "stroke",
    "kidney disease",
    "COPD",
    "osteoarthritis",
    "osteoporosis",
    "obesity",
    "pregnancy",
    "low back pain",
    "depression",
    "anxiety",
    "Alzheimer's disease",
    "falls risk",
)
"""Conditions that a person may have, each with rows of its own."""

COMPONENTS = ("aerobic", "strength", "flexibility", "balance")
SEXES = ("female", "male")
OLDEST = 120  # years
YOUNGEST_ADULT = 18  # years; the sources speak of adults


class Intensity(StrEnum):
    """How hard, in the sources' three words; `order` counts from 0."""

    LIGHT = "light"
    MODERATE = "moderate"
    VIGOROUS = "vigorous"

    @property
    def order(self) -> int:
        """0 for light, 1 for moderate, 2 for vigorous."""
        return list(Intensity).index(self)


def known_conditions(names: Iterable[str]) -> frozenset[str]:
    """Conditions in the spelling used here, whatever their case.

    Raises:
        InputError: for a condition that the guideline base does not know; it cannot be judged, so nothing is.
    """
    if isinstance(names, str):
        raise InputError(f"conditions must be a collection of names; it is the text {names!r}.")
    spelt = {name.casefold(): name for name in CONDITIONS}
    found = []
    for name in names:
        if not isinstance(name, str) or name.strip().casefold() not in spelt:
            raise InputError(
                f"The condition {name!r} is not in the guideline base, which knows: {', '.join(CONDITIONS)}."
            )
        found.append(spelt[name.strip().casefold()])
    return frozenset(found)


def check_age(age: float) -> None:
    """Refuse an age that no person has.

    Raises:
        InputError: unless it is a number of years from 0 to 120.
    """
    if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age <= OLDEST:
        raise InputError(f"age must be a number of years from 0 to {OLDEST}; it is {age!r}.")


def check_sex(sex: str | None) -> None:
    """Refuse a sex that no row is written for; None where it is not known or is another.

    Raises:
        InputError: unless it is "female", "male" or None.
    """
    if sex is not None and sex not in SEXES:
        raise InputError(f'sex must be "female", "male" or None (not known, or another); it is {sex!r}.')
