"""Each message once: by a real SMTP server and a real web server that answer well, badly, late and not at all."""

import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
import threading
from datetime import UTC, date, datetime, timedelta
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import AuthResult

from core.errors import InputError
from core.services import outbox as service
from core.services import secret_files
from core.services.goal_messages import Text
from core.services.outbox import planning, settings
from core.services.outbox.sending import send_waiting
from core.services.outbox.settings import Sending
from core.store import Store, audit, contacts, outbox
from tests.mailbox import EIGHT, LONG_AGO, Mailbox, email, serving
from tests.phones import reachable, walked


def goal_today(store, client=1, goal=8250, **contact):
    reachable(store, client, **contact)
    walked(store, client, [100], goal)


def state(store, client=1):
    row = outbox.of_client(store.db, client, 1)[0]
    return row["state"], row["attempts"], row["error"]


def read_mail(text):
    return message_from_string(text, policy=default)


def test_the_goal_arrives_once_and_readable(by_mail, mailbox, clock):
    goal_today(by_mail)
    assert service.turn(by_mail, "a", clock) == 1
    for _ in range(3):
        clock.go_on(minutes=5)
        assert service.turn(by_mail, "a", clock) == 0
    ((to, text),) = mailbox.mails
    mail = read_mail(text)
    assert to == ["client@example.org"]
    assert (mail["To"], mail["From"]) == ("client@example.org", "trainer@example.org")
    assert mail["Subject"] == "Today's goal: 8,250 steps"
    assert "your goal for today is 8,250 steps." in mail.get_content()
    row = outbox.of_client(by_mail.db, 1, 1)[0]
    assert mail["Message-ID"] == f"<{row['key']}@example.org>"
    assert (row["state"], row["attempts"], row["sent_at"]) == ("sent", 1, "2026-03-18T08:00:00.000Z")
    (trace,) = audit.recent(by_mail.db, 1, "client 1")
    assert (trace["actor"], trace["action"]) == ("system", "message to client: sent")
    assert service.standing(by_mail, clock()) == {"sent": 1}


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Sydney", date(2026, 4, 5)),
    ],
)
def test_mail_across_a_change_of_clocks_leaves_at_eight_and_at_eight_in_the_evening(
    by_mail, mailbox, clock, zone, change
):
    with by_mail.transaction() as db:
        contacts.set_time_zone(db, 1, zone)
    reachable(by_mail, 1)
    walked(by_mail, 1, [9000] * 3, 8250, last=change + timedelta(days=1))
    clock.at = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(hours=48)
    for _ in range(5 * 24 * 4):  # five days, looked at every quarter of an hour
        service.turn(by_mail, "a", clock)
        clock.go_on(minutes=15)
    sent = [read_mail(text)["Date"].datetime.astimezone(ZoneInfo(zone)) for _, text in mailbox.mails]
    days = [change + timedelta(days=offset) for offset in (-1, 0, 1)]
    assert [(moment.date(), moment.hour, moment.minute) for moment in sent] == [
        (day, hour, 0) for day in days for hour in (8, 20)
    ]
    subjects = [read_mail(text)["Subject"] for _, text in mailbox.mails]
    assert subjects == ["Today's goal: 8,250 steps", "Goal met: 9,000 steps today"] * 3


def test_a_text_with_dots_and_letters_of_all_kinds_arrives_as_it_is(by_mail, mailbox, clock, monkeypatch):
    with by_mail.transaction() as db:
        db.execute("UPDATE clients SET name = ? WHERE id = 1", ["Zoë\r\nBcc: x@y.z 你好"])
    goal_today(by_mail)
    planning.plan(by_mail, settings.read(by_mail), clock())
    body = outbox.of_client(by_mail.db, 1, 1)[0]["body"]
    text = Text("a\r\nBcc: x@y.z ü", f".\n..two\n{body}.\n")
    monkeypatch.setattr("core.services.outbox.sending.text_now", lambda *_: text)
    send_waiting(by_mail, "a", clock)
    mail = read_mail(mailbox.mails[0][1])
    assert mail["Bcc"] is None
    assert mail["Subject"] == "a Bcc: x@y.z ü"
    assert mail.get_content().splitlines() == [
        ".",
        "..two",
        "Good morning Zoë Bcc: x@y.z 你好,",
        "",
        "your goal for today is 8,250 steps.",
        ".",
    ]


