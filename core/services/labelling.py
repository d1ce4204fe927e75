"""Answer a request, see what the model learnt (`core.services.teaching`), take an answer back."""

import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import Conflict, InputError
from core.services import Store, gating, models, recommending, teaching
from core.services.models import Model
from core.store import exercises, labels, people, requests, versions

MASKED = "masked"
MOST_OVERRIDE = 500  # characters
VERDICTS = ("exercise", "none suitable", "skip", "flag")


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision, as it comes from the page.

    Attributes:
        key: made where the decision was made, so that the same decision sent twice counts once.
        verdict: ``exercise`` (then ``exercise_id`` is set), ``none suitable``, ``skip`` or ``flag``.
        reason: why, for anything but an exercise; may be empty.
        decision_ms: time from seeing the request to deciding, in milliseconds.
        override: why an exercise that the safety gate masks is the answer all the same; of no effect on any other.
        seen: the sentences that stood before the person who wrote the override, which is one against these alone;
            None where nobody was shown any, then it is against whatever masks the exercise.
    """

    request_id: int
    key: str
    verdict: str
    exercise_id: int | None = None
    reason: str = ""
    decision_ms: int | None = None
    override: str = ""
    seen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer.

    Attributes:
        status: ``taught``, ``recorded`` (nothing was taught), ``conflict`` or ``masked`` (nothing changed).
        message: a sentence for the trainer.
        before, after: top five as (exercise name, probability) for the same step, before and after; of what the
            gate masks only the answer itself is among them.
        forgetting: top-1 accuracy on held-out clients before and after, on how many steps it was counted, and on how
            many of them right and wrong changed; None where nothing was taught.
    """

    request_id: int
    key: str
    status: str
    message: str
    label_id: int | None = None
    client: str = ""
    before: list[tuple[str, float]] = field(default_factory=list)
    after: list[tuple[str, float]] = field(default_factory=list)
    taught: str = ""
    forgetting: tuple[float, float, int, int] | None = None


def answer(store: Store, user: str, given: Answer) -> Outcome:
    """Record one answer and teach it to the client's model, all in one transaction or not at all.

    The first answer to a request stands; a second one changes nothing and says who was first. The same
    ``key`` again gives the same outcome again. An exercise that the safety gate masks for the client is refused with
    the status ``masked``, unless the answer says why it is given all the same; the gate is asked in the transaction.

    Raises:
        InputError: for a verdict, an exercise or a reason that cannot be.
    """
    if given.verdict not in VERDICTS:
        raise InputError(f"{given.verdict!r} is no verdict; choose one of {', '.join(VERDICTS)}.")
    if (given.verdict == "exercise") != (given.exercise_id is not None):
        raise InputError("An exercise is named with the verdict 'exercise', and with no other.")
    given = replace(given, override=given.override.strip())
    if given.override and not any(letter.isalpha() for letter in given.override):
        given = replace(given, override="")  # what cannot be read is no reason
    if len(given.override) > MOST_OVERRIDE:
        raise InputError(
            f"The reason may have {MOST_OVERRIDE} characters; this one has {len(given.override)}."
        )
    person = people.user(store.db, user)
    request = requests.request(store.db, given.request_id)
    known = labels.by_key(store.db, given.key)
    if known is not None:
        return _outcome(store, known)
    # One answer at a time for a client: the second would start from a version that is about to change.
    with _client_lock(store, request["client_id"]):
        try:
            return _answer(store, person, request, given)
        except Conflict as conflict:
            # The same press may have come in twice at once; then the other one has the outcome.
            known = labels.by_key(store.db, given.key)
            return _outcome(store, known) if known else _unchanged(store, given, "conflict", str(conflict))
        except _Masked as masked:
            return _unchanged(store, given, MASKED, str(masked))


