import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.bandit.simulation.running import POLICIES
from core.errors import InputError
from core.services import Store
from core.services.studies import options, running
from core.services.studies.bandit import findings, simulation, tables, width, worlds
from core.services.studies.bandit.kept import Repeated, gathered
from core.services.studies.bandit.worlds import LINEAR, UNIFORM, Pool
from core.services.studies.performing import Performer
from core.services.studies.study import Context, Result, Study

SMALL = {"people": 60, "days": 8, "seeds": 2, "profiles": UNIFORM}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def pieces(study: Study, settings: Any, store: Store, seed: int = 3) -> list[dict[str, Any]]:
    context = Context(store, study.load(store, settings, lambda _done: None).value)
    found = [
        study.run_piece(settings, seed, place, context, lambda _done: None)
        for place in range(len(study.pieces(settings, seed)))
    ]
    kept: list[dict[str, Any]] = json.loads(json.dumps(found, allow_nan=False))
    return kept


def whole(result: Result) -> Result:
    """The result, checked for what every result must be."""
    for table in result.tables:
        assert all(len(row) == len(table.columns) for row in table.rows), table.title
    for chart in result.charts:
        assert chart.alt
        assert all(len(series.x) == len(series.y) for series in chart.series)
    assert result.synthetic
    return Result.from_json(json.loads(json.dumps(result.to_json())))


@pytest.mark.parametrize("environment", [worlds.FULL, LINEAR])
def test_every_policy_is_followed_measured_and_told(store: Store, environment: str) -> None:
    settings = simulation.Settings(**SMALL, environment=environment)  # type: ignore[arg-type]
    results = pieces(simulation.STUDY, settings, store)
    assert len(results) == 2 * len(POLICIES)
    result = whole(simulation.STUDY.combine(settings, results))
    (regret, *_) = result.tables
    by_policy = {row[0]: row for row in regret.rows}
    assert by_policy["Oracle"][1] == 0
    assert all(float(str(row[1])) > 0 for name, row in by_policy.items() if name != "Oracle")
    assert any(
        "Safety violations in 6,720 decisions" in said and said.count(": 0.") for said in result.headline
    )
    assert {chart.title for chart in result.charts} >= {
        "Cumulative regret",
        "Cumulative regret of those that learn",
        "Reward by day, each week begun anew",
        "Exploratory picks",
    }


def test_a_piece_hangs_on_its_settings_seed_and_number_alone(store: Store) -> None:
    settings = simulation.Settings(**SMALL, policies=("linucb", "random"))  # type: ignore[arg-type]
    context = Context(store, simulation.STUDY.load(store, settings, lambda _done: None).value)
    forward = [simulation.STUDY.run_piece(settings, 5, place, context, lambda _d: None) for place in range(4)]
    backward = [
        simulation.STUDY.run_piece(settings, 5, place, context, lambda _d: None)
        for place in reversed(range(4))
    ]
    assert forward == backward[::-1]
    assert forward[0]["regret"] != forward[2]["regret"]
    # The same world under both policies: what the gate left out, and the first day's luck, are the same.
    assert forward[0]["left_out"] == forward[1]["left_out"]


def test_a_run_can_be_started_done_and_cancelled(store: Store) -> None:
    studies = {simulation.STUDY.name: simulation.STUDY}
    values = {**SMALL, "policies": ["linucb", "random"]}
    performer = Performer(store, studies, worker="here", lease_seconds=600)
    run_id = running.start(store, studies, "bandit", values, seed=1, by="Ada")
    while (claim := performer.claim()) is not None:
        performer.perform(claim, lambda _done: None)
    assert running.run(store, studies, run_id).state == "done"
    stopped = running.start(store, studies, "bandit", values, seed=2, by="Ada")
    running.cancel(store, stopped, by="Ada")
    assert running.run(store, studies, stopped).state == "cancelled"
    with pytest.raises(InputError, match="People is 10"):
        running.start(store, studies, "bandit", {"people": 10}, seed=1, by="Ada")


