"""The guideline base: one row per group of people and component, read from a table that a clinician can sign.

The table is ``guidelines.csv`` beside this file; ``README.md`` there says what each column means. No row has been
reviewed by a clinician until ``signed_by`` and ``signed_on`` are filled.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from core.errors import InputError
from core.guidelines.vocabulary import ADULT, COMPONENTS, CONDITIONS, GENERAL, OLDEST, SEXES, Intensity

FILE = "guidelines.csv"
NOT_REVIEWED = "not yet reviewed by a clinician"
FIRST_YEAR, LAST_YEAR = 1990, 2100

# Each measure with its columns for the least and the most, and the largest number that it can be.
MEASURES: Mapping[str, tuple[str | None, str | None, float]] = {
    "days": ("days_low", "days_high", 7),
    "minutes": ("minutes_low", "minutes_high", 24 * 60),
    "weekly_minutes": ("weekly_minutes_low", "weekly_minutes_high", 7 * 24 * 60),
    "intensity": ("intensity_low", "intensity_high", len(Intensity) - 1),
    "rest_days": ("rest_days_low", None, 6),
    "days_off": (None, "days_off_high", 6),
}
PEOPLE = ("condition", "component", "sex", "age_low", "age_high")
WORDS = ("type", "cautions")
ORIGIN = ("source", "year", "link", "signed_by", "signed_on")
COLUMNS = (
    *PEOPLE,
    *(column for low, high, _ in MEASURES.values() for column in (low, high) if column),
    *WORDS,
    *ORIGIN,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row or a rule comes from, and who has reviewed it.

    Attributes:
        source: the publication.
        year: its year.
        link: its address.
        signed_by: the clinician who reviewed the row; None until then.
        signed_on: the day of the review.
    """

    source: str
    year: int
    link: str
    signed_by: str | None
    signed_on: date | None

    @property
    def cited(self) -> str:
        """The publication with its year, which some name already."""
        return self.source if str(self.year) in self.source else f"{self.source}, {self.year}"

    @property
    def review(self) -> str:
        """Who reviewed it and when, or that nobody did."""
        if self.signed_by is None or self.signed_on is None:
            return NOT_REVIEWED
        return f"reviewed by {self.signed_by} on {self.signed_on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Row:
    """What one source says of one component for one group of people.

    Attributes:
        key: its name, for references to it.
        condition: a condition, or one of the two general groups.
        component: aerobic, strength, flexibility or balance.
        sex: female or male; None for both.
        ages: first and last age in whole years, both within.
        low: least by measure: days a week, minutes a session, weekly minutes (aerobic: of moderate intensity, a
            vigorous minute counting twice), intensity (0 light, 1 moderate, 2 vigorous), rest days between sessions.
        high: most by measure; also the most days off in a row.
        type: what kind of exercise.
        cautions: what to watch.
        origin: source and review.
    """

    key: str
    condition: str
    component: str
    sex: str | None
    ages: tuple[int, int]
    low: Mapping[str, float]
    high: Mapping[str, float]
    type: str
    cautions: str
    origin: Origin

    @property
    def for_every_adult(self) -> bool:
        """Whether it is the general advice that more particular rows stand before."""
        return self.condition == ADULT

    def applies_to(self, age: float, sex: str | None, conditions: frozenset[str]) -> bool:
        """Whether a person is one of those that the row speaks of."""
        return (
            (self.condition in GENERAL or self.condition in conditions)
            and self.ages[0] <= age < self.ages[1] + 1
            and (self.sex is None or self.sex == sex)
        )


@cache
def guideline_rows() -> tuple[Row, ...]:
    """The rows of Spotter's own table, in its order."""
    rows = read_rows(files("core.guidelines").joinpath(FILE).read_text(encoding="utf-8"))
    check_whole(rows)
    return rows


def read_rows(text: str) -> tuple[Row, ...]:
    """Rows from the text of a table with the columns of `COLUMNS`.

    Raises:
        InputError: naming the line and the column of what cannot be used.
    """
    rows = tuple(_row(cells, line) for line, cells in read_table(text, COLUMNS, FILE))
    seen: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        if row.key in seen:
            raise InputError(f"{FILE}: rows {seen[row.key]} and {line} both speak of {row.key}; join them.")
        seen[row.key] = line
    return rows


def check_whole(rows: Iterable[Row]) -> None:
    """Refuse a table that leaves a condition or every adult without a row.

    Raises:
        InputError: naming what is missing.
    """
    held = list(rows)
    missing = [name for name in (*GENERAL, *CONDITIONS) if all(row.condition != name for row in held)]
    if missing:
        raise InputError(f"{FILE}: no row for {', '.join(missing)}. Each condition needs at least one.")
    for component in COMPONENTS[:3]:
        if not any(row.condition == ADULT and row.component == component and not row.sex for row in held):
            raise InputError(f"{FILE}: no row for {ADULT}, {component}, which everybody falls back on.")


