"""A cohort's picks at a glance, what its policy goes by, and whether it serves groups alike."""

from collections import defaultdict
from typing import Any

import numpy as np

from core.bandit.attributes import BY_KEY
from core.bandit.contexts import Floats
from core.bandit.fairness import GROUPS, equal_opportunity, groups_of
from core.bandit.importance import mean_attributions, null_attributions
from core.bandit.people import People
from core.guidelines import ARMS
from core.services import Store, exporting, gating, moments
from core.services.picks import compared, policies
from core.services.picks.considering import NAMES
from core.services.picks.keeping import Kept
from core.services.picks.knowing import Known, of_clients
from core.services.picks.policies import Running
from core.services.picks.views import CohortRow, CohortView, Gap, Importance
from core.store import imports, people, picks

DID_WELL = 0.5  # completion from which an arm did well for somebody
QUARTER = 15 * 60  # seconds; time zones differ by whole ones
FEWEST = 5  # people for whom an arm did well, in a group that is compared
COLUMNS = (
    "client",
    "day",
    "arm",
    "chosen by",
    "propensity",
    "completion",
    "progress",
    "reward",
    "best arm then",
    "lead",
    "policy version",
    "pick",
)


def cohort(store: Store, cohort_id: int) -> CohortView:
    """Every client of a cohort as the policy in force sees them today.

    Raises:
        NotFound: if there is no such cohort.
    """
    people.cohort(store.db, cohort_id)
    running = policies.in_force(store, cohort_id)
    rows = people.clients(store.db, cohort_id)
    key = (
        store.folder,
        cohort_id,
        running.version["id"],
        running.known,
        moments.now().timestamp() // QUARTER,  # a client's day begins on some quarter of an hour of ours
        people.changed(store.db, cohort_id),
        picks.newest_of_cohort(store.db, cohort_id),
        imports.newest(store.db, cohort_id),
        gating.is_on(store, cohort_id),
        tuple((row["name"], row["time_zone"]) for row in rows),
    )
    return _views.get(key, lambda: _view(store, cohort_id, running, rows))


def _view(store: Store, cohort_id: int, running: Running, rows: list[dict[str, Any]]) -> CohortView:
    if not rows:
        return CohortView(running.view(), (), None)
    known = of_clients(store, rows)
    with running.lock:
        scores = running.policy.scores(compared.contexts(known))
        importance = _importance(store, cohort_id, running)
    made: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for begin in range(0, len(rows), 2000):
        for pick in picks.holding(store.db, [row["id"] for row in rows[begin : begin + 2000]]):
            made[pick["client_id"]].append(pick)
    return CohortView(
        running.view(),
        tuple(
            _row(one, row_scores, made[one.client["id"]])
            for one, row_scores in zip(known, scores, strict=True)
        ),
        importance,
    )


def fairness(store: Store, cohort_id: int) -> tuple[Gap, ...]:
    """Equal-opportunity difference by sex, age group and race, of the people for whom some arm did well.

    Somebody is served where the policy's best arm is one that did well for them (completion of at least a half). Those
    for whom the gate now masks every arm that did well do not count: what it masks no policy can serve.
    A gap's groups are empty where fewer than two groups have ``FEWEST`` people to count.

    Raises:
        NotFound: if there is no such cohort.
    """
    people.cohort(store.db, cohort_id)
    running = policies.in_force(store, cohort_id)
    well: dict[int, set[str]] = defaultdict(set)
    for pick in picks.learnt_from(store.db, cohort_id):
        if pick["completion"] >= DID_WELL:
            well[pick["client_id"]].add(pick["arm"])
    rows = [row for row in people.clients(store.db, cohort_id) if row["id"] in well]
    known = [
        one for one in of_clients(store, rows) if not well[one.client["id"]].isdisjoint(one.judged.open_arms)
    ]
    served = np.zeros(len(known), bool)
    if known:
        with running.lock:
            scores = running.policy.scores(compared.contexts(known))
        for place, (one, row) in enumerate(zip(known, scores, strict=True)):
            served[place] = _best(one, row)[0] in well[one.client["id"]]
    return tuple(_gap(name, groups, served) for name, groups in _groups(known).items())


def export(store: Store, cohort_id: int, *, by: str) -> tuple[str, str]:
    """Every pick of a cohort as CSV: the file's name and its text; the audit notes that it left.

    Raises:
        NotFound: if there is no such cohort.
    """
    group = people.cohort(store.db, cohort_id)
    names = {row["id"]: row["name"] for row in people.clients(store.db, cohort_id)}
    settings = {row["id"]: row["settings"] for row in picks.versions(store.db, cohort_id)}
    rows: list[list[Any]] = []
    for pick in picks.of_cohort(store.db, cohort_id):
        weight = settings[pick["policy_version_id"]]["completion_weight"]
        done = pick["completion"] is not None
        reward = weight * pick["completion"] + (1 - weight) * pick["progress"] if done else None
        rows.append(
            [
                names[pick["client_id"]],
                pick["day"],
                pick["arm"],
                "policy" if pick["propensity"] is not None else pick["author"],
                pick["propensity"],
                pick["completion"],
                pick["progress"],
                reward,
                pick["best"],
                pick["lead"],
                pick["policy_version_id"],
                pick["id"],
            ]
        )
    exporting.noted(store, "picks", subject=f"cohort {cohort_id}", by=by, detail={"rows": len(rows)})
    name = exporting.file_name("picks", str(group["name"]), synthetic=bool(group["synthetic"]))
    return f"{name}.csv", exporting.csv_text(COLUMNS, rows)


