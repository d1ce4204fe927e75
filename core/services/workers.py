"""Worker processes: start one a core, put another in the place of one that died, stop them at the end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import core
from core.errors import SpotterError
from core.services import Store
from core.store import jobs

LOOK_SECONDS = 0.25
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
SOUND_SECONDS = 5.0  # a worker that lived this long is not in a loop of crashes
STOP_SECONDS = 5.0


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Worker:
    name: str
    process: subprocess.Popen[bytes]
    since: float
    memory_kills: int


@dataclass(slots=True)
class _Place:
    worker: _Worker | None = None
    pause: float = FIRST_PAUSE
    not_before: float = 0.0


def _crashed(worker: _Worker) -> bool:
    """Whether a worker ended through its own doing: any way but SIGKILL by somebody who was not short of memory."""
    killed = os.name == "posix" and worker.process.returncode == -signal.SIGKILL
    return not killed or _memory_kills() > worker.memory_kills


def _memory_kills() -> int:
    """How many processes Linux has killed for lack of memory since it started; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


class Supervisor:
    """Keeps worker processes going for a data folder.

    A worker ends by itself when this process dies, whatever kills it: its standard input is a pipe whose
    other end is held here. Several supervisors on one folder share the work, since pieces are leased.

    Args:
        folder: the data folder.
        workers: how many; by default one a core.
        options: further arguments for ``python -m core.worker``.
    """

    def __init__(self, folder: Path, *, workers: int | None = None, options: tuple[str, ...] = ()) -> None:
        self.folder = Path(folder)
        self._options = options
        self._places = [_Place() for _ in range(cores() if workers is None else workers)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._store = Store(self.folder)

    def start(self) -> None:
        """Start the workers, and watch them from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they were doing goes back into the queue."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        workers = [place.worker for place in self._places]
        return [w.process.pid for w in workers if w is not None and w.process.poll() is None]

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for place in self._places:
                self._look_after(place)
            self._stopping.wait(LOOK_SECONDS)
        self._end()
        self._store.close()

    def _look_after(self, place: _Place) -> None:
        now = time.monotonic()
        if place.worker is not None and place.worker.process.poll() is not None:
            self._bury(place, now)
        if place.worker is None and now >= place.not_before:
            place.worker = self._spawn()

    def _bury(self, place: _Place, now: float) -> None:
        worker = place.worker
        assert worker is not None
        crashed = _crashed(worker)
        if not crashed or now - worker.since > SOUND_SECONDS:
            place.pause = FIRST_PAUSE
        place.worker, place.not_before = None, now + place.pause
        place.pause = min(LONGEST_PAUSE, 2 * place.pause)
        if worker.process.stdin:
            worker.process.stdin.close()
        # Where the database cannot be written now, the lease runs out by itself, only later.
        with contextlib.suppress(SpotterError), self._store.transaction() as db:
            jobs.expire(db, worker.name, crashed=crashed)

    def _spawn(self) -> _Worker:
        name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        command = [sys.executable, "-m", "core.worker", "--data", str(self.folder.resolve())]
        process = subprocess.Popen(
            [*command, "--name", name, "--with-parent", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=Path(core.__file__).parent.parent,
        )
        return _Worker(name, process, time.monotonic(), _memory_kills())

    def _end(self) -> None:
        living = [place.worker for place in self._places if place.worker is not None]
        for worker in living:
            if worker.process.stdin:
                worker.process.stdin.close()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in living:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
