"""What is on record of a client's health: reading it for a form, saving answers, recording a clearance.

Documents are only ever added. A clearance counts while nothing that it was given for has changed since: conditions,
screening answers, findings, measurements, whether the client is active, and whether the age is an adult's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from sqlite_utils import Database

from core.errors import Conflict, InputError
from core.guidelines import CONDITIONS, FINDINGS, MEASUREMENTS, Health
from core.services import Store, moments, recommending
from core.services.health_documents import (
    KINDS,
    NAMING,
    ONE_BY_ONE,
    Clearance,
    Recorded,
    Taken,
    answer,
    basis,
    facts,
)
from core.store import people

MOST_NOTE = 500  # characters
BATCH = 2000


class Keep(Enum):
    """Says of a field that it stays as it is."""

    AS_IT_IS = "as it is"


KEEP: Final = Keep.AS_IT_IS


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record of a client's health.

    Attributes:
        conditions: in the guideline base's spelling; None if no medical history was taken.
        unknown: conditions on record that no rule of the gate knows, as written; saving others replaces them.
        screening: the answer to each question, None where there is none.
        active: at least 30 minutes of moderate exercise on three days a week for three months; None if not known.
        findings, measurements: by name, with who recorded them and when; of a measurement the value.
        clearance: the last one given; ``void`` says why it does not count, and is empty while it does.
        problem: what cannot be read and what to do, in sentences; empty if everything can.
    """

    client_id: int
    age: float | None
    sex: str | None
    conditions: tuple[str, ...] | None
    unknown: tuple[str, ...]
    screening: Mapping[str, bool | None]
    active: bool | None
    findings: Mapping[str, Taken]
    measurements: Mapping[str, Taken]
    clearance: Clearance | None
    problem: str

    @property
    def cleared(self) -> bool:
        """Whether a clearance counts."""
        return self.clearance is not None and not self.clearance.void


def read(store: Store, client_id: int) -> Record:
    """What is on record of a client's health.

    Raises:
        NotFound: if there is no such client.
    """
    people.client(store.db, client_id)
    known = facts(_documents(store.db, client_id))
    return Record(
        client_id=client_id,
        age=known.age,
        sex=known.sex,
        conditions=known.conditions,
        unknown=known.unknown,
        screening=known.screening,
        active=known.active,
        findings=known.findings,
        measurements=known.measurements,
        clearance=known.clearance,
        problem=" ".join(known.problems),
    )


def save(
    store: Store,
    client_id: int,
    *,
    by: str,
    conditions: Iterable[str] | Keep | None = KEEP,
    screening: Mapping[str, bool | None] | Keep = KEEP,
    active: bool | Keep | None = KEEP,
    findings: Iterable[str] | Keep = KEEP,
    measurements: Mapping[str, float | None] | Keep = KEEP,
) -> bool:
    """Put answers on record, and recommend anew to the client; one audited transaction. Returns whether any changed.

    Args:
        conditions: all that the client has; empty for none, None where no medical history was taken.
        screening: answers to any of the questions; those not named stay.
        active: None if not known.
        findings: all that hold today; those that held before keep the time they were recorded.
        measurements: any of them; None takes one away, the same value again keeps its time, those not named stay.

    Raises:
        NotFound: if there is no such client.
        InputError: for a condition, question, finding or measurement that no rule knows, or a value that is none.
    """
    cohort_id = people.client(store.db, client_id)["cohort_id"]
    answers = checked(
        Answers(
            conditions=conditions,
            screening=screening,
            active=active,
            findings=findings,
            measurements=measurements,
        )
    )
    with store.transaction() as db:
        documents = _documents(db, client_id)
        changes = put_on_record(db, client_id, documents, answers, by=by)
        if changes:
            with store.change("save health", by=by, subject=f"client {client_id}") as change:
                change.detail |= changes
                recommending.refresh(store, cohort_id, [client_id])
    return bool(changes)


def clear(store: Store, client_id: int, *, by: str, note: str, seen: Record | None = None) -> None:
    """Record that a clinician, having seen what is on record now, allows exercise; audited.

    Args:
        note: whose word it is and what it says, 1 to 500 characters.
        seen: the record as it was before the person who gives it; None where nobody looked at one.

    Raises:
        NotFound: if there is no such client.
        InputError: without a note, or while something on record cannot be read.
        Conflict: if the record is another by now than the one seen.
    """
    note = _note(note, "Say who gave the clearance and when; it is shown and kept.")
    cohort_id = people.client(store.db, client_id)["cohort_id"]
    with store.change("record clearance", by=by, subject=f"client {client_id}") as change:
        documents = _documents(change.db, client_id)
        if seen is not None and read(store, client_id) != seen:
            raise Conflict(
                "The record was changed a moment ago, and nobody can have seen the new answers. Look at it again, then "
                "record the clearance."
            )
        known = facts(documents)
        if known.problems:
            raise InputError(f"Nobody can have seen a record that cannot be read. {known.problems[0]}")
        document = with_clearance(documents, by=by, note=note, at=moments.stamp(moments.now()))
        people.add_documents(change.db, "health", {client_id: document})
        change.detail["note"] = note
        recommending.refresh(store, cohort_id, [client_id])


