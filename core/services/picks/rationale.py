"""Why an arm, in words: what the model's own attributions say, and what the guideline rows ask of a week of it.

The sentence names only attributes that are known of the client, each with the value it has and with its attribution
as it is; it says what the model expects, not what causes what. What a week should hold is no finding of the model, so
it stands apart and each limit names its rows.
"""

from core.bandit.attributes import ATTRIBUTES, Attribute, Value
from core.errors import InputError
from core.guidelines import (
    ARMS,
    Intensity,
    Limits,
    Row,
    WeekPlan,
    adherence,
    bound_text,
    days_in_a_row,
    guideline_rows,
    limits_for,
    spread_days,
)
from core.guidelines.vocabulary import YOUNGEST_ADULT
from core.services.judging import Judged
from core.services.picks.views import ArmView, Rationale, Source, Values

MOST = 3  # attributes named on either side
SMALLEST = 0.005  # attribution; a smaller one reads 0.00


def rationale(values: Values, judged: Judged, view: ArmView, *, learnt: int, start: int) -> Rationale:
    """Why this arm is scored as it is for this client, and the guideline rows that speak of a week of it.

    Args:
        values: what is known of the client, by attribute key, None where not known.
        judged: what the safety gate says of them.
        view: the arm, its score taken apart.
        learnt: outcomes of real picks that the model has learnt from.
        start: synthetic decisions that it began with.

    Raises:
        InputError: for an arm that does not exist, or counts below 0.
    """
    if view.arm not in ARMS:
        raise InputError(f"arm must be one of {', '.join(ARMS)}; it is {view.arm!r}.")
    for name, count in (("learnt", learnt), ("start", start)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise InputError(f"{name} must be a whole number, at least 0; it is {count!r}.")
    week, conflicts, rows = _week(values, judged, view.arm)
    return Rationale(
        sentence=" ".join(_sentences(values, view, learnt, start)),
        week=week,
        conflicts=conflicts,
        sources=tuple(map(_source, rows)),
    )


def moving(values: Values, view: ArmView) -> tuple[list[Attribute], list[Attribute]]:
    """The known attributes that raise what the model expects of an arm most, and those that lower it most."""
    shares = view.attributions
    known = [
        of for of in ATTRIBUTES if values.get(of.key) is not None and abs(shares.get(of.key, 0.0)) >= SMALLEST
    ]
    raising = sorted((of for of in known if shares[of.key] > 0), key=lambda of: -shares[of.key])
    lowering = sorted((of for of in known if shares[of.key] < 0), key=lambda of: shares[of.key])
    return raising[:MOST], lowering[:MOST]


def said(of: Attribute, value: Value) -> str:
    """A value in words."""
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, str):
        return value
    if of.unit.startswith("of "):
        return f"{100 * value:.0f} % {of.unit}"
    return f"{value:g} {of.unit}".strip()


def _sentences(values: Values, view: ArmView, learnt: int, start: int) -> list[str]:
    bonus = f"; exploring adds {view.bonus:.2f} to its score" if view.bonus >= SMALLEST else ""
    found = [
        f"The model expects a reward of {_number(view.expected)} from {view.arm} for this client, "
        f"{_beside(view.expected - view.base)} the mean of the people it compares with ({_number(view.base)}){bonus}."
    ]
    if not 0 <= round(view.expected, 2) <= 1:
        found.append("Rewards lie between 0 and 1; what a linear model expects may lie beyond.")
    raising, lowering = moving(values, view)
    if raising:
        found.append(f"Raised most by {_listed(raising, values, view)}.")
    if lowering:
        found.append(f"Lowered most by {_listed(lowering, values, view)}.")
    if not raising and not lowering:
        found.append("Nothing that is known of the client moves it noticeably.")
    unknown = [of for of in ATTRIBUTES if values.get(of.key) is None]
    if unknown:
        moved = sum(view.attributions.get(of.key, 0.0) for of in unknown)
        some = f"{len(unknown)} attributes are" if len(unknown) > 1 else "1 attribute is"
        found.append(f"{some} not known, which moves it by {_signed(moved)}.")
    if view.masked:
        found.append("The safety gate masks it, whatever the model expects of it.")
    found.append(
        "Reward means completing the session and progress towards the week’s goal, as the model has learnt them "
        f"{_origin(learnt, start)}. It says what the model counts, not what causes what, and it is no medical advice."
    )
    return found


