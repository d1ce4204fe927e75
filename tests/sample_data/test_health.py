"""What the sample cohort says of activity, clearances and wishes, and what the gate makes of it."""

import csv
from pathlib import Path

import sample_data
from core.bandit.attributes import ATTRIBUTES
from core.services import Store, gating, preparing
from core.store import people
from sample_data.medical import QUESTIONS


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_those_who_said_yes_and_nobody_else_were_asked_for_a_clearance() -> None:
    screening = {row["client"]: row for row in read(sample_data.SCREENING_CSV)}
    health = read(sample_data.HEALTH_CSV)
    assert [row["client"] for row in health] == list(screening)
    asked = [row for row in health if row["cleared"]]
    assert {row["client"] for row in asked} == {
        client for client, row in screening.items() if "yes" in [row[question] for question in QUESTIONS]
    }
    assert 0.75 <= sum(row["cleared"] == "yes" for row in asked) / len(asked) <= 0.95
    assert {row["active"] for row in health} == {"yes", "no", ""}


def test_wishes_are_of_the_known_words_with_a_few_missing() -> None:
    wishes = read(sample_data.PREFERENCES_CSV)
    assert len(wishes) == 72
    of = {attribute.key: attribute for attribute in ATTRIBUTES if attribute.about == "wish"}
    assert list(wishes[0]) == ["client", *of]
    for row in wishes:
        for key, attribute in of.items():
            if row[key]:
                attribute.check(float(row[key]) if attribute.kind == "number" else row[key])
    cells = [row[key] for row in wishes for key in of]
    assert 0 < cells.count("") < 0.05 * len(cells)


def test_the_gate_leaves_most_of_the_cohort_something_and_a_few_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    preparing.add_sample(store, lambda _: None)
    judged = gating.judge_many(store, people.client_ids(store.db, 1).values())
    assert len(judged) == 72
    assert not any(one.problem for one in judged.values())
    masked = [one for one in judged.values() if one.masks_everything]
    assert 5 <= len(masked) <= 22
    assert sum("Clearance first" in one.sentence for one in masked) > len(masked) / 2
    some = [gating.masked_exercises(store, 1, one) for one in judged.values() if not one.masks_everything]
    assert any(0 < len(exercises) < 44 for exercises in some)
