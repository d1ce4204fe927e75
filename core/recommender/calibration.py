"""Whether probabilities are what they say: the expected calibration error, and a temperature that lowers it.

Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from core.errors import InputError
from core.recommender.windows import Floats

BINS = 15
COLDEST, HOTTEST = 0.1, 10.0


def temperature(logits: ArrayLike, targets: ArrayLike) -> float:
    """The T by which logits are divided for the least mean cross-entropy; 1 without a case to tell by.

    logits: (M, N), −∞ where an exercise is left out; targets: (M,) what was done, none of them left out. The
    cross-entropy is convex in 1 / T, which is searched from a tenth to ten.
    """
    scores, wanted = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if scores.ndim != 2 or wanted.shape != scores.shape[:1]:
        raise InputError(
            f"logits has shape {scores.shape} and targets {wanted.shape}; expected (M, N) and (M,)"
        )
    own = scores[np.arange(len(scores)), wanted] if len(scores) else np.empty(0)
    if not len(scores) or not np.isfinite(own).all():
        return 1.0

    def loss(log_inverse: float) -> float:
        inverse = np.exp(log_inverse)
        return float((logsumexp(inverse * scores, axis=1) - inverse * own).mean())

    bounds = (-np.log(HOTTEST), -np.log(COLDEST))
    return float(np.exp(-minimize_scalar(loss, bounds=bounds, method="bounded").x))


def binned_error(confidence: Floats, right: ArrayLike, *, bins: int = BINS) -> float:
    """Expected calibration error of the first choice: how far its probability lies from how often it is right.

    The mean over equally full bins, ordered by confidence, of |mean confidence − share right|, weighted by their size.
    confidence: (M,) the largest probability in each case; right: (M,) whether its exercise was the one. Raises
    InputError without a case.
    """
    if not len(confidence) or np.shape(right) != np.shape(confidence):
        raise InputError(
            f"confidence has shape {np.shape(confidence)} and right {np.shape(right)}; expected (M,) twice, M ≥ 1"
        )
    order = np.argsort(confidence, kind="stable")
    gaps = confidence[order] - np.asarray(right, dtype=np.float64)[order]
    parts = np.array_split(gaps, min(bins, len(gaps)))
    return float(sum(abs(part.sum()) for part in parts) / len(gaps))
