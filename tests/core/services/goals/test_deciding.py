"""A plan from its preview into force and back: immutable, first come first served, nothing of the past rewritten."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.errors import Conflict, InputError, NotFound
from core.services import goals
from core.services.goals.settings import PlanSettings
from core.store import audit, people, plans, steps

START = date.today() - timedelta(days=30)  # noqa: DTZ011 - UTC clients, and a day more or less is no matter


@pytest.fixture
def client(store):
    rng = np.random.default_rng(3)
    with store.transaction() as db:
        cohort = people.add_cohort(db, "Own", source="test", synthetic=False)
        key = people.add_clients(db, cohort, [{"reference": "a", "name": "=Ann"}])["a"]
        days = [(START + timedelta(days=place)).isoformat() for place in range(30)]
        steps.add(
            db, [(key, day, int(rng.integers(4000, 9000)), int(rng.integers(3000, 10000))) for day in days]
        )
    return key


def previewed(store, client, **settings):
    record = goals.read(store, client)
    fitted = goals.fit(record.history)
    return record, goals.preview(record, fitted, replace(goals.suggested(fitted), **settings))


def test_a_plan_approved_is_in_force_as_previewed_with_author_and_reason(store, client):
    record, made = previewed(store, client)
    key = goals.approve(store, record, made, reason="  first   plan ", by="Kim")
    after = goals.read(store, client)
    assert list(after.planned.values()) == [int(goal) for goal in made.goals]
    assert list(after.planned) == list(made.days)
    assert (after.plans[0]["author"], after.plans[0]["reason"]) == ("Kim", "first plan")
    assert PlanSettings.from_json(after.plans[0]["settings"]) == made.settings
    entry = audit.recent(store.db, 1, f"client {client}")[0]
    assert (entry["action"], entry["actor"], json.loads(entry["detail"])["plan"]) == (
        "approve plan",
        "Kim",
        key,
    )
    _, again = previewed(store, client)
    assert again.in_force == tuple(after.planned.values())
    assert set(again.difference) == {0}, "the same settings on the same record make the same goals"


def test_of_two_who_look_at_the_same_record_the_second_is_told(store, client):
    record, made = previewed(store, client)
    goals.approve(store, record, made, reason="", by="Kim")
    with pytest.raises(Conflict, match="meanwhile"):
        goals.approve(store, record, made, reason="", by="Ana")
    assert len(plans.plans(store.db, client)) == 1


def test_of_eight_at_once_one_plan_comes_in_force(store, client):
    record, made = previewed(store, client)

    def approve(name):
        try:
            return goals.approve(store, record, made, reason="", by=name)
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(approve, "ABCDEFGH"))
    assert sum(key is not None for key in keys) == 1
    assert [plan["id"] for plan in plans.plans(store.db, client)] == [key for key in keys if key]


def test_a_plan_looked_at_before_midnight_is_refused_after_it_wherever_the_client_is(store, client):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with store.transaction() as db:
            db["clients"].update(client, {"time_zone": zone})
        midnight = datetime(START.year, START.month, START.day, tzinfo=ZoneInfo(zone)) + timedelta(days=20)
        record = goals.read(store, client, now=midnight - timedelta(seconds=1))
        fitted = goals.fit(record.history)
        made = goals.preview(record, fitted, goals.suggested(fitted))
        assert made.starts_on == midnight.date()
        with pytest.raises(Conflict, match="has begun"):
            goals.approve_all(store, [(record, made)], reason="", by="Kim", now=midnight)
        at = midnight - timedelta(seconds=1)
        assert goals.approve_all(store, [(record, made)], reason="", by="Kim", now=at)


def test_a_plan_whose_first_day_has_begun_is_refused(store, client):
    record, made = previewed(store, client)
    late = datetime.combine(made.starts_on, datetime.min.time(), UTC) + timedelta(hours=5)
    with pytest.raises(Conflict, match="has begun"):
        goals.approve_all(store, [(record, made)], reason="", by="Kim", now=late)


def test_of_a_group_all_or_none(store, client):
    record, made = previewed(store, client)
    with pytest.raises(Conflict):
        goals.approve_all(store, [(record, made), (record, made)], reason="", by="Kim")
    assert plans.plans(store.db, client) == []


def test_taking_back_at_once_leaves_nothing_and_later_leaves_what_was_asked(store, client):
    record, made = previewed(store, client)
    first = goals.approve(store, record, made, reason="", by="Kim")
    assert "no plan is in force" in goals.withdraw(store, first, reason="oops", by="Kim")
    assert goals.read(store, client).planned == {}
    record, made = previewed(store, client)
    second = goals.approve(store, record, made, reason="", by="Kim")
    third_day = datetime.combine(made.starts_on + timedelta(days=2), datetime.min.time(), UTC)
    said = goals.withdraw(store, second, reason="ill", by="Ana", now=third_day)
    assert "stays on record" in said
    kept = plans.goals(store.db, client, "2000-01-01", "2100-01-01")
    assert list(kept) == [day.isoformat() for day in made.days[:3]]


def test_the_plan_before_holds_again(store, client):
    record, made = previewed(store, client)
    goals.approve(store, record, made, reason="", by="Kim")
    record, harder = previewed(store, client, challenge=1.0)
    second = goals.approve(store, record, harder, reason="", by="Kim")
    assert "the plan before it holds again" in goals.withdraw(store, second, reason="", by="Kim")
    assert list(goals.read(store, client).planned.values()) == [int(goal) for goal in made.goals]


def test_a_plan_under_a_newer_one_is_taken_back_without_a_change(store, client):
    record, made = previewed(store, client)
    first = goals.approve(store, record, made, reason="", by="Kim")
    record, harder = previewed(store, client, challenge=1.0)
    goals.approve(store, record, harder, reason="", by="Kim")
    assert "the newer plan stays in force" in goals.withdraw(store, first, reason="", by="Kim")
    assert list(goals.read(store, client).planned.values()) == [int(goal) for goal in harder.goals]


def test_what_cannot_be_taken_back_is_told(store, client):
    with pytest.raises(NotFound):
        goals.withdraw(store, 7, reason="", by="Kim")
    record, made = previewed(store, client)
    key = goals.approve(store, record, made, reason="", by="Kim")
    over = datetime.combine(made.days[-1], datetime.min.time(), UTC)
    with pytest.raises(Conflict, match="nothing left"):
        goals.withdraw(store, key, reason="", by="Kim", now=over)
    goals.withdraw(store, key, reason="", by="Kim")
    with pytest.raises(Conflict, match="already, by Kim"):
        goals.withdraw(store, key, reason="", by="Ana")
    with pytest.raises(InputError, match="500"):
        goals.approve(store, record, made, reason="x" * 501, by="Kim")


def test_an_export_is_safe_to_open_whole_and_noted(store, client):
    record, made = previewed(store, client)
    name, text = goals.export(store, record, made, by="Kim")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert name == f"step-goals-ann-{made.starts_on}.csv"
    assert {row["client"] for row in rows} == {"'=Ann"}
    assert [int(row["goal"]) for row in rows] == [int(goal) for goal in made.goals]
    assert [row["held by"] for row in rows] == list(made.binding)
    assert audit.recent(store.db, 1, f"client {client}")[0]["action"] == "export plan"
