"""What became of messages, for those who look after it."""

from datetime import datetime, timedelta
from typing import Any

from core.services import Store
from core.services.moments import stamp
from core.store import outbox


def log(store: Store, client_id: int, limit: int = 30) -> list[dict[str, Any]]:
    """Messages to a client, the latest due first: kind, day, subject, body, state, due, sent, error, attempts."""
    return outbox.of_client(store.db, client_id, limit)


def standing(store: Store, now: datetime) -> dict[str, int]:
    """How many messages of the last seven days are in each state."""
    return outbox.counts(store.db, stamp(now - timedelta(days=7)))
