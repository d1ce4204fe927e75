"""Sending by an SMTP server."""

import contextlib
import re
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from core.services.outbox.carrying import Begin, NotSent, Refused, Temporary, Unknown
from core.services.outbox.settings import STARTTLS, TLS, Sending

TIMEOUT = 20.0
LONGEST_REPLY = 200


def send(sending: Sending, password: str, message: dict[str, Any], now: datetime, begin: Begin) -> None:
    """Hand one message to the server.

    ``begin`` is called when the server is ready for the text, so that everything before can be tried again safely.

    Raises:
        Temporary: no connection, no sign-in, or a 4xx reply.
        Refused: a 5xx reply to the sender, the recipient or the text.
        Unknown: the connection was lost after the text had left.
        Lost: by ``begin``; the server takes nothing.
    """
    content = _content(sending, message, now)
    server = _connected(sending, password)
    try:
        try:
            _accepted(server.mail(sending.sender), 250)
            _accepted(server.rcpt(message["address"]), 250, 251)
            _accepted(server.docmd("DATA"), 354)
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(
                f"The SMTP server broke off before it took the message ({_words(error)})."
            ) from error
        begin()
        try:
            server.send(content)
            reply = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise Unknown(
                f"The connection to the SMTP server was lost while it took the message ({_words(error)}): it may have "
                "arrived, and is not sent again."
            ) from error
        _accepted(reply, 250)
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.putcmd("QUIT")  # its answer changes nothing, and is not waited for
        server.close()


def _connected(sending: Sending, password: str) -> smtplib.SMTP:
    where = f"{sending.host}:{sending.port}"
    # What a server is greeted with; by default smtplib asks the network for this machine's full name.
    options: dict[str, Any] = {"timeout": TIMEOUT, "local_hostname": sending.sender.rpartition("@")[2]}
    server: smtplib.SMTP | None = None
    try:
        if sending.security == TLS:
            server = smtplib.SMTP_SSL(
                sending.host, sending.port, context=ssl.create_default_context(), **options
            )
        else:
            server = smtplib.SMTP(sending.host, sending.port, **options)
        if sending.security == STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if sending.user:
            server.login(sending.user, password)
        server.ehlo_or_helo_if_needed()
    except smtplib.SMTPAuthenticationError as error:
        problem = f"{where} does not accept the user name and password ({_words(error)})."
    except smtplib.SMTPNotSupportedError as error:
        problem = f"{where} does not offer what the settings ask for ({_words(error)})."
    except ssl.SSLError as error:
        problem = f"The encrypted connection to {where} failed ({_words(error)})."
    except (smtplib.SMTPException, OSError) as error:
        problem = f"{where} cannot be reached ({_words(error)})."
    except UnicodeError:  # what it says could hold a part of the password
        problem = (
            f"{where} cannot be spoken to: the server's name is none, or the user name or the password has other "
            "letters than ASCII, which SMTP does not carry."
        )
    else:
        return server
    if server is not None:
        server.close()
    raise Temporary(problem)


def _accepted(reply: tuple[int, bytes], *wanted: int) -> None:
    code, text = reply
    if code in wanted:
        return
    words = f"{code} {text.decode('utf-8', 'replace')}"[:LONGEST_REPLY]
    problem: NotSent = (
        Refused(f"The SMTP server refused the message: {words}.")
        if 500 <= code <= 599
        else Temporary(f"The SMTP server does not take the message now: {words}.")
    )
    raise problem


def _content(sending: Sending, message: dict[str, Any], now: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sending.sender
    mail["To"] = message["address"]
    mail["Subject"] = " ".join(message["subject"].split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message['key']}@{sending.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message["body"], cte="quoted-printable")  # not every server takes eight bits
    return re.sub(rb"(?m)^\.", b"..", mail.as_bytes()).rstrip(b"\r\n") + b"\r\n.\r\n"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        return f"{error.smtp_code} {text}"[:LONGEST_REPLY]
    return (str(error) or type(error).__name__)[:LONGEST_REPLY]
