"""Reading and checking a file without writing anything."""

from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from core.errors import InputError, NotFound
from core.services import Store
from core.services.importing import (
    columns,
    containers,
    exercises,
    health,
    logs,
    movielens,
    profiles,
    reading,
    steps,
    wearables,
)
from core.services.importing.containers import Form, Source
from core.services.importing.report import Choices, Findings, Kind, Need, Report, Snapshot
from core.services.importing.wearables import OnePerson
from core.store import exercises as catalogue
from core.store import imports, people

MY_CLIENTS = "My clients"


def check(
    store: Store,
    source: Source,
    *,
    cohort: str = MY_CLIENTS,
    kind: Kind | str | None = None,
    choices: Choices | None = None,
    read: OnePerson | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Read a whole file, check every row, and say what taking it in would do; nothing is written.

    Args:
        source: a file's path, the folder of MovieLens 100K, or a file's name and bytes.
        cohort: the name of the cohort it is for; made when the file is taken, if there is none.
            MovieLens has a cohort of its own.
        kind: what the file holds; None finds out from its columns.
        choices: the person's answers to what the file leaves open (``Report.needs`` asks).
        read: what ``read_ahead`` gave for this very file, so that another choice does not read it again.
        progress: told how far a large export is read, from 0 to 1.

    Raises:
        InputError: if it cannot be read as a table at all. Bad rows do not raise: they are in the report.
    """
    cohort = " ".join(cohort.split())
    if not 1 <= len(cohort) <= 60:
        raise InputError("The name of a cohort has 1 to 60 characters.")
    if kind is not None and kind not in list(Kind):
        raise InputError(f"{kind!r} is no kind of file; choose one of {', '.join(Kind)}.")
    wanted = None if kind is None else Kind(kind)
    path = Path(source) if not isinstance(source, tuple) else None
    folder = None if path is None else movielens.folder_of(path)
    if folder is not None and wanted in (None, Kind.MOVIELENS):
        return _movielens(store, folder)
    if wanted is Kind.MOVIELENS:
        raise InputError("MovieLens is a folder with u.data, u.item and u.user. Name the folder.")
    before = snapshot(store.db, cohort)
    said = choices or Choices()
    content = containers.look(source)
    name = source[0] if isinstance(source, tuple) else Path(source).name
    if content.form is not Form.TABLE:
        _only_steps(wanted)
        zone = wearables.zone_of(said.client, before)
        if read is None or read.form is not content.form or read.zone not in (None, zone):
            read = wearables.read(source, content, zone, progress or _unheard)
        found_kind, rows, sha256 = Kind.STEPS, read.rows, read.sha256
        found = wearables.check(store.db, read, before, said.settled(before))
    else:
        sha256 = containers.sha256(source)
        member = content.members[0] if content.members else None
        data = containers.read_whole(source, member)
        found_kind, found, rows = _check(store.db, member or name, data, before, wanted, said.settled(before))
    found.assumptions += _implied(found_kind, found, said, before)
    return _report(store.db, found_kind, found, rows, name=name, path=path, sha256=sha256, before=before)


def read_ahead(
    store: Store,
    source: Source,
    *,
    cohort: str = MY_CLIENTS,
    client: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> OnePerson | None:
    """Read an export of a phone or tracker once, for ``check``; None for a file that ``check`` reads quickly.

    Args:
        client: whose it is; some exports need the client's time zone.
        progress: told how far it is, from 0 to 1.

    Raises:
        InputError: if it cannot be read.
    """
    content = containers.look(source)
    if content.form is Form.TABLE:
        return None
    zone = wearables.zone_of(client, snapshot(store.db, " ".join(cohort.split())))
    return wearables.read(source, content, zone, progress or _unheard)


def clients(store: Store, cohort: str) -> dict[str, str]:
    """Names of a cohort's clients by reference, in order of name; none where there is no such cohort."""
    known = snapshot(store.db, " ".join(cohort.split())).clients
    return dict(sorted(((ref, name) for ref, (name, _) in known.items()), key=lambda pair: pair[::-1]))


def implied(store: Store, cohort: str) -> Choices:
    """What goes without saying for a cohort: one that has no clients, or no exercises, gets those of the file."""
    return Choices().settled(snapshot(store.db, " ".join(cohort.split())))


def snapshot(db: Database, cohort: str) -> Snapshot:
    """A cohort as it is now, as far as an import depends on it."""
    try:
        cohort_id = int(people.cohort(db, cohort)["id"])
    except NotFound:
        return Snapshot(cohort, None, 0, {}, {})
    return Snapshot(
        cohort,
        cohort_id,
        imports.newest(db, cohort_id),
        imports.clients(db, cohort_id),
        {row["reference"]: row["name"] for row in catalogue.exercises(db, cohort_id)},
        people.changed(db, cohort_id)[1],
    )


def _unheard(done: float) -> None:
    """Progress that nobody asked for."""


def _only_steps(wanted: Kind | None) -> None:
    if wanted not in (None, Kind.STEPS):
        raise InputError(f"This is an export of a phone or a tracker, which holds steps, not {wanted}.")


def _movielens(store: Store, folder: Path) -> Report:
    before = snapshot(store.db, movielens.COHORT)
    found, rows = movielens.check(folder)
    path = folder / "u.data"
    return _report(
        store.db,
        Kind.MOVIELENS,
        found,
        rows,
        name="u.data",
        path=path,
        sha256=containers.sha256(path),
        before=before,
    )


def _check(
    db: Database, name: str, data: bytes, cohort: Snapshot, wanted: Kind | None, choices: Choices
) -> tuple[Kind, Findings, int]:
    text, encoding = reading.decode(data)
    if text.lstrip()[:1] in ("[", "{"):
        if wanted not in (None, Kind.EXERCISES):
            raise InputError(
                "This is JSON, which only a catalogue of exercises may be. Save the rows as CSV."
            )
        found, rows = exercises.check_json(db, text, cohort)
        found.assumptions.insert(0, f"Read as {encoding}, a JSON list of exercises.")
        return Kind.EXERCISES, found, rows
    table = reading.read_table(text, encoding)
    del text
    kind = wanted or columns.detect(table.header, name)
    understood = columns.understand(table.header, kind)
    if choices.client and kind is not Kind.STEPS:
        raise InputError(f"A client is named only beside the steps of one person; this is {kind}.")
    if kind is Kind.LOG:
        found = logs.check(db, table, understood, cohort, choices)
    elif kind is Kind.STEPS:
        found = steps.check(db, table, understood, cohort, choices)
    elif kind is Kind.EXERCISES:
        found = exercises.check_table(db, table, understood, cohort)
    elif kind is Kind.HEALTH:
        found = health.check(db, table, understood, cohort, choices)
    else:
        found = profiles.check(db, table, understood, cohort, choices, kind)
    found.assumptions[:0] = table.assumptions
    if kind in (Kind.LOG, Kind.STEPS) and understood.rest:
        unused = ", ".join(understood.written[position] for position in understood.rest)
        found.assumptions.append(f"Columns that are not used: {unused}.")
    for line, cells in table.ragged:
        found.problem(
            line,
            "",
            "",
            f"The row has {cells} cells, the header {len(table.header)}; look for a separator too many or few",
        )
    return kind, found, len(table.rows) + len(table.ragged)


def _implied(kind: Kind, found: Findings, said: Choices, cohort: Snapshot) -> list[str]:
    # Profiles always bring their clients with them, and a catalogue its exercises.
    new = (
        ("clients", said.new_clients, cohort.clients, found.plan.clients, Kind.PROFILES),
        ("exercises", said.new_exercises, cohort.exercises, found.plan.exercises, Kind.EXERCISES),
    )
    return [
        f"“{cohort.cohort}” has no {what} yet, so those that the file names are added."
        for what, choice, known, added, brings in new
        if choice is None and not known and added and kind is not brings
    ]


def _report(
    db: Database,
    kind: Kind,
    found: Findings,
    rows: int,
    *,
    name: str,
    path: Path | None,
    sha256: str,
    before: Snapshot,
) -> Report:
    needs = found.needs
    taken = before.cohort_id is not None and imports.taken_before(db, before.cohort_id, kind, sha256)
    if taken and kind is not Kind.STEPS:
        needs = {Need.TAKEN_BEFORE}
    elif not needs and found.plan.empty():
        needs = {Need.TAKEN_BEFORE if taken else Need.NOTHING_NEW}
    elif taken:
        # Steps may be taken again: for another client, or with another meaning of zero.
        found.assumptions.append(
            "This very file was taken into the cohort before. Taken again, its counts replace newer ones."
        )
    return Report(
        kind=kind,
        source=name,
        path=path,
        sha256=sha256,
        rows_read=rows,
        counts={what: count for what, count in found.counts.items() if count},
        problems=found.listed(),
        problem_count=found.problem_count,
        preview=tuple(found.preview),
        assumptions=tuple(found.assumptions),
        needs=tuple(need for need in Need if need in needs),
        cohort=before,
        plan=found.plan,
    )
