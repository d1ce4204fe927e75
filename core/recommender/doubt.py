"""Why the model doubts: prediction sets, nearest past cases and the cause of a doubt.

Everything here is a pure function of what the caller hands in; nothing is looked up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError
from core.recommender.margin import check_probabilities, check_unit_interval
from core.recommender.quadrature import FloatArray, IntArray


def set_threshold(calibration_true_probabilities: ArrayLike, alpha: float) -> float:
    """Probability that an exercise needs to be in the prediction set.

    ``calibration_true_probabilities`` is (n,): the probability that the model gave to the exercise that did follow, on
    held-out clients. With the returned threshold the set holds the true exercise with probability at least 1 − alpha,
    if the new case is exchangeable with those (split conformal prediction, Sadinle, Lei and Wasserman 2019). With
    n + 1 < 1/alpha no threshold can promise that but 0, which takes every exercise. Raises InputError for an empty or
    wrong-shaped array, values outside [0, 1], or alpha outside (0, 1).
    """
    values = check_unit_interval("calibration_true_probabilities", calibration_true_probabilities)
    if values.ndim != 1 or values.size == 0:
        raise InputError(
            f"calibration_true_probabilities has shape {values.shape}; expected (n,) with at least one value"
        )
    if not 0 < alpha < 1:
        raise InputError(f"alpha = {alpha!r}; the rate of misses must lie between 0 and 1, both excluded")
    count = math.floor(alpha * (values.size + 1))
    return float(np.sort(values)[count - 1]) if count else 0.0


def prediction_set(p: ArrayLike, threshold: float) -> IntArray:
    """Exercises whose probability is at least ``threshold``, the most probable first.

    ``p`` is (N,). The set is empty when no exercise reaches the threshold: then the case is unlike the calibration
    cases. Raises InputError for a wrong shape or a threshold outside [0, 1].
    """
    probabilities = _one_case(p)
    check_unit_interval("threshold", threshold)
    order = np.argsort(-probabilities, kind="stable")
    return order[probabilities[order] >= threshold]


@dataclass(frozen=True, slots=True)
class NearestCases:
    """Past cases by growing distance: their row numbers and Euclidean distances."""

    indices: IntArray
    distances: FloatArray


def nearest_cases(hidden: ArrayLike, past_hidden: ArrayLike, k: int) -> NearestCases:
    """The ``k`` past cases whose hidden state is nearest, in Euclidean distance; ties in row order.

    ``hidden`` is (K,), ``past_hidden`` (m, K); with m < k all m are returned. Raises InputError for shapes that do not
    fit, values that are not finite, or k < 1.
    """
    try:
        here, past = np.asarray(hidden, dtype=np.float64), np.asarray(past_hidden, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("hidden and past_hidden must be arrays of numbers") from error
    if here.ndim != 1 or past.ndim != 2 or past.shape[1] != here.size:
        raise InputError(
            f"hidden has shape {here.shape} and past_hidden {past.shape}; expected (K,) and (m, K)"
        )
    if not (np.isfinite(here).all() and np.isfinite(past).all()):
        raise InputError(
            "hidden or past_hidden holds a value that is not finite; the network gave no usable state"
        )
    if k < 1:
        raise InputError(f"k = {k!r}; ask for at least one case")
    distances = np.linalg.norm(past - here, axis=1)
    indices = np.argsort(distances, kind="stable")[:k]
    return NearestCases(indices, distances[indices])


class Cause(Enum):
    """Causes of doubt, in the order in which they are looked for."""

    NEW_CLIENT = "new client"
    UNUSUAL_HISTORY = "unusual history"
    NEAR_EQUAL = "two near-equal exercises"
    OUT_OF_DATE = "model out of date"
    NONE = "none of these"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtSettings:
    """Thresholds of :func:`cause_of_doubt`.

    They are choices, not findings: each states a plain reading of its cause and can be changed.
    """

    new_client_steps: int = 9
    """Fewer own exercises than this is a new client: three days of three, so less than a week of training."""

    unusual_share: float = 0.05
    """At most this share of held-out cases lies as far from its nearest past cases: a one-in-twenty rarity."""

    near_equal_ratio: float = 0.8
    """The second exercise has at least this share of the first one's probability: a fifth less is no clear lead."""

    clear_third_ratio: float = 0.5
    """The third has at most this share of the second one's: else the doubt is between many exercises, not two."""

    out_of_date_growth: float = 0.25
    """The log has grown by at least this share since training: the model misses a fifth of all that is known now."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The cause of a doubt and a sentence about it for a trainer."""

    cause: Cause
    sentence: str


