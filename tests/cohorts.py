"""A small generated cohort in a store, quick to make, for tests that need clients, a log and a model."""

from pathlib import Path

import numpy as np

from core.guidelines import QUESTIONS
from core.recommender import FullHistorySettings, Settings
from core.services import Store, accounts, candidates, models, recommending, training
from core.store import exercises, people

CATEGORIES = ("push", "pull", "squat", "core")
QUICK = {
    candidates.FULL_HISTORY: FullHistorySettings(epochs=2, members=1, embedding=8, state=8),
    candidates.PAPER: Settings(epochs=2),
}


def small_cohort(
    folder: Path,
    *,
    clients: int = 24,
    n_exercises: int = 12,
    days: int = 30,
    train: bool = True,
    seed: int = 0,
    screened: bool = True,
) -> Store:
    """A store with one synthetic cohort whose clients mostly follow a rotation, and two trainers, Ana and Bo.

    With ``screened`` a medical history without conditions and screening answers of no are on record of everybody.

    The last client has no history. With ``train`` there is a model and a recommendation for everyone.
    """
    rng = np.random.default_rng(seed)
    store = Store(folder)
    for name in ("Ana", "Bo"):
        accounts.add(store, name, "trainer", by="system")
    with store.change("add cohort", by="system", subject="cohort test") as change:
        db = change.db
        cohort = people.add_cohort(db, "Test cohort", source="generated", synthetic=True)
        catalogue = exercises.add_exercises(
            db,
            cohort,
            [
                {
                    "reference": f"e{i}",
                    "name": f"Exercise {i}",
                    "category": CATEGORIES[i % 4],
                    "muscle_group": "legs" if i % 2 else "arms",
                    "difficulty": 1 + i % 5,
                }
                for i in range(n_exercises)
            ],
        )
        ids = people.add_clients(
            db, cohort, [{"reference": f"c{i:05d}", "name": f"Client {i:05d}"} for i in range(clients)]
        )
        people.add_documents(
            db,
            "profile",
            {
                client: {"age": int(rng.integers(19, 60)), "sex": str(rng.choice(["female", "male"]))}
                for client in ids.values()
            },
        )
        if screened:
            people.add_documents(db, "medical", {client: {"conditions": "none"} for client in ids.values()})
            people.add_documents(
                db, "screening", {client: dict.fromkeys(QUESTIONS, "no") for client in ids.values()}
            )
        imported = exercises.add_import(
            db,
            cohort,
            kind="log",
            path="generated",
            sha256="0",
            row_count=(clients - 1) * days,
            actor="system",
        )
        order = list(catalogue.values())
        exercises.add_log(db, _rows(list(ids.values())[:-1], order, days, rng), imported)
    if train:
        train_paper(store, cohort, seed=seed, by="system")
    return store


def train_paper(store: Store, cohort_id: int, *, seed: int, by: str) -> int:
    """Train the paper's network alone, which takes a second; put it in force and recommend anew. Its version's id."""
    version_id = training.publish(store, [models.train(store, cohort_id, seed=seed)], by=by)
    recommending.refresh(store, cohort_id)
    return version_id


def _rows(clients: list[int], order: list[int], days: int, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    for client in clients:
        place = int(rng.integers(len(order)))
        for day in range(days):
            place = int(rng.integers(len(order))) if rng.random() < 0.3 else (place + 1) % len(order)
            at = f"2026-0{1 + day // 28}-{1 + day % 28:02d}T08:00:00.000Z"
            yield client, at, order[place], int(rng.random() < 0.8), 3.0


def two_models(store: Store, *, seed: int = 0) -> int:
    """Train both models of the only cohort briefly, compare them, use the better one; returns its version's id."""
    (cohort,) = people.cohorts(store.db)
    trained = [
        models.train(store, cohort["id"], seed=seed, settings=QUICK[name]) for name in candidates.TEACHABLE
    ]
    arrays = models.trainable(store, cohort["id"])
    version = training.publish(store, training.compared(store, arrays, trained, seed=seed), by="system")
    recommending.refresh(store, cohort["id"])
    return version


def ask_about_everyone(store: Store) -> None:
    """Raise the asking level so that every client has an open request."""
    with store.change("set", by="system", subject="settings") as change:
        people.set_setting(change.db, models.ALPHA, 0.999)
    recommending.refresh(store, people.cohorts(store.db)[0]["id"])
