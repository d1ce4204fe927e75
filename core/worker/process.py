"""A worker: claims pieces one after the other, keeps each one's lease alive, and waits cheaply between.

Beside that a thread of it sends what is due to clients.
"""

import argparse
import contextlib
import importlib
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from core.errors import SpotterError, StoreError
from core.services import Store
from core.services.studies.performing import Performer, Stopped
from core.services.studies.study import Studies
from core.store.jobs import Claim
from core.worker import postman
from core.worker.postman import Postman

REGISTRY = "core.services.studies.registry"
LEASE_SECONDS = 20.0
POLL_SECONDS = 0.7
AFTER_TROUBLE_SECONDS = 5.0


class Heartbeat:
    """Renews a piece's lease from a thread of its own, and takes note of how far the piece is."""

    def __init__(self, performer: Performer, claim: Claim) -> None:
        self._performer = performer
        self._claim = claim
        self._fraction = 0.0
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def progress(self, fraction: float) -> None:
        """Called by the piece with the fraction done.

        Raises:
            Stopped: if the run was cancelled or failed, or another worker has the piece.
        """
        if self._lost.is_set():
            raise Stopped
        self._fraction = min(1.0, max(0.0, float(fraction)))

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(min(1.0, self._performer.lease_seconds / 4)):
            try:
                if not self._performer.renew(self._claim, self._fraction):
                    self._lost.set()
                    break
            except StoreError:  # the next beat may find the database free again
                continue
        self._performer.store.close()


def work(performer: Performer, *, gate: threading.Lock, poll_seconds: float = POLL_SECONDS) -> None:
    """Do pieces for ever. ``gate`` is held while one is claimed."""
    while True:
        try:
            with gate:
                claim = performer.claim()
            if claim is None:
                time.sleep(poll_seconds)
                continue
            with Heartbeat(performer, claim) as heartbeat:
                performer.perform(claim, heartbeat.progress)
        except StoreError as error:
            # The piece, if one was under way, comes back when its lease runs out.
            print(f"worker: {error}", file=sys.stderr, flush=True)
            time.sleep(AFTER_TROUBLE_SECONDS)


def be_polite() -> None:
    """Step back behind the pages in the queue for the processor."""
    if sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(10)


def leave_with(performer: Performer, gate: threading.Lock, post: Postman) -> None:
    """End this process when standard input is closed, which the system does when the parent dies."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        gate.acquire()  # and never let go: nothing more is claimed
        with contextlib.suppress(StoreError):  # a lease that cannot be given back runs out by itself
            performer.release()
        post.stop()
        os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; this process follows it
    threading.Thread(target=watch, name="parent", daemon=True).start()


def load_studies(module: str) -> Studies:
    """The registry: ``STUDIES`` of the module."""
    studies: Studies = importlib.import_module(module).STUDIES
    return studies


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker until it is stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m core.worker", description="Does the pieces of queued studies, one after the other."
    )
    parser.add_argument("--data", type=Path, required=True, help="the workbench's data folder")
    parser.add_argument("--studies", default=REGISTRY, help="the module that registers the studies")
    parser.add_argument("--name", default=uuid.uuid4().hex, help="this worker's name in leases")
    parser.add_argument(
        "--lease", type=float, default=LEASE_SECONDS, help="seconds a silent worker is waited for"
    )
    parser.add_argument(
        "--post", type=float, default=postman.EVERY_SECONDS, help="seconds between looks for messages to send"
    )
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    given = parser.parse_args(arguments)
    be_polite()
    try:
        performer = Performer(
            Store(given.data), load_studies(given.studies), worker=given.name, lease_seconds=given.lease
        )
    except SpotterError as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    gate = threading.Lock()
    post = Postman(performer.store, given.name, every=given.post)
    if given.with_parent:
        leave_with(performer, gate, post)
    post.start()
    try:
        work(performer, gate=gate)
    except KeyboardInterrupt:
        post.stop()
        performer.release()
    return 0
