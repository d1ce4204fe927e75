import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from core.bandit import Background, HybridLinUCB, LinUCB, RandomPolicy, explain
from core.bandit.contexts import ENCODING
from core.bandit.people import uniform_profiles
from core.bandit.stability import rank_stability
from core.errors import InputError

ARMS = ("cardio", "strength", "flexibility")
ROWS = ENCODING.encode(uniform_profiles(60, np.random.default_rng(2)))


def taught(kind: type = LinUCB) -> LinUCB:
    rng = np.random.default_rng(3)
    policy = kind(ENCODING.size, ARMS, 0.2, rng)
    for x in ROWS:
        policy.update(x, ARMS[rng.integers(3)], float(rng.normal()))
    return policy  # type: ignore[no-any-return]


def ranks(attributions: dict[str, float]) -> np.ndarray:
    return np.asarray(rankdata(-np.abs(np.array(list(attributions.values()))), method="ordinal"))


@pytest.mark.parametrize("kind", [LinUCB, HybridLinUCB])
def test_it_equals_explaining_against_each_background_drawn(kind: type) -> None:
    policy, x, count, repeats = taught(kind), ROWS[5], len(ROWS), 40
    found = rank_stability(
        policy, x, ROWS, ENCODING.names, "strength", np.random.default_rng(9), repeats=repeats
    )
    drawn = np.random.default_rng(9).integers(count, size=(repeats, count))
    each = np.array(
        [ranks(explain(policy, x, ROWS[rows], ENCODING.names, arm="strength").attributions) for rows in drawn]
    )
    shown = explain(policy, x, ROWS, ENCODING.names, arm="strength").attributions
    kept = ranks(shown)
    assert found.agreement == pytest.approx(
        np.mean([spearmanr(row, kept).statistic for row in each]), abs=1e-12
    )
    assert found.first == pytest.approx((each[:, kept.argmin()] == 1).mean())
    assert tuple(found.ranges) == tuple(shown)
    for place, (low, high) in enumerate(found.ranges.values()):
        column = each[:, place]
        assert 1 <= low <= high <= len(kept)
        assert (column < low).mean() <= 0.05 <= (column <= low).mean() + 1e-12
        assert (column > high).mean() <= 0.05


def test_a_background_without_any_spread_leaves_the_order_as_it_is() -> None:
    rows = np.repeat(ROWS[:1], 20, axis=0)
    found = rank_stability(taught(), ROWS[7], rows, ENCODING.names, "cardio", np.random.default_rng(1))
    assert (found.agreement, found.first) == (1.0, 1.0)
    assert all(low == high for low, high in found.ranges.values())


def test_a_small_background_is_less_steady_than_a_large_one() -> None:
    policy, few, many = taught(), ROWS[:4], np.repeat(ROWS[:4], 200, axis=0)
    unsteady, steady = (
        rank_stability(policy, ROWS[7], rows, ENCODING.names, "cardio", np.random.default_rng(1))
        for rows in (few, many)
    )
    assert unsteady.agreement < steady.agreement <= 1


def test_nothing_is_drawn_from_the_policy() -> None:
    policy = taught()
    before = policy.rng.bit_generator.state
    rank_stability(policy, ROWS[0], ROWS, ENCODING.names, "cardio", np.random.default_rng(1))
    assert policy.rng.bit_generator.state == before


def test_bad_input_is_refused() -> None:
    policy, rng, names = taught(), np.random.default_rng(1), ENCODING.names
    background = Background(ROWS, names)
    for call in (
        lambda: rank_stability(RandomPolicy(ENCODING.size, ARMS, rng), ROWS[0], ROWS, names, "cardio", rng),  # type: ignore[arg-type]
        lambda: rank_stability(policy, ROWS[0], ROWS, names, "rowing", rng),
        lambda: rank_stability(policy, ROWS[0][:-1], ROWS, names, "cardio", rng),
        lambda: rank_stability(policy, ROWS[:2], ROWS, names, "cardio", rng),
        lambda: rank_stability(policy, np.full(ENCODING.size, np.nan), ROWS, names, "cardio", rng),
        lambda: rank_stability(policy, ROWS[0], ROWS[:0], names, "cardio", rng),
        lambda: rank_stability(policy, ROWS[0], ROWS, background.names[:-1], "cardio", rng),
        lambda: rank_stability(policy, ROWS[0], ROWS, names, "cardio", rng, 0),
    ):
        with pytest.raises(InputError):
            call()
