"""Spotter's recommenders beside their peers; run ``python -m benchmarks.recommenders [FOLDER OF MOVIELENS 100K]``.

Popularity, Markov, item-kNN, EASE and a full-history GRU run in this process; RecTools' SASRec, eSASRec (LiGR layers)
and HSTU in an environment of their own, which is made by pip (``--peers`` names its folder). Without a folder of
MovieLens only the synthetic sample cohort is measured, whose figures say nothing about people.

Everybody may learn from the same targets, foretells the same windows from all that the same client did before them,
ranks all N items, and is ranked by one function. Where repeats are excluded, what a client has done before is out of
the running for everybody. No model is told when anything was done, nor ratings. Profiles are read by the two models
that Spotter offers, and by no peer; full history is the mean of three networks, and the network of the paper keeps a
tenth of the clients to stop in time, as its settings say.

Settings of peers are searched for with one seed within its training part and used for all: with clients held out, the
test clients of other seeds were among those searched with, which favours the peers. Spotter's own settings are fixed;
how they came about is told where they stand (`core.recommender.settings`).
"""

import argparse
import functools
import json
import os
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.recommenders import cohorts, environment, keeping, models, report, tuning
from benchmarks.recommenders.cohorts import SPLITS, WAYS, Cohort
from benchmarks.recommenders.keeping import Kept
from benchmarks.recommenders.measuring import Task, percent, ranks_of
from benchmarks.recommenders.models import Candidate
from core.errors import InputError, JobFailed, SpotterError
from core.services.studies.version import code_version
from workbench.start import SetupError

STARTED = time.monotonic()


def main() -> None:
    chosen = arguments()
    say(f"Spotter {code_version()}")
    try:
        run(chosen)
    except SpotterError as error:
        sys.exit(str(error))


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recommenders", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folder", nargs="?", type=Path, help="MovieLens 100K: the folder with u.data")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 1 to this one (default: 5)")
    parser.add_argument("--only", help="names of models, separated by commas (default: all)")
    parser.add_argument("--ours", help="the model that the others are compared with (default: the first)")
    parser.add_argument("--splits", default=",".join(SPLITS), help=f"default: {','.join(SPLITS)}")
    parser.add_argument("--cohorts", default="films,sample", help="default: films,sample (films with FOLDER)")
    parser.add_argument(
        "--repeats",
        choices=[*WAYS, "both"],
        default="allowed",
        help="on the sample cohort (default: allowed)",
    )
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers"), help="folder of their environment")
    parser.add_argument(
        "--out", type=Path, default=Path("figures-recommenders"), help="folder for what is kept"
    )
    parser.add_argument("--again", default="", help="names of models that are measured anew")
    parser.add_argument("--tune", action="store_true", help="search the peers' settings anew")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    parser.add_argument("--threads", type=int, default=1, help="threads of a model (default: 1)")
    return parser.parse_args(given)


def run(chosen: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(chosen.threads)
    if chosen.seeds < 1:
        raise InputError(f"--seeds is {chosen.seeds}; at least 1 is needed.")
    splits = _named(chosen.splits, SPLITS, "--splits")
    python = functools.cache(lambda: environment.prepare(chosen.peers))
    figures = {}
    file = chosen.out / "figures.json"
    for cohort in _cohorts(chosen):
        candidates = {one.name: one for one in models.candidates(cohort, python, chosen.threads)}
        wanted = _named(chosen.only, candidates, "--only") if chosen.only else list(candidates)
        again = _named(chosen.again, candidates, "--again") if chosen.again else []
        for split in splits:
            for way in cohort.repeats:
                taking = [candidates[name] for name in wanted if way in candidates[name].ways]
                title = f"{cohort.title}; {SPLITS[split]}; repeats {way}"
                figures[title] = table(chosen, cohort, split, way, taking, title, again=again)
                chosen.out.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"\nAll figures by seed: {file}")


