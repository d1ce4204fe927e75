"""What a context speaks of: the person, the exercise they want, and the day. One list for synthetic and real clients.

The paper's fifteen attributes (Naliyatthaliyazchayil 2024, table 1), intensity and day spacing, which its base file
lacks, how the day is, and how much of each component the week has had so far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import InputError
from core.guidelines import ARMS, CONDITIONS, SEXES, Intensity

Kind = Literal["number", "category", "set"]
Value = float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        key: its name in code and in the store.
        label: its name for people.
        kind: one number, one of several words, or any number of several words.
        values: the words; of a number those that a synthetic profile may hold, in rising order.
        low, high: range of a number.
        unit: of a number, for people.
        about: whether it is of the ``person``, of the exercise they want (``wish``), or of the ``day``.
        actionable: whether trainer and client can agree on another value; what a person is, likes or cannot change
            is not.
    """

    key: str
    label: str
    kind: Kind
    values: tuple[float, ...] | tuple[str, ...]
    about: Literal["person", "wish", "day"]
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    actionable: bool = False

    def check(self, value: object) -> Value:
        """The value as it is kept.

        Raises:
            InputError: naming the attribute and what it may be.
        """
        match self.kind:
            case "number":
                if (
                    isinstance(value, bool)
                    or not isinstance(value, int | float)
                    or not self.low <= value <= self.high
                ):
                    raise InputError(
                        f"{self.label} must be a number from {self.low:g} to {self.high:g}; it is {value!r}."
                    )
                return float(value)
            case "category":
                if not isinstance(value, str) or value not in self.values:
                    raise InputError(
                        f"{self.label} must be one of {', '.join(map(str, self.values))}; it is {value!r}."
                    )
                return value
            case "set":
                given = tuple(value) if isinstance(value, list | tuple | set | frozenset) else None
                if given is None or not all(isinstance(word, str) and word in self.values for word in given):
                    raise InputError(
                        f"{self.label} must be any of {', '.join(map(str, self.values))}; it is {value!r}."
                    )
                return tuple(word for word in map(str, self.values) if word in given)


def _number(
    key: str,
    label: str,
    values: tuple[float, ...],
    about: Literal["person", "wish", "day"],
    low: float,
    high: float,
    *,
    unit: str = "",
    actionable: bool = False,
) -> Attribute:
    return Attribute(key, label, "number", values, about, low, high, unit, actionable)


AGES = tuple(float(age) for age in range(20, 90, 5))

ATTRIBUTES: tuple[Attribute, ...] = (
    _number("age", "Age", AGES, "person", 18, 120, unit="years"),
    Attribute("sex", "Sex", "category", SEXES, "person"),
    Attribute(
        "race",
        "Race",
        "category",
        (
            "American Indian or Alaska Native",
            "Asian",
            "Black or African American",
            "White",
            "several or another",
        ),
        "person",
    ),
    Attribute("medical_history", "Medical history", "set", CONDITIONS, "person"),
    Attribute("preferred_exercise", "Preferred exercise", "category", tuple(ARMS), "wish"),
    _number(
        "frequency",
        "Exercise frequency",
        (1, 2, 3, 4, 5, 6, 7),
        "wish",
        0,
        7,
        unit="days a week",
        actionable=True,
    ),
    _number(
        "duration",
        "Exercise duration",
        (10, 20, 30, 45, 60, 75, 90, 105),
        "wish",
        5,
        180,
        unit="minutes a session",
        actionable=True,
    ),
    Attribute("intensity", "Intensity", "category", tuple(Intensity), "wish", actionable=True),
    Attribute("day_spacing", "Day spacing", "category", ("spread", "in a row"), "wish", actionable=True),
    _number(
        "weekly_goal",
        "Weekly goal",
        (60, 90, 120, 150, 200, 250, 300),
        "wish",
        0,
        1000,
        unit="minutes a week",
        actionable=True,
    ),
    Attribute(
        "cardio_preference",
        "Cardio preference",
        "category",
        ("walking", "running", "cycling", "swimming", "dancing"),
        "wish",
    ),
    Attribute(
        "strength_preference",
        "Strength preference",
        "category",
        ("bodyweight", "bands", "free weights", "machines"),
        "wish",
    ),
    Attribute(
        "start_preference",
        "Start preference",
        "category",
        ("morning", "midday", "evening"),
        "wish",
        actionable=True,
    ),
    Attribute(
        "variety", "Exercise variety", "category", ("the same", "some", "much"), "wish", actionable=True
    ),
    Attribute(
        "location", "Exercise location", "category", ("home", "gym", "outdoors"), "wish", actionable=True
    ),
    Attribute(
        "buddy",
        "Exercise buddy",
        "category",
        ("alone", "with a partner", "in a group"),
        "wish",
        actionable=True,
    ),
    Attribute(
        "coach_appearance",
        "Coach appearance",
        "category",
        ("like me", "unlike me", "no matter"),
        "wish",
    ),
    Attribute("energy", "Energy today", "category", ("low", "usual", "high"), "day"),
    _number("done_cardio", "Cardio done this week", (0, 0.5, 1), "day", 0, 1, unit="of what the week asks"),
    _number(
        "done_strength", "Strength done this week", (0, 0.5, 1), "day", 0, 1, unit="of what the week asks"
    ),
    _number(
        "done_flexibility",
        "Flexibility done this week",
        (0, 0.5, 1),
        "day",
        0,
        1,
        unit="of what the week asks",
    ),
)
BY_KEY: Mapping[str, Attribute] = {attribute.key: attribute for attribute in ATTRIBUTES}
PROFILE: tuple[Attribute, ...] = tuple(attribute for attribute in ATTRIBUTES if attribute.about != "day")
"""What a synthetic profile holds; what the day adds is left out."""


def attribute(key: str) -> Attribute:
    """The attribute of that key.

    Raises:
        InputError: where there is none.
    """
    found = BY_KEY.get(key)
    if found is None:
        raise InputError(f"There is no attribute {key!r}; there are {', '.join(BY_KEY)}.")
    return found
