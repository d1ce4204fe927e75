import pytest

from workbench import cells


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (True, "yes"),
        (12345, "12,345"),
        (0.0, "0.00"),
        (0.01234, "0.0123"),
        (1234.567, "1,234.57"),
        (-0.5, "-0.50"),
        ("x", "x"),
    ],
)
def test_values_as_text(value: cells.Cell, text: str) -> None:
    assert cells.shown(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert cells.duration(seconds) == text


def test_settings_are_listed_by_label() -> None:
    assert cells.listed({"a": ["x", "y"], "b": 2}, {"a": "Colours"}) == [("Colours", "x, y"), ("b", "2")]
