"""What a setting would have earned on the picks that were made, before it reaches anybody.

A learning policy must not be judged by the decisions it has learnt from: the logged picks are dealt into folds by
client, and those of a fold are judged by a policy that began with the setting and learnt the outcomes of the others.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from core.bandit import (
    Log,
    direct,
    doubly_robust,
    effective_sample_size,
    inverse_propensity,
    predict_rewards,
    self_normalised,
)
from core.bandit.contexts import Floats
from core.errors import InputError
from core.services import Store
from core.services.picks import policies
from core.services.picks.considering import NAMES
from core.services.picks.settings import PolicySettings
from core.services.picks.views import Estimate, Rehearsal
from core.store import people, picks

FEWEST = 30  # logged decisions, and what the log must be worth for a setting before anything is concluded
FEWEST_OF_ARM = 10  # logged picks of an arm that the setting takes at all often
OFTEN = 0.05  # of its picks
FOLDS = 5
REPEATS = 200  # of the bootstrap over clients
LEVEL = 95  # per cent
CERTAIN = 1 - 1e-9  # propensity of a pick that was made without chance
THIN = 0.1  # of the log; an effective sample below says little


def logged(store: Store, cohort_id: int) -> int:
    """How many picks the policy made that have an outcome: what a rehearsal can rest on."""
    return len(_log_rows(store, cohort_id))


def rehearse(store: Store, cohort_id: int, settings: PolicySettings) -> Rehearsal:
    """What a setting would have earned on the logged picks, by four estimates with intervals over clients.

    Rewards are counted with the weights in force, so that settings are compared by the same measure.

    Raises:
        NotFound: if there is no such cohort.
        InputError: with fewer than ``FEWEST`` logged picks, or all of one client.
    """
    people.cohort(store.db, cohort_id)
    rows = _log_rows(store, cohort_id)
    clients = np.array([row["client_id"] for row in rows])
    count = len(set(clients.tolist()))
    if len(rows) < FEWEST or count < FOLDS:
        raise InputError(
            f"A rehearsal needs {FEWEST} picks of the policy with an outcome, of {FOLDS} clients or more; "
            f"there are {len(rows)}, of {count}."
        )
    counted = policies.in_force(store, cohort_id).settings
    contexts = np.array([row["context"] for row in rows])
    arms = np.array([NAMES.index(row["arm"]) for row in rows])
    rewards = np.array([counted.reward(row["completion"], row["progress"]) for row in rows])
    chances = np.array([row["propensity"] for row in rows])
    rng = np.random.default_rng(cohort_id)
    target = _target(rows, clients, contexts, settings, rng)
    predicted = predict_rewards(
        Log(arms, rewards, chances), contexts, len(NAMES), np.random.default_rng(cohort_id), groups=clients
    )

    def estimates(places: np.ndarray) -> list[float]:
        log = Log(arms[places], rewards[places], chances[places])
        share, guess = target[places], predicted[places]
        return [_or_nan(estimate, log, share, guess) for estimate in ESTIMATES.values()]

    everything = np.arange(len(rows))
    point = estimates(everything)
    drawn = _redrawn(clients, rng)
    redrawn = np.array([[*estimates(places), rewards[places].mean()] for places in drawn])
    found = []
    for place, (name, value) in enumerate(zip(ESTIMATES, point, strict=True)):
        apart = value - float(rewards.mean())
        low, high = _interval(value, redrawn[:, place], count)
        apart_low, apart_high = _interval(apart, redrawn[:, place] - redrawn[:, -1], count)
        found.append(Estimate(name, value, low, high, apart, apart_low, apart_high))
    effective = effective_sample_size(Log(arms, rewards, chances), target)
    return Rehearsal(
        settings=settings,
        decisions=len(rows),
        logged_mean=float(rewards.mean()),
        estimates=tuple(found),
        effective=effective,
        changed=float((target.argmax(axis=1) != arms).mean()),
        arms=tuple(
            (arm, float((arms == k).mean()), float(target[:, k].mean())) for k, arm in enumerate(NAMES)
        ),
        sentence=_sentence(found[-1], effective, _unseen(arms, target), _beyond(arms, chances, target)),
        warnings=(
            *_warnings(effective, len(rows), settings, counted),
            *_left_out(*picks.unheard(store.db, cohort_id)),
        ),
    )


def _target(
    rows: Sequence[dict[str, Any]],
    clients: np.ndarray,
    contexts: Floats,
    settings: PolicySettings,
    rng: np.random.Generator,
) -> Floats:
    """The probability of each arm under the setting, each decision by a policy that never saw its client."""
    names = np.unique(clients)
    fold_of = dict(zip(names.tolist(), rng.permutation(np.arange(names.size) % FOLDS).tolist(), strict=True))
    folds = np.array([fold_of[client] for client in clients.tolist()])
    allowed = np.array([row["allowed"] for row in rows], dtype=bool)
    target = np.empty((len(rows), len(NAMES)))
    for fold in range(FOLDS):
        held = folds == fold
        others = [row for row, mine in zip(rows, held, strict=True) if not mine]
        policy = policies.taught(policies.begun(settings, np.random.default_rng(fold)), others, settings)
        target[held] = policy.propensities(contexts[held], allowed=allowed[held])
    return target


def _log_rows(store: Store, cohort_id: int) -> list[dict[str, Any]]:
    return [
        row
        for row in picks.learnt_from(store.db, cohort_id)
        if row["propensity"] is not None and policies.readable(row)
    ]


def _redrawn(clients: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """The decisions of clients drawn with replacement, ``REPEATS`` times."""
    places = [np.flatnonzero(clients == client) for client in np.unique(clients)]
    return [
        np.concatenate([places[k] for k in rng.integers(len(places), size=len(places))])
        for _ in range(REPEATS)
    ]


ESTIMATES: dict[str, Callable[[Log, Floats, Floats], float]] = {
    "Inverse propensity": lambda log, target, _: inverse_propensity(log, target).mean,
    "Self-normalised": lambda log, target, _: self_normalised(log, target).mean,
    "Direct method": lambda log, target, predicted: direct(log, target, predicted).mean,
    "Doubly robust": lambda log, target, predicted: doubly_robust(log, target, predicted).mean,
}


def _or_nan(
    estimate: Callable[[Log, Floats, Floats], float], log: Log, target: Floats, predicted: Floats
) -> float:
    try:
        return estimate(log, target, predicted)
    except InputError:  # a draw in which the setting never takes a logged arm says nothing
        return float("nan")


def _interval(point: float, redrawn: Floats, clients: int) -> tuple[float, float]:
    """The percentile interval, widened for few clients, of whom it is too narrow (after Hesterberg 2015).

    Both arms are drawn out by Student's t against the normal distribution's, and by √(n / (n − 1)).
    """
    tail = (100 - LEVEL) / 200
    wider = float(stdtrit(clients - 1, tail) / ndtri(tail)) * math.sqrt(clients / (clients - 1))
    low, high = np.nanpercentile(redrawn, [100 * tail, 100 * (1 - tail)])
    return point - wider * (point - float(low)), point + wider * (float(high) - point)


def _unseen(arms: np.ndarray, target: Floats) -> list[str]:
    """Arms that the setting takes at all often and the log hardly ever."""
    return [
        arm
        for k, arm in enumerate(NAMES)
        if target[:, k].mean() >= OFTEN and (arms == k).sum() < FEWEST_OF_ARM
    ]


def _beyond(arms: np.ndarray, chances: Floats, target: Floats) -> float:
    """Share of the setting's picks that could not have come in the log, where nothing else had a chance."""
    taken = target[np.arange(arms.size), arms]
    return float(np.where(chances >= CERTAIN, 1 - taken, 0.0).mean())


