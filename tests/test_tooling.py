"""The files around the code agree with one another."""

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import __version__
from workbench.start import checks
from workbench.start.lock import normal, read_pins
from workbench.start.place import TEST, Place

ROOT = Path(__file__).resolve().parents[1]
PINS = Place(ROOT).pins()
README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def direct(file: str) -> list[str]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return [normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("file", TEST)
def test_every_requirement_is_locked(file: str) -> None:
    assert direct(file)
    for name in direct(file):
        assert f"-r {file}" in PINS[name].asked_by, f"{name}: lock anew, as the README says"


def test_the_lock_asks_for_nothing_that_the_requirements_do_not() -> None:
    for file in TEST:
        locked = {pin.name for pin in PINS.values() if f"-r {file}" in pin.asked_by}
        assert locked == set(direct(file))


def test_the_run_time_needs_no_test_tool() -> None:
    wanted = Place(ROOT).wanted(tools=False)
    assert {"streamlit", "torch", "numpy", "click", "pip"} <= wanted.keys()
    assert not {"pytest", "ruff", "mypy"} & wanted.keys()
    assert set(direct("requirements-dev.txt")) <= Place(ROOT).wanted(tools=True).keys()


def test_each_build_of_torch_satisfies_the_lock() -> None:
    assert PINS["torch"].version == "2.13.0"
    assert not any("+" in pin.version for pin in PINS.values())


def test_the_lock_that_is_read_is_the_whole_lock() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    names = [normal(line.partition("==")[0]) for line in lines]
    assert set(names) == PINS.keys() == read_pins(text).keys()
    # A package may have a pin for each of several platforms, and only then more than one.
    several = {name for name in names if names.count(name) > 1}
    assert all(pin.conditional for name, pin in PINS.items() if name in several)
    assert all(";" in line for line, name in zip(lines, names, strict=True) if name in several)


def test_the_version_is_the_same_everywhere() -> None:
    assert PROJECT["project"]["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_hooks_work_offline_and_are_the_checks_of_the_test_command() -> None:
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in settings["repos"]] == ["local"]
    hooks = settings["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["name"] for hook in hooks] == [check.name for check in checks.STATIC]
    for hook, check in zip(hooks, checks.STATIC, strict=True):
        if check.arguments[0] == "-m":
            assert hook["entry"] == " ".join(["python", *check.arguments])


def test_ci_runs_the_command_of_the_readme_with_a_browser() -> None:
    assert "\npython3 -m workbench test" in CI.replace("status=0\n", "\n")
    assert "\npython3 -m workbench test" in README
    assert "\npython3 -m workbench\n" in README
    assert "SPOTTER_REQUIRE_BROWSER=1" in CI
    if sys.platform != "win32":
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_core_is_kept_apart_from_streamlit() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    forbidden = [contract for contract in contracts if contract["type"] == "forbidden"]
    assert any(c["source_modules"] == ["core"] and "streamlit" in c["forbidden_modules"] for c in forbidden)


def test_types_and_warnings_are_strict() -> None:
    assert PROJECT["tool"]["mypy"]["strict"] is True
    assert set(PROJECT["tool"]["mypy"]["packages"]) >= {"core", "workbench"}
    assert PROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"
