"""Who takes part: models that run in this process, and the peers that run in an environment of their own.

To add a model, write its factory and an entry in `in_process`. What a factory makes has the verbs of `Recommender`:
``fit(histories, profiles, exercises, targets=mask)`` and ``predict_proba(histories, profiles)``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Protocol

from benchmarks.recommenders.cohorts import WAYS, Cohort
from benchmarks.recommenders.gru import GRU
from benchmarks.recommenders.measuring import Task, scores_of
from benchmarks.recommenders.peers import RecTools
from core.recommender import FullHistorySettings, Recommender, Settings
from core.recommender.baselines import ItemKNN, Markov, Model, Popularity
from core.recommender.ease import EASE
from core.recommender.windows import Floats

Parameters = Mapping[str, Any]


Factory = Callable[..., Model]
"""``factory(n_items, seed, repeats_excluded, **parameters)`` makes an unfitted model; parameters are the tuned ones."""


class Candidate(Protocol):
    """What the table has a row for.

    Attributes:
        name: in file names and on the command line.
        title: in the table.
        ours: whether Spotter offers it itself; the others are peers.
        reads_repeats: whether it learns differently where repeats are excluded.
        ways: the ways of ranking ("allowed", "excluded") it takes part in.
        grid: the settings that are tried; a single one is taken as it is.
        epochs: after how many epochs each of them is looked at; empty where there are none to choose.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def ours(self) -> bool: ...  # noqa: D102
    @property
    def reads_repeats(self) -> bool: ...  # noqa: D102
    @property
    def ways(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def grid(self) -> Sequence[Parameters]: ...  # noqa: D102
    @property
    def epochs(self) -> Sequence[int]: ...  # noqa: D102

    def scores(self, task: Task, parameters: Parameters, epochs: Sequence[int]) -> Iterator[Floats]:
        """Train, and give an (M, N) matrix after each number of epochs (one where there are none)."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """A model with Spotter's verbs; one with ``epochs`` takes ``epochs=`` and calls ``progress`` after each."""

    name: str
    title: str
    factory: Factory
    ours: bool = False
    reads_repeats: bool = False
    ways: Sequence[str] = WAYS
    grid: Sequence[Parameters] = ({},)
    epochs: Sequence[int] = ()

    def scores(self, task: Task, parameters: Parameters, epochs: Sequence[int]) -> Iterator[Floats]:
        """Train, and give an (M, N) matrix after each number of epochs (one where there are none)."""
        cohort = task.cohort.arrays
        if not epochs:
            model = self.factory(task.cohort.n_items, task.seed, task.exclude_seen, **parameters)
            model.fit(cohort.histories, cohort.profiles, cohort.exercises, targets=task.train)
            yield scores_of(model, task)
            return
        traced: Any = self.factory(
            task.cohort.n_items, task.seed, task.exclude_seen, **parameters, epochs=max(epochs)
        )
        found = []

        def look(done: int) -> None:
            if done in epochs:
                found.append(scores_of(traced, task))

        traced.fit(cohort.histories, cohort.profiles, cohort.exercises, targets=task.train, progress=look)
        yield from found


def _grid(**values: Sequence[Any]) -> tuple[Parameters, ...]:
    return tuple(dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


def _own(name: str, title: str, settings: Settings | FullHistorySettings) -> InProcess:
    """What Spotter offers; nobody is asked here, so that no client is set aside for calibrating a rule.

    Its grid is the one setting it has, so that what is kept of it says what it came from.
    """

    def make(_n_items: int, seed: int, _repeats_excluded: bool, **parameters: Any) -> Recommender:
        return Recommender(type(settings)(**parameters), seed=seed)

    return InProcess(name, title, make, ours=True, grid=(asdict(replace(settings, calibration_share=0.0)),))


def candidates(cohort: Cohort, python: Callable[[], Path], threads: int) -> list[Candidate]:
    """Everybody that takes part on a cohort, ours first."""
    films = cohort.key == "films"
    return [*in_process(films=films), *external(python, threads, films=films)]


def in_process(*, films: bool) -> list[Candidate]:
    """Models of this process, ours first."""
    sizes = Settings.movielens() if films else Settings()
    recurrent = _grid(embedding=(64,), hidden=(128,), dropout=(0.3, 0.5), batch_size=(32,) if films else (8,))
    epochs = (10, 20, 30, 40, 50, 60) if films else (40, 80, 120, 200, 300)
    return [
        _own("full-history", "full-history ensemble", FullHistorySettings()),
        _own("network", "network of the paper", sizes),
        InProcess(
            "gru",
            "GRU, full history, full softmax",
            lambda n, seed, _excluded, **parameters: GRU(n, seed, **parameters),
            grid=recurrent,
            epochs=epochs,
        ),
        InProcess(
            "gru-masked",
            "ablation: that GRU with our loss, which leaves seen items out",
            lambda n, seed, excluded, **parameters: GRU(n, seed, mask_seen=excluded, **parameters),
            ours=True,
            reads_repeats=True,
            ways=("excluded",),  # with repeats allowed it would be the other
            grid=recurrent,
            epochs=epochs,
        ),
        InProcess(
            "knn",
            "item-kNN",
            lambda _n, _seed, _excluded, **parameters: ItemKNN(**parameters),
            grid=_grid(window=(1, 2, 3, 5, 10, 20, 100), neighbours=(20, 50, None)),
        ),
        InProcess(
            "markov",
            "first-order Markov",
            lambda _n, _seed, _excluded, **parameters: Markov(**parameters),
            grid=_grid(smoothing=(0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)),
        ),
        InProcess(
            "ease",
            "EASE",
            lambda _n, _seed, _excluded, **parameters: EASE(**parameters),
            grid=_grid(regularisation=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4)),
        ),
        InProcess(
            "popularity", "popularity", lambda _n, _seed, _excluded, **parameters: Popularity(**parameters)
        ),
    ]


def external(python: Callable[[], Path], threads: int, *, films: bool) -> list[Candidate]:
    """RecTools' models; python gives their environment's, which is made when the first of them is trained."""
    common = {"lr": 0.001, "batch_size": 32 if films else 8, "session_max_len": 100 if films else 40}
    epochs = (5, 10, 15, 20, 30, 45, 60) if films else (20, 40, 80, 120, 200, 300)
    plain = {"n_factors": 64, "n_blocks": 2, "dropout_rate": 0.2, "n_heads": 2, "loss": "softmax"}
    sampled = {"loss": "sampled_softmax", "n_negatives": 128}
    calibrated = {"loss": "gBCE", "n_negatives": 50, "gbce_t": 0.75}
    wanted: dict[str, tuple[str, list[Parameters], tuple[int, ...]]] = {
        "sasrec": ("RecTools SASRec", [plain, {**plain, **calibrated}], epochs),
        "esasrec": ("RecTools eSASRec", [{**plain, **sampled}], epochs),
        "hstu": ("RecTools HSTU", [plain], epochs),
    }
    return [
        RecTools(name, title, python, threads, tuple({**common, **one} for one in grid), traced)
        for name, (title, grid, traced) in wanted.items()
    ]
