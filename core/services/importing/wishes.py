"""A column of what clients say they would like."""

from dataclasses import dataclass

from core.bandit.attributes import ATTRIBUTES, Value, attribute
from core.errors import InputError
from core.services.importing import values

WISHES = tuple(of.key for of in ATTRIBUTES if of.about == "wish")
"""Names of the columns that a file of preferences may have."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One such column."""

    position: int
    name: str

    def value(self, text: str) -> Value | None:
        """The cell's value, None where it is empty.

        Raises:
            ValueError: with the reason, for a person.
        """
        if values.missing(text):
            return None
        of = attribute(self.name)
        if of.kind == "number":
            given: Value = values.number(text)
        else:
            given = {str(word).casefold(): str(word) for word in of.values}.get(text.casefold(), text)
        try:
            return of.check(given)
        except InputError:
            may_be = (
                f"must be a number from {of.low:g} to {of.high:g}"
                if of.kind == "number"
                else f"must be one of {', '.join(map(str, of.values))}"
            )
            raise ValueError(f"{may_be}, or empty where nothing was said") from None
