from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender.settings import FullHistorySettings
from core.recommender.windows import check_histories
from core.services import movielens
from core.services.features import cohort_arrays
from core.services.movielens import MovieLens
from core.services.studies import running
from core.services.studies.cohorts import MOVIELENS, Data
from core.services.studies.labels import STUDY, client, words
from core.services.studies.labels.efficiency import labels_to_reach, ratio, rising
from core.services.studies.labels.gathered import Curves
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.setup import setup_of, states_at
from core.services.studies.labels.words import NAMES, RANDOM, VALUE
from core.services.studies.performing import Performer
from core.services.studies.registry import STUDIES
from core.services.studies.statistics import Interval
from core.services.studies.study import Context, Result
from core.store import Store, people
from tests.cohorts import small_cohort

COHORT = "Test cohort"
QUICK: dict[str, Any] = {"cohort": COHORT, "seeds": 2, "batch": 8, "rounds": 3, "start": 2}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_cohort(tmp_path_factory.mktemp("data"), train=False, clients=12, days=14, n_exercises=8)


@pytest.fixture(scope="module")
def data(store: Store) -> Data:
    return Data(cohort_arrays(store, people.cohort(store.db, COHORT)["id"]), COHORT, "generated", "", True)


def study(store: Store, **values: Any) -> Result:
    run_id = running.start(store, STUDIES, "labels", {**QUICK, **values}, seed=7, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return study(store)


def test_every_way_of_asking_has_its_curve(result: Result) -> None:
    assert result.synthetic
    accuracy = next(table for table in result.tables if table.title == "Accuracy by labels")
    for name in NAMES.values():
        assert [row[1] for row in accuracy.rows if row[0] == name] == [0, 8, 16, 24]
        assert any(name == series.name for chart in result.charts for series in chart.series)
    curves = [chart for chart in result.charts if chart.title.startswith("Top-1 by labels")]
    assert all(chart.series[0].name == NAMES[RANDOM] and chart.series[0].low for chart in curves)


def test_all_begin_with_the_same_model_and_are_tested_on_the_same_steps(result: Result) -> None:
    by_seed = next(table for table in result.tables if table.title == "By seed")
    for seed in (7, 8):
        assert len({row[3:] for row in by_seed.rows if row[1:3] == (seed, 0)}) == 1
    assert len(by_seed.rows) == len(NAMES) * 2 * 4


def test_it_says_what_it_stands_on_and_gives_a_verdict(result: Result) -> None:
    assert result.headline[0].startswith("Test cohort (generated): 2 splits of the clients")
    assert "asking by the value of an answer" in result.headline[1]
    assert any("The stopping rule" in sentence for sentence in result.headline)
    rates = next(table for table in result.tables if table.title == "Asked rate of the rules")
    assert {row[0] for row in rates.rows} == {NAMES["conformal"], NAMES["dirichlet"]}
    assert {row[2] for row in rates.rows} == {20.0}
    clients = next(table for table in result.tables if table.title == "Client by client")
    assert {row[0] for row in clients.rows} == {name for key, name in NAMES.items() if key != "diverse"}


@pytest.mark.parametrize("what", [VALUE, "diverse", "conformal", "client"])
def test_the_same_seed_gives_the_same_figures(store: Store, data: Data, what: str) -> None:
    settings = Settings(
        **{**QUICK, "strategies": (RANDOM, what) if what in NAMES else (RANDOM,), "rounds": 2}
    )
    index = next(
        i
        for i, piece in enumerate(STUDY.pieces(settings, 7))
        if piece.title.startswith(NAMES.get(what, "Client"))
    )
    first, again = (
        STUDY.run_piece(settings, 7, index, Context(store, data), lambda _: None) for _ in range(2)
    )
    other = STUDY.run_piece(settings, 8, index, Context(store, data), lambda _: None)
    assert first == again
    assert {**first, "seed": 8} != other


def test_only_the_ways_that_were_chosen_are_compared(store: Store) -> None:
    found = study(store, strategies=[RANDOM, "entropy"], rounds=2)
    assert not any("value of an answer" in sentence for sentence in found.headline)
    assert not any(table.title == "Asked rate of the rules" for table in found.tables)


def test_random_asking_cannot_be_left_out(store: Store) -> None:
    with pytest.raises(InputError, match="must hold “random”"):
        running.start(store, STUDIES, "labels", {**QUICK, "strategies": [VALUE]}, seed=7, by="Ada")


def test_clients_are_in_one_part_each(data: Data) -> None:
    setup = setup_of(Settings(**QUICK), data, 7)
    parts = [set(part.clients.tolist()) for part in (setup.start, setup.pool, setup.calibration, setup.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 11
    assert len(parts[0]) == 2


def test_too_few_clients_are_refused(data: Data) -> None:
    with pytest.raises(InputError, match="leave nobody to ask about"):
        setup_of(Settings(**{**QUICK, "start": 9}), data, 7)


def test_a_pool_smaller_than_a_batch_is_refused(data: Data) -> None:
    size = len(setup_of(Settings(**QUICK), data, 7).pool)
    setup_of(Settings(**{**QUICK, "batch": size}), data, 7)
    with pytest.raises(InputError, match=f"{size} steps to ask about, fewer than the {size + 1} of a batch"):
        setup_of(Settings(**{**QUICK, "batch": size + 1}), data, 7)


def test_at_equal_coverage_the_same_score_says_which_steps_are_left(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = setup_of(Settings(**QUICK), data, 7)
    # A model that nothing teaches: what is left after asking at random is then the same with and without learning.
    monkeypatch.setattr(client, "FullHistorySettings", lambda: FullHistorySettings(answer_rate=1e-12))
    found = client.run(Settings(**{**QUICK, "strategies": (RANDOM,)}), setup, 7, lambda _: None)
    assert any(row["labels"] for row in found)
    assert [row["unasked"] for row in found] == pytest.approx([row["same coverage"] for row in found])


def test_the_state_of_a_step_knows_nothing_of_what_is_done_in_it_or_later() -> None:
    one, other = [[0, 1, 2, 3, 1]], [[0, 1, 2, 0, 0]]
    states = [states_at(check_histories(of), 4, np.arange(5)) for of in (one, other)]
    np.testing.assert_array_equal(states[0][:4], states[1][:4])
    assert (states[0][4] != states[1][4]).any()


def test_a_pool_that_is_used_up_ends_the_curve(store: Store) -> None:
    found = study(store, strategies=[RANDOM], batch=40, rounds=5)
    accuracy = next(table for table in found.tables if table.title == "Accuracy by labels")
    labels = [row[1] for row in accuracy.rows]
    assert labels[0] == 0
    assert labels[1] == 40
    assert len(labels) < 6


def test_films_are_not_recommended_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    histories = [rng.permutation(20)[:16].tolist() for _ in range(16)]
    films = MovieLens(
        users=tuple(range(16)),
        profiles=[{"age": 20 + i, "gender": "MF"[i % 2]} for i in range(16)],
        histories=histories,
        times=histories,
        films=tuple(range(20)),
        names=tuple(map(str, range(20))),
        exercises=[{"year": 1990 + i, "genres": ["a", "b"][: 1 + i % 2]} for i in range(20)],
    )
    monkeypatch.setattr(movielens, "read", lambda *_, **__: films)
    found = study(
        store, cohort=MOVIELENS, folder=str(tmp_path), strategies=[RANDOM, VALUE], rounds=2, most_windows=60
    )
    clients = next(table for table in found.tables if table.title == "Client by client")
    assert "is not left out" in clients.note


def test_a_piece_ends_when_the_run_is_cancelled(store: Store, data: Data) -> None:
    settings = Settings(**QUICK)

    class Cancelled(Exception):
        pass

    def cancel(fraction: float) -> None:
        if fraction > 0:
            raise Cancelled

    for index in (0, 2, 6):
        with pytest.raises(Cancelled):
            STUDY.run_piece(settings, 7, index, Context(store, data), cancel)


def test_labels_are_read_off_a_curve_that_never_falls() -> None:
    labels = np.array([0.0, 10, 20, 30])
    np.testing.assert_allclose(rising(np.array([1.0, 4, 2, 5])), [1, 3, 3, 5])
    assert labels_to_reach(labels, np.array([1.0, 3, 3, 5]), 2) == 5
    assert labels_to_reach(labels, np.array([1.0, 3, 3, 5]), 3) == 10
    assert labels_to_reach(labels, np.array([1.0, 3, 3, 5]), 4) == 25
    assert labels_to_reach(labels, np.array([1.0, 3, 3, 5]), 0.5) == 0
    assert labels_to_reach(labels, np.array([1.0, 3, 3, 5]), 5.1) is None


def test_a_curve_twice_as_fast_needs_half_the_labels() -> None:
    labels = np.arange(0.0, 101, 10)
    shift = np.array([[0.0], [1.0], [-1.0]])
    random, fast = 20 + labels / 4 + shift, 20 + labels / 2 + shift
    share = ratio(labels, fast, random, 10)
    assert share is not None
    assert share.mean == pytest.approx(0.5)
    assert share.low == pytest.approx(0.5)
    assert ratio(labels, random, random, 10) == Interval(1.0, 1.0, 1.0)
    slow = 20 + labels / 8 + shift
    assert ratio(labels, slow, random, 10) is None
    single = ratio(labels, fast[:1], random[:1], 10)
    assert single is not None
    assert single.low is None


def test_the_interval_is_wider_where_seeds_differ() -> None:
    labels = np.arange(0.0, 101, 10)
    rng = np.random.default_rng(0)
    speeds = 0.5 + 0.1 * rng.standard_normal(6)
    random = np.tile(20 + labels / 4, (6, 1))
    share = ratio(labels, 20 + labels * speeds[:, None], random, 10)
    assert share is not None
    assert share.low is not None
    assert share.high is not None
    # To first order the ratio is a quarter over the mean speed, with the mean's own error.
    expected = 0.25 / speeds.mean() * speeds.std(ddof=1) / speeds.mean() / np.sqrt(6) * 2.57
    assert (share.high - share.low) / 2 == pytest.approx(expected, rel=0.1)


def curve(top1: np.ndarray) -> Curves:
    return Curves(np.arange(0.0, 101, 10), top1, top1, np.zeros((len(top1), 10)), np.empty((len(top1), 0)))


@pytest.mark.parametrize(
    ("speed", "said"),
    [(0.6, "That is at most half."), (0.4, "more than half, by 0.12."), (0.1, "does not reach that")],
)
def test_the_verdict_is_what_the_curves_say(speed: float, said: str) -> None:
    labels, shift = np.arange(0.0, 101, 10), np.array([[0.0], [0.5], [-0.5]])
    found = {RANDOM: curve(20 + labels / 4 + shift), VALUE: curve(20 + labels * speed + shift)}
    sentence = words.findings(Settings(**QUICK), found, [])[0]
    assert said in sentence


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (Interval(0.4, 0.3, 0.5), "yes"),
        (Interval(0.4, 0.3, 0.6), "likely"),
        (Interval(0.6, 0.4, 0.8), "unlikely"),
        (Interval(0.6, 0.55, 0.8), "no"),
        (Interval(0.4, None, None), "likely"),
        (None, "no"),
    ],
)
def test_half_is_told_with_the_interval_in_view(share: Interval | None, said: str) -> None:
    assert words.within_half(share) == said
