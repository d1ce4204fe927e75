import argparse
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench import commands
from workbench.start import SetupError, checks, main, serve


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This interpreter serves."""
    monkeypatch.setattr(main, "prepare", lambda *_, **__: Path(sys.executable))
    monkeypatch.delenv(main.HANDED_OVER, raising=False)
    monkeypatch.delenv("SPOTTER_DATA", raising=False)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, here: None) -> list[argparse.Namespace]:
    calls: list[argparse.Namespace] = []
    monkeypatch.setattr(serve, "run", lambda options: calls.append(options) or 0)
    return calls


def test_without_a_command_it_serves(served: list[argparse.Namespace]) -> None:
    assert main.main([]) == 0
    assert main.main(["--port", "9000", "--data", "elsewhere"]) == 0
    assert main.main(["serve"]) == 0
    assert [options.port for options in served] == [8501, 9000, 8501]
    assert served[0].data == Path("data").resolve()
    assert served[1].data == Path("elsewhere").resolve()


def test_the_data_folder_can_come_from_the_environment(
    served: list[argparse.Namespace], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    main.main([])
    assert served[0].data == tmp_path.resolve()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused_before_anything_is_set_up(
    served: list[argparse.Namespace], port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main([f"--port={port}"])
    assert "from 1 to 65535" in capsys.readouterr().err
    assert served == []


def test_a_mistyped_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["tset"]) == 2
    assert "did you mean test?" in capsys.readouterr().err
    assert main.main(["xyzzy"]) == 2
    assert "--help lists the commands" in capsys.readouterr().err


def test_everything_after_test_goes_to_pytest(monkeypatch: pytest.MonkeyPatch, here: None) -> None:
    calls: list[argparse.Namespace] = []
    monkeypatch.setattr(checks, "run", lambda options: calls.append(options) or 3)
    assert main.main(["test", "-k", "margin", "--data"]) == 3
    assert calls[0].rest == ["-k", "margin", "--data"]


def test_errors_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: argparse.Namespace) -> int:
        raise SetupError("The disk is full: make room.")

    monkeypatch.setattr(serve, "run", fails)
    assert main.main([]) == 1
    assert capsys.readouterr().err == "Spotter: The disk is full: make room.\n"


def test_ctrl_c_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def stops(*_: object, **__: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "prepare", stops)
    assert main.main([]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_another_interpreter_takes_the_place_of_this_process(
    monkeypatch: pytest.MonkeyPatch, served: list[argparse.Namespace]
) -> None:
    class Replaced(Exception):
        pass

    def replaces(path: str, command: list[str]) -> None:
        raise Replaced(path, command, os.environ[main.HANDED_OVER])

    monkeypatch.setenv(main.HANDED_OVER, "")
    monkeypatch.delenv(main.HANDED_OVER)
    monkeypatch.setattr(main, "prepare", lambda *_, **__: Path("/other/python"))
    monkeypatch.setattr(main.os, "execv", replaces)
    with pytest.raises(Replaced) as replaced:
        main.main(["--port", "9000"])
    command = ["/other/python", "-m", "workbench", "serve", "--port", "9000"]
    assert replaced.value.args == ("/other/python", command, "1")
    assert served == []


def test_on_windows_the_other_interpreter_is_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    answers: list[BaseException | int] = [KeyboardInterrupt(), 7]

    class Child:
        def __init__(self, command: list[str]) -> None:
            started.append(command)

        def __enter__(self) -> "Child":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def wait(self) -> int:
            answer = answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer

    monkeypatch.setenv(main.HANDED_OVER, "")
    monkeypatch.setattr(main, "subprocess", SimpleNamespace(Popen=Child))
    monkeypatch.setattr(sys, "platform", "win32")
    assert main.hand_over(Path("python.exe"), ["test"]) == 7
    assert started == [["python.exe", "-m", "workbench", "test"]]


def test_the_one_handed_over_to_looks_no_further(
    monkeypatch: pytest.MonkeyPatch, served: list[argparse.Namespace]
) -> None:
    def looks(*_: object, **__: object) -> Path:
        raise AssertionError("looked for an interpreter")

    monkeypatch.setattr(main, "prepare", looks)
    monkeypatch.setenv(main.HANDED_OVER, "1")
    assert main.main([]) == 0
    assert len(served) == 1
    assert main.HANDED_OVER not in os.environ


def run_bare(*arguments: str) -> str:
    """What a Python without any package prints."""
    command = [sys.executable, "-S", "-E", "-m", "workbench", *arguments]
    return subprocess.run(command, cwd=main.ROOT, capture_output=True, text=True, check=True).stdout


def test_help_lists_every_command_before_anything_is_installed() -> None:
    text = run_bare("--help")
    for command in commands.COMMANDS:
        assert f"  {command.name} " in text
        assert command.help in text


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_each_command_explains_itself_before_anything_is_installed(command: commands.Command) -> None:
    text = run_bare(command.name, "--help")
    assert f"python3 -m workbench {command.name}" in text
    assert ("--data DIR" in text) is command.data


def test_the_version_is_told_before_anything_is_installed() -> None:
    assert run_bare("--version").startswith("Spotter 0.")


def test_commands_have_names_and_help_of_their_own() -> None:
    assert len({command.name for command in commands.COMMANDS}) == len(commands.COMMANDS)
    assert all(command.help and "\n" not in command.help for command in commands.COMMANDS)
    assert commands.find(commands.DEFAULT) is not None


def test_all_checks_run_even_after_one_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "_call", lambda check: 1 if check.name == "lint" else 0)
    assert checks.run(argparse.Namespace(rest=[])) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "Checks: format ok, lint FAILED, types ok, layers ok, tests ok, browser tests ok ("
    )
    monkeypatch.setattr(checks, "_call", lambda _: 0)
    assert checks.run(argparse.Namespace(rest=[])) == 0


def test_arguments_for_pytest_run_pytest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[checks.Check] = []
    monkeypatch.setattr(checks, "_call", lambda check: ran.append(check) or 5)
    assert checks.run(argparse.Namespace(rest=["-k", "margin"])) == 5
    assert [check.arguments for check in ran] == [("-m", "pytest", "-k", "margin")]


def test_browser_tests_have_the_machine_to_themselves() -> None:
    others, browser = checks.suites(cores=2)
    assert others.arguments[2:] == ("-m", "not browser", "-n", "2", "--dist", "loadfile")
    assert browser.arguments[2:] == ("-m", "browser")
    assert "-n" not in checks.suites(cores=1)[0].arguments
    assert checks.suites(cores=64)[0].arguments[5] == str(checks.MOST_PROCESSES)


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--help"],
        cwd=main.ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
