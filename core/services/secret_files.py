"""Secrets of a workbench, one file each in the data folder's ``secrets/``, which only its owner can read.

They stand neither in the database nor in its backups, exports, logs or audit.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from core.services import Store
from core.store.database import translated

FOLDER = "secrets"
LINKS = "phone-links"
SMTP_PASSWORD = "smtp-password"
WEBHOOK = "webhook"


def read(store: Store, name: str) -> str | None:
    """A secret, or None where there is none.

    Raises:
        StoreError: if the file cannot be read.
    """
    path = _path(store, name)
    with translated(path):
        try:
            return path.read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None


def read_or_make(store: Store, name: str) -> str:
    """A secret, made from 256 random bits the first time.

    Raises:
        StoreError: if it cannot be read or written.
    """
    while (found := read(store, name)) is None:
        _create(store, name, secrets.token_hex(32))
    return found


def write(store: Store, name: str, value: str) -> None:
    """Set a secret; an empty one removes it.

    Raises:
        StoreError: if it cannot be written.
    """
    path = _path(store, name)
    with translated(path):
        if not value:
            path.unlink(missing_ok=True)
            return
        with _temporary(path, value) as made:
            made.replace(path)


def _create(store: Store, name: str, value: str) -> None:
    path = _path(store, name)
    # A hard link appears whole or not at all. Where another process was quicker, its secret stays.
    with translated(path), _temporary(path, value) as made, contextlib.suppress(FileExistsError):
        os.link(made, path)


@contextlib.contextmanager
def _temporary(path: Path, value: str) -> Iterator[Path]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        with os.fdopen(
            os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def _path(store: Store, name: str) -> Path:
    return store.folder / FOLDER / name