def _row(known: Known, scores: Floats, made: list[dict[str, Any]]) -> CohortRow:
    best, lead = _best(known, scores)
    waiting = [pick["id"] for pick in made if pick["completion"] is None]
    done = [pick["completion"] for pick in made if pick["completion"] is not None]
    return CohortRow(
        client_id=known.client["id"],
        name=known.client["name"],
        best=best,
        lead=lead,
        masked=tuple(arm for arm in ARMS if arm in known.judged.masked_arms),
        gate=known.judged.short,
        today=next((pick["arm"] for pick in made if pick["day"] == known.day.isoformat()), None),
        waiting=waiting[-1] if waiting else None,
        done=float(np.mean(done)) if done else None,
        picks=len(made),
    )


def _best(known: Known, scores: Floats) -> tuple[str | None, float | None]:
    """The open arm with the highest score and its lead over the next; the lead is None where there is no next."""
    open_arms = known.judged.open_arms
    order = sorted((arm for arm in NAMES if arm in open_arms), key=lambda arm: -scores[NAMES.index(arm)])
    if not order:
        return None, None
    lead = None
    if len(order) > 1:
        lead = float(scores[NAMES.index(order[0])] - scores[NAMES.index(order[1])])
    return order[0], lead


def _importance(store: Store, cohort_id: int, running: Running) -> Importance | None:
    """The table for the people that explanations compare with: all of a cohort, or an even sample of a large one."""
    contexts = compared.rows_of(store, cohort_id)
    prepared = compared.background(store, cohort_id)
    start = policies.start_of(store, running.version)
    # As far as the policy has learnt, and of what it can learn from.
    learnt = [
        row
        for row in picks.learnt_from(store.db, cohort_id)
        if row["outcome_id"] <= running.known[1] and policies.readable(row)
    ]
    decisions = np.vstack([start["contexts"], *(np.array(row["context"])[None] for row in learnt)])
    if not len(decisions):
        return None
    rewards = [running.settings.reward(row["completion"], row["progress"]) for row in learnt]
    values = mean_attributions(running.policy, contexts, prepared)
    null = null_attributions(
        running.policy,
        contexts,
        prepared,
        decisions,
        np.concatenate((start["arms"], [NAMES.index(row["arm"]) for row in learnt])).astype(np.int64),
        np.concatenate((start["rewards"], rewards)),
        np.random.default_rng(running.version["id"]),
    )
    keys = sorted(values, key=lambda key: -float(values[key].mean()))
    return Importance(
        keys=tuple(keys),
        values={arm: tuple(float(values[key][k]) for key in keys) for k, arm in enumerate(NAMES)},
        null_high={arm: tuple(float(null.high[key][k]) for key in keys) for k, arm in enumerate(NAMES)},
        people=len(contexts),
    )


def _groups(known: list[Known]) -> dict[str, list[str | None]]:
    """The group of each person by attribute; None where it is not known."""
    places = groups_of(People.of([one.values for one in known]))
    return {
        name: [None if place < 0 else GROUPS[name][place] for place in places[name].tolist()]
        for name in GROUPS
    }


def _gap(attribute: str, groups: list[str | None], served: np.ndarray) -> Gap:
    names = sorted({group for group in groups if group is not None and groups.count(group) >= FEWEST})
    label = BY_KEY[attribute].label if attribute in BY_KEY else attribute.capitalize()
    if len(names) < 2:
        recorded = sum(group is not None for group in groups)
        why = (
            f"{label} is not on record for these clients."
            if groups and not recorded
            else f"There are too few people for whom an arm did well: two groups of {FEWEST} are needed."
        )
        return Gap(attribute, (), 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, f"Cannot be told yet. {why}")
    places = np.array([names.index(group) if group in names else -1 for group in groups])
    counted = places >= 0
    found = equal_opportunity(
        served[counted],
        np.ones(int(counted.sum()), bool),
        places[counted],
        np.random.default_rng(len(groups)),
    )
    beyond = found.p_value < 0.05
    says = (
        f"The difference of {found.difference:.2f} is more than chance alone gives "
        f"({100 * found.p_value:.1f} % of shuffles)."
        if beyond
        else f"The difference of {found.difference:.2f} is within what chance alone gives "
        f"(on average {found.null_mean:.2f}, up to {found.null_high:.2f})."
    )
    counts = zip(names, found.counts, found.rates, strict=True)
    return Gap(
        attribute,
        tuple((name, int(count), float(rate)) for name, count, rate in counts),
        found.difference,
        found.low,
        found.high,
        found.null_mean,
        found.null_high,
        found.p_value,
        says,
    )


_views: Kept[CohortView] = Kept(4)