def _answer(store: Store, person: dict[str, Any], request: dict[str, Any], given: Answer) -> Outcome:
    client_id = request["client_id"]
    if given.verdict != "exercise":
        with store.change(f"label: {given.verdict}", by=person["name"], subject=_subject(request)) as change:
            _still_open(store, request["id"])
            label_id = _add(change.db, person, request, given, [], [], None, None)
            if given.verdict != "skip":
                requests.set_state(
                    change.db, request["id"], "flagged" if given.verdict == "flag" else "answered"
                )
                recommending.refresh(store, request["cohort_id"], [client_id])
            change.detail |= {"label": label_id, "reason": given.reason}
        return _outcome(store, labels.label(store.db, label_id))

    exercise_id = given.exercise_id
    assert exercise_id is not None
    catalogue = exercises.exercise_ids(store.db, request["cohort_id"])
    if exercise_id not in catalogue.values():
        raise InputError("This exercise is not in the client's catalogue. Choose one from the list.")
    _still_open(store, request["id"])
    _allowed(store, request, given)
    before_model = models.of_client(store, client_id)
    history = exercises.history(store.db, client_id)[: request["step"]]
    document = people.profiles_of(store.db, [client_id]).get(client_id, {})
    lesson = teaching.teach(store, before_model, history, document, exercise_id, seed=request["id"])
    with store.change("label: exercise", by=person["name"], subject=_subject(request)) as change:
        _still_open(store, request["id"])
        # Asked once more: what is on record of the client may have changed while the model learnt.
        masks = _allowed(store, request, given)
        before, after = (
            _top(model, history, document, masks.keys() - {exercise_id})
            for model in (before_model, lesson.model)
        )
        if versions.in_force(change.db, client_id) != before_model.version_id:
            raise Conflict("This client's model changed a moment ago; answer again.")
        version_id = teaching.add_version(
            change.db, request["cohort_id"], client_id, before_model.version_id, lesson
        )
        against = masks.get(exercise_id, ())
        given = replace(given, override=given.override if against else "")
        label_id = _add(change.db, person, request, given, before, after, before_model.version_id, version_id)
        requests.set_state(change.db, request["id"], "answered")
        recommending.refresh(store, request["cohort_id"], [client_id])
        change.detail |= {"label": label_id, "exercise": exercise_id, "version": version_id}
        if against:
            rules = list(dict.fromkeys(rule for rule, _ in against))
            change.detail["override"] = {"rules": rules, "reason": given.override}
    return _outcome(store, labels.label(store.db, label_id))


class _Masked(Exception):
    """The exercise is masked for the client, and the answer does not say why it is given all the same."""


def _allowed(store: Store, request: dict[str, Any], given: Answer) -> Mapping[int, gating.Reasons]:
    """What the gate masks for the client now, by exercise; the answer may be among it only with a reason."""
    judged = gating.judge(store, request["client_id"])
    masks = gating.Masks(store, request["cohort_id"]).of(judged)
    against = masks.get(given.exercise_id or 0, ())
    if against and not (given.override and _all_seen(against, given.seen)):
        sentences = " ".join(f"{text.rstrip('.')}." for text in dict.fromkeys(text for _, text in against))
        raise _Masked(
            f"The safety gate masks this exercise for {request['client'].rstrip('.')}. {sentences} "
            "Nothing was changed. To give it all the same, write why."
        )
    return masks


def _all_seen(against: gating.Reasons, seen: Sequence[str] | None) -> bool:
    """Whether each sentence stands in what was shown, which may be the message of a refusal with all of them."""
    return seen is None or all(any(text.rstrip(".") in shown for shown in seen) for _, text in against)


def undo(store: Store, user: str, label_id: int) -> str:
    """Take an answer back: the label, and what the model learnt from it. Returns a sentence for the trainer.

    Answers given to the same client after it are taught again without it, so that exactly this one is gone.

    Raises:
        Conflict: if it was taken back already, or was given by somebody else.
    """
    label = labels.label(store.db, label_id)
    if label["user"] != user:
        raise Conflict(f"This is {label['user']}'s answer; only {label['user']} can take it back.")
    client_id = label["client_id"]
    with _client_lock(store, client_id):
        request = requests.request(store.db, label["request_id"])
        with store.change("undo label", by=user, subject=_subject(request)) as change:
            labels.undo(change.db, label_id, user)
            change.detail["label"] = label_id
            current = versions.in_force(change.db, client_id)
            if label["verdict"] == "exercise" and current is not None:
                start = versions.untaught(change.db, current)
                change.detail["version"] = teaching.replay(
                    store, change.db, request["cohort_id"], client_id, start
                )
            requests.set_state(change.db, request["id"], _state(change.db, request))
            recommending.refresh(store, request["cohort_id"], [client_id])
    if label["verdict"] == "exercise":
        return f"Taken back: {label['exercise']} for {label['client']}, and what the model learnt from it."
    return f"Taken back: {label['verdict']} for {label['client'].rstrip('.')}."


