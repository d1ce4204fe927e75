"""Settings of a study as a dataclass whose fields say how to ask for them.

One description makes the page's form and the command line's flags, and checks what came from either.
"""

import dataclasses
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import InputError
from core.services import Store

Kind = Literal["int", "float", "bool", "str", "several"]
Choices = tuple[str, ...] | Callable[[Store], Sequence[str]]

_KINDS: dict[Any, Kind] = {int: "int", float: "float", bool: "bool", str: "str", tuple[str, ...]: "several"}


@dataclass(frozen=True, slots=True)
class Option:
    """One field of a study's settings.

    Attributes:
        kind: ``several`` is a tuple of strings, chosen from ``choices``.
        choices: what may be chosen, or a function of the store that says so; None for free input.
    """

    name: str
    kind: Kind
    default: Any
    label: str
    help: str
    minimum: float | None
    maximum: float | None
    choices: Choices | None

    def offered(self, store: Store) -> tuple[str, ...] | None:
        """What may be chosen, given this store."""
        return tuple(self.choices(store)) if callable(self.choices) else self.choices

    @property
    def flag(self) -> str:
        """The command line's name of it."""
        return "--" + self.name.replace("_", "-")


def option(
    default: Any,
    *,
    label: str,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Choices | None = None,
) -> Any:
    """A field of a settings dataclass, with what a person needs to fill it in."""
    return dataclasses.field(
        default=default,
        metadata={
            "label": label,
            "help": help,
            "minimum": minimum,
            "maximum": maximum,
            "choices": choices,
        },
    )


def options(settings: type) -> tuple[Option, ...]:
    """The fields of a settings dataclass, in order."""
    types = typing.get_type_hints(settings)
    return tuple(
        Option(name=f.name, kind=_KINDS[types[f.name]], default=f.default, **f.metadata)
        for f in dataclasses.fields(settings)
    )


def build(settings: type, values: Mapping[str, Any], store: Store | None = None) -> Any:
    """Settings from values that came from a form, a command line or a job's row; those left out take defaults.

    With a store, choices that depend on it are checked too.

    Raises:
        InputError: naming the field, its value and what is expected.
    """
    known = {o.name: o for o in options(settings)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InputError(f"There is no setting {unknown[0]!r}; there are {', '.join(known)}.")
    checked = {name: _check(known[name], value, store) for name, value in values.items()}
    if store is not None:
        for name in set(known) - set(checked):
            checked[name] = _check(known[name], known[name].default, store)
    return settings(**checked)


def as_dict(settings: Any) -> dict[str, Any]:
    """Settings as JSON can hold them."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in dataclasses.asdict(settings).items()}


def _check(option: Option, value: Any, store: Store | None) -> Any:
    value = _typed(option, value)
    if option.kind in ("int", "float"):
        low, high = option.minimum, option.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise InputError(f"{option.label} is {value}; it must be {_range(low, high)}.")
    offered = option.choices if store is None else option.offered(store)
    if isinstance(offered, tuple):
        chosen = value if option.kind == "several" else (value,)
        wrong = [item for item in chosen if item not in offered]
        if wrong and not offered:
            raise InputError(f"{option.label} is {wrong[0]!r}, but there is nothing to choose from yet.")
        if wrong:
            raise InputError(f"{option.label} is {wrong[0]!r}; choose {_either(offered)}.")
        if option.kind == "several" and not chosen:
            raise InputError(f"{option.label} is empty; choose at least one of {', '.join(offered)}.")
    return value


def _typed(option: Option, value: Any) -> Any:
    def expected(what: str) -> InputError:
        return InputError(f"{option.label} is {value!r}; it must be {what}.")

    match option.kind:
        case "bool":
            if not isinstance(value, bool):
                raise expected("true or false")
            return value
        case "int":
            if isinstance(value, bool) or not isinstance(value, int):
                raise expected("a whole number")
            return value
        case "float":
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise expected("a number")
            return float(value)
        case "several":
            if isinstance(value, str) or not all(isinstance(item, str) for item in value):
                raise expected("a list of names")
            return tuple(dict.fromkeys(value))
        case "str":
            if not isinstance(value, str):
                raise expected("text")
            return value


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low:g}"
    return f"at most {high:g}" if low is None else f"from {low:g} to {high:g}"


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
