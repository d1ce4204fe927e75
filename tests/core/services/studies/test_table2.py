from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender import baselines, evaluation
from core.recommender.sequence_models import SequenceModel, SequenceSettings
from core.services.features import cohort_arrays
from core.services.studies import running
from core.services.studies.cohorts import Data
from core.services.studies.performing import Performer
from core.services.studies.protocols import KS
from core.services.studies.registry import STUDIES
from core.services.studies.study import Context, Result
from core.services.studies.tables.paper import TABLE_II
from core.services.studies.tables.peers import MODELS, TRAININGS
from core.services.studies.tables.profiles import demographic
from core.services.studies.tables.table2 import STUDY
from core.services.studies.tables.table2.result import _owed
from core.services.studies.tables.table2.settings import Settings
from core.store import Store, people
from tests.cohorts import small_cohort

COHORT = "Test cohort"
QUICK: dict[str, Any] = {"cohort": COHORT, "repeats": 2, "epochs": 2, "peer_epochs": 2, "most_folds": 7}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_cohort(tmp_path_factory.mktemp("data"), train=False, clients=10, days=14, n_exercises=8)


def study(store: Store, **values: Any) -> Result:
    run_id = running.start(store, STUDIES, "table2", {**QUICK, **values}, seed=7, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return study(store)


def test_the_five_rows_stand_beside_the_papers_figures(result: Result) -> None:
    table = result.tables[0]
    at = table.columns.index("Paper top-1 %")
    for paper in TABLE_II:
        own = [row for row in table.rows if row[0] == paper.row]
        assert [row[2] for row in own] == (list(TRAININGS.values()) if paper.row < 5 else [""])
        for row in own:
            assert row[at : at + 3] == paper.top
            assert 0 <= float(str(row[3])) <= float(str(row[5])) <= float(str(row[7])) <= 100
            assert "paper" in str(row[at + 3])
    markov = table.rows[-1]
    assert markov[0] is None
    assert markov[at] is None
    assert "no asking in this table" in table.note
    assert "Spotlight" in table.note
    assert len(result.charts) == len(KS)
    assert all(len(set(one.columns)) == len(one.columns) for one in result.tables)


def test_the_headline_says_what_it_stands_on_and_what_the_lead_is_owed_to(result: Result) -> None:
    assert result.synthetic
    assert result.headline[0].startswith("Test cohort (generated): 7 of 10 clients left out in turn")
    assert f"{7 * (14 - 3)} tested windows" in result.headline[0]
    assert any("owed to" in sentence for sentence in result.headline)
    steps = {(row[1], row[2]): row[-1] for row in result.tables[0].rows}
    # 13 pieces of at most 10 exercises fit in one step; ten epochs. The network: 2 epochs of 88 windows, 16 a step.
    assert steps["GRU4REC", "as published"] == 10
    assert steps["Network of the paper", ""] == 2 * 6
    assert any(
        "by 10 updates of their weights, the network by 12" in sentence for sentence in result.headline
    )


def test_figures_are_those_of_one_model_at_a_time(store: Store, result: Result) -> None:
    arrays = cohort_arrays(store, people.cohort(store.db, COHORT)["id"])
    splits = evaluation.leave_one_out(arrays.histories)
    found = {(row[0], row[1], row[2]): row[3:] for row in result.tables[2].rows}

    def accuracy(make: Any) -> list[float]:
        hits = []
        for client in range(7):
            history = arrays.histories[client]
            model = make().fit(
                arrays.histories, arrays.profiles, arrays.exercises, targets=splits[client].train
            )
            likely = model.predict_proba([history[:t] for t in range(3, 14)], arrays.profiles[[client] * 11])
            hits.append(evaluation.ranks(likely, np.array(history[3:])))
        return [100 * float((np.concatenate(hits) < k).mean()) for k in KS]

    assert list(found["Markov, first order (not in the paper)", "", 8]) == accuracy(baselines.Markov)
    published = SequenceSettings.as_published()
    for kind, name in (("cnn", "CNN"), ("pooling", "Pooling")):
        expected = accuracy(lambda kind=kind: SequenceModel(kind, published, seed=8))
        assert found[name, "as published", 8] == pytest.approx(expected, abs=1.5)


def test_the_lead_is_paired_by_client(result: Result) -> None:
    accuracy = {(row[1], row[2]): row[3] for row in result.tables[0].rows}
    for row in result.tables[1].rows:
        if row[2] == 1:  # every client has as many windows, so that the mean of clients is that of windows
            lead = accuracy["Network of the paper", ""] - accuracy[row[0], row[1]]  # type: ignore[operator, index]
            assert row[3] == pytest.approx(lead)
            assert row[4] <= row[3] <= row[5]  # type: ignore[operator]


def test_the_same_seed_gives_the_same_figures(store: Store) -> None:
    few = {"repeats": 1, "trainings": ("softmax",), "most_folds": 2}  # fewer folds than parts
    first = study(store, **few)
    assert first == study(store, **few)
    assert first.tables[0].rows[0][4] is None, "one repeat has no interval"


def test_every_fold_is_in_one_piece_of_each_repeat(store: Store) -> None:
    settings = Settings(**{**QUICK, "trainings": ("softmax",), "most_folds": 0})
    data = Data(cohort_arrays(store, people.cohort(store.db, COHORT)["id"]), COHORT, "", "", True)
    pieces = STUDY.pieces(settings, 7)
    assert [piece.weight for piece in pieces] == sorted((p.weight for p in pieces), reverse=True)
    mixture = [i for i, piece in enumerate(pieces) if piece.title.startswith("Mixture, full softmax, seed 8")]
    assert len(mixture) > 1
    told: list[float] = []
    parts = [STUDY.run_piece(settings, 7, i, Context(store, data), told.append) for i in mixture]
    # The last client has done nothing, so that there is nothing to test.
    assert sorted(client for part in parts for client in part["clients"]) == list(range(9))
    assert 0 < max(told) <= 1


def test_a_piece_ends_when_the_run_is_cancelled(store: Store) -> None:
    settings = Settings(**QUICK)
    data = Data(cohort_arrays(store, people.cohort(store.db, COHORT)["id"]), COHORT, "", "", True)

    class Cancelled(Exception):
        pass

    def cancel(_fraction: float) -> None:
        raise Cancelled

    for index, piece in enumerate(STUDY.pieces(settings, 7)):
        if "seed 7" in piece.title:
            with pytest.raises(Cancelled):
                STUDY.run_piece(settings, 7, index, Context(store, data), cancel)


def test_what_a_lead_is_owed_to() -> None:
    assert "43.0 are owed to how the others were trained and 7.0 remain" in _owed(50.0, 7.0)
    assert "whole lead of 50.0 points" in _owed(50.0, -3.0)
    assert "3.0 points ahead" in _owed(50.0, -3.0)
    assert "no lead" in _owed(-1.0, -3.0)
    assert "0.0 are owed to how the others were trained and 5.0 remain" in _owed(5.0, 8.0)


def test_a_cohort_without_histories_is_named(store: Store) -> None:
    settings = Settings(**{**QUICK, "window": 20})
    data = Data(cohort_arrays(store, people.cohort(store.db, COHORT)["id"]), COHORT, "", "", True)
    with pytest.raises(InputError, match="more than 20 exercises"):
        STUDY.run_piece(settings, 1, 0, Context(store, data), lambda _: None)


def test_demographics_are_who_somebody_is(store: Store) -> None:
    arrays = cohort_arrays(store, people.cohort(store.db, COHORT)["id"])
    assert demographic(arrays).shape == (10, 3), "age, and a column for each sex"


def test_models_are_those_of_the_paper_and_one_beside() -> None:
    assert list(MODELS.values())[:4] == [row.method for row in TABLE_II[:4]]
