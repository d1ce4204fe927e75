"""What is on record about clients, as the attributes that a context speaks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from core.bandit.attributes import ATTRIBUTES, BY_KEY, Value
from core.errors import InputError
from core.guidelines import ARMS, Intensity, limits_for, sessions_asked
from core.services import Store, gating, moments
from core.services.exercise_needs import needs
from core.services.gating import Judged
from core.store import exercises, people, picks

BATCH = 2000
SESSION = 30.0  # minutes, where the client's own wish is not known


@dataclass(frozen=True, slots=True)
class Known:
    """One client as a policy can see them today.

    Attributes:
        client: the client's row.
        day: today on the client's clock.
        values: by attribute key; None where not known.
        origins: where each known value comes from, by key.
        judged: what the gate says.
        lacking: by arm, the share of what the week asks that is not done yet.
    """

    client: dict[str, Any]
    day: date
    values: dict[str, Value | None]
    origins: dict[str, str]
    judged: Judged
    lacking: dict[str, float]


def of_client(store: Store, client_id: int, *, day: date | None = None) -> Known:
    """One client.

    Args:
        day: another day than today, for a record that is brought in afterwards.

    Raises:
        NotFound
    """
    return of_clients(store, [people.client(store.db, client_id)], day=day)[0]


def of_clients(store: Store, rows: Sequence[dict[str, Any]], *, day: date | None = None) -> list[Known]:
    """Many clients of one cohort, given by their rows, in the same order."""
    found: list[Known] = []
    for begin in range(0, len(rows), BATCH):
        found += _batch(store, rows[begin : begin + BATCH], day)
    return found


def _batch(store: Store, rows: Sequence[dict[str, Any]], day: date | None) -> list[Known]:
    ids = [row["id"] for row in rows]
    days = {row["id"]: day or moments.today(row["time_zone"], moments.now()) for row in rows}
    judged = gating.judge_many(store, ids)
    documents = people.dated_documents(store.db, ids, ("profile", "preferences"))
    sessions = _sessions(store, rows, days)
    found = []
    for row in rows:
        client = row["id"]
        values, origins = _recorded(documents.get(client, {}), judged[client])
        lacking = {}
        for arm in ARMS:
            asked = _sessions_asked(arm, values)
            lacking[arm] = 1 - min(1.0, sessions[client].get(arm, 0.0) / asked)
            values[f"done_{arm}"] = 1 - lacking[arm]
            origins[f"done_{arm}"] = f"picks and log since Monday, of {asked} a week"
        found.append(Known(row, days[client], values, origins, judged[client], lacking))
    return found


def _recorded(
    documents: Mapping[str, Mapping[str, Any]], judged: Judged
) -> tuple[dict[str, Value | None], dict[str, str]]:
    """Values of person and wish from the documents; what a document says that cannot be is left out."""
    values: dict[str, Value | None] = {}
    origins: dict[str, str] = {}
    for attribute in ATTRIBUTES:
        key = attribute.key
        kind = "profile" if attribute.about == "person" else "preferences"
        row = documents.get(kind, {"document": {}, "recorded_at": ""})
        given, origin = row["document"].get(key), f"{kind}, {row['recorded_at'][:10]}"
        if key == "medical_history":
            known = judged.health is not None and judged.health.conditions is not None
            given = tuple(judged.health.has) if known and judged.health is not None else None
            origin = "medical history"
        if attribute.about == "day":  # how a day is holds for that day alone, whatever a document says
            given = None
        try:
            values[key] = None if given in (None, "") else attribute.check(_lower(given, key))
        except InputError:
            values[key] = None
        if values[key] is not None:
            origins[key] = origin
    highest = intensity_high(judged)
    if highest is not None and _above(values["intensity"], highest):
        values["intensity"], origins["intensity"] = (
            str(highest),
            "wished higher; the safety gate leaves no more",
        )
    return values, origins


def intensity_high(judged: Judged) -> Intensity | None:
    """The highest intensity that the gate leaves; None where it sets no limit, or leaves nothing at all."""
    return judged.gate.intensity_high if judged.on and judged.gate is not None else None


def _above(wished: Value | None, highest: Intensity) -> bool:
    return isinstance(wished, str) and Intensity(wished).order > highest.order


def _lower(given: object, key: str) -> object:
    return given.strip().lower() if key == "sex" and isinstance(given, str) else given


def _sessions(
    store: Store, rows: Sequence[dict[str, Any]], days: Mapping[int, date]
) -> dict[int, dict[str, float]]:
    """Sessions of each arm that each client has done since Monday, before today: picks' completions and the log.

    A day counts at most once for an arm, by whichever says more.
    """
    ids = [row["id"] for row in rows]
    done: dict[int, dict[tuple[str, date], float]] = {client: {} for client in ids}
    monday = {client: day - timedelta(days=day.weekday()) for client, day in days.items()}
    since = min(monday.values())

    def count(client: int, arm: str, day: date, share: float) -> None:
        if monday[client] <= day < days[client]:
            done[client][arm, day] = max(share, done[client].get((arm, day), 0.0))

    for pick in picks.holding(store.db, ids, since.isoformat()):
        if pick["completion"] is not None:
            count(pick["client_id"], pick["arm"], date.fromisoformat(pick["day"]), pick["completion"])
    arms = _arms_of_exercises(store, rows)
    zones = {row["id"]: row["time_zone"] for row in rows}
    if arms:
        for client, at, exercise in exercises.logged_since(
            store.db, ids, (since - timedelta(days=1)).isoformat()
        ):
            if exercise in arms:
                count(client, arms[exercise], moments.today(zones[client], moments.read(at)), 1.0)
    totals: dict[int, dict[str, float]] = {client: {} for client in ids}
    for client, by_day in done.items():
        for (arm, _), share in by_day.items():
            totals[client][arm] = totals[client].get(arm, 0.0) + share
    return totals


def _arms_of_exercises(store: Store, rows: Sequence[dict[str, Any]]) -> dict[int, str]:
    """The arm that each exercise of the clients' catalogues is a session of."""
    by_component = {component: arm for arm, component in ARMS.items()}
    found = {}
    for cohort_id in {row["cohort_id"] for row in rows}:
        for exercise in exercises.exercises(store.db, cohort_id):
            component = needs(exercise).component
            if component in by_component:
                found[exercise["id"]] = by_component[component]
    return found


def _sessions_asked(arm: str, values: Mapping[str, Value | None]) -> int:
    """How many sessions of an arm the guideline rows ask of a week for this person."""
    age, sex, duration = values.get("age"), values.get("sex"), values.get("duration")
    conditions, intensity = values.get("medical_history"), values.get("intensity")
    return _asked(
        ARMS[arm],
        age if isinstance(age, float) else BY_KEY["age"].low,
        sex if isinstance(sex, str) else None,
        conditions if isinstance(conditions, tuple) else (),
        duration if isinstance(duration, float) else SESSION,
        Intensity(intensity) if isinstance(intensity, str) else None,
    )


@lru_cache(maxsize=8192)
def _asked(
    component: str,
    age: float,
    sex: str | None,
    conditions: tuple[str, ...],
    minutes: float,
    intensity: Intensity | None,
) -> int:
    return sessions_asked(limits_for(component, age=age, sex=sex, conditions=conditions), minutes, intensity)
