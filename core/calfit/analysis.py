"""Did the arms of a trial change differently? The paper's mixed model for one trial, and a quick test for thousands.

The mixed model (Zhou 2018) has a random intercept and slope for each client and fixed effects of time, arm and their
product, with time scaled to 0 on the first day and 1 on the last; the product is the difference between the arms'
changes. The quick test fits a line to each client by least squares and compares the arms' mean slopes by a t test with
pooled variance. On complete data both give the same difference. They part in its standard error, where the mixed model
finds that slopes hardly vary and then takes a larger one than the slopes themselves show, and in the test: the mixed
model's takes the standard error as known, the t test allows for its being estimated. ``benchmarks/trial.py`` sets one
against the other.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.calfit.behavior import Flags, Floats
from core.errors import InputError

LEVEL = 0.95
UNFIT = "The mixed model cannot be fitted to this trial: its counts vary too little, or are too few."


@dataclass(frozen=True, slots=True)
class Change:
    """Change of daily steps over the trial in one arm.

    Attributes:
        mean: steps.
        error: standard error of the mean. What the paper prints as SD behaves as this one does.
    """

    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trial finds.

    Attributes:
        control, intervention: the arms' changes.
        difference: intervention minus control, steps a day.
        low, high: its 95 % interval.
        p: two-sided, for no difference.
        warnings: what the fit complained of, in plain words; the figures are less to be trusted then.
    """

    control: Change
    intervention: Change
    difference: float
    low: float
    high: float
    p: float
    warnings: tuple[str, ...] = ()


PAPER = Finding(Change(-1520.0, 740.0), Change(700.0, 830.0), 2220.0, 100.0, 4480.0, 0.039)


@dataclass(frozen=True, slots=True)
class Findings:
    """The quick test's findings for many trials, each attribute of shape (trials,); NaN where a test was impossible.

    ``error`` is the standard error of ``difference``; ``spread_control`` and ``spread_intervention`` are standard
    deviations of the change across the clients of an arm.
    """

    control: Floats
    intervention: Floats
    spread_control: Floats
    spread_intervention: Floats
    difference: Floats
    error: Floats
    low: Floats
    high: Floats
    p: Floats