def test_nothing_is_sent_unless_it_is_set_up(store, clock):
    goal_today(store)
    assert service.turn(store, "a", clock) == 0
    assert outbox.counts(store.db, "2000") == {}


def test_a_server_that_is_down_is_tried_again_with_growing_pauses(store, mailbox, clock):
    settings.save(store, email(1), by="Ana", now=LONG_AGO)  # nobody listens on port 1
    goal_today(store)
    tries = []
    for _ in range(40):
        before = state(store)[1] if outbox.counts(store.db, "2000") else 0
        service.turn(store, "a", clock)
        if state(store)[1] > before:
            tries.append(round((clock() - EIGHT).total_seconds() / 60))
        clock.go_on(minutes=1)
    assert tries == [0, 1, 3, 7, 15, 31]
    assert state(store)[:2] == ("waiting", 6)
    assert "127.0.0.1:1 cannot be reached" in state(store)[2]
    controller = serving(mailbox)
    settings.save(store, email(controller.port), by="Ana", now=clock())
    clock.go_on(minutes=30)
    service.turn(store, "a", clock)
    assert state(store) == ("sent", 7, "")
    assert len(mailbox.mails) == 1
    controller.stop()


@pytest.mark.parametrize(
    ("goal", "told"), [(5000, "your goal for today is 5,000 steps."), (None, "taken back")]
)
def test_a_goal_that_changed_while_the_server_was_down_is_not_told_as_it_was(
    by_mail, mailbox, clock, goal, told
):
    goal_today(by_mail)
    mailbox.answers = {"MAIL": "451 Later"}
    service.turn(by_mail, "a", clock)
    assert state(by_mail)[0] == "waiting"
    with by_mail.transaction() as db:
        db.execute("UPDATE steps SET goal = ?", [goal])
    mailbox.answers = {}
    clock.go_on(minutes=1)
    service.turn(by_mail, "a", clock)
    row = outbox.of_client(by_mail.db, 1, 1)[0]
    if goal is None:
        assert (row["state"], mailbox.mails) == ("skipped", [])
        assert told in row["error"]
    else:
        ((_, text),) = mailbox.mails
        assert told in read_mail(text).get_content()
        assert (row["state"], row["subject"]) == ("sent", "Today's goal: 5,000 steps")


def test_a_webhook_is_called_again_with_what_it_was_told_before(store, hook, clock):
    hook.answers = [503]
    service.turn(store, "a", clock)
    with store.transaction() as db:
        db.execute("UPDATE steps SET goal = 5000")
    clock.go_on(minutes=1)
    service.turn(store, "a", clock)
    assert [json.loads(body)["subject"] for _, body in hook.got] == ["Today's goal: 8,250 steps"] * 2


def test_two_hours_after_its_time_nothing_is_tried_any_more(store, clock):
    settings.save(store, email(1), by="Ana", now=LONG_AGO)
    goal_today(store)
    for _ in range(130):
        service.turn(store, "a", clock)
        clock.go_on(minutes=1)
    final, attempts, error = state(store)
    assert (final, attempts) == ("failed", 8)
    assert "No further try: it would be more than two hours late." in error


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "final"), [("451 Come back later", "sent"), ("550 Never heard of", "failed")]
)
def test_a_server_that_says_not_now_is_asked_again_and_one_that_says_no_is_not(
    by_mail, mailbox, clock, command, reply, final
):
    goal_today(by_mail)
    mailbox.answers = {command: reply}
    service.turn(by_mail, "a", clock)
    first, attempts, error = state(by_mail)
    assert (first, attempts) == ("waiting" if final == "sent" else "failed", 1)
    assert reply in error
    mailbox.answers = {}
    clock.go_on(minutes=1)
    service.turn(by_mail, "a", clock)
    assert state(by_mail)[0] == final
    assert len(mailbox.mails) == (final == "sent")


