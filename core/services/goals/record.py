"""A client's days of steps and goals, and the stretch of them that a behaviour is estimated from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from core.calfit import GOAL_CAP
from core.calfit.behavior import Floats
from core.services import Store, moments
from core.services.days import Day
from core.store import people, plans, steps

HISTORY_DAYS = 70  # a habit of longer ago says little about tomorrow
LEAST_COUNTS = 7
STALE_DAYS = 7
NO_STEPS = "No steps on record in the last ten weeks. Import them, or give the client a link for the phone."
NO_GOALS = (
    "No goals in the last ten weeks, so nothing shows how this client answers one. "
    "Begin with a first week of goals."
)


@dataclass(frozen=True, slots=True)
class History:
    """What an estimate stands on: every day from ``first`` to the day before a plan begins.

    Attributes:
        first: the first day.
        steps: counts, NaN where there is none, shape (T,).
        goals: steps, shape (T,); a day without a goal has that of the day before it.
    """

    first: date
    steps: Floats
    goals: Floats

    @property
    def weekdays(self) -> np.ndarray:
        """Weekday of each day, 0 for Monday, shape (T,)."""
        return (self.first.weekday() + np.arange(self.steps.size)) % 7


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record about one client's steps.

    Attributes:
        client: the client's row.
        today: the client's own date.
        starts_on: the first day of a plan made now: tomorrow.
        days: recorded days up to today, oldest first; today's count may still grow.
        asked: the goals of plans that held, by day, from the first day that an estimate looks at.
        plans: every plan, newest first; empty where several clients are read at once.
        newest_plan: the id of the newest plan, or None.
        history: what an estimate can stand on, or None.
        why_not: without a history, why, and what to do.
        notes: sentences about what was assumed or looks odd.
    """

    client: Mapping[str, Any]
    today: date
    days: tuple[Day, ...]
    asked: Mapping[date, int]
    plans: tuple[Mapping[str, Any], ...]
    newest_plan: int | None
    history: History | None
    why_not: str
    notes: tuple[str, ...]

    @property
    def planned(self) -> dict[date, int]:
        """Goals in force from today on, by day."""
        return {day: goal for day, goal in self.asked.items() if day >= self.today}

    @property
    def starts_on(self) -> date:
        """The first day of a plan made now."""
        return self.today + timedelta(days=1)


def read(store: Store, client_id: int, *, now: datetime | None = None) -> Record:
    """A client's record as it stands.

    Raises:
        NotFound
    """
    client = people.client(store.db, client_id)
    rows = steps.daily(store.db, client_id)
    made = plans.plans(store.db, client_id)
    today = moments.today(client["time_zone"], now or moments.now())
    asked = plans.goals_from(store.db, [client_id], _first_looked_at(today).isoformat())
    return record(client, rows, made, made[0]["id"] if made else None, asked.get(client_id, {}), today)


def read_many(store: Store, cohort_id: int, *, now: datetime | None = None) -> list[Record]:
    """The records of a cohort's clients by name, each with the days that an estimate looks at; no plans."""
    rows = people.clients(store.db, cohort_id)
    ids = [row["id"] for row in rows]
    at = now or moments.now()
    around = moments.today("UTC", at)
    since = _first_looked_at(around - timedelta(days=1)).isoformat()  # nobody's date lies further back
    days = steps.daily_of(store.db, ids, since)
    asked = plans.goals_from(store.db, ids, since)
    newest = plans.newest(store.db, ids)
    return [
        record(
            row,
            days[row["id"]],
            [],
            newest.get(row["id"]),
            asked.get(row["id"], {}),
            moments.today(row["time_zone"], at),
        )
        for row in rows
    ]


def record(
    client: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    made: Sequence[Mapping[str, Any]],
    newest: int | None,
    asked: Mapping[str, int],
    today: date,
) -> Record:
    """The record that these rows of the store make on a date; ``asked`` holds the plans' goals by day."""
    days = tuple(
        # A day of no steps at all is a day on which the counter was not worn.
        Day(date.fromisoformat(row["day"]), row["steps"] or None, row["goal"])
        for row in rows
        if row["day"] <= today.isoformat()
    )
    wanted = {date.fromisoformat(day): goal for day, goal in asked.items()}
    history, why_not, notes = _history(days, wanted, today)
    return Record(client, today, days, wanted, tuple(made), newest, history, why_not, notes)


def _first_looked_at(today: date) -> date:
    """The day before the estimate's first, whose goal may still hold on it."""
    return today - timedelta(days=HISTORY_DAYS)


def _history(
    days: Sequence[Day], asked: Mapping[date, int], today: date
) -> tuple[History | None, str, tuple[str, ...]]:
    recorded = {day.day: day for day in days}
    before, earliest = _first_looked_at(today), _first_looked_at(today) + timedelta(days=1)
    goal = asked.get(before, recorded[before].goal if before in recorded else None)
    first = earliest if goal is not None else None
    counts, wanted, carried = [], [], 0
    for place in range(HISTORY_DAYS):
        when = earliest + timedelta(days=place)
        day = recorded.get(when)
        # A day without a row in the record, because nothing was counted, may still have a plan's goal.
        new = asked.get(when, day.goal if day else None)
        if first is None and new is None:
            continue
        first = first or when
        counted = day is not None and day.steps is not None and when < today  # today's count still grows
        carried += new is None and counted
        goal = goal if new is None else new
        counts.append(float(day.steps) if counted and day and day.steps else np.nan)
        wanted.append(float(min(goal or 0, GOAL_CAP)))
    if not any(day.steps is not None and day.day >= earliest for day in days):
        return None, NO_STEPS, ()
    begins = min((when for when in asked if when > today), default=None)
    if first is None and begins is not None:
        return (
            None,
            f"Goals are in force from {begins.day} {begins:%B} on, none before. An estimate needs {LEAST_COUNTS} days "
            "with a count and a goal.",
            (),
        )
    if first is None:
        return None, NO_GOALS, ()
    steps_counted = np.array(counts)
    known = int(np.isfinite(steps_counted).sum())
    if known < LEAST_COUNTS:
        return (
            None,
            f"Days with a count and a goal in the last ten weeks: {known}; an estimate needs {LEAST_COUNTS}.",
            (),
        )
    notes = []
    if carried:
        notes.append(
            f"Days with a count and no goal on record: {carried}; the goal before them was taken to hold on."
        )
    last = max(day.day for day in days if day.steps is not None)
    if (idle := (today - last).days) > STALE_DAYS:
        notes.append(f"The last count is {idle} days old: what is said about tomorrow rests on that time.")
    if (steps_counted >= GOAL_CAP).any():
        notes.append(
            f"Days of {GOAL_CAP:,} steps or more: {int((steps_counted >= GOAL_CAP).sum())}; the study excluded people"
            " who regularly walk so much, since no goal goes beyond it."
        )
    return History(first, steps_counted, np.array(wanted)), "", tuple(notes)
