"""The requests that wait for a trainer, in the order they are worth answering, and how the work stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Conflict
from core.services import Store, clients, doubts, gating, labelling, models
from core.store import exercises, labels, people, requests

DAILY_BUDGET = "asking.per_trainer_a_day"
DEFAULT_DAILY_BUDGET = 60
CLIENT_BUDGET = "asking.per_client_a_day"
DEFAULT_CLIENT_BUDGET = 3  # one person does not use up the trainers' day
AGREEMENT = 8  # answers in a row that agree with the model before it is worth saying so
HISTORY = 9
BATCH = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the model's suggestions."""

    exercise_id: int
    name: str
    category: str
    probability: float
    in_set: bool


@dataclass(frozen=True, slots=True)
class Masked:
    """What would have been among the model's first five but for the safety gate.

    Attributes:
        sentences: why it is masked: for each rule the reason, the source and its review.
    """

    exercise_id: int
    name: str
    probability: float
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Everything a trainer needs to decide on one request, without another look-up.

    Attributes:
        choices: the most probable exercises that may be offered, up to five, the most probable first; what the gate
            has come to mask since the request was opened is left out.
        entropy: in nats, 0 when sure; least_confidence: 1 − the largest probability.
        also_in_set: names of further exercises in the prediction set.
        why: the cause of the doubt, in a sentence.
        limits: what the client must be spared: conditions and screening answers.
        history: the last exercises, newest first, as ``{"at", "name", "success"}``.
        nearest: what followed in the most alike past cases, as ``{"after", "then"}``; what is masked says so.
        masked: what the model's first five would have held but for the gate, the most probable first.
        gate: what the gate says of the client now, in a sentence.
    """

    request_id: int
    client_id: int
    client: str
    cohort: str
    synthetic: bool
    about: str
    choices: list[Choice]
    also_in_set: list[str]
    margin: float
    p_value: float
    entropy: float | None
    least_confidence: float | None
    why: str
    limits: list[str]
    history: list[dict[str, Any]]
    nearest: list[dict[str, Any]]
    version_id: int
    masked: list[Masked]
    gate: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the work stands today."""

    open: int
    flagged: int
    skipped: int
    mine: int
    team: int
    budget: int
    advice: str

    @property
    def left(self) -> int:
        """How many answers this person has left today."""
        return max(0, self.budget - self.mine)


def waiting(store: Store, user: str, *, cohort_id: int | None = None, limit: int = BATCH) -> list[Item]:
    """The next requests for this person: least certain first, two like doubts never in a row where that can be helped.

    At most ``limit`` of them, and no more than the person's budget for today has left. What the person
    skipped is left out; everything else comes exactly once.
    """
    person = people.user(store.db, user)
    left = max(0, _budget(store) - labels.answered_since(store.db, midnight(), user_id=person["id"]))
    found = requests.open_requests(store.db, cohort_id=cohort_id, **_limits(store, person["id"]))
    catalogues: dict[int, dict[int, dict[str, Any]]] = {}
    items = []
    for request in spread(found, min(limit, left)):
        cohort = request["cohort_id"]
        if cohort not in catalogues:
            catalogues[cohort] = {row["id"]: row for row in exercises.exercises(store.db, cohort)}
        items.append(_item(store, request, catalogues[cohort]))
    return items


def item(store: Store, request_id: int) -> Item:
    """One request that can be answered, for a link to it.

    Raises:
        NotFound: if there is no such request.
        Conflict: if it was answered already, or the client has moved on.
    """
    request = requests.request(store.db, request_id)
    if request["state"] not in ("open", "flagged"):
        first = labels.answer_of(store.db, request_id)
        if first is None:
            judged = gating.judge(store, request["client_id"])
            reason = judged.sentence if judged.masks_everything else "The client has moved on."
            raise Conflict(f"The request for {request['client'].rstrip('.')} is out of date. {reason}")
        raise Conflict(
            f"The request for {request['client']} has its answer: {first['exercise'] or first['verdict']}, "
            f"by {first['user']}."
        )
    catalogue = {row["id"]: row for row in exercises.exercises(store.db, request["cohort_id"])}
    return _item(store, request, catalogue)


def masked(store: Store, client_id: int) -> dict[int, tuple[str, ...]]:
    """Exercises of the catalogue that the gate masks for a client now, with a sentence for each rule.

    Exercises that are masked alike share their sentences, so that a page sends each once.
    """
    client = people.client(store.db, client_id)
    return gating.masked_exercises(store, client["cohort_id"], gating.judge(store, client_id))


def catalogue(store: Store, cohort_id: int) -> list[tuple[int, str, str]]:
    """Every exercise that can be the answer for a cohort's clients, as (id, name, category), by name."""
    rows = exercises.exercises(store.db, cohort_id)
    return sorted(
        ((row["id"], row["name"], row["category"]) for row in rows), key=lambda row: row[1].casefold()
    )


def bring_back(store: Store, user: str, cohort_id: int | None = None) -> int:
    """Take this person's skips of requests that are still open back; returns how many."""
    person = people.user(store.db, user)
    count = 0
    for label in labels.labels(store.db, user_id=person["id"], limit=1000):
        if label["verdict"] == "skip" and not label["undone_at"]:
            request = requests.request(store.db, label["request_id"])
            if request["state"] == "open" and cohort_id in (None, request["cohort_id"]):
                labelling.undo(store, user, label["id"])
                count += 1
    return count


