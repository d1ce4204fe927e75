"""What the Picks page draws: one client as a policy sees them, a pick's receipt, the cohort, a rehearsal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.bandit.attributes import Value
from core.services.gating import Judged
from core.services.picks.settings import PolicySettings

Values = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy in force for a cohort.

    Attributes:
        version_id: its number, unique over all cohorts.
        settings: what it was made with.
        start: how many synthetic decisions it began with.
        learnt: outcomes of real picks that it has learnt from since.
        author, reason, since: who put it in force, why and when (ISO 8601).
    """

    version_id: int
    settings: PolicySettings
    start: int
    learnt: int
    author: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class ArmView:
    """One arm for one client: its score taken apart, and whether the gate leaves it.

    Attributes:
        score: base + Σ attributions + bonus.
        base: mean expected reward over the people the explanation compares with.
        attributions: what each attribute adds, by attribute key, in the order of ``ATTRIBUTES``.
        bonus: what exploration adds.
        propensity: the probability that the policy picks it now; 0 where it is masked.
        masked: why the gate masks it, a sentence for each rule with its source; empty if it is open.
    """

    arm: str
    score: float
    base: float
    attributions: dict[str, float]
    bonus: float
    propensity: float
    masked: tuple[str, ...]

    @property
    def expected(self) -> float:
        """The reward expected, without the bonus."""
        return self.score - self.bonus


@dataclass(frozen=True, slots=True)
class Source:
    """A guideline row that a rationale rests on."""

    key: str
    text: str
    source: str
    year: int
    link: str
    review: str


