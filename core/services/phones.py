"""What a client has on the phone: a link that opens one page, today's goal and steps, and a word to the trainer."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer

from core.errors import InputError, TooMany
from core.services import Store, secret_files
from core.services.days import Day
from core.services.moments import read, stamp, today
from core.store import links, messages, people, steps

ADDRESS = "phone.address"
SALT = "spotter phone link"
ACTOR = "client's phone"
WEEK = 7
LONGEST_MESSAGE = 1000
MESSAGES_AN_HOUR = 10
OWN_SHOWN = 3
USED_EVERY = timedelta(minutes=5)
LONGEST_TOKEN = 200
JOINERS = "\u200c\u200d"
"""Invisible, but words in Persian and many a picture are written with them."""


@dataclass(frozen=True, slots=True)
class Link:
    """Who a token speaks for, and whether it was taken back."""

    link_id: int
    client_id: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """What the phone page shows.

    Attributes:
        today: the client's own date, with the steps so far.
        week: the seven days before, oldest first.
        sent: the client's newest messages, newest first: ``text``, ``at``, ``read_at``.
    """

    name: str
    time_zone: str
    synthetic: bool
    today: Day
    week: list[Day]
    sent: list[dict[str, Any]]


def create_link(store: Store, client_id: int, *, by: str, now: datetime) -> str:
    """Make a link to a client's phone page and return its token.

    Raises:
        NotFound: if there is no such client.
    """
    people.client(store.db, client_id)
    code = secrets.token_urlsafe(12)
    with store.change("create phone link", by=by, subject=f"client {client_id}") as change:
        change.detail["link"] = links.add(change.db, client_id, code=code, author=by, at=stamp(now))
    return _signer(store).sign(code).decode()


def revoke_link(store: Store, client_id: int, link_id: int, *, by: str, now: datetime) -> None:
    """Take a link back: whoever has it sees nothing any more. A link taken back before stays as it was."""
    with store.transaction() as db:
        if any(
            link["id"] == link_id and link["revoked_at"] is None for link in links.of_client(db, client_id)
        ):
            with store.change("revoke phone link", by=by, subject=f"client {client_id}") as change:
                change.detail["link"] = link_id
                links.revoke(change.db, link_id, by=by, at=stamp(now))


def links_of(store: Store, client_id: int) -> list[dict[str, Any]]:
    """A client's links, newest first, each with its ``token`` (empty for one that was taken back)."""
    signer = _signer(store)
    return [
        {**row, "token": "" if row["revoked_at"] else signer.sign(row["code"]).decode()}
        for row in links.of_client(store.db, client_id)
    ]


