from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import EpsilonGreedy, HybridLinUCB, LinearThompson, LinUCB, Policy, RandomPolicy
from core.bandit.attributes import ATTRIBUTES, BY_KEY, Value
from core.bandit.contexts import ENCODING
from core.bandit.flips import Change, smallest_change
from core.bandit.people import People, uniform_profiles
from core.errors import InputError

ARMS = ("cardio", "strength", "flexibility")
OPEN = np.ones(3, dtype=bool)
Values = Mapping[str, Value | None]

PEOPLE = uniform_profiles(400, np.random.default_rng(4))
CONTEXTS = ENCODING.encode(PEOPLE)


def taught(kind: str, seed: int = 1, width: float = 0.3) -> Policy:
    rng = np.random.default_rng(seed)
    policy: Policy = {
        "LinUCB": lambda: LinUCB(ENCODING.size, ARMS, width, rng),
        "HybridLinUCB": lambda: HybridLinUCB(ENCODING.size, ARMS, width, rng),
        "LinearThompson": lambda: LinearThompson(ENCODING.size, ARMS, width, rng),
        "EpsilonGreedy": lambda: EpsilonGreedy(ENCODING.size, ARMS, 0.1, rng),
    }[kind]()
    weights = rng.normal(size=(ENCODING.size, 3))
    for x in CONTEXTS[:200]:
        arm = int(rng.integers(3))
        policy.update(x, ARMS[arm], float(x @ weights[:, arm]) / 4)
    return policy


class Fixed(Policy):
    """Scores that a test says, from a context's columns by place."""

    def __init__(self, weights: Mapping[tuple[str, str | None], tuple[float, float, float]]) -> None:
        super().__init__(ENCODING.size, ARMS, np.random.default_rng(0))
        self.weights = np.zeros((ENCODING.size, 3))
        for column, effects in weights.items():
            self.weights[ENCODING.places[column]] = effects

    def _scores_of_many(self, contexts: np.ndarray) -> np.ndarray:
        return np.asarray(contexts @ self.weights)


def by_hand(policy: Policy, values: Values, allowed: np.ndarray) -> list[tuple[int, float, float, Change]]:
    """Every change of one or two attributes that flips the pick, found one after the other."""
    steps = {
        "frequency": range(1, 8),
        "duration": range(10, 106, 5),
        "weekly_goal": range(60, 301, 10),
    }
    spans = {"frequency": 6, "duration": 95, "weekly_goal": 240}
    tried: dict[str, list[tuple[Value, float]]] = {}
    for of in ATTRIBUTES:
        if of.actionable:
            now = values.get(of.key)
            tried[of.key] = [
                (
                    v,
                    abs(float(v) - float(now)) / spans[of.key]  # type: ignore[arg-type]
                    if of.key in spans and now is not None
                    else 1.0,
                )
                for v in (map(float, steps[of.key]) if of.key in steps else map(str, of.values))
                if v != now
            ]
    cases: list[tuple[dict[str, Value], float]] = [
        ({key: value}, distance) for key, options in tried.items() for value, distance in options
    ]
    cases += [
        ({one: a, other: b}, d + e)
        for one, other in combinations(tried, 2)
        for (a, d), (b, e) in product(tried[one], tried[other])
    ]
    rows = People.of([values, *({**values, **changes} for changes, _ in cases)])
    scores = np.where(allowed, policy.scores(ENCODING.encode(rows)), -np.inf)
    found = []
    for (changes, distance), row in zip(cases, scores[1:], strict=True):
        order = np.sort(row)
        lead = float(order[-1] - order[-2])
        if row.argmax() != scores[0].argmax() and lead > 1e-12 * max(1, abs(order[-1])):
            change = Change(changes, ARMS[int(row.argmax())], lead, distance)
            found.append((len(changes), round(distance, 9), -lead, change))
    return sorted(found, key=lambda case: case[:3])


@pytest.mark.parametrize("kind", ["LinUCB", "HybridLinUCB", "LinearThompson", "EpsilonGreedy"])
@pytest.mark.parametrize("allowed", [(True, True, True), (False, True, True)])
def test_it_is_the_smallest_of_all_that_flip(kind: str, allowed: tuple[bool, ...]) -> None:
    policy, mask = taught(kind), np.array(allowed)
    for place in (201, 202):
        values = PEOPLE.row(place)
        found, every = smallest_change(policy, values, mask), by_hand(policy, values, mask)
        assert (found is None) == (not every)
        if found is not None:
            count, distance, lead, _ = every[0]
            assert (len(found.changes), round(found.distance, 9)) == (count, distance)
            assert found.lead == pytest.approx(-lead, abs=1e-12)
            assert any(found.changes == case[3].changes for case in every if case[:2] == (count, distance))


