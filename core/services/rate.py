"""A limit on how often something is done, kept in memory: a restart forgets it."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

KEPT = 10_000


class TokenBuckets:
    """One bucket a key: ``capacity`` at once, then one more every ``seconds``.

    The least recently used buckets are forgotten beyond ``KEPT``; a forgotten one is a full one.
    """

    def __init__(self, capacity: int, seconds: float) -> None:
        self.capacity = capacity
        self.seconds = seconds
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Hashable, at: float) -> float:
        """Take one; returns 0, or the seconds until there is one to take.

        Args:
            at: seconds on a clock that does not go back.
        """
        with self._lock:
            held, since = self._buckets.pop(key, (float(self.capacity), at))
            held = min(float(self.capacity), held + max(0.0, at - since) / self.seconds)
            wait = 0.0 if held >= 1.0 else (1.0 - held) * self.seconds
            self._buckets[key] = (held if wait else held - 1.0, at)
            if len(self._buckets) > KEPT:
                self._buckets.popitem(last=False)
        return wait
