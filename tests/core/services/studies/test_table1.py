from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.recommender import (
    ClientConformalRule,
    ConformalRule,
    DirichletRule,
    EmpiricalRule,
    MarginDistribution,
)
from core.recommender.augmentation import Likes
from core.recommender.evaluation import leave_one_out
from core.services.features import cohort_arrays
from core.services.studies import running
from core.services.studies.performing import Performer, Stopped
from core.services.studies.registry import STUDIES
from core.services.studies.study import Context, Result, Table
from core.services.studies.tables.paper import HALVED, TABLE_I
from core.services.studies.tables.table1 import STUDY, Settings, calibrating, evaluating, words, work
from core.services.studies.tables.table1.data import Data, load, sessions
from core.services.studies.tables.table1.figures import gather, papers_rule
from core.services.studies.tables.table1.result import combine
from core.services.studies.tables.table1.rows import ASKING, DEMOGRAPHIC, EXPERT, FULL, HALF, ROWS, RULES
from core.services.studies.tables.table1.setup import fold_seed, nearest_windows, setup_of
from core.store import Store, people
from tests.cohorts import small_cohort

COHORT = "Test cohort"
CLIENTS = 7  # with a history; one more has none


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_cohort(tmp_path_factory.mktemp("data"), clients=CLIENTS + 1, days=12, train=False)


@pytest.fixture(scope="module")
def data(store: Store) -> Data:
    found: Data = load(store, tiny(), lambda _: None).value
    return found


def tiny(**values: Any) -> Settings:
    return Settings(**{"cohort": COHORT, "repeats": 2, "epochs": 1, **values})


