import json

import pytest

from workbench.components.label_queue import payload, script


def test_before_and_after_become_rows_of_the_same_exercises() -> None:
    before = [("Plank", 0.4), ("Row", 0.3), ("Squat", 0.1)]
    after = [("Row", 0.6), ("Plank", 0.2), ("Lunge", 0.1)]
    assert payload.paired(before, after, "Row") == [
        {"name": "Row", "before": 0.3, "after": 0.6, "taught": True},
        {"name": "Plank", "before": 0.4, "after": 0.2, "taught": False},
        {"name": "Lunge", "before": None, "after": 0.1, "taught": False},
        {"name": "Squat", "before": 0.1, "after": None, "taught": False},
    ]


@pytest.mark.parametrize(
    ("accuracy", "begins"),
    [
        ((0.400, 0.380, 400, 20), "About the same"),
        ((0.400, 0.420, 400, 20), "About the same"),
        (
            (0.400, 0.500, 400, 60),
            "Better on clients it never saw too: 40.0\u00a0% right before, 50.0\u00a0% after, of 400",
        ),
        ((0.586, 0.548, 396, 25), "Worse on clients it never saw"),
        ((0.160, 0.150, 20, 1), "About the same"),
    ],
)
def test_the_forgetting_check_in_words(accuracy: tuple[float, float, int, int], begins: str) -> None:
    assert payload.forgetting_sentence(accuracy).startswith(begins)


def test_no_check_no_words() -> None:
    assert payload.forgetting_sentence(None) == ""


def test_days_and_results_of_the_past() -> None:
    assert payload.day("2026-02-01T08:00:00.000Z") == "Sun 1 Feb"
    assert payload.day("yesterday") == "yesterday"
    assert [payload.done_word(success) for success in (1, 0, None)] == ["done", "failed", ""]
    assert payload.nearest_sentence({"after": ["Plank", "Row"], "then": "Squat"}) == "Plank · Row → Squat"
    assert payload.nearest_sentence({"after": [], "then": "Squat"}) == "at the start → Squat"


@pytest.mark.parametrize(
    ("entropy", "least", "shown"),
    [
        (1.23456, 0.5, ["margin 0.125", "p-value 0.046", "entropy 1.235 nats", "least confidence 0.500"]),
        (None, None, ["margin 0.125", "p-value 0.046"]),
    ],
)
def test_the_measures_of_doubt_are_shown_as_far_as_they_are_known(
    entropy: float | None, least: float | None, shown: list[str]
) -> None:
    assert payload.measures(0.125, 0.0461, entropy, least) == shown


def test_a_catalogue_has_another_hash_when_a_name_changes() -> None:
    first, rows = payload.catalogue_document([(1, "Plank", "core")])
    second, _ = payload.catalogue_document([(1, "Plank hold", "core")])
    assert rows == [[1, "Plank", "core"]]
    assert first != second


def test_a_mask_has_each_sentence_once_and_exercises_that_share_some_together() -> None:
    _, document = payload.mask_document({7: ("B", "A"), 3: ("A",), 9: ("B", "A")})
    assert document == {"sentences": ["A", "B"], "groups": [[[0], [3]], [[1, 0], [7, 9]]]}
    assert payload.mask_document({})[1] == {"sentences": [], "groups": []}


def test_the_same_mask_has_the_same_hash_whatever_the_order() -> None:
    one, other = payload.mask_document({3: ("A",), 7: ("B",)}), payload.mask_document({7: ("B",), 3: ("A",)})
    assert one == other
    assert one[0] != payload.mask_document({3: ("A",)})[0]


def test_twenty_clients_whom_nothing_may_be_offered_are_told_in_a_few_kilobytes() -> None:
    masked = dict.fromkeys(range(1000, 1873), ("A screening question has no answer; ask it first",) * 2)
    hashed = dict([payload.mask_document(masked) for _ in range(20)])
    assert len(json.dumps(hashed)) < 8_000


def test_the_script_is_one_module_that_never_writes_markup() -> None:
    text = script()
    assert text.count("export default") == 1
    assert "innerHTML" not in text
    assert "insertAdjacentHTML" not in text
