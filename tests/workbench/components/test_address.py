import pytest

from workbench.components import address


@pytest.mark.parametrize(("text", "found"), [("1", 1), ("007", 7), ("0", 0), (str(2**53), 2**53)])
def test_a_whole_number_is_one(text, found):
    assert address.number(text) == found


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "+1", "1.0", "1_000", " 1", "²", "٣", str(2**53 + 1), "9" * 22, "9" * 5000]
)
def test_anything_else_is_none(text):
    assert address.number(text) is None
