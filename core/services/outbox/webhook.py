"""Sending by a webhook: a signed POST to an address of the clinic's, which passes the message on."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from core.services.outbox.carrying import Begin, Refused, Temporary
from core.services.outbox.settings import Sending

TIMEOUT = 20.0
AGAIN = frozenset({408, 425, 429})


def send(sending: Sending, secret: str, message: dict[str, Any], now: datetime, begin: Begin) -> None:
    """POST one message as JSON.

    The header ``Spotter-Signature`` is ``t=SECONDS,v1=HEX``, where HEX is the HMAC-SHA256 of ``SECONDS.BODY`` under the
    secret. ``Idempotency-Key`` is the message's own: a receiver that has met it does nothing and answers 200.

    Raises:
        Temporary: no answer, or 408, 425, 429 or 5xx.
        Refused: any other answer but 2xx.
        Lost: by ``begin``; nothing was sent.
    """
    import httpx

    body = json.dumps(
        {
            "id": message["key"],
            "kind": message["kind"],
            "day": message["day"],
            "client": message["reference"],
            "address": message["address"],
            "subject": message["subject"],
            "text": message["body"],
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message["key"],
        "Spotter-Signature": signature(secret, body, now),
    }
    begin()
    try:
        # An address with http is of this machine, which no proxy that the environment names can reach.
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=not sending.url.lower().startswith("http:")) as client,
            # The answer's body is of no interest, and not read: there may be no end to it.
            client.stream("POST", sending.url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last: a host's name that is none
        raise Temporary(
            f"The webhook gave no answer ({str(error)[:200] or type(error).__name__})."
        ) from error
    if httpx.codes.is_success(status):
        return
    if status in AGAIN or httpx.codes.is_server_error(status):
        raise Temporary(f"The webhook does not take the message now: {status}.")
    raise Refused(f"The webhook refused the message: {status}.")


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The value of ``Spotter-Signature``."""
    seconds = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