def cause_of_doubt(
    p: ArrayLike,
    names: Sequence[str],
    *,
    own_steps: int,
    distance: float,
    reference_distances: ArrayLike,
    trained_rows: int,
    rows_since: int,
    settings: DoubtSettings | None = None,
) -> Doubt:
    """Name the likeliest cause of a doubt; the first of :class:`Cause` that applies.

    ``p`` (N,) are the probabilities and ``names`` the N exercises; ``own_steps`` counts the exercises recorded for
    this client; ``distance`` is the mean distance to the nearest past cases (:func:`nearest_cases`) and
    ``reference_distances`` (n,) the same for held-out cases; ``trained_rows`` counts the log rows that the model
    version was trained on and ``rows_since`` those written after. Raises InputError for shapes that do not fit,
    negative counts or distances, or no trained row.
    """
    chosen = settings or DoubtSettings()
    probabilities = _one_case(p)
    if len(names) != probabilities.size:
        raise InputError(
            f"names has {len(names)} entries for {probabilities.size} probabilities; expected one each"
        )
    if own_steps < 0 or rows_since < 0 or trained_rows < 1:
        raise InputError(
            f"own_steps = {own_steps!r}, rows_since = {rows_since!r}, trained_rows = {trained_rows!r}; "
            "the first two must be 0 or more, the last at least 1"
        )
    unusual = _share_as_far(distance, reference_distances)
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    third = np.sort(probabilities)[-3] if probabilities.size > 2 else 0.0

    if own_steps < chosen.new_client_steps:
        done = (
            "no exercise"
            if own_steps == 0
            else "1 exercise"
            if own_steps == 1
            else f"only {own_steps} exercises"
        )
        return Doubt(Cause.NEW_CLIENT, f"This client is new: {done} on record so far.")
    if unusual <= chosen.unusual_share:
        return Doubt(
            Cause.UNUSUAL_HISTORY,
            f"The latest exercises are unusual: {_few(unusual)} of comparable cases are as far from anything "
            "the model has seen.",
        )
    if (
        probabilities[second] >= chosen.near_equal_ratio * probabilities[first]
        and third <= chosen.clear_third_ratio * probabilities[second]
    ):
        return Doubt(
            Cause.NEAR_EQUAL,
            f"{names[first]} ({_percent(probabilities[first])}) and {names[second]} "
            f"({_percent(probabilities[second])}) are almost equally likely, and nothing else comes close.",
        )
    if rows_since >= chosen.out_of_date_growth * trained_rows:
        return Doubt(
            Cause.OUT_OF_DATE,
            f"The model is out of date: it was trained on {trained_rows:,} log entries, "
            f"and {rows_since:,} have been added since.",
        )
    return Doubt(
        Cause.NONE,
        f"No single cause: the client and the history are familiar, but the likeliest exercise, {names[first]}, "
        f"has a probability of {_percent(probabilities[first])}.",
    )


def _share_as_far(distance: float, reference_distances: ArrayLike) -> float:
    reference = np.asarray(reference_distances, dtype=np.float64)
    if reference.ndim != 1 or reference.size == 0 or not (reference >= 0).all():
        raise InputError("reference_distances must be (n,) distances of 0 or more, with at least one")
    if not distance >= 0:
        raise InputError(f"distance = {distance!r}; a distance must be 0 or more")
    # Counting the case itself keeps the share a valid p-value, as in the conformal rule for asking.
    return (1 + int(np.count_nonzero(reference >= distance))) / (reference.size + 1)


def _few(share: float) -> str:
    return f"fewer than {_percent(0.01)}" if share < 0.01 else f"only {_percent(share)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def _one_case(p: ArrayLike) -> FloatArray:
    probabilities = check_probabilities(p, name="p")
    if probabilities.ndim != 1:
        raise InputError(f"p has shape {probabilities.shape}; expected (N,), the probabilities of one case")
    return probabilities
