"""How a client is reached, and when: the e-mail address, whether messages are wanted, and the time zone."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from core.errors import InputError
from core.services import Store
from core.services.moments import stamp
from core.services.outbox import settings
from core.store import contacts, people


def contact(store: Store, client_id: int) -> dict[str, Any]:
    """``email``, ``wants_messages`` and ``time_zone`` of a client.

    Raises:
        NotFound
    """
    zone = people.client(store.db, client_id)["time_zone"]
    return {**contacts.contact(store.db, client_id), "time_zone": zone}


def save(
    store: Store,
    client_id: int,
    *,
    email: str,
    wants_messages: bool,
    time_zone: str,
    by: str,
    now: datetime,
) -> None:
    """Set how a client is reached.

    Raises:
        InputError: for an address that is none, messages that could not reach the client, or an unknown time zone.
        NotFound
    """
    email = email.strip()
    before = contact(store, client_id)
    if email and not settings.is_email(email):
        raise InputError(f"“{email[:80]}” is no e-mail address; write it like client@example.org.")
    if wants_messages and not email and settings.read(store).channel != settings.WEBHOOK:
        raise InputError("Give the e-mail address that messages go to, or leave messages off.")
    if time_zone not in time_zones():
        raise InputError(f"“{time_zone[:80]}” is no time zone; choose one like Europe/Berlin.")
    given = {"email": email, "wants_messages": wants_messages, "time_zone": time_zone}
    if given == before:
        return
    with store.change("set contact", by=by, subject=f"client {client_id}") as change:
        # The address itself is not for the audit, which nothing is ever removed from.
        change.detail |= {
            "messages": "wanted" if wants_messages else "not wanted",
            "address": "set" if email else "none",
            "time zone": time_zone,
        }
        contacts.set_contact(change.db, client_id, email=email, wants_messages=wants_messages, at=stamp(now))
        contacts.set_time_zone(change.db, client_id, time_zone)


@cache
def time_zones() -> tuple[str, ...]:
    """Names of time zones, in order of the alphabet."""
    return tuple(sorted(available_timezones()))
