"""Links, messages, contacts, reports and the outbox as rows."""

import pytest

from core.store import contacts, exercises, links, messages, outbox, step_reports, steps
from tests.phones import cohort

AT, LATER, LAST = "2026-03-18T08:00:00.000Z", "2026-03-18T09:00:00.000Z", "2026-03-18T10:00:00.000Z"


@pytest.fixture
def made(tmp_path):
    store, (first, second) = cohort(tmp_path / "data")
    yield store, first, second
    store.close()


def queue(db, client, day="2026-03-18", **changed):
    given = {
        "kind": "goal",
        "key": f"key {client} {day} {changed.get('kind')}",
        "channel": "email",
        "address": "a@example.org",
        "subject": "s",
        "body": "b",
        "due_at": AT,
        "next_at": AT,
    }
    return outbox.queue(db, client_id=client, day=day, **{**given, **changed})


def test_a_link_is_found_by_its_code_and_taken_back_once(made):
    store, first, second = made
    with store.transaction() as db:
        link = links.add(db, first, code="abc", author="Ana", at=AT)
        assert links.by_code(db, "abc")["client_id"] == first
        assert links.by_code(db, "abd") is None
        assert links.of_client(db, second) == []
        assert links.revoke(db, link, by="Ana", at=LATER)
        assert not links.revoke(db, link, by="Bo", at=LAST)
        assert links.by_code(db, "abc")["revoked_by"] == "Ana"


def test_messages_are_unread_until_marked_up_to_the_one_that_was_seen(made):
    store, first, second = made
    with store.transaction() as db:
        seen = messages.add(db, first, "one", AT)
        messages.add(db, first, "two", LATER)
        assert messages.unread(db, [first, second]) == {first: 2}
        assert messages.mark_read(db, first, up_to=seen, by="Ana", at=LAST) == 1
        assert [row["read_by"] for row in messages.of_client(db, first, 5)] == [None, "Ana"]
        assert messages.mark_read(db, second, up_to=99, by="Ana", at=LAST) == 0


def test_the_report_measured_last_counts_and_the_goal_stays(made):
    store, first, _ = made
    with store.transaction() as db:
        steps.add(db, [(first, "2026-03-18", None, 8000)])
        for count, measured, key in ((500, LATER, "b"), (900, AT, "a"), (700, LATER, "c")):
            step_reports.add(
                db,
                first,
                day="2026-03-18",
                steps=count,
                measured_at=measured,
                received_at=LAST,
                key=key,
            )
            step_reports.settle(db, first, "2026-03-18")
        assert steps.daily(db, first) == [{"day": "2026-03-18", "steps": 700, "goal": 8000}]
        assert [row["steps"] for row in step_reports.of_day(db, first, "2026-03-18")] == [900, 500, 700]


@pytest.mark.parametrize(
    ("measured", "counts"), [("2020-01-01T00:00:00.000Z", 4000), ("2099-01-01T00:00:00.000Z", 500)]
)
def test_a_file_taken_in_after_the_report_was_measured_counts_more(made, measured, counts):
    store, first, _ = made
    with store.transaction() as db:
        imported = exercises.add_import(db, 1, kind="steps", path="p", sha256="0", row_count=1, actor="Ana")
        steps.add(db, [(first, "2026-03-18", 4000, 8000)], imported)
        step_reports.add(
            db, first, day="2026-03-18", steps=500, measured_at=measured, received_at=LAST, key="a"
        )
        assert step_reports.settle(db, first, "2026-03-18") == counts


def test_since_when_messages_are_wanted_is_kept_while_they_are(made):
    store, first, _ = made
    with store.transaction() as db:
        assert contacts.contact(db, first) == {"email": "", "wants_messages": False}
        for wants, at in ((True, AT), (True, LATER)):
            contacts.set_contact(db, first, email="x@example.org", wants_messages=wants, at=at)
        assert contacts.wanting(db)[0]["since"] == AT
        contacts.set_contact(db, first, email="x@example.org", wants_messages=False, at=LATER)
        assert contacts.wanting(db) == []
        contacts.set_contact(db, first, email="x@example.org", wants_messages=True, at=LAST)
        assert contacts.wanting(db)[0]["since"] == LAST


def test_a_message_of_a_kind_is_queued_once_a_day(made):
    store, first, second = made
    with store.transaction() as db:
        assert queue(db, first) is not None
        assert queue(db, first, key="other") is None
        assert queue(db, first, kind="met", skipped="too late") is not None
        assert queue(db, second) is not None
        assert outbox.queued(db, ["2026-03-18"]) == {
            (first, "goal", "2026-03-18"),
            (first, "met", "2026-03-18"),
            (second, "goal", "2026-03-18"),
        }
        assert outbox.counts(db, "2026") == {"waiting": 2, "skipped": 1}


def test_a_message_is_leased_to_one_and_ends_by_whoever_holds_it(made):
    store, first, _ = made
    with store.transaction() as db:
        queue(db, first)
        row = outbox.claim(db, lease="a", at=AT, until=LATER)
        assert row["attempts"] == 1
        assert outbox.claim(db, lease="b", at=AT, until=LATER) is None
        assert not outbox.begin(db, row["id"], lease="b", at=AT, until=LATER)
        assert outbox.begin(db, row["id"], lease="a", at=AT, until=LATER)
        end = {"error": "", "sent_at": LAST, "next_at": LAST}
        assert not outbox.end(db, row["id"], lease="b", state="sent", **end)
        assert outbox.end(db, row["id"], lease="a", state="sent", **end)
        assert not outbox.end(db, row["id"], lease="a", state="failed", **end)


def test_a_lease_that_ran_out_before_the_hand_over_is_another_s_and_after_it_is_told(made):
    store, first, _ = made
    with store.transaction() as db:
        queue(db, first)
        outbox.claim(db, lease="a", at=AT, until=AT)
        assert outbox.waiting(db, LATER)
        row = outbox.claim(db, lease="b", at=LATER, until=LATER)
        assert not outbox.begin(db, row["id"], lease="a", at=LATER, until=LAST)
        assert outbox.begin(db, row["id"], lease="b", at=LATER, until=LATER)
        assert outbox.claim(db, lease="c", at=LAST, until=LAST) is None
        assert outbox.waiting(db, LAST)
        assert [left["id"] for left in outbox.left(db, LAST)] == [row["id"]]
