"""Train a cohort's base model and put it in force, what trainers taught included."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.recommender import Progress
from core.services import Store, labelling, models, recommending
from core.services.models import Trained
from core.store import exercises, labels, people, versions


@dataclass(frozen=True, slots=True)
class Trainable:
    """A cohort and the model in force for it.

    Attributes:
        logged: rows of the exercise log that were imported.
        version: the base version in force, with ``report`` and ``created_at``; None before the first training.
        taught: clients whose own version has learnt from a trainer's answers.
    """

    cohort_id: int
    name: str
    synthetic: bool
    clients: int
    logged: int
    version: dict[str, Any] | None
    taught: int


def overview(store: Store) -> list[Trainable]:
    """Every cohort with its model, oldest first."""
    return [
        Trainable(
            cohort_id=cohort["id"],
            name=cohort["name"],
            synthetic=bool(cohort["synthetic"]),
            clients=cohort["clients"],
            logged=exercises.logged_rows(store.db, cohort["id"]),
            version=_version(store, cohort["model_version_id"]),
            taught=len(labels.taught_clients(store.db, cohort["id"])),
        )
        for cohort in people.cohorts(store.db)
    ]


def _version(store: Store, version_id: int | None) -> dict[str, Any] | None:
    return None if version_id is None else versions.version(store.db, version_id)


def train_cohort(
    store: Store, cohort_id: int, *, seed: int, by: str, progress: Callable[[Progress], None] | None = None
) -> int:
    """Train on all that is logged, put the new base in force and recommend anew; returns the version's id.

    Raises:
        InputError: if nobody in the cohort has a logged exercise.
    """
    version_id = publish(store, models.train(store, cohort_id, seed=seed, progress=progress), by=by)
    recommending.refresh(store, cohort_id)
    return version_id


def publish(store: Store, trained: Trained, *, by: str) -> int:
    """Put a trained base in force and teach it the answers that stand, in one change; returns its id."""
    cohort_id = trained.cohort_id
    with store.change("train model", by=by, subject=f"cohort {cohort_id}") as change:
        version_id = versions.add_version(
            change.db,
            cohort_id=cohort_id,
            client_id=None,
            parent_id=None,
            kind="base",
            weights=trained.weights,
            report=trained.report,
        )
        versions.put_base_in_force(change.db, version_id, cohort_id=cohort_id)
        recommending.mark_pending(change.db, cohort_id)
        for client_id in labels.taught_clients(change.db, cohort_id):
            labelling.teach_again(store, change.db, cohort_id, client_id)
        change.detail |= {"version": version_id, "weights": trained.weights, "data": trained.report["data"]}
    return version_id