def spread(found: Sequence[dict[str, Any]], limit: int | None = None) -> list[dict[str, Any]]:
    """Reorder requests so that none follows one with the same two leading exercises, if there is another to take.

    The first that fits is taken each time, so the order of worth is kept as far as it can be. None is
    dropped and none repeated; with ``limit`` the first so many of that order are returned.
    """
    rest = [(frozenset(exercise for exercise, _ in request["top"][:2]), request) for request in found]
    ordered: list[dict[str, Any]] = []
    previous: frozenset[int] | None = None
    while rest and (limit is None or len(ordered) < limit):
        index = next((i for i, (pair, _) in enumerate(rest) if pair != previous), 0)
        previous, request = rest.pop(index)
        ordered.append(request)
    return ordered


def standing(store: Store, user: str, cohort_id: int | None = None) -> Standing:
    """How the work stands today for a person and for the team, and whether it is time to stop."""
    person = people.user(store.db, user)
    today = midnight()
    states = requests.states(store.db, cohort_id)
    mine = labels.answered_since(store.db, today, user_id=person["id"])
    budget = _budget(store)
    skipped = requests.skipped(store.db, user_id=person["id"], cohort_id=cohort_id)
    open_for_me = requests.waiting(store.db, cohort_id=cohort_id, **_limits(store, person["id"]))
    return Standing(
        open=open_for_me,
        flagged=states.get("flagged", 0),
        skipped=skipped,
        mine=mine,
        team=labels.answered_since(store.db, today),
        budget=budget,
        advice=_advice(store, person["id"], mine, budget, open_for_me),
    )


def _advice(store: Store, user_id: int, mine: int, budget: int, open_requests: int) -> str:
    if mine >= budget:
        return f"You have given the {budget} answers planned for a day. The rest can wait until tomorrow."
    if open_requests == 0:
        return "Nothing is waiting. New requests come when clients log exercises."
    recent = [
        label for label in labels.labels(store.db, user_id=user_id, limit=AGREEMENT) if not label["undone_at"]
    ]
    agreed = [label for label in recent if label["before"] and label["before"][0][0] == label["exercise_id"]]
    if len(agreed) == AGREEMENT:
        return f"The model's first choice was yours {AGREEMENT} times in a row; the rest can wait if time is short."
    return ""


def midnight() -> str:
    """When today began on this machine's clock, in UTC as the store writes times."""
    began = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return began.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _budget(store: Store) -> int:
    return int(people.setting(store.db, DAILY_BUDGET, DEFAULT_DAILY_BUDGET))


def _limits(store: Store, user_id: int) -> dict[str, Any]:
    a_client = int(people.setting(store.db, CLIENT_BUDGET, DEFAULT_CLIENT_BUDGET))
    return {"user_id": user_id, "since": midnight(), "a_client": a_client}


def _item(store: Store, request: dict[str, Any], catalogue: dict[int, dict[str, Any]]) -> Item:
    why = request["why"]
    in_set = set(why["prediction_set"])
    documents = people.documents(store.db, request["client_id"])
    done = exercises.log(store.db, request["client_id"], HISTORY, before_step=request["step"])
    model = models.load(store, request["model_version_id"])
    past = exercises.history(store.db, request["client_id"])[: request["step"]]
    # Asked again: the client's health may be another than when the request was opened.
    judged = gating.judge(store, request["client_id"])
    masks = gating.masked_exercises(store, request["cohort_id"], judged)
    names = {
        key: f"{row['name']} (masked)" if key in masks else row["name"] for key, row in catalogue.items()
    }
    ruled_out = [(mask["exercise"], mask["probability"]) for mask in why.get("masked", [])]
    return Item(
        request_id=request["id"],
        client_id=request["client_id"],
        client=request["client"],
        cohort=request["cohort"],
        synthetic=bool(request["synthetic"]),
        about=clients.about(documents.get("profile", {})),
        choices=[
            Choice(
                exercise, catalogue[exercise]["name"], catalogue[exercise]["category"], p, exercise in in_set
            )
            for exercise, p in request["top"]
            if exercise not in masks
        ],
        also_in_set=[
            catalogue[exercise]["name"]
            for exercise in why["prediction_set"]
            if exercise not in {top for top, _ in request["top"]} and exercise not in masks
        ],
        margin=request["margin"],
        p_value=request["p_value"],
        entropy=why.get("entropy"),
        least_confidence=why.get("least_confidence"),
        why=why["sentence"],
        limits=clients.limits(documents),
        history=[{"at": row["at"], "name": row["name"], "success": row["success"]} for row in done],
        nearest=doubts.nearest(model, past, documents.get("profile", {}), names),
        version_id=request["model_version_id"],
        masked=[
            Masked(exercise, catalogue[exercise]["name"], p, masks[exercise])
            for exercise, p in sorted([*request["top"], *ruled_out], key=lambda pair: -pair[1])
            if exercise in masks
        ],
        gate=judged.sentence,
    )
