"""Settings of the peers: tried on a validation part of what may be trained on, with one seed, and fixed from then on.

What was chosen stands in tuned.json beside this module, with the accuracy on the validation part, so that a run does
not have to search again; ``--tune`` does.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.recommenders import cohorts, keeping
from benchmarks.recommenders.cohorts import Cohort
from benchmarks.recommenders.measuring import Task, percent, ranks_of
from benchmarks.recommenders.models import Candidate
from core.errors import InputError

CHOSEN = Path(__file__).with_name("tuned.json")

Choice = dict[str, Any]
"""``parameters``, ``epochs`` (a list of one, or empty), ``validation`` (top-1/5/10 in %)."""
Choices = dict[str, dict[str, dict[str, Choice]]]
"""By cohort, split and model; "model/allowed" where a model learns differently by the way of ranking."""


class NotTuned(InputError):
    """No settings were chosen for a model."""


def read(*files: Path) -> Choices:
    """What was chosen; of several files a later one goes before an earlier one, and one that is not there is empty."""
    found: Choices = {}
    for file in files:
        if file.exists():
            for cohort, splits in json.loads(file.read_text(encoding="utf-8")).items():
                for split, choices in splits.items():
                    found.setdefault(cohort, {}).setdefault(split, {}).update(choices)
    return found


def key(candidate: Candidate, repeats: str) -> str:
    """A candidate's name among the choices."""
    return f"{candidate.name}/{repeats}" if candidate.reads_repeats else candidate.name


def chosen(choices: Choices, candidate: Candidate, cohort: Cohort, split: str, repeats: str) -> Choice:
    """The settings of a candidate; NotTuned if there is something to choose and it was not."""
    if len(candidate.grid) == 1 and not candidate.epochs:
        return {"parameters": dict(candidate.grid[0]), "epochs": [], "validation": None}
    try:
        return choices[cohort.key][split][key(candidate, repeats)]
    except KeyError:
        raise NotTuned(
            f"No settings were chosen for {candidate.title} on {cohort.title}, {cohorts.SPLITS[split]}: "
            "run with --tune."
        ) from None


def tune(
    candidate: Candidate,
    cohort: Cohort,
    split: str,
    repeats: str,
    folder: Path,
    say: Callable[[str], None],
) -> Choice:
    """Try every setting of the grid; the best mean of top-1, top-5 and top-10 wins, of equal ones the first.

    Each setting that was tried is kept in ``folder``, so that a search that was stopped goes on.
    """
    inner = cohorts.validation(cohort, split)
    task = Task(
        cohort,
        inner.train,
        cohorts.places(inner.test),
        cohorts.TUNED_WITH,
        exclude_seen=repeats == "excluded",
    )
    best: Choice | None = None
    for number, parameters in enumerate(candidate.grid, start=1):
        file = (
            folder
            / "tuning"
            / cohort.key
            / split
            / f"{key(candidate, repeats).replace('/', '-')}-{number}.json"
        )
        wanted = keeping.origin(task, parameters, candidate.epochs)
        figures = _kept(file, wanted)
        if figures is None:
            figures = [
                percent(ranks_of(scores, task, candidate.title))
                for scores in candidate.scores(task, parameters, candidate.epochs)
            ]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"origin": wanted, "figures": figures}), encoding="utf-8")
        for at, figure in enumerate(figures):
            epochs: Sequence[int] = [candidate.epochs[at]] if candidate.epochs else []
            if best is None or sum(figure) > sum(best["validation"]):
                best = {"parameters": dict(parameters), "epochs": list(epochs), "validation": figure}
        assert best is not None
        if candidate.epochs or number == len(candidate.grid):
            say(
                f"tuning {candidate.title}, {cohorts.SPLITS[split]}: {number} of {len(candidate.grid)} settings; best "
                + " / ".join(f"{value:.1f}" for value in best["validation"])
            )
    assert best is not None
    return best


def keep(file: Path, candidate: Candidate, cohort: Cohort, split: str, repeats: str, choice: Choice) -> None:
    """Enter a choice among those of a file."""
    choices = read(file)
    choices.setdefault(cohort.key, {}).setdefault(split, {})[key(candidate, repeats)] = choice
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(choices, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _kept(file: Path, wanted: dict[str, Any]) -> list[list[float]] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    figures: list[list[float]] = found["figures"]
    return figures if found["origin"] == json.loads(json.dumps(wanted)) else None
