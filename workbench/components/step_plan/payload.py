"""What the browser is told about a client's plan: days, words and figures ready to be shown."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.services import goal_messages
from core.services.goals import (
    CALFIT,
    RUN_IN,
    STRETCH,
    Compared,
    Fit,
    PlanSettings,
    Preview,
    Record,
    suggested,
    usual,
)
from workbench.components.step_plan import controls, values

Document = dict[str, Any]
Floats = NDArray[np.float64]

PAST_DAYS = 28
SMALL = 50  # steps; a parameter that is surely below is not told more exactly
WEEK = 7
THIS_PLAN = "this plan"
NAMES = {
    THIS_PLAN: "Plan from the client's behaviour",
    "fixed 10,000": "10,000 every day",
    STRETCH: "60th percentile of the last 10 days",
    "up and down": "Up or down by yesterday (DStress)",
    "weekday mean": "Mean of the weekday",
    RUN_IN: "Run-in week (3,000 rising to 6,000)",
}
OFFERED = (RUN_IN, STRETCH, CALFIT, "fixed 10,000")  # rules that need no estimate
BY_ITSELF = (
    "The rule chosen sets goals by itself: challenge, rise, rest days and further rules do not touch it."
)
NOT_COMPARED: Document = {"comparison": None, "comparison_words": ""}
HELD = {
    "capacity": "all that is within reach",
    "challenge": "some room kept for doubt",
    "cap": "held by the cap of {cap:,.0f}",
    "ramp": "held by the ramp of {ramp:,.0f}",
    "rounding": "held by rounding down to {round_to:,.0f}",
    "rest day": "rest day, at the baseline",
    "floor": "raised to the floor of {floor:,.0f}",
    "fixed": "fixed by hand",
    "weekly total": "set by the weekly total",
    "raises": "held by at most {most_raises} raises",
}


def begin(record: Record, fit: Fit | None) -> PlanSettings:
    """Settings to begin with: today's estimate, under the rules of the newest plan that was not taken back."""
    fresh = suggested(fit, record)
    for plan in record.plans:
        if plan["withdrawn_at"] is None:
            last = PlanSettings.from_json(plan["settings"])
            first_week = last.policy == RUN_IN or (last.policy == STRETCH and not last.responsiveness)
            if fit is None or first_week:
                break
            return replace(
                last,
                baseline=fresh.baseline,
                responsiveness=fresh.responsiveness,
                self_efficacy=fresh.self_efficacy,
                helplessness=fresh.helplessness,
                fixed=(),
            )
    return fresh


def control_specs(fit: Fit | None) -> list[controls.Spec]:
    """All controls, the behaviour's with the estimate and its 90 % interval."""
    return [*(_behaviour(fit, *row) for row in controls.BEHAVIOUR), *controls.rules()]


def past(record: Record) -> list[Document]:
    """The last four weeks, each day with its count and goal, None where there is none.

    They end today, or where the record ends if that is more than a week ago.
    """
    known = {day.day: day for day in record.days}
    counted = [day.day for day in record.days if day.steps is not None]
    last = counted[-1] if counted and (record.today - counted[-1]).days > WEEK else record.today
    rows = []
    for place in range(PAST_DAYS):
        when = last - timedelta(days=PAST_DAYS - 1 - place)
        day = known.get(when)
        goal = record.asked.get(when, day.goal if day else None)
        rows.append(
            {**_named(when), "steps": day.steps if day else None, "goal": goal, "today": when == record.today}
        )
    return rows if counted else []


def standing(record: Record, fit: Fit | None, *, user: str) -> Document:
    """What stays as it is while sliders move; another reading of the record has another ``id``."""
    first = record.starts_on
    return {
        "id": uuid.uuid4().hex,
        "start": values.of(suggested(fit, record), first),
        "controls": control_specs(fit),
        "past": past(record),
        "turn": _turn(record),
        "by": f"Approved as {user}, in force from {day_words(first)}. A plan in force never changes: "
        "a new one takes its place.",
    }


def moving(record: Record, made: Preview | None, *, error: str = "") -> Document:
    """What changes with every movement; ``error`` says why there is no ``made``."""
    told: Document = {
        "error": error,
        "days": [],
        "weeks": [],
        "messages": [],
        "summary": "",
        "alt": "",
    }
    if made is not None:
        summary = in_words(made)
        told |= {
            "days": _days(made),
            "weeks": _weeks(made),
            "messages": _messages(record, made),
            "summary": summary,
            "alt": f"{_past_in_words(record)} {summary} The table day by day has the same figures.",
        }
    return told


