"""A client's estimated behaviour: with its doubt, as the paper estimates it, and by weekday."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from threading import Lock

import numpy as np

from core.calfit import HELPLESSNESS, Behavior, Estimate, Posterior, estimate
from core.calfit.behavior import Floats
from core.calfit.posterior import posterior
from core.services.goals.record import History

KEPT = 512


@dataclass(frozen=True, slots=True)
class Fit:
    """What a history says about a client.

    Attributes:
        posterior: draws of the behaviour on the first day of a plan made now, and of what each weekday adds to it.
        estimate: the paper's point estimate (no weekdays); its responsiveness is that of the history's first day.
    """

    posterior: Posterior
    estimate: Estimate

    @property
    def offsets(self) -> Floats:
        """What each weekday adds to the baseline on average, steps, Monday first, shape (7,)."""
        return self.posterior.offsets

    @property
    def behavior(self) -> Behavior:
        """The behaviour to plan with: the median of each parameter, in whole steps, as of a plan's first day."""
        middle = self.posterior.median
        return Behavior(
            round(middle.baseline),
            round(middle.responsiveness),
            round(middle.self_efficacy),
            middle.helplessness,
        )

    @property
    def papers(self) -> Behavior:
        """The paper's estimate as of a plan's first day."""
        found = self.estimate
        return Behavior(
            found.behavior.baseline,
            float(found.course.responsiveness[-1]),
            found.behavior.self_efficacy,
            found.behavior.helplessness,
        )

    def ahead(self, first: date, days: int) -> Floats:
        """What the weekday adds to the baseline on average on each of the days from ``first`` on, shape (days,)."""
        return self.offsets[(first.weekday() + np.arange(days)) % 7]


_kept: OrderedDict[tuple[bytes, bytes, int, float], Fit] = OrderedDict()
_lock = Lock()


def fit(history: History, helplessness: float = HELPLESSNESS) -> Fit:
    """Estimate a behaviour; the same history gives the same figures, at once when it was asked for lately."""
    key = (history.steps.tobytes(), history.goals.tobytes(), history.first.weekday(), helplessness)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _fit(history, helplessness)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def _fit(history: History, helplessness: float) -> Fit:
    return Fit(
        posterior=posterior(
            history.steps, history.goals, helplessness=helplessness, weekdays=history.weekdays
        ),
        estimate=estimate(history.steps, history.goals, helplessness=helplessness),
    )


def warm() -> None:
    """Load, or compile, what an estimate needs, so that the first person to open a client does not wait for it."""
    days = np.arange(8.0)
    _fit(History(date(2026, 1, 5), days * 100, days * 500), HELPLESSNESS)
