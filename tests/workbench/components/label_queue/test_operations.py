import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.services.labelling import Answer
from workbench.components.label_queue import operations
from workbench.components.label_queue.operations import BringBack, Undo

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = st.sampled_from(
    ["key", "kind", "request", "verdict", "exercise", "reason", "ms", "of", "label", "override", "seen"]
)


def test_the_three_kinds() -> None:
    sent = {
        "key": "a",
        "kind": "answer",
        "request": 3,
        "verdict": "exercise",
        "exercise": 7,
        "reason": "",
        "ms": 812,
    }
    assert operations.parse(sent) == Answer(3, "a", "exercise", 7, "", 812, seen=())
    assert operations.parse({"key": "b", "kind": "undo", "of": "a", "label": None}) == Undo("b", "a", None)
    assert operations.parse({"key": "c", "kind": "bring back"}) == BringBack("c")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"request": "3"}, "request"),
        ({"request": -1}, "request"),
        ({"request": 2.5}, "request"),
        ({"request": True}, "request"),
        ({"request": float("inf")}, "request"),
        ({"exercise": []}, "exercise"),
        ({"ms": "fast"}, "ms"),
        ({"reason": None}, "reason"),
        ({"kind": None}, "kind"),
        ({"key": ""}, "key"),
        ({"key": "k" * 65}, "key"),
    ],
)
def test_a_field_that_cannot_be_is_named(change: dict[str, object], named: str) -> None:
    sent = {"key": "a", "kind": "answer", "request": 3, "verdict": "skip", "reason": "", "ms": None, **change}
    with pytest.raises(InputError, match=f"^{named} is "):
        operations.parse(sent)


def test_a_long_reason_is_cut() -> None:
    sent = {"key": "a", "kind": "answer", "request": 3, "verdict": "skip", "reason": "x" * 900}
    found = operations.parse(sent)
    assert isinstance(found, Answer)
    assert len(found.reason) == operations.LONGEST_REASON


def test_the_reason_against_the_gate_is_read_checked_and_cut() -> None:
    sent = {"key": "a", "kind": "answer", "request": 3, "verdict": "exercise", "exercise": 7}
    found = operations.parse({**sent, "override": f"  why {'x' * 900}"})
    assert isinstance(found, Answer)
    assert found.override.startswith("why x")
    assert len(found.override) <= operations.LONGEST_REASON
    plain = operations.parse(sent)
    assert isinstance(plain, Answer)
    assert plain.override == ""
    with pytest.raises(InputError, match=r"^override is "):
        operations.parse({**sent, "override": ["because"]})
    with pytest.raises(InputError, match=r"^seen is "):
        operations.parse({**sent, "seen": "a rule"})
    with pytest.raises(InputError, match=r"^seen is "):
        operations.parse({**sent, "seen": [1]})


@given(st.dictionaries(FIELDS, JSON | st.sampled_from(["answer", "undo", "bring back"])))
def test_whatever_is_sent_is_understood_or_refused(sent: dict[str, object]) -> None:
    try:
        found = operations.parse(sent)
    except InputError:
        return
    assert found.key == operations.key_of(sent)


@given(JSON)
def test_only_a_short_text_in_a_mapping_is_a_key(raw: object) -> None:
    key = operations.key_of(raw)
    assert key is None or (isinstance(raw, dict) and raw["key"] == key and 1 <= len(key) <= 64)
