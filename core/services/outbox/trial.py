"""A message to oneself, to see that the settings are right before 08:00 comes."""

import secrets
from datetime import datetime

from core.errors import InputError
from core.services import Store
from core.services.moments import stamp
from core.services.outbox import settings, smtp, webhook
from core.services.outbox.carrying import NotSent

SUBJECT = "Spotter can send messages"
BODY = "This is a trial. Messages to clients will leave the same way.\n"


def send_trial(store: Store, address: str, *, by: str, now: datetime) -> None:
    """Send a trial message by the settings in force.

    Raises:
        InputError: if the address is none, or the message did not leave; it says why.
    """
    sending = settings.read(store)
    address = address.strip()
    if sending.channel == settings.OFF:
        raise InputError("Messages are switched off. Choose how they leave, and save that first.")
    if sending.channel == settings.EMAIL and not settings.is_email(address):
        raise InputError(f"“{address[:80]}” is no e-mail address; write it like trainer@example.org.")
    message = {
        "key": secrets.token_hex(16),
        "kind": "trial",
        "day": stamp(now)[:10],
        "reference": "",
        "address": address,
        "subject": SUBJECT,
        "body": BODY,
    }
    try:
        if sending.channel == settings.EMAIL:
            smtp.send(sending, settings.password(store), message, now, _begin)
        else:
            webhook.send(sending, settings.webhook_secret(store), message, now, _begin)
    except NotSent as problem:
        raise InputError(f"The trial message did not leave. {problem}") from problem
    with store.change("send trial message", by=by, subject="settings") as change:
        change.detail["channel"] = sending.channel


def _begin() -> None:
    """Nobody else can have it: there is nothing to take note of."""
