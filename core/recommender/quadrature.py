"""Numerical tools of the margin's distribution: a Gauss–Jacobi integral and a bracketed root for many targets."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

# Nodes of the Gauss–Jacobi rule. Against three times as many, the distribution function moves by less than 1e-8 for
# z down to 1e-50 and every combination of alphas from 0.001 to 1e4 that was tried; near z = 1e-300 by less than 1e-4.
NODES = 64
# Exponents above this are smooth enough at the ends of the interval to be left inside the integrand.
_SMOOTH = 8.0
# Probability that may be cut off either end of the interval of integration; below double precision.
_NEGLIGIBLE = 1e-18


class MarginQuadrature:
    """Integral over s in [z, 1] of s^power·f_S(s)·g(z/s), S ~ Beta(α1+α2, α3), in the variable x = ln s.

    The Gauss–Jacobi weight takes up (1−s)^(α3−1) at s = 1 and (s−z)^``lower``, the behaviour of g at s = z. In ln s the
    rest is smooth even for z = 1e-50. Where the parameters are large, the interval is cut to the part on which the
    integrand is not negligible.
    """

    def __init__(self, a1: float, a2: float, a3: float, *, power: int, lower: float) -> None:
        self._a, self._a3 = a1 + a2 + power, a3
        # Whole powers are smooth, so only the fractional part of an exponent needs the weight.
        self._upper = _weight_exponent(a3 - 1)
        self._lower = _weight_exponent(lower)
        x, weights = special.roots_jacobi(NODES, self._upper, self._lower)
        self._v, self._one_minus_v = (1 + x) / 2, (1 - x) / 2
        self._weights = weights / 2 ** (self._upper + self._lower + 1)
        self._log_beta = float(special.betaln(a1 + a2, a3))
        above = special.betaincinv(a3, a1 + a2, _NEGLIGIBLE) if a3 - 1 > _SMOOTH else 0.0
        self._high = math.log1p(-above)
        below = special.betaincinv(self._a, a3, _NEGLIGIBLE) if self._a > 0 else 0.0
        self._low = math.log(below) if below > 0 else -math.inf
        # u = z/s beyond which P(U > u) is negligible, as −ln u.
        edge = (
            special.betaincinv(a2, a1, _NEGLIGIBLE * special.betainc(a2, a1, 0.5)) if lower > _SMOOTH else 0.0
        )
        self._least_gap = -math.log1p(-2 * edge)

    def integrate(self, lam: FloatArray, log_g: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """The integral for each z = exp(−lam); ``log_g`` is ln g as a function of −ln u, u = z/s."""
        total = np.zeros_like(lam)
        low = np.maximum(self._least_gap - lam, self._low)
        wide = low < self._high
        low, lam = low[wide, None], lam[wide, None]
        length = self._high - low
        minus_x = length * self._one_minus_v - self._high
        gap = length * self._v + (low + lam)
        log_integrand = (
            -self._a * minus_x
            + special.xlogy(self._a3 - 1, -np.expm1(-minus_x))
            - special.xlogy(self._upper, self._one_minus_v)
            - special.xlogy(self._lower, self._v)
            - self._log_beta
            + np.log(length)
            + log_g(gap)
        )
        total[wide] = np.exp(log_integrand) @ self._weights
        return total


def _weight_exponent(exponent: float) -> float:
    if exponent > _SMOOTH:
        return 0.0
    return exponent if exponent < 0 else exponent % 1.0


def bracketed_newton(
    function: Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]],
    target: FloatArray,
    low: FloatArray,
    high: FloatArray,
    start: FloatArray,
) -> FloatArray:
    """Solve function(t) = target elementwise by Newton steps that may not leave [low, high]; else bisect.

    ``function`` is increasing; it is given points and their places in ``target``, and returns values and slopes.
    """
    t, low, high = start.copy(), low.copy(), high.copy()
    active = np.arange(t.size)
    for _ in range(80):
        value, slope = function(t[active], active)
        error = value - target[active]
        low[active] = np.where(error < 0, t[active], low[active])
        high[active] = np.where(error >= 0, t[active], high[active])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            after = t[active] - error / slope
        inside = (after >= low[active]) & (after <= high[active])
        after = np.where(inside, after, (low[active] + high[active]) / 2)
        step = np.abs(after - t[active])
        t[active] = after
        # Newton squares the error: after a step of 1e-6 nothing is left to gain.
        active = active[(step > np.where(inside, 1e-6, 1e-13)) & (error != 0)]
        if active.size == 0:
            break
    return t
