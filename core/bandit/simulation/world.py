"""The environment: who the people are, what they may be offered, and what each arm earns on each day.

    E[reward | person, day, arm] = P(completion) · (w + (1 − w) · progress)

A session that is completed earns w, and 1 − w times the progress that it makes: how far the week that the person wants
keeps to the guideline rows of that arm, times what the week still lacks of it. One that is not completed earns nothing.
How much the week has had moves with the policy's own picks; each Monday it is nothing again.

In the full environment this is not linear in a context's columns: policies with a linear expectation are
misspecified. The linear one is the least-squares projection of it on those columns, brought within 0 and 1 by one
scale for all, never by clipping; there a reward is 1 or 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from core.bandit.attributes import BY_KEY
from core.bandit.contexts import ENCODING
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.people import People, uniform_profiles
from core.bandit.simulation.health import synthetic_health
from core.bandit.simulation.wishes import log_odds, repetition
from core.errors import InputError
from core.guidelines import ARMS, Health, Intensity, limits_for, safety_gate, sessions_asked

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Draw = Callable[[int, np.random.Generator], People]
Environment = Literal["full", "linear"]

ENVIRONMENTS: tuple[Environment, ...] = ("full", "linear")
WEEK = 7  # days
ENERGIES = (0.25, 0.5, 0.25)  # how often energy is low, usual and high
COMPLETION_WEIGHT = 0.7
EMPTY = 20  # draws in a row that leave nobody


@dataclass(frozen=True, slots=True)
class Truth:
    """What a day holds for each person, with each arm.

    Attributes:
        contexts: what a policy sees, shape (N, D).
        expected: expected reward, shape (N, arms).
        earned: the reward that each arm would earn, shape (N, arms).
        completed: whether the session would be completed, shape (N, arms).
    """

    contexts: Floats
    expected: Floats
    earned: Floats
    completed: Flags


class World:
    """Synthetic people over some days; the same for every policy that walks through it.

    Everything random is drawn when it is made: people, health, the energy of each day, the order in which people are
    decided on, and the luck of each session that might be offered.

    Args:
        count: people of whom each has at least one arm open.
        days: how many days.
        rng: draws all of that.
        environment: full or linear.
        completion_weight: w, what completing a session weighs; 0 to 1.
        draw: (count, rng) to profiles, as many or more.

    Attributes:
        people: their profiles; the intensity is lowered to the highest that the gate allows.
        health: a record each.
        allowed: which arms the safety gate leaves open, shape (N, arms).
        left_out: people for whom the gate left nothing open, drawn besides.
        guideline: how far each one's week keeps to the guideline rows of each arm, shape (N, arms).
        asked: sessions that a week asks of each arm, shape (N, arms).
        energies: of each day and person: 0 low, 1 usual, 2 high; shape (days, N).
        orders: the order of each day's decisions, shape (days, N).

    Raises:
        InputError: for a count or number of days below 1, a weight that is none, another environment, or profiles of
            whom nobody may be offered anything.
    """

    def __init__(
        self,
        count: int,
        days: int,
        rng: np.random.Generator,
        *,
        environment: Environment = "full",
        completion_weight: float = COMPLETION_WEIGHT,
        draw: Draw = uniform_profiles,
    ) -> None:
        if count < 1 or days < 1:
            raise InputError(f"count and days must be at least 1; they are {count} and {days}.")
        if not 0 <= completion_weight <= 1:
            raise InputError(f"completion_weight must be from 0 to 1; it is {completion_weight!r}.")
        if environment not in ENVIRONMENTS:
            raise InputError(f"environment must be one of {', '.join(ENVIRONMENTS)}; it is {environment!r}.")
        self.environment = environment
        self.completion_weight = completion_weight
        self.days = days
        self.people, self.health, self.allowed, self.left_out = _open_people(count, rng, draw)
        self.guideline: Floats = guideline_rewards(self.people)
        self.asked = sessions_of(self.people)
        self.energies: Integers = rng.choice(len(ENERGIES), size=(days, count), p=ENERGIES)
        self.orders: Integers = np.argsort(rng.random((days, count)), axis=1)
        self._luck: Floats = rng.random((days, count, len(ARMS)))
        self._odds, self._repetition = log_odds(self.people), repetition(self.people)

    def __len__(self) -> int:
        return len(self.people)

    def day(self, day: int, done: Floats) -> Truth:
        """What a day holds, given what share of the week's sessions is done, shape (N, arms)."""
        contexts = self.contexts(self.energies[day], done)
        if self.environment == "linear":
            expected = contexts @ self.theta.T
            completed = self._luck[day] < expected
            return Truth(contexts, expected, completed.astype(np.float64), completed)
        chance, worth = self._parts(self.energies[day], done)
        completed = self._luck[day] < chance
        return Truth(contexts, chance * worth, completed * worth, completed)

    def contexts(self, energies: Integers, done: Floats) -> Floats:
        """Contexts of everybody at these energies, shape (N,), with this much of the week done, shape (N, arms)."""
        columns = {f"done_{arm}": done[:, k] for k, arm in enumerate(ARMS)}
        return ENCODING.encode(self.people.having(energy=energies, **columns))

    def expected_of(self, contexts: Floats) -> Floats:
        """Expected rewards of everybody from their contexts, in the order of ``people``; shape (N, arms).

        Raises:
            InputError: for another number of contexts than people.
        """
        if len(contexts) != len(self):
            raise InputError(f"There are {len(self)} people; contexts must be as many, not {len(contexts)}.")
        if self.environment == "linear":
            return contexts @ self.theta.T
        low = ENCODING.places["energy", "low"]
        energies = contexts[:, low : low + len(ENERGIES)].argmax(axis=1)
        done = contexts[:, [ENCODING.places[f"done_{arm}", None] for arm in ARMS]]
        return self.full(energies.astype(np.int64), done)

    def full(self, energies: Integers, done: Floats) -> Floats:
        """Expected rewards in the full environment, shape (N, arms), whatever this world's own is."""
        chance, worth = self._parts(energies, done)
        return chance * worth

    def after(self, day: int, done: Floats, arms: Integers, completed: Flags) -> Floats:
        """What is done of the week on the next morning, once each person was offered an arm, shape (N,)."""
        if (day + 1) % WEEK == 0:
            return np.zeros_like(done)
        rows = np.arange(len(self))
        after = done.copy()
        after[rows, arms] += completed[rows, arms] / self.asked[rows, arms]
        return np.minimum(after, 1.0)

    @cached_property
    def theta(self) -> Floats:
        """The linear environment's truth: what each column weighs in the reward of each arm, shape (arms, D).

        Fitted to the full environment by least squares, over everybody at each energy, in a week with nothing done
        and in weeks with one component done. It is linear in what is done and in the energy, so that its extremes lie
        at the corners of those; where they leave 0 to 1, one offset and scale brings all arms back. The offset is
        spread on the columns of sex, which add up to 1 for everybody.
        """
        weeks = [np.tile(week, (len(self), 1)) for week in (np.zeros(len(ARMS)), *np.eye(len(ARMS)))]
        contexts, rewards = [], []
        for energy, done in product(range(len(ENERGIES)), weeks):
            energies = np.full(len(self), energy)
            contexts.append(self.contexts(energies, done))
            rewards.append(self.full(energies, done))
        theta = np.linalg.lstsq(np.vstack(contexts), np.vstack(rewards), rcond=None)[0].T
        low, high = self._extremes(theta)
        low, high = min(low, 0.0), max(high, 1.0)
        first = ENCODING.places["sex", str(BY_KEY["sex"].values[0])]
        theta[:, first : first + len(BY_KEY["sex"].values)] -= low
        return np.asarray(theta / (high - low))

    def _extremes(self, theta: Floats) -> tuple[float, float]:
        """Lowest and highest reward that weights give anybody in any state."""
        found = [
            self.contexts(np.full(len(self), energy), np.tile(np.array(corner, float), (len(self), 1)))
            @ theta.T
            for energy in range(len(ENERGIES))
            for corner in product((0, 1), repeat=len(ARMS))
        ]
        # A rounding error beyond the extremes would make a chance of less than 0.
        return float(np.min(found)) - 1e-9, float(np.max(found)) + 1e-9

    def _parts(self, energies: Integers, done: Floats) -> tuple[Floats, Floats]:
        """The chance to complete each arm's session, and what it earns then."""
        odds = self._odds[np.arange(len(self)), energies] + self._repetition[:, None] * done
        weight = self.completion_weight
        worth = weight + (1 - weight) * self.guideline * (1 - done)
        return np.asarray(expit(odds)), worth


