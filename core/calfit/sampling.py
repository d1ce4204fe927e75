"""Draws from the posterior of (u_b, p_1, mu) by sequential Monte Carlo.

The scale of the Laplace noise has an inverse gamma prior (a, b) and is integrated out, which leaves for n counts with
misfit S = sum |u_t - count_t| the likelihood (b + S)^-(a + n). It jumps where a change of parameters turns a goal that
was met into one that was missed, so nothing here follows a gradient: a cloud of draws goes from the prior to the
posterior as the likelihood is raised to powers that grow to 1, resampled at each and then moved by random-walk
Metropolis (Del Moral, Doucet and Jasra 2006). The walk takes place where the prior is standard normal, and moves the
behaviour and the weekday effects, if there are any, in turn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.calfit.behavior import TOLERANCE, Floats
from core.calfit.prior import Prior

FIRST = 4  # draws from the prior for each draw that is wanted
KEPT = 0.5  # effective draws that a step towards the posterior leaves, as a share of those wanted
MOVES, LAST_MOVES = 6, 16  # of the behaviour; as many of the weekday effects
SIZES = (1.0, 0.4)  # of a move, in turn; in units of the usual 2.4 / sqrt(D) standard deviations
BEHAVIOUR, WEEKDAYS = slice(0, 3), slice(3, 11)  # rows of the normals


@dataclass(frozen=True, slots=True)
class History:
    """Days with goals, and counts or NaN; all arrays of shape (T,).

    Attributes:
        counts: steps, NaN where there is no count.
        goals: steps.
        offsets: added to the baseline on each day.
        weekdays: 0 for Monday to 6 for Sunday, or None if every day is like another.
        helplessness: gamma.
        observed: whether a count, not the model's own steps, says that a goal was met; a day without one then counts
            as a goal that was not.
    """

    counts: Floats
    goals: Floats
    offsets: Floats
    weekdays: NDArray[np.intp] | None
    helplessness: float
    observed: bool

    @property
    def counted(self) -> int:
        """Days with a count."""
        return int(np.isfinite(self.counts).sum())

    def follow(
        self, baseline: Floats, responsiveness: Floats, self_efficacy: Floats, effects: Floats | None
    ) -> tuple[Floats, Floats]:
        """The misfit S of each set of parameters and its p on the day after the history, each (N,).

        ``effects`` are those of the weekdays, (7, N), where the history has weekdays.
        """
        p, misfit = responsiveness.copy(), np.zeros_like(responsiveness)
        week = None if effects is None else np.maximum(baseline + effects, 0.0)
        for day, (count, goal, offset) in enumerate(
            zip(self.counts.tolist(), self.goals.tolist(), self.offsets.tolist(), strict=True)
        ):
            if week is not None and self.weekdays is not None:
                base = week[self.weekdays[day]]
            else:
                base = np.maximum(baseline + offset, 0.0) if offset else baseline
            capacity = 0.5 * p
            capacity += base
            met = count >= goal if self.observed else capacity >= goal - TOLERANCE
            if count == count:  # not NaN
                np.minimum(capacity, goal, out=capacity)
                np.maximum(capacity, base, out=capacity)
                capacity -= count
                misfit += np.abs(capacity, out=capacity)
            p *= self.helplessness
            p += self_efficacy * met
        return misfit, p

    def read(self, cloud: Floats, prior: Prior) -> tuple[Floats, Floats, Floats, Floats | None]:
        """What normals (3, N), or (11, N) with weekdays, stand for, as `follow` takes it."""
        effects = None if self.weekdays is None else prior.weekday_effects(cloud[WEEKDAYS])
        return *prior.parameters(cloud[BEHAVIOUR]), effects


def sample(
    history: History, prior: Prior, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Draws of equal weight from the posterior.

    Returns:
        Standard normals that stand for the prior's draws (D, 4 N) and for the posterior's (D, N), as
        ``History.read`` reads them, and the misfit of the latter (N,).
    """
    power = prior.noise_shape + history.counted
    blocks = [BEHAVIOUR] if history.weekdays is None else [BEHAVIOUR, WEEKDAYS]

    def misfits(cloud: Floats) -> Floats:
        return history.follow(*history.read(cloud, prior))[0]

    first = rng.standard_normal((blocks[-1].stop, FIRST * draws))
    cloud, misfit, heat = first, misfits(first), 0.0
    while heat < 1.0:
        logs = -power * np.log(prior.noise_rate + misfit)
        step = _next_power(logs, heat, KEPT * draws) - heat
        weights = _weights(step * logs)
        heat += step
        walks = [_walk(cloud[block], weights) for block in blocks]
        chosen = _resample(weights, draws, rng)
        cloud, misfit = cloud[:, chosen], misfit[chosen]
        for move in range(len(blocks) * (MOVES if heat < 1.0 else LAST_MOVES)):
            turn = move % len(blocks)
            block, walk = blocks[turn], walks[turn]
            size = SIZES[move // len(blocks) % len(SIZES)]
            proposed = cloud.copy()
            proposed[block] += size * (walk @ rng.standard_normal(cloud[block].shape))
            there = misfits(proposed)
            gain = heat * power * np.log((prior.noise_rate + misfit) / (prior.noise_rate + there))
            gain += 0.5 * ((cloud[block] ** 2).sum(axis=0) - (proposed[block] ** 2).sum(axis=0))
            taken = np.log(rng.random(draws)) < gain
            cloud = np.where(taken, proposed, cloud)
            misfit = np.where(taken, there, misfit)
    return first, cloud, misfit


def _walk(cloud: Floats, weights: Floats) -> Floats:
    """The root of a random walk's covariance that fits a weighted cloud (D, N)."""
    centred = cloud - (cloud @ weights)[:, None]
    covariance = (weights * centred) @ centred.T + 1e-9 * np.eye(len(cloud))
    return np.asarray(np.linalg.cholesky(covariance) * (2.4 / np.sqrt(len(cloud))))


def _weights(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _next_power(logs: Floats, heat: float, effective: float) -> float:
    """The largest power up to 1 that leaves so many effective draws (or the most that there are to leave)."""

    def left(power: float) -> float:
        return 1.0 / float((_weights((power - heat) * logs) ** 2).sum())

    if left(1.0) >= effective:
        return 1.0
    low, high = heat, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) >= effective else (low, middle)
    return high


def _resample(weights: Floats, draws: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Systematic resampling: each draw as often as its weight says, to within one."""
    ticks = (np.arange(draws) + rng.random()) / draws
    return np.asarray(np.minimum(np.searchsorted(np.cumsum(weights), ticks), weights.size - 1))
