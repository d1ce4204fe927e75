"""How likely somebody is to complete a session: an invented model of wishes, in log-odds.

No study stands behind these numbers. They are written down so that the best arm depends on the person and the day in
ways that a linear model can only come near to. Race, coach appearance and sex have no effect here (sex chooses
guideline rows, which is another matter), so that what is found on those can be held against a truth of nothing.
"""

import numpy as np
from numpy.typing import NDArray

from core.bandit.attributes import BY_KEY
from core.bandit.people import People
from core.guidelines import ARMS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CARDIO, STRENGTH, FLEXIBILITY = range(len(ARMS))
LOW, USUAL, HIGH = range(3)  # energy today

BASE = (0.35, 0.35, -0.15)  # log-odds of each arm where nothing else speaks
PREFERRED = 0.9
# condition, and what it adds to cardio, strength and flexibility.
CONDITIONS = (
    ("COPD", -0.5, 0.1, 0.3),
    ("heart failure", -0.4, -0.1, 0.3),
    ("osteoarthritis", -0.2, 0.0, 0.4),
    ("low back pain", 0.0, -0.4, 0.5),
    ("obesity", -0.3, 0.2, 0.0),
    ("osteoporosis", 0.0, 0.3, -0.1),
    ("depression", -0.3, -0.2, -0.1),
    ("anxiety", 0.3, 0.0, 0.2),
    ("falls risk", -0.3, 0.1, 0.2),
)
# One value each of two attributes, and what both together add to one arm.
TOGETHER = (
    ("cardio_preference", "swimming", "location", "home", CARDIO, -1.0),
    ("cardio_preference", "running", "location", "outdoors", CARDIO, 0.5),
    ("cardio_preference", "walking", "location", "outdoors", CARDIO, 0.5),
    ("cardio_preference", "cycling", "location", "gym", CARDIO, 0.3),
    ("cardio_preference", "dancing", "buddy", "in a group", CARDIO, 0.7),
    ("cardio_preference", "dancing", "buddy", "alone", CARDIO, -0.4),
    ("strength_preference", "machines", "location", "gym", STRENGTH, 0.7),
    ("strength_preference", "machines", "location", "home", STRENGTH, -1.0),
    ("strength_preference", "machines", "location", "outdoors", STRENGTH, -1.0),
    ("strength_preference", "free weights", "location", "outdoors", STRENGTH, -0.6),
    ("strength_preference", "bodyweight", "location", "outdoors", STRENGTH, 0.3),
    ("strength_preference", "bands", "location", "home", STRENGTH, 0.4),
    ("strength_preference", "free weights", "buddy", "with a partner", STRENGTH, 0.4),
    ("location", "home", "buddy", "alone", FLEXIBILITY, 0.5),
    ("location", "gym", "buddy", "in a group", FLEXIBILITY, 0.3),
    ("start_preference", "morning", "location", "outdoors", CARDIO, 0.2),
    ("start_preference", "evening", "location", "home", FLEXIBILITY, 0.3),
)
# By energy today (low, usual, high) and intensity (light, moderate, vigorous), for each arm.
ENERGY = np.array(
    [
        [[0.0, -0.1, 0.4], [-0.6, -0.5, 0.3], [-1.6, -1.2, 0.1]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        [[0.1, 0.1, -0.2], [0.3, 0.3, -0.3], [0.6, 0.5, -0.4]],
    ]
)
REPEATED = (0.5, -0.3, -1.2)  # by variety: what a component adds that the week has had in full
LONGER = np.array((-0.5, -0.7, -0.4))  # for an hour more than half an hour a session
TIRING = -0.5  # for the square of that, where the session is vigorous; cardio and strength
OLDER = np.array((-0.15, -0.05, 0.1))  # for ten years more than 50


def log_odds(people: People) -> Floats:
    """Log-odds to complete a session of each arm at each energy, before the week has had any; shape (N, 3, arms)."""
    columns = people.columns
    odds = np.tile(np.array(BASE), (len(people), 1))
    odds[np.arange(len(people)), columns["preferred_exercise"]] += PREFERRED
    history = tuple(map(str, BY_KEY["medical_history"].values))
    for condition, *effects in CONDITIONS:
        odds += columns["medical_history"][:, [history.index(condition)]] * np.array(effects)
    for one, value, other, another, arm, effect in TOGETHER:
        odds[:, arm] += effect * (_is(people, one, value) & _is(people, other, another))
    beyond = (columns["duration"] - 30.0) / 60.0
    vigorous = _is(people, "intensity", "vigorous")
    odds += beyond[:, None] * LONGER
    odds[:, [CARDIO, STRENGTH]] += (TIRING * vigorous * beyond**2)[:, None]
    odds += ((columns["age"] - 50.0) / 10.0)[:, None] * OLDER
    by_energy = ENERGY[:, columns["intensity"]].transpose(1, 0, 2)
    return np.asarray(odds[:, None] + by_energy)


def repetition(people: People) -> Floats:
    """What a component that the week has had in full adds to the log-odds of its arm, shape (N,)."""
    return np.asarray(np.array(REPEATED)[people.columns["variety"]])


def _is(people: People, key: str, value: str) -> Flags:
    return np.asarray(people.columns[key] == BY_KEY[key].values.index(value))
