"""A cohort, and a server that its messages leave by."""

import pytest

from core.services.outbox import settings
from tests.mailbox import LONG_AGO, Clock, Mailbox, email, serving
from tests.phones import cohort


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def server(mailbox):
    controller = serving(mailbox)
    yield controller
    mailbox.release.set()
    controller.stop()


@pytest.fixture
def store(tmp_path):
    made, _ = cohort(tmp_path / "data", ("UTC", "UTC"))
    yield made
    made.close()


@pytest.fixture
def by_mail(store, server):
    """Messages leave by the server, and have for long."""
    settings.save(store, email(server.port), by="Ana", now=LONG_AGO)
    return store
