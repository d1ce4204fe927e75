from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import pick_charts as charts

KEYS = [f"k{place}" for place in range(21)]
NAMES = {key: f"Attribute {key}: usual" for key in KEYS}
AMOUNTS = st.floats(-2, 2, allow_nan=False)


def traces(figure):
    return {trace.name: trace for trace in figure.data}


@given(
    base=AMOUNTS,
    attributions=st.fixed_dictionaries(dict.fromkeys(KEYS, AMOUNTS | st.just(0.0))),
    bonus=st.floats(0, 2),
    most=st.integers(1, 30),
)
def test_the_bars_of_any_score_follow_one_another_and_add_up_to_it(base, attributions, bonus, most):
    rows = charts.bars(base, attributions, bonus, names=NAMES, most=most)
    score = base + sum(attributions.values()) + bonus
    middle = rows[1:-1]
    assert rows[-1].amount == pytest.approx(score, abs=1e-9)
    assert rows[0].amount + sum(row.amount for row in middle) == pytest.approx(score, abs=1e-9)
    for before, after in pairwise(rows[:-1]):
        assert after.start == before.end
    assert middle[-1].kind == "bonus"
    assert all((row.amount < 0) == (row.kind == "down") for row in middle[:-1])
    assert len(middle) <= min(most, len(KEYS)) + 2


def test_the_drawn_bars_add_up_too():
    given_ = {"k0": 0.2, "k1": -0.1, "k2": 0.0}
    figure = charts.waterfall(charts.bars(0.5, given_, 0.03, names=NAMES))
    found = traces(figure)
    drawn = sum(sum(trace.x) for name, trace in found.items() if name != "average and score")
    base, score = found["average and score"].x
    assert base + drawn == pytest.approx(score)
    assert score == pytest.approx(0.63)


def test_the_largest_have_a_bar_of_their_own_and_the_others_one_together():
    amounts = {key: (-1) ** place * (place + 1) / 100 for place, key in enumerate(KEYS)}
    rows = charts.bars(0.5, amounts, 0.0, names=NAMES)
    assert [row.label for row in rows[1:3]] == [NAMES["k20"], NAMES["k19"]]
    assert rows[9].label == "13 others together"
    assert len(rows) == 8 + 4


def test_what_reads_nothing_has_no_bar_of_its_own():
    rows = charts.bars(0.5, {"k0": 0.2, "k1": 0.0004, "k2": -0.0004, "k3": 0.0005}, 0.0, names=NAMES)
    assert [row.label for row in rows[1:-2]] == [NAMES["k0"], NAMES["k3"], "2 others together"]


def test_a_single_other_is_named():
    rows = charts.bars(0.5, {"k0": 0.2, "k1": 0.0}, 0.0, names=NAMES)
    assert [row.label for row in rows] == [
        charts.BASE,
        NAMES["k0"],
        NAMES["k1"],
        charts.BONUS_LABEL,
        charts.SCORE,
    ]


def test_sign_and_bonus_show_by_colour_and_pattern_and_figure():
    figure = charts.waterfall(charts.bars(0.5, {"k0": 0.2, "k1": -0.1}, 0.03, names=NAMES))
    found = traces(figure)
    kinds = [found[name] for name in ("adds", "takes away", "for trying it out")]
    assert len({trace.marker.color for trace in kinds}) == 3
    assert len({trace.marker.pattern.shape for trace in kinds}) == 3
    assert [trace.text[0] for trace in kinds] == ["+0.200", "−0.100", "+0.030"]


def test_labels_that_people_wrote_are_no_markup():
    names = {"k0": "Medical history: <b>& " + "x" * 60}
    figure = charts.waterfall(charts.bars(0.5, {"k0": 0.1}, 0.0, names=names))
    label = figure.layout.yaxis.ticktext[1]
    assert label.startswith("Medical history: &lt;b>&amp; x")
    assert label.endswith("…")


def test_a_score_in_words_has_every_bar():
    rows = charts.bars(0.5, {"k0": 0.2, "k1": -0.1}, 0.03, names=NAMES)
    assert charts.waterfall_in_words("cardio", rows) == (
        "How the score of cardio comes about: Average person 0.500; Attribute k0: usual +0.200; "
        "Attribute k1: usual −0.100; For trying it out +0.030; Score 0.630."
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.12345, "+0.123"), (-0.5, "−0.500"), (0.0, "0.000"), (-0.0001, "0.000"), (0.0004, "0.000")],
)
def test_what_is_added_has_its_sign_unless_it_is_nothing(value, shown):
    assert charts.signed(value) == shown


def test_scores_before_and_after_stand_side_by_side_by_pattern():
    now, after = {"cardio": 0.5, "strength": 0.4}, {"cardio": 0.3, "strength": 0.45}
    names = {"cardio": "Cardio", "strength": "Strength (masked)"}
    found = traces(charts.comparison(now, after, names=names))
    assert list(found["now"].x) == [0.5, 0.4]
    assert list(found["with the change"].x) == [0.3, 0.45]
    assert list(found["now"].y) == ["Cardio", "Strength (masked)"]
    assert found["now"].marker.pattern.shape != found["with the change"].marker.pattern.shape
    assert "Cardio 0.500 now, 0.300 with the change" in charts.comparison_in_words(now, after, names=names)


def test_without_a_change_there_is_one_bar_an_arm():
    figure = charts.comparison({"cardio": -0.2}, None, names={"cardio": "Cardio"})
    assert [trace.name for trace in figure.data] == ["now"]
    assert figure.layout.xaxis.range[0] < -0.2
    assert charts.comparison_in_words({"cardio": -0.2}, None, names={"cardio": "Cardio"}) == (
        "Scores now: Cardio −0.200."
    )
