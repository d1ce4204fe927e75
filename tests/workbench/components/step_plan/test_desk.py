"""The desk answers each movement with a plan, in words and figures, or says why there is none."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.services import goals
from tests.phones import TODAY
from tests.walkers import ANSWERS, NO_GOALS, NO_STEPS, walkers
from workbench.components.step_plan import Desk, payload

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened, _ = walkers(tmp_path_factory.mktemp("desk") / "data", last=TODAY - timedelta(days=1))
    yield opened
    opened.close()


def open_desk(store, place):
    ids = [record.client["id"] for record in goals.read_many(store, 1, now=NOW)]
    record = goals.read(store, ids[place], now=NOW)
    fit = goals.fit(record.history) if record.history is not None else None
    return Desk.open(record, fit, user="Ana")


@pytest.fixture(scope="module")
def desk(store):
    return open_desk(store, ANSWERS)


def moved(desk, compare=False, **values):
    return desk.answer({"tab": "a", "serial": 3, "compare": compare, "values": values})


def test_the_first_answer_has_everything_that_the_browser_draws(desk):
    document = json.loads(json.dumps(desk.answer({})))
    assert document["echo"] == {"tab": None, "serial": 0}
    assert len(document["standing"]["past"]) == 28
    assert sum(day["steps"] is None for day in document["standing"]["past"]) == 3  # two not worn, and today
    assert document["standing"]["past"][-1]["today"]
    assert len(document["days"]) == 14
    assert document["days"][0]["day"] == "2026-03-19"
    assert all(0 <= day["chance"] <= 1 and 0 <= day["counted"] <= 1 for day in document["days"])
    assert all(day["low"] <= day["expected"] + 1 and day["before"] is None for day in document["days"])
    assert [week["label"] for week in document["weeks"]] == ["Week 1", "Week 2"]
    assert document["weeks"][0]["goals"] == sum(day["goal"] for day in document["days"][:7])
    assert [row["policy"] for row in document["comparison"]][:2] == ["calfit", "fixed 10,000"]
    assert "Simulated" in document["comparison_words"]
    assert document["summary"].startswith("14 days from Thu 19 Mar: ")
    assert "your goal for today is" in document["messages"][0]["text"]
    assert "synthetic" in document["messages"][1]["text"]
    assert document["error"] == ""


def test_a_movement_is_answered_with_its_number_and_its_values(desk):
    document = moved(desk, challenge=0.2, horizon=5)
    assert document["echo"] == {"tab": "a", "serial": 3}
    assert document["values"]["challenge"] == 0.2
    assert len(document["days"]) == 5
    assert document["comparison"] is None
    assert document["weeks"][0]["label"] == "5 days"


def test_what_no_slider_changes_is_sent_once(desk):
    standing = desk.answer({})["standing"]
    assert desk.answer({"standing": standing["id"], "values": {}})["standing"] is None
    assert desk.answer({"standing": "of an earlier reading", "values": {}})["standing"] == standing


def test_each_day_names_the_rule_that_holds_it(desk):
    held = [day["held"] for day in moved(desk, ramp=100, challenge=1.0)["days"]]
    assert "held by the ramp of 100" in held
    rested = moved(desk, rest_weekdays=[6])["days"]
    assert [day["held"] for day in rested if day["weekday"] == "Sun"] == ["rest day, at the baseline"] * 2
    by_hand = moved(desk, fixed={"2026-03-20": 4200})["days"][1]
    assert (by_hand["goal"], by_hand["held"]) == (4200, "fixed by hand")
    capped = moved(desk, cap=4000)["days"]
    assert {day["held"] for day in capped} == {"held by the cap of 4,000"}


def test_every_binding_has_words():
    settings = goals.PlanSettings(floor=3000, most_raises=2, ramp=100)
    for binding in payload.HELD:
        assert "None" not in payload.held(binding, settings)
        assert "κ" not in payload.held(binding, settings)
    assert "60th percentile" in payload.held("60th percentile", settings)


def test_a_parameter_that_is_surely_small_is_told_in_words(desk):
    draws = np.zeros_like(desk.fit.posterior.responsiveness)
    small = replace(desk.fit, posterior=replace(desk.fit.posterior, responsiveness=draws))
    hints = {spec["name"]: spec["hint"] for spec in payload.control_specs(small) if "hint" in spec}
    assert hints["responsiveness"] == "estimate under 50 (90\u00a0%)"
    assert "under 50" not in hints["baseline"]


def test_rules_that_clash_are_named_and_nothing_is_drawn(desk):
    document = moved(desk, floor=9000, cap=5000)
    assert desk.made is None
    assert "9,000" in document["error"]
    assert "5,000" in document["error"]
    assert document["values"]["floor"] == 9000
    assert "number" in moved(desk, challenge="x")["error"]


def test_a_simple_rule_can_be_the_plan_and_is_compared_with_the_behaviours(desk):
    document = moved(desk, compare=True, policy="fixed 10,000")
    assert {day["goal"] for day in document["days"]} == {10_000}
    rows = {row["policy"]: row for row in document["comparison"]}
    assert "sets goals by itself" in document["comparison_words"]
    assert rows["calfit"]["first"] != "10,000"
    assert rows["fixed 10,000"]["first"] == "10,000"


def test_the_words_say_which_rule_does_better():
    def row(name, steps, met):
        return goals.Compared(name, np.array([5000.0]), steps, steps - 10, steps + 10, met)

    words = payload.verdict([row("this plan", 7000, 0.5), row("60th percentile", 7300, 0.6)])
    assert "60th percentile of the last 10 days” gives 300 steps a day more" in words
    assert "most steps here, 7,000" in payload.verdict(
        [row("this plan", 7000, 0.5), row("up and down", 6000, 0.6)]
    )


def test_a_client_without_any_count_begins_with_a_run_in_week(store):
    document = open_desk(store, NO_STEPS).answer({})
    assert document["days"][0]["goal"] == 3000
    assert [row["policy"] for row in document["comparison"]] == [goals.RUN_IN, "calfit", "fixed 10,000"]


def test_a_client_whose_usual_steps_a_run_in_does_not_reach_begins_with_one_that_does(store):
    desk = open_desk(store, NO_GOALS)
    document = desk.answer({})
    assert {day["goal"] for day in document["days"]} == {6440}  # the 60th percentile, beyond the usual 6,300
    assert len(document["days"]) == 7
    assert "shows nothing" not in document["comparison_words"]
    easy = moved(desk, compare=True, policy=goals.RUN_IN)
    assert easy["days"][0]["goal"] == 3000
    assert easy["comparison_words"].startswith(
        "All of these goals lie below the usual 6,300 steps: meeting them shows nothing. "
        "Take “60th percentile of the last 10 days” instead."
    )
    assert document["days"][0]["chance"] is None
    policies = [row["policy"] for row in document["comparison"]]
    assert policies == [goals.RUN_IN, goals.STRETCH, "calfit", "fixed 10,000"]
    assert {row["steps"] for row in document["comparison"]} == {None}
    assert document["values"]["baseline"] == 6300  # the median of the counts, without an answer to goals
    assert document["values"]["responsiveness"] == 0
    assert "cannot be told yet" in document["standing"]["controls"][0]["hint"]


def test_a_first_week_is_not_the_rule_of_the_plans_after_it(store, desk):
    made = open_desk(store, NO_GOALS).plan({})
    plan = {"withdrawn_at": None, "settings": json.loads(json.dumps(made.settings.to_json()))}
    record = goals.read(store, desk.record.client["id"], now=NOW)
    begin = payload.begin(replace(record, plans=(plan,)), desk.fit)
    assert (begin.policy, begin.horizon) == ("calfit", 14)


def test_the_next_plan_begins_with_the_rules_of_the_one_in_force(store, desk):
    made = desk.plan({"rest_weekdays": [6], "challenge": 0.6})
    record = goals.read(store, desk.record.client["id"], now=NOW)
    plan = {"withdrawn_at": None, "settings": json.loads(json.dumps(made.settings.to_json()))}
    later = replace(record, plans=(plan,))
    begin = payload.begin(later, desk.fit)
    assert (begin.rest_weekdays, begin.challenge) == ((6,), 0.6)
    assert begin.baseline == desk.begin.baseline
    taken_back = replace(record, plans=({**plan, "withdrawn_at": "x"},))
    assert payload.begin(taken_back, desk.fit).challenge == 0.7
