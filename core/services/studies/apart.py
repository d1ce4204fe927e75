"""Run a function in a process of its own: for libraries that hold the interpreter until they are done."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from core.errors import JobFailed, SpotterError

T = TypeVar("T")
LOOK_SECONDS = 0.3


def apart(function: Callable[..., T], *arguments: Any, tick: Callable[[], None] = lambda: None) -> T:
    """The function's value, computed in a fresh process; function, arguments and value must pickle.

    Args:
        tick: called several times a second meanwhile; what it raises ends the process.

    Raises:
        SpotterError: as the function raised it.
        JobFailed: if the process ended without an answer, or the function raised anything else.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        while not receiver.poll(LOOK_SECONDS):
            tick()
        value, error = receiver.recv()
    except EOFError as ended:
        process.join()
        raise JobFailed(
            f"The process for this work ended without an answer (exit code {process.exitcode}), perhaps for lack of "
            "memory. Try again, with less at once."
        ) from ended
    finally:
        process.kill()
        process.join()
        receiver.close()
    if error is not None:
        raise error
    found: T = value
    return found


def _answer(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        sender.send((function(*arguments), None))
    except SpotterError as error:
        sender.send((None, error))
    except Exception as error:
        sender.send((None, JobFailed(f"{type(error).__name__}: {error}")))
