"""What a client's records say at a glance: what the client must be spared, and what is odd in the data."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from core.guidelines import QUESTIONS
from core.services import fields

LIMITING = ("medical", "screening")
NO = frozenset(
    {"", "no", "none", "never", "false", "n", "0", "na", "n/a", "nil", "nothing", "-", "–", "normal"}
)
YES = frozenset({"yes", "true", "y", "1"})
# Facts that stand in medical records and limit nothing by themselves.
NEUTRAL = re.compile(r"(.*_)?(date|on|at|at_utc|by|id|version|form|language)")
# Where "no" is the answer that limits: nobody has said that the client may exercise.
CLEARANCE = re.compile(r"(.*_)?(cleared|clearance|may_exercise|fit_to_exercise|approved)(_.*)?")

# Fields that hold what the client has, so that the values speak for themselves; several are parted by semicolons.
NAMING = frozenset({"conditions", "condition", "diagnoses", "injuries", "limitations", "contraindications"})
# Questions that belong together: where one was answered, another without an answer is not a no.
ASKED = {
    "medical": ("conditions", "medication"),
    "screening": QUESTIONS,
}

LONG_GAP_DAYS = 8
MANY_STEPS = 60_000
SAME_IN_A_ROW = 3
SHOWN = 3


def limits(documents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the medical and screening documents name as a limit, in the documents' order.

    A field counts when it was answered with anything but a form of no: ``yes`` and 1 give the field's
    name, any other text gives both. Measurements (numbers other than 1) and dates are no limits. Where a
    doctor's clearance was asked for, no is the limit. Of the questions in ``ASKED``, those without an answer
    are named as such.
    """
    found: list[str] = []
    for kind in LIMITING:
        document = documents.get(kind, {})
        for key, value in document.items():
            if key in fields.NOT_SHOWN or NEUTRAL.fullmatch(key):
                continue
            if key in NAMING and isinstance(value, str | list | tuple):
                found += _named(value)
            else:
                found.append(_limit(key, value))
        if any(key in document for key in ASKED[kind]):
            found += [
                f"{fields.label(key)}: not answered" for key in ASKED[kind] if document.get(key) is None
            ]
    return list(dict.fromkeys(filter(None, found)))


def limits_known(documents: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the medical and screening documents hold any answer: without one, no limit is not the same as none."""
    return any(
        value is not None and value != "" and key not in fields.NOT_SHOWN and not NEUTRAL.fullmatch(key)
        for kind in LIMITING
        for key, value in documents.get(kind, {}).items()
    )


def _named(value: str | Sequence[object]) -> list[str]:
    names = value.split(";") if isinstance(value, str) else [str(item) for item in value]
    return [name[0].upper() + name[1:] for name in map(str.strip, names) if name.casefold() not in NO]


def _limit(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        named = _named(value)
        return f"{fields.label(key)}: {', '.join(named)}" if named else ""
    if value is None or (isinstance(value, int | float) and value not in (0, 1)):
        return ""
    text = str(int(value)) if isinstance(value, int | float) else str(value).strip()
    said_no, said_yes = text.casefold() in NO, text.casefold() in YES
    if CLEARANCE.fullmatch(key):
        return f"{fields.label(key)}: no" if said_no and text else ""
    if said_no:
        return ""
    return fields.label(key) if said_yes else f"{fields.label(key)}: {text}"


def quality(
    documents: Mapping[str, Mapping[str, Any]],
    log: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Sentences about gaps and oddities in a client's data; empty if none were found.

    Args:
        documents: the newest document of each kind.
        log: rows with ``at``, ``exercise_id`` and ``success``, newest first.
        steps: rows with ``day``, ``steps`` and ``goal``, oldest first.
    """
    return [*_of_documents(documents), *_of_log(log), *_of_steps(steps)]


def _of_documents(documents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = []
    if not documents.get("profile"):
        found.append("No profile: the model goes by the exercises alone.")
    if not limits_known(documents):
        found.append("No medical history and no screening answers: limits are not known.")
    for document in documents.values():
        for name, answers in fields.series(document).items():
            numbers = [number for number, key in answers if document[key] is not None]
            items = max([fields.ITEMS.get(name, 0), *numbers])
            missing = sorted(set(range(1, items + 1)) - set(numbers))
            if missing:
                found.append(
                    f"{fields.label(name)}: {_count(missing, 'answer')} missing ({_listed(missing)})."
                )
    return found


def _of_log(log: Sequence[Mapping[str, Any]]) -> list[str]:
    if not log:
        return ["No exercises are logged."]
    found = []
    times = sorted(datetime.fromisoformat(row["at"]) for row in log)
    gaps = [(before, after) for before, after in pairwise(times) if (after - before).days >= LONG_GAP_DAYS]
    for before, after in gaps[-SHOWN:]:
        found.append(f"No exercise is logged for {(after - before).days} days from {_day(before.date())}.")
    if len(gaps) > SHOWN:
        found.append(f"Before that, {len(gaps) - SHOWN} more gaps of at least {LONG_GAP_DAYS} days.")
    unknown = sum(row["success"] is None for row in log)
    if unknown:
        found.append(
            f"Whether the exercise was completed is not recorded for {unknown} of {len(log)} entries."
        )
    repeated = len(log) - len({(row["at"], row["exercise_id"]) for row in log})
    if repeated:
        found.append(f"The same exercise is logged twice at the same time, {_times(repeated)}.")
    return found


def _of_steps(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    if not steps:
        return []
    found = []
    days = {date.fromisoformat(row["day"]): row["steps"] for row in steps}
    span = (max(days) - min(days)).days + 1
    missing = span - sum(count is not None for count in days.values())
    if missing:
        found.append(f"No step count on {missing} of {span} days.")
    none = sum(count == 0 for count in days.values())
    if none:
        found.append(
            f"A step count of 0 on {_count(range(none), 'day')}: the counter may not have been worn."
        )
    many = sum(count is not None and count > MANY_STEPS for count in days.values())
    if many:
        found.append(f"Over {MANY_STEPS:,} steps on {_count(range(many), 'day')}: worth a check.")
    stuck = _longest_run(days)
    if stuck >= SAME_IN_A_ROW:
        found.append(f"Exactly the same step count on {stuck} days in a row: worth a check.")
    return found


def _longest_run(days: Mapping[date, int | None]) -> int:
    longest = run = 0
    for day, count in sorted(days.items()):
        same = bool(count) and days.get(day - timedelta(days=1)) == count
        run = run + 1 if same else 1 if count else 0
        longest = max(longest, run)
    return longest


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}" if len(things) == 1 else f"{len(things)} {word}s"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"no. {number}" for number in numbers[:SHOWN])
    return shown if len(numbers) <= SHOWN else f"{shown} and {len(numbers) - SHOWN} more"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
