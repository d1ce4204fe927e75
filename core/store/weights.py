"""Weights as safetensors files beside the database, each named by the hash of its bytes."""

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialise

from core.errors import DatabaseDamaged
from core.store.database import translated


def save(folder: Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write ``arrays`` and return the file's name (its SHA-256); the same arrays give the same file.

    The file is whole on disk before its name exists, so that a row that names it can be committed.

    Raises:
        StorageFull, StorageReadOnly
    """
    data = serialise({key: np.ascontiguousarray(value) for key, value in arrays.items()})
    name = hashlib.sha256(data).hexdigest()
    target = folder / f"{name}.safetensors"
    if target.exists():
        return name
    with translated(target):
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(folder)
    return name


def load(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Read the arrays of the file ``name``.

    Raises:
        DatabaseDamaged: if the file is missing or its bytes are not those it is named by.
    """
    path = folder / f"{name}.safetensors"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DatabaseDamaged(
            f"The weights file {path} is missing. Put the backup's weights folder in its place."
        ) from None
    if hashlib.sha256(data).hexdigest() != name:
        raise DatabaseDamaged(f"The weights file {path} is damaged. Put the backup's copy in its place.")
    return dict(parse(data))


def remove_unused(folder: Path, used: set[str], older_than_seconds: float = 3600.0) -> int:
    """Delete files that no model version names, left by a process killed before its commit.

    Young files are kept: their transaction may still be under way.
    """
    used_names = {f"{name}.safetensors" for name in used}
    newest = time.time() - older_than_seconds
    removed = 0
    for path in folder.iterdir():
        if (
            path.name not in used_names
            and path.suffix in (".safetensors", ".part")
            and path.stat().st_mtime < newest
        ):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _sync_folder(folder: Path) -> None:
    # The rename itself must reach the disk; Windows has no handle for a folder.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
