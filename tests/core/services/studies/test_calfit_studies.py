"""The studies of step goals: run in pieces by a worker, the same for the same seed, and honest about the paper."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.calfit.analysis import changes, compare
from core.calfit.populations import POPULATIONS
from core.calfit.trial import WeeklyPlan, run_trials
from core.errors import InputError
from core.services.studies import options, running
from core.services.studies.calfit import policies, power, trial
from core.services.studies.calfit.conditions import (
    GREAT,
    Conditions,
    by_week,
    proportion,
    shares,
    signed,
    steps,
)
from core.services.studies.calfit.policies import FIXED, PAPER, PERCENTILE
from core.services.studies.performing import Performer
from core.services.studies.registry import STUDIES
from core.services.studies.study import Context, Result, Table
from core.store import Store

QUICK: dict[str, dict[str, Any]] = {
    "mstar": {"trials": 4, "weeks": 3},
    "mstar-power": {"largest": 20, "simulated": 100, "weeks": 3},
    "goal-policies": {"clients": 12, "weeks": 3},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("data"))


def study(store: Store, name: str, *, seed: int = 7, **values: Any) -> Result:
    run_id = running.start(store, STUDIES, name, {**QUICK[name], **values}, seed=seed, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


def cells(table: Table, column: str) -> list[Any]:
    return [row[table.columns.index(column)] for row in table.rows]


def table(result: Result, title: str) -> Table:
    return next(table for table in result.tables if table.title == title)


@pytest.mark.parametrize("name", QUICK)
def test_the_same_seed_gives_the_same_figures_and_another_seed_others(store: Store, name: str) -> None:
    first = study(store, name)
    assert first == study(store, name)
    assert first.tables != study(store, name, seed=8).tables
    assert first.synthetic
    for found in first.tables:
        assert found.rows
        assert {len(row) for row in found.rows} == {len(found.columns)}


@pytest.mark.parametrize("name", QUICK)
def test_missing_days_and_drop_out_are_borne(store: Store, name: str) -> None:
    assert study(store, name, missing=0.4, drop_out=0.5, ties=GREAT, noise=0.0).headline


@pytest.mark.parametrize("name", QUICK)
def test_progress_grows_and_a_stop_is_heard(name: str) -> None:
    of = STUDIES[name]
    settings = options.build(of.settings, QUICK[name])
    seen: list[float] = []
    of.run_piece(settings, 1, 0, Context(None, None), seen.append)  # type: ignore[arg-type]
    assert seen == sorted(seen)
    assert 0.5 < seen[-1] <= 1.0

    class Stop(Exception):
        pass

    def stop(_: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        of.run_piece(settings, 1, 0, Context(None, None), stop)  # type: ignore[arg-type]


def test_the_trials_are_those_of_the_simulation_and_stand_beside_the_paper(store: Store) -> None:
    result = study(store, "mstar")
    trials = run_trials(
        4, POPULATIONS["students"], np.random.default_rng((7, 0)), weeks=3, intervention=WeeklyPlan()
    )
    expected = compare(changes(trials.control.counts), changes(trials.intervention.counts))
    each = table(result, "Trials")
    assert cells(each, "Difference") == [round(value) for value in expected.difference]
    assert cells(each, "p") == pytest.approx(expected.p)
    paper = table(result, "Beside the paper")
    assert cells(paper, "Paper (one trial, 13 students)")[:3] == ["−1,520 (SD 740)", "+700 (SD 830)", "2,220"]
    assert {"100", "4,480", "p = 0.039"} < set(cells(paper, "Paper (one trial, 13 students)"))
    assert any("95 % interval 100 to 4,480, p 0.039" in sentence for sentence in result.headline)
    assert result.charts[0].series[-1].name == "Paper"
    assert result.charts[0].series[-1].x == (2220.0, 2220.0)
    assert sum(result.charts[0].series[0].y) == pytest.approx(100)  # type: ignore[arg-type]


def test_that_the_papers_size_does_not_reproduce_is_said(store: Store) -> None:
    result = study(store, "mstar", trials=30, weeks=10)
    assert any("does not reproduce" in sentence for sentence in result.headline)


def test_both_analyses_are_compared_on_a_sample(store: Store) -> None:
    agreement = table(study(store, "mstar"), "Quick test and mixed model")
    found = dict(agreement.rows)
    assert found["Trials analysed both ways"] == "3"
    assert float(str(found["Largest gap between the differences, steps"])) == pytest.approx(0, abs=0.1)


def test_trials_that_lose_an_arm_are_told_or_refused(store: Store) -> None:
    result = study(store, "mstar", clients=4, trials=12, weeks=1, missing=0.8)
    assert "could not be tested" in result.headline[-1]
    assert None in cells(table(result, "Trials"), "p")


def test_sizes_of_pieces_keep_every_trial_once() -> None:
    for trials, clients in ((1_000, 13), (20_000, 13), (7, 1_000), (20_000, 1_000)):
        settings = trial.Settings(trials=trials, clients=clients)
        pieces = trial.STUDY.pieces(settings, 1)
        assert sum(piece.weight for piece in pieces) == trials
        assert len(pieces) <= 1_000
        assert pieces[-1].title.endswith(f" to {trials:,}")
    assert shares(7, 3) == [3, 2, 2]


def test_without_response_the_power_is_the_error_rate() -> None:
    rng = np.random.default_rng(1)
    control, planned = rng.normal(0, 1_500, (2, 6_000))
    for size in (13, 40):
        found = power.found_share(control, planned, size, rng)
        assert found is not None
        assert found.mean == pytest.approx(5, abs=1.6)
        assert found.low is not None
        assert found.low < 5 < (found.high or 0)


def test_the_power_is_the_t_tests() -> None:
    rng = np.random.default_rng(2)
    control, planned = rng.normal(0, 1_000, 6_000), rng.normal(700, 1_000, 6_000)
    found = power.found_share(control, planned, 30, rng)
    known = 100 * stats.nct.sf(stats.t.ppf(0.975, 28), 28, 0.7 * np.sqrt(7.5))
    assert found is not None
    assert found.mean == pytest.approx(known, abs=4)


def test_the_papers_figures_make_an_underpowered_trial() -> None:
    assert power.paper_power(13) == pytest.approx(44.5, abs=0.1)
    assert all(80 <= power.paper_power(size) <= 100 for size in power.SIZES if size >= 30)


@pytest.mark.parametrize(
    ("curve", "needed"),
    [((10, 60, 90), 34), ((85, 90, 95), 10), ((10, 20, 30), None), ((None, 80, 90), 20), ((10, 90, 70), 19)],
)
def test_the_smallest_size_is_read_off_the_curve(curve: tuple[float | None, ...], needed: int | None) -> None:
    assert power.smallest((10, 20, 40), curve) == needed


def test_the_power_study_says_how_many_clients_it_takes(store: Store) -> None:
    result = study(store, "mstar-power", population="no response")
    assert "Even 20 clients do not show the difference" in result.headline[0]
    curve = table(result, "Power by size")
    assert cells(curve, "Clients in the trial") == [8, 13, 20]
    for row in curve.rows:
        assert 0 <= row[2] <= row[1] <= row[3] <= 100  # type: ignore[operator]
    with pytest.raises(InputError, match="at least 5,000"):
        power.Settings(largest=1_000, simulated=400)


def test_policies_meet_the_same_clients_and_differences_are_paired(store: Store) -> None:
    result = study(store, "goal-policies")
    clients = table(result, "Clients")
    assert len(clients.rows) == 12
    found = dict(zip(cells(table(result, "Policies"), "Policy"), table(result, "Policies").rows, strict=True))
    rows = {(row[0], row[1]): row for row in table(result, "Differences").rows if row[2] == "Steps a day"}
    assert len(rows) == 10
    first, second = "Plans, κ = 1", "60th percentile"
    of = rows[first, second]
    assert of[3] == pytest.approx(found[first][1] - found[second][1], abs=1.1)
    apart = np.array(cells(clients, first)) - np.array(cells(clients, second))
    assert of[5] - of[4] == pytest.approx(2 * 2.201 * apart.std(ddof=1) / np.sqrt(12), rel=0.01)  # type: ignore[operator]


def test_without_response_no_policy_is_better_than_another(store: Store) -> None:
    result = study(store, "goal-policies", population="no response")
    assert len(set(cells(table(result, "Policies"), "Steps a day"))) == 1
    assert len(result.headline) == 1
    assert "Every policy gives the same steps" in result.headline[0]


@pytest.mark.parametrize(("clients", "wins"), [(10, False), (120, True)])
def test_where_the_percentile_wins_beyond_chance_it_is_said(store: Store, clients: int, wins: bool) -> None:
    result = study(store, "goal-policies", policies=(PAPER, PERCENTILE), clients=clients, weeks=4)
    high = cells(table(result, "Differences"), "To")[0]
    assert any("does better than the plans" in sentence for sentence in result.headline) is (high < 0)
    assert (high < 0) is wins


def test_one_policy_alone_can_be_looked_at(store: Store) -> None:
    result = study(store, "goal-policies", policies=(FIXED,))
    assert cells(table(result, "Policies"), "Goal, mean") == [10_000]
    assert table(result, "Differences").rows == ()


def test_words_and_shares() -> None:
    assert (steps(1520.4), steps(-0.2), signed(700), signed(-1520), signed(0.1)) == (
        "1,520",
        "0",
        "+700",
        "−1,520",
        "0",
    )
    of = proportion(0, 50)
    assert (of.mean, of.low) == (0, 0)
    known = stats.binomtest(11, 100).proportion_ci(method="wilson")
    found = proportion(11, 100)
    assert (found.low, found.high) == pytest.approx((100 * known.low, 100 * known.high))
    weeks = by_week(np.array([[*range(7), *[np.nan] * 7]], dtype=float))
    assert weeks == [3.0, None]


def test_noise_is_what_is_asked_for_in_the_same_spread() -> None:
    people = Conditions(noise=1_400.0).people
    assert (people.noise.mean, people.noise.sd) == (1_400.0, 250.0)
    assert Conditions(noise=0.0).people.noise.sd == 0
    assert policies.Settings().people == POPULATIONS["students"]
