"""Recommend to every client, and ask a trainer where the model is unsure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from core.errors import NoModel
from core.recommender import margin
from core.services import Store, doubts, models
from core.services.features import Document, FloatArray
from core.services.models import Model
from core.store import exercises, labels, people, requests, status, versions, weights
from core.store.audit import now

TOP = 5
TREND = 12
BATCH = 2000
IDLE_DAYS = 7
GOAL_DAYS = 14
REQUESTS_A_DAY = "asking.per_client_a_day"
DEFAULT_REQUESTS_A_DAY = 3


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: clients looked at, and requests open among them."""

    clients: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a version says of one client now, and said at each of the steps before (oldest first)."""

    step: int
    top: list[tuple[int, float]]
    margin: float
    p_value: float
    why: dict[str, Any]
    trend: list[float]


@dataclass(frozen=True, slots=True)
class _Client:
    id: int
    name: str
    version_id: int | None
    own_version_id: int | None
    history: list[int]
    last_at: str | None
    document: Document


def refresh(
    store: Store,
    cohort_id: int,
    client_ids: Sequence[int] | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> Refreshed:
    """Recommend to these clients of a cohort (to all by default) and bring their status up to date.

    A client with fewer exercises than the window and no version of their own gets one that starts from the
    three nearest profiles (Mahyari 2022, section III-B). A request is opened where the conformal p-value of
    the margin is at most the asking level. In a cohort without a model only the statuses are kept.
    """
    wanted = sorted(people.client_ids(store.db, cohort_id).values() if client_ids is None else client_ids)
    newest_log, newest_day = exercises.newest(store.db, cohort_id)
    opened = 0
    for begin in range(0, len(wanted), BATCH):
        batch = _read(store, wanted[begin : begin + BATCH])
        batch = [_started(store, cohort_id, client) for client in batch]
        predictions = _predict(store, cohort_id, batch, models.alpha(store))
        opened += _write(store, cohort_id, batch, predictions, newest_log, newest_day)
        if progress:
            progress(min(1.0, (begin + BATCH) / len(wanted)))
    return Refreshed(len(wanted), opened)


def start(store: Store, cohort_id: int, client_id: int) -> int:
    """The version that a client's answers are taught to: the cohort's, or the start of one with little history."""
    version_id = _started(store, cohort_id, _read(store, [client_id])[0]).version_id
    if version_id is None:
        raise NoModel("The client's cohort has no model yet. Train one on the Data and models page.")
    return version_id


def margins(model: Model, histories: Sequence[Sequence[int]], document: Document) -> FloatArray:
    """The margin after each of several histories of one client, shape (len(histories),)."""
    return margin(model.predict(histories, [document] * len(histories)))


def _read(store: Store, client_ids: Sequence[int]) -> list[_Client]:
    logs = exercises.dated_histories(store.db, client_ids)
    documents = people.profiles_of(store.db, client_ids)
    return [
        _Client(
            id=row["id"],
            name=row["name"],
            version_id=row["version_id"],
            own_version_id=row["own_version_id"],
            history=[exercise for _, exercise in logs[row["id"]]],
            last_at=logs[row["id"]][-1][0] if logs[row["id"]] else None,
            document=documents.get(row["id"], {}),
        )
        for row in people.clients_in_force(store.db, client_ids)
    ]


def _started(store: Store, cohort_id: int, client: _Client) -> _Client:
    """The client with a version of their own where the history is too short for the cohort's to know them."""
    if client.version_id is None or client.own_version_id is not None or not client.document:
        return client
    base = models.load(store, client.version_id)
    if len(client.history) >= base.recommender.settings.window:
        return client
    recommender = base.recommender.personalise(base.encoder.encode([client.document])[0])
    name = weights.save(store.weights, recommender.state(rehearsal=False))
    with store.change("start new client", by="system", subject=f"client {client.id}") as change:
        version_id = versions.add_version(
            change.db,
            cohort_id=cohort_id,
            client_id=client.id,
            parent_id=base.version_id,
            kind="new client",
            weights=name,
            report={"nearest_profiles": recommender.neighbours},
        )
        versions.put_in_force(change.db, version_id, client_id=client.id)
        change.detail["version"] = version_id
    return replace(client, version_id=version_id, own_version_id=version_id)


