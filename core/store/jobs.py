"""Jobs and their pieces: queueing, leasing one piece at a time, finishing each exactly once.

A job's last piece puts the others' results together; it can be claimed when all others are done. A claim
holds while its token stands in the row and its time has not run out; a worker that went away therefore
gives its piece back, and a result is written only under the token that is still in force.

Functions that write expect to be called inside ``Store.transaction`` or ``Store.change``. Times are
seconds since the epoch and passed in.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.errors import Conflict, NotFound
from core.store.audit import now

Row = dict[str, Any]

# A worker that crashed three times on a piece will crash again. One that was ended from outside, or went silent,
# says little about its piece, and is forgiven much more often.
MOST_ATTEMPTS = 30
CRASH = 10
ACTIVE = ("queued", "running")

_CLAIMABLE = """
    FROM job_pieces p JOIN jobs j ON j.id = p.job_id
    WHERE j.state IN ('queued', 'running')
      AND (p.state = 'queued' OR (p.state = 'running' AND p.lease_until < :at))
      AND (p.piece < (SELECT max(piece) FROM job_pieces WHERE job_id = j.id)
           OR NOT EXISTS (SELECT 1 FROM job_pieces o
                          WHERE o.job_id = j.id AND o.piece < p.piece AND o.state <> 'done'))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece that this worker, and no other, may finish while ``token`` is in force."""

    job_id: str
    study: str
    settings: Mapping[str, Any]
    seed: int
    actor: str
    piece: int
    title: str
    last: bool
    token: str


def add(
    db: Database,
    *,
    study: str,
    settings: Mapping[str, Any],
    seed: int,
    actor: str,
    code_version: str,
    pieces: Sequence[str],
) -> str:
    """Queue a job with these pieces and one more that puts their results together; return its id."""
    job_id = uuid.uuid4().hex[:12]
    db.execute(
        "INSERT INTO jobs (id, study, settings, seed, state, code_version, actor, created_at)"
        " VALUES (?, ?, ?, ?, 'queued', ?, ?, ?)",
        [job_id, study, json.dumps(settings), seed, code_version, actor, now()],
    )
    db.conn.executemany(
        "INSERT INTO job_pieces (job_id, piece, title, state) VALUES (?, ?, ?, 'queued')",
        [(job_id, number, title) for number, title in enumerate([*pieces, "Put the results together"])],
    )
    return job_id


def waiting(db: Database, *, at: float) -> bool:
    """Whether a piece could be claimed; a read, so that idle workers hold up nobody."""
    return bool(db.execute(f"SELECT EXISTS (SELECT 1 {_CLAIMABLE})", {"at": at}).fetchone()[0])


def claim(db: Database, *, worker: str, code_version: str, at: float, seconds: float) -> Claim | None:
    """Lease the next piece for ``seconds``, or return None where nothing waits.

    Jobs share the workers: the job with the fewest pieces under way comes first, then the oldest. A job
    is failed here if one of its pieces was begun ``MOST_ATTEMPTS`` times without an end, a crash counting
    as ``CRASH``, or if its first pieces were made by other code than this worker's.
    """
    while True:
        rows = list(
            db.query(
                "SELECT p.piece, p.title, p.attempts, j.id, j.study, j.settings, j.seed, j.actor, j.started_at,"
                " j.code_version, p.piece = (SELECT max(piece) FROM job_pieces WHERE job_id = j.id) AS last"
                f" {_CLAIMABLE} ORDER BY (SELECT count(*) FROM job_pieces r WHERE r.job_id = j.id"
                " AND r.state = 'running' AND r.lease_until >= :at), j.created_at, j.rowid, p.piece LIMIT 1",
                {"at": at},
            )
        )
        if not rows:
            return None
        row = rows[0]
        if row["attempts"] >= MOST_ATTEMPTS:
            fail(
                db,
                row["id"],
                f"The process that worked at “{row['title']}” crashed again and again before it was done; most often "
                "that is too little memory. Try smaller settings, or close other programs.",
            )
            continue
        if row["started_at"] is not None and row["code_version"] != code_version:
            fail(
                db,
                row["id"],
                "Spotter's code has changed since this run began, so its pieces would not belong together. "
                "Restart the workbench, and start the study again.",
            )
            continue
        return _lease(db, row, worker=worker, code_version=code_version, until=at + seconds)


def _lease(db: Database, row: Row, *, worker: str, code_version: str, until: float) -> Claim:
    token = f"{worker}/{uuid.uuid4().hex}"
    db.execute(
        "UPDATE job_pieces SET state = 'running', fraction = 0, attempts = attempts + 1, lease = ?, lease_until = ?"
        " WHERE job_id = ? AND piece = ?",
        [token, until, row["id"], row["piece"]],
    )
    db.execute(
        "UPDATE jobs SET state = 'running', code_version = ?, started_at = coalesce(started_at, ?) WHERE id = ?",
        [code_version, now(), row["id"]],
    )
    return Claim(
        job_id=row["id"],
        study=row["study"],
        settings=json.loads(row["settings"]),
        seed=row["seed"],
        actor=row["actor"],
        piece=row["piece"],
        title=row["title"],
        last=bool(row["last"]),
        token=token,
    )


_HELD = (
    "job_id = ? AND piece = ? AND lease = ? AND state = 'running'"
    " AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND state = 'running')"
)


def renew(db: Database, held: Claim, *, fraction: float, until: float) -> bool:
    """Prolong a lease and note how far the piece is; False if it is lost or the job was stopped."""
    cursor = db.execute(
        f"UPDATE job_pieces SET fraction = ?, lease_until = ? WHERE {_HELD}",
        [fraction, until, held.job_id, held.piece, held.token],
    )
    return bool(cursor.rowcount)


def tell(db: Database, held: Claim, message: str) -> bool:
    """Note what a running job is at before its pieces can get on; False if the lease is lost or it was stopped."""
    cursor = db.execute(
        "UPDATE jobs SET message = ? WHERE id = ? AND state = 'running' AND EXISTS"
        f" (SELECT 1 FROM job_pieces WHERE {_HELD})",
        [message, held.job_id, held.job_id, held.piece, held.token],
    )
    return bool(cursor.rowcount)


def finish_piece(db: Database, held: Claim, *, seconds: float, result: Mapping[str, Any] | None) -> bool:
    """Write a piece's result; False, and nothing written, if the lease is lost or the job was stopped."""
    cursor = db.execute(
        "UPDATE job_pieces SET state = 'done', fraction = 1, lease = NULL, lease_until = NULL, seconds = ?, result = ?"
        f" WHERE {_HELD}",
        [
            seconds,
            None if result is None else json.dumps(result, allow_nan=False),
            held.job_id,
            held.piece,
            held.token,
        ],
    )
    return bool(cursor.rowcount)


