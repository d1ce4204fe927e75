from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import (
    Background,
    EpsilonGreedy,
    HybridLinUCB,
    LinearThompson,
    LinUCB,
    RandomPolicy,
    explain,
)
from core.bandit.explanation import Name
from core.errors import InputError, SpotterError

ARMS = ("cardio", "strength", "flexibility")
# age, sex one-hot, sessions a week; age by sex, age by sessions, age squared, and sex by sessions
NAMES: tuple[Name, ...] = ("age", "sex", "sex", "sessions", (0, 1), (0, 2), (0, 3), (0, 0), (3, 1))
D = len(NAMES)
KINDS = (LinUCB, HybridLinUCB, LinearThompson, EpsilonGreedy)


def contexts(rng: np.random.Generator, count: int) -> np.ndarray:
    sex = np.eye(2)[rng.integers(2, size=count)]
    plain = np.column_stack((rng.normal(size=count), sex, rng.random(count)))
    pairs = [plain[:, name[0]] * plain[:, name[1]] for name in NAMES if isinstance(name, tuple)]
    return np.column_stack((plain, *pairs))


def taught(seed: int, kind: type = LinUCB, updates: int = 40) -> LinUCB:
    rng = np.random.default_rng(seed)
    policy = kind(D, ARMS, 0.5, rng)
    for x in contexts(rng, updates):
        policy.update(x, ARMS[rng.integers(3)], float(rng.normal()))
    return policy  # type: ignore[no-any-return]


def enumerated(theta: np.ndarray, x: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """Shapley values over all coalitions of attributes; a product is made again from its factors."""
    attributes = ("age", "sex", "sessions")

    def worth(coalition: tuple[str, ...]) -> float:
        mixed = rows.copy()
        for j, name in enumerate(NAMES):
            if name in coalition:
                mixed[:, j] = x[j]
        for j, name in enumerate(NAMES):
            if isinstance(name, tuple):
                mixed[:, j] = mixed[:, name[0]] * mixed[:, name[1]]
        return float((mixed @ theta).mean())

    values = {}
    for attribute in attributes:
        others, total = [a for a in attributes if a != attribute], 0.0
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(attributes))
            for coalition in combinations(others, size):
                total += weight * (worth((*coalition, attribute)) - worth(coalition))
        values[attribute] = total
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_attributions_equal_exact_enumeration(kind: type) -> None:
    rng, policy = np.random.default_rng(5), taught(1, kind)
    rows = contexts(rng, 23)
    for x in contexts(rng, 20):
        for k, arm in enumerate(ARMS):
            found = explain(policy, x, rows, NAMES, arm=arm)
            assert found.attributions == pytest.approx(
                enumerated(policy.coefficients()[k], x, rows), abs=1e-10
            )
            assert found.base == pytest.approx((rows @ policy.coefficients()[k]).mean(), abs=1e-12)
            assert found.bonus == pytest.approx(policy.bonuses(x)[k], abs=1e-12)


def test_parts_add_up_to_the_score_on_ten_thousand_cases() -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        policy = taught(seed, KINDS[seed % len(KINDS)], updates=5 * seed)
        background = Background(contexts(rng, 30), NAMES)
        x = contexts(rng, 500)
        scores = policy.scores(x)
        for row, expected in zip(x, scores, strict=True):
            found = explain(policy, row, background)
            total = found.base + sum(found.attributions.values()) + found.bonus
            assert abs(total - found.score) < 1e-9
            assert abs(found.score - expected.max()) < 1e-9
            assert found.arm == ARMS[expected.argmax()] or np.ptp(np.sort(expected)[1:]) < 1e-9


def test_explaining_changes_nothing() -> None:
    policy = taught(3)
    before = policy.state()
    rows = contexts(np.random.default_rng(5), 9)
    explain(policy, rows[0], rows, NAMES)
    assert all(np.array_equal(before[key], value) for key, value in policy.state().items())


def test_columns_without_products_are_summed_with_sign() -> None:
    policy = LinUCB(3, ("a", "b"), 0.0, np.random.default_rng(1))
    for column, reward in enumerate((4.0, -2.0, 1.0)):
        policy.update(np.eye(3)[column], "b", reward)
    found = explain(policy, [1.0, 1.0, 1.0], np.zeros((1, 3)), ("u", "u", "v"))
    assert (found.arm, found.base, found.bonus) == ("b", 0.0, 0.0)
    assert found.attributions == pytest.approx({"u": 1.0, "v": 0.5})


@given(seed=st.integers(0, 10_000))
def test_an_attribute_at_its_background_is_worth_nothing(seed: int) -> None:
    """With one background row, an attribute whose columns equal that row's gets 0."""
    rng, policy = np.random.default_rng(seed), taught(seed % 5)
    row, x = contexts(rng, 2)
    x[3] = row[3]
    for j, name in enumerate(NAMES):
        if isinstance(name, tuple):
            x[j] = x[name[0]] * x[name[1]]
    assert explain(policy, x, row[None], NAMES).attributions["sessions"] == pytest.approx(0.0, abs=1e-12)


def test_bad_input_is_refused() -> None:
    policy, rows = taught(1), contexts(np.random.default_rng(5), 9)
    background = Background(rows, NAMES)
    wrong = rows[0].copy()
    wrong[4] += 0.1
    for call in (
        lambda: explain(RandomPolicy(D, ARMS, policy.rng), rows[0], background),
        lambda: explain(policy, rows, background),
        lambda: explain(policy, rows[0][:-1], background),
        lambda: explain(policy, np.full(D, np.nan), background),
        lambda: explain(policy, wrong, background),
        lambda: explain(policy, rows[0], background, arm="rowing"),
        lambda: explain(policy, rows[0], background, NAMES[::-1]),
        lambda: explain(policy, rows[0], rows),
        lambda: explain(policy, rows[0], rows[:, :4], NAMES[:4]),
        lambda: Background(rows[:0], NAMES),
        lambda: Background(rows[0], NAMES),
        lambda: Background(np.full((2, D), np.inf), NAMES),
        lambda: Background(rows, NAMES[:-1]),
        lambda: Background(wrong[None], NAMES),
        lambda: Background(rows, ("", *NAMES[1:])),
        lambda: Background(rows, (*NAMES[:-1], (0, 9))),
        lambda: Background(rows, (*NAMES[:-1], (0, 4))),
        lambda: Background(rows, (*NAMES[:-1], (True, 1))),
        lambda: Background(rows, (*NAMES[:-1], (0, 1, 3))),  # type: ignore[arg-type]
        lambda: Background(rows, (*NAMES[:-1], 3)),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError):
            call()


def test_parts_that_do_not_add_up_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, rows = taught(1), contexts(np.random.default_rng(5), 9)
    bonuses = policy.bonuses(rows[0]) + 1e-6
    monkeypatch.setattr(policy, "bonuses", lambda _: bonuses)
    with pytest.raises(SpotterError, match="adds up"):
        explain(policy, rows[0], rows, NAMES)
