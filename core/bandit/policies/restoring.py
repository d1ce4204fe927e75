"""A policy from its saved state."""

from collections.abc import Callable

import numpy as np

from core.bandit.policies.best_fixed import BestFixedArm
from core.bandit.policies.epsilon_greedy import EpsilonGreedy
from core.bandit.policies.hybrid import HybridLinUCB
from core.bandit.policies.linucb import LinUCB
from core.bandit.policies.oracle import Oracle
from core.bandit.policies.policy import Floats, Policy, State
from core.bandit.policies.thompson import LinearThompson
from core.bandit.policies.uniform import RandomPolicy
from core.errors import InputError


def restore(state: State, *, expected: Callable[[Floats], Floats] | None = None) -> Policy:
    """The policy that gave ``state``, which goes on exactly as that one would have.

    Args:
        state: what ``Policy.state`` gave.
        expected: an oracle's function, which its state cannot hold; nothing else takes it.

    Raises:
        InputError: for a state that is not whole, or an oracle without its function.
    """
    try:
        return _restored(state, expected)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The saved policy is not whole: {error!r}.") from error


def _restored(state: State, expected: Callable[[Floats], Floats] | None) -> Policy:
    kind, size = str(state["kind"]), int(state["n_features"])
    arms, rng, epsilon = state["arms"].tolist(), _generator(state["rng"].tolist()), float(state["epsilon"])
    if kind == "RandomPolicy":
        return RandomPolicy(size, arms, rng)
    if kind == "BestFixedArm":
        return BestFixedArm(size, arms, state["means"], rng)
    if kind == "Oracle":
        if expected is None:
            raise InputError("An oracle's state does not hold its function; give it as expected.")
        return Oracle(size, arms, expected, rng)
    policy: LinUCB | HybridLinUCB | LinearThompson | EpsilonGreedy
    if kind == "EpsilonGreedy":
        policy = EpsilonGreedy(size, arms, epsilon, rng)
    elif kind == "LinUCB":
        policy = LinUCB(size, arms, float(state["width"]), rng, epsilon=epsilon)
    elif kind == "LinearThompson":
        policy = LinearThompson(size, arms, float(state["width"]), rng, epsilon=epsilon)
    elif kind == "HybridLinUCB":
        policy = HybridLinUCB(size, arms, float(state["width"]), rng, epsilon=epsilon)
    else:
        raise InputError(f"There is no policy {kind!r} in this version.")
    policy.load(state)
    return policy


def _generator(words: list[int]) -> np.random.Generator:
    rng = np.random.Generator(np.random.PCG64())
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": words[0] << 64 | words[1], "inc": words[2] << 64 | words[3]},
        "has_uint32": words[4],
        "uinteger": words[5],
    }
    return rng
