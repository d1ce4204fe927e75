"""Recommend to every client what the safety gate leaves open, and ask a trainer where the model is unsure.

The model does not know of the gate: probabilities, margin and p-value are its own. Masked exercises are left out of
what is recommended; which of the model's first five they were is kept beside it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from core.errors import NoModel
from core.recommender import entropy, least_confidence, margin
from core.services import Store, doubts, models, moments
from core.services.features import Document, FloatArray
from core.services.judging import Judged, Masks, judge_many
from core.services.models import Model
from core.store import exercises, people, requests, status, steps, versions, weights

TOP = 5
TREND = 12
BATCH = 2000
KNOWN_AFTER = 3  # exercises, the paper's window: until then the nearest profiles speak for a client
IDLE_DAYS = 7
GOAL_DAYS = 14
ATTEMPTS = 3  # at clients that change while they are worked on
SAME = 1e-5


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: clients looked at, and requests open among them."""

    clients: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a version says of one client now, and said at each of the steps before (oldest first).

    Attributes:
        top: the most probable exercises that may be offered; empty where the gate masks them all.
        why: ``masked`` holds what the model's first five would have held but for the gate (``exercise``,
            ``probability``, names of the ``rules``), ``prediction_set`` what of the set may be offered.
    """

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
    judged: Judged


def refresh(
    store: Store,
    cohort_id: int,
    client_ids: Sequence[int] | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> Refreshed:
    """Recommend to these clients of a cohort (to all by default) and bring their status up to date.

    A client with fewer than three exercises and no version of their own gets one that starts from the three nearest
    profiles (Mahyari 2022, section III-B). A request is opened where the conformal p-value of
    the margin is at most the asking level and the gate leaves something to offer. In a cohort without a model only
    the statuses are kept.
    """
    due = pending(store, cohort_id)
    wanted = sorted(people.client_ids(store.db, cohort_id).values() if client_ids is None else client_ids)
    opened = 0
    for begin in range(0, len(wanted), BATCH):
        batch = wanted[begin : begin + BATCH]
        for _ in range(ATTEMPTS):
            found, batch = _refresh_batch(store, cohort_id, batch)
            opened += found
            if not batch:
                break
        if progress:
            progress(min(1.0, (begin + BATCH) / len(wanted)))
    if client_ids is None and due is not None:
        with store.transaction() as db:
            if pending(store, cohort_id) == due:  # else more came in meanwhile
                people.set_setting(db, _pending_key(cohort_id), None)
    return Refreshed(len(wanted), opened)


def mark_pending(db: Database, cohort_id: int) -> None:
    """Note, in the transaction that changes what recommendations stand on, that ``refresh`` is due.

    If the process dies before it has refreshed, the next start does it.
    """
    people.set_setting(db, _pending_key(cohort_id), secrets.token_hex(8))


def pending(store: Store, cohort_id: int) -> str | None:
    """The mark that a refresh of this cohort is due, None if it is not."""
    found: str | None = people.setting(store.db, _pending_key(cohort_id), None)
    return found


def _pending_key(cohort_id: int) -> str:
    return f"refresh.pending.{cohort_id}"


def _refresh_batch(store: Store, cohort_id: int, client_ids: Sequence[int]) -> tuple[int, list[int]]:
    """Refresh some clients; returns the requests open among them, and the clients that changed meanwhile."""
    newest = exercises.newest(store.db, cohort_id)
    clients = [_started(store, cohort_id, client) for client in _read(store, client_ids)]
    predictions = _predict(store, cohort_id, clients, models.alpha(store))
    return _write(store, cohort_id, clients, predictions, *newest)


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
    judged = judge_many(store, client_ids)
    return [
        _Client(
            id=row["id"],
            name=row["name"],
            version_id=row["version_id"],
            own_version_id=row["own_version_id"],
            history=[exercise for _, exercise in logs[row["id"]]],
            last_at=logs[row["id"]][-1][0] if logs[row["id"]] else None,
            document=documents.get(row["id"], {}),
            judged=judged[row["id"]],
        )
        for row in people.clients_in_force(store.db, client_ids)
    ]


def _started(store: Store, cohort_id: int, client: _Client) -> _Client:
    """The client with a version of their own where the history is too short for the cohort's to know them."""
    if client.version_id is None or client.own_version_id is not None or not client.document:
        return client
    base = models.load(store, client.version_id)
    if len(client.history) >= KNOWN_AFTER:
        return client
    recommender = base.recommender.personalise(base.encoder.encode([client.document])[0])
    name = weights.save(store.weights, recommender.state(rehearsal=False))
    with store.transaction() as db:
        in_force = people.clients_in_force(db, [client.id])[0]
        if in_force["version_id"] != client.version_id:
            # Somebody else has started this client, or even taught it, since it was read.
            return replace(
                client, version_id=in_force["version_id"], own_version_id=in_force["own_version_id"]
            )
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
    masks = Masks(store, cohort_id)
    found: dict[int, Prediction] = {}
    trained = sorted((c for c in clients if c.version_id is not None), key=lambda c: c.version_id or 0)
    for version_id, group in groupby(trained, key=lambda c: c.version_id or 0):
        members = list(group)
        model = models.load(store, version_id)
        # Each client now, preceded by the steps before it that the trend shows.
        moments = [
            (c, len(c.history) - back) for c in members for back in range(min(TREND, len(c.history)), -1, -1)
        ]
        probabilities = model.predict(
            [c.history[:step] for c, step in moments], [c.document for c, _ in moments]
        )
        all_margins = margin(probabilities)
        p_values = model.rule(rule_level).p_value(all_margins)
        end = 0
        for client in members:
            begin, end = end, end + min(TREND, len(client.history)) + 1
            row, p_value = probabilities[end - 1], float(p_values[end - 1])
            masked = masks.of(client.judged)
            ranked = [(model.exercise_ids[i], float(row[i])) for i in row.argsort(kind="stable")[::-1]]
            top = [(exercise, p) for exercise, p in ranked if exercise not in masked][:TOP]
            why: dict[str, Any] = {
                "prediction_set": [
                    exercise for exercise in doubts.set_of(model, row) if exercise not in masked
                ],
                "entropy": float(entropy(row)),
                "least_confidence": float(least_confidence(row)),
                "masked": [
                    {"exercise": exercise, "probability": p, "rules": _rules(masked[exercise])}
                    for exercise, p in ranked[:TOP]
                    if exercise in masked
                ],
            }
            if p_value <= rule_level and top:
                named = names | {exercise: f"{names[exercise]} (masked)" for exercise in masked}
                why |= doubts.why(model, client.history, client.document, row, named, logged)
            found[client.id] = Prediction(
                step=len(client.history),
                top=top,
                margin=float(all_margins[end - 1]),
                p_value=p_value,
                why=why,
                trend=[round(float(value), 4) for value in all_margins[begin:end]],
            )
    return found


