"""Taking a checked file in: one audited transaction, whole or not at all."""

import hashlib
from collections.abc import Sequence

import sample_data
from core.errors import Conflict, InputError
from core.services import Store, gating, recommending
from core.services import health as records
from core.services.importing import containers, health
from core.services.importing.checking import snapshot
from core.services.importing.report import Kind, Need, Report, Taken
from core.store import Change, exercises, imports, people, steps

FILMS = "Films stand for exercises: no health is on record, and no film is against anybody's."
SOURCES = {Kind.MOVIELENS: "MovieLens 100K, GroupLens"}


def take(store: Store, report: Report, *, by: str) -> Taken:
    """Write what a report plans. If anything fails, nothing of it is in the database.

    Raises:
        InputError: if the report still needs something of the person.
        Conflict: if the file or the cohort changed since it was checked, or the same file was taken before.
    """
    if Need.TAKEN_BEFORE in report.needs:
        raise Conflict(Need.TAKEN_BEFORE)
    if not report.ready:
        raise InputError(f"{report.source} was not taken. {' '.join(report.needs)}")
    _same_file(report)
    with store.change("import file", by=by, subject=f"cohort “{report.cohort.cohort}”") as change:
        cohort_id = _same_cohort(change, report)
        if cohort_id is None:
            source = SOURCES.get(report.kind, "imported files")
            cohort_id = people.add_cohort(
                change.db, report.cohort.cohort, source=source, synthetic=report.sha256 in _sample_hashes()
            )
        import_id = _write(change, report, cohort_id, by)
        if report.kind is Kind.MOVIELENS:
            gating.switch(store, cohort_id, on=False, reason=FILMS, by="system")
        recommending.mark_pending(change.db, cohort_id)
        change.subject = f"cohort {cohort_id}"
        change.detail |= {
            "import": import_id,
            "file": report.source,
            "kind": report.kind,
            "sha256": report.sha256,
            "rows": report.rows_read,
            "counts": dict(report.counts),
        }
        model = people.cohort(change.db, cohort_id)["model_version_id"]
    return Taken(
        import_id,
        cohort_id,
        report.cohort.cohort,
        report.counts,
        untrained=bool(report.plan.log) and model is None,
    )


def _sample_hashes() -> set[str]:
    """Hashes of the sample cohort's files: a cohort begun with one of them is synthetic under any name."""
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in sample_data.COHORT.glob("*.csv")}


def _same_file(report: Report) -> None:
    if report.path is None:
        return
    try:
        now = containers.sha256(report.path)
    except InputError as error:
        raise Conflict(f"{error} Nothing was taken; check the file again.") from error
    if now != report.sha256:
        raise Conflict(f"{report.path} has changed since it was checked. Nothing was taken; check it again.")


def _same_cohort(change: Change, report: Report) -> int | None:
    now = snapshot(change.db, report.cohort.cohort)
    if now != report.cohort:
        if now.cohort_id is not None and imports.taken_before(
            change.db, now.cohort_id, report.kind, report.sha256
        ):
            raise Conflict(Need.TAKEN_BEFORE)
        raise Conflict(
            f"“{now.cohort}” has changed since the file was checked. Nothing was taken; check the file again."
        )
    return now.cohort_id


def _same_documents(change: Change, report: Report, kind: str, clients: Sequence[int]) -> None:
    """A planned document holds what the client's newest one said when the file was checked: a later one would be lost.

    Raises:
        Conflict
    """
    for begin in range(0, len(clients), records.BATCH):
        for client, found in people.dated_documents(
            change.db, clients[begin : begin + records.BATCH], [kind]
        ).items():
            if found[kind]["id"] > report.cohort.last_document:
                raise Conflict(
                    f"The {kind} answers of {people.client(change.db, client)['name'].rstrip('.')} have changed since "
                    "the file was checked. Nothing was taken; check the file again."
                )


def _write(change: Change, report: Report, cohort_id: int, by: str) -> int:
    db, plan = change.db, report.plan
    clients = people.add_clients(db, cohort_id, plan.clients)
    imports.update_clients(db, cohort_id, plan.changed_clients)
    known = exercises.add_exercises(db, cohort_id, plan.exercises)
    import_id = exercises.add_import(
        db,
        cohort_id,
        kind=report.kind,
        path=report.source,
        sha256=report.sha256,
        row_count=report.rows_read,
        actor=by,
    )
    for kind, documents in plan.documents.items():
        _same_documents(change, report, kind, [clients[client] for client in documents])
        people.add_documents(db, kind, {clients[client]: document for client, document in documents.items()})
    records.take_in(
        db,
        {
            clients[client]: (health.answers(row), row.get(health.CLEARED))
            for client, row in plan.health.items()
        },
        by=by,
        note=f"From the file {report.source}.",
    )
    exercises.add_log(
        db,
        ((clients[client], at, known[exercise], done, hard) for client, at, exercise, done, hard in plan.log),
        import_id,
    )
    steps.add(db, ((clients[client], day, count, goal) for client, day, count, goal in plan.steps), import_id)
    return import_id