def table(
    chosen: argparse.Namespace,
    cohort: Cohort,
    split: str,
    way: str,
    candidates: Sequence[Candidate],
    title: str,
    *,
    again: Collection[str],
) -> dict[str, Any]:
    """Measure what is missing, print one table, and give its figures; those named ``again`` are measured anew."""
    seeds = range(1, chosen.seeds + 1)
    tuned = chosen.out / "tuned.json"
    measured, settings, failed = {}, {}, []
    for one in candidates:
        try:
            if chosen.tune and (len(one.grid) > 1 or one.epochs):
                tuning.keep(
                    tuned, one, cohort, split, way, tuning.tune(one, cohort, split, way, chosen.out, say)
                )
            choice = tuning.chosen(tuning.read(tuning.CHOSEN, tuned), one, cohort, split, way)
            kept = [
                measure(one, cohort, split, way, seed, choice, chosen.out, again=one.name in again)
                for seed in seeds
            ]
        except (JobFailed, SetupError, tuning.NotTuned) as error:
            # A peer that cannot be had leaves a gap in the table, which is told under it.
            failed.append(f"{one.title} was NOT measured: {error}")
            say(failed[-1])
            continue
        measured[one.name] = report.Measured(one.title, one.ours, kept)
        settings[one.name] = choice
    title = f"{title}; {chosen.seeds} seed{'s' * (chosen.seeds > 1)}"
    if measured:
        show(title, measured, chosen.ours or next(iter(measured)), way, markdown=chosen.markdown)
    else:
        print(f"\n{title}: nobody was measured")
    for line in failed:
        print(line)
    _tell_settings(
        {measured[name].title: choice for name, choice in settings.items() if choice["validation"]}
    )
    return {"settings": settings, "models": report.figures(measured, way, list(seeds)), "failed": failed}


def measure(
    candidate: Candidate,
    cohort: Cohort,
    split: str,
    way: str,
    seed: int,
    choice: tuning.Choice,
    folder: Path,
    *,
    again: bool,
) -> Kept:
    """The ranks of a model on a split with a seed, from disk where they are there already."""
    outer = cohorts.split(cohort, split, seed)
    task = Task(cohort, outer.train, cohorts.places(outer.test), seed, exclude_seen=way == "excluded")
    wanted = keeping.origin(task, choice["parameters"], choice["epochs"])
    file = keeping.file_of(folder, task, split, candidate.name, reads_repeats=candidate.reads_repeats)
    kept = None if again else keeping.read(file, wanted)
    if kept is None:
        began = time.monotonic()
        (scores,) = candidate.scores(task, choice["parameters"], choice["epochs"])
        ways = (way,) if candidate.reads_repeats else WAYS
        found = {one: ranks_of(scores, task, candidate.title, exclude_seen=one == "excluded") for one in ways}
        seconds = round(time.monotonic() - began, 1)
        told = wanted | {"code": code_version(), "seconds": seconds, "threads": os.environ["OMP_NUM_THREADS"]}
        kept = Kept(found, cohort.laid.clients[task.places], told)
        keeping.write(file, kept)
        said = " / ".join(f"{value:.1f}" for value in percent(found[way]))
        say(f"{cohort.key}, {SPLITS[split]}, seed {seed}: {candidate.title} {said} in {seconds:.0f} s")
    return kept


def show(title: str, measured: dict[str, report.Measured], ours: str, way: str, *, markdown: bool) -> None:
    if ours not in measured:
        raise InputError(f"--ours is {ours!r}; one of {', '.join(measured)} is expected.")
    windows = sorted({len(one.clients) for model in measured.values() for one in model.kept})
    print(f"\n{title}; {windows[0]:,} to {windows[-1]:,} tested windows a seed\n")
    for line in report.table(measured, ours, way, markdown=markdown):
        print(line)
    print()
    for line in report.verdict(measured, ours, way):
        print(line)
    codes = sorted(
        {one.origin["code"] for model in measured.values() for one in model.kept} - {code_version()}
    )
    if codes:
        print(
            f"Kept from runs of other versions of the code: {', '.join(codes)} (--again MODEL measures anew)."
        )


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:>6.0f} s] {text}", flush=True)


def _cohorts(chosen: argparse.Namespace) -> list[Cohort]:
    wanted = _named(chosen.cohorts, ("films", "sample"), "--cohorts")
    found = []
    if "films" in wanted and chosen.folder is not None:
        found.append(cohorts.films(chosen.folder))
    if "sample" in wanted:
        found.append(cohorts.sample(WAYS if chosen.repeats == "both" else (chosen.repeats,)))
    if not found:
        raise InputError(
            "Nothing to measure: name the folder of MovieLens 100K, or leave --cohorts as it is."
        )
    return found


def _named(text: str, known: Collection[str], option: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise InputError(f"{option} holds {name!r}; there are {', '.join(known)}.")
    if not names:
        raise InputError(f"{option} is empty; there are {', '.join(known)}.")
    return names


def _tell_settings(settings: dict[str, tuning.Choice]) -> None:
    print(
        f"Settings of peers were chosen with seed {cohorts.TUNED_WITH} on a validation part of what may be trained on "
        "(best mean of top-1, top-5, top-10), and are the same for every seed:"
    )
    for title, choice in settings.items():
        told = [f"{name} {value}" for name, value in choice["parameters"].items()]
        told += [f"epochs {epochs}" for epochs in choice["epochs"]]
        if told:
            print(f"  {title}: {', '.join(told)}")


if __name__ == "__main__":
    main()
