"""Putting a plan in force, taking it back, and handing it out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from core.errors import Conflict, InputError, NotFound
from core.services import Store, exporting, moments
from core.services.goals.previewing import Preview
from core.services.goals.record import Record
from core.store import people, plans

LONGEST_REASON = 500
COLUMNS = (
    "client",
    "day",
    "goal",
    "expected steps",
    "chance within reach",
    "held by",
    "goal in force before",
)


def approve(store: Store, record: Record, made: Preview, *, reason: str, by: str) -> int:
    """Put a plan in force from its first day on; returns its id.

    Raises:
        InputError: for a reason that is too long.
        Conflict: where another plan came in force since the record was read, or its first day has passed.
    """
    return approve_all(store, [(record, made)], reason=reason, by=by)[0]


def approve_all(
    store: Store,
    chosen: Sequence[tuple[Record, Preview]],
    *,
    reason: str,
    by: str,
    now: datetime | None = None,
) -> list[int]:
    """Put several clients' plans in force, all or none; returns their ids.

    Raises:
        InputError, Conflict: as ``approve``; nothing is in force then.
    """
    reason = _reason(reason)
    made_plans = []
    with store.transaction():
        for record, made in chosen:
            client = record.client
            with store.change("approve plan", by=by, subject=f"client {client['id']}") as change:
                if made.starts_on <= moments.today(client["time_zone"], now or moments.now()):
                    raise Conflict(
                        f"The plan for {client['name']} would begin on a day that has begun. Open the page again."
                    )
                newest = plans.newest(change.db, [client["id"]]).get(client["id"])
                if newest != record.newest_plan:
                    raise Conflict(
                        f"Another plan for {client['name']} came in force meanwhile. Nothing was changed; "
                        "look at it first."
                    )
                plan_id = plans.add(
                    change.db,
                    client_id=client["id"],
                    starts_on=made.starts_on.isoformat(),
                    goals=[round(float(goal)) for goal in made.goals],
                    settings=made.settings.to_json(),
                    author=by,
                    reason=reason,
                )
                change.detail |= {"plan": plan_id, "reason": reason}
            made_plans.append(plan_id)
    return made_plans


def withdraw(store: Store, plan_id: int, *, reason: str, by: str, now: datetime | None = None) -> str:
    """Take a plan back; returns a sentence that says what holds now.

    A goal that has reached the client stays: today's and those of days past are kept, and the goals in force before the
    plan hold again from tomorrow on.

    Raises:
        NotFound: if there is no such plan.
        Conflict: if it was taken back already, or all its days have passed.
        InputError: for a reason that is too long.
    """
    reason = _reason(reason)
    with store.change("take back plan", by=by, subject=f"plan {plan_id}") as change:
        plan = plans.plan(change.db, plan_id)
        if plan is None:
            raise NotFound("There is no such plan.")
        client = people.client(change.db, plan["client_id"])
        change.subject = f"client {client['id']}"
        if plan["withdrawn_at"] is not None:
            raise Conflict(f"This plan was taken back already, by {plan['withdrawn_by']}.")
        today = moments.today(client["time_zone"], now or moments.now())
        from_day = max(plan["starts_on"], (today + timedelta(days=1)).isoformat())
        if from_day > plans.last_day(plan):
            raise Conflict("Every day of this plan has passed; there is nothing left to take back.")
        plans.withdraw(change.db, plan_id, from_day=from_day, author=by, reason=reason)
        change.detail |= {"plan": plan_id, "from": from_day, "reason": reason}
        left = plans.goals(change.db, client["id"], from_day, from_day)
        newer = any(
            other["id"] > plan_id
            and other["withdrawn_at"] is None
            and other["starts_on"] <= from_day <= plans.last_day(other)
            for other in plans.plans(change.db, client["id"])
        )
    begun = (
        ""
        if from_day == plan["starts_on"]
        else f" from {from_day} on; what it asked until then stays on record"
    )
    if newer:
        return f"The plan is taken back{begun}: the newer plan stays in force."
    rest = "the plan before it holds again" if left else "no plan is in force"
    return f"The plan is taken back{begun}: {rest}."


def export(store: Store, record: Record, made: Preview, *, by: str) -> tuple[str, str]:
    """A plan as CSV: the file's name and its text; the audit notes that it left."""
    client = record.client
    exporting.noted(
        store, "plan", subject=f"client {client['id']}", by=by, detail={"days": int(made.goals.size)}
    )
    name = exporting.file_name(
        "step goals", str(client["name"]), str(made.starts_on), synthetic=bool(client["synthetic"])
    )
    rows: list[list[Any]] = [
        [
            client["name"],
            day.isoformat(),
            round(float(made.goals[place])),
            round(float(made.expected[place])),
            None if made.chance is None else round(float(made.chance[place]), 3),
            made.binding[place],
            made.in_force[place],
        ]
        for place, day in enumerate(made.days)
    ]
    return f"{name}.csv", exporting.csv_text(COLUMNS, rows)


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON:
        raise InputError(f"A reason has at most {LONGEST_REASON} characters.")
    return reason
