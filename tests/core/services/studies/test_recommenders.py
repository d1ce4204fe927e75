from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender import baselines, evaluation
from core.services import movielens
from core.services.features import cohort_arrays
from core.services.movielens import MovieLens
from core.services.studies import running
from core.services.studies.cohorts import MOVIELENS
from core.services.studies.performing import Performer
from core.services.studies.protocols import KS, SPLITS
from core.services.studies.recommenders import STUDY, Settings
from core.services.studies.recommenders.settings import MODELS
from core.services.studies.registry import STUDIES
from core.services.studies.statistics import interval
from core.services.studies.study import Result
from core.store import Store, people
from tests.cohorts import small_cohort

COHORT = "Test cohort"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_cohort(tmp_path_factory.mktemp("data"), train=False)


def study(store: Store, **values: Any) -> Result:
    values = {"cohort": COHORT, "seeds": 2, "epochs": 2, "full_history_epochs": 2, **values}
    run_id = running.start(store, STUDIES, "recommenders", values, seed=7, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


def test_every_model_split_and_seed_is_there_and_the_leak_is_named(store: Store) -> None:
    result = study(store, repeats="both")
    accuracy, difference, by_seed = result.tables
    rows = [row for row in accuracy.rows if not str(row[2]).startswith("Paper")]
    assert len(rows) == 2 * len(SPLITS) * len(MODELS)
    assert len(by_seed.rows) == 2 * 2 * len(SPLITS) * len(MODELS)
    assert len(difference.rows) == 2 * len(SPLITS) * (len(MODELS) - 1) * len(KS)
    assert {row[1] for row in rows} == set(SPLITS.values())
    assert any("leaks" in str(row[1]) for row in rows)
    assert {row[0] for row in rows} == {"allowed", "excluded"}
    for row in rows:
        assert 0 <= float(str(row[3])) <= float(str(row[5])) <= float(str(row[7])) <= 100
    assert "generated" in result.headline[0]
    assert result.synthetic
    assert len(result.charts) == 2 * len(KS)
    assert [row[3] for row in accuracy.rows if "row 1" in str(row[1])] == [63.78]


def test_a_baselines_figures_are_those_of_the_evaluation(store: Store) -> None:
    result = study(store, models=("knn",), splits=("clients",), window=2)
    arrays = cohort_arrays(store, people.cohort(store.db, COHORT)["id"])
    expected = []
    for seed in (7, 8):
        split = evaluation.clients_held_out(arrays.histories, np.random.default_rng(seed))
        model = baselines.ItemKNN(window=2).fit(
            arrays.histories, exercises=arrays.exercises, targets=split.train
        )
        found = evaluation.evaluate(model, arrays.histories, arrays.profiles, split)
        expected.append([100 * found.top[k] for k in KS])
    assert [list(row[4:7]) for row in result.tables[2].rows] == expected
    row = result.tables[0].rows[0]
    assert row[3] == pytest.approx(np.mean([e[0] for e in expected]))
    assert row[4] == pytest.approx(12.706 * np.std([e[0] for e in expected], ddof=1) / np.sqrt(2), rel=1e-4)
    assert result.tables[1].rows == (), "there is none of ours to compare with"


def test_the_same_seed_gives_the_same_figures(store: Store) -> None:
    settings = {"models": ("network",), "splits": ("clients",), "seeds": 1}
    first = study(store, **settings)
    assert first == study(store, **settings)
    assert first.tables[0].rows[0][4] is None, "one seed has no interval"


@pytest.mark.parametrize(
    ("ours", "title"), [("network", "Network of the paper"), ("full-history", "Full history")]
)
def test_differences_are_the_lead_of_ours(store: Store, ours: str, title: str) -> None:
    result = study(store, models=(ours, "markov"), splits=("clients",))
    by_model = {row[2]: row for row in result.tables[0].rows}
    lead = by_model[title][3] - by_model["Markov, first order"][3]  # type: ignore[operator]
    assert result.tables[1].title == f"{title} minus the others"
    row = result.tables[1].rows[0]
    assert (row[2], row[3]) == ("Markov, first order", 1)
    assert row[4] == pytest.approx(lead)
    assert f"for “{title}” and" in result.headline[1]


def test_films_use_their_own_sizes_and_the_papers_table(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    histories = [rng.integers(0, 12, 15).tolist() for _ in range(12)]
    films = MovieLens(
        users=tuple(range(12)),
        profiles=[{"age": 20 + i, "gender": "MF"[i % 2]} for i in range(12)],
        histories=histories,
        times=histories,
        films=tuple(range(12)),
        names=tuple(map(str, range(12))),
        exercises=[{"year": 1990 + i, "genres": ["a", "b"][: 1 + i % 2]} for i in range(12)],
    )
    asked: list[tuple[Path, int]] = []

    def read(folder: Path, top: int) -> MovieLens:
        asked.append((folder, top))
        return films

    monkeypatch.setattr(movielens, "read", read)
    result = study(store, cohort=MOVIELENS, folder=str(tmp_path), epochs=1, seeds=1, splits=("random",))
    assert asked == [(tmp_path, 100)]
    paper = next(row for row in result.tables[0].rows if row[1] == "paper, Table III")
    assert paper[7] == 46.32
    assert "ties stand in the order of the file" in result.tables[0].note
    assert not result.synthetic


def test_a_folder_without_movielens_fails_with_a_sentence(store: Store, tmp_path: Path) -> None:
    run_id = running.start(
        store, STUDIES, "recommenders", {"cohort": MOVIELENS, "folder": str(tmp_path)}, seed=1, by="Ada"
    )
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    claim = performer.claim()
    assert claim is not None
    performer.perform(claim, lambda _: None)
    assert "u.data cannot be read" in running.run(store, STUDIES, run_id).message


def test_movielens_needs_a_folder(store: Store) -> None:
    with pytest.raises(InputError, match="MovieLens folder is empty"):
        running.start(store, STUDIES, "recommenders", {"cohort": MOVIELENS}, seed=1, by="Ada")


def test_the_longest_come_first_so_that_no_core_waits_at_the_end() -> None:
    pieces = STUDY.pieces(Settings(), 1)
    assert len(pieces) == 3 * 5 * 5
    assert [piece.weight for piece in pieces] == sorted((p.weight for p in pieces), reverse=True)
    assert pieces[0].title == "Full history, clients held out, seed 1"


def test_interval_is_students() -> None:
    of = interval([1.0, 2.0, 3.0])
    assert (of.mean, of.low, of.high) == (
        2.0,
        pytest.approx(-0.4841, abs=1e-4),
        pytest.approx(4.4841, abs=1e-4),
    )
    assert interval([4.0]).half is None
