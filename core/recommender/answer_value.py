"""What an answer is worth: how far it is expected to move the first choices on the windows that will be served.

A softmax regression p = softmax(Wx) was fitted on answers so far, with a Gaussian prior of precision λ on W. An answer
y about a window with state x moves it, in one Newton step with the bounded Hessian A ⊗ I, by

    ΔW = (e_y − p) (A⁺⁻¹ x)ᵀ,   A = λI + Σ wᵢ xᵢxᵢᵀ over the answers so far,   A⁺ = A + w xxᵀ,   w = 1 − Σ p²,

since the gradient of the old answers is zero where the fit ended. w is the trace of diag p − ppᵀ, which no eigenvalue
exceeds: the bound holds, and the step never overshoots (Böhning and Lindsay 1988; tighter than their constant ½
wherever the model is sure). On a served window x′, whose two most probable exercises are a and b, the difference of
their scores, which decides the first choice, moves by ((e_y − p)_a − (e_y − p)_b) · k/(1 + wh), k = x′ᵀA⁻¹x and
h = xᵀA⁻¹x. Expected over the answer as the model foretells it, its square is

    [p_a + p_b − (p_a − p_b)²] · (k/(1 + wh))².

The model doubts its own p too. With weights of covariance A⁻¹ ⊗ I, and J = diag p − ppᵀ, the answer's covariance is
not J but J + hJ², which is at most (1 + wh) J. With that, the value of an answer is the sum over the served windows,

    v(x) = Σ_x′ [p_a + p_b − (p_a − p_b)²] · k² / (1 + wh).

It is the expected model change of Settles (2009, section 3.3) counted not in weights but where it is used, and with the
answers of one kind (w for the bracket) the reduction of posterior variance on the served windows, the A-optimality of
Schein and Ungar (2007, "Active learning for logistic regression"), who found it never worse than random asking where
scores of uncertainty were. Unlike these scores it does not run after windows that are uncertain because they are
rare or because nothing decides them: what is learnt there moves little elsewhere (k). The study `labels` measures it
beside random asking and scores of uncertainty.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dger

from core.errors import InputError
from core.recommender.windows import Floats, Ints


@dataclass(frozen=True, slots=True)
class Windows:
    """States (M, K) of windows, and what the model as it is makes of each, probabilities (M, N)."""

    states: Floats
    probabilities: Floats

    def __post_init__(self) -> None:
        if (
            self.states.ndim != 2
            or self.probabilities.ndim != 2
            or len(self.states) != len(self.probabilities)
        ):
            raise InputError(
                f"states has shape {self.states.shape} and probabilities {self.probabilities.shape}; "
                "expected (M, K) and (M, N)."
            )

    def __len__(self) -> int:
        return len(self.states)

    @property
    def doubt(self) -> Floats:
        """1 − Σ p², shape (M,): the variance of the answer, summed over the exercises; 0 where it is certain."""
        doubt: Floats = np.maximum(1 - np.square(self.probabilities).sum(axis=1), 0)
        return doubt


def curvature(labelled: Windows, precision: float) -> Floats:
    """A = λI + Σ w xxᵀ over the windows that have their answers, shape (K, K). Raises InputError unless λ > 0."""
    if not precision > 0:
        raise InputError(f"precision is {precision!r}; it must be positive.")
    x = labelled.states
    a: Floats = (x * labelled.doubt[:, None]).T @ x
    return a + precision * np.eye(x.shape[1])


def values(candidates: Windows, served: Windows, curvature: Floats) -> Floats:
    """v(x) of each candidate, shape (M,), in squared score differences (nats²) summed over the served windows."""
    return _Values(candidates, served, curvature).now()


def moves(candidates: Windows, served: Windows, curvature: Floats) -> Floats:
    """What an answer about each candidate does to each served window, (M, S): `values` before they are summed."""
    return _Values(candidates, served, curvature).apart()


def best_batch(candidates: Windows, served: Windows, curvature: Floats, size: int) -> tuple[Ints, Floats]:
    """The candidates to ask about next, and what each is worth beside those before it; both (size,).

    Greedy: the most valuable candidate joins A by its w xxᵀ, which is known without its answer, and the others are
    valued anew. So a second window like the first is worth less, and one batch covers what the served windows need.
    Of equal candidates the first is taken, none twice. Raises InputError if there are fewer than `size`.
    """
    if not 0 <= size <= len(candidates):
        raise InputError(f"size is {size}; there are {len(candidates)} candidates to choose from.")
    state = _Values(candidates, served, curvature)
    chosen, worth = np.empty(size, dtype=np.int64), np.empty(size)
    free = np.ones(len(candidates), dtype=np.bool_)
    for place in range(size):
        now = np.where(free, state.now(), -np.inf)
        best = int(np.argmax(now))
        chosen[place], worth[place] = best, now[best]
        free[best] = False
        state.join(best)
    return chosen, worth


class _Values:
    """Values of candidates while some of them join A, by Sherman and Morrison's formula."""

    def __init__(self, candidates: Windows, served: Windows, curvature: Floats) -> None:
        k = candidates.states.shape[1]
        if curvature.shape != (k, k) or served.states.shape[1] != k:
            raise InputError(
                f"curvature has shape {curvature.shape} and served states {served.states.shape}; candidates have {k} "
                "columns."
            )
        self._states, self._doubt = candidates.states, candidates.doubt
        self._inverse = np.linalg.inv(curvature)
        solved = self._states @ self._inverse  # A⁻¹x, (M, K)
        # By columns, so that a step of `join` is one call of BLAS in place.
        self._reach = np.asfortranarray(solved @ served.states.T)  # k, (M, S)
        self._own = np.einsum("mk,mk->m", solved, self._states)  # h, (M,)
        first, second = np.argsort(-served.probabilities, axis=1, kind="stable")[:, :2].T
        a, b = candidates.probabilities[:, first], candidates.probabilities[:, second]
        self._moves = np.asfortranarray(np.maximum(a + b - np.square(a - b), 0))

    def now(self) -> Floats:
        result: Floats = self.apart().sum(axis=1)
        return result

    def apart(self) -> Floats:
        found: Floats = np.square(self._reach)
        found *= self._moves
        found /= (1 + self._doubt * self._own)[:, None]
        return found

    def join(self, which: int) -> None:
        doubt = self._doubt[which]
        factor = doubt / (1 + doubt * self._own[which])
        solved = self._inverse @ self._states[which]
        along = self._states @ solved
        self._inverse -= factor * np.outer(solved, solved)
        self._reach = dger(-factor, along, self._reach[which].copy(), a=self._reach, overwrite_a=True)
        self._own -= factor * np.square(along)