def test_progress_can_stop_a_piece_half_way(store: Store) -> None:
    settings = simulation.Settings(**SMALL)  # type: ignore[arg-type]
    context = Context(store, simulation.STUDY.load(store, settings, lambda _done: None).value)
    told: list[float] = []

    def stop(done: float) -> None:
        told.append(done)
        if done > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulation.STUDY.run_piece(settings, 1, 0, context, stop)
    assert told == sorted(told)
    assert told[-1] < 0.6


def test_widths_are_swept_on_the_same_worlds(store: Store) -> None:
    settings = width.Settings(**SMALL, widths=("0.01", "1"), policies=("linucb", "thompson"))  # type: ignore[arg-type]
    results = pieces(width.STUDY, settings, store)
    assert len(results) == 8
    result = whole(width.STUDY.combine(settings, results))
    (table,) = result.tables
    assert [row[:2] for row in table.rows] == [
        (name, at) for name in ("LinUCB", "Thompson sampling") for at in ("0.01", "1")
    ]
    explored = [row[table.columns.index("Exploratory, first day, %")] for row in table.rows]
    assert float(str(explored[0])) < float(str(explored[1]))  # a wider LinUCB explores more
    assert "no clearly different" in " ".join(result.headline) or "more regret" in " ".join(result.headline)


def test_profiles_of_a_pool_are_all_taken_in_an_order_of_each_worlds_own() -> None:
    people = worlds.uniform_profiles(80, np.random.default_rng(1))
    pool = Pool(people)
    one, other = pool(50, np.random.default_rng(2)), pool(50, np.random.default_rng(3))
    assert sorted(one.columns["age"]) == sorted(other.columns["age"]) == sorted(people.columns["age"])
    assert one.columns["age"].tolist() != other.columns["age"].tolist()
    settings = simulation.Settings(people=50, days=7, seeds=2)
    where = worlds.world(settings, pool, 1, 0)
    assert len(where) == 50
    assert where is worlds.world(settings, pool, 1, 0)  # kept for the next policy
    assert where is not worlds.world(settings, pool, 1, 1)


def test_the_settings_of_both_studies_can_be_asked_for() -> None:
    for study in (simulation.STUDY, width.STUDY):
        assert options.build(study.settings, {}).seeds == 20
        assert {option.name for option in options.options(study.settings)} >= {
            "people",
            "days",
            "environment",
        }


# ---- what is said follows the figures


def repeated(
    finals: Sequence[float], *, power: float = 0.5, violations: int = 0, gap: float = 0.02
) -> Repeated:
    days = np.arange(1, 31) / 30
    return Repeated(
        tuple(
            {
                "regret": (final * days**power).tolist(),
                "final": final,
                "growth": power + 0.001 * k,
                "late_growth": power + 0.001 * k,
                "offered": [0.5, 0.3, 0.2],
                "violations": violations,
                "left_out": 7,
                "fairness": {
                    name: {
                        "difference": gap,
                        "null": 0.02,
                        "null_high": 0.04,
                        "p": 0.001 if gap > 0.1 else 0.5,
                        "rates": [0.5, 0.5],
                    }
                    for name in ("sex", "race", "age group")
                },
            }
            for k, final in enumerate(finals)
        )
    )


def said(**found: Repeated) -> str:
    names = {name.replace("_", "-"): runs for name, runs in found.items()}
    settings = simulation.Settings(seeds=4, policies=tuple(names))
    return " ".join(findings.headline(settings, names))


BETTER, WORSE = (480.0, 490, 500, 485), (600.0, 610, 590, 605)


def test_less_and_more_regret_are_told_apart_from_chance() -> None:
    text = said(linucb=repeated(BETTER), epsilon_greedy=repeated(WORSE))
    assert "LinUCB has 18." in text
    assert "% less regret than ε-greedy." in text
    text = said(linucb=repeated(WORSE), epsilon_greedy=repeated(BETTER))
    assert "% more regret than ε-greedy." in text
    text = said(linucb=repeated((500.0, 700, 480, 610)), epsilon_greedy=repeated(WORSE))
    assert "which could be chance" in text
    assert "LinUCB has the least regret, 572" in text
    assert "(no clear lead over ε-greedy, 601 (588 to 615))" in text
    assert "no clear lead" not in said(linucb=repeated(BETTER), epsilon_greedy=repeated(WORSE))


