"""Making a pick and keeping its receipt."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from core.bandit.attributes import BY_KEY, Value
from core.bandit.contexts import ENCODING
from core.errors import Conflict, InputError
from core.guidelines import ARMS, tables_hash
from core.services import Store, moments
from core.services.picks import knowing, policies
from core.services.picks.considering import NAMES, allowed_of, checked_changes, of_known
from core.services.picks.settings import PolicySettings
from core.services.picks.views import Considered, Outcome, Pick
from core.services.studies.version import code_version
from core.store import people, picks

LONGEST_REASON = 500


def decide(
    store: Store,
    client_id: int,
    *,
    by: str,
    arm: str | None = None,
    reason: str = "",
    seen: Collection[str] | None = None,
    today: Mapping[str, Value | None] | None = None,
    on: date | None = None,
    at: datetime | None = None,
) -> int:
    """Make the pick of a client's day and keep its receipt; returns the pick's id.

    Of several on a day the newest holds. The policy draws by person and day: to ask it again is to hear the same, so
    that nobody can draw until they like what comes.

    Args:
        arm: None lets the policy pick, by its propensities; a name records what a person chose.
        reason: why an arm is offered against the gate; kept with the pick and in the audit.
        seen: the sentences against the arm that were shown when the reason was written; None if it was written for
            whatever holds now.
        today: how the day is, ``{"energy": "low"}``; what the week has had so far is on record.
        on: another day than today, for a record that is brought in afterwards; ``at`` then says when.

    Raises:
        NotFound: if there is no such client.
        InputError: for an arm that does not exist, values that cannot be, or a masked arm without a reason.
        Conflict: if the policy is to pick and the gate leaves no arm, the day's pick has its outcome already, or a rule
            stands against the arm that was not among those seen.
    """
    changes = checked_changes(today or {})
    if wrong := [BY_KEY[key] for key in changes if key != "energy"]:
        raise InputError(
            f"{wrong[0].label} is on record, and no pick is made with another; it can only be tried."
            if wrong[0].about == "day"
            else f"{wrong[0].label} is no value of the day; save it as the client's wish instead."
        )
    if arm is not None and arm not in ARMS:
        raise InputError(f"arm must be one of {', '.join(ARMS)}; it is {arm!r}.")
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON:
        raise InputError(f"A reason has at most {LONGEST_REASON} characters.")
    # The gate is asked inside the transaction: what it says is what holds when the pick is written.
    with store.change("pick", by=by, subject=f"client {client_id}") as change:
        known = knowing.of_client(store, client_id, day=on)
        same_day = [
            pick
            for pick in picks.holding(change.db, [client_id], f"{known.day}")
            if pick["day"] == f"{known.day}"
        ]
        if any(pick["completion"] is not None for pick in same_day):
            raise Conflict("What became of this day's pick is on record already; take that back first.")
        considered = of_known(store, known, changes, thorough=False)
        override = None
        if arm is None:
            arm, propensity = _drawn(store, considered, allowed_of(known))
        else:
            propensity = None
            masked = considered.arm(arm).masked
            if masked and not any(letter.isalpha() for letter in reason):
                raise InputError(
                    f"{arm.capitalize()} is masked: {' '.join(masked)} To offer it all the same, write why."
                )
            if seen is not None and not set(masked) <= set(seen):
                raise Conflict(f"What stands against {arm} has changed: {' '.join(masked)} Look at it again.")
            if masked:
                override = {"reason": reason, "rules": list(masked)}
        receipt = receipt_of(considered, known.lacking, arm, by=by, propensity=propensity, override=override)
        pick_id = picks.add(
            change.db,
            client_id=client_id,
            version_id=considered.policy.version_id,
            day=known.day.isoformat(),
            arm=arm,
            propensity=propensity,
            receipt=receipt,
            author=by,
            at=None if at is None else moments.stamp(at),
        )
        change.detail |= {"pick": pick_id, "arm": arm, "propensity": propensity}
        if override:
            change.detail |= {"override": override}
    return pick_id


def receipt_of(
    considered: Considered,
    lacking: Mapping[str, float],
    arm: str,
    *,
    by: str,
    propensity: float | None,
    override: dict[str, Any] | None,
) -> dict[str, Any]:
    """Everything that a decision rests on, as it is kept for good.

    Keys: ``values`` and ``origins`` by attribute; ``context``, the numbers the policy saw; ``allowed`` and ``masked``
    by arm; ``lacking`` by arm, what the week still asks; ``arms`` with score, base, bonus, attributions, propensity;
    ``arm``, ``best``, ``runner_up``, ``lead``; ``chosen_by``, ``propensity``, ``override``; ``gate``; ``rationale``;
    ``policy`` with settings and how much it had learnt; ``versions``.
    """
    why = considered.rationale
    return {
        "values": dict(considered.values),
        "origins": dict(considered.origins),
        "context": list(considered.context),
        "allowed": [not considered.arm(name).masked for name in NAMES],
        "masked": {view.arm: list(view.masked) for view in considered.arms if view.masked},
        "lacking": dict(lacking),
        "arms": {
            view.arm: {
                "score": view.score,
                "base": view.base,
                "bonus": view.bonus,
                "attributions": view.attributions,
                "propensity": view.propensity,
            }
            for view in considered.arms
        },
        "arm": arm,
        "best": considered.best,
        "runner_up": considered.runner_up,
        "lead": considered.lead,
        "chosen_by": "policy" if propensity is not None else by,
        "propensity": propensity,
        "override": override,
        "gate": {
            "on": considered.judged.on,
            "says": considered.judged.sentence,
            "rules": list(considered.judged.rules),
        },
        "rationale": None
        if why is None
        else {
            "arm": considered.best,
            "sentence": why.sentence,
            "week": list(why.week),
            "conflicts": list(why.conflicts),
            "sources": [
                {
                    "key": row.key,
                    "source": row.source,
                    "year": row.year,
                    "link": row.link,
                    "review": row.review,
                }
                for row in why.sources
            ],
        },
        "policy": {
            "version": considered.policy.version_id,
            "settings": considered.policy.settings.to_json(),
            "learnt": considered.policy.learnt,
        },
        "versions": {"code": code_version(), "guidelines": tables_hash(), "encoding": ENCODING.version},
    }


def read(store: Store, pick_id: int) -> Pick:
    """One pick with its receipt.

    Raises:
        NotFound
    """
    return _view(store, picks.pick(store.db, pick_id))


def of_client(store: Store, client_id: int) -> list[Pick]:
    """A client's picks, the newest first, those that were replaced among them.

    Raises:
        NotFound
    """
    people.client(store.db, client_id)
    return [_view(store, row) for row in picks.of_client(store.db, client_id)]


def _drawn(store: Store, considered: Considered, allowed: np.ndarray) -> tuple[str, float]:
    """The policy's pick and its propensity now."""
    if not allowed.any():
        raise Conflict(f"The safety gate leaves nothing to pick from. {considered.judged.sentence}")
    running = policies.in_force(store, considered.client["cohort_id"])
    with running.lock:
        running.policy.rng = np.random.default_rng(
            [running.version["id"], considered.client["id"], considered.day.toordinal()]
        )
        arm = running.policy.choose(np.array(considered.context), allowed=allowed)
    return arm, considered.arm(arm).propensity


def _view(store: Store, row: dict[str, Any]) -> Pick:
    outcome = None
    if row["outcome_id"] is not None:
        settings = PolicySettings.from_json(picks.version(store.db, row["policy_version_id"])["settings"])
        outcome = Outcome(
            id=row["outcome_id"],
            completion=row["completion"],
            progress=row["progress"],
            reward=settings.reward(row["completion"], row["progress"]),
            author=row["outcome_author"],
            at=row["outcome_at"],
        )
    return Pick(
        id=row["id"],
        client_id=row["client_id"],
        client=row["client"],
        day=row["day"],
        arm=row["arm"],
        propensity=row["propensity"],
        receipt=row["receipt"],
        author=row["author"],
        at=row["at"],
        replaced_by=row["replaced_by"],
        outcome=outcome,
        synthetic=bool(row["synthetic"]),
    )
