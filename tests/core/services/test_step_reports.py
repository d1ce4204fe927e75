"""Counts from phones: in any order, twice, corrected, and wrong in every way."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, InputError, SpotterError
from core.services import step_reports
from core.store import audit, steps
from core.store import step_reports as rows
from tests.phones import NOON, TODAY, cohort


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    store, clients = cohort(tmp_path_factory.mktemp("reports") / "data", ("Europe/Berlin", "UTC"))
    yield store, clients
    store.close()


@pytest.fixture
def emptied(made):
    empty(made[0])
    return made[0], made[1][0]


def empty(store):
    with store.transaction() as db:
        db.execute("DELETE FROM step_reports")
        db.execute("DELETE FROM steps")


def count(store, client, day=TODAY):
    return {row["day"]: row["steps"] for row in steps.daily(store.db, client)}.get(str(day))


def report(steps=5000, at="2026-03-18T11:00:00Z", day=TODAY, **more):
    return {"day": str(day), "steps": steps, "measured_at": at, **more}


def test_one_report_becomes_the_day_s_count(emptied):
    store, client = emptied
    taken = step_reports.take(store, client, report(), NOON)
    assert taken == step_reports.Taken(1, 0, {"2026-03-18": 5000})
    assert count(store, client) == 5000
    (row,) = audit.recent(store.db, 1, f"client {client}")
    assert (row["actor"], row["action"]) == ("client's phone", "report steps")


def test_a_report_sent_twice_changes_nothing_and_leaves_no_second_trace(emptied):
    store, client = emptied
    step_reports.take(store, client, report(report_key="k"), NOON)
    before = audit.head(store.db)
    again = step_reports.take(store, client, report(report_key="k"), NOON + timedelta(minutes=1))
    assert again == step_reports.Taken(0, 1, {"2026-03-18": 5000})
    assert audit.head(store.db) == before
    # The same moment written in another offset is the same report.
    step_reports.take(store, client, report(), NOON)
    same = step_reports.take(store, client, report(at="2026-03-18T12:00:00+01:00"), NOON)
    assert (same.taken, same.known) == (0, 1)


def test_a_key_with_another_content_is_a_conflict_and_nothing_is_taken(emptied):
    store, client = emptied
    step_reports.take(store, client, report(report_key="k"), NOON)
    with pytest.raises(Conflict, match="5000 steps on 2026-03-18"):
        step_reports.take(store, client, [report(7000, report_key="new"), report(6000, report_key="k")], NOON)
    with pytest.raises(Conflict):
        step_reports.take(store, client, [report(1, report_key="x"), report(2, report_key="x")], NOON)
    assert count(store, client) == 5000
    assert len(rows.of_day(store.db, client, str(TODAY))) == 1


def test_a_late_report_never_overwrites_one_measured_after_it(emptied):
    store, client = emptied
    step_reports.take(store, client, report(5000, "2026-03-18T11:00:00Z"), NOON)
    late = step_reports.take(store, client, report(9000, "2026-03-18T09:00:00Z"), NOON)
    assert late.days == {"2026-03-18": 5000}
    corrected = step_reports.take(store, client, report(4000, "2026-03-18T11:30:00Z"), NOON)
    assert corrected.days == {"2026-03-18": 4000}
    assert len(rows.of_day(store.db, client, str(TODAY))) == 3


def test_a_batch_is_taken_whole_or_not_at_all(emptied):
    store, client = emptied
    many = [report(100 * i, day=TODAY - timedelta(days=i)) for i in range(60)]
    with pytest.raises(InputError, match=r"^reports\[60\]: steps is a whole number"):
        step_reports.take(store, client, [*many, report(-1)], NOON)
    assert steps.daily(store.db, client) == []
    assert step_reports.take(store, client, many, NOON).taken == 60
    for wrong in ([], [report()] * 101):
        with pytest.raises(InputError, match="1 to 100 reports"):
            step_reports.take(store, client, wrong, NOON)


def test_the_future_begins_at_the_client_s_midnight(emptied):
    store, client = emptied
    late = datetime(2026, 3, 18, 23, 30, tzinfo=UTC)  # the 19th in Berlin
    tomorrow = report(10, "2026-03-18T23:20:00Z", TODAY + timedelta(days=1))
    step_reports.take(store, client, tomorrow, late)
    with pytest.raises(InputError, match="in the client's time zone, Europe/Berlin, it is 2026-03-18"):
        step_reports.take(store, client, {**tomorrow, "steps": 11}, NOON)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (None, "an object with day"),
        ("text", "an object with day"),
        ({}, "day is a date"),
        (report(day="18.03.2026"), "day is a date"),
        (report(day="2026-W12-3"), "day is a date"),
        (report(day="2026-02-30"), "day is a date"),
        ({**report(), "day": 20260318}, "day is a date"),
        (report(day=TODAY + timedelta(days=1)), "lies in the future"),
        (report(day=TODAY - timedelta(days=61)), "more than 60 days ago"),
        (report(200_001), "0 to 200,000"),
        (report(-1), "0 to 200,000"),
        (report(1.5), "0 to 200,000"),
        (report(True), "0 to 200,000"),
        (report("5000"), "0 to 200,000"),
        (report(None), "0 to 200,000"),
        (report(10**30), "0 to 200,000"),
        (report(at="2026-03-18T11:00:00"), "offset from UTC"),
        (report(at="2026-03-18"), "offset from UTC"),
        (report(at=1773831600), "offset from UTC"),
        (report(at="2026-03-18T12:11:00Z"), "measured_at lies in the future"),
        (report(at="2026-03-17T09:59:00Z"), "before 2026-03-18 began anywhere"),
        (report(at="0001-01-01T00:00:00+23:59"), "before 2026-03-18 began anywhere"),
        (report(at="9999-12-31T23:59:59-23:59"), "measured_at lies in the future"),
        (report(report_key=""), "report_key is"),
        (report(report_key="x" * 101), "report_key is"),
        (report(report_key="\ud800"), "report_key is"),
        (report(report_key=7), "report_key is"),
        (report(goal=3), "'goal' is no field"),
    ],
)
def test_what_cannot_be_a_count_is_refused_with_a_reason(emptied, wrong, told):
    store, client = emptied
    with pytest.raises(InputError, match=told):
        step_reports.take(store, client, wrong, NOON)
    assert steps.daily(store.db, client) == []


measured = st.integers(0, 30).map(lambda minutes: f"2026-03-18T11:{minutes:02d}:00Z")
reports = st.lists(
    st.builds(
        report,
        st.integers(0, 200_000),
        measured,
        st.integers(0, 3).map(lambda days: TODAY - timedelta(days=days)),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda item: (item["day"], item["measured_at"]),
)


@given(given_reports=reports, data=st.data())
def test_in_whatever_order_batches_and_repeats_they_come_the_last_measured_counts(made, given_reports, data):
    store, (client, _) = made
    empty(store)
    arriving = data.draw(
        st.permutations(given_reports + data.draw(st.lists(st.sampled_from(given_reports), max_size=6)))
    )
    cut = data.draw(st.integers(0, len(arriving)))
    for part in (arriving[:cut], arriving[cut:]):
        if part:
            step_reports.take(store, client, list(part), NOON)
    newest = {}
    for item in sorted(given_reports, key=lambda item: item["measured_at"]):
        newest[item["day"]] = item["steps"]
    assert {row["day"]: row["steps"] for row in steps.daily(store.db, client)} == newest
    assert store.db.execute("SELECT count(*) FROM step_reports").fetchone()[0] == len(given_reports)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "day": st.dates().map(str) | json_values,
        "steps": st.integers() | json_values,
        "measured_at": st.datetimes(timezones=st.timezones() | st.none()).map(
            lambda at: at.isoformat() if at else ""
        )
        | json_values,
        "report_key": st.text() | json_values,
    },
)


@given(anything=json_values | fields | st.lists(fields, max_size=3))
def test_anything_is_taken_or_refused_with_a_sentence(made, anything):
    store, (client, _) = made
    empty(store)
    refused = ""
    try:
        step_reports.take(store, client, anything, NOON)
    except SpotterError as error:
        refused = str(error)
    assert (steps.daily(store.db, client) == []) == refused.endswith(".")
