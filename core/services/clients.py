"""One client: everything that is known, and how it came about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.services import Store, models, recommending
from core.services.judging import Masks, judge
from core.services.records import limits as limits
from core.services.records import limits_known as limits_known
from core.services.records import quality as quality
from core.store import audit, exercises, labels, people, requests, status, steps, versions

MOST_MARGINS = 120


@dataclass(frozen=True, slots=True)
class Client:
    """One client's page.

    Attributes:
        client: id, reference, name, time zone, cohort and whether it is synthetic.
        documents: newest ``profile``, ``medical`` and ``screening`` documents.
        status: the caseload's row, or None.
        recommendations: what the model says now and said before, newest first, with exercise names; of what it says
            now without what the safety gate has come to mask since.
        margins: margin after each exercise under the version in force, oldest first; at most ``MOST_MARGINS``.
        threshold: margin below which the model asks, None without a model.
        log, steps, labels, notes, versions, audit: newest first, but steps oldest first.
        quality: sentences about gaps and oddities in the data; empty if none were found.
    """

    client: dict[str, Any]
    documents: dict[str, dict[str, Any]]
    limits: list[str]
    status: dict[str, Any] | None
    recommendations: list[dict[str, Any]]
    margins: list[float]
    threshold: float | None
    log: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    labels: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    audit: list[dict[str, Any]]
    quality: list[str]


def view(store: Store, client_id: int, *, by: str) -> Client:
    """Open a client's page: reads everything, and leaves a row in the audit that it was seen.

    Raises:
        NotFound
    """
    people.client(store.db, client_id)
    with store.change("view client", by=by, subject=f"client {client_id}"):
        pass
    return read(store, client_id)


def viewed(store: Store, client_ids: Iterable[int], *, by: str, page: str = "Label requests") -> None:
    """Leave a row in the audit for each of these clients: what is on record about them showed on a page."""
    rows = list(client_ids)
    if not rows:
        return
    with store.transaction() as db:  # one wait for the disk, however many there are
        for client_id in rows:
            subject = f"client {client_id}"
            audit.append(db, action="view client", by=by, subject=subject, detail={"page": page})


def read(store: Store, client_id: int) -> Client:
    """A client's page without the audit row, for drawing again what was opened before.

    Raises:
        NotFound
    """
    client = people.client(store.db, client_id)
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, client["cohort_id"])}
    documents = people.documents(store.db, client_id)
    log, days = exercises.log(store.db, client_id), steps.daily(store.db, client_id)
    margins, threshold = _margins(store, client_id, documents.get("profile", {}))
    masked = Masks(store, client["cohort_id"]).of(judge(store, client_id))
    recommended = requests.recommendations(store.db, client_id)
    for row in recommended[:1]:
        row["top"] = [(exercise, p) for exercise, p in row["top"] if exercise not in masked]
    own = versions.versions(store.db, cohort_id=client["cohort_id"], client_id=client_id)
    return Client(
        client=client,
        documents=documents,
        limits=limits(documents),
        status=status.status(store.db, client_id),
        recommendations=[
            {**row, "top": [(names[exercise], p) for exercise, p in row["top"]]} for row in recommended
        ],
        margins=margins,
        threshold=threshold,
        log=log,
        steps=days,
        labels=[
            {
                **row,
                **{side: [(names[exercise], p) for exercise, p in row[side]] for side in ("before", "after")},
            }
            for row in labels.labels(store.db, client_id=client_id)
        ],
        notes=people.notes(store.db, client_id),
        versions=own,
        audit=audit.recent(store.db, 50, f"client {client_id}"),
        quality=quality(documents, log, days),
    )


def add_note(store: Store, client_id: int, text: str, *, by: str) -> None:
    """Write a note about a client.

    Raises:
        InputError: for an empty note or one of over 4,000 characters.
    """
    text = text.strip()
    if not 1 <= len(text) <= 4000:
        raise InputError("A note has 1 to 4,000 characters.")
    with store.change("add note", by=by, subject=f"client {client_id}") as change:
        people.add_note(change.db, client_id, by, text)


def taken_back(store: Store, label_id: int, *, by: str) -> bool:
    """Whether a person's own answer was taken back.

    Raises:
        NotFound
    """
    label = labels.label(store.db, label_id)
    return label["user"] == by and label["undone_at"] is not None


def find(store: Store, cohort_id: int) -> list[tuple[int, str]]:
    """Id and name of every client of a cohort, by name, for a search box."""
    return [(row["id"], row["name"]) for row in people.clients(store.db, cohort_id)]


def with_limits_known(store: Store, client_ids: Iterable[int]) -> set[int]:
    """Those of these clients whose medical history or screening answers are on record."""
    return {client for client in client_ids if limits_known(people.documents(store.db, client))}


def about(profile: Mapping[str, Any]) -> str:
    """A client in a few words: age, sex, BMI."""
    words = []
    if profile.get("age") is not None:
        words.append(
            f"{profile['age']:g} years" if isinstance(profile["age"], int | float) else str(profile["age"])
        )
    if profile.get("sex"):
        words.append(str(profile["sex"]))
    if isinstance(profile.get("bmi"), int | float):
        words.append(f"BMI {profile['bmi']:.1f}")
    return ", ".join(words)


def _margins(store: Store, client_id: int, profile: dict[str, Any]) -> tuple[list[float], float | None]:
    version_id = versions.in_force(store.db, client_id)
    if version_id is None:
        return [], None
    model = models.load(store, version_id)
    threshold = float(model.rule(models.alpha(store)).threshold)
    history = exercises.history(store.db, client_id)
    begun = [history[:step] for step in range(1, len(history) + 1)][-MOST_MARGINS:]
    if not begun:
        return [], threshold
    return [round(float(value), 4) for value in recommending.margins(model, begun, profile)], threshold