def test_two_workers_at_once_send_each_message_once(by_mail, mailbox, clock):
    for client in (1, 2):
        goal_today(by_mail, client, email=f"client{client}@example.org")
    walked(by_mail, 2, [9000], 8250)
    stores = [Store(by_mail.folder) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def work(number):
        start.wait()
        for _ in range(5):
            service.turn(stores[number], f"worker {number}", clock)
        stores[number].close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(to for (to,), _ in mailbox.mails) == ["client1@example.org", "client2@example.org"]
    assert outbox.counts(by_mail.db, "2000") == {"sent": 2}


def in_the_middle(store, mailbox, clock, command):
    """A sender that stands still in the middle of a command; returns its thread."""
    mailbox.hold = command
    other = Store(store.folder)

    def work():
        service.turn(other, "slow", clock)
        other.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert mailbox.reached.wait(20)
    return thread


def test_a_sender_that_stands_still_before_the_text_loses_the_message_to_another(by_mail, mailbox, clock):
    goal_today(by_mail)
    slow = in_the_middle(by_mail, mailbox, clock, "RCPT")
    assert service.turn(by_mail, "quick", clock) == 0  # it is leased
    mailbox.hold = ""
    clock.go_on(minutes=2)
    assert service.turn(by_mail, "quick", clock) == 1
    mailbox.release.set()
    slow.join()
    assert len(mailbox.mails) == 1
    assert state(by_mail)[:2] == ("sent", 2)


def test_a_sender_that_stands_still_after_the_text_is_not_helped_and_may_still_say_it_was_sent(
    by_mail, mailbox, clock
):
    goal_today(by_mail)
    slow = in_the_middle(by_mail, mailbox, clock, "DATA")
    mailbox.hold = ""
    clock.go_on(minutes=2)
    assert service.turn(by_mail, "quick", clock) == 0
    assert state(by_mail)[0] == "unknown"
    assert "it may have arrived, and is not sent again" in state(by_mail)[2]
    mailbox.release.set()
    slow.join()
    assert state(by_mail) == ("sent", 1, "")
    assert len(mailbox.mails) == 1


def test_a_connection_lost_after_the_text_is_told_and_nothing_sent_again(store, clock, monkeypatch):
    """A server that takes the text and goes without a word."""

    class Gone(Mailbox):
        async def handle_DATA(self, server, _session, envelope):  # noqa: N802
            self.mails.append(envelope.content)
            server.transport.abort()
            return "250 OK"

    mailbox = Gone()
    controller = serving(mailbox)
    settings.save(store, email(controller.port), by="Ana", now=LONG_AGO)
    goal_today(store)
    for _ in range(3):
        service.turn(store, "a", clock)
        clock.go_on(minutes=10)
    assert state(store)[:2] == ("unknown", 1)
    assert len(mailbox.mails) == 1
    controller.stop()


def test_what_was_switched_off_or_is_not_wanted_any_more_is_not_sent(by_mail, mailbox, clock):
    for client in (1, 2):
        goal_today(by_mail, client)
    planning.plan(by_mail, settings.read(by_mail), clock())
    with by_mail.transaction() as db:
        contacts.set_contact(db, 1, email="client@example.org", wants_messages=False, at="2026")
    send_waiting(by_mail, "a", clock)
    assert state(by_mail, 1)[0] == "skipped"
    assert "the client wants no messages any more" in state(by_mail, 1)[2]
    with by_mail.transaction() as db:
        db.execute("UPDATE outbox SET state = 'waiting', lease = NULL WHERE client_id = 2")
    settings.save(by_mail, Sending(), by="Ana", now=clock())
    service.turn(by_mail, "a", clock)
    assert "messages were switched off" in state(by_mail, 2)[2]
    assert len(mailbox.mails) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that vouches for itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, chain = folder / "key.pem", folder / "chain.pem"
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    )
    subprocess.run(
        [*request.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return SimpleNamespace(chain=chain, context=context)


def signing_in(server, session, envelope, mechanism, login):
    good = (login.login, login.password) == (b"ana", b"secret")
    return AuthResult(success=good, handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_signed_in_with_the_password_of_the_environment_or_the_file(
    store, mailbox, clock, certificate, monkeypatch, security
):
    tls = {"ssl_context": certificate.context}
    if security == "starttls":
        tls = {"tls_context": certificate.context, "require_starttls": True}
    controller = serving(
        mailbox, authenticator=signing_in, auth_required=True, auth_require_tls=security == "starttls", **tls
    )
    sending = email(controller.port, security=security, user="ana")
    settings.save(store, sending, by="Ana", now=LONG_AGO)
    goal_today(store)
    service.turn(store, "a", clock)
    assert state(store)[0] == "waiting"  # nobody vouches for the certificate
    assert "certificate verify failed" in state(store)[2]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))
    clock.go_on(minutes=1)
    service.turn(store, "a", clock)
    assert "does not accept the user name and password" in state(store)[2]
    secret_files.write(store, secret_files.SMTP_PASSWORD, "wrong")
    monkeypatch.setenv(settings.PASSWORD_VARIABLE, "secret")  # counts more than the file
    clock.go_on(minutes=2)
    service.turn(store, "a", clock)
    assert state(store) == ("sent", 3, "")
    assert len(mailbox.mails) == 1
    controller.stop()


def test_a_server_without_encryption_is_not_told_the_message(store, server, mailbox, clock):
    settings.save(store, email(server.port, security="starttls"), by="Ana", now=LONG_AGO)
    goal_today(store)
    service.turn(store, "a", clock)
    assert state(store)[0] == "waiting"
    assert "does not offer" in state(store)[2]
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "wrong",
    [
        email(25, host=""),
        email(25, host="smtp.example.org"),
        email(25, host="a b", security="tls"),
        email(0),
        email(25, sender="Ana <a@b.org>"),
        email(25, sender="a@b.org\nBcc: c@d.org"),
        email(25, security="rot13"),
        Sending(channel="pigeon"),
        Sending(channel="webhook", url="http://example.org"),
        Sending(channel="webhook", url="ftp://127.0.0.1"),
    ],
)
def test_settings_by_which_nothing_could_leave_are_refused(store, wrong):
    with pytest.raises(InputError):
        settings.save(store, wrong, by="Ana", now=EIGHT)
    assert settings.read(store) == Sending()


