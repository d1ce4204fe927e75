"""pip, run in a process of its own and watched line by line."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from workbench.start import SetupError
from workbench.start.lock import normal
from workbench.start.progress import amount, span

# Seconds between two looks at how far pip is.
EVERY = 0.5

_BYTES = re.compile(r"^Progress (\d+) of (\d+)$")
_FOUND = re.compile(
    r"^(?:Collecting ([A-Za-z0-9._-]+)|Processing ((?:.*[\\/])?([^\s\\/]+?)-\d[^\s\\/]*\.whl))"
)
_FILE = re.compile(
    r"^\s*(Downloading|Using cached) (?:\S*/)?([^\s/]+?)-\d\S*\.(?:whl|tar\.gz) \(([\d.]+) (\w+)\)"
)
_UNPACK = "Installing collected packages: "
_UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
# What a package of unknown or no size counts for, in bytes: unpacking many small files takes its time too.
_LEAST = 3e5


@dataclass(slots=True)
class Watch:
    """What pip's output has told so far.

    ``expected`` is how many packages are still to come, as far as the lock can tell.
    """

    expected: int
    found: set[str] = field(default_factory=set)
    sizes: dict[str, float] = field(default_factory=dict)
    """Bytes of each file, by package."""
    downloading: str = ""
    fetched: int = 0
    size: int = 0
    earlier: int = 0
    began: float = 0.0
    """When the file at hand, or unpacking, began (seconds)."""
    unpacking: list[str] = field(default_factory=list)
    """What pip unpacks, in its order."""

    def feed(self, line: str, now: float) -> None:
        """Take one line of pip's output (with ``--progress-bar raw``), read at ``now`` (seconds)."""
        if match := _BYTES.match(line):
            self.fetched, self.size = int(match[1]), int(match[2])
        elif match := _FOUND.match(line):
            self._end_file()
            self.found.add(normal(match[1] or match[3]))
            if match[2] and (file := Path(match[2])).is_file():
                self.sizes[normal(match[3])] = file.stat().st_size
        elif match := _FILE.match(line):
            self._end_file()
            self.sizes[normal(match[2])] = float(match[3]) * _UNITS.get(match[4], 1)
            if match[1] == "Downloading":
                self.downloading, self.began = match[2], now
        elif line.startswith(_UNPACK):
            self._end_file()
            self.unpacking = [name.strip() for name in line.removeprefix(_UNPACK).split(",")]
            self.began = now

    def _end_file(self) -> None:
        self.earlier += self.fetched
        self.downloading, self.fetched, self.size = "", 0, 0

    def text(self, unpacked: int, now: float) -> str:
        """How far pip is, for a person; ``unpacked`` packages have appeared since unpacking began."""
        if self.unpacking:
            return self._unpacking(min(unpacked, len(self.unpacking)), now - self.began)
        if not self.expected and not self.found:
            return "all are there already, as far as the lock tells"
        parts = [f"{len(self.found)} of about {max(self.expected, len(self.found))} found"]
        if self.earlier + self.fetched:
            parts.append(f"{amount(self.earlier + self.fetched)} fetched")
        if self.downloading and self.size:
            parts.append(f"now {self.downloading}, {amount(self.fetched)} of {amount(self.size)}")
            if 0 < self.fetched < self.size and now > self.began:
                left = (self.size - self.fetched) * (now - self.began) / self.fetched
                parts.append(f"{span(left)} left for it")
        return ", ".join(parts)

    def _unpacking(self, unpacked: int, spent: float) -> str:
        total = len(self.unpacking)
        if unpacked == total:
            return f"{total} of {total} unpacked, finishing"
        text = f"{unpacked} of {total} unpacked, now {self.unpacking[unpacked]}"
        weights = [_LEAST + self.sizes.get(normal(name), 0.0) for name in self.unpacking]
        done = sum(weights[:unpacked])
        # Before a twentieth is done, a guess would be worth little.
        if done >= sum(weights) / 20 and spent > 2:
            text += f", {span(spent * (sum(weights) - done) / done)} left"
        elif spent > 2:
            text += f", {spent:.0f} s so far"
        return text