def read_table(text: str, columns: tuple[str, ...], name: str) -> list[tuple[int, dict[str, str]]]:
    """(row number in the table, cells by column) of a table whose first row names exactly these columns.

    Raises:
        InputError: for other columns, or a row with more or fewer cells.
    """
    table = list(csv.reader(io.StringIO(text)))
    if not table or tuple(table[0]) != columns:
        raise InputError(f"{name}: the first row must name the columns {', '.join(columns)}.")
    for number, cells in enumerate(table[1:], start=2):
        if len(cells) != len(columns):
            raise InputError(
                f"{name}, row {number}: {len(cells)} cells, but there are {len(columns)} columns."
            )
    return [
        (number, dict(zip(columns, map(str.strip, cells), strict=True)))
        for number, cells in enumerate(table[1:], start=2)
    ]


def read_origin(cells: Mapping[str, str], place: str) -> Origin:
    """Source, year, link and signature of a row.

    Raises:
        InputError: for a missing source, a year that is none, a link that is no https address, or half a signature.
    """
    if not cells["source"]:
        raise InputError(f"{place}: source is empty; say where the row comes from.")
    year = _number(cells, "year", place, LAST_YEAR)
    if year is None or year < FIRST_YEAR or year != int(year):
        raise InputError(f"{place}: year must be from {FIRST_YEAR} to {LAST_YEAR}; it is {cells['year']!r}.")
    link = urlsplit(cells["link"])
    if link.scheme != "https" or "." not in link.netloc or " " in cells["link"]:
        raise InputError(f"{place}: link must be an https address; it is {cells['link']!r}.")
    if bool(cells["signed_by"]) != bool(cells["signed_on"]):
        raise InputError(f"{place}: signed_by and signed_on are filled together or not at all.")
    try:
        signed_on = date.fromisoformat(cells["signed_on"]) if cells["signed_on"] else None
    except ValueError:
        raise InputError(
            f"{place}: signed_on must be a day like 2026-01-31; it is {cells['signed_on']!r}."
        ) from None
    return Origin(cells["source"], int(year), cells["link"], cells["signed_by"] or None, signed_on)


def _row(cells: Mapping[str, str], number: int) -> Row:
    place = f"{FILE}, row {number}"
    for column, allowed in (
        ("condition", (*GENERAL, *CONDITIONS)),
        ("component", COMPONENTS),
        ("sex", ("", *SEXES)),
    ):
        if cells[column] not in allowed:
            raise InputError(
                f"{place}: {column} is {cells[column]!r}; it must be one of "
                f"{', '.join(word or '(empty)' for word in allowed)}."
            )
    low, high = _limits(cells, place)
    if not (low or high or cells["type"]):
        raise InputError(f"{place}: the row says nothing; give a limit or a type, or leave it out.")
    ages = _ages(cells, place)
    return Row(
        key=_key(cells),
        condition=cells["condition"],
        component=cells["component"],
        sex=cells["sex"] or None,
        ages=ages,
        low=low,
        high=high,
        type=cells["type"],
        cautions=cells["cautions"],
        origin=read_origin(cells, place),
    )


def _key(cells: Mapping[str, str]) -> str:
    ages = f"{cells['age_low']}–{cells['age_high']}".strip("–") if cells["sex"] or cells["age_high"] else ""
    people = [cells["condition"], cells["sex"], ages]
    return f"{', '.join(filter(None, people))}: {cells['component']}"


def _ages(cells: Mapping[str, str], place: str) -> tuple[int, int]:
    first = _number(cells, "age_low", place, OLDEST)
    last = _number(cells, "age_high", place, OLDEST)
    if first is None:
        raise InputError(f"{place}: age_low is empty; the sources speak of people from some age on.")
    last = OLDEST if last is None else last
    if first > last:
        raise InputError(f"{place}: age_low {first:g} is above age_high {last:g}.")
    return int(first), int(last)


def _limits(cells: Mapping[str, str], place: str) -> tuple[dict[str, float], dict[str, float]]:
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for measure, (low_column, high_column, most) in MEASURES.items():
        for column, held in ((low_column, low), (high_column, high)):
            value = _value(cells, column, place, most) if column else None
            if value is not None:
                held[measure] = value
        if measure in low and measure in high and low[measure] > high[measure]:
            raise InputError(
                f"{place}: {low_column} {cells[str(low_column)]} is above {high_column} {cells[str(high_column)]}."
            )
    return low, high


def _value(cells: Mapping[str, str], column: str, place: str, most: float) -> float | None:
    if not column.startswith("intensity"):
        return _number(cells, column, place, most)
    if not cells[column]:
        return None
    try:
        return float(Intensity(cells[column]).order)
    except ValueError:
        words = ", ".join(Intensity)
        raise InputError(f"{place}: {column} is {cells[column]!r}; it must be one of {words}.") from None


def _number(cells: Mapping[str, str], column: str, place: str, most: float) -> float | None:
    if not cells[column]:
        return None
    if not cells[column].isdecimal() or int(cells[column]) > most:
        raise InputError(
            f"{place}: {column} must be a whole number from 0 to {most:g}; it is {cells[column]!r}."
        )
    return float(cells[column])
