import re
from pathlib import Path

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
        (-0.5, "\u22120.50"),
        (-1520, "\u22121,520"),
        ("a-b", "a-b"),
        ("x", "x"),
    ],
)
def test_values_as_text(value: cells.Cell, text: str) -> None:
    assert cells.shown(value) == text


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [(0.284, 0, "28\u00a0%"), (0.284, 1, "28.4\u00a0%"), (-0.05, 0, "\u22125\u00a0%")],
)
def test_shares_have_a_space_before_their_sign(share: float, decimals: int, text: str) -> None:
    assert cells.percent(share, decimals) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert cells.duration(seconds) == text


def test_settings_are_listed_by_label() -> None:
    assert cells.listed({"a": ["x", "y"], "b": 2}, {"a": "Colours"}) == [("Colours", "x, y"), ("b", "2")]


def test_moments_are_told_in_the_time_zone() -> None:
    assert cells.moment("2026-01-03T23:30:00.000Z") == "3 Jan 2026, 23:30"
    assert cells.moment("2026-01-30T23:30:00.000Z", "Europe/Berlin") == "31 Jan 2026, 00:30"
    assert cells.moment("2026-01-03") == cells.day("2026-01-03T23:30:00.000Z") == "3 Jan 2026"


def test_no_share_is_written_without_the_space() -> None:
    root = Path(__file__).parents[2]
    sources = [path for folder in ("core", "workbench", "pages") for path in (root / folder).rglob("*.py")]
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in sources
        for text in [path.read_text(encoding="utf-8")]
        if '.replace("%", "\\u00a0%")' not in text  # one that puts it in itself
        for line in text.splitlines()
        if re.search(r":\.\d%}", line)
    ]
    assert wrong == []


def test_no_time_is_written_in_a_way_that_only_some_systems_know() -> None:
    root = Path(__file__).parents[2]
    sources = [path for folder in ("core", "workbench", "pages") for path in (root / folder).rglob("*.py")]
    assert len(sources) > 50
    # %-d and %#d in a format of strftime or an f-string; Plotly's own formats are the same everywhere.
    unportable = re.compile(r"(:|strftime\([\"'])[^\"'}]*%[-#]")
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if unportable.search(line) and "tickformat" not in line
    ]
    assert wrong == []
