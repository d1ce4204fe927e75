from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender import Recommender, dependence, evaluation
from core.recommender import Settings as NetworkSettings
from core.services import movielens
from core.services.features import CohortArrays, Encoder, cohort_arrays
from core.services.movielens import MovieLens
from core.services.studies import running
from core.services.studies.cohorts import MOVIELENS, Data
from core.services.studies.performing import Performer
from core.services.studies.protocols import KS
from core.services.studies.registry import STUDIES
from core.services.studies.study import Context, Result
from core.services.studies.window import STUDY
from core.services.studies.window.result import combine
from core.services.studies.window.settings import Settings
from core.store import Store, people
from tests.cohorts import small_cohort

COHORT = "Test cohort"
QUICK: dict[str, Any] = {
    "cohort": COHORT,
    "max_lag": 6,
    "permutations": 40,
    "max_window": 3,
    "seeds": 2,
    "epochs": 1,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_cohort(tmp_path_factory.mktemp("data"), train=False, clients=10, days=14, n_exercises=8)


def study(store: Store, **values: Any) -> Result:
    run_id = running.start(store, STUDIES, "window", {**QUICK, **values}, seed=7, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


def of(store: Store, histories: list[list[int]], **values: Any) -> Result:
    """The study on histories made for it, without a run."""
    n = 1 + max(max(history) for history in histories)
    arrays = CohortArrays(
        tuple(range(len(histories))),
        tuple(range(n)),
        histories,
        np.arange(float(len(histories)))[:, None],
        np.eye(n),
        Encoder(),
    )
    settings = Settings(**{**QUICK, "seeds": 1, **values})
    data = Data(arrays, "Made", "made up", "", True)
    count = len(STUDY.pieces(settings, 1))
    return combine(
        settings,
        [STUDY.run_piece(settings, 1, i, Context(store, data), lambda _: None) for i in range(count)],
    )


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return study(store)


def test_it_says_what_it_stands_on_and_what_each_reading_gives(result: Result) -> None:
    assert result.synthetic
    assert result.headline[0].startswith("Test cohort (generated): 10 clients, 8 exercises")
    assert "The rule" in result.headline[1]
    readings, accuracy, by_lag, by_seed = result.tables
    assert [str(row[0]) for row in readings.rows][-1] == "The paper's window"
    assert readings.rows[-1][2] == 3
    assert [row[0] for row in accuracy.rows] == [1, 2, 3]
    assert [row[0] for row in by_lag.rows] == list(range(1, 7))
    assert len(by_seed.rows) == 3 * 2
    assert "There is no asking" in accuracy.note
    assert len(result.charts) == 3 + len(KS)
    assert {chart.kind for chart in result.charts} == {"lines"}
    # A page can show no table whose columns share a name.
    assert all(len(set(one.columns)) == len(one.columns) for one in result.tables)


def test_the_lags_are_those_of_the_algorithm(store: Store, result: Result) -> None:
    arrays = cohort_arrays(store, people.cohort(store.db, COHORT)["id"])
    found = dependence.dependence(
        arrays.histories, 6, np.random.default_rng(7), permutations=40, n_exercises=8
    )
    rows = np.array(result.tables[2].rows, dtype=float)
    np.testing.assert_array_equal(rows[:, 1], found.same.found)
    np.testing.assert_array_equal(rows[:, 4], found.same.high)
    np.testing.assert_array_equal(rows[:, 5], found.partial.found)
    np.testing.assert_array_equal(rows[:, 9], found.information.found)
    assert result.tables[0].rows[0][2] == dependence.highest(found.same)


def test_accuracy_is_that_of_the_network_with_that_window(store: Store, result: Result) -> None:
    arrays = cohort_arrays(store, people.cohort(store.db, COHORT)["id"])
    split = evaluation.clients_held_out(arrays.histories, np.random.default_rng(8))
    settings = NetworkSettings(window=2, epochs=1, calibration_share=0.0)
    model = Recommender(settings, seed=8).fit(
        arrays.histories, arrays.profiles, arrays.exercises, targets=split.train
    )
    expected = evaluation.evaluate(model, arrays.histories, arrays.profiles, split)
    row = next(row for row in result.tables[3].rows if row[:2] == (2, 8))
    assert row[2:] == (*(100 * expected.top[k] for k in KS), expected.windows)


def test_three_in_turn_give_the_papers_window(store: Store) -> None:
    rng = np.random.default_rng(0)
    histories = [((np.arange(24) + rng.integers(3)) % 3 + 3 * rng.integers(2)).tolist() for _ in range(12)]
    found = of(store, histories)
    assert "gives 3, as the paper chose" in found.headline[1]
    assert "highest at lag 3" in found.charts[0].alt
    assert "Above the band: lag 3, 6." in found.charts[0].alt


def test_exercises_without_order_give_none(store: Store) -> None:
    histories = np.random.default_rng(3).integers(0, 5, (12, 30)).tolist()
    found = of(store, histories, permutations=100)
    assert "gives no window: at none of 6 lags" in found.headline[1]
    assert [row[2] for row in found.tables[0].rows] == [None] * 4 + [3]
    assert "Above the band: no lag." in found.charts[0].alt


def test_where_nobody_does_an_exercise_twice_it_says_why_there_is_none(store: Store) -> None:
    histories = [((np.arange(8) + client) % 10).tolist() for client in range(10)]
    found = of(store, histories, max_lag=8)
    assert "nobody here does an exercise twice" in found.headline[1]
    by_name = {row[0]: row[2] for row in found.tables[0].rows}
    assert by_name["Highest autocorrelation (the rule)"] is None
    assert by_name["Farthest lag that says anything"] is not None
    assert found.tables[2].rows[7][1] is None, "lag 8 is reached by nobody"


def test_histories_of_one_exercise_have_no_lags_and_no_failure(store: Store) -> None:
    found = of(store, [[0], [1], [0], [1]], max_lag=2, max_window=1)
    assert all("which cannot be told" in chart.alt for chart in found.charts[:3])


def test_a_window_that_was_not_tried_has_no_accuracy(store: Store) -> None:
    rng = np.random.default_rng(0)
    histories = [((np.arange(24) + rng.integers(4)) % 4).tolist() for _ in range(10)]
    found = of(store, histories)
    assert found.tables[0].rows[0][2:4] == (4, None)
    assert any("was not trained; the longest is 3" in sentence for sentence in found.headline)


def test_films_have_the_size_that_was_chosen(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    histories = [rng.permutation(9)[:7].tolist() for _ in range(12)]
    films = MovieLens(
        users=tuple(range(12)),
        profiles=[{"age": 20 + i, "gender": "MF"[i % 2]} for i in range(12)],
        histories=histories,
        times=histories,
        films=tuple(range(9)),
        names=tuple(map(str, range(9))),
        exercises=[{"year": 1990 + i, "genres": ["a", "b"][: 1 + i % 2]} for i in range(9)],
    )
    monkeypatch.setattr(movielens, "read", lambda *_, **__: films)
    found = study(store, cohort=MOVIELENS, folder=str(tmp_path), max_window=1, repeats="excluded")
    assert "size for exercises" in found.tables[1].note
    assert "repeats excluded" in found.tables[1].note
    assert "nobody here does an exercise twice" in found.headline[1]


def test_the_same_seed_gives_the_same_figures(store: Store, result: Result) -> None:
    assert study(store) == result


def test_movielens_needs_a_folder(store: Store) -> None:
    with pytest.raises(InputError, match="MovieLens folder is empty"):
        running.start(store, STUDIES, "window", {"cohort": MOVIELENS}, seed=1, by="Ada")


def test_a_piece_ends_when_the_run_is_cancelled(store: Store) -> None:
    settings = Settings(**QUICK)
    data = Data(cohort_arrays(store, people.cohort(store.db, COHORT)["id"]), COHORT, "", "", True)

    class Cancelled(Exception):
        pass

    def cancel(_fraction: float) -> None:
        raise Cancelled

    for index in range(len(STUDY.pieces(settings, 7))):
        with pytest.raises(Cancelled):
            STUDY.run_piece(settings, 7, index, Context(store, data), cancel)
