"""A coarse, quick estimate of many clients' behaviour, for simulated trials that plan tens of thousands of weeks.

It searches: a grid of 1,200 points over (u_b, p, mu), and from the six best a descent over the 26 neighbours whose step
halves when none of them is better. It minimises the same loss as `estimate`, proves nothing, and takes about 0.3 ms for
28 days. How much it loses against `estimate` is measured by ``benchmarks/trial.py``.

Several parameters may fit equally well: after a run-in week whose goals all lay below the baseline, p and mu may be
anything. Which of them is taken decides the next goals, and the paper does not say; so it can be chosen here.
"""

from dataclasses import dataclass

import numpy as np

from core.calfit.behavior import HELPLESSNESS, Floats


@dataclass(frozen=True, slots=True)
class Estimates:
    """Parameters of n clients, each of shape (n,); NaN for a client without any count.

    Attributes:
        baseline: u_b, steps.
        first: p on the first day of the history.
        self_efficacy: mu.
        responsiveness: p on the day after the history, from which plans start.
        loss: sum over days of |model's steps - count|.
    """

    baseline: Floats
    first: Floats
    self_efficacy: Floats
    responsiveness: Floats
    loss: Floats


def estimate_coarse(
    steps: Floats, goals: Floats, *, helplessness: float = HELPLESSNESS, greatest: bool = False
) -> Estimates:
    """Estimate n clients at once, unchecked.

    Args:
        steps: counts, shape (n, T), NaN on a day without one.
        goals: the goal of each day, shape (n, T).
        helplessness: gamma, the same for all.
        greatest: of equal fits take one with a great p and mu, not, as `estimate` does, a small one.
    """
    from core.calfit.coarse_kernel import search  # numba takes a second to import

    found = np.empty((len(steps), 5))
    search()(np.ascontiguousarray(steps), np.ascontiguousarray(goals), helplessness, greatest, found)
    baseline, first, efficacy, last, loss = found.T
    return Estimates(baseline, first, efficacy, last, loss)
