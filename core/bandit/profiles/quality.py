"""How good synthetic profiles are: each figure beside what it is for random profiles, and for more of the real ones.

"Real" is whatever one compares with, and so far never people: Spotter ships synthetic clients only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People, uniform_profiles
from core.bandit.profiles.detection import detection_auc, importance_similarity
from core.bandit.profiles.distances import Columns, associations, attribute_distances, plain_columns
from core.bandit.profiles.enumeration import WEEK_KEYS
from core.bandit.profiles.layout import wanted_rewards
from core.errors import InputError
from core.guidelines import QUESTIONS, Health, Intensity, Verdict, safety_gate

LEAST = 20  # profiles
CELL_KEYS = ("preferred_exercise", *WEEK_KEYS)
CELLS = int(np.prod([len(BY_KEY[key].values) for key in CELL_KEYS]))
"""Weeks of an arm that profiles can hold: preferred exercise, frequency, duration, intensity and day spacing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of synthetic profiles and its null values.

    Attributes:
        key: its name in code.
        name: for people.
        value: of the synthetic profiles.
        uniform: of profiles drawn evenly, which nothing was learnt for.
        again: of a second draw of the real ones, which is as good as it gets.
    """

    key: str
    name: str
    value: float
    uniform: float
    again: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality report.

    Attributes:
        figures: of whole profiles.
        attributes: the distance of each attribute: Kolmogorov–Smirnov of numbers, total variation of categories.
    """

    figures: tuple[Figure, ...]
    attributes: tuple[Figure, ...]

    def figure(self, key: str) -> Figure:
        """The figure of that key."""
        return next(figure for figure in self.figures if figure.key == key)


NAMES = {
    "numbers": "Distance of numbers (KS, mean)",
    "categories": "Distance of categories (total variation, mean)",
    "associations": "Difference of associations (mean over pairs)",
    "auc": "Told apart by a classifier (AUC)",
    "importances": "Feature-importance similarity (cosine, for age)",
    "reward": "Guideline reward (mean)",
    "broken": "Break a guideline (share)",
    "stopped": "Harder than the gate leaves (share)",
    "clearance": "Clearance first (share)",
    "cells": f"Weeks that occur, of {CELLS:,} (share)",
    "variety": "Weeks, effective number",
}


def quality(
    real: People, synthetic: People, rng: np.random.Generator, *, again: People | None = None
) -> Quality:
    """How synthetic profiles compare with real ones, each figure with its null values.

    Args:
        real: what one compares with.
        rng: for uniform profiles, and for the classifiers' seeds.
        again: a second draw from where the real ones came from; without one, the real ones are halved at random, and
            one half is compared with the other.

    Raises:
        InputError: for fewer than 20 profiles (40 real ones where they must be halved), or where something is not known
            of everybody.
    """
    if again is None:
        places = rng.permutation(len(real))
        real, again = real.take(places[: len(real) // 2]), real.take(places[len(real) // 2 :])
    if min(len(real), len(synthetic), len(again)) < LEAST:
        raise InputError(
            f"The quality report needs at least {LEAST} profiles of each kind, and twice as many real ones where no "
            f"second draw is given; there are {len(real)} real, {len(synthetic)} synthetic and {len(again)} more."
        )
    uniform = uniform_profiles(len(synthetic), rng)
    found = compare(real, (synthetic, uniform, again), rng)
    return Quality(
        tuple(Figure(key, name, *(of.figures[key] for of in found)) for key, name in NAMES.items()),
        tuple(
            Figure(key, BY_KEY[key].label, *(of.attributes[key] for of in found))
            for key in found[0].attributes
        ),
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures of one set of profiles against the real ones: by the keys of `NAMES`, and by attribute."""

    figures: dict[str, float]
    attributes: dict[str, float]


def compare(real: People, others: Sequence[People], rng: np.random.Generator) -> list[Compared]:
    """The figures of the quality report for any number of sets of profiles, each against the real ones.

    Raises:
        InputError: where something is not known of everybody.
    """
    ours = plain_columns(real)
    reference = associations(ours)
    # The same seeds for all, so that they differ in the profiles alone.
    detecting, growing = (partial(np.random.default_rng, int(rng.integers(2**31))) for _ in range(2))
    found = []
    for people in others:
        columns = plain_columns(people)
        apart = attribute_distances(ours, columns)
        figures = {
            "numbers": _mean(apart, number=True),
            "categories": _mean(apart, number=False),
            "associations": float(np.abs(associations(columns) - reference).mean()),
            "auc": detection_auc(ours, columns, detecting()),
            "importances": importance_similarity(ours, columns, growing()),
            **guideline_figures(people),
            **variety(people),
        }
        found.append(Compared(figures, apart))
    return found


def guideline_figures(people: People) -> dict[str, float]:
    """What guidelines and gate say of profiles: mean reward, and shares that break a limit or that the gate holds back.

    A profile holds no screening answers. The gate is asked as if every question had been answered with no, so that it
    speaks of age and conditions alone: who needs clearance first, and whose intensity is too high even with it.
    """
    rewards = wanted_rewards(people)
    history = people.columns["medical_history"]
    ages = people.columns["age"]
    keys, which = np.unique(np.column_stack((ages, history)), axis=0, return_inverse=True)
    judged = np.array([_judged(float(key[0]), key[1:] > 0) for key in keys])[which.reshape(-1)]
    return {
        "reward": float(rewards.mean()),
        "broken": float((rewards < 1).mean()),
        "stopped": float((people.columns["intensity"] > judged[:, 0]).mean()),
        "clearance": float(judged[:, 1].mean()),
    }


def variety(people: People) -> dict[str, float]:
    """How many of the weeks that profiles can hold occur, and their effective number: exp of the entropy of shares."""
    shares = np.unique(_cells(plain_columns(people)), return_counts=True)[1] / len(people)
    return {
        "cells": len(shares) / CELLS,
        "variety": float(np.exp(-(shares * np.log(shares)).sum())),
    }


def _judged(age: float, has: NDArray[np.bool_]) -> tuple[float, bool]:
    """The highest intensity that the gate leaves once cleared (−1 for none), and whether clearance comes first."""
    conditions = [str(name) for name, held in zip(BY_KEY["medical_history"].values, has, strict=True) if held]
    before, after = (
        safety_gate(
            Health(
                age=age,
                conditions=conditions,
                screening=dict.fromkeys(QUESTIONS, False),
                cleared=cleared,
            )
        )
        for cleared in (False, True)
    )
    most: Intensity | None = after.intensity_high
    return -1 if most is None else most.order, before.verdict is not Verdict.ALLOWED


def _cells(columns: Columns) -> NDArray[np.int64]:
    """The week of each profile as one number; a number counts as the largest of its values that is not above it."""
    cell = np.zeros(len(columns["age"]), dtype=np.int64)
    for key in CELL_KEYS:
        of, column = BY_KEY[key], columns[key]
        place = column if of.kind == "category" else np.searchsorted(of.values, column, side="right") - 1
        cell = cell * len(of.values) + np.maximum(place, 0).astype(np.int64)
    return cell


def _mean(distances: dict[str, float], *, number: bool) -> float:
    return float(np.mean([far for key, far in distances.items() if (BY_KEY[key].kind == "number") is number]))
