"""The verbs that every policy has, and what they refuse."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.blas import ddot

from core.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
State = dict[str, NDArray[Any]]

LONGEST = 1_000.0  # length of a context; beyond it the inverse would lose the digits that are promised
LARGEST = 1e6  # reward, either sign
TIE = 1e-12  # of the best score, at least of 1; sums in another order differ by less

_DOUBLE = np.dtype(np.float64)


class Policy(ABC):
    """Picks one of a few arms for a context and learns from the reward.

    A context is a vector of ``n_features`` numbers, normalised; ``allowed`` is a mask over the arms, in their order,
    that comes from the safety gate: an arm it leaves out is never picked and its propensity is 0.

    Args:
        n_features: length of a context, at least 1.
        arms: names of the arms, at least two, all different.
        rng: breaks ties and draws whatever else is random.
        epsilon: share of the picks drawn from the allowed arms at random, so that each has a propensity above 0.

    Raises:
        InputError: for arguments other than that.
    """

    def __init__(
        self, n_features: int, arms: Sequence[str], rng: np.random.Generator, *, epsilon: float = 0.0
    ) -> None:
        if isinstance(n_features, bool) or not isinstance(n_features, int | np.integer) or n_features < 1:
            raise InputError(f"n_features must be a whole number, at least 1; it is {n_features!r}.")
        names = () if isinstance(arms, str) else tuple(arms)
        if len(names) < 2 or len(set(names)) < len(names) or not all(_is_name(name) for name in names):
            raise InputError(f"arms must be two or more different names; they are {arms!r}.")
        if not isinstance(rng, np.random.Generator):
            raise InputError(f"rng must be a numpy.random.Generator; it is a {type(rng).__name__}.")
        self.n_features = int(n_features)
        self.arms = tuple(str(name) for name in names)
        self.rng = rng
        self.epsilon = checked_number(epsilon, "epsilon", 0.0, 1.0)
        self._index = {name: k for k, name in enumerate(self.arms)}
        self._names = np.array(self.arms, dtype=object)
        self._shape = (self.n_features,)

    def scores(self, x: ArrayLike) -> Floats:
        """What each arm is expected to earn plus its bonus, shape (K,) for one context, (N, K) for rows of them.

        Raises:
            InputError: for a context of another length, or with anything but finite numbers of a normal size.
        """
        given = checked_numbers(x, "x")
        if given.ndim == 2:
            return self._scores_of_many(self._contexts(given))
        return self._scores_of_one(self._context(given))

    def choose(self, x: ArrayLike, *, allowed: ArrayLike | None = None) -> str:
        """The arm to offer in this context; a tie is broken at random.

        Args:
            x: the context, shape (n_features,).
            allowed: which arms may be picked, booleans of shape (K,); all where left out.

        Raises:
            InputError: for a context that cannot be scored, or a mask of another shape or without any arm.
        """
        context = self._context(x)
        mask = None if allowed is None else self._mask(allowed, (len(self.arms),))
        if self.epsilon > 0.0 and self.rng.random() < self.epsilon:
            choices = np.arange(len(self.arms)) if mask is None else np.flatnonzero(mask)
            return self.arms[int(self.rng.choice(choices))]
        values = self._draws_of_one(context)
        if mask is not None:
            values = [value if free else -math.inf for value, free in zip(values, mask, strict=True)]
        best = max(values)
        floor = best - TIE * max(1.0, abs(best))
        tied = [k for k, value in enumerate(values) if value >= floor]
        return self.arms[tied[0] if len(tied) == 1 else tied[int(self.rng.integers(len(tied)))]]

    def choose_many(self, x: ArrayLike, *, allowed: ArrayLike | None = None) -> list[str]:
        """An arm for each of many contexts, with nothing learnt in between.

        The same picks as ``choose`` where nothing is random; what is random is drawn in another order.

        Args:
            x: contexts, shape (N, n_features).
            allowed: which arms may be picked, booleans of shape (K,) or (N, K).

        Raises:
            InputError: as ``choose``.
        """
        contexts = self._contexts(x)
        shape = (len(contexts), len(self.arms))
        mask = None if allowed is None else self._mask(allowed, shape)
        tied = self._best_of_many(contexts, mask)
        if self.epsilon > 0.0:
            explored = self.rng.random(len(contexts)) < self.epsilon
            tied[explored] = True if mask is None else mask[explored]
        picks = tied.argmax(axis=1)
        counts = tied.sum(axis=1)
        rows = np.flatnonzero(counts > 1)
        if rows.size:
            ranks = self.rng.integers(counts[rows])
            picks[rows] = (tied[rows].cumsum(axis=1) > ranks[:, None]).argmax(axis=1)
        names: list[str] = self._names.take(picks).tolist()
        return names

    def propensities(self, x: ArrayLike, *, allowed: ArrayLike | None = None) -> Floats:
        """The probability of each arm to be picked now, shape (K,) for one context, (N, K) for rows of them.

        Raises:
            InputError: as ``choose``.
        """
        given = checked_numbers(x, "x")
        single = given.ndim != 2
        contexts = self._context(given)[None] if single else self._contexts(given)
        shape = (len(contexts), len(self.arms))
        mask = np.ones(shape, bool) if allowed is None else self._mask(allowed, shape)
        chances = (1 - self.epsilon) * self._greedy(contexts, mask) + self.epsilon * _shares(mask)
        return chances[0] if single else chances

    def update(self, x: ArrayLike, arm: str, reward: float) -> None:
        """Learns that ``arm`` earned ``reward`` in context ``x``; on an error nothing is learnt.

        Raises:
            InputError: for a context that cannot be scored, an arm that does not exist, or a reward that is not a
                finite number of a normal size.
        """
        context = self._context(x)
        index = self.index(arm)
        try:
            earned = float(reward)
        except (TypeError, ValueError, OverflowError):
            earned = math.nan
        if not -LARGEST <= earned <= LARGEST:
            raise InputError(
                f"reward must be a number between -{LARGEST:,.0f} and {LARGEST:,.0f}; it is {reward!r}."
            )
        self._learn(context, index, earned)

    def index(self, arm: str) -> int:
        """Where ``arm`` stands among the arms.

        Raises:
            InputError: for an arm that does not exist.
        """
        found = self._index.get(arm) if isinstance(arm, str) else None
        if found is None:
            raise InputError(f"arm must be one of {', '.join(self.arms)}; it is {arm!r}.")
        return found

    def state(self) -> State:
        """All that ``restore`` needs to go on exactly from here, as copies.

        Raises:
            InputError: for a generator other than ``numpy.random.default_rng`` makes.
        """
        drawn = self.rng.bit_generator.state
        if drawn["bit_generator"] != "PCG64":
            raise InputError(
                f"Only a PCG64 generator can be saved, not {drawn['bit_generator']}; use numpy.random.default_rng."
            )
        words = [
            drawn["state"]["state"] >> 64,
            drawn["state"]["state"] & (2**64 - 1),
            drawn["state"]["inc"] >> 64,
            drawn["state"]["inc"] & (2**64 - 1),
            drawn["has_uint32"],
            drawn["uinteger"],
        ]
        return {
            "kind": np.array(type(self).__name__),
            "n_features": np.array(self.n_features),
            "arms": np.array(self.arms),
            "rng": np.array(words, dtype=np.uint64),
            "epsilon": np.array(self.epsilon),
            **self._state(),
        }

    @abstractmethod
    def _scores_of_many(self, contexts: Floats) -> Floats:
        """Scores of checked contexts, shape (N, K)."""

    def _scores_of_one(self, context: Floats) -> Floats:
        scores: Floats = self._scores_of_many(context[None])[0]
        return scores

    def _draws_of_one(self, context: Floats) -> list[float]:
        """What the pick maximises, one an arm: the scores, unless the policy draws at random around them."""
        draws: list[float] = self._scores_of_one(context).tolist()
        return draws

    def _draws_of_many(self, contexts: Floats) -> Floats:
        return self._scores_of_many(contexts)

    def _best_of_many(self, contexts: Floats, mask: Flags | None) -> Flags:
        """Which arms share the best draw of each context, shape (N, K)."""
        return _tied(self._draws_of_many(contexts), mask)

    def _greedy(self, contexts: Floats, mask: Flags) -> Floats:
        """Propensities without the ε-mix; ties share evenly."""
        return _shares(_tied(self._scores_of_many(contexts), mask))

    def _learn(self, context: Floats, arm: int, reward: float) -> None:  # noqa: B027  some learn nothing
        """Learns from checked input."""

    def _state(self) -> State:
        """What the subclass adds to the state."""
        return {}

    def _context(self, x: ArrayLike) -> Floats:
        if type(x) is np.ndarray and x.dtype == _DOUBLE and x.shape == self._shape:
            context: Floats = x
        else:
            context = checked_numbers(x, "x")
            if context.shape != self._shape:
                raise InputError(
                    f"x must be a context of {self.n_features} numbers; its shape is {context.shape}."
                )
        if not ddot(context, context) <= LONGEST**2:  # BLAS's own, which does not warn of an overflow
            raise InputError(_unfit(context))
        return context

    def _contexts(self, x: ArrayLike) -> Floats:
        contexts = checked_numbers(x, "x")
        if contexts.ndim != 2 or contexts.shape[1] != self.n_features:
            raise InputError(
                f"x must be rows of {self.n_features} numbers, one for a context; its shape is {contexts.shape}."
            )
        if contexts.size and ddot(contexts.ravel(), contexts.ravel()) <= LONGEST**2:
            return contexts  # together no longer than one may be
        with np.errstate(over="ignore", invalid="ignore"):
            fit = np.einsum("nd,nd->n", contexts, contexts) <= LONGEST**2
        if not fit.all():
            row = int(np.argmin(fit))
            raise InputError(f"Row {row}: {_unfit(contexts[row])}")
        return contexts

    def _mask(self, allowed: ArrayLike, shape: tuple[int, ...]) -> Flags:
        mask = np.asarray(allowed)
        if mask.dtype != np.bool_ or mask.shape not in (shape, shape[-1:]):
            raise InputError(
                f"allowed must be booleans, one for each of the {len(self.arms)} arms; "
                f"it has shape {mask.shape} and type {mask.dtype}."
            )
        if not mask.any(axis=-1).all():
            raise InputError(
                "allowed leaves no arm to pick from; leave out a context whose arms are all masked."
            )
        return np.broadcast_to(mask, shape)


def checked_number(value: float, name: str, low: float, high: float) -> float:
    """A number within bounds as a float.

    Raises:
        InputError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"{name} must be a number; it is {value!r}.")
    if not low <= value <= high:
        raise InputError(f"{name} must be between {low:g} and {high:g}; it is {value!r}.")
    return float(value)


def checked_numbers(values: ArrayLike, name: str) -> Floats:
    """Real numbers as an array of float64; NaN and infinity pass.

    Raises:
        InputError: for anything but numbers, or rows of different lengths.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be numbers, the same count in each row.") from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} must be numbers; their type is {array.dtype}.")
    return array.astype(np.float64, copy=False)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name != ""


def _unfit(context: Floats) -> str:
    wrong = np.flatnonzero(~np.isfinite(context))
    if wrong.size:
        return f"the context's numbers must be finite; number {wrong[0]} is {context[wrong[0]]}."
    return f"the context is longer than {LONGEST:,.0f}; normalise its numbers."


def _tied(scores: Floats, mask: Flags | None) -> Flags:
    """Which arms share the best score of a row among those allowed."""
    values = scores if mask is None else np.where(mask, scores, -np.inf)
    best = values.max(axis=1, keepdims=True)
    return np.asarray(values >= best - TIE * np.maximum(1.0, np.abs(best)))


def _shares(flags: Flags) -> Floats:
    """One, divided evenly over the flags set in a row."""
    return np.asarray(flags / flags.sum(axis=1, keepdims=True))