def _origin(learnt: int, start: int) -> str:
    synthetic = f"{_counted(start, 'synthetic decision')}, in which both are invented"
    recorded = _counted(learnt, "recorded outcome")
    match (start > 0, learnt > 0):
        case (True, _):
            return f"from {synthetic}, and {recorded}"
        case (_, True):
            return f"from {recorded}"
        case _:
            return "from nothing yet"


def _listed(attributes: list[Attribute], values: Values, view: ArmView) -> str:
    found = []
    for of in attributes:
        value = values[of.key]
        assert value is not None  # only known attributes move
        found.append(f"{of.label.lower()} ({said(of, value)}) {_signed(view.attributions[of.key])}")
    return ", ".join(found)


def _beside(difference: float) -> str:
    if abs(difference) < SMALLEST:
        return "as much as"
    return f"{abs(difference):.2f} {'above' if difference > 0 else 'below'}"


def _number(number: float) -> str:
    text = f"{number:.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def _signed(number: float) -> str:
    text = _number(number)
    return f"+{text}" if number > 0 and text != "0.00" else text


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _week(
    values: Values, judged: Judged, arm: str
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Row, ...]]:
    """What the rows ask of a week, where they are at odds, and the rows."""
    age, sex, conditions = values.get("age"), values.get("sex"), values.get("medical_history")
    if not isinstance(age, float | int):
        return ("No guideline row can be chosen while the client’s age is not known.",), (), ()
    if age < YOUNGEST_ADULT:
        return (f"The guideline rows speak of adults from {YOUNGEST_ADULT} years on.",), (), ()
    limits = limits_for(
        ARMS[arm],
        age=age,
        sex=sex if isinstance(sex, str) else None,
        conditions=conditions if isinstance(conditions, tuple) else (),
    )
    week = [
        *map(_capital, limits.sentences()),
        *_wished(values, limits, arm),
        *_without(sex, conditions, age, limits),
    ]
    gate = judged.gate if judged.on else None
    if gate is not None and gate.intensity_high not in (None, Intensity.VIGOROUS):
        week.append(f"The safety gate leaves at most {gate.intensity_high} intensity.")
    return tuple(week), tuple(conflict.sentence() for conflict in limits.conflicts), limits.rows


def _wished(values: Values, limits: Limits, arm: str) -> list[str]:
    """Which of the limits the week that the client wants would break, were it all of this arm."""
    frequency, minutes = values.get("frequency"), values.get("duration")
    intensity, spacing = values.get("intensity"), values.get("day_spacing")
    if not isinstance(frequency, float | int) or not isinstance(minutes, float | int):
        return []
    if not isinstance(intensity, str) or not isinstance(spacing, str) or round(frequency) < 1:
        return []
    count = round(frequency)
    days = days_in_a_row(count) if spacing == "in a row" else spread_days(count)
    broken = adherence(WeekPlan(limits.component, days, minutes, Intensity(intensity)), limits).broken
    if not broken:
        return [f"The week that the client wants, were it all {arm}, keeps to these."]
    asked = ", ".join(bound_text(name, limits.bounds[name].value) for name in broken)
    return [f"The week that the client wants, were it all {arm}, breaks: {asked}."]


def _without(sex: Value | None, conditions: Value | None, age: float, limits: Limits) -> list[str]:
    """What was left out because it is not known."""
    found = []
    if conditions is None:
        found.append("The medical history is not known, so no row for a condition is counted.")
    if sex is None and any(
        row.sex and row.component == limits.component and row.ages[0] <= age < row.ages[1] + 1
        for row in guideline_rows()
    ):
        found.append("The sex is not known, so no row for one sex is counted.")
    return found


def _capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}."


def _source(row: Row) -> Source:
    text = " ".join(f"{part}." for part in (row.type, row.cautions) if part)
    origin = row.origin
    return Source(row.key, text, origin.source, origin.year, origin.link, origin.review)
