"""Checking a catalogue of exercises: separated values, or JSON as free-exercise-db has it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlite_utils import Database

from core.errors import InputError
from core.services import exercise_needs
from core.services.importing import values
from core.services.importing.columns import SYNONYMS, Columns, plain
from core.services.importing.reading import Table
from core.services.importing.report import Findings, Kind, Snapshot
from core.store import exercises

LEVELS: Mapping[str, float] = {
    "beginner": 1,
    "easy": 1,
    "intermediate": 2,
    "medium": 2,
    "moderate": 2,
    "expert": 3,
    "advanced": 3,
    "hard": 3,
    "difficult": 3,
}
IN_WORDS = "beginner or easy 1, intermediate, medium or moderate 2, expert, advanced, hard or difficult 3"

NEEDS = frozenset(exercise_needs.COLUMNS)

Exercise = dict[str, Any]


def check_table(db: Database, table: Table, columns: Columns, cohort: Snapshot) -> Findings:
    """Check every row; columns without a meaning of their own are kept as details of the exercise."""
    found = Findings()
    catalogue = _Gathered(db, cohort, found)
    fields = [
        values.field(table.rows, position, plain(columns.written[position]) or columns.written[position])
        for position in columns.rest
    ]
    for line, cells in zip(table.lines, table.rows, strict=True):
        before = found.problem_count
        exercise: Exercise = {
            meaning: cells[position].strip()
            for meaning, position in columns.found.items()
            if meaning != "difficulty"
        }
        if "difficulty" in columns.found:
            text = cells[columns.found["difficulty"]].strip()
            exercise["difficulty"] = _difficulty(text, line, columns.name("difficulty"), found)
        detail: dict[str, Any] = {}
        for field in fields:
            text = cells[field.position].strip()
            if field.name in NEEDS and not _known(field.name, text, line, found):
                continue
            try:
                value = field.value(text)
            except ValueError as error:
                found.problem(line, field.name, text, str(error))
                continue
            if value is not None:
                detail[field.name] = value
        catalogue.add(line, exercise, detail, sound=found.problem_count == before)
    catalogue.settle()
    return found


def check_json(db: Database, text: str, cohort: Snapshot) -> tuple[Findings, int]:
    """Check a JSON list of exercises; returns the findings and how many it holds.

    Lists of muscles become one text, levels in words become numbers, nulls are left out, and
    everything else is kept as details of the exercise.

    Raises:
        InputError: if the text is not a JSON list of objects.
    """
    found = Findings()
    catalogue = _Gathered(db, cohort, found)
    nulls: Counter[str] = Counter()
    count = 0
    for line, item in _objects(text):
        count += 1
        before = found.problem_count
        exercise: Exercise = {}
        used: set[str] = set()
        by_name = {plain(key): key for key in reversed(item)}
        for meaning, names in SYNONYMS[Kind.EXERCISES].items():
            key = next(
                (by_name[name] for name in names if name in by_name and by_name[name] not in used), None
            )
            if key is None:
                continue
            used.add(key)
            written = _text(item[key], line, key, found)
            exercise[meaning] = _difficulty(written, line, key, found) if meaning == "difficulty" else written
        nulls.update(key for key, value in item.items() if value is None or value == [])
        detail = {
            plain(key) or key: value
            for key, value in item.items()
            if key not in used and value not in (None, [], "")
        }
        try:
            json.dumps(item, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            found.problem(line, "", "", "holds half a character, which is no text")
        for column in NEEDS & detail.keys():
            _known(column, detail[column], line, found)
        catalogue.add(line, exercise, detail, sound=found.problem_count == before)
    if not count:
        raise InputError("The list of exercises is empty. Choose the file that holds them.")
    catalogue.settle()
    if nulls:
        listed = ", ".join(f"{key} in {number:,}" for key, number in nulls.most_common())
        found.assumptions.append(f"Missing or empty, and left so: {listed}.")
    return found, count


class _Gathered:
    """The exercises of a file as they come in, held against one another and against the cohort's."""

    def __init__(self, db: Database, cohort: Snapshot, found: Findings) -> None:
        rows = [] if cohort.cohort_id is None else exercises.exercises(db, cohort.cohort_id)
        self._known = {row["reference"]: row for row in rows}
        self._found = found
        self._seen: dict[str, tuple[int, Exercise, dict[str, Any]]] = {}
        self._words = False

    def add(self, line: int, exercise: Exercise, detail: dict[str, Any], *, sound: bool) -> None:
        reference = exercise.pop("exercise", "") or exercise.get("name", "")
        try:
            values.reference(reference)
            values.reference(exercise.get("name") or reference)
        except ValueError as error:
            self._found.problem(line, "exercise", reference, str(error))
            return
        if reference in self._seen:
            earlier, *same = self._seen[reference]
            if same == [exercise, detail]:
                self._found.count("rows equal to an earlier row, left out")
            else:
                self._found.problem(
                    line, "exercise", reference, f"stands with other values on line {earlier} already"
                )
            return
        self._seen[reference] = (line, exercise, detail)
        if sound:
            self._plan(reference, exercise, detail)

    def _plan(self, reference: str, exercise: Exercise, detail: dict[str, Any]) -> None:
        """Plan to add or change it; what the file does not say of a known exercise stays."""
        old = self._known.get(reference)
        before = (
            {}
            if old is None
            else {key: old[key] for key in ("name", "category", "muscle_group", "difficulty")}
        )
        given = {key: value for key, value in exercise.items() if value not in (None, "")}
        planned = {
            "reference": reference,
            "name": reference,
            "category": "",
            "muscle_group": "",
            "difficulty": None,
            **before,
            **given,
            "detail": {**(old["detail"] if old else {}), **detail},
        }
        if old is not None and all(old[key] == value for key, value in planned.items()):
            self._found.count("exercises that the cohort has already, left out")
            return
        self._found.count("exercises brought up to date" if old else "new exercises")
        self._found.plan.exercises.append(planned)
        self._found.show(
            {key: value for key, value in planned.items() if key != "detail"} | {"more": ", ".join(detail)}
        )

    def settle(self) -> None:
        """Count what the whole file comes to."""
        self._found.counts.setdefault("new exercises", 0)
        names = Counter(
            str(exercise.get("name") or key).casefold() for key, (_, exercise, _) in self._seen.items()
        )
        shared = [name for name, count in names.items() if count > 1]
        if shared:
            self._found.assumptions.append(
                f"{len(shared)} names stand for several exercises each ({', '.join(shared[:3])} …); "
                "a log must name these by their reference."
            )