def in_words(made: Preview) -> str:
    """The plan in a sentence or two."""
    goals = [round(float(goal)) for goal in made.goals]
    days = "1 day" if len(goals) == 1 else f"{len(goals)} days"
    low, high = min(goals), max(goals)
    asked = f"{low:,} steps a day" if low == high else f"{low:,} to {high:,} steps a day"
    words = f"{days} from {day_words(made.starts_on)}: {asked}"
    if len(goals) >= WEEK:
        words += f", {sum(goals[:WEEK]):,} in the first week"
    known = [difference for difference in made.difference if difference is not None]
    if known:
        mean = sum(known) / len(known)
        words += f"; {mean:+,.0f} a day against the plan in force" if any(known) else ", as in force now"
    if made.chance is not None and made.chance_counted is not None:
        words += (
            f". A goal is within reach with {made.chance.mean():.0%} on average; the count is expected to get there on"
            f" {made.chance_counted.sum():.1f} of {len(goals)} days"
        )
    return f"{words}.".replace("%", "\u00a0%").replace("-", "\u2212")


def day_words(day: date) -> str:
    """A day as people write it: ``Mon 23 Nov``."""
    return f"{controls.WEEKDAYS[day.weekday()]} {day.day} {day:%b}"


def held(binding: str, settings: PlanSettings) -> str:
    """The rule that holds a goal where it is, in words."""
    sentence = HELD.get(binding)
    if sentence is None:
        return f"set by the rule: {NAMES.get(binding, binding)}"
    known = {name: value for name, value in values.of(settings, date.min).items() if value is not None}
    return sentence.format(**known)


def _behaviour(
    fit: Fit | None, name: str, label: str, unit: str, least: float, most: float, step: float, decimals: int
) -> controls.Spec:
    hint, interval = "", None
    if name == "helplessness":
        hint = "taken from the study, not estimated: 0.85 halves responsiveness in 4.3 days"
    elif fit is None:
        hint = "cannot be told yet"
    else:
        low, high = fit.posterior.interval(name)
        middle = float(getattr(fit.behavior, name))
        interval = (middle, low, high)
        likely = f"90\u00a0%: {low:,.0f} to {high:,.0f}"
        hint = f"estimate {middle:,.0f} ({likely})"
        if high < SMALL:
            hint = f"estimate under {SMALL} (90\u00a0%)"
        elif not fit.posterior.identified[name]:
            hint = f"cannot be told yet; {likely} all fit"
        most = _range_end(max(high, middle), most)
    return controls.slider(
        name, label, unit, least, most, step, decimals, group=controls.NAMES, hint=hint, interval=interval
    )


def _range_end(high: float, most: float) -> float:
    """A slider's end with room above what is likely, so that a pixel stands for few steps."""
    for end in (500, 1000, 2000, 3000, 5000, 8000, 12_000):
        if 1.4 * high <= end < most:
            return end
    return most


def _named(day: date) -> Document:
    return {"day": day.isoformat(), "label": day_words(day), "weekday": controls.WEEKDAYS[day.weekday()]}


def _days(made: Preview) -> list[Document]:
    none: Sequence[None] = [None] * made.goals.size
    columns = zip(
        made.days,
        made.goals,
        made.expected,
        none if made.low is None else made.low,
        none if made.high is None else made.high,
        none if made.chance is None else made.chance,
        none if made.chance_counted is None else made.chance_counted,
        made.binding,
        made.in_force,
        strict=True,
    )
    return [
        {
            **_named(day),
            "goal": round(float(goal)),
            "expected": float(expected),
            "low": low if low is None else float(low),
            "high": high if high is None else float(high),
            "chance": chance if chance is None else float(chance),
            "counted": counted if counted is None else float(counted),
            "held": held(binding, made.settings),
            "rest": binding == "rest day",
            "before": before,
        }
        for day, goal, expected, low, high, chance, counted, binding, before in columns
    ]