def study(store: Store, **values: Any) -> Result:
    values = {"cohort": COHORT, "repeats": 2, "epochs": 1, **values}
    run_id = running.start(store, STUDIES, "table1", values, seed=3, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return study(store)


def table(result: Result, title: str) -> Table:
    return next(one for one in result.tables if one.title == title)


def column(one: Table, name: str) -> list[Any]:
    return [row[one.columns.index(name)] for row in one.rows]


def test_every_row_of_the_paper_is_there_with_its_figures_beside(result: Result) -> None:
    main = table(result, "Table I")
    assert list(dict.fromkeys(column(main, "Row"))) == [*map(str, range(1, 10)), "halved"]
    beside = {
        row: tuple(figures)
        for row, *figures in zip(
            column(main, "Row"), *(column(main, f"Paper top-{k} %") for k in (1, 5, 10)), strict=True
        )
        if figures[0] is not None
    }
    assert beside == {**{str(row.row): row.top for row in TABLE_I}, "halved": HALVED}
    for top1, top5, top10 in zip(*(column(main, f"Top-{k} %") for k in (1, 5, 10)), strict=True):
        assert 0 <= top1 <= top5 <= top10 <= 100
    assert all("generated" in why or "leaves out" in why for why in column(main, "Why ours may differ"))
    assert all(len(set(one.columns)) == len(one.columns) for one in result.tables)
    assert result.synthetic
    assert f"{CLIENTS} of {CLIENTS + 1} clients left out" in result.headline[0]
    assert "54 training samples a fold" in result.headline[0], "six others with nine whole windows each"
    assert f"{CLIENTS * 9} tested steps" in result.headline[0]


def test_only_a_generated_cohort_is_called_one() -> None:
    for row in ROWS.values():
        assert "this one is generated" in words.why(row, "unasked", synthetic=True)
        said = words.why(row, "unasked", synthetic=False)
        assert "generated" not in said
        assert "this one is another" in said


def test_the_four_figures_stand_apart_for_every_rule(result: Result) -> None:
    for k in (1, 5, 10):
        asking = table(result, f"Active learning, top-{k}")
        assert column(asking, "Row") == [row for row in "579" for _ in ASKING]
        assert column(asking, "Asked by") == [rule.name for rule in ASKING.values()] * 3
        for name in ("Asked %", "All steps %", "Not asked about %", "Same coverage, no learning %"):
            assert all(value is None or 0 <= value <= 100 for value in column(asking, name))
        papers = [value for value in column(asking, "Paper %") if value is not None]
        assert len(papers) == 3 * 2, "beside the paper's own two rules"


def test_observed_rates_of_every_rule_stand_beside_the_nominal_ones(result: Result) -> None:
    rates = table(result, "Nominal and observed asked rate")
    rows = list(zip(column(rates, "Rule"), column(rates, "Nominal %"), strict=True))
    assert rows == [(rule, nominal) for rule in calibrating.RATED.values() for nominal in (1, 5, 10, 20)]
    observed = dict(zip(rows, column(rates, "Observed %"), strict=True))
    within = dict(zip(rows, column(rates, "Within its bound"), strict=True))
    for nominal in (1, 5, 10, 20):
        bounded = calibrating.RATED["clients"], nominal
        assert observed[bounded] <= nominal
        assert within[bounded] == "yes"
    assert "The paper's Dirichlet asked about" in result.headline[-1]


def test_the_figures_are_put_together_by_hand() -> None:
    """Two repeats of rows 1 and 5, made up."""
    settings = Settings(rows=("1", "5"), repeats=2, asking=("printed",))

    def piece(seed: int, plain: float, asked: float, every: float, unasked: float, untaught: float) -> Any:
        def three(value: float) -> list[float]:
            return [value, value + 10, value + 20]

        return {
            "training": DEMOGRAPHIC,
            "seed": seed,
            "clients": [0, 1],
            "windows": [9, 9],
            "samples": [9],
            "data": {"name": "Made up", "label": "for a test", "synthetic": True, "paper": "exercises"},
            "cohort": 2,
            "exercises": 4,
            "rows": [
                {"row": "1", "rule": "", "all": three(plain), "clients": [plain - 10, plain + 10]},
                {
                    "row": "5",
                    "rule": "printed",
                    "asked": asked,
                    "all": three(every),
                    "unasked": three(unasked),
                    "untaught": three(untaught),
                    "clients": [every, every],
                },
            ],
            "rates": [
                {"rule": rule, "alpha": alpha, "shares": [alpha, alpha * (1 if seed == 1 else 0.5)]}
                for rule in calibrating.RATED
                for alpha in calibrating.ALPHAS
            ],
        }

    found = combine(settings, [piece(2, 42, 30, 46, 64, 60), piece(1, 40, 20, 44, 60, 58)])
    main = table(found, "Table I")
    assert column(main, "Counted") == ["all steps", "steps not asked about", "all steps"]
    assert column(main, "Top-1 %") == [41, 62, 45]
    assert column(main, "Top-10 %") == [61, 82, 65]
    # Student's t with one degree of freedom: 12.706 · 1 / √2 · √2 for values 2 apart.
    assert column(main, "± top-1")[0] == pytest.approx(12.706, abs=1e-3)
    assert column(main, "Spread of clients") == [pytest.approx(np.sqrt(200)), None, 0]
    assert column(main, "Asked %") == [0, 25, 25]
    assert column(main, "Paper top-1 %") == [63.78, 74.45, None]
    asking = table(found, "Active learning, top-1")
    row = dict(zip(asking.columns, asking.rows[0], strict=True))
    assert (row["Asked %"], row["All steps %"], row["Not asked about %"]) == (25, 45, 62)
    assert (row["Same coverage, no learning %"], row["Owed to learning (points)"]) == (59, 3)
    assert row["Low"] == pytest.approx(3 - 12.706, abs=1e-3)
    added = table(found, "Beside row 1, top-1")
    assert column(added, "Points") == [21, 4]
    assert column(added, "Paper, points") == [pytest.approx(10.67), None]
    assert "3.0 points" in found.headline[2]
    assert "could be chance" in found.headline[2]
    rates = table(found, "Nominal and observed asked rate")
    assert column(rates, "Observed %")[:4] == pytest.approx([0.875, 4.375, 8.75, 17.5])
    assert set(column(rates, "Within its bound")) == {"yes"}


def test_a_row_that_does_not_learn_is_the_networks_accuracy(store: Store, data: Data) -> None:
    from core.recommender import Recommender

    settings = tiny(rows=("1",), repeats=1)
    found = work.run_piece(settings, 5, 0, Context(store, data), lambda _: None)
    setup = setup_of(settings, data, DEMOGRAPHIC, 5)
    how = replace(setup.network, stopping_share=0.0, calibration_share=0.0)
    arrays = data.cohort.arrays
    right = []
    for client, split in list(enumerate(leave_one_out(arrays.histories)))[:3]:
        alone = Recommender(how, seed=fold_seed(5, client)).fit(
            arrays.histories, setup.profiles, arrays.exercises, targets=split.train
        )
        history = arrays.histories[client]
        likely = alone.predict_proba(
            [history[:at] for at in range(3, 12)], np.tile(setup.profiles[client], (9, 1))
        )
        right.append(100 * np.mean(likely.argmax(axis=1) == history[3:]))
    assert found["rows"][0]["clients"][:3] == pytest.approx(right)
    assert found["rows"][0]["all"][0] == pytest.approx(np.mean(found["rows"][0]["clients"]))


def test_trainings_differ_in_what_they_say(data: Data) -> None:
    setups = {name: setup_of(tiny(), data, name, 1) for name in (DEMOGRAPHIC, FULL, EXPERT, RULES, HALF)}
    # The test cohort knows age and sex alone, which are both.
    assert setups[DEMOGRAPHIC].profiles.shape == setups[FULL].profiles.shape
    assert setups[HALF].network.k * 2 == setups[DEMOGRAPHIC].network.k == 10
    for name, setup in setups.items():
        assert len(setup.windows) == CLIENTS
        for client, windows, originals in zip(setup.clients, setup.windows, setup.originals, strict=True):
            added = name in (EXPERT, RULES)
            assert len(windows) == len(originals) * (1 + added)
            assert client not in windows.clients
            assert np.array_equal(windows.items[: len(originals)], originals.items)
            assert (windows.items >= 0).all(), "whole windows"


def test_augmented_windows_keep_the_expert_s_categories(data: Data) -> None:
    setup = setup_of(tiny(share=0.5), data, EXPERT, 1)
    category = np.array(data.categories)
    for windows, originals in zip(setup.windows, setup.originals, strict=True):
        new = windows.take(np.arange(len(originals), len(windows)))
        assert np.array_equal(category[new.items], category[originals.items])
        assert np.array_equal(category[new.targets], category[originals.targets])
        changed = float(np.mean(new.targets != originals.targets))
        assert 0.3 < changed < 0.7


def test_a_fold_s_rules_are_mined_without_the_client_left_out(data: Data) -> None:
    """Sessions are single exercises here, but for each client's last two, which are made one."""
    numbers = data.sessions.copy()
    for start in range(0, len(numbers), 12):
        numbers[start + 11] = numbers[start + 10]
    setup = setup_of(tiny(rows=("4",)), replace(data, sessions=numbers), RULES, 1)
    histories = data.cohort.arrays.histories
    for client, windows, originals in zip(setup.clients, setup.windows, setup.originals, strict=True):
        pairs = {frozenset(h[10:]) for i, h in enumerate(histories) if i != client and len(h)}
        for before, after in zip(originals.targets, windows.targets[len(originals) :], strict=True):
            assert before == after or frozenset({int(before), int(after)}) in pairs


def test_where_sessions_are_single_exercises_windows_are_what_belongs_together(data: Data) -> None:
    setup = setup_of(tiny(share=1.0), data, RULES, 1)
    histories = data.cohort.arrays.histories
    for client, windows, originals in zip(setup.clients, setup.windows, setup.originals, strict=True):
        pairs = {
            frozenset((a, b))
            for i, h in enumerate(histories)
            for at in range(len(h) - 2)
            for a in h[at : at + 3]
            for b in h[at : at + 3]
            if i != client
        }
        new = windows.targets[len(originals) :]
        assert (new != originals.targets).any()
        for before, after in zip(originals.targets, new, strict=True):
            assert frozenset({int(before), int(after)}) in pairs


def test_what_cannot_be_augmented_is_said(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"{setup_of.__module__}.mined_rules", lambda _: Likes({}))
        with pytest.raises(InputError, match="no two exercises come together"):
            setup_of(tiny(), data, RULES, 1)
    with pytest.raises(InputError, match="No two exercises of “Test cohort” share a category"):
        setup_of(tiny(), replace(data, categories=("",) * len(data.categories)), EXPERT, 1)
    with pytest.raises(InputError, match="0 clients of this cohort have more than 13"):
        setup_of(tiny(window=13), data, DEMOGRAPHIC, 1)


def test_a_new_client_starts_from_the_windows_of_the_nearest(data: Data) -> None:
    setup = setup_of(tiny(), data, DEMOGRAPHIC, 1)
    for client, windows in zip(setup.clients, nearest_windows(setup, 2), strict=True):
        others = [other for other in setup.clients if other != client]
        known = setup.profiles[others]
        scaled = (known - setup.profiles[client]) / np.where(known.std(axis=0) > 0, known.std(axis=0), np.inf)
        near = {others[i] for i in np.argsort(np.square(scaled).sum(axis=1), kind="stable")[:2]}
        assert set(windows.clients.tolist()) == near
        assert len(windows) == 18


def test_each_rule_is_calibrated_on_the_others() -> None:
    rng = np.random.default_rng(0)
    margins = [rng.random(9) for _ in range(5)]
    others = np.concatenate(margins[:2] + margins[3:])
    owners = np.repeat(np.arange(4), 9)
    fitted = MarginDistribution(1.6, 0.4, 0.3)
    expected = {
        "printed": 0.18,
        "dirichlet-paper": DirichletRule(fitted, 0.01).threshold,
        "dirichlet": DirichletRule(fitted, 0.3).threshold,
        "empirical": EmpiricalRule(others, alpha=0.3).threshold,
        "conformal": ConformalRule(others, alpha=0.3).threshold,
        "conformal-clients": ClientConformalRule(others, owners, alpha=0.3).threshold,
    }
    for rule, threshold in expected.items():
        assert calibrating.threshold(ASKING[rule], 0.3, margins, 2, fitted) == threshold
    found = {
        (rate["rule"], rate["alpha"]): rate["shares"]
        for rate in calibrating.rates(margins, [fitted] * 5, [fitted] * 5)
    }
    assert found["conformal", 0.2][2] == np.mean(margins[2] < ConformalRule(others, alpha=0.2).threshold)
    assert all(np.mean(found["clients", alpha]) <= alpha for alpha in calibrating.ALPHAS)


def test_a_cohort_without_a_dirichlet_is_told_in_words() -> None:
    with pytest.raises(InputError, match="too small for Table I"):
        evaluating._dirichlet(np.full((1, 3), 1 / 3))


def test_certainties_are_small_where_the_model_is_unsure() -> None:
    p = np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])
    for score, expected in {
        "margin": [1, 0, 0],
        "entropy": [1, 0.5, 0],
        "confidence": [1, 0.5, 0.25],
    }.items():
        np.testing.assert_allclose(calibrating.certainty(score)(p), expected, atol=1e-12)


