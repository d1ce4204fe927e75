"""What the browser sends: answers, undos and the wish to see skipped requests again, each under a key of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.services.labelling import Answer

LONGEST_KEY = 64
LONGEST_REASON = 500
LARGEST = 2**53  # the largest number up to which the browser's own are whole


@dataclass(frozen=True, slots=True)
class Undo:
    """Take an answer back: the one of this label, or the one sent just before under the key ``of``."""

    key: str
    of: str
    label_id: int | None


@dataclass(frozen=True, slots=True)
class BringBack:
    """Show this person's skipped requests again."""

    key: str


Operation = Answer | Undo | BringBack


def key_of(raw: object) -> str | None:
    """The key of one operation as sent, or None where there is none that could be acknowledged."""
    key = raw.get("key") if isinstance(raw, Mapping) else None
    return key if isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY else None


def parse(raw: Mapping[str, Any]) -> Operation:
    """One operation as the component sends it, checked.

    Raises:
        InputError: naming the field that cannot be, its value and what is expected.
    """
    key = key_of(raw)
    if key is None:
        raise InputError(f"key is {raw.get('key')!r}; expected text of 1 to {LONGEST_KEY} characters.")
    match raw.get("kind"):
        case "answer":
            return Answer(
                request_id=_number(raw, "request"),
                key=key,
                verdict=_text(raw, "verdict"),
                exercise_id=_optional_number(raw, "exercise"),
                reason=_text(raw, "reason")[:LONGEST_REASON],
                decision_ms=_optional_number(raw, "ms"),
                override=_text(raw, "override")[:LONGEST_REASON].strip(),
                seen=_texts(raw, "seen"),
            )
        case "undo":
            return Undo(key, of=_text(raw, "of"), label_id=_optional_number(raw, "label"))
        case "bring back":
            return BringBack(key)
        case other:
            raise InputError(f"kind is {other!r}; expected 'answer', 'undo' or 'bring back'.")


def _number(raw: Mapping[str, Any], name: str) -> int:
    value = raw.get(name)
    whole = not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )
    if not whole or not 0 <= value <= LARGEST:  # type: ignore[operator]
        raise InputError(f"{name} is {value!r}; expected a whole number, 0 or more.")
    return int(value)  # type: ignore[arg-type]


def _optional_number(raw: Mapping[str, Any], name: str) -> int | None:
    return None if raw.get(name) is None else _number(raw, name)


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = raw.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(f"{name} is {value!r}; expected a list of texts.")
    return tuple(value)


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; expected text.")
    return value
