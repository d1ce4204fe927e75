"""Arguments in, exit code out."""

import argparse
import difflib
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from core import __version__
from core.errors import SpotterError
from workbench.commands import COMMANDS, DEFAULT, Command, find
from workbench.start.environment import prepare
from workbench.start.place import Place

ROOT = Path(__file__).resolve().parents[2]
# Set for the interpreter that is handed the work, which need not look for another.
HANDED_OVER = "SPOTTER_HANDED_OVER"


def main(arguments: list[str]) -> int:
    """Run one command; without one, serve."""
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as head, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor may Python's last flush complain
        return 1
    return code


def _main(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print(overview())
        return 0
    if arguments[:1] == ["--version"]:
        print(f"Spotter {__version__}")
        return 0
    if not arguments or arguments[0].startswith("-"):
        arguments = [DEFAULT, *arguments]
    command = find(arguments[0])
    if command is None:
        print(unknown(arguments[0]), file=sys.stderr)
        return 2
    module = importlib.import_module(command.module)
    options = parse(command, module, arguments[1:])
    try:
        return _run(command, module, options, arguments)
    except SpotterError as error:
        print(f"Spotter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _run(command: Command, module: ModuleType, options: argparse.Namespace, arguments: list[str]) -> int:
    """Run the command here if this interpreter serves, else in the one that does."""
    if os.environ.pop(HANDED_OVER, None) is None:
        place = Place(ROOT)
        python = prepare(place, tools=command.tools, stream=sys.stdout)
        in_venv = Path(sys.prefix).resolve() == place.venv.resolve()
        if python != Path(sys.executable) and not (in_venv and python == place.python):
            return hand_over(python, arguments)
    return int(module.run(options))


def hand_over(python: Path, arguments: list[str]) -> int:
    """Let another interpreter do the work: in this process's place, or on Windows as its child."""
    command = [str(python), "-m", "workbench", *arguments]
    sys.stdout.flush()
    os.environ[HANDED_OVER] = "1"
    if sys.platform != "win32":
        os.execv(command[0], command)
    with subprocess.Popen(command) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The child has had the same Ctrl-C and ends in its own way.
                continue


def parse(command: Command, module: ModuleType, arguments: list[str]) -> argparse.Namespace:
    """The command's options; ends the program with a message when they make no sense."""
    parser = argparse.ArgumentParser(
        prog=f"python3 -m workbench {command.name}", description=_sentence(command.help)
    )
    if command.data:
        parser.add_argument(
            "--data",
            type=_folder,
            default=_folder(os.environ.get("SPOTTER_DATA") or "data"),
            metavar="DIR",
            help="folder of the database and the models (default: SPOTTER_DATA, else data)",
        )
    module.add_arguments(parser)
    if command.passes_on and not {"-h", "--help"} & set(arguments):
        return argparse.Namespace(rest=arguments)
    return parser.parse_args(arguments)


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def overview() -> str:
    """What ``--help`` prints: every command, whether anything is installed or not."""
    width = max(len(command.name) for command in COMMANDS)
    commands = "\n".join(f"  {command.name:<{width}}  {command.help}" for command in COMMANDS)
    return f"""usage: python3 -m workbench [COMMAND] [OPTIONS]

Spotter, a workbench that keeps an expert in the loop of exercise recommendation.

commands:
{commands}

options:
  -h, --help     show this and end; after a command, show the command's options
  --version      show the version and end
  --data DIR     folder of the database and the models (default: SPOTTER_DATA, else data)
  --port PORT    port on 127.0.0.1 to serve on (default: 8501)

The first run makes a virtual environment in .venv and installs what is needed."""


def unknown(name: str) -> str:
    """What is said to a mistyped command."""
    near = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"did you mean {near[0]}?" if near else "python3 -m workbench --help lists the commands."
    return f"Spotter: there is no command {name}; {hint}"
