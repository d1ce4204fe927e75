"""Links that open one client's page and nothing else, what the page shows, and messages to the trainer."""

import json
import stat
import string
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError, NotFound, TooMany
from core.services import Store, phones, rate, secret_files
from core.store import audit
from tests.phones import NOON, TODAY, cohort, walked


@pytest.fixture
def made(tmp_path):
    store, (first, second) = cohort(tmp_path / "data", ("Pacific/Auckland", "America/New_York"))
    yield store, first, second
    store.close()


def test_a_token_speaks_for_its_client_until_it_is_taken_back(made):
    store, first, second = made
    token = phones.create_link(store, first, by="Ana", now=NOON)
    other = phones.create_link(store, second, by="Ana", now=NOON)
    link = phones.find(store, token)
    assert (link.client_id, link.revoked) == (first, False)
    assert phones.links_of(store, first)[0]["token"] == token
    phones.revoke_link(store, second, link.link_id, by="Ana", now=NOON)  # not that client's: nothing happens
    assert not phones.find(store, token).revoked
    phones.revoke_link(store, first, link.link_id, by="Ana", now=NOON)
    assert phones.find(store, token).revoked
    assert phones.links_of(store, first)[0]["token"] == ""
    assert not phones.find(store, other).revoked


def test_a_token_that_was_altered_cut_or_made_elsewhere_speaks_for_nobody(made, tmp_path):
    store, first, _ = made
    token = phones.create_link(store, first, by="Ana", now=NOON)
    code, _, signature = token.rpartition(".")
    elsewhere, _ = cohort(tmp_path / "elsewhere")
    foreign = phones.create_link(elsewhere, 1, by="Ana", now=NOON)
    elsewhere.close()
    wrong = [
        "",
        ".",
        code,
        f"{code}.",
        f"{code}.{signature[:-1]}",
        f"{code[:-1]}.{signature}",
        f"{token}x",
        f"{token}=",
        *(token[:-1] + sign for sign in string.ascii_letters + string.digits if sign != token[-1]),
        foreign,
        "ü",
        "x" * 10_000,
    ]
    assert [phones.find(store, text) for text in wrong] == [None] * len(wrong)


def test_making_and_taking_back_are_audited_without_the_token(made):
    store, first, _ = made
    token = phones.create_link(store, first, by="Ana", now=NOON)
    phones.revoke_link(store, first, 1, by="Ana", now=NOON)
    phones.revoke_link(store, first, 1, by="Ana", now=NOON)
    rows = audit.recent(store.db, subject=f"client {first}")
    assert [row["action"] for row in rows] == ["revoke phone link", "create phone link"]
    assert token.split(".")[0] not in json.dumps(rows)
    with pytest.raises(NotFound):
        phones.create_link(store, 99, by="Ana", now=NOON)


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(made):
    store, first, _ = made
    token = phones.create_link(store, first, by="Ana", now=NOON)
    file = store.folder / "secrets" / "phone-links"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    again = Store(store.folder)
    assert phones.find(again, token) is not None
    again.close()
    assert file.read_text() not in store.path.read_bytes().decode("latin-1")
    assert [path.name for path in file.parent.iterdir()] == ["phone-links"]


def test_a_secret_is_replaced_and_removed(made):
    store, _, _ = made
    assert secret_files.read(store, "smtp-password") is None
    secret_files.write(store, "smtp-password", "one")
    secret_files.write(store, "smtp-password", "two")
    assert secret_files.read(store, "smtp-password") == "two"
    secret_files.write(store, "smtp-password", "")
    secret_files.write(store, "smtp-password", "")
    assert secret_files.read(store, "smtp-password") is None


def test_the_screen_shows_today_and_the_week_before_on_the_client_s_own_calendar(made):
    store, east, west = made
    for client in (east, west):
        walked(store, client, [1, 2, 3, 4, 5, 6, None, 8000, 300, 40], 5000, last=TODAY + timedelta(days=1))
    at = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)  # the 19th in Auckland, the 18th in New York
    shown = phones.screen(store, east, at)
    assert (str(shown.today.day), shown.today.steps, shown.today.goal) == ("2026-03-19", 40, 5000)
    assert [day.steps for day in shown.week] == [3, 4, 5, 6, None, 8000, 300]
    assert [day.met for day in shown.week] == [False, False, False, False, None, True, False]
    shown = phones.screen(store, west, at)
    assert (str(shown.today.day), shown.today.steps) == ("2026-03-18", 300)
    assert str(shown.week[0].day) == "2026-03-11"