@dataclass(frozen=True, slots=True)
class Pip:
    """A way to run pip for one environment."""

    command: list[str]
    """``[python, "-m", "pip"]``, perhaps with ``--python``."""
    log: Path
    packages: Path
    """The folder that packages appear in."""
    held: int
    """The guard's descriptor, which the child holds too."""

    def install(
        self, arguments: list[str], expected: int, report: Callable[[str], None], bar: str = "raw"
    ) -> None:
        """Run ``pip install``, reporting how far it is about twice a second.

        Raises PipFailed, with a sentence, when pip could not do it.
        """
        switches = ["--progress-bar", bar, "--no-input", "--disable-pip-version-check"]
        watch, lines = Watch(expected), queue.SimpleQueue[str | None]()
        tail: list[str] = []
        before = 0
        with (
            _start([*self.command, "install", *switches, *arguments], self.held) as child,
            self.log.open("a", encoding="utf-8") as log,
        ):
            reader = threading.Thread(target=_read, args=(child.stdout, lines))
            reader.start()
            try:
                for line in _with_pauses(lines):
                    if line is None:
                        report(watch.text(self._count() - before, time.monotonic()))
                        continue
                    log.write(line + "\n")
                    tail = [*tail[-40:], line]
                    if line.startswith(_UNPACK):
                        before = self._count()
                    watch.feed(line, time.monotonic())
            except BaseException:
                child.terminate()
                raise
            finally:
                reader.join()
        if child.returncode != 0:
            raise PipFailed(explain(tail, self.log), touched=bool(watch.unpacking))

    def _count(self) -> int:
        """How many packages are there in full: RECORD is the last file pip writes of each."""
        return sum(1 for _ in self.packages.glob("*.dist-info/RECORD"))


class PipFailed(SetupError):
    """pip ended with an error; ``touched`` tells whether it had begun to change the environment."""

    def __init__(self, message: str, *, touched: bool) -> None:
        super().__init__(message)
        self.touched = touched


def _start(command: list[str], held: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    # A pip of another environment, or its settings for one, must not be followed here.
    for name in (
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_DRY_RUN",
        "PYTHONHOME",
    ):
        environment.pop(name, None)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        pass_fds=() if sys.platform == "win32" else (held,),
    )


def _read(stream: IO[str] | None, lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream or ():
        lines.put(line.rstrip())
    lines.put(None)


def _with_pauses(lines: "queue.SimpleQueue[str | None]") -> Iterator[str | None]:
    """The lines as they come, and None whenever ``EVERY`` seconds have passed since the last None."""
    due = time.monotonic() + EVERY
    while True:
        try:
            line = lines.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            pass
        else:
            if line is None:
                return
            yield line
        if time.monotonic() >= due:
            yield None
            due = time.monotonic() + EVERY


# What pip says, and what it means to the person who waits; the first that fits is told.
_CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"No space left on device|Errno 28|not enough space",
        "The disk is full: Spotter's packages need about 2 GB (5 GB with torch's GPU packages). "
        "Make room and run the same command again.",
    ),
    (
        r"Permission denied|Read-only file system|Access is denied|Errno 13|Errno 30",
        "Files in .venv cannot be written: see who owns this folder and whether a program has them open, "
        "then run the same command again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The package index's certificate is not trusted here: behind a company's proxy, name its certificate with "
        "PIP_CERT=/path/to/file.pem, then run the same command again.",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Failed to establish a new connection|"
        r"Name or service not known|Temporary failure in name resolution|Connection refused|"
        r"Connection (?:aborted|reset|broken)|"
        r"Connection to \S+ timed out|ProxyError|Network is unreachable|IncompleteRead|Max retries exceeded|"
        r"connection (?:failed|timed out)|Could not fetch URL",
        "No connection to the package index: check the network (behind a proxy, set HTTPS_PROXY), then run the same "
        "command again; what was fetched already is kept.",
    ),
    (
        r"no such option: --python",
        "The pip of this Python is too old to fill a virtual environment: update it (python3 -m pip install --user "
        "--upgrade pip), or install the venv module (Debian, Ubuntu: sudo apt install python3-venv).",
    ),
)
_NO_BUILD = re.compile(r"No matching distribution found for ([^\s;(]+)")


def explain(lines: list[str], log: Path) -> str:
    """One sentence on why pip failed and what to do, from the last lines it printed."""
    text = "\n".join(lines)
    for pattern, sentence in _CAUSES:
        if re.search(pattern, text):
            return sentence
    if found := _NO_BUILD.search(text):
        here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}"
        return (
            f"The package index has no {found[1]} for {here}: Spotter runs with Python 3.11 to 3.14 (64 bit) on Linux, "
            "Windows, and macOS 14 or newer on Apple silicon."
        )
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    last = errors[-1].removeprefix("ERROR: ") if errors else "nothing"
    return f"pip could not install the packages; its last words were: {last} (all of them are in {log})."
