"""Start, watch, cancel and open runs of studies. The work itself is done by the worker processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import InputError, NotFound
from core.services import Store
from core.services.studies import options
from core.services.studies.study import Piece, Result, Studies, Study
from core.services.studies.version import code_version
from core.store import audit, jobs

STATES = ("queued", "running", "done", "failed", "cancelled")
MOST_PIECES = 5000
MOST_SEED = 2**31 - 1
TELLS = 0.02  # share of the work that must be done before unfinished pieces say what is left


@dataclass(frozen=True, slots=True)
class PieceState:
    """A piece of a run: ``fraction`` done, and its seconds once it is."""

    title: str
    state: str
    fraction: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands now.

    Attributes:
        title: of its study, or the bare name if this version has no such study.
        pieces: without the last step, that puts the results together.
        fraction: of all work, weighted by the pieces' expected length.
        seconds_left: None while nothing can be said, and when nothing is left to do.
        message: why it failed; while it runs, what it is made ready with.
    """

    id: str
    study: str
    title: str
    settings: Mapping[str, Any]
    seed: int
    state: str
    actor: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    code_version: str
    data_hash: str
    message: str
    pieces: tuple[PieceState, ...]
    fraction: float
    seconds_left: float | None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in jobs.ACTIVE

    @property
    def pieces_done(self) -> int:
        """How many pieces are finished."""
        return sum(piece.state == "done" for piece in self.pieces)


def start(store: Store, studies: Studies, name: str, values: Mapping[str, Any], *, seed: int, by: str) -> str:
    """Queue a run and return its id; a worker takes it up within a second.

    Raises:
        NotFound: for a study that is not registered.
        InputError: for settings or a seed that cannot be used.
    """
    study = find(studies, name)
    settings = options.build(study.settings, values, store)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        raise InputError(f"The seed is {seed!r}; it must be a whole number from 0 to {MOST_SEED}.")
    pieces = study.pieces(settings, seed)
    if not 1 <= len(pieces) <= MOST_PIECES:
        raise InputError(
            f"These settings make {len(pieces)} pieces of work; there must be 1 to {MOST_PIECES}. Choose fewer."
        )
    with store.change("start study", by=by, subject=f"study {name}") as change:
        run_id = jobs.add(
            change.db,
            study=name,
            settings=options.as_dict(settings),
            seed=seed,
            actor=by,
            code_version=code_version(),
            pieces=[piece.title for piece in pieces],
        )
        change.detail |= {"run": run_id, "seed": seed}
    return run_id


def find(studies: Studies, name: str) -> Study:
    """The study of that name.

    Raises:
        NotFound
    """
    if name not in studies:
        raise NotFound(f"There is no study {name!r}; there are {', '.join(studies)}.")
    return studies[name]


def cancel(store: Store, run_id: str, *, by: str) -> None:
    """Stop a run; workers notice within a second or so, at their next sign of progress.

    Raises:
        NotFound
        Conflict: if it had ended already.
    """
    with store.change("cancel study", by=by, subject=f"run {run_id}") as change:
        jobs.cancel(change.db, run_id)


def resume(store: Store, run_id: str, *, by: str) -> None:
    """Let a cancelled or failed run go on from its last finished piece.

    Raises:
        NotFound
        Conflict: if it is under way or done.
    """
    with store.change("resume study", by=by, subject=f"run {run_id}") as change:
        jobs.resume(change.db, run_id)


def run(store: Store, studies: Studies, run_id: str) -> Run:
    """One run as it stands now.

    Raises:
        NotFound
    """
    return _run(store, studies, jobs.job(store.db, run_id))


def newest(
    store: Store, studies: Studies, *, states: Sequence[str] = (), study: str | None = None, limit: int = 10
) -> list[Run]:
    """The newest runs first."""
    return [
        _run(store, studies, row) for row in jobs.newest(store.db, states=states, study=study, limit=limit)
    ]


def count(store: Store, *, states: Sequence[str] = (), study: str | None = None) -> int:
    """How many runs there are."""
    return jobs.count(store.db, states=states, study=study)


def result(store: Store, run_id: str) -> Result | None:
    """What a finished run says; None while it is not done.

    Raises:
        NotFound
    """
    document = jobs.job(store.db, run_id)["result"]
    return None if document is None else Result.from_json(document)


def export_noted(store: Store, run_id: str, what: str, *, by: str) -> str:
    """Write into the audit that figures of a run left the workbench; returns the audit's head after it."""
    with store.change("export study", by=by, subject=f"run {run_id}") as change:
        change.detail["what"] = what
    return audit.head(store.db)


def _run(store: Store, studies: Studies, row: Mapping[str, Any]) -> Run:
    study = studies.get(row["study"])
    pieces = tuple(
        PieceState(p["title"], p["state"], p["fraction"], p["seconds"])
        for p in jobs.pieces(store.db, row["id"])
    )
    fraction, left = progress(pieces, _weights(study, row, len(pieces)), _seconds_since(row["started_at"]))
    done = any(piece.state == "done" for piece in pieces)
    return Run(
        id=row["id"],
        study=row["study"],
        title=study.title if study else row["study"],
        settings=row["settings"],
        seed=row["seed"],
        state=row["state"],
        actor=row["actor"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        code_version=row["code_version"],
        data_hash=row["data_hash"],
        message=row["message"],
        pieces=pieces[:-1],
        fraction=fraction,
        seconds_left=left if row["state"] == "running" and (done or not row["message"]) else None,
    )


def _weights(study: Study | None, row: Mapping[str, Any], count: int) -> list[float]:
    """The expected length of each piece; putting results together counts for nothing."""
    planned: Sequence[Piece] = ()
    if study is not None:
        try:
            planned = study.pieces(options.build(study.settings, row["settings"]), row["seed"])
        except InputError:  # the run was made by a version that knew other settings
            planned = ()
    if len(planned) != count - 1:
        planned = [Piece("")] * (count - 1)
    return [*(piece.weight for piece in planned), 0.0]


def _seconds_since(stamp: str | None) -> float:
    return 0.0 if stamp is None else (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def progress(
    pieces: Sequence[PieceState], weights: Sequence[float], elapsed: float
) -> tuple[float, float | None]:
    """The fraction done, and the seconds left as the work so far lets one expect.

    The seconds that finished pieces took for a unit of weight, times the weight that is left, shared among
    as many workers as are at it now. Before the first piece is finished, the seconds ``elapsed`` since the
    run began and the running pieces' own fractions have to do, if they are at least 2 % of all.
    """
    total = sum(weights)
    done = sum(weight * piece.fraction for piece, weight in zip(pieces, weights, strict=True))
    fraction = min(1.0, done / total) if total else float(all(piece.state == "done" for piece in pieces))
    workers = max(1, sum(piece.state == "running" for piece in pieces))
    spent = sum(piece.seconds or 0.0 for piece in pieces if piece.state == "done")
    finished = sum(weight for piece, weight in zip(pieces, weights, strict=True) if piece.state == "done")
    if not finished:
        spent, finished = elapsed * workers, done if fraction >= TELLS else 0.0
    if not finished:
        return fraction, None
    return fraction, spent / finished * (total - done) / workers