def withdraw_clearance(store: Store, client_id: int, *, by: str, note: str = "") -> None:
    """Take a clearance away that counts until now; audited, and kept on record as withdrawn.

    Raises:
        NotFound: if there is no such client.
        Conflict: if there is no clearance that counts.
        InputError: for a note of over 500 characters.
    """
    note = _note(note, "Say in words why it is withdrawn, or nothing.") if note.strip() else ""
    cohort_id = people.client(store.db, client_id)["cohort_id"]
    with store.change("withdraw clearance", by=by, subject=f"client {client_id}") as change:
        documents = _documents(change.db, client_id)
        clearance = facts(documents).clearance
        if clearance is None or clearance.void:
            raise Conflict("There is no clearance that counts; nothing was changed.")
        said = f": {note}" if note else ""
        document = _void(documents["health"].document, f"Withdrawn by {by}{said}")
        people.add_documents(change.db, "health", {client_id: document})
        change.detail |= {"note": note, "given by": clearance.by, "given at": clearance.at}
        recommending.refresh(store, cohort_id, [client_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers to put on record; see ``save``."""

    conditions: Iterable[str] | Keep | None = KEEP
    screening: Mapping[str, bool | None] | Keep = KEEP
    active: bool | Keep | None = KEEP
    findings: Iterable[str] | Keep = KEEP
    measurements: Mapping[str, float | None] | Keep = KEEP


def checked(answers: Answers) -> Answers:
    """The answers in the spelling that they are kept in.

    Raises:
        InputError: for what no rule knows, or a value that is none.
    """
    measured = {} if isinstance(answers.measurements, Keep) else answers.measurements
    health = Health(
        age=None,
        conditions=None if isinstance(answers.conditions, Keep) else answers.conditions,
        screening=None if isinstance(answers.screening, Keep) else answers.screening,
        active=None if isinstance(answers.active, Keep) else answers.active,
        findings=() if isinstance(answers.findings, Keep) else answers.findings,
        measurements={name: value for name, value in measured.items() if value is not None},
    )
    unknown = sorted(measured.keys() - MEASUREMENTS.keys())
    if unknown:
        raise InputError(
            f"No rule knows the measurement {unknown[0]!r}; measurements are: {', '.join(MEASUREMENTS)}."
        )
    conditions = answers.conditions
    if not isinstance(conditions, Keep) and conditions is not None:
        conditions = tuple(name for name in CONDITIONS if name in health.has)
    findings = answers.findings
    if not isinstance(findings, Keep):
        findings = tuple(name for name in FINDINGS if name in health.found)
    return replace(answers, conditions=conditions, findings=findings)


def put_on_record(
    db: Database, client_id: int, documents: Mapping[str, Recorded], answers: Answers, *, by: str
) -> dict[str, Any]:
    """Add the documents that checked answers make; returns what changed, by field, each as from and to.

    Args:
        documents: the client's newest documents.
    """
    at = moments.stamp(moments.now())
    planned, changes = _planned(documents, answers, by=by, at=at)
    for kind, document in planned.items():
        people.add_documents(db, kind, {client_id: document})
    return changes


def of_health_document(
    *, active: bool | None, findings: Iterable[str] | None, measurements: Mapping[str, float | None]
) -> Answers:
    """Answers where None of anything but a measurement leaves what is on record."""
    return Answers(
        active=KEEP if active is None else active,
        findings=KEEP if findings is None else findings,
        measurements=measurements,
    )


def changes(documents: Mapping[str, Recorded], answers: Answers, cleared: bool | None) -> bool:
    """Whether these checked answers, and a clearance given or taken away, change what is on record."""
    _, changed = _planned(documents, answers, by="", at="")
    clearance = facts(documents).clearance
    counts = clearance is not None and not clearance.void and not changed
    return bool(changed) or (cleared is not None and cleared != counts)


def take_in(db: Database, rows: Mapping[int, tuple[Answers, bool | None]], *, by: str, note: str) -> None:
    """Put imported answers on record in the caller's transaction: checked ones, and a clearance given or taken away."""
    on_record = documents_of(db, list(rows))
    for client_id, (answers, cleared) in rows.items():
        changed = put_on_record(db, client_id, on_record.get(client_id, {}), answers, by=by)
        documents = (
            documents_of(db, [client_id]).get(client_id, {}) if changed else on_record.get(client_id, {})
        )
        clearance = facts(documents).clearance
        counts = clearance is not None and not clearance.void
        if cleared and not counts:
            at = moments.stamp(moments.now())
            document = with_clearance(documents, by=by, note=note, at=at)
            people.add_documents(db, "health", {client_id: document})
        elif cleared is False and counts:
            document = _void(documents["health"].document, f"Taken away by {by}: {note}")
            people.add_documents(db, "health", {client_id: document})


def documents_of(db: Database, client_ids: Sequence[int]) -> dict[int, dict[str, Recorded]]:
    """The newest documents that speak of health, by client and kind; clients without any are left out."""
    found: dict[int, dict[str, Recorded]] = {}
    for begin in range(0, len(client_ids), BATCH):
        batch = client_ids[begin : begin + BATCH]
        for client, rows in people.dated_documents(db, batch, KINDS).items():
            found[client] = {
                kind: Recorded(row["id"], row["recorded_at"], row["document"]) for kind, row in rows.items()
            }
    return found


def with_clearance(documents: Mapping[str, Recorded], *, by: str, note: str, at: str) -> dict[str, Any]:
    """The document of kind ``health`` with a clearance for what these documents say."""
    old = documents["health"].document if "health" in documents else {}
    given_for = basis(documents, facts(documents).age)
    return {**old, "clearance": {"by": by, "note": note, "at": at, "for": given_for, "void": ""}}


def _planned(
    documents: Mapping[str, Recorded], answers: Answers, *, by: str, at: str
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Documents to add by kind, and what they change."""
    old = {kind: dict(documents[kind].document) if kind in documents else {} for kind in KINDS}
    new: dict[str, dict[str, Any]] = {}
    changes: dict[str, Any] = {}
    known = facts(documents)
    if not isinstance(answers.conditions, Keep) and (answers.conditions != known.conditions or known.unknown):
        before = {key: old["medical"][key] for key in _condition_keys(old["medical"])}
        new["medical"] = {key: value for key, value in old["medical"].items() if key not in before}
        if answers.conditions is not None:
            new["medical"]["conditions"] = "; ".join(answers.conditions) or "none"
        changes["conditions"] = _moved(before or None, new["medical"].get("conditions"))
    if not isinstance(answers.screening, Keep):
        moved = {
            question: _moved(old["screening"].get(question), given)
            for question, given in answers.screening.items()
            if given != known.screening[question] or _unreadable(question, old["screening"])
        }
        if moved:
            said = {question: _yes(move["to"]) for question, move in moved.items()}
            new["screening"] = {**old["screening"], **said}
            changes["screening"] = moved
    health = dict(old["health"])
    if not isinstance(answers.active, Keep) and answers.active != health.get("active"):
        changes["active"] = _moved(health.get("active"), answers.active)
        health["active"] = answers.active
    if not isinstance(answers.findings, Keep):
        held = dict(health.get("findings") or {})
        wanted = {name: held.get(name) or {"at": at, "by": by} for name in answers.findings}
        if wanted.keys() != held.keys():
            changes["findings"] = _moved(held, sorted(wanted))
            health["findings"] = wanted
    if not isinstance(answers.measurements, Keep):
        held = dict(health.get("measurements") or {})
        moved = {
            name: _moved(held.get(name), value)
            for name, value in answers.measurements.items()
            if (held.get(name) or {}).get("value") != value
        }
        if moved:
            changes["measurements"] = moved
            for name, move in moved.items():
                held.pop(name, None)
                if move["to"] is not None:
                    held[name] = {"value": move["to"], "at": at, "by": by}
            health["measurements"] = held
    if health != old["health"]:
        named = " and ".join(name for name in ("active", "findings", "measurements") if name in changes)
        new["health"] = _void(
            health, f"It was given before a change of {named}, on {at[:10]}; ask for it again."
        )
    return new, changes


def _void(document: Mapping[str, Any], why: str) -> dict[str, Any]:
    """A document of kind ``health`` whose clearance, if one counts by it, does not any more."""
    clearance = document.get("clearance")
    if not clearance or clearance.get("void"):
        return dict(document)
    return {**document, "clearance": {**clearance, "void": why}}


def _condition_keys(medical: Mapping[str, Any]) -> list[str]:
    return [key for key in medical if key in NAMING or key in ONE_BY_ONE]


def _unreadable(question: str, screening: Mapping[str, Any]) -> bool:
    try:
        answer(screening.get(question))
    except InputError:
        return True
    return False


def _moved(before: object, after: object) -> dict[str, Any]:
    return {"from": before, "to": after}


def _yes(value: bool | None) -> str | None:
    return {True: "yes", False: "no", None: None}[value]


def _note(note: str, without: str) -> str:
    note = note.strip()
    if not any(letter.isalpha() for letter in note):
        raise InputError(without)
    if len(note) > MOST_NOTE:
        raise InputError(f"The note may have {MOST_NOTE} characters; this one has {len(note)}.")
    return note


def _documents(db: Database, client_id: int) -> dict[str, Recorded]:
    return documents_of(db, [client_id]).get(client_id, {})
