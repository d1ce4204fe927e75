"""One piece: the networks of all folds of one training and one repeat, and every row that rests on them."""

from dataclasses import dataclass
from typing import Any

from core.services.studies.study import Context, Piece, Progress
from core.services.studies.tables.table1.data import Data
from core.services.studies.tables.table1.rows import DEMOGRAPHIC, EXPERT, FULL, HALF, ROWS, RULES, TRAININGS
from core.services.studies.tables.table1.settings import Settings

# Seconds for all folds of the sample cohort, of which the time left is reckoned.
SECONDS = {DEMOGRAPHIC: 20.0, FULL: 15.0, EXPERT: 40.0, RULES: 32.0, HALF: 14.0}
TRAINED = 0.8
"""Share of a piece that is training, where rows that learn are still to come."""


@dataclass(frozen=True, slots=True)
class Task:
    """Which networks are trained, from which seed on."""

    training: str
    seed: int


def tasks(settings: Settings, seed: int) -> list[Task]:
    """All pieces, the longest first, so that no core waits for one at the end."""
    needed = {ROWS[key].training for key in settings.rows}
    return [
        Task(training, seed + repeat)
        for training in sorted(needed, key=lambda name: -SECONDS[name])
        for repeat in range(settings.repeats)
    ]


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """One piece for each training and repeat."""
    return [
        Piece(
            f"{TRAININGS[task.training].capitalize()}, rows {', '.join(_keys(settings, task.training))}, "
            f"seed {task.seed}",
            SECONDS[task.training],
        )
        for task in tasks(settings, seed)
    ]


def _keys(settings: Settings, training: str) -> list[str]:
    return [key for key, row in ROWS.items() if row.training == training and key in settings.rows]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """Train a network for each client left out, all at once, and do with it what each row says."""
    from core.recommender import folds
    from core.services.studies.tables.table1.evaluating import evaluate
    from core.services.studies.tables.table1.setup import setup_of

    task = tasks(settings, seed)[index]
    data: Data = context.data
    setup = setup_of(settings, data, task.training, task.seed)
    rows = [ROWS[key] for key in _keys(settings, task.training)]
    share = TRAINED if any(row.learns for row in rows) else 0.97
    trained = folds.fit_windows(
        setup.windows,
        setup.profiles,
        data.cohort.arrays.exercises,
        setup.network,
        seeds=setup.seeds,
        progress=lambda at: progress(share * at.epoch / at.epochs),
    )
    found = evaluate(
        settings,
        setup,
        trained.network,
        rows,
        rated=task.training == DEMOGRAPHIC,
        progress=lambda done: progress(share + (1 - share) * done),
    )
    cohort = data.cohort
    return {
        "training": task.training,
        "seed": task.seed,
        "clients": [int(client) for client in setup.clients],
        "windows": [len(own) for own in setup.tested],
        "samples": sorted({len(own) for own in setup.windows}),
        "data": {
            "name": cohort.name,
            "label": cohort.label,
            "synthetic": cohort.synthetic,
            "paper": cohort.paper,
        },
        "cohort": len(cohort.arrays.client_ids),
        "exercises": len(cohort.arrays.exercise_ids),
        **found,
    }