def finish(db: Database, held: Claim, *, seconds: float, result: Mapping[str, Any]) -> bool:
    """Write the last piece and the job's result, and mark the job done; False if the lease is lost."""
    if not finish_piece(db, held, seconds=seconds, result=None):
        return False
    db.execute(
        "UPDATE jobs SET state = 'done', message = '', finished_at = ?, result = ? WHERE id = ?",
        [now(), json.dumps(result, allow_nan=False), held.job_id],
    )
    return True


def release(db: Database, worker: str) -> None:
    """Give back what this worker holds, the attempt not counted: it was stopped on purpose."""
    db.execute(
        "UPDATE job_pieces SET state = 'queued', fraction = 0, lease = NULL, lease_until = NULL,"
        " attempts = attempts - 1 WHERE state = 'running' AND substr(lease, 1, ?) = ?",
        [len(worker) + 1, f"{worker}/"],
    )


def expire(db: Database, worker: str, *, crashed: bool) -> None:
    """Give back what a worker held that is known to have ended; ``crashed``: by itself, not from outside."""
    db.execute(
        "UPDATE job_pieces SET state = 'queued', fraction = 0, lease = NULL, lease_until = NULL,"
        " attempts = attempts + ? WHERE state = 'running' AND substr(lease, 1, ?) = ?",
        [CRASH - 1 if crashed else 0, len(worker) + 1, f"{worker}/"],
    )


def fail(db: Database, job_id: str, message: str) -> bool:
    """Stop a job that cannot go on; False if it was no longer under way."""
    return _stop(db, job_id, "failed", message)


def give_up(db: Database, held: Claim, message: str) -> bool:
    """Fail the job of a piece; False, and nothing written, if the lease is lost or the job was stopped."""
    row = db.execute(
        f"SELECT 1 FROM job_pieces WHERE {_HELD}", [held.job_id, held.piece, held.token]
    ).fetchone()
    return row is not None and fail(db, held.job_id, message)


