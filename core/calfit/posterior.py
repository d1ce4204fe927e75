"""What a history says about a client's behaviour, and what it leaves open.

The paper (Zhou 2018, stage 1) names one best set of parameters. After a week of easy goals thousands of others fit as
well, so here the answer is a set of draws from the posterior, and a plain sentence for each parameter that the days so
far cannot tell. How the draws are made is in ``sampling``; what is plausible before any count, in ``prior``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.calfit.behavior import HELPLESSNESS, Behavior, Course, Floats, check_goals, check_history, course
from core.calfit.estimation import Achievement, check_helplessness
from core.calfit.prior import PRIOR, Prior
from core.calfit.sampling import History, sample
from core.calfit.unknowns import what_is_missing
from core.errors import InputError

NAMES = ("baseline", "responsiveness", "self_efficacy")
DRAWS = 1000
NARROWED = 0.4  # a parameter is identified if its 90 % interval is at most this share of the prior's width


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws, all of the same weight, of the behaviour as it stands on the day after the history ("tomorrow").

    Attributes:
        baseline: u_b, steps, shape (N,).
        responsiveness: p tomorrow, steps, shape (N,).
        self_efficacy: mu, steps, shape (N,).
        noise: scale of the Laplace noise of a day's count, steps, shape (N,).
        helplessness: gamma.
        offset: what tomorrow adds to the baseline, steps; a number, or draws (N,) where weekday effects were estimated.
        weekday_effects: what each weekday adds, Monday to Sunday, steps that sum to 0, shape (N, 7); None if the
            posterior knows no weekdays.
        weekday: tomorrow's, 0 for Monday to 6 for Sunday; None likewise.
        achievement: "latent" or "observed": what lifts responsiveness, the model's own steps or the counts.
        identified: for baseline, responsiveness and self_efficacy whether it is known well enough to act
            on: whether its 90 % interval is at most 0.4 times as wide as the prior's before any day.
        missing: a plain sentence for each that is not identified: what cannot be told yet, and what would tell.
        seed: the draws' seed.
    """

    baseline: Floats
    responsiveness: Floats
    self_efficacy: Floats
    noise: Floats
    helplessness: float
    offset: float | Floats
    weekday_effects: Floats | None
    weekday: int | None
    achievement: Achievement
    identified: Mapping[str, bool]
    missing: tuple[str, ...]
    seed: int

    @property
    def capacity(self) -> Floats:
        """The highest goal that is met tomorrow, c = u_b + p / 2 with tomorrow's weekday, shape (N,)."""
        return np.maximum(self.baseline + self.offset, 0.0) + self.responsiveness / 2

    @property
    def offsets(self) -> Floats:
        """The mean effect of each weekday, Monday to Sunday, steps, shape (7,); zeros without weekdays."""
        return np.zeros(7) if self.weekday_effects is None else np.asarray(self.weekday_effects.mean(axis=0))

    @property
    def known(self) -> tuple[str, ...]:
        """The identified parameters' names."""
        return tuple(name for name in NAMES if self.identified[name])

    @property
    def mean(self) -> Behavior:
        """The mean of the draws; its responsiveness is tomorrow's, as a plan from tomorrow takes it."""
        return self._centre(np.mean)

    @property
    def median(self) -> Behavior:
        """The median of each parameter over the draws; its responsiveness is tomorrow's."""
        return self._centre(np.median)

    def interval(self, name: str, level: float = 0.9) -> tuple[float, float]:
        """The central interval that holds a parameter with this probability.

        Args:
            name: "baseline", "responsiveness" (tomorrow's), "self_efficacy", "capacity" (tomorrow's) or "noise".
            level: probability, above 0 and below 1.

        Raises:
            InputError: for another name or level.
        """
        if name not in (*NAMES, "capacity", "noise"):
            raise InputError(f"name must be one of {', '.join(NAMES)}, capacity and noise; it is {name!r}.")
        if not 0 < level < 1:
            raise InputError(f"level must lie between 0 and 1; it is {level}.")
        low, high = np.quantile(getattr(self, name), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def moved_to(self, behavior: Behavior) -> "Posterior":
        """The same spread about parameters that a trainer has chosen.

        Every draw is shifted so that the medians are the chosen values; what falls below 0 is put at 0, which
        leaves the median where it is. The doubt about how the parameters go together is kept.
        """
        centre = self.median

        def shifted(draws: Floats, to: float, by: float) -> Floats:
            return _frozen(np.maximum(draws + (to - by), 0.0))

        return replace(
            self,
            baseline=shifted(self.baseline, behavior.baseline, centre.baseline),
            responsiveness=shifted(self.responsiveness, behavior.responsiveness, centre.responsiveness),
            self_efficacy=shifted(self.self_efficacy, behavior.self_efficacy, centre.self_efficacy),
            helplessness=behavior.helplessness,
        )

    def _centre(self, measure: Callable[[Floats], np.float64]) -> Behavior:
        return Behavior(
            float(measure(self.baseline)),
            float(measure(self.responsiveness)),
            float(measure(self.self_efficacy)),
            self.helplessness,
        )


def posterior(
    steps: ArrayLike,
    goals: ArrayLike,
    *,
    helplessness: float = HELPLESSNESS,
    achievement: Achievement = "latent",
    weekdays: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    offset_tomorrow: float = 0.0,
    prior: Prior = PRIOR,
    draws: int = DRAWS,
    seed: int = 0,
) -> Posterior:
    """The posterior of a client's behaviour after a history.

    Args:
        steps: counted each day, shape (T,), NaN where there is no count; at least two counts.
        goals: of each day, steps, shape (T,).
        helplessness: gamma, taken as known, as in the paper.
        achievement: "latent": responsiveness rises when the model's own steps reach the goal (eq. 3); "observed": when
            the count does, and a day without a count counts as a goal not met.
        weekdays: 0 for Monday to 6 for Sunday, shape (T,), days one after another. With them the weekdays' effects on
            the baseline are estimated along with the rest, and their doubt is part of everything.
        offsets: effects that are known, added to the baseline on each day, shape (T,); not with ``weekdays``.
        offset_tomorrow: the same for the day after the history.
        prior: what is plausible before any count.
        draws: how many, at least 100.
        seed: the same history and seed give the same draws.

    Raises:
        InputError: for a history that cannot be used, or arguments out of their range.
    """
    counts, wanted = check_history(steps, goals)
    days = None if weekdays is None else check_weekdays(weekdays, counts.shape)
    if days is not None and (offsets is not None or offset_tomorrow):
        raise InputError("Weekday effects are either estimated (weekdays) or known (offsets), not both.")
    shifts = np.zeros(counts.size) if offsets is None else np.asarray(offsets, dtype=np.float64)
    if shifts.shape != counts.shape or not np.isfinite(shifts).all() or not np.isfinite(offset_tomorrow):
        raise InputError(
            f"offsets must be finite, one for each of the {counts.size} days; shape {shifts.shape}."
        )
    if achievement not in get_args(Achievement):
        raise InputError(f'achievement must be "latent" or "observed"; it is {achievement!r}.')
    check_helplessness(helplessness)
    if draws < 100:
        raise InputError(f"draws must be at least 100; it is {draws}.")
    history = History(counts, wanted, shifts, days, helplessness, achievement == "observed")
    rng = np.random.default_rng(seed)
    first, cloud, misfit = sample(history, prior, draws, rng)
    baseline, p_1, self_efficacy, effects = history.read(cloud, prior)
    _, tomorrow = history.follow(baseline, p_1, self_efficacy, effects)
    before, after = history.read(first, prior)[:3], (baseline, tomorrow, self_efficacy)
    identified = {
        name: bool(_width(new) <= NARROWED * _width(old))
        for name, new, old in zip(NAMES, after, before, strict=True)
    }
    noise = prior.scales(misfit, history.counted, rng)
    weekday = None if days is None else (int(days[-1]) + 1) % 7
    return Posterior(
        baseline=_frozen(baseline),
        responsiveness=_frozen(tomorrow),
        self_efficacy=_frozen(self_efficacy),
        noise=_frozen(noise),
        helplessness=helplessness,
        offset=float(offset_tomorrow)
        if effects is None or weekday is None
        else _frozen(effects[weekday].copy()),
        weekday_effects=None if effects is None else _frozen(effects.T.copy()),
        weekday=weekday,
        achievement=achievement,
        identified=identified,
        missing=what_is_missing(history, (baseline, p_1, self_efficacy), effects, noise, identified),
        seed=seed,
    )


def chances(
    belief: Posterior, goals: ArrayLike, *, offsets: ArrayLike | None = None, counted: bool = False
) -> Floats:
    """The chance that each day's goal of a plan is met, over all that the posterior leaves open.

    Two things can be meant. *Within reach* (the default, and the model's own sense of met, eq. 3): the client's
    capacity reaches the goal. *Counted*: the noisy count of the day does. The second is lower: someone who aims at a
    goal within reach ends the day above it about as often as below, so that it hardly passes one half unless the
    goal lies below the baseline.

    Args:
        belief: a posterior; its tomorrow is the plan's first day.
        goals: steps, shape (T,).
        offsets: as for `outlook`.
        counted: the chance that the count reaches the goal, not that the goal is within reach.

    Returns:
        Chances, shape (T,). The same posterior and goals always give the same. A higher goal on a day never has a
        higher chance on that day.

    Raises:
        InputError: for goals that cannot be used or offsets that do not fit them.
    """
    made = outlook(belief, goals, offsets=offsets)
    if not counted:
        return np.asarray(made.met.mean(axis=0))
    wanted = np.asarray(goals, dtype=np.float64)
    beyond = (made.steps - wanted) / belief.noise[:, None]
    tail = 0.5 * np.exp(-np.abs(beyond))
    # A count is never negative, so it always reaches a goal of 0.
    return np.asarray(np.where(wanted > 0, np.where(beyond > 0, 1 - tail, tail).mean(axis=0), 1.0))


def outlook(belief: Posterior, goals: ArrayLike, *, offsets: ArrayLike | None = None) -> Course:
    """What each draw of a posterior makes of a plan.

    Args:
        belief: a posterior; its tomorrow is the plan's first day.
        goals: steps, shape (T,).
        offsets: known effects, added to the baseline on each of the plan's days, shape (T,). Without them the days
            follow tomorrow's weekday with the effects that the posterior has drawn, if it has weekdays.

    Returns:
        A course of shape (N, T) without the noise of counts. Where achievement is "observed", each draw has counts of
        its own, from the posterior's seed, that lift its responsiveness or do not.

    Raises:
        InputError: for goals that cannot be used or offsets that do not fit them.
    """
    wanted = check_goals(goals)
    shifts = _shifts(belief, wanted.size) if offsets is None else np.asarray(offsets, dtype=np.float64)
    if shifts.shape[-1:] != wanted.shape or (offsets is not None and shifts.ndim != 1):
        raise InputError(f"offsets must be one for each of the {wanted.size} goals; shape {shifts.shape}.")
    if not np.isfinite(shifts).all():
        raise InputError("offsets must be finite numbers of steps.")
    start, gamma = (
        (belief.baseline, belief.responsiveness, belief.self_efficacy),
        np.float64(belief.helplessness),
    )
    made = course(*start, gamma, wanted, offsets=shifts)
    if belief.achievement == "latent":
        return made
    errors = belief.noise[:, None] * np.random.default_rng(belief.seed).laplace(size=made.steps.shape)
    p = made.responsiveness
    for day in range(wanted.size):
        one = slice(day, day + 1)
        today = course(start[0], p[:, day], start[2], gamma, wanted[one], offsets=shifts[..., one])
        made.steps[:, day], made.met[:, day] = today.steps[:, 0], today.met[:, 0]
        p[:, day + 1] = gamma * p[:, day] + start[2] * (today.steps[:, 0] + errors[:, day] >= wanted[day])
    return made


def _shifts(belief: Posterior, days: int) -> Floats:
    """What the drawn weekday effects add on each of the days from tomorrow, (N, days); zeros (days,) without."""
    if belief.weekday_effects is None or belief.weekday is None:
        return np.zeros(days)
    return belief.weekday_effects[:, (belief.weekday + np.arange(days)) % 7]


def check_weekdays(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Weekdays of days that have values of this shape.

    Raises:
        InputError: for weekdays that are none, or do not fit.
    """
    days = np.asarray(values)
    if days.shape != shape or days.ndim != 1 or not np.isin(days, np.arange(7)).all():
        raise InputError(
            "weekdays must be one for each day of steps, from 0 for Monday to 6 for Sunday; "
            f"shape {days.shape} for steps of shape {shape}."
        )
    return days.astype(np.intp)


def _width(draws: Floats) -> float:
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(high - low)


def _frozen(draws: Floats) -> Floats:
    draws.setflags(write=False)
    return draws
