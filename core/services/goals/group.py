"""Step goals of a whole cohort: who stands where, and one set of rules for all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from core.errors import InputError, JobFailed
from core.services import Store
from core.services.goals.fitting import Fit, fit
from core.services.goals.previewing import Preview, preview
from core.services.goals.record import Record
from core.services.goals.settings import PlanSettings
from core.store import exercises

WEEK = 7


@dataclass(frozen=True, slots=True)
class Standing:
    """One client's row.

    Attributes:
        record: what is on record.
        steps: mean count of the last seven days with one, None without any.
        met, counted: of the last seven days with a count and a goal, on how many the goal was met, and how many there
            are.
        goal_today: the goal in force today, None without one.
        planned_until: the last day with a planned goal, None without one.
    """

    record: Record
    steps: float | None
    met: int
    counted: int
    goal_today: int | None
    planned_until: date | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules make for one client: a fit and a preview, or why there is none."""

    record: Record
    fit: Fit | None
    preview: Preview | None
    why_not: str = ""


def standing(record: Record) -> Standing:
    """Where a client stands, from the record alone."""
    since = record.today - timedelta(days=WEEK)
    week = [day for day in record.days if since <= day.day < record.today]
    counts = [day.steps for day in week if day.steps is not None]
    judged = [day.met for day in week if day.met is not None]
    return Standing(
        record=record,
        steps=sum(counts) / len(counts) if counts else None,
        met=sum(judged),
        counted=len(judged),
        goal_today=record.planned.get(record.today),
        planned_until=max(record.planned, default=None),
    )


def last_count(store: Store, cohort_id: int) -> date | None:
    """The day of a cohort's newest step count, however long ago; None where nobody has one."""
    day = exercises.newest(store.db, cohort_id)[1]
    return date.fromisoformat(day) if day else None


def propose(
    records: Sequence[Record],
    settings: PlanSettings,
    *,
    untold: Callable[[Record], PlanSettings | None] = lambda _: None,
    progress: Callable[[float], None] = lambda _: None,
) -> Iterator[Proposal]:
    """The plan that one set of rules makes for each client; with an estimate each has the own estimated behaviour.

    Args:
        records: whose plans.
        settings: the rules for clients with an estimate.
        untold: the settings of a first week for a client without one, None for no plan. Who has goals ahead already
            is left to meet them.
        progress: told the share that is done.
    """
    rules = replace(settings, baseline=None, responsiveness=None, self_efficacy=None)
    for place, record in enumerate(records):
        progress(place / len(records))
        yield _proposal(record, rules) if record.history is not None else _first_week(record, untold(record))
    progress(1.0)


def _first_week(record: Record, settings: PlanSettings | None) -> Proposal:
    until = max(record.planned, default=record.today)
    if until > record.today:
        return Proposal(record, None, None, f"goals are in force until {until.day} {until:%B} already")
    if settings is None:
        return Proposal(record, None, None, record.why_not)
    try:
        return Proposal(record, None, preview(record, None, settings))
    except InputError as error:
        return Proposal(record, None, None, str(error))


def _proposal(record: Record, rules: PlanSettings) -> Proposal:
    if record.history is None:
        return Proposal(record, None, None, record.why_not)
    found = fit(record.history, rules.helplessness)
    try:
        return Proposal(record, found, preview(record, found, rules))
    except (
        InputError,
        JobFailed,
    ) as error:  # one client's program without an answer does not stop the others
        return Proposal(record, found, None, str(error))
