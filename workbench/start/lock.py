"""What constraints.txt, as uv writes it, says is needed."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)\s*(;.*)?$")
# Installed beside the packages, not used by them: another version of these does no harm.
INSTALLERS = frozenset({"pip", "setuptools"})


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of the lock and who asks for it (package names, or ``-r FILE``)."""

    name: str
    version: str
    conditional: bool
    """Wanted on some platforms only."""
    asked_by: frozenset[str]


def normal(name: str) -> str:
    """A package's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> dict[str, Pin]:
    """The pins of a constraints file by normal name, with the ``# via`` notes under each.

    A package with several pins, each for some platforms, is conditional; the last of them stands for it.
    """
    pins: dict[str, Pin] = {}
    last = ""
    for line in text.splitlines():
        if found := _PIN.match(line):
            last = normal(found[1])
            pins[last] = Pin(
                last, found[2], bool(found[3]), pins[last].asked_by if last in pins else frozenset()
            )
        elif last and line.startswith(" ") and (note := line.strip().removeprefix("#").strip()):
            asker = note.removeprefix("via").strip()
            if asker:
                pin = pins[last]
                name = asker if asker.startswith("-r ") else normal(asker)
                pins[last] = Pin(pin.name, pin.version, pin.conditional, pin.asked_by | {name})
    return pins


def needed(pins: dict[str, Pin], files: Iterable[str]) -> dict[str, str]:
    """The packages, with versions, that the requirement ``files`` lead to on every platform."""
    reached = {f"-r {file}" for file in files}
    while True:
        more = {pin.name for pin in pins.values() if not pin.conditional and pin.asked_by & reached} - reached
        if not more:
            return {name: pins[name].version for name in sorted(reached & pins.keys())}
        reached |= more


def missing(wanted: dict[str, str], installed: Callable[[str], str | None]) -> list[str]:
    """The names in ``wanted`` whose installed version is another, or that are not there.

    A build's local part does not count: ``2.13.0+cpu`` serves where ``2.13.0`` is wanted.
    """
    return [
        name
        for name, version in wanted.items()
        if name not in INSTALLERS and (installed(name) or "").partition("+")[0] != version
    ]


def fingerprint(texts: Iterable[str], python: str) -> str:
    """A hash of the files' texts and of the Python series (``"3.11"``) they were installed for."""
    digest = hashlib.sha256(python.encode())
    for text in texts:
        digest.update(b"\0" + text.replace("\r\n", "\n").encode())
    return digest.hexdigest()
