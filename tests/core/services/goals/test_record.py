"""What of a client's days an estimate stands on: today's date is the client's, and nothing is made up."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from core.services import goals
from core.store import people, plans, steps

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
TODAY = date(2026, 6, 10)


@pytest.fixture
def client(store):
    return make_client(store, "Europe/Berlin")


def make_client(store, zone, reference="a"):
    with store.transaction() as db:
        found = [c["id"] for c in people.cohorts(db) if c["name"] == "Own"]
        cohort = found[0] if found else people.add_cohort(db, "Own", source="test", synthetic=False)
        return people.add_clients(db, cohort, [{"reference": reference, "time_zone": zone}])[reference]


def log(store, client, *rows):
    """Rows of (days ago, steps, goal)."""
    with store.transaction() as db:
        steps.add(
            db,
            [(client, (TODAY - timedelta(days=ago)).isoformat(), count, goal) for ago, count, goal in rows],
        )


def read(store, client, now=NOW):
    return goals.read(store, client, now=now)


def test_every_day_from_the_first_goal_to_yesterday_and_today_without_its_count(store, client):
    log(store, client, *[(ago, 5000 + ago, 6000) for ago in range(1, 11)], (0, 900, 6000))
    found = read(store, client)
    assert found.history.first == TODAY - timedelta(days=10)
    np.testing.assert_array_equal(found.history.steps, [5000 + ago for ago in range(10, 0, -1)] + [np.nan])
    np.testing.assert_array_equal(found.history.goals, [6000] * 11)
    assert found.history.weekdays[-1] == TODAY.weekday()
    assert found.starts_on == TODAY + timedelta(days=1)
    assert (found.why_not, found.notes) == ("", ())


def test_a_run_in_that_is_about_to_begin_is_named(store, client):
    log(store, client, *[(ago, 5000, None) for ago in range(1, 11)])
    assert "Begin with a first week of goals" in read(store, client).why_not
    record = read(store, client)
    goals.approve_all(
        store, [(record, goals.preview(record, None, goals.suggested(None)))], reason="", by="Ana", now=NOW
    )
    told = read(store, client).why_not
    assert "Goals are in force from 11 June on" in told
    assert "needs 7 days" in told
    assert "Begin with" not in told


def test_gaps_and_days_of_no_steps_are_missing_not_zero(store, client):
    log(store, client, *[(ago, 5000, 6000) for ago in range(3, 12)], (2, 0, 6000))
    history = read(store, client).history
    assert np.isnan(history.steps[-3:]).all()
    assert np.isfinite(history.steps[:-3]).all()


def test_a_goal_holds_on_until_there_is_another_and_that_is_said(store, client):
    log(store, client, *[(ago, 5000, None) for ago in range(1, 10)], (10, 5000, 6000), (5, 4000, 7000))
    found = read(store, client)
    assert list(found.history.goals) == [6000] * 5 + [7000] * 6
    assert "no goal on record" in found.notes[0]


def test_today_is_the_clients_own_date(store):
    night = datetime(2026, 6, 10, 23, tzinfo=UTC)
    assert read(store, make_client(store, "Pacific/Auckland"), night).today == date(2026, 6, 11)
    assert read(store, make_client(store, "America/Los_Angeles", "b"), night).today == date(2026, 6, 10)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "No steps on record"),
        ([(ago, 5000, None) for ago in range(1, 30)], "first week of goals"),
        ([(ago, 5000, 6000) for ago in range(1, 5)], "an estimate needs 7"),
        ([(ago, 5000, 6000) for ago in range(200, 240)], "No steps on record in the last ten weeks"),
        ([(ago, 5000, 6000 if ago > 75 else None) for ago in range(1, 90)], "No goals in the last"),
    ],
)
def test_without_enough_to_go_by_it_says_why(store, client, rows, said):
    log(store, client, *rows)
    found = read(store, client)
    assert found.history is None
    assert said in found.why_not


def test_old_counts_and_counts_beyond_any_goal_are_remarked_on(store, client):
    log(store, client, *[(ago, 21_000, 6000) for ago in range(9, 20)])
    notes = read(store, client).notes
    assert any("9 days old" in note for note in notes)
    assert any("20,000" in note for note in notes)


def test_the_plan_in_force_gives_the_goals_of_its_days(store, client):
    log(store, client, *[(ago, 5000, 6000) for ago in range(1, 12)])
    with store.transaction() as db:
        plans.add(
            db,
            client_id=client,
            starts_on=(TODAY - timedelta(days=1)).isoformat(),
            goals=[7000, 7100, 7200],
            settings={},
            author="Kim",
            reason="",
        )
    found = read(store, client)
    assert list(found.history.goals[-3:]) == [6000, 7000, 7100]
    assert found.planned == {TODAY: 7100, TODAY + timedelta(days=1): 7200}
    assert found.newest_plan == 1


def test_a_plans_goals_hold_on_days_that_nothing_was_counted_on(store, client):
    log(store, client, *[(ago, 5000, 6000) for ago in range(5, 12)])
    with store.transaction() as db:
        plans.add(
            db,
            client_id=client,
            starts_on=(TODAY - timedelta(days=4)).isoformat(),
            goals=[7000, 2000, 7200],
            settings={},
            author="Kim",
            reason="",
        )
    found = read(store, client)
    assert list(found.history.goals[-6:]) == [6000, 7000, 2000, 7200, 7200, 7200]
    assert np.isnan(found.history.steps[-5:]).all()
    together = goals.read_many(store, people.client(store.db, client)["cohort_id"], now=NOW)
    np.testing.assert_array_equal(together[0].history.goals, found.history.goals)


def test_a_goal_that_came_with_todays_count_holds_today(store, client):
    log(store, client, *[(ago, 5000, 6000) for ago in range(1, 9)], (0, 900, 8000))
    assert list(read(store, client).history.goals[-2:]) == [6000, 8000]


def test_a_goal_of_the_day_before_the_ten_weeks_holds_on(store, client):
    log(store, client, (70, 5000, 6000), *[(ago, 5000, None) for ago in range(1, 70)])
    found = read(store, client)
    assert (found.history.first, set(found.history.goals)) == (TODAY - timedelta(days=69), {6000})


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_many_at_once_reach_as_far_back_as_each_alone_wherever_they_are(store, zone):
    client = make_client(store, zone)
    log(store, client, *[(ago, 5000, 6000 if ago > 67 else None) for ago in range(-1, 90)])
    for hour in (0, 9, 10, 12, 23):
        now = NOW.replace(hour=hour)
        alone = read(store, client, now)
        [found] = goals.read_many(store, people.client(store.db, client)["cohort_id"], now=now)
        np.testing.assert_array_equal(found.history.goals, alone.history.goals)
        assert (found.history.first, found.today) == (alone.history.first, alone.today)


def test_many_at_once_are_what_each_is_alone(store, client):
    other = make_client(store, "America/New_York", "b")
    log(store, client, *[(ago, 5000 + ago, 6000) for ago in range(1, 90)])
    log(store, other, *[(ago, 4000 + ago, 5000) for ago in range(1, 20)])
    cohort = people.client(store.db, client)["cohort_id"]
    together = goals.read_many(store, cohort, now=NOW)
    assert len(together) == 2
    for found in together:
        alone = read(store, found.client["id"])
        np.testing.assert_array_equal(found.history.steps, alone.history.steps)
        np.testing.assert_array_equal(found.history.goals, alone.history.goals)
        assert (found.today, found.planned, found.newest_plan) == (
            alone.today,
            alone.planned,
            alone.newest_plan,
        )


def test_a_past_day_of_a_plan_without_a_count_keeps_its_goal(store, client):
    log(store, client, *[(ago, 5000, 6000) for ago in range(3, 12)])
    with store.transaction() as db:
        first = (TODAY - timedelta(days=2)).isoformat()
        plans.add(
            db,
            client_id=client,
            starts_on=first,
            goals=[7000, 7100, 7200],
            settings={},
            author="Kim",
            reason="",
        )
    found = read(store, client)
    assert found.asked[TODAY - timedelta(days=1)] == 7100
    assert found.planned == {TODAY: 7200}