def sessions_of(people: People) -> Floats:
    """Sessions of each arm that the guideline rows ask of a week, at the length wanted; shape (N, arms), 1 to 7."""
    found = np.empty((len(people), len(ARMS)))
    for place, row in enumerate(people.rows()):
        age, minutes, sex = float(str(row["age"])), float(str(row["duration"])), row["sex"]
        intensity = Intensity(str(row["intensity"]))
        for arm, component in enumerate(ARMS.values()):
            limits = limits_for(
                component,
                age=age,
                sex=None if sex is None else str(sex),
                conditions=_words(row["medical_history"]),
            )
            found[place, arm] = sessions_asked(limits, minutes, intensity)
    return found


def _words(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def _open_people(
    count: int, rng: np.random.Generator, draw: Draw
) -> tuple[People, tuple[Health, ...], Flags, int]:
    """As many people as asked for whom something is open, and how many were left out on the way."""
    drawn: list[People] = []
    health: list[Health] = []
    allowed: list[Flags] = []
    kept = left_out = empty = 0
    while kept < count:
        people = draw(count - kept, rng)
        records = synthetic_health(people, rng)
        gates = [safety_gate(record) for record in records]
        arms = np.array([[arm in gate.open_arms for arm in ARMS] for gate in gates])
        open_to: Flags = np.asarray(arms.any(axis=1))
        # Those beyond the count are not needed, nor are those left out after the last who is.
        upto = np.flatnonzero(open_to)[: count - kept]
        last = len(people) if kept + upto.size < count else int(upto[-1]) + 1
        left_out += int((~open_to[:last]).sum())
        empty = 0 if upto.size else empty + 1
        if empty >= EMPTY:
            raise InputError(
                "The safety gate leaves nothing open for anybody of these profiles; draw others."
            )
        highest = [gates[place].intensity_high for place in upto]
        most = np.array([Intensity.LIGHT.order if high is None else high.order for high in highest], np.int64)
        some = people.take(upto)
        drawn.append(some.having(intensity=np.minimum(some.columns["intensity"], most)))
        health += [records[place] for place in upto]
        allowed.append(arms[upto])
        kept += upto.size
    columns = {key: np.concatenate([p.columns[key] for p in drawn]) for key in drawn[0].columns}
    return People(columns, count), tuple(health), np.vstack(allowed), left_out