def find(store: Store, token: str) -> Link | None:
    """Who a token speaks for, looked up anew each time; None if it is not one of this workbench's."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    signer = _signer(store)
    try:
        code = signer.unsign(token).decode()
    except BadSignature:
        return None
    if signer.sign(code).decode() != token:  # Base64 has more than one way to write the same signature
        return None
    row = links.by_code(store.db, code)
    return Link(row["id"], row["client_id"], row["revoked_at"] is not None) if row else None


def used(store: Store, link: Link, now: datetime) -> None:
    """Note that a link was used, at most every five minutes."""
    row = next(row for row in links.of_client(store.db, link.client_id) if row["id"] == link.link_id)
    if row["last_used_at"] is None or now - read(row["last_used_at"]) >= USED_EVERY:
        with store.transaction() as db:
            links.used(db, link.link_id, stamp(now))


def screen(store: Store, client_id: int, now: datetime) -> Screen:
    """Read what a client's phone page shows: nothing that is not the client's own.

    Raises:
        NotFound: if there is no such client.
    """
    client = people.client(store.db, client_id)
    current = today(client["time_zone"], now)
    first = current - timedelta(days=WEEK)
    counts = {
        row["day"]: row["steps"] for row in steps.daily_of(store.db, [client_id], str(first))[client_id]
    }
    goals = steps.goals(store.db, client_id, str(first), str(current))
    days = [
        Day(day, counts.get(str(day)), goals.get(str(day)))
        for day in (first + timedelta(days=offset) for offset in range(WEEK + 1))
    ]
    return Screen(
        name=client["name"],
        time_zone=client["time_zone"],
        synthetic=bool(client["synthetic"]),
        today=days[-1],
        week=days[:-1],
        sent=[
            {key: row[key] for key in ("text", "at", "read_at")}
            for row in messages.of_client(store.db, client_id, OWN_SHOWN)
        ],
    )


def send_message(store: Store, client_id: int, text: str, now: datetime) -> None:
    """Take a client's message to the trainer.

    Raises:
        InputError: for an empty message or one of over ``LONGEST_MESSAGE`` characters.
        TooMany: after ``MESSAGES_AN_HOUR`` within an hour.
    """
    text = tidy(text)
    if not text.strip(f"{JOINERS} \n"):
        raise InputError("The message is empty. Write something first.")
    if len(text) > LONGEST_MESSAGE:
        raise InputError(
            f"The message has {len(text):,} characters; {LONGEST_MESSAGE:,} fit. Shorten it or send two."
        )
    with store.transaction() as db:
        since = messages.times_since(db, client_id, stamp(now - timedelta(hours=1)))
        recent = [at for at in since if at <= stamp(now)]  # a clock that was set back makes nobody wait
        if len(recent) >= MESSAGES_AN_HOUR:
            free = read(recent[-MESSAGES_AN_HOUR]) + timedelta(hours=1)
            seconds = max(1, round((free - now).total_seconds()))
            raise TooMany(
                f"{MESSAGES_AN_HOUR} messages within an hour have arrived; more are taken in "
                f"{-(-seconds // 60)} min.",
                seconds,
            )
        with store.change("send message to trainer", by=ACTOR, subject=f"client {client_id}") as change:
            change.detail["message"] = messages.add(change.db, client_id, text, stamp(now))


def tidy(text: str) -> str:
    """Text without control characters, with plain spaces and line feeds only, and without space around it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return "".join(filter(None, map(_tidy, text))).strip()


def _tidy(sign: str) -> str:
    if sign in JOINERS or sign == "\n" or sign.isprintable():
        return sign
    return " " if sign.isspace() else ""


def messages_from(store: Store, client_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """What a client wrote, newest first: ``id``, ``text``, ``at``, ``read_at``, ``read_by``."""
    return messages.of_client(store.db, client_id, limit)


def unread(store: Store, client_id: int) -> int:
    """How many of a client's messages nobody has marked as read."""
    return messages.unread(store.db, [client_id]).get(client_id, 0)


def mark_read(store: Store, client_id: int, *, up_to: int, by: str, now: datetime) -> int:
    """Mark what a client wrote up to a message as read; returns how many were not before."""
    with store.transaction() as db:
        count = messages.mark_read(db, client_id, up_to=up_to, by=by, at=stamp(now))
        if count:
            with store.change("read messages", by=by, subject=f"client {client_id}") as change:
                change.detail["messages"] = count
    return count


def address(store: Store) -> str:
    """Where phones reach the workbench, without a slash at the end; empty where none was set."""
    return str(people.setting(store.db, ADDRESS, ""))


def set_address(store: Store, text: str, *, by: str) -> None:
    """Set where phones reach the workbench; empty for nowhere but this machine.

    Raises:
        InputError: if it is no https address (http on this machine only).
    """
    text = text.strip().rstrip("/")
    if text and not secure_address(text):
        raise InputError(
            f"“{text[:80]}” cannot be used as the address: write it like https://steps.example.org, with https, "
            "as what goes through is about a person's health."
        )
    with store.change("set phone address", by=by, subject="settings") as change:
        change.detail["address"] = text
        people.set_setting(change.db, ADDRESS, text)


def secure_address(text: str, *, query: bool = False) -> bool:
    """Whether a text is an https address, or an http one on this machine; with ``query`` it may have one."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    here = host in ("localhost", "127.0.0.1", "::1")
    return bool(
        host
        and (parts.scheme == "https" or (parts.scheme == "http" and here))
        and (query or not parts.query)
        and not (parts.fragment or "@" in parts.netloc)
    )


def _signer(store: Store) -> Signer:
    secret = secret_files.read_or_make(store, secret_files.LINKS)
    return Signer(secret, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256)
