"""How messages leave: switched off, by an SMTP server, or by a webhook."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from core.errors import InputError
from core.services import Store, secret_files
from core.services.moments import stamp
from core.services.phones import secure_address
from core.store import people

KEY = "messages.sending"
OFF, EMAIL, WEBHOOK = "off", "email", "webhook"
CHANNELS = (OFF, EMAIL, WEBHOOK)
STARTTLS, TLS, NONE = "starttls", "tls", "none"
SECURITIES = (STARTTLS, TLS, NONE)
PASSWORD_VARIABLE = "SPOTTER_SMTP_PASSWORD"
HERE = ("localhost", "127.0.0.1", "::1")
# Deliberately narrow: what fits is an address, and nothing in it can break a header or a command.
_ADDRESS = re.compile(
    r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Sending:
    """The settings, but for the secrets, which stand in files of their own.

    Attributes:
        channel: one of ``CHANNELS``.
        security: one of ``SECURITIES``; ``none`` only with a server on this machine.
        since: when the channel was switched on; what was due before is not sent.
    """

    channel: str = OFF
    host: str = ""
    port: int = 587
    security: str = STARTTLS
    user: str = ""
    sender: str = ""
    url: str = ""
    since: str = ""


def read(store: Store) -> Sending:
    """The settings in force; off where nothing was set."""
    return Sending(**people.setting(store.db, KEY, {}))


def save(store: Store, sending: Sending, *, by: str, now: datetime) -> Sending:
    """Set how messages leave.

    Raises:
        InputError: if messages could not leave that way.
    """
    sending = replace(
        sending,
        host=sending.host.strip(),
        user=sending.user.strip(),
        sender=sending.sender.strip(),
        url=sending.url.strip(),
    )
    _check(sending)
    before = read(store)
    since = before.since if before.channel == sending.channel and before.since else stamp(now)
    sending = replace(sending, since="" if sending.channel == OFF else since)
    with store.change("set how messages are sent", by=by, subject="settings") as change:
        # Not the whole address of a webhook: there may be a secret in it.
        change.detail |= {
            "channel": sending.channel,
            "to": sending.host or urlsplit(sending.url).hostname or "",
        }
        people.set_setting(change.db, KEY, asdict(sending))
    if before.host and before.host != sending.host:
        secret_files.write(store, secret_files.SMTP_PASSWORD, "")  # another server must not be told it
    return sending


def password(store: Store, environment: Mapping[str, str] = os.environ) -> str:
    """The SMTP server's password: that of the environment, else the one kept in a file, else none."""
    return environment.get(PASSWORD_VARIABLE) or secret_files.read(store, secret_files.SMTP_PASSWORD) or ""


def webhook_secret(store: Store) -> str:
    """What the webhook's requests are signed with; made the first time."""
    return secret_files.read_or_make(store, secret_files.WEBHOOK)


def is_email(text: str) -> bool:
    """Whether a text is a plain e-mail address (ASCII, without a name or comments)."""
    return len(text) <= 254 and ".." not in text and _ADDRESS.fullmatch(text) is not None


def _check(sending: Sending) -> None:
    if sending.channel not in CHANNELS or sending.security not in SECURITIES:
        raise InputError(
            f"Messages leave by one of {', '.join(CHANNELS)}, secured by {', '.join(SECURITIES)}."
        )
    if sending.channel == EMAIL:
        if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", sending.host):
            raise InputError("Give the name of the SMTP server, like smtp.example.org.")
        if not 1 <= sending.port <= 65535:
            raise InputError(f"{sending.port} is no port: give a number from 1 to 65535.")
        if not is_email(sending.sender):
            raise InputError("Give the address that messages come from, like trainer@example.org.")
        if sending.security == NONE and sending.host not in HERE:
            raise InputError(
                "Without encryption anybody on the way could read the messages and the password. Choose STARTTLS or "
                "TLS; none is for a server on this machine."
            )
    if sending.channel == WEBHOOK and not secure_address(sending.url, query=True):
        raise InputError("The webhook's address begins with https:// (http:// for this machine only).")