def test_since_when_messages_leave_is_kept_while_they_leave_the_same_way(store):
    first = settings.save(store, email(25), by="Ana", now=EIGHT)
    later = EIGHT + timedelta(hours=1)
    assert settings.save(store, email(26), by="Ana", now=later).since == first.since
    assert settings.save(store, Sending(), by="Ana", now=later).since == ""
    assert settings.save(store, email(26), by="Ana", now=later).since == "2026-03-18T09:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a@example.org", True),
        ("a.b+c@x-y.example.org", True),
        ("root@localhost", True),
        ("", False),
        ("a", False),
        ("a@", False),
        ("@b", False),
        ("a@b@c", False),
        ("a b@c.org", False),
        ("a@b..org", False),
        ("a@-b.org", False),
        ("a@b.org\n", False),
        ("<a@b.org>", False),
        ("ä@b.org", False),
        ("a" * 250 + "@b.org", False),
    ],
)
def test_an_address_is_a_plain_one(text, good):
    assert settings.is_email(text) is good


class Hook:
    """A web server that keeps what it gets, and answers with the next of ``answers``, then 200."""

    def __init__(self):
        self.got, self.answers = [], []
        self.broken_off = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((dict(self.headers), body))
                answer = hook.answers.pop(0) if hook.answers else 200
                if answer == "gone":
                    self.connection.close()
                    return
                if answer == "endless":
                    self.without_end()
                    return
                self.send_response(answer)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def without_end(self):
                self.close_connection = True
                self.send_response(200)
                self.end_headers()
                try:
                    for _ in range(100):
                        self.wfile.write(bytes(1 << 20))
                except OSError:
                    hook.broken_off.set()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.01])
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/goals?clinic=1"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def hook(store):
    made = Hook()
    settings.save(store, Sending(channel="webhook", url=made.url), by="Ana", now=LONG_AGO)
    goal_today(store, email="")
    yield made
    made.close()


def test_a_webhook_is_called_with_a_signature_and_the_message_s_own_key(store, hook, clock):
    service.turn(store, "a", clock)
    ((headers, body),) = hook.got
    row = outbox.of_client(store.db, 1, 1)[0]
    assert row["state"] == "sent"
    assert json.loads(body) == {
        "id": row["key"],
        "kind": "goal",
        "day": "2026-03-18",
        "client": "c0",
        "address": "",
        "subject": "Today's goal: 8,250 steps",
        "text": row["body"],
    }
    assert headers["Idempotency-Key"] == row["key"]
    moment, _, digest = headers["Spotter-Signature"].partition(",v1=")
    secret = settings.webhook_secret(store).encode()
    signed = moment.removeprefix("t=").encode() + b"." + body
    assert hmac.new(secret, signed, hashlib.sha256).hexdigest() == digest


