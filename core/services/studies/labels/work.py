"""The pieces: for each seed, each strategy on the pool, and all ways of asking a client at a time."""

from dataclasses import dataclass
from typing import Any

from core.services import Store
from core.services.studies import cohorts
from core.services.studies.cohorts import Data
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.words import NAMES, VALUE
from core.services.studies.study import Context, Loaded, Piece, Progress

CLIENT = "client"
# Seconds on the sample cohort, of which the time left is reckoned.
SECONDS = {VALUE: 12.0, CLIENT: 8.0}
OTHERS = 4.0


@dataclass(frozen=True, slots=True)
class _Task:
    """A strategy on the pool, or ``CLIENT``, and the seed of the split."""

    what: str
    seed: int


def load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    """Read the cohort, or MovieLens from its folder (checksum verified)."""
    return cohorts.load(store, settings.cohort, settings.folder)


def _tasks(settings: Settings, seed: int) -> list[_Task]:
    """All pieces, the longest first, so that no core waits for one at the end."""
    return [
        _Task(what, seed + repeat)
        for what in sorted((*settings.strategies, CLIENT), key=lambda name: -SECONDS.get(name, OTHERS))
        for repeat in range(settings.seeds)
    ]


def pieces(settings: Settings, seed: int) -> list[Piece]:
    """A piece for each seed and strategy, and one for each seed's clients."""
    return [
        Piece(f"{NAMES.get(task.what, 'Client by client')}, seed {task.seed}", SECONDS.get(task.what, OTHERS))
        for task in _tasks(settings, seed)
    ]


def run_piece(
    settings: Settings, seed: int, index: int, context: Context, progress: Progress
) -> dict[str, Any]:
    """The curve of one strategy, or the figures client by client."""
    from core.services.studies.labels import client, pool
    from core.services.studies.labels.setup import setup_of

    data: Data = context.data
    task = _tasks(settings, seed)[index]
    progress(0.0)
    setup = setup_of(settings, data, task.seed)
    found = (
        {"client": client.run(settings, setup, task.seed, progress)}
        if task.what == CLIENT
        else pool.run(settings, setup, task.what, task.seed, progress)
    )
    return {
        "what": task.what,
        "seed": task.seed,
        "sizes": [len(part) for part in (setup.start, setup.pool, setup.calibration, setup.test)],
        "data": {"name": data.name, "label": data.label, "synthetic": data.synthetic},
        "once": setup.test.left_out is not None,
        **found,
    }
