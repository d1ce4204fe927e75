"""The Phone part of the Client page, and Messages to clients on the Data page."""

import json
import shlex
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.services import contacts, moments, outbox, phones, secret_files
from core.services.outbox import settings
from core.store import outbox as rows
from tests.phones import cohort

ROOT = Path(__file__).parents[2]
APP = ROOT / "workbench" / "app.py"


@pytest.fixture
def made(tmp_path, monkeypatch):
    store, (first, second) = cohort(tmp_path / "data")
    monkeypatch.setenv("SPOTTER_DATA", str(store.folder))
    yield store, first, second
    store.close()


def client_page(client, section="Phone"):
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/client.py")
    app.query_params["client"], app.query_params["section"] = str(client), section
    app.run()
    assert not app.exception
    return app


def data_page():
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/data.py").run()
    assert not app.exception
    return app


def press(app, label, number=0):
    [button for button in app.button if button.label == label][number].click().run()
    assert not app.exception
    return app


def texts(app):
    kinds = (app.markdown, app.text, app.error, app.success, app.code, app.html)
    return "\n".join(str(part.value) for kind in kinds for part in kind)


def test_a_link_is_created_shown_and_taken_back(made):
    store, first, _ = made
    app = client_page(first)
    assert "Nothing else of Spotter can be reached with it" in texts(app)
    press(app, "Create a link")
    (link,) = phones.links_of(store, first)
    assert f"/phone/{link['token']}" in app.code[0].value
    assert "Spotter answers this machine only" in texts(app)
    [example] = [block.value for block in app.code if "curl" in block.value]
    assert shlex.split(example)[:2] == ["curl", "-X"]
    assert "--json" not in example  # only curl since 7.82 knows it
    assert json.loads(shlex.split(example)[-1])["steps"] == 5213
    assert f"Authorization: Bearer {link['token']}" in shlex.split(example)
    phones.set_address(store, "https://steps.example.org", by="Ana")
    app.run()
    assert app.code[0].value == f"https://steps.example.org/phone/{link['token']}"
    assert "must pass on `/phone/` and `/api/steps` and nothing else" in texts(app)
    press(app, "Take this link back")
    assert phones.find(store, link["token"]).revoked
    assert link["token"] not in texts(app)


def test_messages_are_noticed_in_the_header_and_marked_as_read(made):
    store, first, second = made
    phones.send_message(store, first, "**My knee** <b>hurts</b>", moments.now())
    app = client_page(first, section="Now")
    press(app, "1 new message")
    assert "**My knee** <b>hurts</b>" in [part.value for part in app.text]
    press(app, "Mark 1 new message as read")
    assert phones.unread(store, first) == 0
    assert "read by Ana" in texts(app)
    assert "1 new message" not in [button.label for button in app.button]
    assert "1 new message" not in [button.label for button in client_page(second).button]


def test_the_contact_is_saved_or_refused_with_a_sentence(made):
    store, first, _ = made
    app = client_page(first)
    next(box for box in app.checkbox if box.label.startswith("Wants")).check()
    press(app, "Save")
    assert "Give the e\\-mail address that messages go to" in texts(app)
    next(box for box in app.text_input if box.label == "E-mail address").set_value("nobody")
    press(app, "Save")
    assert "write it like `client@example.org`" in app.error[0].value  # a link would open a mail to nobody
    next(box for box in app.text_input if box.label == "E-mail address").set_value("c@example.org")
    next(box for box in app.selectbox if box.label == "Time zone").set_value("Asia/Tokyo")
    press(app, "Save")
    assert contacts.contact(store, first) == {
        "email": "c@example.org",
        "wants_messages": True,
        "time_zone": "Asia/Tokyo",
    }


def test_what_became_of_each_message_is_listed(made):
    store, first, _ = made
    now = moments.stamp(moments.now())
    with store.transaction() as db:
        for day, skipped in (("2026-03-17", "Not sent: too late."), ("2026-03-18", "")):
            rows.queue(
                db,
                client_id=first,
                kind="goal",
                day=day,
                key=day,
                channel="email",
                address="c@example.org",
                subject="Today's goal: 8,250 steps",
                body="b",
                due_at=now,
                next_at=now,
                skipped=skipped,
            )
    shown = texts(client_page(first))
    assert "Not sent: too late." in shown
    assert "8,250 steps" in shown


def test_sending_is_off_until_it_is_set_up_and_the_password_stays_out_of_the_database(made):
    store, _, _ = made
    app = data_page()
    assert "Nothing is sent to anybody." in texts(app)
    app.segmented_control(key="sending_channel").set_value("email").run()
    press(app, "Save")
    assert "Give the name of the SMTP server" in texts(app)
    boxes = {box.label: box for box in app.text_input}
    boxes["SMTP server"].set_value("smtp.example.org")
    boxes["Messages come from"].set_value("ana@example.org")
    boxes["User name"].set_value("ana")
    boxes["Password"].set_value("secret pass")
    press(app, "Save")
    assert "Messages leave: by e-mail (smtp)." in texts(app)
    kept = settings.read(store)
    assert (kept.channel, kept.host, kept.port, kept.security) == (
        "email",
        "smtp.example.org",
        587,
        "starttls",
    )
    assert secret_files.read(store, secret_files.SMTP_PASSWORD) == "secret pass"
    assert b"secret pass" not in b"".join(path.read_bytes() for path in store.folder.glob("spotter.sqlite3*"))
    assert "secret pass" not in texts(data_page())
    assert outbox.standing(store, moments.now()) == {}


def test_a_webhook_and_the_address_for_phones_are_set_up(made):
    store, _, _ = made
    app = data_page()
    app.segmented_control(key="sending_channel").set_value("webhook").run()
    next(box for box in app.text_input if box.label == "Address").set_value("https://example.org/goals")
    press(app, "Save")
    assert settings.read(store).url == "https://example.org/goals"
    assert settings.webhook_secret(store) in [part.value for part in app.code]
    box = next(box for box in app.text_input if box.label.startswith("Address at which"))
    box.set_value("http://example.org")
    press(app, "Save address")
    assert "with https" in texts(app)
    next(box for box in app.text_input if box.label.startswith("Address at which")).set_value(
        "https://steps.example.org/"
    )
    press(app, "Save address")
    assert phones.address(store) == "https://steps.example.org"
