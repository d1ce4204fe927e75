"""The command ``test``: every check that a change has to pass."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Parallel test processes at most: each loads torch and pandas, so memory sets the limit before the cores do.
MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class Check:
    """One tool, run with the interpreter that serves."""

    name: str
    arguments: Sequence[str]
    """What follows ``python``."""
    environment: dict[str, str] = field(default_factory=dict)


# import-linter has no module to run with -m.
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True))"

STATIC = (
    Check("format", ("-m", "ruff", "format", "--check", ".")),
    Check("lint", ("-m", "ruff", "check", ".")),
    Check("types", ("-m", "mypy")),
    Check("layers", ("-c", LINT_IMPORTS)),
)


def suites(cores: int) -> tuple[Check, Check]:
    """The tests in two runs: browser tests measure what a person waits for, so they have the machine to themselves."""
    processes = min(cores, MOST_PROCESSES)
    shared = ("-n", str(processes), "--dist", "loadfile") if processes > 1 else ()
    # Processes that share the cores leave each a thread.
    threads = {"OMP_NUM_THREADS": "1"} if processes > 1 else {}
    return (
        Check("tests", ("-m", "pytest", "-m", "not browser", *shared), threads),
        Check("browser tests", ("-m", "pytest", "-m", "browser")),
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""
    parser.usage = "%(prog)s [PYTEST ARGUMENTS]"
    parser.epilog = (
        "Arguments go to pytest, and then only pytest is run: python3 -m workbench test -k margin. "
        "Browser tests are skipped, saying so, where no Chromium or Chrome is found."
    )


def run(options: argparse.Namespace) -> int:
    """Run the checks, all of them also after one has failed, and say at the end how each went."""
    if options.rest:
        return _call(Check("tests", ("-m", "pytest", *options.rest)))
    began = time.monotonic()
    results: list[tuple[str, bool]] = []
    for check in (*STATIC, *suites(os.cpu_count() or 1)):
        print(f"\n--- {check.name} ---", flush=True)
        results.append((check.name, _call(check) == 0))
    print("\n" + closing(results, time.monotonic() - began), flush=True)
    return 0 if all(passed for _, passed in results) else 1


def closing(results: Sequence[tuple[str, bool]], seconds: float) -> str:
    """One line on how each check went."""
    words = ", ".join(f"{name} {'ok' if passed else 'FAILED'}" for name, passed in results)
    return f"Checks: {words} ({seconds:.0f} s)"


def _call(check: Check) -> int:
    environment = {**os.environ, **check.environment}
    return subprocess.run(
        [sys.executable, *check.arguments], cwd=ROOT, env=environment, check=False
    ).returncode
