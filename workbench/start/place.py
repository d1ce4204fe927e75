"""Where things lie in a clone, and the stamps that say what ``.venv`` holds."""

import importlib.metadata
import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.start.lock import Pin, fingerprint, needed, normal, read_pins

RUN = ("requirements.txt",)
TEST = ("requirements.txt", "requirements-dev.txt")
OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class Place:
    """A clone of Spotter and the virtual environment in it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The folder of the virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def marker(self) -> Path:
        """Is there while packages are put into ``.venv``; one that stays tells of an interrupted set-up."""
        return self.venv / "spotter-unfinished"

    @property
    def log(self) -> Path:
        """Everything pip said in the last set-up."""
        return self.venv / "spotter-install.log"

    @property
    def guard(self) -> Path:
        """Locked while a set-up runs; beside ``.venv``, which a set-up may remove."""
        return self.root / ".venv.lock"

    def stamp(self, *, tools: bool) -> Path:
        """Holds the fingerprint of what was installed in full."""
        return self.venv / f"spotter-{'test' if tools else 'run'}.stamp"

    def files(self, *, tools: bool) -> tuple[str, ...]:
        """The requirement files to install."""
        return TEST if tools else RUN

    def pins(self) -> dict[str, Pin]:
        """The lock."""
        return read_pins((self.root / "constraints.txt").read_text("utf-8"))

    def wanted(self, *, tools: bool) -> dict[str, str]:
        """What must be installed whatever the platform: versions by name."""
        return needed(self.pins(), self.files(tools=tools))

    def settings(self) -> dict[str, str]:
        """What pyvenv.cfg says; empty when ``.venv`` is not a virtual environment."""
        try:
            lines = (self.venv / "pyvenv.cfg").read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        pairs = (line.partition("=") for line in lines)
        return {key.strip(): value.strip() for key, _, value in pairs}

    def series(self) -> tuple[int, ...]:
        """The Python series ``.venv`` was made for, as ``(3, 11)``; ``()`` when it does not say."""
        settings = self.settings()
        parts = (settings.get("version") or settings.get("version_info") or "").split(".")[:2]
        return tuple(int(part) for part in parts) if len(parts) == 2 and all(map(str.isdigit, parts)) else ()

    def fits(self) -> bool:
        """Whether the interpreter in ``.venv`` is there and still of the series it was made for."""
        if not self.python.exists() or self.series() < OLDEST:
            return False
        # An upgraded system Python leaves a link that works and finds no packages.
        same = self.python.resolve() == Path(sys.executable).resolve()
        return not same or self.series() == sys.version_info[:2]

    def expected_stamp(self, *, tools: bool) -> str:
        """The fingerprint that a complete ``.venv`` carries."""
        names = (*self.files(tools=tools), "constraints.txt")
        texts = [(self.root / name).read_text("utf-8") for name in names]
        return fingerprint(texts, ".".join(map(str, self.series())))

    def complete(self, *, tools: bool) -> bool:
        """Whether ``.venv`` holds all that is locked, by its stamp alone (milliseconds)."""
        try:
            stamp = self.stamp(tools=tools).read_text("utf-8")
        except OSError:
            return False
        return not self.marker.exists() and self.fits() and stamp == self.expected_stamp(tools=tools)

    def write_stamps(self, *, tools: bool) -> None:
        """Say that ``.venv`` is complete, each stamp whole or not at all; what serves to test serves to run."""
        for kind in {False, tools}:
            stamp = self.stamp(tools=kind)
            draft = stamp.with_suffix(".new")
            draft.write_text(self.expected_stamp(tools=kind), "utf-8")
            draft.replace(stamp)

    def packages(self) -> Path:
        """The folder in ``.venv`` that packages are installed into."""
        if sys.platform == "win32":
            return self.venv / "Lib" / "site-packages"
        return self.venv / "lib" / ("python" + ".".join(map(str, self.series()))) / "site-packages"

    def installed(self) -> dict[str, str]:
        """What is installed in ``.venv``: versions by normal name."""
        return installed_versions([str(self.packages())])


def installed_versions(path: list[str]) -> dict[str, str]:
    """What is installed in the folders ``path``: versions by normal name; the first folder wins."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions(path=path):
        # Half-removed packages have no metadata, so no name.
        name = distribution.metadata["Name"] if distribution.metadata else None
        if name:
            found.setdefault(normal(name), distribution.version)
    return found