@pytest.mark.parametrize(
    ("answer", "final", "calls"),
    [(503, "sent", 2), (429, "sent", 2), ("gone", "sent", 2), (400, "failed", 1), (302, "failed", 1)],
)
def test_a_webhook_that_fails_is_called_again_with_the_same_key_and_one_that_refuses_is_not(
    store, hook, clock, answer, final, calls
):
    hook.answers = [answer]
    for _ in range(3):
        service.turn(store, "a", clock)
        clock.go_on(minutes=1)
    assert state(store)[0] == final
    assert len(hook.got) == calls
    assert len({headers["Idempotency-Key"] for headers, _ in hook.got}) == 1


def test_a_webhook_whose_caller_was_stopped_is_called_again_with_the_same_key(store, hook, clock):
    planning.plan(store, settings.read(store), clock())
    until = "2026-03-18T08:01:00.000Z"
    with store.transaction() as db:
        row = outbox.claim(db, lease="dead", at="2026-03-18T08:00:00.000Z", until=until)
        assert outbox.begin(db, row["id"], lease="dead", at=until, until=until)
    clock.go_on(minutes=2)
    service.turn(store, "a", clock)
    assert state(store)[:2] == ("sent", 2)
    assert hook.got[0][0]["Idempotency-Key"] == row["key"]


def test_a_trial_message_leaves_the_same_way_or_says_why_not(store, server, mailbox):
    with pytest.raises(InputError, match="switched off"):
        service.send_trial(store, "ana@example.org", by="Ana", now=EIGHT)
    settings.save(store, email(server.port), by="Ana", now=LONG_AGO)
    with pytest.raises(InputError, match="is no e-mail address"):
        service.send_trial(store, "ana", by="Ana", now=EIGHT)
    service.send_trial(store, "ana@example.org", by="Ana", now=EIGHT)
    assert mailbox.mails[0][0] == ["ana@example.org"]
    mailbox.answers = {"RCPT": "550 Unknown"}
    with pytest.raises(InputError, match=r"did not leave\. .* refused the message: 550 Unknown"):
        service.send_trial(store, "ana@example.org", by="Ana", now=EIGHT)
    assert outbox.counts(store.db, "2000") == {}


def test_a_trial_by_webhook_is_signed_too(store, hook):
    service.send_trial(store, "", by="Ana", now=EIGHT)
    assert json.loads(hook.got[0][1])["kind"] == "trial"
    assert hook.got[0][0]["Spotter-Signature"].startswith("t=1773820800,v1=")
    assert "/goals" not in json.dumps(audit.recent(store.db))


def test_a_webhook_s_answer_is_not_read_and_one_on_this_machine_needs_no_proxy(
    store, hook, clock, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    hook.answers = ["endless"]
    service.turn(store, "a", clock)
    assert state(store)[0] == "sent"
    assert hook.broken_off.wait(20)


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".org"])
@pytest.mark.parametrize("channel", ["email", "webhook"])
def test_a_name_that_no_server_can_have_is_told(store, clock, channel, host):
    sending = email(25, host=host, security="tls")
    if channel == "webhook":
        sending = Sending(channel="webhook", url=f"https://{host}/")
    settings.save(store, sending, by="Ana", now=LONG_AGO)
    with pytest.raises(InputError, match="did not leave"):
        service.send_trial(store, "ana@example.org", by="Ana", now=EIGHT)
    goal_today(store)
    assert service.turn(store, "a", clock) == 1
    assert state(store)[0] == "waiting"
    assert host in state(store)[2] or channel == "webhook"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_that_smtp_cannot_carry_is_told_and_not_shown(store, mailbox):
    controller = serving(mailbox, authenticator=signing_in, auth_required=True, auth_require_tls=False)
    settings.save(store, email(controller.port, user="ana"), by="Ana", now=LONG_AGO)
    secret_files.write(store, secret_files.SMTP_PASSWORD, "sécret")
    with pytest.raises(InputError, match="other letters than ASCII") as told:
        service.send_trial(store, "ana@example.org", by="Ana", now=EIGHT)
    assert "é" not in str(told.value)
    controller.stop()
