"""What each client says they would like: kind of exercise, when, where, how often; drawn to fit the profile."""

from collections.abc import Sequence

import numpy as np

from sample_data.profiles import Cohort, standardised

UNANSWERED = 0.02
Wishes = dict[str, str]
"""The cell of each wish; empty where there is no answer."""

DURATIONS = (10, 20, 30, 45, 60, 75, 90)
GOALS = (60, 90, 120, 150, 200, 250, 300)
INTENSITIES = ("light", "moderate", "vigorous")


def make_wishes(cohort: Cohort, rng: np.random.Generator) -> list[Wishes]:
    """The wishes of each client: the fitter like it harder, longer and more often, the older easier and earlier."""
    age, distress = standardised(cohort.age), standardised(cohort.distress)
    found = []
    for client in range(len(cohort.client)):
        fitness = float(cohort.fitness[client])
        old, low = float(age[client]), float(distress[client])
        days = int(np.clip(np.round(3.2 + fitness + rng.normal(0, 0.9)), 1, 7))
        minutes = _nearest(DURATIONS, 38 + 12 * fitness - 4 * old + rng.normal(0, 10))
        hard = int(np.clip(np.round(0.9 + 0.5 * fitness - 0.3 * old + rng.normal(0, 0.4)), 0, 2))
        wishes = {
            "preferred_exercise": _one(
                rng, {"cardio": 4, "strength": 3 + fitness - 0.5 * old, "flexibility": 2 + 0.5 * old}
            ),
            "frequency": str(days),
            "duration": str(minutes),
            "intensity": INTENSITIES[hard],
            # Seven days leave no other way.
            "day_spacing": "in a row" if days == 7 else _one(rng, {"spread": 4, "in a row": 1}),
            "weekly_goal": str(_nearest(GOALS, days * minutes + rng.normal(0, 20))),
            "cardio_preference": _one(
                rng,
                {
                    "walking": 3 + old,
                    "running": 2 + fitness - old,
                    "cycling": 2,
                    "swimming": 1.5,
                    "dancing": 1.5,
                },
            ),
            "strength_preference": _one(
                rng, {"bodyweight": 3, "bands": 1.5 + 0.5 * old, "free weights": 1.5 + fitness, "machines": 2}
            ),
            "start_preference": _one(rng, {"morning": 3 + old, "midday": 1, "evening": 3 - old}),
            "variety": _one(rng, {"the same": 1.5 + 0.3 * low, "some": 3, "much": 1.5 + 0.5 * fitness}),
            "location": _one(rng, {"home": 3 + low, "gym": 2 + fitness, "outdoors": 2.5}),
            "buddy": _one(rng, {"alone": 3 + low, "with a partner": 2, "in a group": 1.5 + 0.5 * fitness}),
            "coach_appearance": _one(rng, {"like me": 1, "unlike me": 0.5, "no matter": 4}),
        }
        blank = rng.random(len(wishes)) < UNANSWERED
        found.append(
            {key: "" if left else wish for (key, wish), left in zip(wishes.items(), blank, strict=True)}
        )
    return found


def _one(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of these words, each as likely as its weight says (at least a little)."""
    shares = np.maximum(list(weights.values()), 0.2)
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def _nearest(values: Sequence[int], wanted: float) -> int:
    return min(values, key=lambda value: abs(value - wanted))
