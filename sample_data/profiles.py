"""Invented clients: demographics and questionnaires drawn from a small latent-factor model.

Two latent factors drive the answers: *distress* (stress, low mood, bodily complaints) and *fitness*
(activity, confidence in exercising, and, with age, body mass). They are slightly opposed, so that scores
correlate within and across questionnaires as they do in people. The answers themselves are synthetic.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_CLIENTS = 72
CONDITIONS = ("DStress-adaptive", "Easy-fixed", "Difficult-fixed")
STEP_GOALS = ("fixed", "adaptive")
FIRST_MONDAY = date(2026, 1, 5)
DAYS = 28

MISSING = -1
"""An item that a client left unanswered; written as an empty cell."""

PSS_REVERSED = (4, 5, 7, 8)
"""PSS-10 items worded positively, counted from 1; they score 4 minus the answer."""
DASS_SUBSCALES = {
    "depression": (3, 5, 10, 13, 16, 17, 21),
    "anxiety": (2, 4, 7, 9, 15, 19, 20),
    "stress": (1, 6, 8, 11, 12, 14, 18),
}
"""DASS-21 items of each subscale, counted from 1; a subscale scores twice the sum of its items."""
GODIN_WEIGHTS = {"strenuous": 9, "moderate": 5, "mild": 3}
"""Godin's weights for bouts of 15 minutes or more a week."""
SWEAT = ("never", "sometimes", "often")
MAX_MISSING = {"pss": 1, "dass": 1, "chips": 3}
"""How many items of a scale (for DASS-21: of a subscale) may be missing for it to be scored pro rata."""

_FIRST_NAMES = (
    "Ada",
    "Amir",
    "Anouk",
    "Arlo",
    "Bea",
    "Bilal",
    "Bram",
    "Cara",
    "Cleo",
    "Dara",
    "Dev",
    "Edda",
    "Eli",
    "Elif",
    "Emre",
    "Esme",
    "Farah",
    "Finn",
    "Freya",
    "Gita",
    "Goran",
    "Greta",
    "Hana",
    "Hugo",
    "Ida",
    "Idris",
    "Ines",
    "Ivo",
    "Jada",
    "Jonas",
    "Juno",
    "Kaan",
    "Kai",
    "Katya",
    "Kofi",
    "Lars",
    "Leila",
    "Lena",
    "Leo",
    "Lior",
    "Luz",
    "Mads",
    "Maya",
    "Mei",
    "Milan",
    "Mina",
    "Nadia",
    "Nico",
    "Nils",
    "Noor",
    "Odin",
    "Olga",
    "Omar",
    "Orla",
    "Pablo",
    "Petra",
    "Quinn",
    "Rafa",
    "Remy",
    "Rosa",
    "Sana",
    "Sefa",
    "Silas",
    "Sunna",
    "Tara",
    "Theo",
    "Uma",
    "Viggo",
    "Wanda",
    "Yara",
    "Yusuf",
    "Zoe",
)
_INITIALS = "ABCDEFGHJKLMNOPRSTVW"
_TIME_ZONES = ("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Perth")


@dataclass(frozen=True, slots=True)
class Cohort:
    """The clients as columns, one entry a client; ``n`` is the number of clients."""

    client: list[str]
    name: list[str]
    condition: list[str]
    time_zone: list[str]
    step_goals: list[str]
    sex: list[str]
    age: Ints
    height: Floats
    """Centimetres."""
    weight: Floats
    """Kilograms."""
    distress: Floats
    fitness: Floats
    pss: Ints
    """(n, 10) answers 0–4, `MISSING` where unanswered; the same for the other item tables."""
    dass: Ints
    """(n, 21) answers 0–3."""
    chips: Ints
    """(n, 33) answers 0–4."""
    godin: Ints
    """(n, 3) bouts a week: strenuous, moderate, mild."""
    sweat: list[str]
    exse: Ints
    """(n, 8) confidence in per cent, in tens: for the next one, two … eight weeks."""

    @property
    def bmi(self) -> Floats:
        """Body mass index in kg/m², one decimal."""
        result: Floats = np.round(self.weight / (self.height / 100) ** 2, 1)
        return result

    @property
    def pss_total(self) -> Ints:
        """PSS-10 total, 0–40."""
        keyed = self.pss.copy()
        for item in PSS_REVERSED:
            column = keyed[:, item - 1]
            keyed[:, item - 1] = np.where(column == MISSING, MISSING, 4 - column)
        return prorated(keyed)

    def dass_score(self, subscale: str) -> Ints:
        """Score of one DASS-21 subscale, 0–42."""
        items = np.array(DASS_SUBSCALES[subscale]) - 1
        return 2 * prorated(self.dass[:, items])

    @property
    def chips_total(self) -> Ints:
        """CHIPS total, 0–132."""
        return prorated(self.chips)

    @property
    def glteq_score(self) -> Ints:
        """Godin's weekly leisure activity score."""
        result: Ints = self.godin @ np.array(list(GODIN_WEIGHTS.values()))
        return result

    @property
    def exse_score(self) -> Floats:
        """Mean confidence over the eight items, 0–100 %."""
        result: Floats = self.exse.mean(axis=1)
        return result


def prorated(items: Ints) -> Ints:
    """Sum of each row's items, a missing one counting as the mean of those answered; rounded half up."""
    answered = items != MISSING
    mean = np.where(answered, items, 0).sum(axis=1) / answered.sum(axis=1)
    result: Ints = np.floor(mean * items.shape[1] + 0.5).astype(np.int64)
    return result