@given(
    seed=st.integers(0, 199),
    masked=st.sampled_from([None, 0, 1, 2]),
    unknown=st.sets(st.sampled_from(sorted(BY_KEY))),
)
def test_the_change_does_what_it_says(seed: int, masked: int | None, unknown: set[str]) -> None:
    policy, mask = taught("LinUCB", seed=seed % 3), OPEN.copy()
    if masked is not None:
        mask[masked] = False
    values = {key: None if key in unknown else value for key, value in PEOPLE.row(seed).items()}
    found = smallest_change(policy, values, mask)
    if found is None:
        return
    assert 1 <= len(found.changes) <= 2
    for key, value in found.changes.items():
        assert BY_KEY[key].actionable
        assert BY_KEY[key].check(value) == value != values.get(key)
    before, after = policy.scores(ENCODING.encode(People.of([values, {**values, **found.changes}])))
    best = np.where(mask, after, -np.inf)
    assert ARMS[int(best.argmax())] == found.arm != ARMS[int(np.where(mask, before, -np.inf).argmax())]
    assert mask[ARMS.index(found.arm)]
    assert np.sort(best)[-1] - np.sort(best)[-2] == pytest.approx(found.lead, abs=1e-9)
    assert found.lead > 0


def test_one_attribute_goes_before_two_and_the_nearest_value_before_the_next() -> None:
    policy = Fixed(
        {
            ("frequency", None): (0.7, 0.0, 0.0),  # 0.1 a day
            ("location", "home"): (0.0, 0.15, 0.0),
            ("start_preference", "morning"): (0.0, 0.25, 0.0),
            ("buddy", "in a group"): (0.0, 0.0, 0.45),
        }
    )
    values: dict[str, Value | None] = {"frequency": 2.0, "location": "gym", "start_preference": "evening"}
    values["buddy"] = "alone"
    # Two days stand against 0.25 for a morning and 0.45 for a group: the larger lead of two changes as small.
    found = smallest_change(policy, values, OPEN)
    assert found is not None
    assert (found.changes, found.arm, found.distance) == ({"buddy": "in a group"}, "flexibility", 1.0)
    assert found.lead == pytest.approx(0.25)
    # Against three days a morning is too little, and one day fewer makes up for it.
    values["frequency"] = 3.0
    policy.weights[ENCODING.places["buddy", "in a group"]] = 0.0
    assert smallest_change(policy, values, OPEN, most=1) is None
    found = smallest_change(policy, values, OPEN)
    assert found is not None
    assert (found.changes, found.arm) == ({"frequency": 2.0, "start_preference": "morning"}, "strength")
    assert found.distance == pytest.approx(1 + 1 / 6)
    assert found.lead == pytest.approx(0.05)


def test_a_tie_is_no_flip() -> None:
    policy = Fixed({("buddy", "alone"): (1.0, 0.0, 0.0)})
    assert smallest_change(policy, {"buddy": "alone"}, OPEN) is None
    last = Fixed({("buddy", "alone"): (0.0, 0.0, 1.0)})  # whom all others would then stand before, as equals
    assert smallest_change(last, {"buddy": "alone"}, OPEN) is None
    assert smallest_change(RandomPolicy(ENCODING.size, ARMS, np.random.default_rng(1)), {}, OPEN) is None


def test_the_bonus_counts_as_in_a_pick() -> None:
    policy = LinUCB(ENCODING.size, ARMS, 1.0, np.random.default_rng(0))
    values: dict[str, Value | None] = {"intensity": "vigorous", "buddy": "alone"}
    x, y = ENCODING.encode(People.of([values, {**values, "intensity": "light"}]))
    for _ in range(30):
        for arm, reward in (("cardio", 0.5), ("flexibility", 0.1)):
            policy.update(x, arm, reward)
            policy.update(y, arm, reward)
        policy.update(x, "strength", 0.1)  # which has never been tried with light intensity
    assert policy.choose(x) == "cardio"
    found = smallest_change(policy, values, OPEN)
    assert found is not None
    after = ENCODING.encode(People.of([{**values, **found.changes}]))[0]
    expected = policy.scores(after) - policy.bonuses(after)
    assert policy.choose(after) == found.arm
    assert ARMS[int(expected.argmax())] == "cardio"  # without the bonus nothing would have flipped


def test_only_what_may_be_proposed_is_proposed() -> None:
    policy = Fixed({("intensity", "vigorous"): (0.0, 1.0, 0.0), ("intensity", "light"): (1.0, 0.0, 0.0)})
    found = smallest_change(policy, {"intensity": "light"}, OPEN)
    assert found is not None
    assert found.changes == {"intensity": "vigorous"}
    assert (
        smallest_change(policy, {"intensity": "light"}, OPEN, only={"intensity": ("light", "moderate")})
        is None
    )


def test_one_open_arm_or_none_is_never_flipped() -> None:
    policy = taught("LinUCB")
    for mask in (np.array([False, True, False]), np.zeros(3, dtype=bool)):
        assert smallest_change(policy, PEOPLE.row(0), mask) is None


def test_bad_input_is_refused() -> None:
    policy, values = taught("LinUCB"), PEOPLE.row(0)
    for call in (
        lambda: smallest_change(policy, values, np.ones(2, dtype=bool)),
        lambda: smallest_change(policy, values, [1, 1, 1]),
        lambda: smallest_change(policy, values, OPEN, most=3),
        lambda: smallest_change(policy, values, OPEN, most=0),
        lambda: smallest_change(policy, {"frequency": -1.0}, OPEN),
        lambda: smallest_change(policy, {"shoe size": 44.0}, OPEN),
        lambda: smallest_change(LinUCB(5, ARMS, 0.1, policy.rng), values, OPEN),
        lambda: smallest_change(policy, values, OPEN, only={"shoe size": ()}),
    ):
        with pytest.raises(InputError):
            call()
