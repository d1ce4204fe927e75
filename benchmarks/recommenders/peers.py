"""Peers that run in an environment of their own: the task goes out as files, and scores come back as one."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.recommenders.cohorts import WAYS
from benchmarks.recommenders.keeping import arrays_of
from benchmarks.recommenders.measuring import Task, check_scores
from core.errors import InputError, JobFailed
from core.recommender.windows import Floats

RUNNER = Path(__file__).with_name("peers_runner.py")


def write_job(folder: Path, task: Task, job: Mapping[str, Any]) -> tuple[Path, Path]:
    """The arrays and the settings of a task as the runner reads them."""
    laid = task.cohort.laid
    arrays, settings = folder / "job.npz", folder / "job.json"
    np.savez(arrays, items=laid.items, starts=laid.starts, train=task.train, places=task.places)
    settings.write_text(json.dumps(job), encoding="utf-8")
    return arrays, settings


def read_scores(file: Path, task: Task, epochs: Sequence[int], name: str) -> list[Floats]:
    """The matrices of a file that a runner wrote, one for each number of epochs.

    Raises InputError if the file cannot be read or holds anything else than asked for.
    """
    arrays = arrays_of(file)
    if "scores" not in arrays:
        raise InputError(f"{file.name} holds no scores of {name}; it holds {', '.join(arrays)}.")
    scores = np.asarray(arrays["scores"], dtype=np.float64)
    if scores.ndim != 3 or len(scores) != len(epochs):
        raise InputError(
            f"The scores of {name} have shape {scores.shape}; {len(epochs)} matrices are expected, one for each "
            "number of epochs."
        )
    return [check_scores(one, task, name) for one in scores]


@dataclass(frozen=True, slots=True)
class RecTools:
    """One of RecTools' transformers, trained by `peers_runner` under the peers' Python.

    python: gives their environment's Python; called when it is needed first.
    """

    name: str
    title: str
    python: Callable[[], Path]
    threads: int
    grid: Sequence[Mapping[str, Any]]
    epochs: Sequence[int]
    ours: bool = False
    reads_repeats: bool = False
    ways: Sequence[str] = WAYS

    def scores(self, task: Task, parameters: Mapping[str, Any], epochs: Sequence[int]) -> Iterator[Floats]:
        """Train, and give an (M, N) matrix after each number of epochs.

        Raises JobFailed if the runner ends with an error, and what ``python`` raises.
        """
        job = {
            "model": self.name,
            "seed": task.seed,
            "n_items": task.cohort.n_items,
            "threads": self.threads,
            "parameters": dict(parameters),
            "epochs": list(epochs),
        }
        with TemporaryDirectory() as name:
            folder = Path(name)
            arrays, settings = write_job(folder, task, job)
            scores = folder / "scores.npz"
            done = subprocess.run(
                [str(self.python()), str(RUNNER), str(arrays), str(settings), str(scores)],
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                env=os.environ | {"OMP_NUM_THREADS": str(self.threads)},
            )
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
                raise JobFailed(f"{self.title} could not be trained: {last}.")
            yield from read_scores(scores, task, epochs, self.title)
