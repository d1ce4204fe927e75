"""The proof of a client's estimate and plan: what the solvers prove, told as they say it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.calfit import Behavior, simulate
from core.errors import InputError, JobFailed
from core.services import goals
from core.services.studies import options, proof
from core.services.studies.apart import apart
from core.services.studies.study import Context
from core.store import people, steps


@pytest.fixture
def client(store):
    """Ten days of a client who does as the model says, but for some noise."""
    rng = np.random.default_rng(8)
    today = datetime.now(UTC).date()
    wanted = [3000, 3500, 4000, 4500, 5000, 5500, 6000, 9000, 7000, 6500]
    taken = simulate(Behavior(5000, 2500, 700), wanted).steps + rng.laplace(0, 400, 10)
    with store.transaction() as db:
        cohort = people.add_cohort(db, "Own", source="test", synthetic=False)
        key = people.add_clients(db, cohort, [{"reference": "a", "name": "Ann"}])["a"]
        days = [(today - timedelta(days=10 - place)).isoformat() for place in range(10)]
        steps.add(db, [(key, *row) for row in zip(days, map(int, taken), wanted, strict=True)])
    return key


def run(store, **values):
    settings = options.build(proof.Settings, values, store)
    data = proof.STUDY.load(store, settings, lambda _done: None).value
    told: list[float] = []
    results = [
        proof.STUDY.run_piece(settings, 0, piece, Context(store, data), told.append)
        for piece in range(len(proof.STUDY.pieces(settings, 0)))
    ]
    assert set(told) <= {0.0}  # the bar moves with the parts that are proven, as the words beside it do
    return proof.STUDY.combine(settings, json.loads(json.dumps(results)))


@pytest.mark.parametrize("solver", ["SCIP", "HIGHS"])
def test_a_short_history_and_its_plan_are_proven(store, client, solver):
    result = run(store, client=client, solver=solver, seconds=30)
    estimate, plan = (dict(zip(proof.COLUMNS, row, strict=True)) for row in result.tables[0].rows)
    assert estimate["proven"] is True
    assert plan["proven"] is True
    assert "is proven" in result.headline[0]
    assert estimate["gap, %"] < 0.1
    assert plan["proven bound"] == pytest.approx(plan["in force or shown"], rel=1e-5)
    assert not result.synthetic


def test_an_estimate_that_the_program_beats_is_never_called_proven(monkeypatch):
    steps, wanted = np.array([5000.0, 6000, 5500, 5800]), np.array([1000.0, 6500, 5000, 6000])
    quick = proof.estimate(steps, wanted)
    worse = replace(quick, loss=quick.loss * 1.0009 + 2)
    monkeypatch.setattr(proof, "estimate", lambda *_: worse)
    found = proof._certified(steps, wanted, "HIGHS", 30)
    assert found["status"] == "kOptimal"
    assert (found["proven"], found["beaten"]) == (False, True)
    [said, _] = proof.STUDY.combine(
        proof.Settings(),
        [{"synthetic": True, "estimate": found}, {"synthetic": True, "plan": None, "policy": "fixed 10,000"}],
    ).headline
    assert "found a behaviour that fits better" in said


def test_out_of_time_is_said_to_prove_nothing(store, client):
    told = [
        {
            "synthetic": True,
            "estimate": {
                "loss": 100.0,
                "best": 100.0,
                "bound": 40.0,
                "gap": 0.6,
                "proven": False,
                "beaten": False,
                "status": "timelimit",
                "seconds": 60.0,
            },
        },
        {"synthetic": True, "plan": None, "policy": "fixed 10,000"},
    ]
    result = proof.STUDY.combine(proof.Settings(), told)
    assert (
        "not proven within 60 s: a better one could save at most 60.00 % of its misfit" in result.headline[0]
    )
    assert "nothing to prove" in result.headline[1]
    assert result.synthetic


def test_the_plan_on_the_page_is_the_one_that_is_proven(store, client):
    chosen = goals.PlanSettings(policy="fixed 10,000", horizon=3)
    result = run(store, client=client, solver="HIGHS", seconds=30, plan=json.dumps(chosen.to_json()))
    assert len(result.tables[0].rows) == 1
    assert "fixed 10,000" in result.headline[1]
    with pytest.raises(InputError, match="JSON"):
        run(store, client=client, solver="HIGHS", seconds=30, plan="{")


def test_a_plan_without_an_answer_in_time_leaves_the_estimates_proof(store, client, monkeypatch):
    def late(function, *arguments, tick):
        if function is proof._certified_plan:
            raise JobFailed("No plan was found within 1 s.")
        return apart(function, *arguments, tick=tick)

    monkeypatch.setattr(proof, "apart", late)
    result = run(store, client=client, solver="HIGHS", seconds=30)
    assert len(result.tables[0].rows) == 1
    assert "No plan was found within 1 s" in result.headline[1]


def test_without_a_history_there_is_nothing_to_prove(store):
    with pytest.raises(InputError, match="Nothing to prove"):
        proof.STUDY.load(store, proof.Settings(client=1), lambda _done: None)


def test_a_run_is_told_by_the_client_s_name_and_not_by_the_plan_s_json(store, client):
    assert proof.STUDY.summary is not None
    first = people.client(store.db, 1)["name"]  # told for the default number, too
    assert (
        proof.STUDY.summary(store, proof.Settings())
        == f"{first}; the suggested plan; SCIP, at most 60 s each"
    )
    chosen = proof.Settings(client=client, solver="HIGHS", seconds=5, plan='{"horizon": 14}')
    assert proof.STUDY.summary(store, chosen) == "Ann; the plan as set on Step goals; HIGHS, at most 5 s each"
    assert "client 99" in proof.STUDY.summary(store, proof.Settings(client=99))
