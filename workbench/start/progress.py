"""The lines that tell a person what the set-up does and how far it is."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

# Seconds between two lines of the same step where lines cannot be overwritten (a log, a pipe).
LOG_EVERY = 5.0


class Progress:
    """Numbered steps on a stream: one line a step, rewritten in place on a terminal."""

    def __init__(self, stream: TextIO, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._steps = steps
        self._clock = clock
        self._live = stream.isatty()
        self._step = 0
        self._title = ""
        self._shown_at = 0.0
        self._open = False

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._close()
        self._step += 1
        self._title = title
        self._show(f"{title} …")

    def update(self, detail: str) -> None:
        """Say how far the current step is."""
        if self._live or self._clock() - self._shown_at >= LOG_EVERY:
            self._show(f"{self._title}: {detail}")

    def done(self, detail: str = "done") -> None:
        """End the current step."""
        self._show(f"{self._title}: {detail}")
        self._close()

    def note(self, text: str) -> None:
        """A line of its own, between steps or within one."""
        self._close()
        self._stream.write(f"      {text}\n")
        self._stream.flush()

    def _show(self, text: str) -> None:
        line = f"[{self._step}/{self._steps}] {text}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + line[:width].ljust(width))
            self._open = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
        self._shown_at = self._clock()

    def _close(self) -> None:
        if self._open:
            self._stream.write("\n")
            self._open = False

    def close(self) -> None:
        """Leave the cursor on a fresh line, also after a step that did not end."""
        self._close()
        self._stream.flush()


def amount(number: float) -> str:
    """Bytes as a person reads them: ``"12.4 MB"``."""
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit != "MB" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def span(seconds: float) -> str:
    """A time as a person reads it: ``"about 40 s"``, ``"about 3 min"``."""
    return f"about {max(1, round(seconds))} s" if seconds < 90 else f"about {round(seconds / 60)} min"