def _rules(reasons: Sequence[tuple[str, str]]) -> list[str]:
    """Names of the rules behind some reasons, each once."""
    return list(dict.fromkeys(rule for rule, _ in reasons))


def _write(
    store: Store,
    cohort_id: int,
    clients: Sequence[_Client],
    predictions: dict[int, Prediction],
    newest_log: str | None,
    newest_day: str | None,
) -> tuple[int, list[int]]:
    ids = [client.id for client in clients]
    level = models.alpha(store)
    since = (date.fromisoformat(newest_day) - timedelta(days=GOAL_DAYS)).isoformat() if newest_day else ""
    today = moments.today("UTC", moments.now()).isoformat()  # its counts still grow
    hits = steps.goal_hits(store.db, ids, since, today)
    rows, opened = [], 0
    with store.transaction() as db:
        changed = _changed(store, clients)
        clients = [client for client in clients if client.id not in changed]
        recommended = _recommend(db, clients, predictions, level)
        waiting = requests.unanswered(db, ids)
        for client in clients:
            prediction = predictions.get(client.id)
            request = waiting.get(client.id)
            opened += request is not None and request["state"] == "open"
            goal_days, goal_hits = hits.get(client.id, (0, 0))
            attention, reason = _attention(request, prediction, client, newest_log, goal_days, goal_hits)
            rows.append(
                {
                    "client_id": client.id,
                    "cohort_id": cohort_id,
                    "name": client.name,
                    "step": len(client.history),
                    "last_at": client.last_at,
                    "recommendation_id": recommended.get(client.id),
                    "margin": prediction.margin if prediction else None,
                    "p_value": prediction.p_value if prediction else None,
                    "trend": prediction.trend if prediction else [],
                    "request_id": request["id"] if request else None,
                    "goal_days": goal_days,
                    "goal_hits": goal_hits,
                    "attention": attention,
                    "reason": reason,
                }
            )
        status.set_status(db, rows)
    return opened, sorted(changed)