def _sentence(robust: Estimate, effective: float, unseen: Sequence[str], beyond: float) -> str:
    """The finding by the doubly robust estimate, where the log can bear one."""
    if beyond >= OFTEN:
        return (
            f"Cannot be told: {100 * beyond:.0f} % of what the setting picks could not have come in the log, as "
            "those picks were made without chance. Put a setting with an ε above 0 in force first."
        )
    if unseen:
        return (
            f"Cannot be told yet: the setting picks {' and '.join(unseen)}, of which the log has fewer than "
            f"{FEWEST_OF_ARM} picks. Whatever the estimates below say rests on those few."
        )
    if effective < FEWEST:
        return (
            f"Cannot be told yet: for this setting the log is worth {effective:.0f} picks, and {FEWEST} are needed "
            "before an interval can be trusted."
        )
    reach = f"({LEVEL} % interval {robust.difference_low:+.3f} to {robust.difference_high:+.3f})".replace(
        "-", "−"
    )
    more = f"{robust.difference:+.3f}".replace("-", "−")
    if robust.difference_low > 0:
        return f"On these picks the setting would have earned more: {more} a pick {reach}."
    if robust.difference_high < 0:
        return f"On these picks the setting would have earned less: {more} a pick {reach}."
    return f"The picks so far do not tell this setting from what was done: {more} a pick {reach}."


def _warnings(
    effective: float, decisions: int, settings: PolicySettings, counted: PolicySettings
) -> tuple[str, ...]:
    found = []
    if effective < THIN * decisions:
        found.append(
            "The setting differs much from what was done: the log is worth only "
            f"{effective:.0f} of its {decisions:,} picks."
        )
    if settings.completion_weight != counted.completion_weight:
        found.append(
            "Rewards are counted with the weights in force "
            f"({counted.completion_weight:g} for completion); the setting itself learns by "
            f"{settings.completion_weight:g}."
        )
    return tuple(found)


def _left_out(silent: int, replaced: int) -> list[str]:
    """What the log does not hold; where such picks went worse than others, every estimate is too high."""
    parts = []
    if silent:
        parts.append(f"{silent:,} of the policy's picks have no outcome")
    if replaced:
        parts.append(f"in place of {replaced:,} a person chose another")
    if not parts:
        return []
    return [
        f"Left out: {' and '.join(parts)}. If those went worse than the rest, all figures here are too high."
    ]