def cancel(db: Database, job_id: str) -> None:
    """Stop a job that somebody no longer wants; finished pieces stay.

    Raises:
        NotFound
        Conflict: if it is no longer under way.
    """
    if not _stop(db, job_id, "cancelled", ""):
        state = job(db, job_id)["state"]
        raise Conflict(f"This run is already {state}; there is nothing to cancel.")


def _stop(db: Database, job_id: str, state: str, message: str) -> bool:
    cursor = db.execute(
        "UPDATE jobs SET state = ?, message = ?, finished_at = ? WHERE id = ? AND state IN ('queued', 'running')",
        [state, message, now(), job_id],
    )
    db.execute(
        "UPDATE job_pieces SET state = 'queued', fraction = 0, lease = NULL, lease_until = NULL"
        " WHERE job_id = ? AND state = 'running'",
        [job_id],
    )
    return bool(cursor.rowcount)


def resume(db: Database, job_id: str) -> None:
    """Queue a cancelled or failed job again; its finished pieces are not repeated.

    Raises:
        NotFound
        Conflict: if it is under way or done.
    """
    cursor = db.execute(
        "UPDATE jobs SET state = 'queued', message = '', finished_at = NULL"
        " WHERE id = ? AND state IN ('cancelled', 'failed')",
        [job_id],
    )
    if not cursor.rowcount:
        state = job(db, job_id)["state"]
        raise Conflict(f"This run is {state}; only a cancelled or failed one can go on.")
    db.execute("UPDATE job_pieces SET attempts = 0 WHERE job_id = ? AND state = 'queued'", [job_id])


def settle_data_hash(db: Database, job_id: str, data_hash: str) -> bool:
    """Record which data the job stands on; False if an earlier piece stood on other data."""
    db.execute("UPDATE jobs SET data_hash = ? WHERE id = ? AND data_hash = ''", [data_hash, job_id])
    return bool(
        db.execute(
            "SELECT count(*) FROM jobs WHERE id = ? AND data_hash = ?", [job_id, data_hash]
        ).fetchone()[0]
    )


def job(db: Database, job_id: str) -> Row:
    """One job, its settings and result as objects.

    Raises:
        NotFound
    """
    for row in db.query("SELECT * FROM jobs WHERE id = ?", [job_id]):
        result = None if row["result"] is None else json.loads(row["result"])
        return {**row, "settings": json.loads(row["settings"]), "result": result}
    raise NotFound(f"There is no run {job_id!r}. Choose one from the list of runs.")


def newest(
    db: Database, *, states: Sequence[str] = (), study: str | None = None, limit: int = 10
) -> list[Row]:
    """The newest jobs first, without their results; of some states or one study where given."""
    where, values = _filter(states, study)
    rows = db.query(
        "SELECT id, study, settings, seed, state, code_version, data_hash, actor, created_at, started_at,"
        f" finished_at, message FROM jobs {where} ORDER BY created_at DESC, rowid DESC LIMIT ?",
        [*values, limit],
    )
    return [{**row, "settings": json.loads(row["settings"])} for row in rows]


def count(db: Database, *, states: Sequence[str] = (), study: str | None = None) -> int:
    """How many jobs there are, of some states or one study where given."""
    where, values = _filter(states, study)
    return int(db.execute(f"SELECT count(*) FROM jobs {where}", values).fetchone()[0])


def _filter(states: Sequence[str], study: str | None) -> tuple[str, list[str]]:
    parts = [f"state IN ({','.join('?' * len(states))})"] if states else []
    parts += ["study = ?"] if study else []
    values = [*states, *([study] if study else [])]
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def pieces(db: Database, job_id: str) -> list[Row]:
    """A job's pieces in order, without their results."""
    return list(
        db.query(
            "SELECT piece, title, state, fraction, attempts, seconds FROM job_pieces WHERE job_id = ? ORDER BY piece",
            [job_id],
        )
    )


def results(db: Database, job_id: str) -> list[Row]:
    """The results of a job's finished pieces, in order."""
    rows = db.execute(
        "SELECT result FROM job_pieces WHERE job_id = ? AND state = 'done' AND result IS NOT NULL ORDER BY piece",
        [job_id],
    )
    return [json.loads(text) for (text,) in rows.fetchall()]
