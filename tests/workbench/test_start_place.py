import sys
from pathlib import Path

import pytest

from workbench.start import builds
from workbench.start.guard import exclusive
from workbench.start.place import Place


def test_windows_keeps_its_interpreter_and_packages_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.venv.mkdir()
    (place.venv / "pyvenv.cfg").write_text("version = 3.12.4\n", "utf-8")
    assert place.python == place.venv / "bin" / "python"
    assert place.packages() == place.venv / "lib" / "python3.12" / "site-packages"
    monkeypatch.setattr(sys, "platform", "win32")
    assert place.python == place.venv / "Scripts" / "python.exe"
    assert place.packages() == place.venv / "Lib" / "site-packages"


@pytest.mark.parametrize(
    ("text", "series"),
    [
        ("version = 3.11.7", (3, 11)),
        ("version_info = 3.13.0.final.0", (3, 13)),
        ("home = /usr/bin", ()),
        ("version = unknown", ()),
    ],
)
def test_the_series_is_read_as_venv_and_virtualenv_write_it(
    tmp_path: Path, text: str, series: tuple[int, ...]
) -> None:
    place = Place(tmp_path)
    place.venv.mkdir()
    (place.venv / "pyvenv.cfg").write_text(f"home = /x\n{text}\n", "utf-8")
    assert place.series() == series


def test_an_upgraded_system_python_does_not_fit_its_old_environment(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to(sys.executable)
    now = ".".join(map(str, sys.version_info[:3]))
    (place.venv / "pyvenv.cfg").write_text(f"version = {now}\n", "utf-8")
    assert place.fits()
    (place.venv / "pyvenv.cfg").write_text("version = 3.99.1\n", "utf-8")
    assert not place.fits()


@pytest.mark.parametrize("sign", ["proc/driver/nvidia", "dev/nvidia0", "dev/nvidiactl"])
def test_an_nvidia_card_shows_in_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    monkeypatch.setattr(builds.shutil, "which", lambda _: None)
    assert not builds.has_nvidia(tmp_path)
    (tmp_path / sign).mkdir(parents=True)
    assert builds.has_nvidia(tmp_path)


def test_an_nvidia_card_shows_by_its_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        builds.shutil, "which", lambda name: "/usr/bin/nvidia-smi" if name == "nvidia-smi" else None
    )
    assert builds.has_nvidia(tmp_path)


@pytest.mark.parametrize(
    ("platform", "card", "cpu"),
    [("linux", False, True), ("linux", True, False), ("darwin", False, False), ("win32", False, False)],
)
def test_only_linux_without_a_card_asks_for_the_cpu_build(
    monkeypatch: pytest.MonkeyPatch, platform: str, card: bool, cpu: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(builds, "has_nvidia", lambda: card)
    assert builds.wants_cpu_build() is cpu


def test_the_installed_build_is_named_for_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert builds.describe("2.13.0+cpu") == "torch 2.13.0+cpu, the CPU build"
    assert builds.describe("2.13.0").endswith("with its GPU packages")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert builds.describe("2.13.0") == "torch 2.13.0, the plain build"


def test_the_guard_makes_the_second_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "guard"
    waited: list[str] = []

    class Release(Exception):
        pass

    def wait() -> None:
        waited.append("told")
        raise Release

    with exclusive(path, wait):
        with pytest.raises(Release), exclusive(path, wait):
            pass
        assert waited == ["told"]
    with exclusive(path, wait):
        pass
    assert waited == ["told"]


def test_the_guard_on_windows_locks_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []

    class FakeModule:
        LK_NBLCK = 2

        @staticmethod
        def locking(_: int, mode: int, count: int) -> None:
            calls.append((mode, count))
            if len(calls) == 1:
                raise OSError(36, "would deadlock")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", FakeModule)
    waited: list[str] = []
    with exclusive(tmp_path / "guard", lambda: waited.append("told")):
        assert calls == [(2, 1), (2, 1)]
    assert waited == ["told"]
