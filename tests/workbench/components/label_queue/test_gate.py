from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.services import Store, gating, health, labelling
from core.store import labels, people, requests
from tests.gated import JOINTS, gated_cohort
from workbench.components.label_queue import Desk


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = gated_cohort(tmp_path / "data")
    yield opened
    opened.close()


def served(store: Store) -> tuple[Desk, dict[str, Any]]:
    """A desk, and the item on it about the client whose joints are to be spared."""
    desk = Desk("session", "Ana", None)
    desk.serve(store, {})
    mine = sorted(people.client_ids(store.db, 1).values())[JOINTS]
    document = desk.document({}, {})
    (item,) = [each for each in document["items"] if each["client_id"] == mine]
    return desk, {**item, "masks": document["masks"]}


def masked(item: dict[str, Any]) -> dict[int, list[str]]:
    mask = item["masks"][item["mask"]]
    return {
        exercise: [mask["sentences"][place] for place in places]
        for places, exercises in mask["groups"]
        for exercise in exercises
    }


def answer(item: dict[str, Any], key: str, exercise: int, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "answer",
        "request": item["request"],
        "verdict": "exercise",
        "exercise": exercise,
        **more,
    }


def test_an_item_says_what_is_masked_for_its_client_and_no_suggestion_is(store: Store) -> None:
    _, item = served(store)
    why = masked(item)
    high = {row[0] for row in store.db.execute("SELECT id FROM exercises WHERE detail LIKE '%\"high\"%'")}
    assert set(why) == high
    assert all("Osteoarthritis: low impact" in said for (said,) in why.values())
    assert not {choice["exercise"] for choice in item["choices"]} & high
    assert {choice["exercise"] for choice in item["masked"]} <= high
    assert "Osteoarthritis: low impact" in item["gate"]


def test_clients_of_the_same_rules_share_one_mask(store: Store) -> None:
    desk, _ = served(store)
    document = desk.document({}, {})
    assert {each["mask"] for each in document["items"]} == set(document["masks"])
    assert len(document["masks"]) == 2
    assert desk.document({}, {"batch": ["session", desk.number]})["masks"] == {}


def test_against_the_gate_without_a_reason_nothing_is_recorded_and_the_request_stays(store: Store) -> None:
    desk, item = served(store)
    against = next(iter(masked(item)))
    desk.serve(store, {"ops": [answer(item, "k1", against, override="  ")]})
    outcome = desk.outcomes["k1"]
    assert outcome["status"] == labelling.MASKED
    assert "Osteoarthritis: low impact" in outcome["message"]
    assert outcome["label"] is None
    assert outcome["rows"] == []
    assert item["request"] in [each.request_id for each in desk.batch]
    assert labels.answer_of(store.db, item["request"]) is None
    assert requests.request(store.db, item["request"])["state"] == "open"


def test_with_a_reason_it_is_recorded_with_it(store: Store) -> None:
    desk, item = served(store)
    against = next(iter(masked(item)))
    seen = masked(item)[against]
    desk.serve(store, {"ops": [answer(item, "k1", against, override="Her surgeon wants it", seen=seen)]})
    assert desk.outcomes["k1"]["status"] in ("taught", "recorded")
    label = labels.answer_of(store.db, item["request"])
    assert label is not None
    assert (label["exercise_id"], label["override"]) == (against, "Her surgeon wants it")
    assert item["request"] not in [each.request_id for each in desk.batch]


def test_a_gate_that_closed_meanwhile_refuses_what_the_page_still_offered(store: Store) -> None:
    desk, item = served(store)
    offered = item["choices"][0]["exercise"]
    health.save(store, item["client_id"], by="Bo", findings=["unstable angina"])
    desk.serve(store, {"ops": [answer(item, "k1", offered)]})
    assert desk.outcomes["k1"]["status"] in (labelling.MASKED, "conflict")
    assert "ngina is not stable" in desk.outcomes["k1"]["message"]
    assert labels.answer_of(store.db, item["request"]) is None


def test_a_gate_that_is_off_masks_nothing(store: Store) -> None:
    gating.switch(store, 1, on=False, reason="a trial", by="Ana")
    _, item = served(store)
    assert masked(item) == {}
    assert item["masked"] == []


def test_a_reason_counts_against_the_rules_that_were_shown_with_it_alone(store: Store) -> None:
    desk, item = served(store)
    against = next(iter(masked(item)))
    shown = {"override": "Her surgeon wants it", "seen": masked(item)[against]}
    health.save(store, item["client_id"], by="Bo", conditions=["osteoarthritis", "obesity"])
    desk.serve(store, {"ops": [answer(item, "k1", against, **shown)]})
    refused = desk.outcomes["k1"]
    assert refused["status"] == labelling.MASKED
    assert "Obesity: low impact" in refused["message"]
    assert labels.answer_of(store.db, item["request"]) is None
    # The page shows the refusal then, and a reason given to that counts.
    shown["seen"] = [refused["message"]]
    desk.serve(store, {"ops": [answer(item, "k2", against, **shown)]})
    assert desk.outcomes["k2"]["status"] in ("taught", "recorded")


def test_a_reason_to_rules_that_nobody_was_shown_is_none(store: Store) -> None:
    desk, item = served(store)
    against = next(iter(masked(item)))
    desk.serve(store, {"ops": [answer(item, "k1", against, override="Her surgeon wants it")]})
    assert desk.outcomes["k1"]["status"] == labelling.MASKED