def changes(counts: ArrayLike) -> Floats:
    """Each client's change of daily steps from the first day to the last, by a straight line (least squares).

    Args:
        counts: shape (..., T), NaN on days without a count.

    Returns:
        Shape (...); NaN where fewer than two days were counted.
    """
    y = np.asarray(counts, dtype=np.float64)
    seen = np.isfinite(y)
    n = seen.sum(axis=-1)
    time = np.linspace(0.0, 1.0, y.shape[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = np.where(seen, time - (seen * time).sum(axis=-1, keepdims=True) / n[..., None], 0.0)
        slopes = (centred * np.where(seen, y, 0.0)).sum(axis=-1) / (centred**2).sum(axis=-1)
    return np.where(n >= 2, slopes, np.nan)


def compare(control: ArrayLike, intervention: ArrayLike, *, level: float = LEVEL) -> Findings:
    """The quick test: t test with pooled variance between the clients' changes, for many trials at once.

    Args:
        control: changes of the control arm's clients, shape (trials, clients); NaN for a client without one.
        intervention: likewise; the number of clients may differ.
        level: of the interval.
    """
    from scipy.special import stdtr, stdtrit

    a, b = np.asarray(control, dtype=np.float64), np.asarray(intervention, dtype=np.float64)
    n, m = np.isfinite(a).sum(axis=-1), np.isfinite(b).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_a, mean_b = np.nansum(a, axis=-1) / n, np.nansum(b, axis=-1) / m
        squares_a = np.nansum((a - mean_a[..., None]) ** 2, axis=-1)
        squares_b = np.nansum((b - mean_b[..., None]) ** 2, axis=-1)
        freedom = np.where((n >= 2) & (m >= 2), n + m - 2, np.nan)
        difference = mean_b - mean_a
        error = np.sqrt((squares_a + squares_b) / freedom * (1 / n + 1 / m))
        half = stdtrit(freedom, (1 + level) / 2) * error
        p = 2 * stdtr(freedom, -np.abs(difference) / error)
        spread_a, spread_b = np.sqrt(squares_a / (n - 1)), np.sqrt(squares_b / (m - 1))
    return Findings(
        mean_a, mean_b, spread_a, spread_b, difference, error, difference - half, difference + half, p
    )


def fit_mixed_model(counts: ArrayLike, intervention: ArrayLike) -> Finding:
    """The paper's analysis of one trial, by restricted maximum likelihood (statsmodels' MixedLM).

    Args:
        counts: shape (clients, T), NaN on days without a count.
        intervention: whether a client is in the intervention arm, shape (clients,).

    Raises:
        InputError: for shapes that do not fit, an arm of fewer than two clients with counts, or a model that
            cannot be fitted at all.
    """
    y, treated = _check_trial(counts, intervention)
    from scipy.special import ndtr, ndtri
    from statsmodels.regression.mixed_linear_model import MixedLM

    client, day = np.nonzero(np.isfinite(y))
    time = day / max(y.shape[1] - 1, 1)
    random = np.column_stack([np.ones_like(time), time])
    arm = treated[client].astype(float)
    fixed = np.column_stack([random, arm, arm * time])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            # In thousands of steps: the optimiser stops at gradients that are small in absolute terms.
            fitted = MixedLM(y[client, day] / 1000, fixed, groups=client, exog_re=random).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError) as problem:
            raise InputError(UNFIT) from problem
    effects = 1000 * np.asarray(fitted.fe_params)
    covariance = 1e6 * np.asarray(fitted.cov_params())[:4, :4]
    # The change of the control arm, of the intervention arm, and the difference.
    wanted = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
    variances = np.einsum("ij,jk,ik->i", wanted, covariance, wanted)
    if not (variances > 0).all():
        raise InputError(UNFIT)
    means, errors = wanted @ effects, np.sqrt(variances)
    difference = float(means[2])
    half = float(ndtri((1 + LEVEL) / 2) * errors[2])
    return Finding(
        Change(float(means[0]), float(errors[0])),
        Change(float(means[1]), float(errors[1])),
        difference,
        difference - half,
        difference + half,
        float(2 * ndtr(-abs(difference) / errors[2])),
        _plain(caught, fitted),
    )


def _check_trial(counts: ArrayLike, intervention: ArrayLike) -> tuple[Floats, Flags]:
    y, treated = np.asarray(counts, dtype=np.float64), np.asarray(intervention, dtype=bool)
    if y.ndim != 2 or treated.shape != y.shape[:1]:
        raise InputError(
            f"A trial is counts of shape (clients, days) and an arm for each client; got {y.shape} and {treated.shape}."
        )
    present = (np.isfinite(y).sum(axis=1) >= 2).astype(bool)
    for name, arm in (("control", ~treated), ("intervention", treated)):
        if (present & arm).sum() < 2:
            raise InputError(f"The {name} arm needs at least two clients with counts on two days.")
    return y, treated


def _plain(caught: list[warnings.WarningMessage], fitted: Any) -> tuple[str, ...]:
    """What statsmodels warned of, each once, in words for someone who reads figures."""
    said = [str(warning.message) for warning in caught]
    sentences = []
    if any("boundary" in text for text in said):
        sentences.append("A variance was estimated at 0: the clients' levels or slopes hardly differ.")
    if any("singular" in text for text in said):
        sentences.append("The covariance of the random effects is singular.")
    if not fitted.converged or any("onverge" in text or "Gradient" in text for text in said):
        sentences.append("The fit did not converge.")
    if any("Hessian" in text for text in said):
        sentences.append("The fit ended where the likelihood is not at a clear maximum.")
    known = ("boundary", "singular", "onverge", "Gradient", "Retrying", "different optimizer", "Hessian")
    sentences += [text for text in dict.fromkeys(said) if not any(word in text for word in known)]
    return tuple(sentences)
