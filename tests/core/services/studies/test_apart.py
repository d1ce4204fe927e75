"""Work in a process of its own: its value, its errors as sentences, and its end when nobody waits."""

import os
import signal
import time

import pytest

from core.errors import InputError, JobFailed
from core.services.studies.apart import apart


def double(value):
    return 2 * value, os.getpid()


def refuse():
    raise InputError("Three is too many.")


def stumble():
    raise ZeroDivisionError("by zero")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_and_tell(path):
    path.write_text(str(os.getpid()))
    time.sleep(60)


def test_the_value_comes_from_another_process():
    value, process = apart(double, 21)
    assert value == 42
    assert process != os.getpid()


@pytest.mark.parametrize(
    ("function", "kind", "said"),
    [
        (refuse, InputError, "Three is too many"),
        (stumble, JobFailed, "ZeroDivisionError: by zero"),
        (die, JobFailed, "exit code -9"),
    ],
)
def test_what_goes_wrong_is_a_sentence(function, kind, said):
    with pytest.raises(kind, match=said):
        apart(function)


def test_a_tick_that_raises_ends_the_process(tmp_path):
    told = tmp_path / "process"

    def tick():
        if told.exists() and told.read_text():
            raise TimeoutError

    with pytest.raises(TimeoutError):
        apart(sleep_and_tell, told, tick=tick)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
