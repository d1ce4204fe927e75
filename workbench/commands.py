"""Every sub-command of ``python3 -m workbench``, in one place.

To add one, add an entry to ``COMMANDS`` and write its module with two functions::

    def add_arguments(parser: argparse.ArgumentParser) -> None: ...
    def run(options: argparse.Namespace) -> int: ...       # the exit code

The module's top may import the standard library (and ``core.errors``) only, so that ``--help`` and a
mistyped argument are answered before anything is installed; what it needs beyond that is imported inside ``run``,
which is called by an interpreter that has every locked package.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One sub-command: names and switches only, nothing is imported for it."""

    name: str
    help: str
    """One line for ``--help``."""
    module: str
    """Where ``add_arguments`` and ``run`` are."""
    data: bool = True
    """Takes ``--data DIR``; ``run`` finds it as ``options.data``, an absolute path."""
    tools: bool = False
    """Needs the test tools as well."""
    passes_on: str = ""
    """Who gets the arguments as they stand (``run`` finds them as ``options.rest``); usually nobody."""


COMMANDS: tuple[Command, ...] = (
    Command(
        "serve", "serve the workbench on this machine (also without any command)", "workbench.start.serve"
    ),
    Command(
        "test",
        "check format, lint, types and layers, then run every test",
        "workbench.start.checks",
        data=False,
        tools=True,
        passes_on="pytest",
    ),
    Command(
        "import",
        "check a file and take it in: log, exercises, profiles, steps, MovieLens",
        "workbench.cli.importing",
    ),
    Command(
        "study",
        "run a study on every core and write what it finds; without a name, list them",
        "workbench.cli.study",
    ),
    Command(
        "audit",
        "check that nobody rewrote the record of who saw, did and exported what",
        "workbench.cli.audit",
    ),
)

DEFAULT = "serve"


def find(name: str) -> Command | None:
    """The command of that name, if there is one."""
    return next((command for command in COMMANDS if command.name == name), None)