def test_a_rule_that_never_asks_leaves_the_row_as_it_is(
    store: Store, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrating, "THRESHOLD", 0.0)
    settings = tiny(rows=("1", "5"), asking=("printed",), repeats=1)
    found = work.run_piece(settings, 1, 0, Context(store, data), lambda _: None)
    plain, learning = found["rows"]
    assert learning["asked"] == 0
    assert learning["all"] == learning["unasked"] == learning["untaught"] == plain["all"]
    assert learning["clients"] == plain["clients"]


def test_the_same_seed_gives_the_same_figures(store: Store, data: Data) -> None:
    settings = tiny(rows=("3", "9"), repeats=1, asking=("conformal",))
    one, two, other = (
        work.run_piece(settings, seed, 0, Context(store, data), lambda _: None) for seed in (1, 1, 2)
    )
    assert one == two
    assert one["rows"] != other["rows"]


def test_pieces_are_one_training_and_repeat_and_the_longest_come_first() -> None:
    pieces = STUDY.pieces(Settings(), 4)
    assert len(pieces) == 25
    assert pieces[0].title == "Augmented by category, rows 3, 7, 8, 9, seed 4"
    assert [piece.weight for piece in pieces] == sorted((p.weight for p in pieces), reverse=True)
    assert [p.title for p in STUDY.pieces(Settings(rows=("2", "6"), repeats=1), 4)] == [
        "Demographic profile, rows 6, seed 4",
        "Full profile, rows 2, seed 4",
    ]


