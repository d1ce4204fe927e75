"""Taking waiting messages one by one, handing each over, and noting what became of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.services import Store
from core.services.moments import read, stamp
from core.services.outbox import settings, smtp, webhook
from core.services.outbox.carrying import Lost, Refused, Temporary, Unknown
from core.services.outbox.planning import LATE, text_now
from core.services.outbox.settings import EMAIL, OFF, WEBHOOK, Sending
from core.store import contacts, outbox

LEASE = timedelta(seconds=90)
"""Longer than a server may keep a connection waiting before the text, or after it."""
PAUSES = (1, 2, 4, 8, 16, 30)
"""Minutes before each further try; the last for all that follow."""
LEFT_WEBHOOK = "Spotter was stopped while it called the webhook; it is called again with the same key."
LEFT = "Spotter was stopped while it handed the message over: it may have arrived, and is not sent again."
CHANGED = "Not sent: the goal was taken back, or the count corrected, before it could leave."


def send_waiting(
    store: Store, lease: str, now: Callable[[], datetime], *, going_on: Callable[[], bool] = lambda: True
) -> int:
    """Send what waits, until nothing does; returns how many messages were taken up.

    Args:
        lease: this sender's own name.
        going_on: asked before each message.
    """
    count = 0
    while going_on() and outbox.waiting(store.db, stamp(now())):
        _tell_left(store, now())
        with store.transaction() as db:
            at = now()
            message = outbox.claim(db, lease=lease, at=stamp(at), until=stamp(at + LEASE))
        if message is None:
            break
        _send(store, lease, message, now)
        count += 1
    return count


def _send(store: Store, lease: str, message: dict[str, Any], now: Callable[[], datetime]) -> None:
    sending = settings.read(store)
    end = partial(_end, store, lease, message)
    if reason := _unwanted(store, sending, message, now()):
        end("skipped", now(), reason)
        return

    if message["channel"] == EMAIL or message["attempts"] == 1:  # a webhook's text may have arrived before
        text = text_now(store, message["client_id"], message["kind"], message["day"])
        if text is None:
            end("skipped", now(), CHANGED)
            return
        if (text.subject, text.body) != (message["subject"], message["body"]):
            with store.transaction() as db:
                outbox.reword(db, message["id"], lease=lease, subject=text.subject, body=text.body)
            message |= {"subject": text.subject, "body": text.body}

    def begin() -> None:
        at = now()
        with store.transaction() as db:
            if not outbox.begin(db, message["id"], lease=lease, at=stamp(at), until=stamp(at + LEASE)):
                raise Lost

    try:
        if message["channel"] == EMAIL:
            smtp.send(sending, settings.password(store), message, now(), begin)
        else:
            webhook.send(sending, settings.webhook_secret(store), message, now(), begin)
    except Lost:
        return
    except Temporary as problem:
        again = now() + timedelta(minutes=PAUSES[min(message["attempts"], len(PAUSES)) - 1])
        if again > read(message["due_at"]) + LATE:
            end("failed", now(), f"{problem} No further try: it would be more than two hours late.")
        else:
            end("waiting", now(), str(problem), again=again)
    except Refused as problem:
        end("failed", now(), str(problem))
    except Unknown as problem:
        end("unknown", now(), str(problem))
    else:
        end("sent", now())


def _unwanted(store: Store, sending: Sending, message: dict[str, Any], now: datetime) -> str:
    """Why a message that waits is not to be sent any more; empty if it is."""
    if sending.channel == OFF:
        return "Not sent: messages were switched off."
    if sending.channel != message["channel"]:
        return "Not sent: messages leave another way now."
    contact = contacts.contact(store.db, message["client_id"])
    if not contact["wants_messages"] or contact["email"] != message["address"]:
        return "Not sent: the client wants no messages any more, or is reached at another address."
    if now > read(message["due_at"]) + LATE:
        return f"Not sent: it was more than two hours late. {message['error']}".strip()
    return ""


def _end(
    store: Store,
    lease: str,
    message: dict[str, Any],
    state: str,
    now: datetime,
    error: str = "",
    *,
    again: datetime | None = None,
) -> None:
    with store.transaction() as db:
        ended = outbox.end(
            db,
            message["id"],
            lease=lease,
            state=state,
            error=error,
            sent_at=stamp(now) if state == "sent" else None,
            next_at=stamp(again or now),
        )
        if ended and again is None:
            action, subject = f"message to client: {state}", f"client {message['client_id']}"
            with store.change(action, by="system", subject=subject) as change:
                change.detail |= {key: message[key] for key in ("kind", "day", "channel")}


def _tell_left(store: Store, now: datetime) -> None:
    """Messages whose sender went in the middle: webhooks wait again, e-mails are told and not sent again."""
    for message in outbox.left(store.db, stamp(now)):
        if message["channel"] == WEBHOOK:
            _end(store, message["lease"], message, "waiting", now, LEFT_WEBHOOK, again=now)
        else:
            _end(store, message["lease"], message, "unknown", now, LEFT)
