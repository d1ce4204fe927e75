from workbench import client_charts as charts

ROWS = [
    {"day": "2026-01-01", "steps": 9000, "goal": 8000},
    {"day": "2026-01-02", "steps": 8000, "goal": 8000},
    {"day": "2026-01-03", "steps": 7999, "goal": 8000},
    {"day": "2026-01-04", "steps": None, "goal": 8000},
    {"day": "2026-01-05", "steps": 5000, "goal": None},
]


def traces(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_bars_are_met_or_missed_by_colour_and_pattern():
    found = traces(charts.steps(ROWS))
    met, missed = found["goal met"], found["goal missed"]
    assert list(met.x) == ["2026-01-01", "2026-01-02"]
    assert list(missed.x) == ["2026-01-03"]
    assert list(found["no goal"].x) == ["2026-01-05"]
    assert met.marker.color != missed.marker.color
    assert met.marker.pattern.shape != missed.marker.pattern.shape
    assert list(found["goal"].y) == [8000] * 4


def test_steps_in_words():
    assert charts.steps_in_words(ROWS) == "Goal met on 2 of 3 days with a count and a goal."
    assert charts.steps_in_words(ROWS[4:]) == "Days with a step count: 1; none of them has a goal."
    assert charts.steps_in_words([]) == "Days with a step count: 0; none of them has a goal."


def test_the_last_days_are_counted_from_the_newest_row():
    assert [row["day"] for row in charts.since(ROWS, 2)] == ["2026-01-04", "2026-01-05"]
    assert charts.since(ROWS, 100) == ROWS
    assert charts.since([], 14) == []


def test_margins_below_the_level_are_set_apart_by_colour_and_symbol():
    figure = charts.margins([0.5, 0.1, 0.2, 0.4], first=7, threshold=0.2)
    found = traces(figure)
    assert list(found["asks"].x) == [8]
    assert list(found["sure enough"].x) == [7, 9, 10]
    assert found["asks"].marker.symbol != found["sure enough"].marker.symbol
    assert list(found["asking level: below 0.20 the model asks"].y) == [0.2, 0.2]


def test_without_a_level_nothing_is_marked():
    figure = charts.margins([0.5, 0.1], first=1, threshold=None)
    assert list(traces(figure)["asks"].x) == []
    assert not any(name.startswith("asking level") for name in traces(figure))


def test_margins_in_words():
    assert charts.margins_in_words([], 0.2) == "No margins yet."
    assert charts.margins_in_words([0.5, 0.1], None) == "Margin after each of the last 2 exercises, now 0.10."
    assert charts.margins_in_words([0.5, 0.1], 0.2).endswith("on 1 of them below 0.20, where the model asks.")
