"""What comes due when, in every time zone and across the days on which clocks are changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services import secret_files
from core.services.goal_messages import MORNING, evening, morning
from core.services.moments import at_local
from core.services.outbox import planning, settings
from core.services.outbox.settings import Sending
from core.store import contacts, outbox, plans, steps
from tests.phones import TODAY, cohort, reachable, walked

SENDING = Sending(channel="webhook", url="https://example.org", since="2020-01-01T00:00:00.000Z")


def at(text):
    return datetime.fromisoformat(text)


def rows(store, client=1):
    found = [
        (row["kind"], row["day"], row["due_at"], row["state"])
        for row in outbox.of_client(store.db, client, 99)
    ]
    return sorted(found, key=lambda row: row[2])


@pytest.mark.parametrize(
    ("zone", "day", "before", "on"),
    [
        ("Europe/Berlin", "2026-03-29", "07:00", "06:00"),
        ("Europe/Berlin", "2026-10-25", "06:00", "07:00"),
        ("America/New_York", "2026-03-08", "13:00", "12:00"),
        ("America/New_York", "2026-11-01", "12:00", "13:00"),
        ("Australia/Sydney", "2026-04-05", "21:00", "22:00"),
        ("Australia/Sydney", "2026-10-04", "22:00", "21:00"),
        ("America/Santiago", "2026-09-06", "12:00", "11:00"),
        ("Asia/Kathmandu", "2026-03-29", "02:15", "02:15"),
    ],
)
def test_across_a_change_of_clocks_each_day_has_one_message_at_eight_on_the_client_s_clock(
    tmp_path, zone, day, before, on
):
    store, (client, _) = cohort(tmp_path / "data", (zone, "UTC"))
    reachable(store, client)
    change = datetime.fromisoformat(day).date()
    walked(store, client, [9000] * 4, 8000, last=change + timedelta(days=2))
    begin = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(hours=30)
    last = None
    for quarter in range(4 * 72):  # three days, looked at every quarter of an hour
        moment = begin + timedelta(minutes=15 * quarter)
        planning.plan(store, SENDING, moment, last=last)
        last = moment
    found = {row[1]: row[2] for row in rows(store) if row[0] == "goal"}
    assert found[str(change - timedelta(days=1))][11:16] == before
    assert found[str(change)][11:16] == on
    local = [at(due).astimezone(planning.ZoneInfo(zone)) for due in found.values()]
    assert {(moment.hour, moment.minute) for moment in local} == {(8, 0)}
    evenings = [at(row[2]).astimezone(planning.ZoneInfo(zone)) for row in rows(store) if row[0] == "met"]
    assert {(moment.hour, moment.minute) for moment in evenings} == {(20, 0)}
    assert {row[3] for row in rows(store)} == {"waiting"}
    store.close()


@given(day=st.dates(datetime(2024, 1, 1).date(), datetime(2030, 12, 31).date()), zone=st.timezone_keys())  # noqa: DTZ001
def test_eight_o_clock_is_eight_o_clock_wherever_clocks_show_it(day, zone):
    moment = at_local(day, MORNING, zone)
    local = moment.astimezone(planning.ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == (day, 8, 0)


@pytest.fixture
def made(tmp_path):
    store, clients = cohort(tmp_path / "data", ("UTC", "Pacific/Auckland"))
    yield store, *clients
    store.close()


def test_nothing_is_due_before_eight_without_a_goal_or_unless_wanted(made):
    store, first, second = made
    walked(store, first, [0], 8000)
    assert planning.plan(store, SENDING, at("2026-03-18T09:00Z")) == 0
    reachable(store, first)
    reachable(store, second)
    assert planning.plan(store, SENDING, at("2026-03-18T07:59:59Z")) == 0
    assert planning.plan(store, Sending(), at("2026-03-18T08:00Z")) == 0
    assert planning.plan(store, SENDING, at("2026-03-18T08:00Z")) == 1
    assert planning.plan(store, SENDING, at("2026-03-18T08:00:01Z")) == 0
    assert rows(store) == [("goal", "2026-03-18", "2026-03-18T08:00:00.000Z", "waiting")]
    assert rows(store, second) == []


def test_the_plan_in_force_gives_the_goal_before_the_day_has_a_count(made):
    store, first, _ = made
    reachable(store, first)
    with store.transaction() as db:
        plans.add(
            db, client_id=first, starts_on=str(TODAY), goals=[7250], settings={}, author="Ana", reason=""
        )
    planning.plan(store, SENDING, at("2026-03-18T08:05Z"))
    assert outbox.of_client(store.db, first, 1)[0]["subject"] == "Today's goal: 7,250 steps"


def test_the_evening_s_message_goes_to_those_who_met_the_goal_until_ten(made):
    store, first, _ = made
    reachable(store, first)
    walked(store, first, [7999], 8000)
    last = None

    def plan(text):
        nonlocal last
        count = planning.plan(store, SENDING, at(text), last=last)
        last = at(text)
        return count

    assert plan("2026-03-18T08:00Z") == 1
    assert plan("2026-03-18T20:00Z") == 0
    with store.transaction() as db:
        steps.add(db, [(first, str(TODAY), 8000, None)])
    assert plan("2026-03-18T20:40Z") == 1
    (met,) = [row for row in outbox.of_client(store.db, first, 9) if row["kind"] == "met"]
    assert met["subject"] == "Goal met: 8,000 steps today"
    # Known only after ten: the client has gone to bed, and nothing went wrong that would have to be told.
    walked(store, first, [8000], 8000, last=TODAY + timedelta(days=1))
    with store.transaction() as db:
        db.execute("UPDATE steps SET steps = 100 WHERE day = '2026-03-19'")
    plan("2026-03-19T08:00Z")
    plan("2026-03-19T22:01Z")
    with store.transaction() as db:
        db.execute("UPDATE steps SET steps = 9000 WHERE day = '2026-03-19'")
    assert plan("2026-03-19T23:00Z") == 0
    assert [row[:2] for row in rows(store) if row[0] == "met"] == [("met", "2026-03-18")]


def test_what_a_sleeping_machine_missed_is_told_and_not_sent(made):
    store, first, second = made
    for client in (first, second):
        reachable(store, client)
        walked(store, client, [9000, 9000, 9000], 8000)
    asleep = at("2026-03-17T07:00Z")
    assert planning.plan(store, SENDING, at("2026-03-18T08:30Z"), last=asleep) == 2
    assert rows(store, first) == [
        ("goal", "2026-03-17", "2026-03-17T08:00:00.000Z", "skipped"),
        ("met", "2026-03-17", "2026-03-17T20:00:00.000Z", "skipped"),
        ("goal", "2026-03-18", "2026-03-18T08:00:00.000Z", "waiting"),
    ]
    assert rows(store, second)[-1] == ("met", "2026-03-18", "2026-03-18T07:00:00.000Z", "waiting")
    note = next(row for row in outbox.of_client(store.db, first, 9) if row["state"] == "skipped")["error"]
    assert note == "Not sent: Spotter was not running by 22:00, and two hours after its time nothing is sent."


def test_nothing_is_sent_or_told_of_the_time_before_it_was_switched_on(made):
    store, first, _ = made
    walked(store, first, [9000], 8000)
    with store.transaction() as db:
        contacts.set_contact(db, first, email="a@b.org", wants_messages=True, at="2026-03-18T08:30:00.000Z")
    assert planning.plan(store, SENDING, at("2026-03-18T08:40Z")) == 0
    reachable(store, first)
    later = settings.save(
        store, Sending(channel="webhook", url="https://example.org"), by="Ana", now=at("2026-03-18T08:30Z")
    )
    assert planning.plan(store, later, at("2026-03-18T12:00Z")) == 0
    assert planning.plan(store, later, at("2026-03-18T20:00Z")) == 1
    assert [row[0] for row in rows(store)] == ["met"]


def test_by_mail_a_client_without_an_address_gets_nothing(made):
    store, first, _ = made
    walked(store, first, [0], 8000)
    reachable(store, first, email="")
    mail = Sending(channel="email", since=SENDING.since)
    assert planning.plan(store, mail, at("2026-03-18T08:00Z")) == 0
    assert planning.plan(store, SENDING, at("2026-03-18T08:00Z")) == 1


def test_a_time_zone_that_changes_during_the_day_brings_no_second_message(made):
    store, first, _ = made
    reachable(store, first)
    walked(store, first, [0], 8000)
    assert planning.plan(store, SENDING, at("2026-03-18T08:00Z")) == 1
    with store.transaction() as db:
        contacts.set_time_zone(db, first, "America/New_York")
    assert planning.plan(store, SENDING, at("2026-03-18T12:00Z"), last=at("2026-03-18T11:59Z")) == 0


def test_a_synthetic_client_s_message_says_so(tmp_path):
    store, (client, _) = cohort(tmp_path / "data", synthetic=True)
    reachable(store, client)
    walked(store, client, [0], 8000)
    planning.plan(store, SENDING, at("2026-03-18T08:00Z"))
    (row,) = outbox.of_client(store.db, client, 9)
    assert row["subject"] == "[Synthetic] Today's goal: 8,000 steps"
    assert "no real person" in row["body"]
    store.close()


def test_the_texts_say_the_goal_and_the_count():
    assert morning(" Ana\nB ", 8250).body == "Good morning Ana B,\n\nyour goal for today is 8,250 steps.\n"
    said = evening("Ana", 8250, 12_345)
    assert said.subject == "Goal met: 12,345 steps today"
    assert "walked 12,345 steps today and met your goal of 8,250." in said.body


def test_a_time_zone_that_this_machine_does_not_know_leaves_the_others_their_messages(made):
    store, first, second = made
    for client in (first, second):
        reachable(store, client)
        walked(store, client, [0], 8000)
    with store.transaction() as db:
        db.execute("UPDATE clients SET time_zone = 'Mars/Olympus' WHERE id = ?", [second])
    assert planning.plan(store, SENDING, at("2026-03-18T08:00Z")) == 1
    assert rows(store, second) == []


def test_another_server_is_not_told_the_password_kept_for_the_one_before(made):
    store, _, _ = made
    mail = Sending(channel="email", host="mail.example.org", sender="a@example.org", user="a")
    settings.save(store, mail, by="Ana", now=at("2026-03-18T08:00Z"))
    secret_files.write(store, secret_files.SMTP_PASSWORD, "hidden")
    settings.save(store, replace(mail, sender="b@example.org"), by="Ana", now=at("2026-03-18T08:00Z"))
    assert secret_files.read(store, secret_files.SMTP_PASSWORD) == "hidden"
    settings.save(store, replace(mail, host="mail.example.com"), by="Ana", now=at("2026-03-18T08:00Z"))
    assert secret_files.read(store, secret_files.SMTP_PASSWORD) is None
