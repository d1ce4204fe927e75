"""What is kept on disk between runs, so that a run that was stopped, or one of more seeds, does only what is missing.

A file holds the ranks of one model on one split with one seed, and what they came from: settings, a hash of the data
and of the split, and the version of the code. Kept ranks stand as long as settings and data are the same; another
version of the code is told, not measured anew (``--again MODEL`` does that).
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommenders.measuring import Task
from core.errors import InputError
from core.recommender.windows import Ints


@dataclass(frozen=True, slots=True)
class Kept:
    """Ranks (M,) by way of ranking ("allowed", "excluded"), the client of each (M,), and where they came from."""

    ranks: dict[str, Ints]
    clients: Ints
    origin: dict[str, Any]


def arrays_of(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an npz file; InputError if it is not there or is damaged."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{file.name} cannot be read ({error}).") from error


def origin(task: Task, parameters: Mapping[str, Any], epochs: Sequence[int]) -> dict[str, Any]:
    """What a figure depends on besides the model's name, the split's and the seed."""
    digest = hashlib.sha256(task.train.tobytes() + task.places.tobytes()).hexdigest()[:16]
    return {
        "data": task.cohort.arrays.fingerprint(),
        "split": digest,
        "parameters": dict(parameters),
        "epochs": list(epochs),
    }


def file_of(folder: Path, task: Task, split: str, model: str, *, reads_repeats: bool) -> Path:
    """Where the ranks of a task are kept; a model that learns differently without repeats has a file for each way."""
    way = ("-excluded" if task.exclude_seen else "-allowed") if reads_repeats else ""
    return folder / task.cohort.key / split / f"{model}{way}-seed{task.seed}.npz"


def read(file: Path, wanted: Mapping[str, Any]) -> Kept | None:
    """What is kept in a file, or None if it is not there, cannot be read, or came from something else."""
    try:
        found = arrays_of(file)
        ranks = {name.removeprefix("ranks_"): found[name] for name in found if name.startswith("ranks_")}
        kept = Kept(ranks, found["clients"], json.loads(str(found["origin"])))
    except (InputError, ValueError, KeyError):
        return None
    same = {key: kept.origin.get(key) for key in wanted} == json.loads(json.dumps(wanted))
    return kept if same else None


def write(file: Path, kept: Kept) -> None:
    """Keep ranks; a reader sees the whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    arrays = {f"ranks_{way}": found for way, found in kept.ranks.items()}
    with partial.open("wb") as out:
        np.savez_compressed(out, clients=kept.clients, origin=np.array(json.dumps(kept.origin)), **arrays)  # type: ignore[arg-type]
    partial.replace(file)
