"""What became of a pick, and the wishes that a client has."""

import math
from collections.abc import Mapping
from datetime import datetime

from core.bandit.attributes import BY_KEY, Value
from core.errors import Conflict, InputError
from core.services import Store, moments
from core.services.picks.considering import checked_changes
from core.services.picks.deciding import read
from core.services.picks.views import Outcome
from core.store import people, picks


def record_outcome(
    store: Store, pick_id: int, completion: float, *, by: str, at: datetime | None = None
) -> Outcome:
    """Say how much of a pick's session was done; the policy learns from it at once.

    Progress to the week's goal is completion × the share of the week's sessions of its arm that was lacking when the
    pick was made: the more a week lacks of an arm, the more a session of it counts.

    Args:
        completion: 0 for not done, 1 for done, or a share.
        at: when, now by default.

    Raises:
        NotFound: if there is no such pick.
        InputError: for a completion that is no share; nothing is learnt then.
        Conflict: if it has an outcome already, or another pick took its place.
    """
    number = isinstance(completion, int | float) and not isinstance(completion, bool)
    if not number or not math.isfinite(completion) or not 0 <= completion <= 1:
        raise InputError(f"completion must be a share from 0 to 1; it is {completion!r}.")
    with store.change("record outcome", by=by, subject="pick") as change:
        pick = read(store, pick_id)
        change.subject = f"client {pick.client_id}"
        if pick.outcome is not None:
            raise Conflict(
                f"{pick.outcome.author} said already what became of this pick. Take that back first."
            )
        if pick.replaced_by is not None:
            raise Conflict(
                "Another pick took the place of this one on the same day; say what became of that one."
            )
        lacking = float(pick.receipt["lacking"][pick.arm])
        picks.add_outcome(
            change.db,
            pick_id,
            completion=float(completion),
            progress=float(completion) * lacking,
            author=by,
            at=None if at is None else moments.stamp(at),
        )
        change.detail |= {"pick": pick_id, "completion": float(completion)}
    outcome = read(store, pick_id).outcome
    assert outcome is not None  # it was written a moment ago
    return outcome


def undo_outcome(store: Store, pick_id: int, *, by: str) -> None:
    """Take back what was said of a pick, and what the policy learnt from it.

    Raises:
        NotFound: if there is no such pick.
        Conflict: if it has no outcome.
    """
    with store.change("undo outcome", by=by, subject="pick") as change:
        pick = read(store, pick_id)
        change.subject = f"client {pick.client_id}"
        picks.undo_outcome(change.db, pick_id, by)
        change.detail["pick"] = pick_id


def save_wishes(store: Store, client_id: int, values: Mapping[str, Value | None], *, by: str) -> None:
    """Keep values as the client's own wishes; those not named stay as they are, None takes one away.

    Raises:
        NotFound: if there is no such client.
        InputError: for anything but a wish, or a value that cannot be.
    """
    checked = checked_changes(values)
    if wrong := [key for key in checked if BY_KEY[key].about != "wish"]:
        raise InputError(f"{BY_KEY[wrong[0]].label} is no wish; it holds for the day alone.")
    with store.change("save wishes", by=by, subject=f"client {client_id}") as change:
        people.client(change.db, client_id)
        held = people.documents(change.db, client_id).get("preferences", {})
        kept = {key: value for key, value in {**held, **checked}.items() if value is not None}
        kept.pop("recorded_at", None)
        people.add_documents(change.db, "preferences", {client_id: kept})
        change.detail |= {"wishes": sorted(checked)}
