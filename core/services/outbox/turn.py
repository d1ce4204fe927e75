"""One turn of the work that never ends: plan what has come due, send what waits."""

from collections.abc import Callable
from datetime import datetime, timedelta

from core.services import Store
from core.services.moments import read, stamp
from core.services.outbox import settings
from core.services.outbox.planning import plan
from core.services.outbox.sending import send_waiting
from core.store import people

PLANNED = "messages.planned_at"
PLAN_EVERY = timedelta(seconds=15)


def turn(
    store: Store, lease: str, now: Callable[[], datetime], *, going_on: Callable[[], bool] = lambda: True
) -> int:
    """Plan, if nobody did in the last seconds, and send; returns how many messages were taken up.

    Any number of processes may do this at once: one of them plans, and each message is sent by one.
    """
    sending = settings.read(store)
    if sending.channel != settings.OFF:
        _plan(store, sending, now())
    return send_waiting(store, lease, now, going_on=going_on)


def _plan(store: Store, sending: settings.Sending, now: datetime) -> None:
    if not _is_time(store, now)[0]:
        return
    with store.transaction() as db:
        mine, last = _is_time(store, now)
        if mine:
            people.set_setting(db, PLANNED, stamp(now))
    if mine:
        plan(store, sending, now, last=last)


def _is_time(store: Store, now: datetime) -> tuple[bool, datetime | None]:
    """Whether planning is due, and when it was done last. A time in the future is a clock that was set back."""
    text = people.setting(store.db, PLANNED, "")
    if not text:
        return True, None
    last = read(text)
    return not timedelta(0) <= now - last < PLAN_EVERY, last