def _difficulty(text: str, line: int, column: str, found: Findings) -> float | None:
    if values.missing(text):
        return None
    if text.casefold() in LEVELS:
        note = f"Difficulty in words is read as {IN_WORDS}."
        if note not in found.assumptions:
            found.assumptions.append(note)
        return LEVELS[text.casefold()]
    try:
        return values.not_negative(text)
    except ValueError:
        found.problem(
            line, column, text, f"is neither a number that is not negative nor a level ({IN_WORDS})"
        )
        return None


def _known(column: str, value: object, line: int, found: Findings) -> bool:
    """Whether the safety gate can read a need; a word that it does not know is a problem."""
    try:
        exercise_needs.need(column, None if values.missing(str(value)) else value)
    except InputError as error:
        found.problem(line, column, str(value), str(error))
        return False
    return True


def _text(value: object, line: int, key: str, found: Findings) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value).strip()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(part.strip() for part in value)
    found.problem(line, key, json.dumps(value), "is neither text nor a list of texts")
    return ""


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON list, each with the line it starts on."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    position, line, counted = _skip(text, 0), 1, 0
    if text[position : position + 1] != "[":
        raise InputError("The JSON is no list. A catalogue is a list of exercises: [{…}, {…}].")
    position = _skip(text, position + 1)
    while text[position : position + 1] != "]":
        line += text.count("\n", counted, position)
        counted = position
        try:
            item, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"The JSON cannot be read in the exercise that starts on line {line} ({error})."
            ) from error
        if not isinstance(item, dict):
            raise InputError(f"On line {line} an exercise is expected, in braces: {{…}}.")
        yield line, item
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            raise InputError(
                f"The JSON breaks off, or a comma is missing, after the exercise on line {line}."
            )


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")
