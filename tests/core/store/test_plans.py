"""Plans and the goal that holds on a day: newest first, taken back from a day on, and never changed."""

import sqlite3

import pytest

from core.store import people, plans, steps


@pytest.fixture
def client(store):
    with store.transaction() as db:
        cohort = people.add_cohort(db, "Own", source="test", synthetic=False)
        return people.add_clients(db, cohort, [{"reference": "a"}])["a"]


def planned(store, client, starts_on, goals):
    with store.transaction() as db:
        return plans.add(
            db, client_id=client, starts_on=starts_on, goals=goals, settings={}, author="Kim", reason=""
        )


def test_the_newest_plan_that_covers_a_day_holds(store, client):
    planned(store, client, "2026-03-01", [5000, 5100, 5200, 5300])
    planned(store, client, "2026-03-02", [6000, 6100])
    assert plans.goals(store.db, client, "2026-03-01", "2026-03-31") == {
        "2026-03-01": 5000,
        "2026-03-02": 6000,
        "2026-03-03": 6100,
        "2026-03-04": 5300,
    }
    assert plans.goals_from(store.db, [client], "2026-03-03") == {
        client: {"2026-03-03": 6100, "2026-03-04": 5300}
    }
    assert plans.newest(store.db, [client]) == {client: 2}
    assert plans.last_day(plans.plan(store.db, 1)) == "2026-03-04"


def test_a_plan_taken_back_holds_until_then_and_the_one_before_it_after(store, client):
    planned(store, client, "2026-03-01", [5000, 5100, 5200, 5300])
    newer = planned(store, client, "2026-03-01", [7000, 7100, 7200, 7300])
    with store.transaction() as db:
        plans.withdraw(db, newer, from_day="2026-03-03", author="Kim", reason="too much")
    assert list(plans.goals(store.db, client, "2026-03-01", "2026-03-09").values()) == [
        7000,
        7100,
        5200,
        5300,
    ]
    assert plans.plan(store.db, newer)["withdrawn_because"] == "too much"
    assert [plan["withdrawn_from"] for plan in plans.plans(store.db, client)] == ["2026-03-03", None]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE plans SET goals = '[1]'",
        "DELETE FROM plans",
        "INSERT OR REPLACE INTO plans SELECT * FROM plans",
        "UPDATE plan_withdrawals SET from_day = '2026-01-01'",
        "DELETE FROM plan_withdrawals",
        "INSERT OR REPLACE INTO plan_withdrawals SELECT * FROM plan_withdrawals",
    ],
)
def test_neither_a_plan_nor_its_end_changes_whatever_the_connection(store, client, change):
    number = planned(store, client, "2026-03-01", [5000])
    with store.transaction() as db:
        plans.withdraw(db, number, from_day="2026-03-01", author="Kim", reason="")
    bare = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="plan"):
        bare.execute(change)
    bare.close()


def test_the_goal_of_a_day_is_the_plans_else_the_one_that_came_with_the_count(store, client):
    with store.transaction() as db:
        steps.add(db, [(client, "2026-03-01", 8000, 7500), (client, "2026-03-02", 8000, 7500)])
        steps.add(db, [(client, "2026-03-03", None, 7500), (client, "2026-03-04", 0, 7500)])
    planned(store, client, "2026-03-02", [9000, 9100, 9200])
    assert steps.daily(store.db, client) == [
        {"day": "2026-03-01", "steps": 8000, "goal": 7500},
        {"day": "2026-03-02", "steps": 8000, "goal": 9000},
        {"day": "2026-03-03", "steps": None, "goal": 9100},
        {"day": "2026-03-04", "steps": 0, "goal": 9200},
    ]
    assert steps.daily_of(store.db, [client], "2026-03-02")[client] == steps.daily(store.db, client)[1:]
    assert steps.goals(store.db, client, "2026-03-01", "2026-03-04") == {
        "2026-03-01": 7500,
        "2026-03-02": 9000,
        "2026-03-03": 9100,
        "2026-03-04": 9200,
    }
    assert steps.goal_hits(store.db, [client], "2026-02-01", "2026-03-09") == {client: (2, 1)}
    assert steps.goal_hits(store.db, [client], "2026-02-01", "2026-03-02") == {client: (1, 1)}