def _weeks(made: Preview) -> list[Document]:
    weeks = []
    for first in range(0, made.goals.size, WEEK):
        span = slice(first, first + WEEK)
        before = [goal for goal in made.in_force[span] if goal is not None]
        days = made.goals[span].size
        weeks.append(
            {
                "label": _week_name(first // WEEK + 1, days),
                "days": days,
                "goals": float(made.goals[span].sum()),
                "expected": float(made.expected[span].sum()),
                "counted": None if made.chance_counted is None else float(made.chance_counted[span].sum()),
                "before": sum(before) if len(before) == days else None,
            }
        )
    return weeks


def _week_name(number: int, days: int) -> str:
    if days == WEEK:
        return f"Week {number}"
    return "1 day" if days == 1 else f"{days} days"


def _messages(record: Record, made: Preview) -> list[Document]:
    name, synthetic = str(record.client["name"]), bool(record.client["synthetic"])
    goal = round(float(made.goals[0]))
    first = day_words(made.starts_on)
    morning = goal_messages.morning(name, goal, synthetic=synthetic)
    evening = goal_messages.evening(name, goal, goal + 120, synthetic=synthetic)
    return [
        {
            "when": f"{goal_messages.MORNING:%H:%M} on {first}, with the day's goal",
            "subject": morning.subject,
            "text": morning.body.strip(),
        },
        {
            "when": f"{goal_messages.EVENING:%H:%M}, only if the goal is met (here with an example count)",
            "subject": evening.subject,
            "text": evening.body.strip(),
        },
    ]


def _turn(record: Record) -> str:
    counted = [day.day for day in record.days if day.steps is not None]
    words = f"plan from {day_words(record.starts_on)}"
    if counted and (record.today - counted[-1]).days > WEEK:
        return f"no count since {day_words(counted[-1])} {counted[-1].year}; {words}"
    return words


def _past_in_words(record: Record) -> str:
    judged = [day.met for day in record.days if day.met is not None][-PAST_DAYS:]
    if not judged:
        return "No days with a count and a goal yet."
    return f"Goal met on {sum(judged)} of the last {len(judged)} days with a count and a goal."


def compared(rows: Sequence[Compared], policy: str) -> Document:
    """The rules side by side as they fare in simulated futures, and in words which does best.

    Args:
        rows: the plan from the behaviour and the simple rules.
        policy: the one that is chosen.
    """
    steps, met = max(row.steps for row in rows), max(row.met for row in rows)
    words = verdict(rows) if policy == CALFIT else f"{BY_ITSELF} {verdict(rows)}"
    documents = [
        {
            "policy": CALFIT if row.name == THIS_PLAN else row.name,
            "name": NAMES[row.name],
            "first": _range(row.goals),
            "steps": row.steps,
            "low": row.low,
            "high": row.high,
            "met": row.met,
            "most_steps": row.steps == steps,
            "most_met": row.met == met,
        }
        for row in rows
    ]
    return {"comparison": documents, "comparison_words": words}


def offered_to(record: Record) -> tuple[str, ...]:
    """The rules that need no estimate; a percentile of counts needs counts."""
    return tuple(policy for policy in OFFERED if policy != STRETCH or usual(record).baseline)


def offered(record: Record, made: Sequence[Preview], policy: str) -> Document:
    """The rules to choose from where nothing is estimated, so that none can be simulated.

    Args:
        record: the client's.
        made: the plan of each rule.
        policy: the one that is chosen.
    """
    chosen = next(each for each in made if each.settings.policy == policy)
    documents = [
        {
            "policy": each.settings.policy,
            "name": NAMES[THIS_PLAN if each.settings.policy == CALFIT else each.settings.policy],
            "first": _range(each.goals),
            "steps": None,
            "low": None,
            "high": None,
            "met": None,
            "most_steps": False,
            "most_met": False,
        }
        for each in made
    ]
    return {
        "comparison": documents,
        "comparison_words": _below_usual(record, chosen)
        + "How these would fare cannot be told yet: nothing shows how this client answers a goal.",
    }


def _below_usual(record: Record, chosen: Preview) -> str:
    """What is wrong with goals that the client's usual steps meet anyhow; empty for others."""
    steps = usual(record).baseline
    if chosen.goals.max() >= steps:
        return ""
    words = f"All of these goals lie below the usual {steps:,.0f} steps: meeting them shows nothing. "
    other = "goals above that" if chosen.settings.policy == STRETCH else f"“{NAMES[STRETCH]}”"
    return f"{words}Take {other} instead. "


def _range(goals: Floats) -> str:
    low, high = round(float(goals.min())), round(float(goals.max()))
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def verdict(rows: Sequence[Compared]) -> str:
    """Which rule does best, said plainly, whichever it is."""
    own = next(row for row in rows if row.name == THIS_PLAN)
    best = max(rows, key=lambda row: row.steps)
    if best is own:
        words = f"The plan from the behaviour gives the most steps here, {own.steps:,.0f} a day."
    else:
        words = (
            f"“{NAMES[best.name]}” gives {best.steps - own.steps:,.0f} steps a day more here than the plan from the "
            f"behaviour ({best.steps:,.0f} against {own.steps:,.0f}), with {best.met:.0%} of goals met against "
            f"{own.met:.0%}."
        )
    often = max(rows, key=lambda row: row.met)
    if often not in (best, own):
        words += f" Goals are met most often under “{NAMES[often.name]}” ({often.met:.0%})."
    return (
        f"{words} Simulated under the estimate and its doubt, not observed. The other rules answer each day's count "
        "there; one that is approved here is kept as goals for days that go as expected."
    ).replace("%", "\u00a0%")
