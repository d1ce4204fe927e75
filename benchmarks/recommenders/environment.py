"""An environment of its own for the peers that want other versions than Spotter's: RecTools and what it needs.

Made by pip in a folder that is kept. A half-made one is never used: it is finished at the next run, and what pip has
fetched is not fetched twice.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import TextIO

from workbench.start import SetupError
from workbench.start.builds import cpu_arguments, describe, wants_cpu_build
from workbench.start.guard import exclusive
from workbench.start.installer import Pip, PipFailed
from workbench.start.lock import read_pins
from workbench.start.progress import Progress

# The same torch and pip as Spotter's.
_PINS = read_pins((Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8"))
TORCH, PIP = _PINS["torch"].version, _PINS["pip"].version
PACKAGES = ("rectools[torch]==0.19.0",)
# Loading these shows that the compiled parts fit this machine.
TRIAL = (
    "import json, numpy, torch, rectools.models; print(json.dumps([numpy.__version__, torch.__version__]))"
)
EXPECTED = 60  # packages, about


def prepare(folder: Path, stream: TextIO = sys.stdout) -> Path:
    """The Python of the peers' environment in ``folder``, which is made or finished if need be.

    Raises:
        SetupError: with a sentence on why it cannot be had and what to do.
    """
    folder = folder.resolve()
    stamp = folder / "peers.json"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = {"torch": TORCH, "packages": list(PACKAGES), "python": list(sys.version_info[:2])}
    if _read(stamp) == wanted and python.exists():
        return python
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise SetupError(f"{folder} is not a virtual environment: name another folder with --peers.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(
            folder / "peers.lock", lambda: print("Waiting for another set-up …", file=stream)
        ) as held:
            if _read(stamp) != wanted or not python.exists():
                _make(folder, python, stream, held)
                stamp.write_text(json.dumps(wanted), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The peers' environment in {folder} cannot be made: {error}.") from error
    return python


def _make(folder: Path, python: Path, stream: TextIO, held: int) -> None:
    progress = Progress(stream, 5)
    log = folder / "install.log"
    try:
        progress.step(f"Making the peers' environment in {folder.name}")
        if not python.exists():
            venv.create(folder, with_pip=True)
        progress.done()
        packages = Path(_said(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
        pip = Pip([str(python), "-m", "pip"], log, packages, held)
        progress.step(f"Installing pip {PIP}, which installs the rest")
        # The pip at hand may be too old for the progress lines that the other steps read.
        pip.install([f"pip=={PIP}"], 1, lambda _: None, bar="off")
        progress.done()
        # Before the rest, so that no other package brings a build with GPU packages of several GB.
        progress.step(f"Installing torch {TORCH}")
        if not any(packages.glob(f"torch-{TORCH}*.dist-info/RECORD")):
            _torch(pip, progress)
        progress.done(
            describe(_said(python, "from importlib.metadata import version; print(version('torch'))"))
        )
        progress.step(f"Installing {', '.join(PACKAGES)}")
        pip.install([*PACKAGES, f"torch=={TORCH}"], EXPECTED, progress.update)
        progress.done()
        progress.step("Trying what was installed")
        numpy, torch = json.loads(_said(python, TRIAL))
        progress.done(f"numpy {numpy}, torch {torch}")
    except PipFailed as failure:
        raise SetupError(
            f"The peers' environment cannot be had now. {failure} pip's words are in {log}."
        ) from failure
    finally:
        progress.close()


def _torch(pip: Pip, progress: Progress) -> None:
    if wants_cpu_build():
        try:
            pip.install(cpu_arguments(TORCH), 1, progress.update)
        except PipFailed as failure:
            if failure.touched:
                raise
            progress.note(
                "The CPU build is not to be had from download.pytorch.org; taking pip's own source."
            )
        else:
            return
    pip.install([f"torch=={TORCH}"], 1, progress.update)


def _said(python: Path, code: str) -> str:
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SetupError(
            f"The peers' packages do not load ({last}): remove {python.parent.parent} and try again."
        )
    return done.stdout.strip().splitlines()[-1]


def _read(stamp: Path) -> object:
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
