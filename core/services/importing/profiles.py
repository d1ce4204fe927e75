"""Checking documents about clients: profiles, questionnaires, medical histories, screening. One row a client."""

import json
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlite_utils import Database

from core.services.importing import values
from core.services.importing.columns import Columns, plain
from core.services.importing.lookups import Roll
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Kind, Snapshot
from core.store import imports

DOCUMENTS = {
    Kind.PROFILES: "profile",
    Kind.QUESTIONNAIRES: "questionnaire",
    Kind.MEDICAL: "medical",
    Kind.SCREENING: "screening",
}
RESERVED = frozenset({"recorded_at"})


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
    fields = _fields(table, columns)
    known = (
        {} if cohort.cohort_id is None else imports.newest_documents(db, cohort.cohort_id, DOCUMENTS[kind])
    )
    names = {field.name for field in fields}
    kept = 0
    seen: dict[str, tuple[int, list[str]]] = {}
    documents: dict[str, dict[str, Any]] = {}
    people: dict[str, dict[str, Any]] = {}
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
        last: dict[str, Any] = json.loads(known[client]) if client in known else {}
        merged = {name: value for name, value in last.items() if name not in names} | document
        if merged == last:
            found.count("documents that the cohort has already, left out", by=bool(last))
        else:
            documents[client] = merged
            kept += len(merged) > len(document)
    _settle(found, cohort, people, documents, DOCUMENTS[kind])
    roll.summarise(found)
    found.assumptions += _about(fields)
    if kept:
        found.assumptions.append(
            f"Fields that the file has no column for stay as they are ({kept:,} clients)."
        )
    return found


def _settle(
    found: Findings,
    cohort: Snapshot,
    people: dict[str, dict[str, Any]],
    documents: dict[str, dict[str, Any]],
    kind: str,
) -> None:
    plan = found.plan
    for reference, person in people.items():
        if reference not in cohort.clients:
            plan.clients.append(person)
        elif cohort.clients[reference] != (person["name"], person["time_zone"]):
            plan.changed_clients.append(person)
    if documents:
        plan.documents = {kind: documents}
    found.counts |= {
        f"{kind} documents to add": len(documents),
        "new clients": len(plan.clients),
        "clients with another name or time zone": len(plan.changed_clients),
    }


def _fields(table: Table, columns: Columns) -> list[values.Field]:
    return [
        values.field(table.rows, position, plain(columns.written[position]) or columns.written[position])
        for position in columns.rest
        if plain(columns.written[position]) not in RESERVED
    ]


def _document(fields: list[values.Field], cells: list[str], line: int, found: Findings) -> dict[str, Any]:
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


def _about(fields: list[values.Field]) -> list[str]:
    numbers = [field.name for field in fields if field.numeric]
    texts = [field.name for field in fields if not field.numeric]
    return [
        f"Read as {kind}: {', '.join(names)}."
        for kind, names in (("numbers", numbers), ("text", texts))
        if names
    ]
