"""Real worker processes that send: killed in the middle, two at a time, and beside a long piece of a study."""

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.services import moments, outbox
from core.services.outbox import settings
from core.services.studies import running
from core.store import jobs
from core.store import outbox as rows
from tests.browser.server import free_port
from tests.mailbox import LONG_AGO, Mailbox, email, serving
from tests.phones import cohort, reachable, walked
from tests.toy_studies import STUDIES

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signal")


@pytest.fixture
def mailbox():
    made = Mailbox()
    yield made
    made.release.set()


@pytest.fixture
def server(mailbox):
    controller = serving(mailbox)
    yield controller
    mailbox.release.set()
    controller.stop()


@pytest.fixture
def store(tmp_path, server):
    made, clients = cohort(tmp_path / "data", ["UTC"] * 4)
    settings.save(made, email(server.port), by="Ana", now=LONG_AGO)
    for client in clients:
        reachable(made, client)
    yield made
    made.close()


def queue(store, clients, day="2026-03-18"):
    """A message for each, of a goal that is no other's."""
    now = moments.now()
    for client in clients:
        walked(store, client, [None], 1000 * client + int(day[-2:]), last=date.fromisoformat(day))
    with store.transaction() as db:
        for client in clients:
            rows.queue(
                db,
                client_id=client,
                kind="goal",
                day=day,
                key=f"key{client}-{day}",
                channel="email",
                address="client@example.org",
                subject="s",
                body="b",
                due_at=moments.stamp(now),
                next_at=moments.stamp(now),
            )


@contextmanager
def worker(store, name):
    options = ["--name", name, "--studies", "tests.toy_studies", "--post", "0.1", "--with-parent"]
    process = subprocess.Popen(
        [sys.executable, "-m", "core.worker", "--data", str(store.folder), *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def states(store):
    return rows.counts(store.db, "2000")


def later():
    return moments.now() + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("command", "mails", "state"), [("MAIL", 1, "sent"), ("RCPT", 1, "sent"), ("DATA", 1, "unknown")]
)
def test_a_worker_killed_while_it_sends_leaves_one_mail_and_never_two(store, mailbox, command, mails, state):
    queue(store, [1])
    mailbox.hold = command
    with worker(store, "killed"):
        assert mailbox.reached.wait(30)
    mailbox.hold = ""
    mailbox.release.set()
    for _ in range(2):
        outbox.turn(store, "next", later)
    assert len(mailbox.mails) == mails
    assert states(store) == {state: 1}


def test_workers_killed_at_random_moments_send_nothing_twice(store, mailbox):
    rng = np.random.default_rng(8)
    days = [f"2026-03-{day:02d}" for day in range(1, 31)]
    for day in days:
        queue(store, [1, 2, 3, 4], day=day)
    mailbox.slow = 0.01  # three commands a mail
    for _ in range(5):
        done = len(mailbox.mails)
        with worker(store, "killed"):
            until(lambda done=done: len(mailbox.mails) > done)
            time.sleep(rng.uniform(0.0, 0.15))
    mailbox.slow = 0.0
    outbox.turn(store, "next", later)
    by_state = states(store)
    assert set(by_state) <= {"sent", "unknown"}
    assert sum(by_state.values()) == 4 * len(days)
    subjects = Counter(text.split("Subject: ")[1].splitlines()[0] for _, text in mailbox.mails)
    assert set(subjects.values()) == {1}
    # Nothing that is called sent is missing, and all that is missing is called unknown.
    assert by_state["sent"] <= len(subjects) <= 4 * len(days)


def test_two_workers_send_every_message_once(store, mailbox):
    queue(store, [1, 2, 3, 4])
    with worker(store, "a"), worker(store, "b"):
        until(lambda: states(store) == {"sent": 4})
    assert len(mailbox.mails) == 4
    assert {row["attempts"] for client in (1, 2, 3, 4) for row in rows.of_client(store.db, client, 9)} == {1}


def test_a_message_leaves_while_the_worker_is_at_a_long_piece(store, mailbox):
    run = running.start(store, STUDIES, "toy", {"count": 1, "seconds": 30.0}, seed=1, by="Ana")
    with worker(store, "busy"):
        until(lambda: jobs.pieces(store.db, run)[0]["state"] == "running")
        queue(store, [1])
        until(lambda: len(mailbox.mails) == 1)
        assert jobs.pieces(store.db, run)[0]["state"] == "running"


def test_a_server_that_was_down_gets_the_message_when_it_is_up(store, mailbox):
    port = free_port()
    settings.save(store, email(port), by="Ana", now=LONG_AGO)
    queue(store, [1])
    with worker(store, "a"):
        until(lambda: states(store) == {"waiting": 1} and rows.of_client(store.db, 1, 1)[0]["attempts"] == 1)
        until(lambda: rows.of_client(store.db, 1, 1)[0]["error"] != "")
    again = serving(mailbox, port=port)
    outbox.turn(store, "next", later)
    again.stop()
    assert states(store) == {"sent": 1}
    assert len(mailbox.mails) == 1
