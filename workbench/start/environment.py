"""Which interpreter serves, and making ``.venv`` when none does."""

import errno
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from workbench.start import SetupError
from workbench.start.builds import cpu_arguments, describe, wants_cpu_build
from workbench.start.guard import exclusive
from workbench.start.installer import Pip, PipFailed
from workbench.start.lock import missing
from workbench.start.place import OLDEST, Place, installed_versions
from workbench.start.progress import Progress

# Loading these shows that the compiled parts fit this machine (on Windows, that torch's run-time library is there).
TRIAL = "import numpy, pandas, scipy, streamlit, torch"
NO_VENV = (
    "This Python cannot make virtual environments: install its venv module (Debian, Ubuntu: "
    "sudo apt install python3-venv; Fedora: sudo dnf install python3-pip), then run the same command again."
)


def serving(place: Place, *, tools: bool) -> Path | None:
    """The interpreter that has every locked package, or None when there is none yet.

    ``.venv`` when its stamp says it is complete; else the running interpreter when it satisfies the lock.
    """
    if place.complete(tools=tools):
        return place.python
    if place.marker.exists() and Path(sys.prefix).resolve() == place.venv.resolve():
        return None
    versions = installed_versions(sys.path)
    return None if missing(place.wanted(tools=tools), versions.get) else Path(sys.executable)


def prepare(place: Place, *, tools: bool, stream: TextIO) -> Path:
    """The interpreter that has every locked package, after setting up ``.venv`` if need be.

    Raises SetupError with a sentence on what is wrong and what to do.
    """
    if python := serving(place, tools=tools):
        return python
    try:
        with exclusive(
            place.guard, lambda: _say(stream, "Another start is setting up .venv; waiting for it …")
        ) as held:
            if not place.complete(tools=tools):
                SetUp(place, tools, stream, held).run()
    except OSError as error:
        raise SetupError(_explain(error, place)) from error
    return place.python


