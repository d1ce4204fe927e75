import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Conflict, InputError, NotFound, StorageFull, StorageReadOnly
from core.services.studies import running
from core.services.studies.performing import Performer, Stopped
from core.services.studies.running import PieceState, progress
from core.services.studies.study import Chart, Loaded, Result, Series, Table
from core.services.studies.version import code_version
from core.store import Store, audit, jobs, people, weights
from tests.toy_studies import STUDIES, TOY


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def start(store: Store, **settings: object) -> str:
    return running.start(store, STUDIES, "toy", {"seconds": 0.0, **settings}, seed=5, by="Ada")


def work(store: Store, *, pieces: int = 1000) -> None:
    performer = Performer(store, STUDIES, worker="here", lease_seconds=60.0)
    for _ in range(pieces):
        claim = performer.claim()
        if claim is None:
            return
        performer.perform(claim, lambda _: None)


def test_a_run_keeps_what_it_takes_to_repeat_it(store: Store) -> None:
    run_id = start(store, count=3)
    run = running.run(store, STUDIES, run_id)
    assert (run.state, run.title, run.seed, run.actor) == ("queued", "Throw dice", 5, "Ada")
    assert run.settings["count"] == 3
    assert run.settings["colours"] == ["red", "blue"], "defaults are kept too"
    assert [piece.title for piece in run.pieces] == ["Throw 1", "Throw 2", "Throw 3"]
    assert running.result(store, run_id) is None
    work(store)
    run = running.run(store, STUDIES, run_id)
    assert (run.state, run.fraction, run.seconds_left, run.pieces_done) == ("done", 1.0, None, 3)
    assert run.code_version == code_version()
    assert run.data_hash == "same"
    assert all(piece.seconds is not None for piece in run.pieces)
    result = running.result(store, run_id)
    assert result is not None
    assert result.headline[0].startswith("The mean is 45.")
    assert [row["action"] for row in audit.recent(store.db)] == ["finish study", "count toy", "start study"]
    audit.verify(store.db)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(store: Store) -> None:
    first, second = start(store), start(store)
    other = running.start(store, STUDIES, "toy", {"seconds": 0.0}, seed=6, by="Ada")
    work(store)
    assert running.result(store, first) == running.result(store, second)
    assert running.result(store, first) != running.result(store, other)


def test_what_cannot_run_is_refused_before_anything_is_queued(store: Store) -> None:
    with pytest.raises(NotFound, match="no study 'nope'; there are toy"):
        running.start(store, STUDIES, "nope", {}, seed=1, by="Ada")
    with pytest.raises(InputError, match="Pieces is 0"):
        running.start(store, STUDIES, "toy", {"count": 0}, seed=1, by="Ada")
    for seed in (-1, 2**31, True, 1.5):
        with pytest.raises(InputError, match="The seed is"):
            running.start(store, STUDIES, "toy", {}, seed=seed, by="Ada")  # type: ignore[arg-type]
    assert running.count(store) == 0


def test_a_publisher_that_fails_leaves_no_finished_run(store: Store) -> None:
    with store.transaction() as db:
        people.set_setting(db, "toy published", "not a number")
    run_id = start(store, count=1)
    work(store)
    run = running.run(store, STUDIES, run_id)
    assert run.state == "failed"
    assert "Put the results together" in run.message
    assert running.result(store, run_id) is None


def test_a_run_of_a_study_that_is_gone_can_still_be_read(store: Store) -> None:
    run_id = start(store, count=2)
    work(store)
    run = running.run(store, {}, run_id)
    assert (run.title, run.state, len(run.pieces)) == ("toy", "done", 2)


def test_a_queued_run_of_an_unknown_study_fails_with_a_sentence(store: Store) -> None:
    run_id = start(store, count=1)
    performer = Performer(store, {}, worker="here", lease_seconds=60.0)
    claim = performer.claim()
    assert claim is not None
    performer.perform(claim, lambda _: None)
    assert "has no study 'toy'" in running.run(store, STUDIES, run_id).message


