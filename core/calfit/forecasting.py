"""The week ahead: daily steps as the posterior expects them, beside the paper's estimate and two plain averages.

Real steps follow the week, so the posterior takes the weekdays' effects on the baseline along with the rest, drawn
towards none for as long as too few weeks are there to show them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.calfit.behavior import HELPLESSNESS, Behavior, Floats, check_goals, check_history, simulate
from core.calfit.estimation import Achievement, estimate
from core.calfit.posterior import Posterior, outlook, posterior
from core.calfit.prior import PRIOR, Prior

Weekdays = NDArray[np.intp]

LOOK_BACK = 28  # days of the plain averages


@dataclass(frozen=True, slots=True)
class Forecast:
    """Daily steps ahead.

    Attributes:
        steps: median, shape (H,).
        low: the count of a day is at least this with probability 0.95, shape (H,).
        high: the count of a day is at most this with probability 0.95, shape (H,).
        belief: the posterior on the first day ahead.
    """

    steps: Floats
    low: Floats
    high: Floats
    belief: Posterior


def forecast(
    steps: ArrayLike,
    goals: ArrayLike,
    weekdays: ArrayLike,
    next_goals: ArrayLike,
    *,
    helplessness: float = HELPLESSNESS,
    achievement: Achievement = "latent",
    prior: Prior = PRIOR,
    seed: int = 0,
) -> Forecast:
    """Steps on the days after a history, by the posterior with weekday effects.

    Args:
        steps: counts, shape (T,), NaN where there is none.
        goals: of each day, steps, shape (T,).
        weekdays: 0 for Monday to 6 for Sunday, shape (T,); the days ahead follow the last.
        next_goals: of each day ahead, steps, shape (H,).
        helplessness: gamma.
        achievement: as for `posterior`.
        prior: as for `posterior`.
        seed: the same arguments and seed give the same forecast.

    Raises:
        InputError: for a history, weekdays or goals that cannot be used.
    """
    counts, wanted = check_history(steps, goals)
    ahead = check_goals(next_goals)
    belief = posterior(
        counts,
        wanted,
        weekdays=weekdays,
        helplessness=helplessness,
        achievement=achievement,
        prior=prior,
        seed=seed,
    )
    made = outlook(belief, ahead).steps
    noise = np.random.default_rng(seed).laplace(size=made.shape) * belief.noise[:, None]
    low, high = np.quantile(np.maximum(made + noise, 0.0), [0.05, 0.95], axis=0)
    return Forecast(np.median(made, axis=0), low, high, belief)


def by_posterior(steps: Floats, goals: Floats, weekdays: Weekdays, next_goals: Floats) -> Floats:
    """The posterior's median with weekday effects, (H,)."""
    return forecast(steps, goals, weekdays, next_goals).steps


def by_estimate(steps: Floats, goals: Floats, weekdays: Weekdays, next_goals: Floats) -> Floats:  # noqa: ARG001
    """The paper's point estimate carried on, (H,); it knows no weekdays."""
    found = estimate(steps, goals)
    tomorrow = Behavior(
        found.behavior.baseline,
        float(found.course.responsiveness[-1]),
        found.behavior.self_efficacy,
        found.behavior.helplessness,
    )
    return simulate(tomorrow, next_goals).steps


def by_weekday_mean(steps: Floats, goals: Floats, weekdays: Weekdays, next_goals: Floats) -> Floats:  # noqa: ARG001
    """The mean of the same weekday in the last 28 days, (H,); of all of them if it has no count."""
    recent, days = steps[-LOOK_BACK:], weekdays[-LOOK_BACK:]
    seen = np.isfinite(recent)
    number = np.bincount(days[seen], minlength=7)
    total = np.bincount(days[seen], recent[seen], minlength=7)
    every = total.sum() / number.sum()
    means = np.where(number > 0, total / np.maximum(number, 1), every)
    return np.asarray(means[_after(weekdays, next_goals.size)])


def by_median(steps: Floats, goals: Floats, weekdays: Weekdays, next_goals: Floats) -> Floats:  # noqa: ARG001
    """The median of the last 28 days, (H,)."""
    return np.full(next_goals.size, np.nanmedian(steps[-LOOK_BACK:]))


Method = Callable[[Floats, Floats, Weekdays, Floats], Floats]
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "posterior, weekday effect": by_posterior,
        "the paper's estimate": by_estimate,
        "weekday mean, 28 days": by_weekday_mean,
        "median, 28 days": by_median,
    }
)
"""Ways to forecast (steps, goals, weekdays, next_goals) -> (H,), by the name that tables give them."""


def _after(weekdays: Weekdays, days: int) -> Weekdays:
    return np.asarray((weekdays[-1] + 1 + np.arange(days)) % 7)
