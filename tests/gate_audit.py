"""Whether the gate's table forbids something to somebody, read from the table itself: no line of the gate's own code.

It is handed what was put on record in the test, and works on plain dictionaries and the text of ``gate.csv``.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import core.guidelines

TABLE = Path(core.guidelines.__file__).parent / "gate.csv"
LADDERS = {
    "intensity": ["light", "moderate", "vigorous"],
    "impact": ["none", "low", "high"],
    "load": ["light", "moderate", "heavy"],
    "balance_demand": ["low", "moderate", "high"],
}
OF_ARM = {"cardio": "aerobic", "strength": "strength", "flexibility": "flexibility"}
DISEASES = ["coronary artery disease", "heart failure", "stroke", "type 2 diabetes", "kidney disease"]
SYMPTOMS = [
    "breathlessness at rest or on mild effort",
    "fainting spells",
    "swollen ankles",
    "palpitations",
    "leg pain on walking",
    "heart murmur",
    "unusual tiredness",
]


def forbidden(person: Mapping[str, Any], exercise: Mapping[str, Any]) -> bool:
    """Whether any row of the table forbids the exercise to the person.

    ``person`` has age (None if unknown), conditions (None if not taken), screening (question → True, False, None),
    active, findings, measurements, cleared; ``exercise`` the cells of its needs, absent where unknown.
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return any(_holds(row, person) and _forbids(row, exercise) for row in rows)


def _holds(row: Mapping[str, str], person: Mapping[str, Any]) -> bool:
    if row["lifted_by_clearance"] == "yes" and person["cleared"]:
        return False
    return all(_term(term, person) for term in row["when"].split(" and "))


def _term(term: str, person: Mapping[str, Any]) -> bool:
    has, answers = set(person["conditions"] or ()) | set(person["findings"]), person["screening"]
    numbers = {"age": person["age"], **person["measurements"]}
    if term == "screening incomplete":
        return None in answers.values() or len(answers) < 7
    if term == "no medical history":
        return person["conditions"] is None
    if term == "known disease":
        return bool(has & set(DISEASES))
    if term == "symptoms":
        yes = answers.get("chest_pain") or answers.get("dizziness_or_fainting")
        return bool(yes or has & set(SYMPTOMS))
    if term == "active":
        return person["active"] in (True, None)
    if term == "not active":
        return person["active"] in (False, None)
    if term.startswith("not "):
        return term[4:] not in has
    if term.startswith("yes to "):
        return answers.get(term[7:]) is True
    found = re.match(r"(\w+) (<|>=|>) ([\d.]+)(.*)", term)
    if not found:
        return term in has
    name, sign, limit, unknown = found.groups()
    value = numbers.get(name)
    if value is None:
        return "not known" in unknown
    return {"<": value < float(limit), ">": value > float(limit), ">=": value >= float(limit)}[sign]


def _forbids(row: Mapping[str, str], exercise: Mapping[str, Any]) -> bool:
    if row["verdict"] != "allowed":
        return True
    barred = [OF_ARM[arm.strip()] for arm in row["arms"].split(";") if arm.strip()]
    if barred and exercise.get("component") in (None, *barred):
        return True
    for need, ladder in LADDERS.items():
        most = row[f"{need}_high"]
        if most and (exercise.get(need) is None or ladder.index(exercise[need]) > ladder.index(most)):
            return True
    positions = {position.strip() for position in row["positions"].split(";") if position.strip()}
    taken = exercise.get("positions")
    return bool(positions and (taken is None or positions & {p.strip() for p in taken.split(";")}))
