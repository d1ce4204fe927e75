"""One client as the policy in force sees them: scores taken apart, what the gate leaves, what would change the pick."""

from collections.abc import Mapping

import numpy as np

from core.bandit import explain
from core.bandit.attributes import ATTRIBUTES, BY_KEY, Value, attribute
from core.bandit.contexts import ENCODING, Floats
from core.bandit.flips import Change, smallest_change
from core.bandit.people import People
from core.bandit.stability import rank_stability
from core.errors import InputError
from core.guidelines import ARMS, Intensity
from core.services import Store
from core.services.picks import compared, policies
from core.services.picks.knowing import Known, intensity_high, of_client
from core.services.picks.policies import Running
from core.services.picks.rationale import rationale, said
from core.services.picks.views import ArmView, Considered, Flip, Stability, Values

REPEATS = 200
NAMES = tuple(ARMS)


def consider(store: Store, client_id: int, changes: Mapping[str, Value | None] | None = None) -> Considered:
    """One client as the policy in force sees them today; nothing is recorded.

    Args:
        changes: what-if values of wishes and of the day, by attribute key; None for not known. What a person is
            cannot be changed here: the gate judges the record.

    Raises:
        NotFound: if there is no such client.
        InputError: for a key or a value that cannot be.
    """
    known = of_client(store, client_id)
    checked = checked_changes(changes or {})
    wished = checked.get("intensity")
    if wished is not None and wished not in _proposed(known).get("intensity", (wished,)):
        raise InputError(
            f"The safety gate leaves at most {intensity_high(known.judged)} intensity for this client."
        )
    return of_known(store, known, checked)


def of_known(
    store: Store, known: Known, changes: Mapping[str, Value | None], *, thorough: bool = True
) -> Considered:
    """As ``consider``, for a client that was read already and changes that were checked.

    Args:
        thorough: whether to look for a flip and for the stability of ranks, which take most of the time and which no
            receipt holds.
    """
    running = policies.in_force(store, known.client["cohort_id"])
    values: dict[str, Value | None] = {**known.values, **changes}
    changed = tuple(key for key, value in changes.items() if known.values.get(key) != value)
    with running.lock:
        context = encoded(values)
        arms = _arms(store, running, known, context)
        order = _ranked(arms)
        best = order[0] if order else None
        before = _before(running, known) if changed else None
        flip = stability = why = None
        if best is not None:
            if thorough:
                change = smallest_change(running.policy, values, allowed_of(known), only=_proposed(known))
                flip = _flip(change, values)
                stability = _stability(store, running, known, context, best.arm)
            why = rationale(values, known.judged, best, learnt=running.known[0], start=running.settings.start)
    return Considered(
        client=known.client,
        day=known.day,
        values=values,
        origins={key: origin for key, origin in known.origins.items() if key not in changed},
        changed=changed,
        judged=known.judged,
        policy=running.view(),
        arms=arms,
        best=best.arm if best else None,
        runner_up=order[1].arm if len(order) > 1 else None,
        lead=best.score - order[1].score if best and len(order) > 1 else 0.0,
        rationale=why,
        flip=flip,
        stability=stability,
        before=before,
        context=tuple(context.tolist()),
    )


def checked_changes(changes: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """What-if values as they are kept.

    Raises:
        InputError: for a key or a value that cannot be, or for what a person is.
    """
    found: dict[str, Value | None] = {}
    for key, value in changes.items():
        of = attribute(key)
        if of.about == "person":
            raise InputError(
                f"{of.label} is on record, and the gate judges the record; change it on the client's page."
            )
        found[key] = None if value is None else of.check(value)
    return found


def encoded(values: Values) -> Floats:
    """The context of one client, shape (D,)."""
    context: Floats = ENCODING.encode(People.of([dict(values)]))[0]
    return context


def allowed_of(known: Known) -> np.ndarray:
    """Which arms the gate leaves, booleans in the order of ``ARMS``."""
    return np.array([arm in known.judged.open_arms for arm in NAMES])


def _proposed(known: Known) -> dict[str, tuple[Value, ...]]:
    """For some attributes the only values to propose: no intensity above what the gate leaves."""
    highest = intensity_high(known.judged)
    if highest is None:
        return {}
    return {"intensity": tuple(str(one) for one in Intensity if one.order <= highest.order)}


def _arms(store: Store, running: Running, known: Known, context: Floats) -> tuple[ArmView, ...]:
    allowed = allowed_of(known)
    chances = running.policy.propensities(context, allowed=allowed) if allowed.any() else np.zeros(len(NAMES))
    people = compared.background(store, known.client["cohort_id"])
    found = []
    for place, arm in enumerate(NAMES):
        said = explain(running.policy, context, people, arm=arm)
        # In the attributes' own order, which the columns of a context follow.
        shares = {of.key: said.attributions[of.key] for of in ATTRIBUTES}
        masked = known.judged.masked_arms.get(arm, ())
        found.append(ArmView(arm, said.score, said.base, shares, said.bonus, float(chances[place]), masked))
    return tuple(found)


def _ranked(arms: tuple[ArmView, ...]) -> list[ArmView]:
    """Open arms, the best first; of equals the first."""
    return sorted((arm for arm in arms if not arm.masked), key=lambda arm: -arm.score)


def _before(running: Running, known: Known) -> tuple[str | None, dict[str, float]]:
    scores = running.policy.scores(encoded(known.values))
    by_arm = {arm: float(score) for arm, score in zip(NAMES, scores, strict=True)}
    best = max(known.judged.open_arms, key=lambda arm: by_arm[arm], default=None)
    return best, by_arm


def _flip(change: Change | None, values: Values) -> Flip | None:
    if change is None:
        return None
    parts = []
    for key, value in change.changes.items():
        now = values.get(key)
        instead = "" if now is None else f" instead of {said(BY_KEY[key], now)}"
        parts.append(f"{BY_KEY[key].label.lower()} were {said(BY_KEY[key], value)}{instead}")
    sentence = f"If {' and '.join(parts)}, {change.arm} would come first."
    return Flip(dict(change.changes), change.arm, change.lead, sentence)


def _stability(store: Store, running: Running, known: Known, context: Floats, arm: str) -> Stability:
    rows = compared.rows_of(store, known.client["cohort_id"])
    rng = np.random.default_rng(known.client["id"])
    steady = rank_stability(running.policy, context, rows, ENCODING.names, arm, rng, REPEATS)
    return Stability(steady.agreement, steady.first, dict(steady.ranges))