@dataclass(frozen=True, slots=True)
class Rationale:
    """Why this arm, in words, and the guideline rows that say what a week of it should hold.

    Attributes:
        sentence: what the model's own attributions say; never more than its variables measured.
        week: what the guideline rows ask of a week of this arm for this person, sentences.
        conflicts: where rows are at odds for this person, sentences.
        sources: the rows, each with its review.
    """

    sentence: str
    week: tuple[str, ...]
    conflicts: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change in something actionable that makes another arm the best.

    Attributes:
        changes: new value by attribute key.
        arm: the arm that would be best then.
        lead: by how much its score would lead then.
        sentence: in words.
    """

    changes: dict[str, Value]
    arm: str
    lead: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Stability:
    """How steady the order of the attributions is when the people compared with are drawn anew.

    Attributes:
        agreement: mean rank correlation with the ranks shown, -1 to 1.
        first: how often the attribute shown first stays first, 0 to 1.
        ranges: 90 % range of the rank of each attribute, 1 the largest, by key.
    """

    agreement: float
    first: float
    ranges: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Considered:
    """One client as the policy in force sees them, with what-if changes applied; nothing is recorded.

    Attributes:
        client: id, name, cohort, cohort_id, synthetic, time_zone.
        day: today on the client's clock.
        values: by attribute key, with the changes; None where not known.
        origins: where each known value comes from, in a few words, by key.
        changed: keys that the what-if changes.
        judged: what the safety gate says of the client.
        policy: the policy in force.
        arms: all arms in the order of ``ARMS``.
        best: the open arm with the highest score; None where the gate leaves none.
        runner_up: the open arm after it; None where there is none.
        lead: by how much the best leads.
        rationale, flip, stability: for the best arm; None where there is none (and no flip where nothing flips).
        before: without the changes: (best, scores by arm); None where nothing was changed.
        context: the numbers that the policy sees.
    """

    client: dict[str, Any]
    day: date
    values: Values
    origins: dict[str, str]
    changed: tuple[str, ...]
    judged: Judged
    policy: InForce
    arms: tuple[ArmView, ...]
    best: str | None
    runner_up: str | None
    lead: float
    rationale: Rationale | None
    flip: Flip | None
    stability: Stability | None
    before: tuple[str | None, dict[str, float]] | None = None
    context: tuple[float, ...] = ()

    def arm(self, name: str) -> ArmView:
        """One arm."""
        return next(view for view in self.arms if view.arm == name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pick.

    Attributes:
        completion: share of the session that was done, 0 to 1.
        progress: completion × the share of the week's sessions of the arm that was lacking when it was picked.
        reward: their weighted mean, with the weights of the pick's policy version.
    """

    id: int
    completion: float
    progress: float
    reward: float
    author: str
    at: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A decision that was made. Its receipt never changes.

    Attributes:
        id, client_id, day, arm, author, at: as recorded.
        client: the client's name.
        propensity: with which the policy took the arm; None where a person chose.
        receipt: everything the decision rested on (see ``deciding.receipt_of``).
        replaced_by: the pick of the same day that took its place; None if it holds.
        outcome: what became of it; None until somebody says.
        synthetic: whether the client is made up.
    """

    id: int
    client_id: int
    client: str
    day: str
    arm: str
    propensity: float | None
    receipt: dict[str, Any]
    author: str
    at: str
    replaced_by: int | None
    outcome: Outcome | None
    synthetic: bool


@dataclass(frozen=True, slots=True)
class CohortRow:
    """One client in the cohort's table.

    Attributes:
        best: the arm that the policy scores best among those open; None where the gate leaves none.
        lead: by how much.
        masked: arms masked.
        gate: the gate's verdict in a sentence.
        today: today's pick if one was made.
        waiting: id of the newest pick without an outcome, None if all have theirs.
        done: mean completion of the picks with an outcome, None without any.
        picks: how many picks hold.
    """

    client_id: int
    name: str
    best: str | None
    lead: float | None
    masked: tuple[str, ...]
    gate: str
    today: str | None
    waiting: int | None
    done: float | None
    picks: int


@dataclass(frozen=True, slots=True)
class Importance:
    """Mean size of the attributions over a cohort (the paper's table 1), beside what chance alone gives.

    Attributes:
        keys: attributes, the largest first.
        values: mean |attribution| by arm, each in the order of ``keys``.
        null_high: 95 % limit of the same under rewards that have nothing to do with the attributes; it holds for the
            table as a whole: in 95 of 100 such cohorts no value lies above its limit.
        people: how many people it is the mean of.
    """

    keys: tuple[str, ...]
    values: dict[str, tuple[float, ...]]
    null_high: dict[str, tuple[float, ...]]
    people: int


@dataclass(frozen=True, slots=True)
class CohortView:
    """A cohort on the Picks page. ``importance`` is None where nobody can be encoded."""

    policy: InForce
    rows: tuple[CohortRow, ...]
    importance: Importance | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Equal-opportunity difference between groups: of the people for whom an arm did well, how often it was picked.

    Attributes:
        attribute: sex, age group or race.
        groups: (name, number of people counted, rate) of each group.
        difference: largest rate less smallest.
        low, high: 95 % interval, by bootstrap over people.
        null_mean, null_high: mean and 95 % limit of the difference when groups are shuffled.
        p_value: share of shuffles with at least this difference.
        sentence: what to make of it.
    """

    attribute: str
    groups: tuple[tuple[str, int, float], ...]
    difference: float
    low: float
    high: float
    null_mean: float
    null_high: float
    p_value: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """An off-policy estimate of the mean reward a pick under a setting.

    Attributes:
        name: for people, for example “Doubly robust”.
        mean, low, high: of the setting.
        difference, difference_low, difference_high: the setting less the policy that made the log.
    """

    name: str
    mean: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a setting would have earned on the logged decisions.

    Attributes:
        settings: the setting rehearsed.
        decisions: logged picks with propensity and outcome.
        logged_mean: what they earned.
        estimates: IPS, self-normalised, direct, doubly robust.
        effective: effective sample size.
        changed: share of the decisions whose most probable arm would be another.
        arms: share of each arm: (arm, logged, under the setting).
        sentence: the finding in words, with its doubt.
    """

    settings: PolicySettings
    decisions: int
    logged_mean: float
    estimates: tuple[Estimate, ...]
    effective: float
    changed: float
    arms: tuple[tuple[str, float, float], ...]
    sentence: str
    warnings: tuple[str, ...] = field(default=())