def _predict(
    store: Store, cohort_id: int, clients: Sequence[_Client], rule_level: float
) -> dict[int, Prediction]:
    """Predictions by client id; all clients that one version speaks for are asked at once."""
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, cohort_id)}
    logged = exercises.logged_rows(store.db, cohort_id)
    found: dict[int, Prediction] = {}
    trained = sorted((c for c in clients if c.version_id is not None), key=lambda c: c.version_id or 0)
    for version_id, group in groupby(trained, key=lambda c: c.version_id or 0):
        members = list(group)
        model = models.load(store, version_id)
        # Each client now, preceded by the steps before it that the trend shows.
        steps = [
            (c, len(c.history) - back) for c in members for back in range(min(TREND, len(c.history)), -1, -1)
        ]
        probabilities = model.predict([c.history[:step] for c, step in steps], [c.document for c, _ in steps])
        all_margins = margin(probabilities)
        p_values = model.rule(rule_level).p_value(all_margins)
        end = 0
        for client in members:
            begin, end = end, end + min(TREND, len(client.history)) + 1
            row, p_value = probabilities[end - 1], float(p_values[end - 1])
            why: dict[str, Any] = {"prediction_set": doubts.set_of(model, row)}
            if p_value <= rule_level:
                why |= doubts.why(model, client.history, client.document, row, names, logged)
            found[client.id] = Prediction(
                step=len(client.history),
                top=[(model.exercise_ids[i], float(row[i])) for i in row.argsort(kind="stable")[::-1][:TOP]],
                margin=float(all_margins[end - 1]),
                p_value=p_value,
                why=why,
                trend=[round(float(value), 4) for value in all_margins[begin:end]],
            )
    return found


def _write(
    store: Store,
    cohort_id: int,
    clients: Sequence[_Client],
    predictions: dict[int, Prediction],
    newest_log: str | None,
    newest_day: str | None,
) -> int:
    ids = [client.id for client in clients]
    level = models.alpha(store)
    limit = int(people.setting(store.db, REQUESTS_A_DAY, DEFAULT_REQUESTS_A_DAY))
    since = (date.fromisoformat(newest_day) - timedelta(days=GOAL_DAYS)).isoformat() if newest_day else ""
    hits = exercises.goal_hits(store.db, ids, since)
    today = now()[:10]
    rows, opened = [], 0
    with store.transaction() as db:
        newest = requests.newest_recommendations(db, ids)
        for client in clients:
            prediction = predictions.get(client.id)
            recommendation_id = request_id = None
            if prediction is not None and client.version_id is not None:
                last = newest.get(client.id)
                asks = prediction.p_value <= level
                if (
                    last
                    and (last["step"], last["model_version_id"]) == (prediction.step, client.version_id)
                    and (last["explained"] or not asks)
                ):
                    recommendation_id = last["id"]
                else:
                    recommendation_id = requests.add_recommendation(
                        db,
                        client_id=client.id,
                        step=prediction.step,
                        version_id=client.version_id,
                        top=prediction.top,
                        margin=prediction.margin,
                        p_value=prediction.p_value,
                        why=prediction.why,
                    )
                if asks and labels.answered_since(db, today, client_id=client.id) < limit:
                    request_id = requests.open_request(
                        db, client_id=client.id, step=prediction.step, recommendation_id=recommendation_id
                    )
            requests.close_others(db, client.id, request_id)
            opened += request_id is not None
            goal_days, goal_hits = hits.get(client.id, (0, 0))
            attention, reason = _attention(
                prediction if request_id else None, client.last_at, newest_log, goal_days, goal_hits
            )
            rows.append(
                {
                    "client_id": client.id,
                    "cohort_id": cohort_id,
                    "name": client.name,
                    "step": len(client.history),
                    "last_at": client.last_at,
                    "recommendation_id": recommendation_id,
                    "margin": prediction.margin if prediction else None,
                    "p_value": prediction.p_value if prediction else None,
                    "trend": prediction.trend if prediction else [],
                    "request_id": request_id,
                    "goal_days": goal_days,
                    "goal_hits": goal_hits,
                    "attention": attention,
                    "reason": reason,
                }
            )
        status.set_status(db, rows)
    return opened


def _attention(
    asked: Prediction | None, last_at: str | None, newest: str | None, goal_days: int, goal_hits: int
) -> tuple[int, str]:
    """How urgently a client needs a look (0 not at all, 3 most), and why, in words for a trainer."""
    if asked is not None:
        return 3, f"The model asks: {asked.why['short']}"
    if last_at and newest:
        idle = (datetime.fromisoformat(newest) - datetime.fromisoformat(last_at)).days
        if idle >= IDLE_DAYS:
            return 2, f"No exercise logged for {idle} days"
    if goal_days >= GOAL_DAYS // 2 and goal_hits == 0:
        return 1, f"No step goal met in {goal_days} days with a count"
    return 0, ""