def standardised(values: NDArray[np.generic]) -> Floats:
    """Values with mean 0 and standard deviation 1 over the cohort."""
    numbers = values.astype(np.float64)
    result: Floats = (numbers - numbers.mean()) / numbers.std()
    return result


def make_cohort(rng: np.random.Generator) -> Cohort:
    """Draw the 72 clients."""
    n = N_CLIENTS
    distress = rng.normal(size=n)
    # Half of the recruits come from a sports club, half are new to exercise.
    club = rng.permutation(np.repeat([1.0, -1.0], n // 2))
    fitness = 0.9 * club - 0.15 * distress + 0.35 * rng.normal(size=n)

    age = rng.permutation(np.round(np.linspace(19, 59, n)).astype(np.int64))
    sex = list(rng.permutation(["female"] * (n // 2) + ["male"] * (n // 2)))
    male = np.array([value == "male" for value in sex])
    height = np.round(np.where(male, 177.0, 164.0) + rng.normal(0, 6.5, n), 0)
    lean = 25.8 - 2.1 * fitness + 0.06 * (age - 39) + rng.normal(0, 2.6, n)
    weight = np.round(np.clip(lean, 18.0, 41.0) * (height / 100) ** 2, 1)

    # PSS: the positively worded items fall with distress, so that scoring has to turn them round.
    keyed = _ordinal(rng, distress, items=10, top=4, centre=1.7, loading=0.85, noise=0.75)
    pss = keyed.copy()
    reversed_columns = np.array(PSS_REVERSED) - 1
    pss[:, reversed_columns] = 4 - pss[:, reversed_columns]

    dass = np.zeros((n, 21), dtype=np.int64)
    for subscale, centre in zip(DASS_SUBSCALES, (0.55, 0.45, 0.95), strict=True):
        own = 0.85 * distress + np.sqrt(1 - 0.85**2) * rng.normal(size=n)
        columns = np.array(DASS_SUBSCALES[subscale]) - 1
        dass[:, columns] = _ordinal(rng, own, items=7, top=3, centre=centre, loading=0.6, noise=0.6)
    bodily = 0.65 * distress + np.sqrt(1 - 0.65**2) * rng.normal(size=n)
    chips = _ordinal(rng, bodily, items=33, top=4, centre=0.6, loading=0.55, noise=0.75)

    vigour = 0.55 * fitness
    rates = np.exp(np.array([0.25, 0.8, 1.0]) + vigour[:, None] * np.array([1.0, 0.7, 0.3]))
    godin = np.minimum(rng.poisson(rates), np.array([10, 14, 14])).astype(np.int64)
    sweat_level = np.digitize(0.5 * godin[:, 0] + rng.normal(0, 0.6, n), [0.4, 1.4])
    sweat = [SWEAT[level] for level in sweat_level]

    # Confidence falls with each further week; people answer in tens.
    confident = 66 + 17 * (0.85 * fitness - 0.25 * distress) + rng.normal(0, 6, n)
    weeks = confident[:, None] - 2.2 * np.arange(8) + rng.normal(0, 4.5, (n, 8))
    exse = (np.clip(np.round(weeks / 10), 0, 10) * 10).astype(np.int64)

    _leave_unanswered(rng, pss, per_client=MAX_MISSING["pss"], rate=0.05)
    for numbered in DASS_SUBSCALES.values():
        part = dass[:, np.array(numbered) - 1]
        _leave_unanswered(rng, part, per_client=MAX_MISSING["dass"], rate=0.03)
        dass[:, np.array(numbered) - 1] = part
    _leave_unanswered(rng, chips, per_client=MAX_MISSING["chips"], rate=0.08)

    each = n // len(CONDITIONS)
    return Cohort(
        client=[f"C{number:02d}" for number in range(1, n + 1)],
        name=[f"{first} {rng.choice(list(_INITIALS))}." for first in rng.permutation(_FIRST_NAMES)],
        condition=list(rng.permutation([name for name in CONDITIONS for _ in range(each)])),
        time_zone=list(rng.choice(_TIME_ZONES, size=n, p=[0.4, 0.25, 0.2, 0.1, 0.05])),
        step_goals=list(rng.permutation([name for name in STEP_GOALS for _ in range(n // 2)])),
        sex=sex,
        age=age,
        height=height,
        weight=weight,
        distress=distress,
        fitness=fitness,
        pss=pss,
        dass=dass,
        chips=chips,
        godin=godin,
        sweat=sweat,
        exse=exse,
    )


def _ordinal(
    rng: np.random.Generator,
    factor: Floats,
    *,
    items: int,
    top: int,
    centre: float,
    loading: float,
    noise: float,
) -> Ints:
    """Answers 0 … ``top`` to several items that share one factor, shape (n, items)."""
    difficulty = rng.normal(0, 0.25, items)
    raw = centre + loading * factor[:, None] + difficulty + rng.normal(0, noise, (len(factor), items))
    return np.clip(np.round(raw), 0, top).astype(np.int64)


def _leave_unanswered(rng: np.random.Generator, items: Ints, *, per_client: int, rate: float) -> None:
    """Blank 1 to ``per_client`` items of about ``rate`` of the clients, in place."""
    for row in items:
        if rng.random() < rate:
            count = int(rng.integers(1, per_client + 1))
            row[rng.choice(len(row), size=count, replace=False)] = MISSING