def raising(error: Exception) -> Callable[[float], None]:
    def progress(_fraction: float) -> None:
        raise error

    return progress


@pytest.mark.parametrize(
    "error",
    [RuntimeError("x"), InputError("x"), MemoryError(), StorageFull("x")],
    ids=lambda e: type(e).__name__,
)
def test_a_worker_that_lost_its_lease_cannot_fail_the_run(store: Store, error: Exception) -> None:
    run_id = start(store, count=1)
    slow = Performer(store, STUDIES, worker="slow", lease_seconds=-1.0)
    lost = slow.claim()
    quick = Performer(store, STUDIES, worker="quick", lease_seconds=60.0)
    held = quick.claim()
    assert lost is not None
    assert held is not None
    assert held.piece == lost.piece
    slow.perform(lost, raising(error))
    assert running.run(store, STUDIES, run_id).state == "running"
    quick.perform(held, lambda _: None)
    work(store)
    assert running.run(store, STUDIES, run_id).state == "done"


def full(*_arguments: Any, **_options: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def claimed(store: Store) -> tuple[str, Performer, jobs.Claim]:
    run_id = start(store, count=1)
    performer = Performer(store, STUDIES, worker="here", lease_seconds=60.0)
    claim = performer.claim()
    assert claim is not None
    return run_id, performer, claim


@pytest.mark.parametrize("place", ["folder", "file"])
def test_a_log_that_finds_no_room_neither_ends_the_worker_nor_hides_why(
    store: Store, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    run_id, performer, claim = claimed(store)
    monkeypatch.setattr(Path, {"folder": "mkdir", "file": "open"}[place], full)
    performer.perform(claim, raising(ZeroDivisionError("division by zero")))
    run = running.run(store, STUDIES, run_id)
    assert run.state == "failed"
    assert "unexpected error (ZeroDivisionError: division by zero)" in run.message
    assert "The details" not in run.message, "there is no log to look into"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(errno.ENOSPC, "is full"), (errno.EROFS, "cannot be written")],
    ids=["full", "read-only"],
)
def test_a_piece_without_room_for_its_weights_fails_the_run_with_that_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: int, sentence: str
) -> None:
    def run_piece(*_: Any) -> dict[str, Any]:
        return {"weights": weights.save(store.weights, {"w": np.zeros(3)})}

    def refused(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refused)
    run_id = start(store, count=2)
    studies = {"toy": replace(TOY, run_piece=run_piece)}
    performer = Performer(store, studies, worker="here", lease_seconds=60.0)
    claim = performer.claim()
    assert claim is not None
    performer.perform(claim, lambda _: None)
    run = running.run(store, STUDIES, run_id)
    assert run.state == "failed"
    assert sentence in run.message
    assert str(store.weights) in run.message
    assert performer.claim() is None, "the piece is not begun again"


def test_a_database_that_cannot_even_note_the_failure_leaves_the_piece_to_its_lease(store: Store) -> None:
    run_id, performer, claim = claimed(store)

    def worse(_fraction: float) -> None:
        store.db.execute("PRAGMA query_only = ON")
        raise StorageFull("The disk is full.")

    with pytest.raises(StorageReadOnly):
        performer.perform(claim, worse)
    store.db.execute("PRAGMA query_only = OFF")
    assert running.run(store, STUDIES, run_id).state == "running"
    assert performer.renew(claim, 0.5)


def test_cancel_and_go_on(store: Store) -> None:
    run_id = start(store, count=4)
    work(store, pieces=2)
    running.cancel(store, run_id, by="Bea")
    work(store)
    run = running.run(store, STUDIES, run_id)
    assert (run.state, run.pieces_done, run.seconds_left) == ("cancelled", 2, None)
    with pytest.raises(Conflict):
        running.cancel(store, run_id, by="Bea")
    running.resume(store, run_id, by="Bea")
    work(store)
    assert running.run(store, STUDIES, run_id).state == "done"
    with pytest.raises(Conflict, match="is done"):
        running.resume(store, run_id, by="Bea")


