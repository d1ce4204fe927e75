"""Which arms may be the best in many contexts, most of them told apart without the full sums."""

import itertools

import numpy as np
from scipy.linalg.blas import strmm

from core.bandit.policies.policy import Flags, Floats

_ROUNDING = 2.0**-24  # of a number in single precision
_SLACK = (
    1e-9  # of a score, at least of 1: more than double precision rounds away, and than what counts as a tie
)


def contenders(
    contexts: Floats, theta: Floats, covariances: Floats, *, width: float, most: float, mask: Flags | None
) -> Flags:
    """Which arms may have the highest score θᵀx + width √(xᵀCx) in each context, shape (K, N).

    At first a bonus is only known to lie between 0 and width √most |x|, which leaves one arm in many contexts, more of
    them the smaller the width. In the others xᵀCx is computed, in single precision with a bound on what is rounded
    away: for the arms that do not lead on θᵀx, and, where one of them is still not behind, for the one that leads.

    Args:
        contexts: shape (N, D).
        theta: coefficients of each arm, shape (K, D).
        covariances: C of each arm, shape (K, D, D).
        width: 0 or more.
        most: no eigenvalue of a C is larger.
        mask: which arms may be picked, shape (N, K); all where left out.

    Returns:
        Flags, at least one set for each context; where more are set, only the full scores can tell.
    """
    count, size = contexts.shape
    rows, halves = contexts.astype(np.float32), covariances.astype(np.float32)
    means = np.empty((len(theta), count))
    for k, weights in enumerate(theta.astype(np.float32)):  # one by one is quicker than a product so narrow
        means[k] = rows @ weights
    if mask is not None:
        means[~mask.T] = -np.inf
    # What may be rounded away of a product of two vectors, or of xᵀCx, as a share of the factors' lengths or norms.
    share = (2 * size + 8) * _ROUNDING
    squares = (1 + share) * np.einsum("nd,nd->n", rows, rows)
    norms = share * np.abs(halves).sum(axis=2).max(axis=1)
    halves[:, np.arange(size), np.arange(size)] /= 2  # a triangle of which is enough: xᵀCx = 2 xᵀTx
    lengths = np.sqrt(squares)
    widest = width * np.sqrt(most)
    slack = _SLACK + (share * float(np.linalg.norm(theta, axis=1).max()) + _SLACK * widest) * lengths
    low, high = means.copy(), means + widest * lengths
    floor = means.max(axis=0)
    leads = means >= floor
    for turn in (~leads, leads):
        left = high >= floor - slack
        asked = left & turn & (left.sum(axis=0) > 1)
        cells = np.flatnonzero(asked)
        ends = asked.sum(axis=1).cumsum().tolist()
        variance = np.empty(cells.size, dtype=np.float32)
        for k, (start, end) in enumerate(itertools.pairwise((0, *ends))):
            x = rows.take(cells[start:end] - k * count, axis=0)
            if start < end:
                product = strmm(2.0, halves[k].T, x.T)
                np.einsum("dn,nd->n", product, x, out=variance[start:end])
        arms, places = np.divmod(cells, count)
        doubt = norms[arms] * squares[places]
        mean = means.take(cells)
        low.put(cells, mean + width * np.sqrt(np.maximum(variance - doubt, 0.0)))
        high.put(cells, mean + width * np.sqrt(np.maximum(variance, 0.0) + doubt))
        floor = low.max(axis=0)
    return np.asarray(high >= floor - slack)
