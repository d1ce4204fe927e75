"""Checking documents about clients: profiles, questionnaires, medical histories, screening, wishes; a row a client."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol
from zoneinfo import available_timezones

from sqlite_utils import Database

from core.services.importing import values
from core.services.importing.columns import Columns, plain
from core.services.importing.lookups import Roll
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Kind, Snapshot
from core.services.importing.wishes import WISHES, Wish
from core.store import imports

DOCUMENTS = {
    Kind.PROFILES: "profile",
    Kind.QUESTIONNAIRES: "questionnaire",
    Kind.MEDICAL: "medical",
    Kind.SCREENING: "screening",
    Kind.PREFERENCES: "preferences",
}
RESERVED = frozenset({"recorded_at"})
People = dict[str, dict[str, Any]]
"""Reference, name and time zone of each client of the file, by reference."""


class Field(Protocol):
    """A column of answers."""

    @property
    def position(self) -> int:
        """Its place in a row."""

    @property
    def name(self) -> str:
        """What the answers are kept under."""

    def value(self, text: str) -> Any:
        """The cell's value, None where it is empty; a ValueError says why it cannot be."""


def check(
    db: Database, table: Table, columns: Columns, cohort: Snapshot, choices: Choices, kind: Kind
) -> Findings:
    """Check every row; a document that changes nothing in the client's newest one of its kind is left out.

    Fields that the file has no column for keep their last value, so that several files can make one
    profile; an empty cell takes the field away. Profiles bring new clients with them; medical and
    screening answers only if the person says so.
    """
    found = Findings()
    roll = Roll(cohort, add=kind is Kind.PROFILES or choices.new_clients)
    fields = wishes(columns, found) if kind is Kind.PREFERENCES else _fields(table, columns)
    known = (
        {} if cohort.cohort_id is None else imports.newest_documents(db, cohort.cohort_id, DOCUMENTS[kind])
    )
    names = {field.name for field in fields}
    kept = 0
    documents: dict[str, dict[str, Any]] = {}
    people: People = {}
    for client, document in rows(table, columns, fields, cohort, roll, found, people):
        last: dict[str, Any] = json.loads(known[client]) if client in known else {}
        merged = {name: value for name, value in last.items() if name not in names} | document
        if merged == last:
            found.count("documents that the cohort has already, left out", by=bool(last))
        else:
            documents[client] = merged
            kept += len(merged) > len(document)
    settle(found, cohort, people, documents, DOCUMENTS[kind])
    if documents:
        found.plan.documents = {DOCUMENTS[kind]: documents}
    roll.summarise(found)
    found.assumptions += _about(fields)
    if kept:
        found.assumptions.append(
            f"Fields that the file has no column for stay as they are ({kept:,} clients)."
        )
    return found


def rows(
    table: Table,
    columns: Columns,
    fields: Sequence[Field],
    cohort: Snapshot,
    roll: Roll,
    found: Findings,
    people: People,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each client of the file with the row's answers, where the row can be used; the client is put into ``people``."""
    seen: dict[str, tuple[int, list[str]]] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        before = found.problem_count
        cells = [cell.strip() for cell in cells]
        client = roll.resolve(cells[columns.found["client"]], line, columns.name("client"), found)
        if client in seen:
            earlier, same = seen[client]
            if cells == same:
                found.count("rows equal to an earlier row, left out")
            else:
                found.problem(
                    line,
                    columns.name("client"),
                    client,
                    f"stands with other values on line {earlier} already",
                )
            continue
        document = _document(fields, cells, line, found)
        name = _name(columns, cells, line, found)
        zone = _zone(columns, cells, line, found)
        if client is None:
            continue
        seen[client] = (line, cells)
        if found.problem_count > before:
            continue
        old_name, old_zone = cohort.clients.get(client, (client, "UTC"))
        people[client] = {"reference": client, "name": name or old_name, "time_zone": zone or old_zone}
        found.show(
            {
                "client": client,
                "name": people[client]["name"],
                "time zone": people[client]["time_zone"],
                **document,
            }
        )
        yield client, document


def settle(
    found: Findings, cohort: Snapshot, people: People, documents: Mapping[str, object], kind: str
) -> None:
    """Plan the clients of a file, and count what it comes to."""
    plan = found.plan
    for reference, person in people.items():
        if reference not in cohort.clients:
            plan.clients.append(person)
        elif cohort.clients[reference] != (person["name"], person["time_zone"]):
            plan.changed_clients.append(person)
    found.counts |= {
        f"{kind} documents to add": len(documents),
        "new clients": len(plan.clients),
        "clients with another name or time zone": len(plan.changed_clients),
    }


def wishes(columns: Columns, found: Findings) -> list[Wish]:
    """The columns that are wishes; others are said not to be used."""
    named = [(position, plain(columns.written[position])) for position in columns.rest]
    unused = [columns.written[position] for position, name in named if name not in WISHES]
    if unused:
        found.assumptions.append(f"Columns that are not used: {', '.join(unused)}.")
    return [Wish(position, name) for position, name in named if name in WISHES]


def _fields(table: Table, columns: Columns) -> list[values.Field]:
    return [
        values.field(table.rows, position, plain(columns.written[position]) or columns.written[position])
        for position in columns.rest
        if plain(columns.written[position]) not in RESERVED
    ]


def _document(fields: Sequence[Field], cells: list[str], line: int, found: Findings) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for field in fields:
        text = cells[field.position]
        try:
            value = field.value(text)
        except ValueError as error:
            found.problem(line, field.name, text, str(error))
            continue
        if value is not None:
            document[field.name] = value
    return document


def _name(columns: Columns, cells: list[str], line: int, found: Findings) -> str:
    if "name" not in columns.found or not cells[columns.found["name"]]:
        return ""
    text = cells[columns.found["name"]]
    try:
        return values.reference(text)
    except ValueError as error:
        found.problem(line, columns.name("name"), text, str(error))
        return ""


def _zone(columns: Columns, cells: list[str], line: int, found: Findings) -> str:
    if "time_zone" not in columns.found or not cells[columns.found["time_zone"]]:
        return ""
    text = cells[columns.found["time_zone"]]
    if text not in _zones():
        found.problem(
            line, columns.name("time_zone"), text, "is no time zone; write it like Europe/Berlin or UTC"
        )
        return ""
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() | {"UTC"})


def _about(fields: Sequence[Field]) -> list[str]:
    told = [field for field in fields if isinstance(field, values.Field)]
    numbers = [field.name for field in told if field.numeric]
    texts = [field.name for field in told if not field.numeric]
    return [
        f"Read as {kind}: {', '.join(names)}."
        for kind, names in (("numbers", numbers), ("text", texts))
        if names
    ]
