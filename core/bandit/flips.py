"""The smallest change in something actionable that makes another arm the best.

What a person is, likes or cannot change stays as it is: only attributes that are ``actionable`` take other values.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from core.bandit.attributes import ATTRIBUTES, Attribute, Value, attribute
from core.bandit.contexts import ENCODING, Encoding
from core.bandit.people import Column, People
from core.bandit.policies.policy import TIE, Floats, Integers, Policy
from core.errors import InputError

STEPS: Mapping[str, float] = {"frequency": 1, "duration": 5, "weekly_goal": 10}
"""How finely a number is searched, in its unit: what people agree on, no finer."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that makes another arm the best.

    Attributes:
        changes: new value by attribute key, in the order of ``ATTRIBUTES``.
        arm: the arm that has the highest score then.
        lead: by how much it leads the open arm after it.
        distance: how large the change is, as ``smallest_change`` counts it.
    """

    changes: dict[str, Value]
    arm: str
    lead: float
    distance: float


@dataclass(frozen=True, slots=True)
class _Options:
    """Other values of one attribute each: their attribute's key, the value as in ``People``, and its distance."""

    keys: tuple[str, ...]
    cells: Floats
    distances: Floats


def smallest_change(
    policy: Policy,
    values: Mapping[str, Value | None],
    allowed: ArrayLike,
    encoding: Encoding = ENCODING,
    most: int = 2,
    *,
    only: Mapping[str, Collection[Value]] | None = None,
) -> Change | None:
    """The smallest change in actionable attributes that makes another open arm the best, None where none does.

    Every value is tried: of a category each, of a number each step of ``STEPS`` between the least and the most that a
    profile holds, as policies have learnt of nothing beyond. One attribute alone goes before two together; among
    as many, the smallest sum of distances goes first (Gower 1971: of a number the difference as a share of its range
    of values, of a category 1; 1 too where the value was not known), then the largest lead.

    The best arm is the one with the highest score, its bonus counted as in a pick without chance; changes do not
    touch the gate, so that ``allowed`` holds throughout. A lead within the tolerance of a tie is none.

    Args:
        policy: its scores decide; nothing is drawn from its generator.
        values: by attribute key, None or absent where not known.
        allowed: which arms are open, booleans of shape (K,) in the order of the policy's arms.
        encoding: makes contexts of people.
        most: attributes that may change at once, 1 or 2.
        only: for some attributes the only values to propose, such as the intensities that the gate leaves.

    Raises:
        InputError: for values, a mask or contexts that cannot be, or another ``most``.
    """
    if isinstance(most, bool) or most not in (1, 2):
        raise InputError(f"most must be 1 or 2 attributes; it is {most!r}.")
    mask = np.asarray(allowed)
    if mask.dtype != np.bool_ or mask.shape != (len(policy.arms),):
        raise InputError(f"allowed must be booleans, one for each of the {len(policy.arms)} arms.")
    for key in only or {}:
        attribute(key)
    person = People.of([values])
    if encoding.size != policy.n_features:
        raise InputError(f"The policy takes {policy.n_features} numbers; the encoding makes {encoding.size}.")
    if mask.sum() < 2:
        return None
    options = _options(person, only or {})
    best = int(np.where(mask, policy.scores(encoding.encode(person)[0]), -np.inf).argmax())
    size = len(options.keys)
    places = np.arange(size)
    for chosen in [np.stack((places, places)), _pairs(options.keys)][:most]:
        found = _smallest(policy, person, mask, encoding, options, chosen, best)
        if found is not None:
            return found
    return None


def _smallest(
    policy: Policy,
    person: People,
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    encoding: Encoding,
    options: _Options,
    chosen: Integers,
    best: int,
) -> Change | None:
    """The smallest among changes given as places of options, shape (2, N); a single one is named twice."""
    if not chosen.shape[1]:
        return None
    scores = np.where(mask, policy.scores(encoding.encode(_changed(person, options, chosen))), -np.inf)
    order = np.sort(scores, axis=1)
    leads, arms = order[:, -1] - order[:, -2], scores.argmax(axis=1)
    flips = np.flatnonzero((arms != best) & (leads > TIE * np.maximum(1.0, np.abs(order[:, -1]))))
    if not flips.size:
        return None
    first, second = chosen
    distances = options.distances[first] + np.where(first == second, 0.0, options.distances[second])
    # Rounded, so that sums in another order do not decide.
    row = int(flips[np.lexsort((-leads[flips], distances[flips].round(9)))[0]])
    after = _changed(person, options, chosen[:, row : row + 1]).row(0)
    changed = {options.keys[place] for place in chosen[:, row]}
    changes = {
        of.key: value for of in ATTRIBUTES if of.key in changed and (value := after[of.key]) is not None
    }
    return Change(changes, policy.arms[arms[row]], float(leads[row]), float(distances[row]))


def _changed(person: People, options: _Options, chosen: Integers) -> People:
    """The person once for each of N changes."""
    people = person.take(np.zeros(chosen.shape[1], dtype=np.int64))
    owners = np.array(options.keys)
    columns: dict[str, Column] = {}
    for places in chosen:
        for key in dict.fromkeys(options.keys):
            rows = np.flatnonzero(owners[places] == key)
            if rows.size:
                column = columns.setdefault(key, people.columns[key].copy())
                column[rows] = options.cells[places[rows]]
    return people.having(**columns)


def _options(person: People, only: Mapping[str, Collection[Value]]) -> _Options:
    keys: list[str] = []
    cells: list[float] = []
    distances: list[float] = []
    for of in ATTRIBUTES:
        if not of.actionable or of.kind == "set":
            continue
        now = float(person.columns[of.key][0])
        unknown = bool(np.isnan(now)) or (of.kind == "category" and now < 0)
        span = float(of.values[-1]) - float(of.values[0]) if of.kind == "number" else 0.0
        for value, cell in _values(of):
            if cell == now or (of.key in only and value not in only[of.key]):
                continue
            keys.append(of.key)
            cells.append(cell)
            distances.append(1.0 if unknown or not span else abs(cell - now) / span)
    return _Options(tuple(keys), np.array(cells), np.array(distances))


def _values(of: Attribute) -> list[tuple[Value, float]]:
    """Values that are tried, each also as ``People`` holds it."""
    if of.kind == "category":
        return [(str(value), float(place)) for place, value in enumerate(of.values)]
    numbers = [float(value) for value in of.values]
    step = STEPS.get(of.key) or min(after - before for before, after in pairwise(numbers))
    return [(number, number) for number in np.arange(numbers[0], numbers[-1] + step / 2, step).tolist()]


def _pairs(keys: tuple[str, ...]) -> Integers:
    """Every two options of different attributes, shape (2, N)."""
    owners = np.array(keys)
    first, second = np.triu_indices(len(keys), k=1)
    apart = owners[first] != owners[second]
    return np.stack((first[apart], second[apart]))
