"""Explanations against shap's explainers, which know nothing of the formulas here."""

from itertools import combinations
from math import factorial
from types import ModuleType

import numpy as np
import pytest

from core.bandit import Background, EpsilonGreedy, HybridLinUCB, LinearPolicy, LinearThompson, LinUCB, explain
from core.bandit.contexts import CROSSED, ENCODING
from core.bandit.people import uniform_profiles

ARMS = ("cardio", "strength", "flexibility")
KINDS = (LinUCB, HybridLinUCB, LinearThompson, EpsilonGreedy)
every_kind = pytest.mark.parametrize("kind", KINDS)
INTERACTING = tuple(dict.fromkeys(key for pair in CROSSED for key, _ in pair))


@pytest.fixture(scope="module")
def shap() -> ModuleType:
    import numba

    # Compiling shap's loops takes seconds, and there are few turns of them here.
    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, True
    try:
        import shap
    finally:
        numba.config.DISABLE_JIT = before
    return shap


def contexts(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    people = uniform_profiles(count, rng)
    days = {f"done_{arm}": rng.random(count) for arm in ARMS}
    return ENCODING.encode(people.having(energy=rng.integers(3, size=count), **days))


def taught(kind: type) -> LinearPolicy:
    rng = np.random.default_rng(1)
    policy = kind(ENCODING.size, ARMS, 0.3, rng)
    for x in contexts(2, 150):
        policy.update(x, ARMS[rng.integers(3)], float(rng.normal()))
    return policy  # type: ignore[no-any-return]


@every_kind
def test_columns_equal_linear_explainer(shap: ModuleType, kind: type) -> None:
    policy, rows = taught(kind), contexts(3, 250)
    columns = Background(rows, ENCODING.labels)
    # Left alone, the masker takes the first 100 rows without a word.
    masker = shap.maskers.Independent(rows, max_samples=len(rows))
    for k, arm in enumerate(ARMS):
        explainer = shap.LinearExplainer((policy.coefficients()[k], 0.0), masker)
        for x in contexts(4, 20):
            found = explain(policy, x, columns, arm=arm)
            assert np.abs(explainer.shap_values(x) - list(found.attributions.values())).max() < 1e-9
            assert abs(explainer.expected_value - found.base) < 1e-9


@every_kind
def test_attributes_without_products_equal_the_sums_of_linear_explainer(shap: ModuleType, kind: type) -> None:
    plain = [j for j, name in enumerate(ENCODING.names) if isinstance(name, str)]
    names = [name for name in ENCODING.names if isinstance(name, str)]
    rng, rows = np.random.default_rng(1), contexts(3, 130)[:, plain]
    policy = kind(len(plain), ARMS, 0.3, rng)
    for x in contexts(2, 100)[:, plain]:
        policy.update(x, ARMS[rng.integers(3)], float(rng.normal()))
    masker = shap.maskers.Independent(rows, max_samples=len(rows))
    explainer = shap.LinearExplainer((policy.coefficients()[1], 0.0), masker)
    for x in contexts(4, 20)[:, plain]:
        found, values = explain(policy, x, rows, names, arm="strength").attributions, explainer.shap_values(x)
        for attribute, value in found.items():
            own = [j for j, name in enumerate(names) if name == attribute]
            assert abs(values[own].sum() - value) < 1e-9


class Game:
    """What a context is worth when some attributes come from it and others from a row of the background.

    A player is an attribute; a state says for each whether it is of the context (-1) or of which row.
    """

    def __init__(self, x: np.ndarray, rows: np.ndarray, theta: np.ndarray, players: tuple[str, ...]) -> None:
        self.theta = theta
        self.sources = np.vstack((x, rows))
        self.player = np.array([players.index(name) if name in players else -1 for name in ENCODING.names])

    def __call__(self, states: np.ndarray) -> np.ndarray:
        numbers = np.asarray(states, dtype=int)
        whose = np.zeros((len(numbers), ENCODING.size), dtype=int)  # who is no player keeps to the context
        own = np.flatnonzero(self.player >= 0)
        whose[:, own] = 1 + numbers[:, self.player[own]]
        mixed = self.sources[whose, np.arange(ENCODING.size)]
        for column, name in enumerate(ENCODING.names):
            if isinstance(name, tuple):
                mixed[:, column] = mixed[:, name[0]] * mixed[:, name[1]]
        return np.asarray(mixed @ self.theta)


def enumerated(game: Game, rows: int, players: int) -> np.ndarray:
    """Shapley values over all coalitions."""

    def worth(coalition: tuple[int, ...]) -> float:
        states = np.tile(np.arange(rows)[:, None], (1, players))
        states[:, list(coalition)] = -1
        return float(game(states).mean())

    worths = {c: worth(c) for size in range(players + 1) for c in combinations(range(players), size)}
    values = np.zeros(players)
    for coalition, value in worths.items():
        size = len(coalition)
        for player in range(players):
            if player not in coalition:
                weight = factorial(size) * factorial(players - size - 1) / factorial(players)
                joined = tuple(sorted((*coalition, player)))
                values[player] += weight * (worths[joined] - value)
    return values


@every_kind
def test_interacting_attributes_equal_enumeration_and_exact_explainer(shap: ModuleType, kind: type) -> None:
    policy, rows = taught(kind), contexts(5, 30)
    size = len(INTERACTING)
    states = np.tile(np.arange(len(rows), dtype=float)[:, None], (1, size))
    masker = shap.maskers.Independent(states, max_samples=len(rows))
    for x in contexts(6, 2):
        found = explain(policy, x, rows, ENCODING.names, arm="cardio").attributions
        ours = np.array([found[key] for key in INTERACTING])
        game = Game(x, rows, policy.coefficients()[0], INTERACTING)
        assert np.abs(enumerated(game, len(rows), size) - ours).max() < 1e-9
        theirs = shap.ExactExplainer(game, masker)(np.full((1, size), -1.0))
        assert np.abs(theirs.values[0] - ours).max() < 1e-9


def test_all_attributes_equal_permutation_explainer(shap: ModuleType) -> None:
    """Each order is walked forwards and backwards, which is exact where no more than two interact."""
    policy, rows = taught(LinUCB), contexts(5, 20)
    x, background = contexts(6, 1)[0], Background(rows, ENCODING.names)
    players = background.attributes
    states = np.tile(np.arange(len(rows), dtype=float)[:, None], (1, len(players)))
    masker = shap.maskers.Independent(states, max_samples=len(rows))
    for k, arm in enumerate(ARMS):
        found = explain(policy, x, background, arm=arm)
        game = Game(x, rows, policy.coefficients()[k], players)
        theirs = shap.PermutationExplainer(game, masker, seed=1)(
            np.full((1, len(players)), -1.0), silent=True
        )
        assert np.abs(theirs.values[0] - list(found.attributions.values())).max() < 1e-9
        assert abs(theirs.base_values[0] - found.base) < 1e-9
