from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender import Recommender, evaluation
from core.recommender import Settings as NetworkSettings
from core.services import movielens
from core.services.movielens import MovieLens
from core.services.studies import cohorts, running
from core.services.studies.cohorts import MOVIELENS
from core.services.studies.performing import Performer
from core.services.studies.protocols import KS, SPLITS
from core.services.studies.registry import STUDIES
from core.services.studies.study import Result
from core.services.studies.tables.paper import TABLE_III
from core.services.studies.tables.peers import SIZES, TRAININGS
from core.services.studies.tables.table3 import STUDY
from core.services.studies.tables.table3.settings import Settings
from core.store import Store

CLIENTS, FILMS, LENGTH = 14, 9, 7
QUICK: dict[str, Any] = {"seeds": 2, "epochs": 1, "peer_epochs": 2, "sizes": ("exercises",)}


def films(_folder: Path, top: int) -> MovieLens:
    assert top == 100
    rng = np.random.default_rng(0)
    histories = [rng.permutation(FILMS)[:LENGTH].tolist() for _ in range(CLIENTS)]
    return MovieLens(
        users=tuple(range(CLIENTS)),
        profiles=[{"age": 20 + i, "gender": "MF"[i % 2]} for i in range(CLIENTS)],
        histories=histories,
        times=histories,
        films=tuple(range(FILMS)),
        names=tuple(map(str, range(FILMS))),
        exercises=[{"year": 1990 + i, "genres": ["a", "b"][: 1 + i % 2]} for i in range(FILMS)],
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("data"))


def study(store: Store, **values: Any) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(movielens, "read", films)
        run_id = running.start(store, STUDIES, "table3", {"folder": ".", **QUICK, **values}, seed=7, by="Ada")
        performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
        while claim := performer.claim():
            performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return study(store, sizes=tuple(SIZES))


def test_every_row_split_and_way_of_counting_is_there(result: Result) -> None:
    assert all(len(set(one.columns)) == len(one.columns) for one in result.tables)
    table = result.tables[0]
    combinations = {(row[0], row[1]) for row in table.rows}
    assert combinations == {
        (repeats, split) for repeats in ("allowed", "excluded") for split in SPLITS.values()
    }
    for repeats, split in combinations:
        own = [row for row in table.rows if (row[0], row[1]) == (repeats, split)]
        assert [row[2] for row in own] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, None]
        assert [row[4] for row in own] == [*list(TRAININGS.values()) * 4, *SIZES.values(), ""]
        for row in own:
            assert 0 <= float(str(row[5])) <= float(str(row[7])) <= float(str(row[9])) <= 100
    assert not result.synthetic
    assert len(result.charts) == 2 * len(SPLITS)
    assert ["The paper" in {s.name for s in chart.series} for chart in result.charts] == [
        False,
        False,
        True,
    ] * 2
    assert f"{CLIENTS * LENGTH} ratings" in result.headline[0]
    assert f"{CLIENTS * (LENGTH - 3)} of them have 3 films before them" in result.headline[0]
    assert "in the order of the file" in result.headline[0]
    assert len(result.headline) == 1 + 2 * len(SPLITS)


def test_the_papers_figures_stand_beside_its_own_split_alone(result: Result) -> None:
    table = result.tables[0]
    at = table.columns.index("Paper top-1 %")
    papers = {row.row: row.top for row in TABLE_III}
    for row in table.rows:
        beside = papers.get(row[2]) if "random" in str(row[1]) else None  # type: ignore[arg-type]
        assert row[at : at + 3] == (beside or (None, None, None))
        assert bool(row[at + 3]) == bool(beside)
    assert "leaks" in table.note
    assert "no asking in this table" in table.note


def test_seen_films_left_out_never_rank_a_film_lower(result: Result) -> None:
    """Nobody rates a film twice, so that leaving out what was seen takes only wrong ones away."""
    by_repeats: dict[Any, dict[Any, Any]] = {"allowed": {}, "excluded": {}}
    for row in result.tables[3].rows:
        by_repeats[row[1]][(row[0], *row[2:6])] = np.array(row[6:])
    assert by_repeats["allowed"].keys() == by_repeats["excluded"].keys()
    for key, allowed in by_repeats["allowed"].items():
        assert (by_repeats["excluded"][key] >= allowed - 1e-9).all()


def test_figures_are_those_of_the_evaluation(
    store: Store, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movielens, "read", films)
    arrays = cohorts.load(store, MOVIELENS, ".").value.arrays
    split = evaluation.clients_held_out(arrays.histories, np.random.default_rng(8))
    settings = NetworkSettings(epochs=1, learning_rate=0.01, batch_size=256, calibration_share=0.0)
    model = Recommender(settings, seed=8).fit(
        arrays.histories, arrays.profiles, arrays.exercises, targets=split.train
    )
    for samples, least in (("every rating", 0), ("whole windows", 3)):
        expected = evaluation.evaluate(
            model, arrays.histories, arrays.profiles, split, exclude_seen=True, min_inputs=least
        )
        row = next(
            row
            for row in result.tables[3].rows
            if row[:6]
            == (samples, "excluded", SPLITS["clients"], "Network of the paper", SIZES["exercises"], 8)
        )
        assert row[6:] == tuple(100 * expected.top[k] for k in KS)


def test_differences_are_the_networks_lead(result: Result) -> None:
    accuracy = {(row[0], row[1], row[3], row[4]): row[5] for row in result.tables[0].rows}
    table = result.tables[2]
    assert "size for films" in table.title
    for row in table.rows:
        if row[4] == 1:
            network = accuracy[row[0], row[1], "Network of the paper", SIZES["films"]]
            assert row[5] == pytest.approx(network - accuracy[row[0], row[1], row[2], row[3]])  # type: ignore[operator, index]


def test_the_same_seed_gives_the_same_figures(store: Store) -> None:
    few = {"seeds": 1, "splits": ("last",), "trainings": ("softmax",), "repeats": "excluded"}
    first = study(store, **few)
    assert first == study(store, **few)
    assert {row[0] for row in first.tables[0].rows} == {"excluded"}
    assert first.tables[0].rows[0][6] is None, "one seed has no interval"


def test_movielens_needs_a_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MovieLens folder is empty; name the folder"):
        running.start(store, STUDIES, "table3", {}, seed=1, by="Ada")
    run_id = running.start(store, STUDIES, "table3", {"folder": str(tmp_path)}, seed=1, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    claim = performer.claim()
    assert claim is not None
    performer.perform(claim, lambda _: None)
    assert "u.data cannot be read" in running.run(store, STUDIES, run_id).message


def test_the_longest_pieces_come_first() -> None:
    pieces = STUDY.pieces(Settings(folder="."), 1)
    assert len(pieces) == (4 * 2 + 2 + 1) * 3 * 5
    assert [piece.weight for piece in pieces] == sorted((p.weight for p in pieces), reverse=True)