def test_the_screen_of_a_client_without_anything_is_empty(made):
    store, first, _ = made
    shown = phones.screen(store, first, NOON)
    assert (shown.today.steps, shown.today.goal, shown.today.met) == (None, None, None)
    assert [day.steps for day in shown.week] == [None] * 7
    assert shown.sent == []


def test_a_use_is_noted_every_five_minutes(made):
    store, first, _ = made
    link = phones.find(store, phones.create_link(store, first, by="Ana", now=NOON))
    for minutes, noted in ((0, 0), (4, 0), (5, 5), (6, 5)):
        phones.used(store, link, NOON + timedelta(minutes=minutes))
        assert phones.links_of(store, first)[0]["last_used_at"] == f"2026-03-18T12:0{noted}:00.000Z"


def test_a_message_arrives_tidied_and_is_marked_as_read(made):
    store, first, second = made
    phones.send_message(store, first, "  Hello\r\nAna\x00\x1b[2J \ud800", NOON)
    (message,) = phones.messages_from(store, first)
    assert message["text"] == "Hello\nAna[2J ?"
    assert (phones.unread(store, first), phones.unread(store, second)) == (1, 0)
    assert phones.screen(store, first, NOON).sent[0]["read_at"] is None
    assert phones.mark_read(store, first, up_to=message["id"], by="Ana", now=NOON) == 1
    assert phones.mark_read(store, first, up_to=message["id"], by="Ana", now=NOON) == 0
    assert phones.unread(store, first) == 0
    actions = [(row["actor"], row["action"]) for row in audit.recent(store.db, 2, f"client {first}")]
    assert actions == [("Ana", "read messages"), ("client's phone", "send message to trainer")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one\ttwo\u00a0three\u3000four", "one two three four"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cروم", "می\u200cروم"),
        ("a\u202eb\u2066c\ufeffd\u200be", "abcde"),  # what turns text around, or cannot be seen
    ],
)
def test_spaces_stay_spaces_and_what_could_deceive_goes(text, kept):
    assert phones.tidy(text) == kept


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x07", "\u200d \u200d", "x" * 1001])
def test_a_message_that_is_empty_or_too_long_is_refused(made, text):
    store, first, _ = made
    with pytest.raises(InputError):
        phones.send_message(store, first, text, NOON)
    assert phones.messages_from(store, first) == []


def test_ten_messages_an_hour_are_taken(made):
    store, first, second = made
    for minute in range(10):
        phones.send_message(store, first, "x" * 1000, NOON + timedelta(minutes=minute))
    with pytest.raises(TooMany, match="in 51 min") as refused:
        phones.send_message(store, first, "one more", NOON + timedelta(minutes=9))
    assert refused.value.seconds == 51 * 60
    phones.send_message(store, second, "another client's", NOON + timedelta(minutes=9))
    phones.send_message(store, first, "one more", NOON + timedelta(minutes=60))


def test_a_clock_that_was_set_back_makes_nobody_wait(made):
    store, first, _ = made
    for _ in range(10):
        phones.send_message(store, first, "Hello", NOON + timedelta(days=30))
    phones.send_message(store, first, "and now", NOON)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        ("https://steps.example.org/", True),
        ("https://example.org:8443/spotter", True),
        ("http://127.0.0.1:8501", True),
        ("http://localhost", True),
        ("http://example.org", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://a b", False),
        ("https://user@example.org", False),
        ("https://example.org/?a", False),
        ("https://example.org:99999", False),
        ("https://[", False),
    ],
)
def test_the_address_for_phones_is_https_or_this_machine(made, text, good):
    store, _, _ = made
    if good:
        phones.set_address(store, text, by="Ana")
        assert phones.address(store) == text.rstrip("/")
    else:
        with pytest.raises(InputError):
            phones.set_address(store, text, by="Ana")


def test_a_bucket_gives_its_capacity_and_then_one_at_a_time():
    buckets = rate.TokenBuckets(3, 10.0)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 10.0]
    assert buckets.take("a", 4.0) == pytest.approx(6.0)
    assert buckets.take("a", 10.0) == 0
    assert buckets.take("a", 10.0) == pytest.approx(10.0)
    assert buckets.take("b", 10.0) == 0
    assert [buckets.take("a", 1000.0) for _ in range(4)] == [0, 0, 0, 10.0]