class SetUp:
    """One set-up of ``.venv``, by whoever holds the guard."""

    def __init__(self, place: Place, tools: bool, stream: TextIO, held: int) -> None:
        self.place, self.tools, self.stream, self.held = place, tools, stream, held
        self.pins = place.pins()

    def run(self) -> None:
        """Make what is missing, install, try it, and stamp it."""
        place = self.place
        self._clear()
        fresh = not place.settings()
        have = {} if fresh else place.installed()
        update_pip = have.get("pip") != self.pins["pip"].version
        cpu = wants_cpu_build() and have.get("torch", "").partition("+")[0] != self.pins["torch"].version
        progress = Progress(self.stream, steps=fresh + update_pip + cpu + 2)
        _say(
            self.stream,
            f"Setting up {place.venv} for {'running and testing' if self.tools else 'running'} Spotter.",
        )
        try:
            place.venv.mkdir(exist_ok=True)
            place.marker.write_text(
                "A set-up began here; the next start makes this environment anew.\n", "utf-8"
            )
            place.log.unlink(missing_ok=True)
            if fresh:
                self._make(progress)
            if update_pip:
                self._update_pip(progress)
            if cpu:
                self._cpu_torch(progress)
            self._packages(progress)
            place.marker.unlink()
            self._try(progress)
        except PipFailed as failure:
            # pip that failed before it changed anything leaves an environment as good as it was.
            if not fresh and not failure.touched:
                place.marker.unlink()
            raise
        finally:
            progress.close()
        place.write_stamps(tools=self.tools)

    def _clear(self) -> None:
        """Remove a ``.venv`` that nothing can be made of; refuse to touch one that is not ours to judge."""
        place = self.place
        if not place.venv.exists():
            return
        if place.marker.exists():
            _say(self.stream, "The last set-up was interrupted: making .venv anew.")
        elif not place.settings():
            if any(place.venv.iterdir()):
                raise SetupError(
                    f"{place.venv} is not a virtual environment: move it away, then run the same command again."
                )
        elif place.series() < OLDEST:
            raise SetupError(
                f"{place.venv} was made with a Python older than 3.11: remove it, then run the same command again."
            )
        elif not place.fits():
            _say(self.stream, "The Python that .venv was made with is gone: making .venv anew.")
        else:
            return
        shutil.rmtree(place.venv)

    def _make(self, progress: Progress) -> None:
        version = ".".join(map(str, sys.version_info[:3]))
        progress.step(f"Making the virtual environment .venv with Python {version}")
        base = str(getattr(sys, "_base_executable", "") or sys.executable)
        command = [base, "-m", "venv"]
        # Debian and Ubuntu keep ensurepip, which puts pip into a new environment, in a package of its own.
        ways = (
            [["--without-pip"]] if importlib.util.find_spec("ensurepip") is None else [[], ["--without-pip"]]
        )
        for way in ways:
            done = subprocess.run(
                [*command, *way, str(self.place.venv)], capture_output=True, text=True, check=False
            )
            if done.returncode == 0 and self.place.settings():
                progress.done()
                return
        raise SetupError(NO_VENV)

    def _pip(self) -> Pip:
        """The environment's own pip, or the running interpreter's where it has none."""
        place = self.place
        if "pip" in place.installed():
            command = [str(place.python), "-m", "pip"]
        elif importlib.util.find_spec("pip") is not None:
            command = [sys.executable, "-m", "pip", "--python", str(place.python)]
        else:
            raise SetupError(NO_VENV)
        return Pip(command, place.log, place.packages(), self.held)

    def _update_pip(self, progress: Progress) -> None:
        version = self.pins["pip"].version
        progress.step(f"Installing pip {version}, which installs the rest")
        # The pip at hand may be too old for the progress lines that the other steps read.
        self._pip().install([f"pip=={version}"], 1, lambda _: None, bar="off")
        progress.done()

    def _cpu_torch(self, progress: Progress) -> None:
        version = self.pins["torch"].version
        progress.step(f"Installing the CPU build of torch {version} (no NVIDIA card here)")
        try:
            self._pip().install(cpu_arguments(version), 1, progress.update)
        except PipFailed as failure:
            if failure.touched:
                raise
            progress.done("not to be had from download.pytorch.org")
            progress.note("Taking the plain build instead, whose GPU packages are 2.7 GB more.")
        else:
            progress.done(describe(self.place.installed()["torch"]))

    def _packages(self, progress: Progress) -> None:
        place = self.place
        wanted = missing(place.wanted(tools=self.tools), place.installed().get)
        progress.step("Installing the locked packages")
        files = [part for name in place.files(tools=self.tools) for part in ("-r", str(place.root / name))]
        arguments = [*files, "-c", str(place.root / "constraints.txt")]
        self._pip().install(arguments, len(wanted), progress.update)
        progress.done(f"done, with {describe(place.installed()['torch'])}")

    def _try(self, progress: Progress) -> None:
        progress.step("Trying what was installed")
        done = subprocess.run(
            [str(self.place.python), "-c", TRIAL],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.place.venv,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            remedy = (
                "install the Microsoft Visual C++ Redistributable (https://aka.ms/vs/17/release/vc_redist.x64.exe)"
                if sys.platform == "win32"
                else f"remove {self.place.venv}"
            )
            raise SetupError(
                f"The packages are installed but do not load ({last}): {remedy}, then run the same command again."
            )
        progress.done()


def _say(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
    stream.flush()


def _explain(error: OSError, place: Place) -> str:
    """One sentence on an error of the file system."""
    if error.errno == errno.ENOSPC:
        return (
            "The disk is full: Spotter's packages need about 2 GB (5 GB with torch's GPU packages). "
            "Make room and run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{error.filename or place.root} cannot be written: see who owns it and whether a program has it open, or "
            "clone Spotter into a folder of your own, then run the same command again."
        )
    return f"Setting up {place.venv} failed: {error}; run the same command again."
