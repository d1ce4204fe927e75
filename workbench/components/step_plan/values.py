"""Settings of a plan as the browser holds them, and back; whatever a browser sends is checked here."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

from core.errors import InputError
from core.services.goals import PlanSettings

Values = dict[str, Any]

WHOLE = ("horizon", "round_to", "most_raises")
UNSET = {"cap": 20_000.0}  # an empty box means the highest goal there is


def of(settings: PlanSettings, starts_on: date) -> Values:
    """Settings as the browser's values: fixed goals by the day's date, tuples as lists."""
    values: Values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values["rest_weekdays"] = list(settings.rest_weekdays)
    values["fixed"] = {
        (starts_on + timedelta(days=place)).isoformat(): goal for place, goal in settings.fixed
    }
    return values


def settings(values: Mapping[str, Any], begin: PlanSettings, starts_on: date) -> PlanSettings:
    """The settings that a browser's values stand for; what it did not send is as in ``begin``.

    Raises:
        InputError: for a value that is not of its kind.
    """
    read: dict[str, Any] = {}
    for field in fields(PlanSettings):
        if field.name not in values:
            continue
        value = values[field.name]
        match field.name:
            case "policy":
                read["policy"] = str(value)
            case "rest_weekdays":
                read["rest_weekdays"] = _weekdays(value)
            case "fixed":
                continue  # after the horizon is known
            case name if value is None:
                read[name] = UNSET.get(name) if name in UNSET else None
            case name:
                read[name] = _whole(name, value) if name in WHOLE else _number(name, value)
    made = replace(begin, **read)
    if made.horizon is None or made.helplessness is None or made.challenge is None:
        raise InputError("Days ahead, challenge and learned helplessness need a number each.")
    if "fixed" in values:
        made = replace(made, fixed=_fixed(values["fixed"], starts_on, made.horizon))
    return made


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number; it is {value!r}.")
    return float(value)


def _whole(name: str, value: Any) -> int:
    if _number(name, value) != int(value):
        raise InputError(f"{name} must be a whole number; it is {value}.")
    return int(value)


def _weekdays(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(day in range(7) for day in value):
        raise InputError("Rest days must be weekdays, 0 for Monday to 6 for Sunday.")
    return tuple(sorted({int(day) for day in value}))


def _fixed(value: Any, starts_on: date, horizon: int) -> tuple[tuple[int, int], ...]:
    """Goals by place in the plan; days that the plan does not reach are left out."""
    if not isinstance(value, Mapping):
        raise InputError("Goals fixed by hand must be given by day.")
    found = []
    for day, goal in value.items():
        try:
            place = (date.fromisoformat(str(day)) - starts_on).days
        except ValueError as error:
            raise InputError(f"{day!r} is not a day.") from error
        if 0 <= place < horizon:
            found.append((place, _whole("A goal fixed by hand", goal)))
    return tuple(sorted(found))