def test_the_paragraph_on_the_paper_is_reckoned_from_the_figures() -> None:
    text = said(
        linucb=repeated(BETTER),
        epsilon_greedy=repeated(WORSE),
        random=repeated((7_200.0, 7_210, 7_190, 7_205)),
    )
    assert "loses 0.120 of reward a decision here and 0.012 there" in text
    assert "Its arms may lie 10 times closer together" in text
    assert "18.9 % less there, which lies within the interval" in text
    text = said(linucb=repeated(BETTER), random=repeated((722.0, 720, 721, 723)))
    assert "times closer" not in text
    assert "32.4 % less there, which lies within the interval" in text
    text = said(linucb=repeated(WORSE), epsilon_greedy=repeated(BETTER))
    assert "Against ε-greedy LinUCB has 23.1" in text
    assert "% more regret here and 18.9 % less there" in text


def test_growth_is_called_sub_linear_only_where_it_is() -> None:
    assert "(sub-linear)" in said(linucb=repeated(BETTER))
    assert "not shown to grow more slowly" in said(linucb=repeated(BETTER, power=1.0))
    both = said(linucb=repeated(BETTER), thompson=repeated(WORSE, power=1.1))
    assert "Regret of LinUCB grows more slowly than time, that of others is not shown to" in both


def test_violations_and_unfairness_are_not_kept_quiet() -> None:
    text = said(linucb=repeated(BETTER, violations=2, gap=0.2))
    assert "knows nothing of the gate: 8." in text
    assert text.startswith("The safety gate failed: the audit objects to 8 decisions (LinUCB 8).")
    assert "gate failed" not in said(linucb=repeated(BETTER))
    assert "More than chance explains: sex, race, age group." in text
    assert "None is more than chance explains." in said(linucb=repeated(BETTER))


def test_a_violation_is_the_first_thing_that_a_sweep_says(store: Store) -> None:
    settings = width.Settings(**SMALL, widths=("0.05", "0.3"))  # type: ignore[arg-type]
    results = pieces(width.STUDY, settings, store)
    assert "gate failed" not in " ".join(width.STUDY.combine(settings, results).headline)
    for run, final in zip(results, (100.0, 101.0, 103.0, 101.0), strict=True):  # by repetition, then width
        run["regret"][-1] = run["final"] = final
    assert "(no clear lead over " in width.STUDY.combine(settings, results).headline[0]
    for run, final in zip(results, (100.0, 151.0, 100.0, 150.0), strict=True):
        run["regret"][-1] = run["final"] = final
    assert "no clear lead" not in width.STUDY.combine(settings, results).headline[0]
    results[1]["violations"] = 2
    (first, *_) = width.STUDY.combine(settings, results).headline
    assert first.startswith("The safety gate failed: the audit objects to 2 decisions (LinUCB at 0.3 2).")


def test_growth_has_that_of_random_picks_beside_it() -> None:
    text = said(linucb=repeated(BETTER), random=repeated(WORSE, power=1.0))
    assert "more slowly than time (sub-linear) and than that of random picks: LinUCB t^0.50" in text
    assert "Random picks, which learn nothing, have t^1.00 (1.00 to 1.00) here." in text
    # A power below 1 is no sign of learning where random picks have it too.
    assert "not shown to grow more slowly" in said(
        linucb=repeated(BETTER, power=0.95), random=repeated(WORSE, power=0.95)
    )


def test_a_choice_of_policies_leaves_tables_whole() -> None:
    names = ("random", "oracle")
    assert list(gathered([{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}], names)) == list(names)
    settings = simulation.Settings(seeds=4, policies=names)
    assert "no regret, by definition" in " ".join(
        findings.headline(
            simulation.Settings(seeds=4, policies=("oracle",)), {"oracle": repeated((0.0, 0, 0, 0))}
        )
    )
    assert tables.GROUPS["sex"] == ("female", "male")
    assert settings.policies == names
