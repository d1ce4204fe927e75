"""More training sequences from those there are: a tenth replaced by like exercises (Mahyari 2022, section V-A1).

What is like an exercise comes from an expert's categories, or from association rules mined from what was done together.
Augmented sequences are to be added to the originals, as the authors' code does. Pure: histories and a seeded generator
in, new histories out; the given ones are left as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.recommender.windows import Floats, History, Ints, check_histories

SHARE = 0.1
# A rule holds for at least so many of the transactions, and for at least so many of those with its left side.
LEAST_SUPPORT = 0.005
LEAST_CONFIDENCE = 0.05


@dataclass(frozen=True, slots=True)
class Likes:
    """What may take an exercise's place, and how probably: (partners, probabilities that sum to 1) by exercise.

    An exercise without an entry has no like and is never replaced.
    """

    partners: Mapping[int, tuple[Ints, Floats]]


def same_category(categories: Sequence[str]) -> Likes:
    """The other exercises of an exercise's category, each as probable; categories: (N,), empty where there is none."""
    groups: dict[str, list[int]] = {}
    for exercise, category in enumerate(categories):
        if category:
            groups.setdefault(category, []).append(exercise)
    partners = {}
    for members in groups.values():
        for exercise in members if len(members) > 1 else ():
            others = np.array([other for other in members if other != exercise])
            partners[exercise] = (others, np.full(len(others), 1 / len(others)))
    return Likes(partners)


def mined_rules(
    transactions: Sequence[History],
    *,
    least_support: float = LEAST_SUPPORT,
    least_confidence: float = LEAST_CONFIDENCE,
) -> Likes:
    """The right sides of the association rules {a} → {b} of an exercise, as probable as they are confident.

    transactions: sets of exercises that belong together, such as those of one session. Rules come from frequent
    itemsets of two (Agrawal and Srikant 1994), and count only where b is more frequent beside a than by itself (lift
    above 1): without that, every exercise would be replaced by the most popular ones. The paper does not say what its
    transactions are, nor how frequent or confident a rule must be.
    """
    from efficient_apriori import apriori

    for name, value in (("least_support", least_support), ("least_confidence", least_confidence)):
        if not 0 < value <= 1:
            raise InputError(f"{name} is {value!r}; it must be above 0 and at most 1.")
    kept = [tuple(map(int, transaction)) for transaction in transactions if len(transaction)]
    if not kept:
        return Likes({})
    _, rules = apriori(kept, min_support=least_support, min_confidence=least_confidence, max_length=2)
    found: dict[int, dict[int, float]] = {}
    for rule in rules:
        if len(rule.lhs) == len(rule.rhs) == 1 and rule.lift > 1:
            found.setdefault(rule.lhs[0], {})[rule.rhs[0]] = rule.confidence
    partners = {}
    for exercise in sorted(found):
        # The library finds rules in an order that is not the data's; a seeded draw needs one.
        others = np.array(sorted(found[exercise]))
        confidence = np.array([found[exercise][int(other)] for other in others])
        partners[exercise] = (others, confidence / confidence.sum())
    return Likes(partners)


def augment(
    histories: Sequence[History], likes: Likes, rng: np.random.Generator, *, share: float = SHARE
) -> list[Ints]:
    """Each history with a share of its exercises replaced by like ones, at places drawn without replacement.

    Replaced are round(share · length), or as many as have a like where those are fewer. Raises InputError if share is
    not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise InputError(f"share is {share!r}; it must be above 0 and at most 1.")
    laid = check_histories(histories)
    result = []
    for start, end in zip(laid.starts, laid.starts[1:], strict=False):
        items = laid.items[start:end].copy()
        open_places = np.flatnonzero([int(item) in likes.partners for item in items])
        n = min(round(share * len(items)), len(open_places))
        for place in rng.choice(open_places, n, replace=False) if n else ():
            others, probabilities = likes.partners[int(items[place])]
            items[place] = rng.choice(others, p=probabilities)
        result.append(items)
    return result
