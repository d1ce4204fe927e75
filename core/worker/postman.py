"""Messages to clients, sent from a thread of the worker: a long piece of a study does not hold them up."""

import sys
import threading
import traceback

from core.errors import SpotterError
from core.services import Store, moments, outbox

EVERY_SECONDS = 5.0
AFTER_TROUBLE_SECONDS = 60.0
LEAVE_SECONDS = 3.0


class Postman:
    """Plans and sends every few seconds until it is told to stop.

    Args:
        name: in the leases of messages.
        every: seconds between two looks.
    """

    def __init__(self, store: Store, name: str, *, every: float = EVERY_SECONDS) -> None:
        self._store = store
        self._name = name
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take up no further message, and wait a moment for the one under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(LEAVE_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = AFTER_TROUBLE_SECONDS
            try:
                outbox.turn(
                    self._store, self._name, moments.now, going_on=lambda: not self._stopping.is_set()
                )
                pause = self._every
            except SpotterError as error:
                print(f"worker: {error}", file=sys.stderr, flush=True)
            except Exception:  # a fault here must not end the messages of all days to come
                traceback.print_exc()
            self._stopping.wait(pause)
        self._store.close()
