"""What is taken for plausible about a client's behaviour before any count of steps."""

from dataclasses import dataclass

import numpy as np

from core.calfit.behavior import Floats
from core.errors import InputError


@dataclass(frozen=True, slots=True)
class Prior:
    """A wide prior about adults with a phone or a band.

    Baselines and noise are set by published counts. How people answer goals was never published: responsiveness and
    self-efficacy are guesses, wide enough that a client far from them is still believed when the counts say so.

    Attributes:
        baseline: median of u_b, steps a day; u_b is log-normal.
        baseline_spread: standard deviation of log u_b.
        responsiveness: scale of p_1, which is Weibull: its 63rd percentile, steps.
        self_efficacy: scale of mu, which is Weibull: its 63rd percentile, steps.
        shape: of both Weibulls; 1.3 lets a client be all but deaf to goals.
        weekday: median of the standard deviation of weekday effects on the baseline, steps.
        weekday_spread: standard deviation of its logarithm.
        noise_shape: a of the inverse gamma of the Laplace noise's scale.
        noise_rate: b of it, steps; the mean is b / (a - 1).

    Raises:
        InputError: for a value that is not finite or not above 0.
    """

    baseline: float = 6_500.0
    baseline_spread: float = 0.4
    responsiveness: float = 4_500.0
    self_efficacy: float = 850.0
    shape: float = 1.3
    weekday: float = 500.0
    weekday_spread: float = 0.7
    noise_shape: float = 6.0
    noise_rate: float = 12_500.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not np.isfinite(value) or value <= 0:
                raise InputError(f"prior.{name} must be a number above 0; it is {value}.")

    def parameters(self, normals: Floats) -> tuple[Floats, Floats, Floats]:
        """(u_b, p_1, mu), each of shape (N,), that the first three of independent standard normals (D, N) stand for."""
        from scipy.special import log_ndtr

        responsiveness, self_efficacy = (-log_ndtr(-normals[1:3])) ** (1 / self.shape)
        return (
            self.baseline * np.exp(self.baseline_spread * normals[0]),
            self.responsiveness * responsiveness,
            self.self_efficacy * self_efficacy,
        )

    def weekday_effects(self, normals: Floats) -> Floats:
        """Effects (7, N), Monday to Sunday, that sum to 0, from standard normals (8, N), the first for size."""
        size = self.weekday * np.exp(self.weekday_spread * normals[0])
        return np.asarray(size * (normals[1:] - normals[1:].mean(axis=0)))

    def scales(self, misfit: Floats, counts: int, rng: np.random.Generator) -> Floats:
        """A Laplace scale drawn for each sum of absolute misfits, shape (N,), over so many counts.

        With zeros and no counts the draws are the prior's own.
        """
        return (self.noise_rate + misfit) / rng.gamma(self.noise_shape + counts, size=misfit.shape)


PRIOR = Prior()
