"""``python3 -m workbench study``: run a study in the terminal, on every core, and write what it finds."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.services import Store
    from core.services.studies.options import Option
    from core.services.studies.running import Run
    from core.services.studies.study import Result, Studies, Study

NOTE = "run.json"
BY = "command line"
LOOK_SECONDS = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; a study's own settings are read in ``run``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _epilog()
    parser.add_argument("name", nargs="?", metavar="NAME", help="the study; without it they are listed")
    parser.add_argument(
        "rest",
        nargs=argparse.REMAINDER,
        metavar="--seed N --out DIR [--setting VALUE …]",
        help="after NAME; python3 -m workbench study NAME --help shows the settings of a study",
    )


def _epilog() -> str:
    try:
        from core.services.studies.registry import STUDIES
    except ImportError:  # nothing is installed yet
        return "The studies are listed here once the first command has installed what is needed."
    return listing(STUDIES)


def run(options: argparse.Namespace) -> int:
    """List the studies, or run one; returns 0 if it was done."""
    from core.services.studies.registry import STUDIES

    if options.name is None:
        print(listing(STUDIES))
        return 0
    return execute(STUDIES, options.name, options.rest, data=options.data)


def listing(studies: "Studies") -> str:
    """The studies by name."""
    return "\n".join(
        ["studies:", *(f"  {study.name:<14}{study.title}. {study.description}" for study in studies.values())]
    )


def execute(
    studies: "Studies",
    name: str,
    arguments: Sequence[str],
    *,
    data: Path,
    worker_options: tuple[str, ...] = (),
) -> int:
    """Run a study on every core, as the Studies page does, and write its figures into ``--out``.

    The same command goes on with a run that was interrupted; its number stands in ``DIR/run.json``.

    Raises:
        SpotterError: with what to do about it.
    """
    from core.services import Store, preparing
    from core.services.studies import running
    from core.services.workers import Supervisor

    study = running.find(studies, name)
    given = vars(parser(study, data).parse_args(arguments))
    data, seed, out = given.pop("data"), given.pop("seed"), given.pop("out")
    store = Store(data)
    if "cohort" in given:
        preparing.add_sample(store, print)
    run_id = _run_of(store, studies, name, given, seed, out)
    ended = running.run(store, studies, run_id)
    with Supervisor(store.folder, options=worker_options) if ended.active else nullcontext():
        try:
            ended = _watch(store, studies, run_id)
        except KeyboardInterrupt:
            print("\nThe same command goes on from the last finished piece.", file=sys.stderr)
            raise
    result = running.result(store, run_id)
    if result is None:
        print(f"Spotter: {ended.message or 'the run was cancelled'}", file=sys.stderr)
        return 1
    head = running.export_noted(store, run_id, str(out), by=BY)
    write(ended, result, out, audit_head=head)
    _print(result, out)
    return 0


def parser(study: "Study", data: Path) -> argparse.ArgumentParser:
    """The arguments of one study, from the fields of its settings."""
    from core.services.studies.options import options

    made = argparse.ArgumentParser(
        prog=f"python3 -m workbench study {study.name}",
        description=f"{study.title}. {study.description}",  # argparse expands no % here, as it does in help
    )
    made.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of everything random (default: 1)"
    )
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the figures")
    made.add_argument("--data", type=Path, default=data, metavar="DIR", help="data folder of the workbench")
    for option in options(study.settings):
        made.add_argument(option.flag, dest=option.name, default=option.default, **_how(option))
    return made


def _how(option: "Option") -> dict[str, Any]:
    if option.kind == "bool":
        return {"action": argparse.BooleanOptionalAction, "help": option.help.replace("%", "%%")}
    listed = option.choices if isinstance(option.choices, tuple) else None
    default = option.default if option.kind != "several" else " ".join(option.default)
    shown = f" (default: {default})" if default != "" else ""
    how: dict[str, Any] = {
        "type": {"int": int, "float": float}.get(option.kind, str),
        "choices": listed,
        "help": (option.help + shown).replace("%", "%%"),
    }
    if option.kind == "several":
        how["nargs"] = "+"
    return how if listed else {**how, "metavar": option.kind.upper()}


def _run_of(
    store: "Store", studies: "Studies", name: str, values: dict[str, Any], seed: int, out: Path
) -> str:
    """The run that ``out`` stands for: a new one, or the one it was begun with."""
    from core.errors import InputError, NotFound
    from core.services.studies import options, running
    from core.services.studies.version import code_version

    settings = options.as_dict(options.build(studies[name].settings, values, store))
    wanted = {"study": name, "settings": settings, "seed": seed}
    note = out / NOTE
    if note.exists():
        noted = json.loads(note.read_text(encoding="utf-8"))
        if {key: noted[key] for key in wanted} != wanted:
            raise InputError(f"{out} holds another run (see {note}). Name another folder with --out.")
        try:
            found = running.run(store, studies, noted["run"])
        except NotFound:
            found = None  # another data folder: begin anew
        if found is not None and (found.started_at is None or found.code_version == code_version()):
            if found.state in ("failed", "cancelled"):
                running.resume(store, found.id, by=BY)
            if found.pieces_done:
                print(
                    f"Going on with run {found.id}: {found.pieces_done} of {len(found.pieces)} pieces are done."
                )
            return found.id
        if found is not None:
            print("Spotter's code has changed since this folder's run; beginning anew.")
            if found.active:
                running.cancel(store, found.id, by=BY)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{out} cannot be written ({error.strerror}). Name another folder with --out."
        ) from error
    run_id = running.start(store, studies, name, values, seed=seed, by=BY)
    note.write_text(json.dumps({"run": run_id, **wanted}, indent=1), encoding="utf-8")
    return run_id


def _watch(store: "Store", studies: "Studies", run_id: str) -> "Run":
    from tqdm import tqdm

    from core.services.studies import running

    with tqdm(total=100.0, bar_format="{percentage:3.0f} %|{bar}| {elapsed} {postfix}", leave=True) as bar:
        while True:
            found = running.run(store, studies, run_id)
            bar.n = 100.0 * (1.0 if found.state == "done" else found.fraction)
            bar.set_postfix_str(standing(found))
            if not found.active:
                return found
            time.sleep(LOOK_SECONDS)


def standing(found: "Run") -> str:
    """How far a run is, in words."""
    from workbench.cells import duration

    pieces = f"{found.pieces_done} of {len(found.pieces)} pieces"
    if found.active and found.message and not found.pieces_done:
        return f"{pieces}; {found.message}"
    if found.seconds_left is None:
        return pieces
    return f"{pieces}, about {duration(found.seconds_left)} left"


def write(found: "Run", result: "Result", out: Path, *, audit_head: str) -> None:
    """Write ``result.json``, a CSV file for each table, and ``report.html``."""
    from core.services.exporting import csv_text, file_name
    from workbench import report

    document = {
        "study": found.study,
        "settings": found.settings,
        "made": dict(report.facts(found)),
        "piece_seconds": {piece.title: piece.seconds for piece in found.pieces},
        "audit_head": audit_head,
        "result": result.to_json(),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (out / "result.json").write_text(text, encoding="utf-8")
    for table in result.tables:
        path = out / f"{file_name(table.title, synthetic=result.synthetic)}.csv"
        path.write_text(csv_text(table.columns, table.rows), encoding="utf-8", newline="")
    (out / "report.html").write_text(report.html(found, result, audit_head=audit_head), encoding="utf-8")


def _print(result: "Result", out: Path) -> None:
    from workbench import report

    for table in result.tables:
        print(f"\n{report.text(table)}")
    if result.synthetic:
        print(f"\n{report.SYNTHETIC}")
    print("\n" + "\n".join(result.headline))
    print(f"\nWritten to {out}: result.json, a CSV file for each table, report.html.")