def test_loading_is_told_and_can_be_stopped(store: Store) -> None:
    heard = []

    def load(of: Store, _settings: Any, progress: Callable[[float], None]) -> Loaded:
        for done in (0.0, 0.01, 0.5):
            progress(done)
            found = running.run(of, studies, run_id)
            heard.append((found.message, found.seconds_left, found.fraction))
        return TOY.load(of, _settings, progress)

    studies = {"toy": replace(TOY, load=load, loading="The dice are being carved")}
    run_id = start(store, count=2)
    performer = Performer(store, studies, worker="here", lease_seconds=60.0)

    def stop(_done: float) -> None:
        raise Stopped

    claim = performer.claim()
    assert claim is not None
    performer.perform(claim, stop)  # as where it was cancelled: what load was at ends there
    assert heard == []
    performer.perform(claim, lambda _: None)
    assert heard == [
        ("The dice are being carved, 0 %", None, 0.0),
        ("The dice are being carved, 0 %", None, 0.0),
        ("The dice are being carved, 50 %", None, 0.0),
    ]
    found = running.run(store, studies, run_id)
    assert (found.message, found.pieces_done) == ("", 1)
    work(store)
    assert running.run(store, studies, run_id).state == "done"


def test_what_is_left_is_not_guessed_from_next_to_nothing() -> None:
    begun, fresh = PieceState("", "running", 0.5, None), PieceState("", "queued", 0.0, None)
    assert progress([begun] + [fresh] * 99, [1.0] * 100, 60.0) == (pytest.approx(0.005), None)


def test_lists_are_counted_and_filtered(store: Store) -> None:
    ids = [start(store, count=1) for _ in range(3)]
    running.cancel(store, ids[1], by="Ada")
    assert [run.id for run in running.newest(store, STUDIES, limit=2)] == [ids[2], ids[1]]
    assert running.count(store, states=("queued", "running")) == 2
    assert running.count(store, study="other") == 0


def test_progress_weighs_the_pieces() -> None:
    done, half, fresh = (
        PieceState("", "done", 1.0, 8.0),
        PieceState("", "running", 0.5, None),
        PieceState("", "queued", 0.0, None),
    )
    # 8 s for 4 units of weight; 1 of 2 and 6 of 6 units are left; one worker is at it.
    assert progress([done, half, fresh], [4.0, 2.0, 6.0], 99.0) == (
        pytest.approx(5 / 12),
        pytest.approx(14.0),
    )
    assert progress([half, half, done], [1.0, 1.0, 2.0], 99.0) == (pytest.approx(0.75), pytest.approx(2.0))
    assert progress([fresh, fresh], [1.0, 1.0], 99.0) == (0.0, None)
    # Nothing finished: half a unit took the one worker 3 s, and 1.5 units are left.
    assert progress([half, fresh], [1.0, 1.0], 3.0) == (pytest.approx(0.25), pytest.approx(9.0))


def test_an_export_is_audited(store: Store) -> None:
    run_id = start(store, count=1)
    head = running.export_noted(store, run_id, "Throws", by="Ada")
    assert head == audit.head(store.db)
    assert audit.recent(store.db, 1)[0]["action"] == "export study"


def test_results_survive_json() -> None:
    result = Result(
        headline=("One.",),
        tables=(Table("T", ("a", "b"), (("x", 1.5), (None, True)), "note"),),
        charts=(Chart("intervals", "C", "x", "y", (Series("s", ("a",), (1.0,), (0.5,), (None,)),), "alt"),),
        synthetic=True,
    )
    assert Result.from_json(result.to_json()) == result
    before = {key: value for key, value in result.to_json().items() if key != "synthetic"}
    assert not Result.from_json(before).synthetic, "kept by a version that did not say"


def test_workers_do_not_touch_a_database_without_work(store: Store) -> None:
    before = store.db.execute("PRAGMA data_version").fetchone()[0]
    other = Store(store.folder)
    assert Performer(other, STUDIES, worker="idle", lease_seconds=1.0).claim() is None
    assert store.db.execute("PRAGMA data_version").fetchone()[0] == before
    assert not jobs.waiting(store.db, at=1e12)