def _changed(store: Store, clients: Sequence[_Client]) -> set[int]:
    """Clients whose version, log or health is another than was read: what was predicted is out of date."""
    ids = [client.id for client in clients]
    in_force = {row["id"]: row["version_id"] for row in people.clients_in_force(store.db, ids)}
    lengths = exercises.log_lengths(store.db, ids)
    judged = judge_many(store, ids)
    return {
        client.id
        for client in clients
        if (in_force[client.id], lengths.get(client.id, 0)) != (client.version_id, len(client.history))
        or _said(judged[client.id]) != _said(client.judged)
    }


def _said(judged: Judged) -> tuple[object, ...]:
    """All that recommendations take from the gate."""
    return judged.on, judged.rules, judged.problem


def _recommend(
    db: Database, clients: Sequence[_Client], predictions: dict[int, Prediction], level: float
) -> dict[int, int]:
    """Record each prediction that says something new, open and close requests; returns recommendations by client."""
    newest = requests.newest_recommendations(db, [client.id for client in clients])
    recommended: dict[int, int] = {}
    for client in clients:
        prediction = predictions.get(client.id)
        if prediction is None or client.version_id is None:
            continue
        asks = prediction.p_value <= level and bool(prediction.top)
        last = newest.get(client.id)
        if last is not None and _same(last, prediction, client.version_id, asks):
            recommended[client.id] = last["id"]
        else:
            recommended[client.id] = requests.add_recommendation(
                db,
                client_id=client.id,
                step=prediction.step,
                version_id=client.version_id,
                top=prediction.top,
                margin=prediction.margin,
                p_value=prediction.p_value,
                why=prediction.why,
            )
        if asks:
            requests.open_request(
                db, client_id=client.id, step=prediction.step, recommendation_id=recommended[client.id]
            )
        requests.close_outdated(db, client.id, prediction.step, asks=asks)
    return recommended


def _same(last: dict[str, Any], prediction: Prediction, version_id: int, asks: bool) -> bool:
    """Whether a recorded recommendation says what this prediction says, the cause of a doubt included."""
    then, now = dict(last["top"]), dict(prediction.top)
    return (
        (last["step"], last["model_version_id"]) == (prediction.step, version_id)
        and then.keys() == now.keys()
        # Probabilities are in single precision, and a batch of another size rounds them otherwise.
        and all(abs(then[exercise] - now[exercise]) < SAME for exercise in now)
        and ("cause" in last["why"] or not asks)
        and _masked(last["why"]) == _masked(prediction.why)
        and last["why"]["prediction_set"] == prediction.why["prediction_set"]
    )


def _masked(why: dict[str, Any]) -> dict[int, list[str]]:
    """Rules by masked exercise; none in what was recommended before there was a gate."""
    return {mask["exercise"]: mask["rules"] for mask in why.get("masked", [])}


def _attention(
    request: dict[str, Any] | None,
    prediction: Prediction | None,
    client: _Client,
    newest: str | None,
    goal_days: int,
    goal_hits: int,
) -> tuple[int, str]:
    """How urgently a client needs a look (0 not at all, 3 most), and why, in words for a trainer."""
    if client.judged.masks_everything:
        return 3, client.judged.short
    if prediction is not None and not prediction.top:
        return 3, f"The safety gate masks every exercise. {client.judged.sentence}"
    if request is not None and request["state"] == "flagged":
        return 3, "Flagged for a second pair of eyes"
    if request is not None and prediction is not None:
        return 3, f"The model asks: {prediction.why['short']}"
    if client.last_at and newest:
        idle = (datetime.fromisoformat(newest) - datetime.fromisoformat(client.last_at)).days
        if idle >= IDLE_DAYS:
            return 2, f"No exercise logged for {idle} days"
    if goal_days >= GOAL_DAYS // 2 and goal_hits == 0:
        return 1, f"No step goal met in {goal_days} days with a count"
    return 0, ""
