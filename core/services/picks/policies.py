"""The policy in force for a cohort: how it was begun, and all that it has learnt since.

What is kept is what it was begun with and every outcome, never its state: the policy is what these teach it, in their
order, so that an outcome that is taken back is gone without a trace.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.bandit import EpsilonGreedy, HybridLinUCB, LinearPolicy, LinearThompson, LinUCB
from core.bandit.contexts import ENCODING
from core.errors import InputError
from core.guidelines import ARMS
from core.services import Store
from core.services.picks.settings import PolicySettings
from core.services.picks.views import InForce
from core.store import people, picks, weights

FIRST = PolicySettings()
FIRST_REASON = "The settings that Spotter begins with"
NAMES = tuple(ARMS)
SEED = 1


@dataclass(slots=True)
class Running:
    """A policy version with what it has learnt; ``lock`` is held while its policy is asked or taught."""

    version: dict[str, Any]
    settings: PolicySettings
    policy: LinearPolicy
    known: tuple[int, int, int]
    lock: threading.RLock = field(default_factory=threading.RLock)

    def view(self) -> InForce:
        """The version as the page shows it."""
        return _view(self.version, self.known[0])


def new_policy(settings: PolicySettings, rng: np.random.Generator) -> LinearPolicy:
    """A policy that has learnt nothing."""
    size, epsilon = ENCODING.size, settings.epsilon
    match settings.kind:
        case "linucb":
            return LinUCB(size, NAMES, settings.width, rng, epsilon=epsilon)
        case "hybrid":
            return HybridLinUCB(size, NAMES, settings.width, rng, epsilon=epsilon)
        case "thompson":
            return LinearThompson(size, NAMES, settings.width, rng, epsilon=epsilon)
        case _:
            return EpsilonGreedy(size, NAMES, epsilon, rng)


def begun(settings: PolicySettings, rng: np.random.Generator) -> LinearPolicy:
    """A policy that has learnt its synthetic decisions (the paper's answer to a cold start) and nothing else."""
    policy = new_policy(settings, rng)
    _teach_start(policy, synthetic_start(settings))
    return policy


def synthetic_start(settings: PolicySettings) -> dict[str, Any]:
    """The decisions that a policy with these settings begins with: contexts, arms, rewards; by a fixed seed.

    Their progress counts how far the week that somebody wants keeps to the guideline rows, which no outcome of a real
    client can tell; so the start expects a little less than real outcomes bring, of every arm.
    """
    return _drawn_start(settings.start, settings.completion_weight)


def start_of(store: Store, version: dict[str, Any]) -> dict[str, Any]:
    """What a version was begun with; drawn anew where it was kept before the columns of a context changed."""
    start = weights.load(store.weights, version["start"])
    if version["report"].get("encoding") == ENCODING.version:
        return start
    return synthetic_start(PolicySettings.from_json(version["settings"]))


@lru_cache(maxsize=16)
def _drawn_start(count: int, completion_weight: float) -> dict[str, Any]:
    if not count:
        return {
            "contexts": np.zeros((0, ENCODING.size)),
            "arms": np.zeros(0, np.int64),
            "rewards": np.zeros(0),
        }
    from core.bandit.simulation import start_decisions

    contexts, arms, rewards = start_decisions(
        count, np.random.default_rng(SEED), completion_weight=completion_weight
    )
    return {"contexts": contexts, "arms": np.asarray(arms, np.int64), "rewards": rewards}


def in_force(store: Store, cohort_id: int) -> Running:
    """The policy in force for a cohort, up to the newest outcome; a cohort without one gets the first settings.

    Raises:
        NotFound: if there is no such cohort.
    """
    rows = picks.versions(store.db, cohort_id)
    if not rows:
        put_in_force(store, cohort_id, FIRST, reason=FIRST_REASON, by="system", first=True)
        rows = picks.versions(store.db, cohort_id)
    version = rows[0]
    key = (store.folder, version["id"])
    with _lock:
        running = _running.get(key)
    # The whole row and not its id alone: a transaction that is undone gives its id back, to another policy perhaps.
    if running is not None and running.version == version:
        with running.lock:
            # Known first, what it stands for after: an outcome that comes in between is left for the next time.
            known = picks.outcomes_known(store.db, cohort_id)
            if known == running.known:
                return running
            if known[2] == running.known[2] and known[1] > running.known[1]:
                _teach_outcomes(
                    running.policy, _outcomes(store, cohort_id, running.known, known), running.settings
                )
                running.known = known
                return running
    running = _rebuilt(store, version)
    with _lock:
        _running[key] = running
    return running


def put_in_force(
    store: Store, cohort_id: int, settings: PolicySettings, *, reason: str, by: str, first: bool = False
) -> int:
    """Put a setting in force for a cohort, from the next pick on; returns the version's id.

    Args:
        first: only if the cohort has none yet.

    Raises:
        InputError: without a reason.
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= 500:
        raise InputError("Write a reason of 1 to 500 characters: it is kept with the policy.")
    start = weights.save(store.weights, synthetic_start(settings))
    with store.change("put policy in force", by=by, subject=f"cohort {cohort_id}") as change:
        held = picks.versions(change.db, cohort_id)
        if first and held:
            return int(held[0]["id"])
        people.cohort(change.db, cohort_id)
        version_id = picks.add_version(
            change.db,
            cohort_id=cohort_id,
            settings=settings.to_json(),
            start=start,
            report={"encoding": ENCODING.version, "seed": SEED},
            author=by,
            reason=reason,
        )
        change.detail |= {"version": version_id, "reason": reason, **settings.to_json()}
    return version_id


def policy(store: Store, cohort_id: int) -> InForce:
    """The policy in force, as the page shows it."""
    return in_force(store, cohort_id).view()


def versions(store: Store, cohort_id: int) -> list[InForce]:
    """Every policy that was in force for a cohort, newest first; ``learnt`` is what it would know today."""
    in_force(store, cohort_id)
    known = picks.outcomes_known(store.db, cohort_id)[0]
    return [_view(row, known) for row in picks.versions(store.db, cohort_id)]


def taught(policy: LinearPolicy, rows: Sequence[dict[str, Any]], settings: PolicySettings) -> LinearPolicy:
    """The policy after some outcomes, as ``picks.learnt_from`` gives them."""
    _teach_outcomes(policy, rows, settings)
    return policy


def _rebuilt(store: Store, version: dict[str, Any]) -> Running:
    settings = PolicySettings.from_json(version["settings"])
    policy = new_policy(settings, np.random.default_rng(version["id"]))
    _teach_start(policy, start_of(store, version))
    known = picks.outcomes_known(store.db, version["cohort_id"])
    _teach_outcomes(policy, _outcomes(store, version["cohort_id"], (0, 0, 0), known), settings)
    return Running(version, settings, policy, known)


def _outcomes(
    store: Store, cohort_id: int, before: tuple[int, int, int], known: tuple[int, int, int]
) -> list[dict[str, Any]]:
    """The outcomes that stand and came between two states of what is known."""
    rows = picks.learnt_from(store.db, cohort_id, before[1])
    return [row for row in rows if row["outcome_id"] <= known[1]]


def _teach_start(policy: LinearPolicy, start: dict[str, Any]) -> None:
    for context, arm, reward in zip(start["contexts"], start["arms"], start["rewards"], strict=True):
        policy.update(context, NAMES[int(arm)], float(reward))


def _teach_outcomes(policy: LinearPolicy, rows: Sequence[dict[str, Any]], settings: PolicySettings) -> None:
    for row in rows:
        if readable(row):
            policy.update(
                np.array(row["context"]), row["arm"], settings.reward(row["completion"], row["progress"])
            )


def readable(row: dict[str, Any]) -> bool:
    """Whether a receipt's context has the columns of today's; one from before they changed teaches nothing."""
    return bool(row["encoding"] == ENCODING.version)


def _view(version: dict[str, Any], learnt: int) -> InForce:
    settings = PolicySettings.from_json(version["settings"])
    return InForce(
        version_id=version["id"],
        settings=settings,
        start=settings.start,
        learnt=learnt,
        author=version["author"],
        reason=version["reason"],
        since=version["created_at"],
    )


_running: dict[tuple[Path, int], Running] = {}
_lock = threading.Lock()
