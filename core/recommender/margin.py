"""The distribution of the margin between the two largest class probabilities.

For a probability vector sorted as y(1) ≤ … ≤ y(N), the margin is Z = y(N) − y(N−1). Mahyari 2022 (section IV-A,
appendix A) lets [y(N), y(N−1), rest] follow a Dirichlet distribution D(α1, α2, α3) and derives the density of Z.

Where this module goes beyond the paper's print:

- Eq. 13 has a closed form with a Gauss hypergeometric function, see :meth:`MarginDistribution.pdf`.
- A Dirichlet also gives mass to y(N) < y(N−1), so the density of eq. 13 integrates on [0, 1] to I_½(α2, α1), not to 1.
  ``renormalise=True`` divides by that mass; ``renormalise=False`` keeps the paper's form.
- The second inner limit of eq. 11 must read 1 − y(N−1); the distribution function here does not use eq. 11 but
  Z = S·U with S ~ Beta(α1+α2, α3) and U = 2B − 1, B ~ Beta(α1, α2), independent of S.
- For its D(1.59, 0.42, 0.31) the paper asks below 0.18 at α = 0.01. Those parameters give 0.024 (raw form 0.028); 0.18
  is the quantile at α = 0.088.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from scipy.interpolate import CubicHermiteSpline

from core.errors import InputError
from core.recommender.quadrature import FloatArray, IntArray, MarginQuadrature, bracketed_newton

# Where SciPy's hyp2f1 was found accurate to 1e-9 or better: sum of alphas at most, and −ln z at most (z above 1e-5).
_HYPERGEOMETRIC_LIMIT = 8.0
_HYPERGEOMETRIC_LAM = 11.5
# 1/z still fits a double for −ln z up to here.
_LARGEST_LAM = 700.0
# Quantiles are sought on this range of logit(z): z down to 1e-282, 1 − z likewise.
_LOGIT_RANGE = 650.0
# Largest disagreement, on a panel that holds a quantile, between the density's integral and the distribution function.
_PANEL_TOLERANCE = 1e-10
_SUM_TOLERANCE = 1e-3
_LEGENDRE_X, _LEGENDRE_W = special.roots_legendre(8)


@dataclass(frozen=True)
class MarginDistribution:
    """Distribution of Z = y(N) − y(N−1) when [y(N), y(N−1), rest] ~ D(a1, a2, a3) (Mahyari 2022, eqs 9–13).

    ``renormalise=True`` is the distribution of Z given Z ≥ 0, a proper one. ``renormalise=False`` is the paper's raw
    form, kept for comparison: its density is eq. 13 as printed, its ``cdf`` is P(0 ≤ Z ≤ z) and so runs from 0 at
    z = 0 to ``mass`` < 1 at z = 1, and its ``quantile`` is NaN for q above ``mass``, where no z has that probability.

    Raises InputError if a parameter is not a finite positive number, or if a2 exceeds a1 so far that P(Z ≥ 0)
    cannot be told from 0.
    """

    a1: float
    a2: float
    a3: float
    renormalise: bool = True

    def __post_init__(self) -> None:
        for name in ("a1", "a2", "a3"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
                raise InputError(
                    f"{name} = {value!r} is not a number; a Dirichlet parameter must be a number above 0"
                )
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} = {value!r}; a Dirichlet parameter must be finite and above 0")
            object.__setattr__(self, name, float(value))
        if self.mass < 1e-290:
            raise InputError(
                f"a1 = {self.a1!r}, a2 = {self.a2!r}: the first share is never the larger one (P(Z >= 0) = 0); "
                "put the parameter of the largest probability first"
            )

    @cached_property
    def mass(self) -> float:
        """P(Z ≥ 0) = I_½(α2, α1), the mass of the raw density on [0, 1]."""
        return float(special.betainc(self.a2, self.a1, 0.5))

    def pdf(self, z: ArrayLike) -> FloatArray:
        """Density at z, any shape, each in [0, 1]; infinite at an end where it diverges.

        Closed form of Mahyari 2022, eq. 13: with Σ = α1+α2+α3,
        f(z) = Γ(Σ)/(Γα1 Γα2 Γα3) · B(α2,α3) 2^(−α2) (1−z)^(α2+α3−1) ((1+z)/2)^(α1−1) · F((1−z)/(1+z)),
        F(x) = ₂F₁(1−α1, α3; α2+α3; x). Raises InputError for NaN or z outside [0, 1].
        """
        values = check_unit_interval("z", z)
        flat = values.ravel()
        density = np.empty_like(flat)
        inner = flat > 0
        density[inner] = self._density(-np.log(flat[inner]))
        density[~inner] = self._density_at_zero()
        if not self.renormalise:
            density *= self.mass
        return density.reshape(values.shape)

    def cdf(self, z: ArrayLike) -> FloatArray:
        """P(Z ≤ z | Z ≥ 0), or in the raw form P(0 ≤ Z ≤ z), for z of any shape in [0, 1].

        By Gauss–Jacobi quadrature, whose weights take up the singular ends exactly; absolute error about 1e-10 for
        alphas down to 0.02. Raises InputError for NaN or z outside [0, 1].
        """
        values = check_unit_interval("z", z)
        flat = values.ravel()
        probability = np.zeros_like(flat)
        inner = flat > 0
        probability[inner] = self._cumulative(-np.log(flat[inner]))
        if not self.renormalise:
            probability *= self.mass
        return probability.reshape(values.shape)

    def quantile(self, q: ArrayLike) -> FloatArray:
        """Smallest z with cdf(z) ≥ q, for q of any shape in [0, 1]; all are solved at once, each inside a bracket.

        A z below 1e-282 is returned as 0, and one closer to 1 than a float can be as 1: with alphas of a few
        hundredths much of the mass lies that near the ends. In the raw form q above ``mass`` gives NaN. Raises
        InputError for NaN or q outside [0, 1].
        """
        values = check_unit_interval("q", q)
        target = values.ravel()
        if not self.renormalise:
            target = target / self.mass
        z = np.full_like(target, np.nan)
        z[target == 0] = 0.0
        z[target == 1] = 1.0
        inner = (target > 0) & (target < 1)
        if inner.any():
            unique, place = np.unique(target[inner], return_inverse=True)
            z[inner] = special.expit(self._solve(unique))[place]
        return z.reshape(values.shape)

    # The rest works with lam = −ln z, which keeps its precision at both ends, and with the renormalised form.

    @cached_property
    def _quadrature_cdf(self) -> MarginQuadrature:
        return MarginQuadrature(self.a1, self.a2, self.a3, power=0, lower=self.a2)

    @cached_property
    def _quadrature_pdf(self) -> MarginQuadrature:
        return MarginQuadrature(self.a1, self.a2, self.a3, power=-1, lower=self.a2 - 1)

    def _cumulative(self, lam: FloatArray) -> FloatArray:
        # P(Z > z) = ∫_z^1 f_S(s) P(U > z/s) ds. P(U > u) vanishes like (1−u)^α2 at s = z, which the weight takes up.
        def log_tail(gap: FloatArray) -> FloatArray:
            with np.errstate(divide="ignore"):
                log_above: FloatArray = np.log(special.betainc(self.a2, self.a1, -np.expm1(-gap) / 2))
            return log_above

        return np.clip(1.0 - self._quadrature_cdf.integrate(lam, log_tail) / self.mass, 0.0, 1.0)

    @cached_property
    def _closed_below(self) -> float:
        """The closed form is used for −ln z below this; beyond it hyp2f1 loses digits and quadrature takes over."""
        if self.a1 + self.a2 + self.a3 > _HYPERGEOMETRIC_LIMIT:
            return 0.0
        return _LARGEST_LAM if self._pfaff else _HYPERGEOMETRIC_LAM

    @property
    def _pfaff(self) -> bool:
        # α1 + α2 = 1 is the logarithmic case, near which two large terms cancel.
        return self.a1 <= 1 and abs(self.a1 + self.a2 - 1) > 0.01

    def _density(self, lam: FloatArray) -> FloatArray:
        # At z = 1 the hypergeometric factor is 1 whatever the parameters.
        closed = (lam == 0) | (lam < self._closed_below)
        density = np.empty_like(lam)
        # Where the density itself exceeds the largest double (z below 1e-308), infinity is the answer.
        with np.errstate(over="ignore"):
            density[closed] = self._density_closed(lam[closed])
            density[~closed] = self._density_by_quadrature(lam[~closed])
        return density

    def _density_closed(self, lam: FloatArray) -> FloatArray:
        a1, a2, a3 = self.a1, self.a2, self.a3
        z, one_minus_z = np.exp(-lam), -np.expm1(-lam)
        log_factor: FloatArray = (
            special.gammaln(a1 + a2 + a3)
            - special.gammaln(a1)
            - special.gammaln(a2 + a3)
            - a2 * math.log(2)
            + special.xlogy(a2 + a3 - 1, one_minus_z)
        )
        if self._pfaff:
            # Pfaff's transformation: the argument (1−z)/(1+z) would round to 1 long before z reaches 0.
            log_factor = log_factor + (1 - a1) * lam
            hyper = special.hyp2f1(1 - a1, a2, a2 + a3, -one_minus_z / (2 * z))
        else:
            log_factor = log_factor + (a1 - 1) * np.log((1 + z) / 2)
            hyper = special.hyp2f1(1 - a1, a3, a2 + a3, one_minus_z / (1 + z))
        density: FloatArray = np.exp(log_factor) * hyper / self.mass
        return density

    def _density_by_quadrature(self, lam: FloatArray) -> FloatArray:
        a1, a2 = self.a1, self.a2
        log_constant = -special.betaln(a1, a2) - (a1 + a2 - 1) * math.log(2)

        def log_density_of_u(gap: FloatArray) -> FloatArray:
            rising = (a1 - 1) * np.log1p(np.exp(-gap))
            return np.asarray(
                log_constant + rising + special.xlogy(a2 - 1, -np.expm1(-gap)), dtype=np.float64
            )

        # f(z) = ∫_z^1 f_S(s) f_U(z/s) ds/s.
        return self._quadrature_pdf.integrate(lam, log_density_of_u) / self.mass

    def _density_at_zero(self) -> float:
        a1, a2, a3 = self.a1, self.a2, self.a3
        if a1 + a2 <= 1:
            return math.inf
        # f(0) = E[1/S] · f_U(0).
        log_value = (
            special.betaln(a1 + a2 - 1, a3)
            - special.betaln(a1 + a2, a3)
            - special.betaln(a1, a2)
            - (a1 + a2 - 1) * math.log(2)
        )
        return math.exp(log_value) / self.mass

    def _slope(self, t: FloatArray) -> FloatArray:
        """Derivative of the distribution function by t = logit z."""
        lam = np.logaddexp(0.0, -t)
        slope = self._density(lam.ravel()).reshape(t.shape) * np.exp(-lam) * special.expit(-t)
        # At the far ends an infinite density meets a z or 1 − z of 0; the product tends to 0.
        return np.where(np.isfinite(slope), slope, 0.0)

    def _increment(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Increase of the distribution function from ``left`` to ``right``, by Gauss–Legendre over a short panel."""
        half = (right - left) / 2
        total: FloatArray = half * (
            self._slope(left[:, None] + half[:, None] * (1 + _LEGENDRE_X)) @ _LEGENDRE_W
        )
        return total

    def _solve(self, target: FloatArray) -> FloatArray:
        """Solve cdf = target for t = logit z; target ascending, each in (0, 1).

        The distribution function is tabulated at knots, refined wherever a target falls until the density's integral
        over the panel agrees with it. Inside its panel each root is then sought with the density alone, several times
        cheaper, unless the density too needs quadrature.
        """
        knots = np.linspace(-_LOGIT_RANGE, _LOGIT_RANGE, 57)
        values = self._cumulative(np.logaddexp(0.0, -knots))
        for _ in range(10):
            right = np.clip(np.searchsorted(values, target), 1, knots.size - 1)
            used = np.unique(right)
            ends = knots[used - 1], knots[used]
            gap = np.abs(self._increment(*ends) - (values[used] - values[used - 1]))
            split = gap > _PANEL_TOLERANCE
            if not split.any():
                break
            inner = np.linspace(ends[0][split], ends[1][split], 9)[1:-1].ravel()
            knots = np.concatenate([knots, inner])
            values = np.concatenate([values, self._cumulative(np.logaddexp(0.0, -inner))])
            order = np.argsort(knots)
            knots, values = knots[order], np.maximum.accumulate(values[order])
        right = np.clip(np.searchsorted(values, target), 1, knots.size - 1)
        low, high = knots[right - 1], knots[right]
        spline = CubicHermiteSpline(knots, values, self._slope(knots))
        gradient = spline.derivative()
        start = bracketed_newton(lambda t, _: (spline(t), gradient(t)), target, low, high, (low + high) / 2)

        def value_and_slope(t: FloatArray, index: IntArray) -> tuple[FloatArray, FloatArray]:
            if self._closed_below == 0:
                return self._cumulative(np.logaddexp(0.0, -t)), self._slope(t)
            return values[right[index] - 1] + self._increment(low[index], t), self._slope(t)

        return bracketed_newton(value_and_slope, target, low, high, start)


