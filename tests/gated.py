"""A small cohort in which the gate has something to say: exercises with needs, and clients with a record each."""

import json
from pathlib import Path
from typing import Any

from core.guidelines import QUESTIONS
from core.recommender import Settings
from core.services import Store, models, recommending, training
from core.store import people
from tests.cohorts import small_cohort

NO = dict.fromkeys(QUESTIONS, "no")
NEEDS: tuple[dict[str, Any], ...] = (
    {"component": "aerobic", "intensity": "vigorous", "impact": "high", "load": "light"},
    {"component": "strength", "intensity": "moderate", "impact": "low", "load": "heavy"},
    {"component": "flexibility", "intensity": "light", "impact": "none", "load": "light"},
    {"component": "aerobic", "intensity": "moderate", "impact": "low", "load": "light"},
)
"""Exercise number n of the catalogue has the needs n modulo four; every fourth is of high impact."""

OPEN, UNSCREENED, JOINTS, HEART, UNKNOWN = range(5)
"""Places of the clients in the cohort, by what their records say."""


def gated_cohort(folder: Path, *, clients: int = 12, asking: float = 0.999, epochs: int = 1) -> Store:
    """A cohort of clients whom everything may be offered, but for four; the model asks about whom it may."""
    store = small_cohort(folder, clients=clients, days=12, train=False)
    cohort = people.cohorts(store.db)[0]["id"]
    ids = sorted(people.client_ids(store.db, cohort).values())
    with store.transaction() as db:
        people.set_setting(db, models.ALPHA, asking)
        people.set_setting(db, "asking.per_trainer_a_day", 500)
        for place, (exercise, detail) in enumerate(
            db.execute("SELECT id, detail FROM exercises ORDER BY id").fetchall()
        ):
            needs = {
                **json.loads(detail),
                **NEEDS[place % 4],
                "balance_demand": "low",
                "positions": ["standing"],
            }
            db.execute("UPDATE exercises SET detail = ? WHERE id = ?", [json.dumps(needs), exercise])
        people.add_documents(db, "screening", {ids[UNSCREENED]: {}})
        people.add_documents(
            db,
            "medical",
            {
                ids[JOINTS]: {"conditions": "osteoarthritis"},
                ids[HEART]: {"conditions": "heart failure"},
                ids[UNKNOWN]: {"conditions": "obesity; lupus"},
            },
        )
        said = {**NO, "heart_condition_or_high_blood_pressure": "yes"}
        people.add_documents(db, "screening", {ids[HEART]: said})
        people.add_documents(db, "health", {ids[HEART]: {"active": True}})
    training.publish(
        store, [models.train(store, cohort, seed=0, settings=Settings(epochs=epochs))], by="system"
    )
    recommending.refresh(store, cohort)
    return store
