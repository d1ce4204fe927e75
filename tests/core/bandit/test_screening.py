import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import HybridLinUCB, LinUCB, Policy, restore
from core.bandit.policies.screening import contenders

ARMS = ("cardio", "strength", "flexibility", "balance")
KINDS = (LinUCB, HybridLinUCB)


def taught(kind: type[LinUCB], size: int, width: float, updates: int, draws: np.random.Generator) -> LinUCB:
    policy = kind(size, ARMS, width, np.random.default_rng(1))
    weights = draws.normal(size=(size, len(ARMS)))
    for x in draws.normal(size=(updates, size)):
        k = int(draws.integers(len(ARMS)))
        policy.update(x, ARMS[k], float(x @ weights[:, k]))
    return policy


def screened(policy: LinUCB, contexts: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    return contenders(
        contexts,
        policy.coefficients(),
        policy._covariances(),
        width=policy.width,
        most=policy._most,
        mask=mask,
    )


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 12),
    updates=st.sampled_from([0, 3, 30, 200]),
    width=st.sampled_from([0.0, 1e-6, 0.1, 3.0, 1e6]),
    scale=st.sampled_from([1e-9, 1e-3, 1.0, 100.0]),
    masked=st.booleans(),
    hybrid=st.booleans(),
)
def test_the_best_arm_is_always_left(
    seed: int, size: int, updates: int, width: float, scale: float, masked: bool, hybrid: bool
) -> None:
    draws = np.random.default_rng(seed)
    policy = taught(KINDS[hybrid], size, width, updates, draws)
    contexts = scale * draws.normal(size=(40, size))
    mask = draws.random((40, len(ARMS))) < 0.6 if masked else np.ones((40, len(ARMS)), bool)
    mask[:, 1] = True
    left = screened(policy, contexts, mask if masked else None).T
    scores = np.where(mask, policy.scores(contexts), -np.inf)
    best = scores.max(axis=1, keepdims=True)
    assert left[scores >= best - 1e-12 * np.maximum(1.0, np.abs(best))].all()
    assert not left[~mask].any()


@pytest.mark.parametrize("kind", KINDS)
def test_arms_that_differ_by_less_than_single_precision_are_all_left(kind: type[LinUCB]) -> None:
    """Two arms taught the same but for the last digits, in contexts where single precision sees no difference."""
    draws = np.random.default_rng(3)
    policy = kind(20, ARMS, 0.1, np.random.default_rng(1))
    for x, reward in zip(draws.random((400, 20)), draws.random(400), strict=True):
        for arm, added in zip(ARMS, (0.0, 1e-8, -1.0, -1.0), strict=True):
            policy.update(x, arm, reward + added)
    contexts = draws.random((300, 20))
    left = screened(policy, contexts)
    assert left[:2].all()
    assert set(policy.choose_many(contexts)) == {"strength"}
    assert {policy.choose(x) for x in contexts} == {"strength"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("updates", [0, 50, 700])
@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_picks_are_those_of_the_full_sums(
    kind: type[LinUCB], updates: int, epsilon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same draws for ties and for picks at random."""
    draws = np.random.default_rng(5)
    policy = kind(6, ARMS, 0.5, np.random.default_rng(4), epsilon=epsilon)
    for x in draws.normal(size=(updates, 6)):
        policy.update(x, policy.choose(x), float(draws.normal()))
    again = restore(policy.state())
    monkeypatch.setattr(again, "_best_of_many", lambda x, mask: Policy._best_of_many(again, x, mask))
    contexts = draws.normal(size=(900, 6))
    mask = draws.random((900, len(ARMS))) < 0.6
    mask[:, 2] = True
    assert policy.choose_many(contexts) == again.choose_many(contexts)
    assert policy.choose_many(contexts, allowed=mask) == again.choose_many(contexts, allowed=mask)
    assert policy.rng.bit_generator.state == again.rng.bit_generator.state


@pytest.mark.parametrize("kind", KINDS)
def test_few_contexts_need_the_full_sums(kind: type[LinUCB]) -> None:
    draws = np.random.default_rng(2)
    policy = taught(kind, 40, 0.1, 2_000, draws)
    assert (screened(policy, draws.normal(size=(5_000, 40))).sum(axis=0) > 1).mean() < 0.001
