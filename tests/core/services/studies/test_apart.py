"""Work in a process of its own: its value, its errors as sentences, and its end when nobody waits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


def print_and_return():
    os.write(1, b"solved\n")
    return "the value"


def ask_and_wait(path):
    apart(sleep_and_tell, path)


def sleep_and_tell(path):
    path.write_text(str(os.getpid()))
    time.sleep(60)


def test_the_value_comes_from_another_process():
    value, process = apart(double, 21)
    assert value == 42
    assert process != os.getpid()


def test_what_the_work_prints_is_no_part_of_its_value():
    assert apart(print_and_return) == "the value"


def test_it_does_not_begin_by_running_the_program_that_asked(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "no such program.py", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    assert apart(double, 21)[0] == 42


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_no_work_goes_on_for_a_process_that_was_killed(tmp_path):
    told = tmp_path / "process"
    code = "import pathlib, sys; sys.path[:] = sys.argv[2:]; import {0} as t; t.ask_and_wait(pathlib.Path(sys.argv[1]))"
    asking = subprocess.Popen([sys.executable, "-c", code.format(__name__), str(told), *sys.path])
    process = _number_in(told)
    asking.kill()
    asking.wait()
    until = time.monotonic() + 20
    while _alive(process):
        assert time.monotonic() < until
        time.sleep(0.05)


def _number_in(path):
    until = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(path.read_text())


def _alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


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
