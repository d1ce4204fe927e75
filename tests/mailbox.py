"""A clock that is set, and a real SMTP server that answers as it is told to."""
# ruff: noqa: ARG002, N802

import asyncio
import threading
from datetime import UTC, datetime, timedelta

from aiosmtpd.controller import Controller

from core.services.outbox.settings import Sending
from tests.browser.server import free_port

EIGHT = datetime(2026, 3, 18, 8, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self, at=EIGHT):
        self.at = at

    def __call__(self):
        return self.at

    def go_on(self, **time):
        self.at += timedelta(**time)


class Mailbox:
    """What a server does with mail: keeps it, and answers as it is told to.

    ``answers`` maps a command to what is said instead of 250; ``hold`` names one that waits for ``release``, and
    ``reached`` is set when it does. Each command takes ``slow`` seconds.
    """

    def __init__(self):
        self.mails = []
        self.answers = {}
        self.hold = ""
        self.slow = 0.0
        self.reached, self.release = threading.Event(), threading.Event()

    async def at(self, command):
        await asyncio.sleep(self.slow)
        if self.hold == command:
            self.reached.set()
            while not self.release.is_set():
                await asyncio.sleep(0.01)
        return self.answers.get(command)

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return await self.at("MAIL") or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return await self.at("RCPT") or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" not in self.answers:  # taken, before anything is said
            self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return await self.at("DATA") or "250 OK"


def serving(mailbox, port=None, **options):
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    return controller


def email(port, **more):
    given = {"channel": "email", "host": "127.0.0.1", "port": port, "security": "none"}
    return Sending(**{**given, "sender": "trainer@example.org", **more})