def _state(db: Any, request: dict[str, Any]) -> str:
    """Where a request stands by the labels that stand."""
    if labels.answer_of(db, request["id"]):
        return "answered"
    if labels.flagged(db, request["id"]):
        return "flagged"
    done = len(exercises.history(db, request["client_id"]))
    return "open" if done == request["step"] else "out of date"


def _still_open(store: Store, request_id: int) -> None:
    request = requests.request(store.db, request_id)
    if request["state"] in ("open", "flagged"):
        return
    first = labels.answer_of(store.db, request_id)
    if first is None:
        judged = gating.judge(store, request["client_id"])
        why = judged.sentence if judged.masks_everything else "The client has moved on."
        raise Conflict(f"This request is out of date. {why} Nothing was changed.")
    seconds = (datetime.now(UTC) - datetime.fromisoformat(first["at"])) // timedelta(seconds=1)
    ago = f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"
    what = first["exercise"] or first["verdict"]
    raise Conflict(
        f"{first['user']} answered this {ago}: {what}. Your answer was not needed and changed nothing."
    )


def _unchanged(store: Store, given: Answer, status: str, message: str) -> Outcome:
    client = requests.request(store.db, given.request_id)["client"]
    return Outcome(given.request_id, given.key, status, message, client=client)


def _add(
    db: Any,
    person: dict[str, Any],
    request: dict[str, Any],
    given: Answer,
    before: list[Any],
    after: list[Any],
    before_version: int | None,
    after_version: int | None,
) -> int:
    return labels.add_label(
        db,
        request_id=request["id"],
        client_id=request["client_id"],
        user_id=person["id"],
        answer_key=given.key,
        verdict=given.verdict,
        exercise_id=given.exercise_id,
        reason=given.reason.strip()[:500],
        decision_ms=given.decision_ms,
        before=before,
        after=after,
        before_version_id=before_version,
        after_version_id=after_version,
        override=given.override,
    )


def _top(
    model: Model, history: Sequence[int], document: dict[str, Any], masked: Set[int]
) -> list[tuple[int, float]]:
    row = model.predict([history], [document])[0]
    ranked = ((model.exercise_ids[i], float(row[i])) for i in row.argsort(kind="stable")[::-1])
    return [(exercise, p) for exercise, p in ranked if exercise not in masked][: recommending.TOP]


def _outcome(store: Store, label: dict[str, Any]) -> Outcome:
    """The outcome of a recorded label, from the store alone."""
    request = requests.request(store.db, label["request_id"])
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, request["cohort_id"])}
    check = None
    client = label["client"]
    match label["verdict"]:
        case "exercise":
            message = f"{label['exercise']} for {client}: {_moved(label, names)}"
        case "none suitable":
            message = f"None suitable for {client}: recorded, nothing is recommended."
        case "skip":
            message = f"{client} skipped; the request stays open for others."
        case _:
            message = f"{client} flagged for a second pair of eyes."
    if label["after_version_id"]:
        report = versions.version(store.db, label["after_version_id"])["report"]
        if "note" in report:
            message = f"{label['exercise']} for {client}: recorded. {report['note']}"
        else:
            check = (report["top1_before"], report["top1_after"], report["windows"], report["changed"])
    return Outcome(
        request_id=label["request_id"],
        key=label["answer_key"],
        status="taught" if check else "recorded",
        message=message,
        label_id=label["id"],
        client=client,
        before=[(names[exercise], p) for exercise, p in label["before"]],
        after=[(names[exercise], p) for exercise, p in label["after"]],
        taught=label["exercise"] or "",
        forgetting=check,
    )


def _moved(label: dict[str, Any], names: dict[int, str]) -> str:
    """How far the model came towards what it was taught, and whether it would now say so itself."""
    if not label["after"]:
        return "recorded."
    first = label["after"][0][0]
    if first == label["exercise_id"]:
        return "the model now puts it first."
    return f"the model moved towards it; it still puts {names[first]} first."


def _subject(request: dict[str, Any]) -> str:
    return f"client {request['client_id']}"


_locks: dict[tuple[Any, int], threading.Lock] = {}
_locks_lock = threading.Lock()


def _client_lock(store: Store, client_id: int) -> threading.Lock:
    with _locks_lock:
        return _locks.setdefault((store.folder, client_id), threading.Lock())
