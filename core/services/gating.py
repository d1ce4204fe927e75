"""The safety gate in front of recommender, bandit and label entry, and its switch.

The gate is on for every cohort until somebody switches it off for one, with a reason. What it says rests on the
client's record alone (`core.services.health`), never on a score; and no score is changed by it.
"""

from core.errors import InputError
from core.services import Store, recommending
from core.services.judging import UNREADABLE as UNREADABLE
from core.services.judging import Judged as Judged
from core.services.judging import Masks as Masks
from core.services.judging import Reasons as Reasons
from core.services.judging import is_on as is_on
from core.services.judging import judge as judge
from core.services.judging import judge_many as judge_many
from core.services.judging import masked_exercises as masked_exercises
from core.services.judging import off_key
from core.store import people

MOST_REASON = 500  # characters


def switch(store: Store, cohort_id: int, *, on: bool, reason: str, by: str) -> None:
    """Switch the gate on or off for a cohort, and recommend anew to everybody in it.

    Nothing happens where it is as wanted already. In a transaction of the caller's the recommendations are left to
    the caller, and marked as due.

    Raises:
        NotFound: if there is no such cohort.
        InputError: for switching it off without a reason, or with one of over 500 characters.
    """
    reason = reason.strip()
    if not on and not any(letter.isalpha() for letter in reason):
        raise InputError("Say why the safety gate is switched off; the reason is shown and kept.")
    if len(reason) > MOST_REASON:
        raise InputError(f"The reason may have {MOST_REASON} characters; this one has {len(reason)}.")
    people.cohort(store.db, cohort_id)
    within = store.db.conn.in_transaction
    action = f"switch safety gate {'on' if on else 'off'}"
    if is_on(store, cohort_id)[0] == on:
        return
    with store.change(action, by=by, subject=f"cohort {cohort_id}") as change:
        people.set_setting(change.db, off_key(cohort_id), None if on else reason)
        change.detail["reason"] = reason
        recommending.mark_pending(change.db, cohort_id)
    if not within:
        recommending.refresh(store, cohort_id)
