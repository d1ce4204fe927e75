"""What is due: at 08:00 the goal, to everyone who has one; at 20:00 a word to those who met it (Zhou et al. 2018)."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.services import Store, goal_messages
from core.services.goal_messages import EVENING, MORNING, Text
from core.services.moments import at_local, stamp, today
from core.services.outbox.settings import EMAIL, OFF, Sending
from core.store import contacts, outbox, people, steps

GOAL, MET = "goal", "met"
TIMES = {GOAL: MORNING, MET: EVENING}
LATE = timedelta(hours=2)
TOO_LATE = "Not sent: Spotter was not running by {until}, and two hours after its time nothing is sent."


def plan(store: Store, sending: Sending, now: datetime, *, last: datetime | None = None) -> int:
    """Queue what has come due, each message once; returns how many are to be sent.

    The evening's message is due as soon as the count reaches the goal, from 20:00 to 22:00. What was missed because
    nobody planned in the two hours after its time is kept as ``skipped``, so that it can be told.

    Args:
        last: when this was done before; None for never.
    """
    if sending.channel == OFF:
        return 0
    found = list(_due(store, sending, now, last))
    if not found:
        return 0
    count = 0
    with store.transaction() as db:
        for client, kind, day, due, text in found:
            late = now - due > LATE
            until = f"{(due + LATE).astimezone(ZoneInfo(client['time_zone'])):%H:%M}"
            queued = outbox.queue(
                db,
                client_id=client["id"],
                kind=kind,
                day=str(day),
                key=secrets.token_hex(16),
                channel=sending.channel,
                address=client["email"],
                subject=text.subject,
                body=text.body,
                due_at=stamp(due),
                next_at=stamp(now),
                skipped=TOO_LATE.format(until=until) if late else "",
            )
            count += queued is not None and not late
    return count


def text_now(store: Store, client_id: int, kind: str, day: str) -> Text | None:
    """What a message of that kind says as things stand; None where there is nothing to say any more."""
    return _text(store, people.client(store.db, client_id), kind, day)


def _due(
    store: Store, sending: Sending, now: datetime, last: datetime | None
) -> Iterator[tuple[dict[str, Any], str, date, datetime, Text]]:
    around = [str(now.date() + timedelta(days=offset)) for offset in range(-2, 3)]
    queued = outbox.queued(store.db, around)
    for client in contacts.wanting(store.db):
        if sending.channel == EMAIL and not client["email"]:
            continue
        try:
            current = today(client["time_zone"], now)
        except ZoneInfoNotFoundError:  # this machine's time zones changed: no reason to leave out everyone
            continue
        since = max(sending.since, client["since"])
        for day in (current - timedelta(days=1), current):
            for kind, clock in TIMES.items():
                due = at_local(day, clock, client["time_zone"])
                if due > now or stamp(due) < since or (client["id"], kind, str(day)) in queued:
                    continue
                if now - due > LATE and last is not None and last > due + LATE:
                    continue  # it was looked for in time, and there was none
                text = _text(store, client, kind, str(day))
                if text is not None:
                    yield client, kind, day, due, text


def _text(store: Store, client: dict[str, Any], kind: str, day: str) -> Text | None:
    goal = steps.goals(store.db, client["id"], day, day).get(day)
    if goal is None:
        return None
    synthetic = bool(client["synthetic"])
    if kind == GOAL:
        return goal_messages.morning(client["name"], goal, synthetic=synthetic)
    count = next(
        (
            row["steps"]
            for row in steps.daily_of(store.db, [client["id"]], day)[client["id"]]
            if row["day"] == day
        ),
        None,
    )
    if count is None or count < goal:
        return None
    return goal_messages.evening(client["name"], goal, count, synthetic=synthetic)