def check_unit_interval(name: str, values: ArrayLike) -> FloatArray:
    """``values`` as float64 of the same shape; InputError naming ``name`` if one is NaN or outside [0, 1]."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers between 0 and 1, not {values!r}") from error
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        raise InputError(f"{name} = {float(array[wrong][0])!r}; every {name} must lie between 0 and 1")
    return array


def check_probabilities(probabilities: ArrayLike, *, name: str = "probabilities") -> FloatArray:
    """Probabilities as float64, classes along the last axis, N ≥ 2 of them.

    Raises InputError for anything but numbers in [0, 1] whose sum over the classes is 1. Both hold to within 1e-3, the
    room that a softmax in single precision over many classes needs.
    """
    try:
        p = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers with one row per case") from error
    if p.ndim == 0 or p.shape[-1] < 2:
        raise InputError(
            f"{name} has shape {p.shape}; expected (..., N) with N >= 2 classes in the last axis"
        )
    wrong = ~((p >= 0) & (p <= 1 + _SUM_TOLERANCE))
    if wrong.any():
        raise InputError(f"{name} holds {float(p[wrong][0])!r}; every probability must lie between 0 and 1")
    sums = p.sum(axis=-1)
    wrong = np.abs(sums - 1) > _SUM_TOLERANCE
    if wrong.any():
        raise InputError(
            f"{name} has a row that sums to {float(sums[wrong][0])!r}; each must sum to 1 over the classes"
        )
    return p


def fit_margin(
    probabilities: ArrayLike, *, floor: float = 1e-30, renormalise: bool = True
) -> MarginDistribution:
    """Fit D(α1, α2, α3) to [y(N), y(N−1), rest] of each row of an (n, N) matrix, by maximum likelihood.

    The likelihood is concave; it is climbed by Newton's method with Minka's closed-form inverse of the Hessian
    (Minka 2000, "Estimating a Dirichlet distribution"), from a start by moments. A share of exactly 0 has no
    logarithm, so shares below ``floor`` are raised to it and the three divided by their sum. The default is near the
    smallest number a softmax in single precision tells from 0; a larger floor pulls small alphas up. With N = 2 the
    rest is 0 in every row and α3 becomes small, as it should.

    Raises InputError for a matrix that is not (n, N) with n ≥ 2 rows and N ≥ 2 classes of probabilities, and when
    all rows have the same three shares: the likelihood then has no maximum.
    """
    p = check_probabilities(probabilities)
    if p.ndim != 2 or p.shape[0] < 2:
        raise InputError(f"probabilities has shape {p.shape}; expected (n, N) with at least 2 rows")
    ordered = np.partition(p, (-2, -1), axis=1)
    top = np.column_stack([ordered[:, -1], ordered[:, -2], ordered[:, :-2].sum(axis=1)])
    return fit_top(top, floor=floor, renormalise=renormalise)


def fit_top(top: ArrayLike, *, floor: float = 1e-30, renormalise: bool = True) -> MarginDistribution:
    """The same fit where [y(N), y(N−1), rest] is at hand already, as the rows of an (n, 3) matrix."""
    if not 0 < floor < 1e-2:
        raise InputError(f"floor = {floor!r}; expected a small share between 0 and 0.01")
    shares = np.maximum(check_probabilities(top, name="top"), floor)
    if shares.ndim != 2 or shares.shape[0] < 2 or shares.shape[1] != 3:
        raise InputError(f"top has shape {shares.shape}; expected (n, 3) with at least 2 rows")
    shares /= shares.sum(axis=1, keepdims=True)
    a1, a2, a3 = _fit_dirichlet(shares)
    return MarginDistribution(a1, a2, a3, renormalise=renormalise)


def _fit_dirichlet(shares: FloatArray) -> tuple[float, float, float]:
    """Maximum-likelihood parameters of a Dirichlet for (n, 3) positive shares that sum to 1."""
    mean, variance = shares.mean(axis=0), shares.var(axis=0)
    mean_log = np.log(shares).mean(axis=0)
    if variance.max() < 1e-14:
        raise InputError(
            "every row has the same two largest probabilities, so their spread cannot be fitted; "
            "give probabilities of different cases, from a model that has been trained"
        )

    def log_likelihood(alpha: FloatArray) -> float:
        return float(special.gammaln(alpha.sum()) - special.gammaln(alpha).sum() + (alpha - 1) @ mean_log)

    # Moments: Var = mean (1 − mean) / (precision + 1), taken from the component that varies most.
    widest = int(np.argmax(variance))
    precision = max(mean[widest] * (1 - mean[widest]) / variance[widest] - 1, 1e-3)
    alpha = np.maximum(precision * mean, 1e-4)
    likelihood = log_likelihood(alpha)
    for _ in range(200):
        gradient = special.psi(alpha.sum()) - special.psi(alpha) + mean_log
        # Hessian = diag(−ψ'(α)) + ψ'(Σα) 1 1ᵀ, inverted by Sherman–Morrison.
        diagonal = -special.polygamma(1, alpha)
        common = special.polygamma(1, alpha.sum())
        offset = (gradient / diagonal).sum() / (1 / common + (1 / diagonal).sum())
        step = -(gradient - offset) / diagonal
        scale = 1.0
        # Half the step until it stays positive and does not lose likelihood.
        while scale > 1e-12:
            trial = alpha + scale * step
            if (trial > 0).all() and (better := log_likelihood(trial)) >= likelihood - 1e-12 * abs(
                likelihood
            ):
                break
            scale /= 2
        else:
            break
        moved = float(np.max(np.abs(trial - alpha) / alpha))
        alpha, likelihood = trial, better
        if moved < 1e-12:
            break
    return float(alpha[0]), float(alpha[1]), float(alpha[2])
