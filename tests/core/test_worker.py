"""Real worker processes, killed and cancelled at moments drawn from a seed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.services.studies import running
from core.services.workers import Supervisor
from core.store import Store, jobs, people
from tests.toy_studies import STUDIES, TOY

ROOT = Path(__file__).parent.parent.parent
SECONDS = 0.15  # of a piece, where the moments of kills are drawn
OPTIONS = ("--studies", "tests.toy_studies", "--lease", "2")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signal")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data")
    # A witness that no code under test can fool: every finish of a piece, in the transaction that makes it.
    store.db.conn.executescript(
        "CREATE TABLE finishes (job_id TEXT, piece INTEGER);"
        "CREATE TRIGGER witness AFTER UPDATE OF state ON job_pieces WHEN NEW.state = 'done'"
        " BEGIN INSERT INTO finishes VALUES (NEW.job_id, NEW.piece); END"
    )
    return store


@contextmanager
def worker(store: Store, name: str = "worker") -> Iterator[subprocess.Popen[bytes]]:
    folder = str(store.folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "core.worker", "--data", folder, "--name", name, "--with-parent", *OPTIONS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


SERVER = """
import sys, time
from pathlib import Path
from core.services.workers import Supervisor
Supervisor(Path(sys.argv[1]), workers=2, options=tuple(sys.argv[2:])).start()
time.sleep(600)
"""


def server(store: Store) -> subprocess.Popen[bytes]:
    """A process that does what the web server does with its workers."""
    return subprocess.Popen([sys.executable, "-c", SERVER, str(store.folder), *OPTIONS], cwd=ROOT)


def start(store: Store, seed: int = 3, **settings: Any) -> str:
    return running.start(store, STUDIES, "toy", settings, seed=seed, by="Ada")


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def ended(store: Store, run_id: str) -> Callable[[], bool]:
    return lambda: jobs.job(store.db, run_id)["state"] not in jobs.ACTIVE


def at_work(store: Store, run_id: str) -> Callable[[], bool]:
    """Whether a piece is under way; fails if the run is over, as there is nothing to kill then."""

    def found() -> bool:
        run = jobs.job(store.db, run_id)
        assert run["state"] in jobs.ACTIVE, f"the run is {run['state']} already. {run['message']}"
        return any(p["state"] == "running" for p in jobs.pieces(store.db, run_id))

    return found


def undisturbed(store: Store, run_id: str) -> dict[str, Any]:
    """What the run must say, worked out here and now without any worker."""
    from core.services.studies.study import Context

    settings = TOY.settings(**{**running.run(store, STUDIES, run_id).settings, "seconds": 0.0})
    seed = running.run(store, STUDIES, run_id).seed
    context = Context(store, TOY.load(store, settings, lambda _done: None).value)
    pieces = [
        TOY.run_piece(settings, seed, i, context, lambda _: None)
        for i in range(len(TOY.pieces(settings, seed)))
    ]
    return TOY.combine(settings, pieces).to_json()


def check_whole(store: Store, run_id: str) -> None:
    row = jobs.job(store.db, run_id)
    assert row["state"] == "done", row["message"]
    assert row["result"] == json.loads(json.dumps(undisturbed(store, run_id)))
    finishes = store.db.execute(
        "SELECT piece FROM finishes WHERE job_id = ? ORDER BY piece", [run_id]
    ).fetchall()
    assert [piece for (piece,) in finishes] == list(range(len(jobs.pieces(store.db, run_id))))


def published(store: Store) -> int:
    return int(people.setting(store.db, "toy published", 0))


def test_two_workers_share_the_pieces_and_none_is_done_twice(store: Store) -> None:
    runs = [start(store, seed, count=20, seconds=0.05) for seed in (1, 2)]
    with worker(store, "a"), worker(store, "b"):
        until(lambda: all(ended(store, run)() for run in runs))
    for run in runs:
        check_whole(store, run)
        assert {p["attempts"] for p in jobs.pieces(store.db, run)} == {1}
    assert published(store) == 2


def test_workers_killed_at_random_moments_change_nothing(store: Store) -> None:
    run = start(store, count=40, seconds=SECONDS)
    rng = np.random.default_rng(20)
    with Supervisor(store.folder, workers=3, options=OPTIONS) as supervisor:
        for _ in range(20):
            # Those at work are hit: a moment after a piece was seen to run, up to its end and beyond.
            until(at_work(store, run))
            time.sleep(rng.uniform(0.0, 1.2 * SECONDS))
            if living := supervisor.pids():
                os.kill(int(rng.choice(living)), signal.SIGKILL)
        until(ended(store, run))
    check_whole(store, run)
    assert sum(p["attempts"] > 1 for p in jobs.pieces(store.db, run)) >= 1, "the kills hit nothing"
    assert published(store) == 1


def test_the_supervisor_puts_another_worker_in_the_place_of_a_dead_one(store: Store) -> None:
    run = start(store, count=4, seconds=1.0)
    with Supervisor(store.folder, workers=1, options=(*OPTIONS[:2], "--lease", "600")) as supervisor:
        until(lambda: jobs.pieces(store.db, run)[1]["state"] == "running")
        (pid,) = supervisor.pids()
        os.kill(pid, signal.SIGKILL)
        until(ended(store, run), 30.0)  # the lease alone would hold the piece for ten minutes
        assert supervisor.pids() != [pid]
    assert supervisor.pids() == []
    check_whole(store, run)


def test_the_web_process_killed_at_random_moments_changes_nothing(store: Store) -> None:
    run = start(store, count=80, seconds=0.3)
    rng = np.random.default_rng(21)
    for _ in range(20):
        process = server(store)
        try:
            # A piece of this server's is hit: those of the server before were given back.
            until(at_work(store, run))
            time.sleep(rng.uniform(0.0, 0.5))
        finally:
            process.kill()
            process.wait()
        until(lambda: not at_work(store, run)())
    with Supervisor(store.folder, workers=2, options=OPTIONS):
        until(ended(store, run))
    check_whole(store, run)
    assert published(store) == 1


def test_workers_leave_with_their_parent_and_give_their_piece_back(store: Store) -> None:
    run = start(store, count=2, seconds=30.0)
    process = server(store)
    until(lambda: sum(p["state"] == "running" for p in jobs.pieces(store.db, run)) == 2)
    process.kill()
    process.wait()
    until(lambda: all(p["state"] == "queued" for p in jobs.pieces(store.db, run)), 5.0)
    assert {p["attempts"] for p in jobs.pieces(store.db, run)} == {0}


def test_a_silent_worker_is_overtaken_when_its_lease_runs_out(store: Store) -> None:
    run = start(store, count=1, seconds=0.8)
    with worker(store, "first") as first:
        until(lambda: jobs.pieces(store.db, run)[0]["state"] == "running")
        freeze(store, first.pid)
        with worker(store, "second"):
            until(ended(store, run))
        os.kill(first.pid, signal.SIGCONT)
        time.sleep(1.2)  # time for it to end its piece, whose result nobody may count
    check_whole(store, run)


def freeze(store: Store, pid: int) -> None:
    """Stop a process at a moment when it does not hold the database, as it would hold it for ever."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.05)
        with closing(sqlite3.connect(store.path, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.01)
            else:
                connection.execute("ROLLBACK")
                return


def test_a_run_is_cancelled_in_the_middle_of_a_piece_and_can_go_on(store: Store) -> None:
    run = start(store, count=2, seconds=2.0)
    with worker(store) as process:
        until(lambda: jobs.pieces(store.db, run)[0]["state"] == "done")
        until(lambda: jobs.pieces(store.db, run)[1]["state"] == "running")
        running.cancel(store, run, by="Ada")
        other = start(store, count=1, seconds=0.0)
        until(ended(store, other), 3.0)  # the worker let go of the cancelled piece and lives
        assert process.poll() is None
        row = jobs.job(store.db, run)
        assert (row["state"], row["result"]) == ("cancelled", None)
        running.resume(store, run, by="Ada")
        until(ended(store, run))
    check_whole(store, run)


def test_a_failed_run_says_why_and_the_worker_goes_on(store: Store) -> None:
    sentence, fault = start(store, trouble="sentence"), start(store, trouble="fault")
    good = start(store)
    with worker(store):
        until(lambda: all(ended(store, run)() for run in (sentence, fault, good)))
    assert jobs.job(store.db, sentence)["message"] == "The dice are loaded. Take other dice."
    message = jobs.job(store.db, fault)["message"]
    assert message.startswith("The piece “Throw 2” stopped on an unexpected error (ZeroDivisionError")
    assert f"logs/{fault}.log" in message
    assert "Traceback" in (store.folder / "logs" / f"{fault}.log").read_text()
    check_whole(store, good)


def test_a_log_that_cannot_be_written_leaves_the_run_its_sentence_and_the_worker_alive(store: Store) -> None:
    (store.folder / "logs").write_text("in the way of the folder")
    run = start(store, trouble="fault")
    with worker(store) as process:
        until(ended(store, run))
        assert process.poll() is None
    row = jobs.job(store.db, run)
    assert row["state"] == "failed"
    assert row["message"].endswith("stopped on an unexpected error (ZeroDivisionError: division by zero).")


def test_a_piece_that_ends_its_worker_each_time_fails_its_run(store: Store) -> None:
    run = start(store, count=2, seconds=0.0, trouble="dies")
    with Supervisor(store.folder, workers=1, options=OPTIONS):
        until(ended(store, run))
    row = jobs.job(store.db, run)
    assert row["state"] == "failed"
    assert "“Throw 2” crashed again and again" in row["message"]


def test_data_that_changes_under_a_run_fails_it(store: Store) -> None:
    run = start(store, count=2, seconds=0.5)
    with worker(store):
        until(lambda: jobs.pieces(store.db, run)[0]["state"] == "done")
    with store.transaction() as db:
        people.set_setting(db, "toy data", "other")
    with worker(store):
        until(ended(store, run))
    assert jobs.job(store.db, run)["message"].startswith("The data changed while the study ran.")


def test_a_worker_is_polite_and_has_one_thread_for_numbers(store: Store) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with worker(store) as process:
        # Nineteen is as far as it goes, for tests that were started politely themselves.
        until(lambda: os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, own + 10))
    code = "import runpy, os; runpy.run_module('core.worker.__main__'); import torch; print(torch.get_num_threads())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_a_folder_that_cannot_be_used_ends_the_worker_with_a_sentence(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "spotter.sqlite3").execute("CREATE TABLE other (a)").connection.close()
    done = subprocess.run(
        [sys.executable, "-m", "core.worker", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is a database of another program" in done.stderr
