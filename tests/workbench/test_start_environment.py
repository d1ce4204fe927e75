import errno
import io
import shutil
import sys
from pathlib import Path

import pytest

from workbench.start import SetupError, environment
from workbench.start.installer import Pip, PipFailed
from workbench.start.place import Place

LOCK = """\
numpy==2.4.6
    # via -r requirements.txt
pip==26.3
    # via numpy
pytest==9.2.0
    # via -r requirements-dev.txt
torch==2.13.0
    # via -r requirements.txt
"""
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "requirements.txt").write_text("numpy\ntorch\n", "utf-8")
    (tmp_path / "requirements-dev.txt").write_text("pytest\n", "utf-8")
    (tmp_path / "constraints.txt").write_text(LOCK, "utf-8")
    return Place(tmp_path)


def put_venv(place: Place, version: str = f"{HERE}.0") -> None:
    place.python.parent.mkdir(parents=True)
    place.python.write_text("", "utf-8")
    (place.venv / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n", "utf-8")
    place.packages().mkdir(parents=True)


def put_package(place: Place, name: str, version: str) -> None:
    folder = place.packages() / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    (folder / "RECORD").write_text("", "utf-8")


class Installs:
    """Stands in for pip and venv: records what was asked and does it in files."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.asked: list[list[str]] = []
        self.cpu_build = True
        self.failure: PipFailed | None = None
        self.trial = 0

    def install(self, arguments: list[str], *_: object, **__: object) -> None:
        assert self.place.marker.exists(), "packages may only be changed under the marker"
        self.asked.append(arguments)
        if "-r" in arguments and self.failure:
            raise self.failure
        if arguments[0].startswith("pip=="):
            put_package(self.place, "pip", "26.3")
        elif "--index-url" in arguments:
            if not self.cpu_build:
                raise PipFailed("No connection.", touched=False)
            put_package(self.place, "torch", "2.13.0+cpu")
        else:
            put_package(self.place, "numpy", "2.4.6")
            if "torch" not in self.place.installed():
                put_package(self.place, "torch", "2.13.0")

    def make(self, _: object) -> None:
        for folder in (self.place.python.parent, self.place.venv):
            folder.mkdir(exist_ok=True, parents=True)
        self.place.python.write_text("", "utf-8")
        (self.place.venv / "pyvenv.cfg").write_text(f"version = {HERE}.0\n", "utf-8")
        self.place.packages().mkdir(parents=True)

    def try_it(self, _: object) -> None:
        self.trial += 1


@pytest.fixture
def installs(place: Place, monkeypatch: pytest.MonkeyPatch) -> Installs:
    installs = Installs(place)
    monkeypatch.setattr(Pip, "install", lambda _, *args, **kwargs: installs.install(*args, **kwargs))
    monkeypatch.setattr(environment.SetUp, "_make", lambda _, progress: installs.make(progress))
    monkeypatch.setattr(environment.SetUp, "_try", lambda _, progress: installs.try_it(progress))
    monkeypatch.setattr(environment, "wants_cpu_build", lambda: True)
    # The interpreter that runs the tests is not to serve.
    monkeypatch.setattr(environment, "installed_versions", lambda _: {})
    return installs


def prepare(place: Place, *, tools: bool = False) -> tuple[Path, str]:
    stream = io.StringIO()
    return environment.prepare(place, tools=tools, stream=stream), stream.getvalue()


def test_the_first_start_makes_and_fills_the_environment(place: Place, installs: Installs) -> None:
    python, said = prepare(place)
    assert python == place.python
    assert [arguments[0] for arguments in installs.asked] == ["pip==26.3", "--no-deps", "-r"]
    assert "[2/4] Installing the CPU build of torch" in said or "[3/5]" in said
    assert "torch 2.13.0+cpu, the CPU build" in said
    assert place.complete(tools=False)
    assert not place.marker.exists()


def test_later_starts_touch_and_say_nothing(place: Place, installs: Installs) -> None:
    prepare(place)
    asked = len(installs.asked)
    assert prepare(place) == (place.python, "")
    assert len(installs.asked) == asked


def test_the_test_tools_are_installed_over_it_and_serve_to_run(place: Place, installs: Installs) -> None:
    prepare(place, tools=True)
    assert str(place.root / "requirements-dev.txt") in installs.asked[-1]
    assert place.complete(tools=True)
    assert place.complete(tools=False)


def test_running_alone_does_not_serve_to_test(place: Place, installs: Installs) -> None:
    prepare(place)
    assert not place.complete(tools=True)


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_a_changed_lock_is_installed_again(place: Place, installs: Installs, name: str) -> None:
    prepare(place)
    file = place.root / name
    file.write_text(file.read_text("utf-8") + "\n# newer\n", "utf-8")
    assert not place.complete(tools=False)
    asked = len(installs.asked)
    prepare_again(place)
    assert len(installs.asked) == asked + 1, "pip and torch are there already"


def prepare_again(place: Place) -> None:
    for old in place.packages().glob("numpy-*"):
        shutil.rmtree(old)
    prepare(place)


def test_without_the_cpu_build_the_plain_one_is_taken_and_named(place: Place, installs: Installs) -> None:
    installs.cpu_build = False
    _, said = prepare(place)
    assert "Taking the plain build instead" in said
    assert "done, with torch 2.13.0, the plain build" in said


def test_with_an_nvidia_card_only_the_plain_build_is_asked_for(
    place: Place, installs: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "wants_cpu_build", lambda: False)
    prepare(place)
    assert not any("--index-url" in arguments for arguments in installs.asked)


def test_an_interrupted_set_up_is_begun_anew(place: Place, installs: Installs) -> None:
    put_venv(place)
    place.marker.write_text("", "utf-8")
    put_package(place, "numpy", "2.4.6")
    leftover = place.packages() / "half.py"
    leftover.write_text("", "utf-8")
    _, said = prepare(place)
    assert "interrupted" in said
    assert not leftover.exists()
    assert place.complete(tools=False)


def test_a_stamp_beside_a_marker_is_not_trusted(place: Place, installs: Installs) -> None:
    prepare(place)
    place.marker.write_text("", "utf-8")
    assert not place.complete(tools=False)


@pytest.mark.parametrize(("touched", "kept"), [(False, True), (True, False)])
def test_a_failed_update_keeps_an_untouched_environment(
    place: Place, installs: Installs, touched: bool, kept: bool
) -> None:
    put_venv(place)
    installs.failure = PipFailed("No connection.", touched=touched)
    with pytest.raises(PipFailed):
        prepare(place)
    assert place.marker.exists() is not kept
    assert not place.complete(tools=False)


def test_packages_that_do_not_load_are_not_stamped(
    place: Place, installs: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SetupError("do not load")

    monkeypatch.setattr(environment.SetUp, "_try", fails)
    with pytest.raises(SetupError):
        prepare(place)
    assert not place.complete(tools=False)


def test_the_running_interpreter_serves_when_it_has_everything(
    place: Place, installs: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        environment, "installed_versions", lambda _: {"numpy": "2.4.6", "torch": "2.13.0+cpu"}
    )
    assert environment.serving(place, tools=False) == Path(sys.executable)
    assert environment.serving(place, tools=True) is None


def test_a_half_filled_environment_does_not_serve_itself(
    place: Place, installs: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_venv(place)
    place.marker.write_text("", "utf-8")
    monkeypatch.setattr(environment, "installed_versions", lambda _: {"numpy": "2.4.6", "torch": "2.13.0"})
    monkeypatch.setattr(sys, "prefix", str(place.venv))
    assert environment.serving(place, tools=False) is None


def test_a_folder_that_is_no_environment_is_left_alone(place: Place, installs: Installs) -> None:
    place.venv.mkdir()
    (place.venv / "mine.txt").write_text("keep", "utf-8")
    with pytest.raises(SetupError, match="move it away"):
        prepare(place)
    assert (place.venv / "mine.txt").exists()


def test_an_environment_of_an_old_python_is_left_alone(place: Place, installs: Installs) -> None:
    put_venv(place, version="3.9.18")
    with pytest.raises(SetupError, match=r"older than 3\.11"):
        prepare(place)
    assert place.venv.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(place: Place, installs: Installs) -> None:
    put_venv(place)
    place.python.unlink()
    _, said = prepare(place)
    assert "is gone" in said
    assert place.complete(tools=False)


@pytest.mark.parametrize(
    ("code", "said"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EIO, "failed")],
)
def test_errors_of_the_file_system_become_a_sentence(
    place: Place, installs: Installs, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(code, "as the system says it")

    monkeypatch.setattr(environment.SetUp, "_make", fails)
    with pytest.raises(SetupError, match=said):
        prepare(place)
    assert not place.complete(tools=False)


def test_without_ensurepip_the_environment_is_made_without_pip(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    class Done:
        returncode = 0

    def runs(command: list[str], **_: object) -> Done:
        commands.append(command)
        put_venv(place)
        return Done()

    real = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else real(name)
    )
    monkeypatch.setattr(environment.subprocess, "run", runs)
    set_up = environment.SetUp(place, False, io.StringIO(), 0)
    set_up._make(environment.Progress(io.StringIO(), 1))
    assert commands[0][1:] == ["-m", "venv", "--without-pip", str(place.venv)]
    assert set_up._pip().command == [sys.executable, "-m", "pip", "--python", str(place.python)]
    put_package(place, "pip", "26.3")
    assert set_up._pip().command == [str(place.python), "-m", "pip"]


def test_without_ensurepip_and_pip_it_says_what_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_venv(place)
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match="python3-venv"):
        environment.SetUp(place, False, io.StringIO(), 0)._pip()
