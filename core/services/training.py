"""Train a cohort's base models, put one in force, what trainers taught included, and go back to an earlier one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InputError
from core.recommender import Progress
from core.services import Store, candidates, models, recommending, teaching
from core.services.features import CohortArrays
from core.services.models import Trained
from core.store import exercises, labels, people, versions

BEST = "best"


@dataclass(frozen=True, slots=True)
class Trainable:
    """A cohort and the model in force for it.

    Attributes:
        logged: rows of the exercise log that were imported.
        version: the base version in force, with ``report`` and ``created_at``; None before the first training.
        by_hand: somebody put it in force with ``use``, in place of what the last training had put there.
        taught: clients whose own version has learnt from a trainer's answers.
        choice: which model training puts in force, ``best`` or the name of one (see ``candidates``).
    """

    cohort_id: int
    name: str
    synthetic: bool
    clients: int
    logged: int
    version: dict[str, Any] | None
    by_hand: bool
    taught: int
    choice: str


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
            by_hand=_by_hand(store, cohort),
            taught=len(labels.taught_clients(store.db, cohort["id"])),
            choice=choice(store, cohort["id"]),
        )
        for cohort in people.cohorts(store.db)
    ]


def _by_hand(store: Store, cohort: dict[str, Any]) -> bool:
    # Of what a training keeps, the one that it puts in force is the newest.
    newest = versions.versions(store.db, cohort_id=cohort["id"], limit=1)
    return bool(newest) and newest[0]["id"] != cohort["model_version_id"]


def _version(store: Store, version_id: int | None) -> dict[str, Any] | None:
    return None if version_id is None else versions.version(store.db, version_id)


def kept(store: Store, cohort_id: int, *, newest: int | None = None) -> list[dict[str, Any]]:
    """The cohort's base versions, newest first: what training made and what can be put in force again.

    newest: only so many of them, and the one in force whatever its age; None for all.
    """
    found = versions.versions(store.db, cohort_id=cohort_id, limit=-1 if newest is None else newest)
    in_force = _version(store, people.cohort(store.db, cohort_id)["model_version_id"])
    if in_force and in_force["id"] not in {version["id"] for version in found}:
        found.append(in_force)
    return found


def choice(store: Store, cohort_id: int) -> str:
    """Which model training puts in force for a cohort: ``best``, or always the same one."""
    return str(people.setting(store.db, _choice_key(cohort_id), BEST))


def _choice_key(cohort_id: int) -> str:
    return f"model.choice.{cohort_id}"


def choose(store: Store, cohort_id: int, chosen: str, *, by: str) -> None:
    """Say which model training is to put in force from now on; the one in force stays until then.

    Raises:
        InputError: for a name that is none of ``best`` and the teachable candidates.
    """
    if chosen not in (BEST, *candidates.TEACHABLE):
        raise InputError(f"{chosen!r} is no model; choose {BEST}, {' or '.join(candidates.TEACHABLE)}.")
    with store.change("choose model", by=by, subject=f"cohort {cohort_id}") as change:
        people.set_setting(change.db, _choice_key(cohort_id), chosen)
        change.detail["choice"] = chosen


def train_candidates(
    store: Store, cohort_id: int, *, seed: int, by: str, say: Callable[[str, Progress], None]
) -> int:
    """Train every model that can be put in force, compare them once, and put the best in force; returns its id.

    For a first start, where nobody should wait for a comparison on everybody in turn: all stand on the same clients
    held out, once. say: told the title of a model and how far its training is.
    """
    arrays = models.trainable(store, cohort_id)
    trained = [
        models.train(
            store,
            cohort_id,
            seed=seed,
            settings=candidates.settings_of(name, len(arrays.exercise_ids)),
            progress=lambda at, title=candidates.TITLES[name]: say(title, at),  # type: ignore[misc]
        )
        for name in candidates.TEACHABLE
    ]
    return publish(store, compared(store, arrays, trained, seed=seed), by=by)


def compared(store: Store, arrays: CohortArrays, trained: Sequence[Trained], *, seed: int) -> list[Trained]:
    """Trained models with the figures of all candidates on the clients that each of them held out, the best first."""
    held_out = models.held_out(store, trained[0])
    judged = []
    if held_out:
        for name in candidates.TITLES:
            mine = next((one for one in trained if one.report["family"] == name), None)
            model = (
                models.recommender(store, mine) if mine else candidates.fit(name, arrays, held_out, seed=seed)
            )
            judged.append(candidates.judge(name, model, arrays, held_out))
    return with_figures(trained, candidates.compare(judged), folds=1, choice=BEST)


def with_figures(
    trained: Sequence[Trained], figures: Sequence[dict[str, Any]], *, folds: int, choice: str
) -> list[Trained]:
    """Models with the candidates' figures in their reports; first the chosen one, which is to be put in force.

    folds: parts that the clients were held out in, 1 if some were once. Without figures the first model is the best.
    """
    wanted = candidates.winner(figures) if choice == BEST else choice
    reported = [
        replace(one, report={**one.report, "candidates": list(figures), "folds": folds, "choice": choice})
        for one in trained
    ]
    return sorted(reported, key=lambda one: one.report["family"] != wanted)


def publish(store: Store, trained: Sequence[Trained], *, by: str) -> int:
    """Keep trained bases, put the first in force and teach it the answers that stand, in one change; returns its id."""
    cohort_id = trained[0].cohort_id
    with store.change("train model", by=by, subject=f"cohort {cohort_id}") as change:
        # The one in force last: it is the newest.
        ids = [
            versions.add_version(
                change.db,
                cohort_id=cohort_id,
                client_id=None,
                parent_id=None,
                kind="base",
                weights=one.weights,
                report=one.report,
            )
            for one in reversed(trained)
        ]
        _put_in_force(store, change.db, cohort_id, ids[-1])
        change.detail |= {
            "version": ids[-1],
            "weights": trained[0].weights,
            "data": trained[0].report["data"],
        }
        if len(ids) > 1:
            change.detail["kept"] = ids[:-1]
    return ids[-1]


def use(
    store: Store,
    version_id: int,
    *,
    by: str,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Put a base version that was kept in force again, teach it the answers that stand, and recommend anew.

    The one in force until now is kept too, so that this can be taken back the same way. Returns the version.

    Raises:
        NotFound: if there is no such version.
        InputError: if it is no cohort's model, but a client's own version.
        DatabaseDamaged: if its weights cannot be read; the one in force stays.
    """
    version = versions.version(store.db, version_id)
    if version["kind"] != "base":
        raise InputError(f"Version {version_id} is one client's own; choose a cohort's model.")
    models.load(store, version_id)
    cohort_id = version["cohort_id"]
    with store.change("use model", by=by, subject=f"cohort {cohort_id}") as change:
        change.detail |= {
            "version": version_id,
            "instead_of": people.cohort(change.db, cohort_id)["model_version_id"],
        }
        _put_in_force(store, change.db, cohort_id, version_id)
    recommending.refresh(store, cohort_id, progress=progress)
    return version


def _put_in_force(store: Store, db: Any, cohort_id: int, version_id: int) -> None:
    versions.put_base_in_force(db, version_id, cohort_id=cohort_id)
    recommending.mark_pending(db, cohort_id)
    for client_id in labels.taught_clients(db, cohort_id):
        teaching.teach_again(store, db, cohort_id, client_id)
