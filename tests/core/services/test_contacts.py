"""How a client is reached: what is kept, what is refused, and what the audit may know of it."""

import json

import pytest

from core.errors import InputError, NotFound
from core.services import caseload, contacts, phones
from core.services.outbox import settings
from core.services.outbox.settings import Sending
from core.store import audit, status
from tests.phones import NOON, cohort


@pytest.fixture
def made(tmp_path):
    store, (first, second) = cohort(tmp_path / "data")
    yield store, first, second
    store.close()


def save(store, client, email="client@example.org", wants=True, zone="Europe/Berlin"):
    contacts.save(store, client, email=email, wants_messages=wants, time_zone=zone, by="Ana", now=NOON)


def test_what_was_set_stands_and_the_audit_does_not_know_the_address(made):
    store, first, second = made
    assert contacts.contact(store, first) == {"email": "", "wants_messages": False, "time_zone": "UTC"}
    save(store, first, email=" client@example.org ")
    assert contacts.contact(store, first) == {
        "email": "client@example.org",
        "wants_messages": True,
        "time_zone": "Europe/Berlin",
    }
    assert contacts.contact(store, second)["email"] == ""
    head = audit.head(store.db)
    save(store, first)
    assert audit.head(store.db) == head  # nothing changed
    assert "example.org" not in json.dumps(audit.recent(store.db))


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": ""},
        {"zone": "Mars/Base"},
        {"zone": ""},
        {"email": "a@b.org\nBcc: x@y.z"},
    ],
)
def test_what_could_not_reach_the_client_is_refused(made, wrong):
    store, first, _ = made
    with pytest.raises(InputError):
        save(store, first, **wrong)
    assert contacts.contact(store, first)["time_zone"] == "UTC"


def test_a_webhook_needs_no_address_and_a_client_must_exist(made):
    store, first, _ = made
    settings.save(store, Sending(channel="webhook", url="https://example.org"), by="Ana", now=NOON)
    save(store, first, email="")
    assert contacts.contact(store, first)["wants_messages"] is True
    with pytest.raises(NotFound):
        save(store, 99)


def test_the_caseload_says_who_has_written_and_shows_them_alone(made):
    store, first, second = made
    row = {"cohort_id": 1, "step": 0, "last_at": None, "recommendation_id": None, "margin": None}
    row |= {"p_value": None, "trend": [], "request_id": None, "goal_days": 0, "goal_hits": 0, "attention": 1}
    with store.transaction() as db:
        status.set_status(
            db,
            [{**row, "client_id": c, "name": f"Client {c}", "reason": "Idle"} for c in (first, second)],
        )
    phones.send_message(store, second, "Hello", NOON)
    shown = caseload.page(store, 1, only="new message")
    assert [(found["client_id"], found["reason"]) for found in shown.rows] == [
        (second, "1 new message · Idle")
    ]
    phones.send_message(store, second, "Hello again", NOON)
    reasons = [found["reason"] for found in caseload.page(store, 1, order="name").rows]
    assert reasons == ["Idle", "2 new messages · Idle"]
    phones.mark_read(store, second, up_to=99, by="Ana", now=NOON)
    assert caseload.page(store, 1, only="new message").total == 0


def test_a_client_who_has_written_comes_first_until_the_message_is_read(made):
    store, calm, asked = made
    row = {"cohort_id": 1, "step": 0, "last_at": None, "recommendation_id": None, "margin": None}
    row |= {"p_value": None, "trend": [], "request_id": None, "goal_days": 0, "goal_hits": 0, "reason": ""}
    with store.transaction() as db:
        status.set_status(
            db,
            [
                {**row, "client_id": calm, "name": "Calm", "attention": 0},
                {**row, "client_id": asked, "name": "Asked about", "attention": 3},
            ],
        )

    def seen() -> tuple[list[int], list[int], int]:
        everyone, due = (caseload.page(store, 1, only=only).rows for only in ("everyone", "needs attention"))
        ids = [[found["client_id"] for found in rows] for rows in (everyone, due)]
        return ids[0], ids[1], caseload.totals(store, 1)["attention"]

    assert seen() == ([asked, calm], [asked], 1)
    phones.send_message(store, calm, "My knee hurts", NOON)
    assert seen() == ([calm, asked], [calm, asked], 2)
    phones.mark_read(store, calm, up_to=99, by="Ana", now=NOON)
    assert seen() == ([asked, calm], [asked], 1)
