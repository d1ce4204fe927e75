import re

import pytest

from core.services.picks.settings import PolicySettings
from core.services.picks.views import Estimate, Gap, Importance, Rehearsal
from workbench import pick_cohort_charts as charts

LABELS = {"age": "Age", "sex": "Sex", "location": "Exercise location"}
FOUND = Importance(
    keys=("age", "location", "sex"),
    values={"cardio": (0.3, 0.1, 0.01), "strength": (0.2, 0.3, 0.02)},
    null_high={"cardio": (0.1, 0.2, 0.05), "strength": (0.3, 0.2, 0.05)},
    people=40,
)
SEX = Gap(
    "sex", (("female", 20, 0.8), ("male", 30, 0.6)), 0.2, 0.05, 0.4, 0.08, 0.18, 0.02, "More than chance."
)
AGE = Gap(
    "age group", (("18–35", 20, 0.7), ("36–55", 30, 0.6)), 0.1, 0.0, 0.3, 0.08, 0.18, 0.4, "Within chance."
)


def estimate(name, difference, low, high):
    return Estimate(name, 0.6, 0.5, 0.7, difference, low, high)


REHEARSAL = Rehearsal(
    settings=PolicySettings(),
    decisions=200,
    logged_mean=0.6,
    estimates=(
        estimate("Inverse propensity", 0.1, -0.2, 0.4),
        estimate("Doubly robust", 0.05, 0.01, 0.09),
        estimate("Direct method", -0.06, -0.1, -0.02),
    ),
    effective=80.0,
    changed=0.2,
    arms=(("cardio", 0.5, 0.6),),
    sentence="",
)


def by_name(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_importance_fills_a_mark_only_beyond_its_band():
    traces = [trace for trace in charts.importance(FOUND, LABELS).data if trace.type == "scatter"]
    assert [trace.name for trace in traces] == ["cardio", "strength"]
    assert list(traces[0].marker.symbol) == ["circle", "circle-open", "circle-open"]
    assert list(traces[1].marker.symbol) == ["square-open", "square", "square-open"]
    assert traces[0].marker.color != traces[1].marker.color


def test_importance_has_the_largest_on_top_and_names_each():
    figure = charts.importance(FOUND, LABELS)
    assert list(figure.layout.yaxis.ticktext) == ["Age", "Exercise location", "Sex"]
    low, high = figure.layout.yaxis.range
    assert low > high  # downwards
    bands = [trace for trace in figure.data if trace.type == "bar"]
    assert [list(band.x) for band in bands] == [[0.1, 0.2, 0.05], [0.3, 0.2, 0.05]]
    assert sum(band.showlegend for band in bands) == 1


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (1.0, "No attribute stands out from what chance alone would give."),
        (0.25, "Only Age and Exercise location stand out from what chance alone would give."),
        (0.0, "Every attribute stands out from what chance alone would give."),
    ],
)
def test_importance_in_words(limit, sentence):
    nulls = dict.fromkeys(FOUND.values, (limit,) * 3)
    assert charts.importance_in_words(Importance(FOUND.keys, FOUND.values, nulls, 40), LABELS) == sentence


def test_one_attribute_stands_out_alone():
    nulls = dict.fromkeys(FOUND.values, (0.25, 0.9, 0.9))
    words = charts.importance_in_words(Importance(FOUND.keys, FOUND.values, nulls, 40), LABELS)
    assert words == "Only Age stands out from what chance alone would give."


def test_gaps_have_their_interval_over_the_band_and_the_papers_beside():
    traces = by_name(charts.gaps([SEX, AGE], {"sex": 0.05}))
    own = traces["this cohort, with its 95 % interval"]
    assert list(own.x) == [0.2, 0.1]
    assert list(own.error_x.array) == pytest.approx([0.2, 0.2])
    assert list(own.error_x.arrayminus) == pytest.approx([0.15, 0.1])
    assert list(traces["what shuffled groups give (95 %)"].x) == [0.18, 0.18]
    assert list(traces["the paper’s figure"].x) == [0.05]
    assert list(traces["the paper’s figure"].y) == [0]


def test_gaps_in_words():
    words = charts.gaps_in_words([SEX])
    assert words == "Sex: difference 0.20, 95 % interval 0.05 to 0.40; shuffled groups give up to 0.18."


def test_differences_show_nought_and_open_marks_for_what_tells_nothing():
    figure = charts.differences(REHEARSAL)
    traces = by_name(figure)
    assert list(traces["interval clear of 0"].y) == [1, 2]
    assert list(traces["cannot be told from no difference"].y) == [0]
    assert (
        traces["interval clear of 0"].marker.symbol
        != traces["cannot be told from no difference"].marker.symbol
    )
    low, high = figure.layout.xaxis.range
    assert low < -0.2
    assert high > 0.4
    assert figure.layout.shapes[0].x0 == 0


def test_nought_is_in_the_picture_of_a_clear_difference():
    clear = Rehearsal(**{**_fields(REHEARSAL), "estimates": (estimate("Doubly robust", 0.5, 0.4, 0.6),)})
    low, high = charts.differences(clear).layout.xaxis.range
    assert low <= 0 < 0.6 < high


def test_an_estimate_without_an_interval_is_left_out_of_the_picture_and_said():
    nothing = estimate("Inverse propensity", *(float("nan"),) * 3)
    partly = Rehearsal(**{**_fields(REHEARSAL), "estimates": (nothing, REHEARSAL.estimates[1])})
    figure = charts.differences(partly)
    assert all(value == value for trace in figure.data for value in trace.x)
    assert all(end == end for end in figure.layout.xaxis.range)
    assert charts.differences_in_words(partly).startswith("Inverse propensity: cannot be told.")


def test_differences_in_words_have_a_true_minus():
    words = charts.differences_in_words(REHEARSAL)
    assert "Direct method: −0.060, 95 % interval −0.100 to −0.020." in words
    assert not re.search(r"-\d", words)


def _fields(rehearsal):
    return {name: getattr(rehearsal, name) for name in Rehearsal.__dataclass_fields__}
