"""The study of profiles: the same for the same seed, stoppable, and honest about the paper."""

from typing import Any

import pytest

from core.bandit.profiles.quality import NAMES
from core.services.studies import options, running
from core.services.studies.bandit.profiles import (
    ENUMERATED,
    GENERATORS,
    SAMPLED,
    STUDY,
    UNIFORM,
)
from core.services.studies.performing import Performer
from core.services.studies.registry import STUDIES
from core.services.studies.study import Context, Result, Table
from core.store import Store

QUICK: dict[str, Any] = {"profiles": 40, "episodes": 60, "repeats": 2}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    store = Store(tmp_path_factory.mktemp("data"))
    run_id = running.start(store, STUDIES, "profiles", QUICK, seed=7, by="Ada")
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    while claim := performer.claim():
        performer.perform(claim, lambda _: None)
    found = running.result(store, run_id)
    assert found is not None, running.run(store, STUDIES, run_id).message
    return found


def table(result: Result, title: str) -> Table:
    return next(table for table in result.tables if table.title == title)


def cell(table: Table, row: str, column: str) -> Any:
    return next(cells for cells in table.rows if cells[0] == row)[table.columns.index(column)]


def run(seed: int, seen: list[float], **values: Any) -> dict[str, Any]:
    settings = options.build(STUDY.settings, {**QUICK, "profiles": 20, "episodes": 20, **values})
    return STUDY.run_piece(settings, seed, 0, Context(None, None), seen.append)  # type: ignore[arg-type]


def test_every_figure_stands_beside_its_null_values(result: Result) -> None:
    assert result.synthetic
    for found in result.tables:
        assert found.rows
        assert {len(row) for row in found.rows} == {len(found.columns)}
    report = table(result, "Quality report")
    assert [row[0] for row in report.rows] == list(NAMES.values())
    assert {UNIFORM, ENUMERATED} < set(report.columns)
    assert cell(report, NAMES["broken"], ENUMERATED) == 0
    assert cell(report, NAMES["broken"], UNIFORM) > 0.5
    generators = table(result, "Generators")
    assert [row[0] for row in generators.rows] == list(GENERATORS)
    assert cell(generators, SAMPLED, NAMES["reward"]) == cell(report, NAMES["reward"], SAMPLED)
    assert "nobody here is real" in report.note


def test_the_papers_figures_stand_beside_ours(result: Result) -> None:
    paper = table(result, "Beside the paper")
    assert [row[1] for row in paper.rows] == [0.5, 0.483, None, 0.9787, None, None]
    random = cell(paper, "A random policy's reward on the same base", "Here")
    assert random == cell(table(result, "Generators"), UNIFORM, NAMES["reward"])
    assert f"random profiles earn {random:.2f}" in result.headline[0]
    assert "0.5 per episode" in result.headline[1]
    assert "0.483" in result.headline[1]
    assert "what a random policy earns" in result.headline[1]


def test_charts_show_the_levels_beside_the_curve(result: Result) -> None:
    curve = result.charts[0]
    assert [series.name for series in curve.series] == [
        "DQN",
        "Enumerated",
        "Uniform",
        "Paper's average, on its own base",
    ]
    assert curve.series[0].x == (50.0, 60.0)
    assert result.charts[1].series[0].y[0] > result.charts[1].series[0].y[1]  # type: ignore[operator]


def test_a_piece_is_the_same_for_the_same_seed_and_progress_grows() -> None:
    seen: list[float] = []
    first = run(3, seen, drawn="demographics")
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert first == run(3, [], drawn="demographics")


def test_repeats_have_seeds_of_their_own(result: Result) -> None:
    report = table(result, "Quality report")
    assert cell(report, NAMES["categories"], "±") > 0


def test_a_stop_is_heard_in_training() -> None:
    class Stop(Exception):
        pass

    class Stopping(list[float]):
        def append(self, done: float) -> None:
            if done > 0.3:
                raise Stop

    with pytest.raises(Stop):
        run(3, Stopping())
