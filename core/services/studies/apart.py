"""Run a function in a process of its own: for libraries that hold the interpreter until they are done.

Not by ``multiprocessing``, whose new processes begin by running the program that started them once more.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from core.errors import JobFailed, SpotterError

T = TypeVar("T")
LOOK_SECONDS = 0.3
ROOT = Path(__file__).resolve().parents[3]
PDEATHSIG = 1  # Linux's prctl: the signal that a process gets when its parent dies


def apart(function: Callable[..., T], *arguments: Any, tick: Callable[[], None] = lambda: None) -> T:
    """The function's value, computed in a fresh process; function, arguments and value must pickle.

    Args:
        tick: called several times a second meanwhile; what it raises ends the process.

    Raises:
        SpotterError: as the function raised it.
        JobFailed: if the process ended without an answer, or the function raised anything else.
    """
    # The path first: what is asked for may lie anywhere on it.
    asked = pickle.dumps(sys.path) + pickle.dumps((function, arguments))
    command = [sys.executable, "-m", "core.services.studies.apart"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            answer = _await(process, asked, tick)
        finally:
            process.kill()
    if not answer:
        raise JobFailed(
            f"The process for this work ended without an answer (exit code {process.returncode}), perhaps for lack of "
            "memory. Try again, with less at once."
        )
    value, error = pickle.loads(answer)
    if error is not None:
        raise error
    found: T = value
    return found


def _await(process: "subprocess.Popen[bytes]", asked: bytes, tick: Callable[[], None]) -> bytes:
    left: bytes | None = asked
    while True:
        try:
            return process.communicate(left, timeout=LOOK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            left = None  # what was begun goes on
            tick()


def _answer() -> None:
    """The new process: one question on standard input, one answer on standard output."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)  # a killed worker leaves no solver behind
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a solver prints is no part of the answer
    sys.path[:] = pickle.load(sys.stdin.buffer)
    outcome: tuple[Any, SpotterError | None]
    try:
        function, arguments = pickle.load(sys.stdin.buffer)
        outcome = (function(*arguments), None)
    except SpotterError as error:
        outcome = (None, error)
    except Exception as error:
        outcome = (None, JobFailed(f"{type(error).__name__}: {error}"))
    with answers:
        pickle.dump(outcome, answers)


if __name__ == "__main__":
    _answer()