def test_progress_goes_up_inside_a_piece_and_may_end_it(store: Store, data: Data) -> None:
    seen: list[float] = []
    settings = tiny(rows=("1", "5"), epochs=3, repeats=1, asking=("conformal", "empirical"))
    work.run_piece(settings, 1, 0, Context(store, data), seen.append)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 6
    assert seen[-1] == pytest.approx(1.0)

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        work.run_piece(settings, 1, 0, Context(store, data), stop)


def test_rows_can_be_chosen(store: Store) -> None:
    found = study(store, rows=("2", "6"), repeats=1)
    assert [one.title for one in found.tables] == ["Table I", "Nominal and observed asked rate", "By repeat"]
    assert column(found.tables[0], "Row") == ["2", "6"]
    assert column(found.tables[0], "± top-1") == [None, None]


def test_sessions_end_with_a_long_pause() -> None:
    assert sessions(
        [
            ["2026-01-05T08:00:00.000Z", "2026-01-05T08:20:00.000Z", "2026-01-05T17:00:00.000Z"],
            [],
            ["2026-01-05T17:01:00Z", "2026-01-05T23:30:00+01:00", "2026-01-06T04:00:00Z"],
        ]
    ).tolist() == [0, 0, 1, 2, 2, 2]


def test_the_papers_rule_is_the_first_of_its_own_that_was_chosen() -> None:
    assert papers_rule(Settings()) == "printed"
    assert papers_rule(Settings(asking=("conformal", "dirichlet-paper"))) == "dirichlet-paper"
    assert papers_rule(Settings(asking=("conformal",))) == "conformal"
    assert {row.key for row in ROWS.values() if row.learns} == {"5", "7", "9"}
    assert {row.key for row in ROWS.values() if row.starts} == {"6", "8", "9"}
    assert gather(Settings(rows=("1",)), []) == {}


def test_the_store_says_when_each_exercise_was_done(store: Store) -> None:
    from core.store import exercises

    cohort = people.cohort(store.db, COHORT)["id"]
    times, histories = exercises.times(store.db, cohort), exercises.histories(store.db, cohort)
    assert {client: len(of) for client, of in times.items()} == {c: len(of) for c, of in histories.items()}
    assert all(of == sorted(of) for of in times.values())
    assert len(cohort_arrays(store, cohort).client_ids) == CLIENTS + 1
