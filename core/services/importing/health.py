"""Checking what the safety gate asks beside conditions and screening: activity, findings, measurements, clearance."""

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.errors import InputError
from core.guidelines import FINDINGS, MEASUREMENTS
from core.services.health import Answers, changes, documents_of, of_health_document
from core.services.health_documents import MISSING, answer, names
from core.services.importing import profiles, values
from core.services.importing.columns import Columns, plain
from core.services.importing.lookups import Roll
from core.services.importing.reading import Table
from core.services.importing.report import Choices, Findings, Snapshot
from core.store import people as stored

ACTIVE, CLEARED, FOUND = "active", "cleared", "findings"
COLUMNS = (ACTIVE, CLEARED, FOUND, *MEASUREMENTS)


@dataclass(frozen=True, slots=True)
class Column:
    """One such column."""

    position: int
    name: str

    def value(self, text: str) -> bool | float | tuple[str, ...] | None:
        """The cell's value, None where it is empty, which leaves what is on record.

        Raises:
            ValueError: with the reason, for a person.
        """
        if text.casefold() in MISSING:
            return None
        if self.name in (ACTIVE, CLEARED):
            try:
                return answer(text)
            except InputError:
                raise ValueError("is neither yes nor no; leave it empty where it is not known") from None
        if self.name == FOUND:
            return _findings(text)
        low, high = MEASUREMENTS[self.name]
        number = values.number(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low:g} to {high:g}; leave it empty where it was not measured")
        return number


def check(db: Database, table: Table, columns: Columns, cohort: Snapshot, choices: Choices) -> Findings:
    """Check every row; a row that changes nothing of what is on record is left out.

    An empty cell leaves what is on record. ``cleared`` says that a clinician, having seen what is then on record,
    allows exercise; no takes a clearance that counts away.
    """
    found = Findings()
    roll = Roll(cohort, add=choices.new_clients)
    named = [(position, plain(columns.written[position])) for position in columns.rest]
    unused = [columns.written[position] for position, name in named if name not in COLUMNS]
    if unused:
        found.assumptions.append(f"Columns that are not used: {', '.join(unused)}.")
    fields = [Column(position, name) for position, name in named if name in COLUMNS]
    ids = {} if cohort.cohort_id is None else stored.client_ids(db, cohort.cohort_id)
    on_record = documents_of(db, list(ids.values()))
    people: profiles.People = {}
    health: dict[str, dict[str, Any]] = {}
    for client, document in profiles.rows(table, columns, fields, cohort, roll, found, people):
        documents = on_record.get(ids.get(client, 0), {})
        if changes(documents, answers(document), document.get(CLEARED)):
            health[client] = document
        else:
            found.count("rows that change nothing on record, left out")
    profiles.settle(found, cohort, people, health, "health")
    found.plan.health = health
    roll.summarise(found)
    if any(document.get(CLEARED) for document in health.values()):
        found.assumptions.append(
            "A clearance counts for what is on record when the file is taken in; later answers make it void."
        )
    return found


def answers(document: dict[str, Any]) -> Answers:
    """What a row says, as it is put on record."""
    return of_health_document(
        active=document.get(ACTIVE),
        findings=document.get(FOUND),
        measurements={name: document[name] for name in MEASUREMENTS if name in document},
    )


def _findings(text: str) -> tuple[str, ...]:
    spelt = {name.casefold(): name for name in FINDINGS}
    said = names(text) or []
    unknown = [name for name in said if name.casefold() not in spelt]
    if unknown:
        raise ValueError(
            f"names the finding “{unknown[0]}”, which no rule knows; there are: {', '.join(FINDINGS)}, "
            "parted by semicolons, or none"
        )
    return tuple(spelt[name.casefold()] for name in said)
