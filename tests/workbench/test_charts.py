import pytest

from core.services.studies.study import Chart, Series
from workbench.charts import DASHES, PALETTE, SYMBOLS, figure


def chart(kind: str, count: int = 3) -> Chart:
    x: tuple[float | str, ...] = ("one", "a long name (with a remark)") if kind == "intervals" else (1.0, 2.0)
    series = tuple(Series(f"s{i}", x, (10.0 + i, 20.0), (9.0, None), (12.0 + i, None)) for i in range(count))
    return Chart(kind, "Title", "x", "y", series, "alt")  # type: ignore[arg-type]


def test_intervals_stand_side_by_side_with_their_ends_where_they_belong() -> None:
    drawn = figure(chart("intervals"))
    assert [trace.name for trace in drawn.data] == ["s0", "s1", "s2"]
    assert len({trace.x[0] for trace in drawn.data}) == 3
    assert all(abs(trace.x[0]) < 0.5 for trace in drawn.data)
    second = drawn.data[1]
    assert second.y == (11.0, 20.0)
    assert second.error_y.array == (2.0, None)
    assert second.error_y.arrayminus == (2.0, None)
    assert drawn.layout.xaxis.ticktext == ("one", "a long name (with a remark)")


def test_every_name_under_a_chart_is_shown_level_while_there_is_room() -> None:
    def axis(*names: str):
        x = (*names, *(str(number) for number in range(6 - len(names))))
        return figure(Chart("intervals", "T", "", "y", (Series("s", x, (1.0,) * 6),), "")).layout.xaxis

    wrapped = axis("Markov, first order (not in the paper)")
    assert wrapped.ticktext[0] == "Markov,<br>first order<br>(not in the<br>paper)"
    assert wrapped.tickangle == 0
    assert axis("Incomprehensibilities").tickangle is None  # wider than its place: Plotly turns them all


@pytest.mark.parametrize("kind", ["intervals", "lines"])
def test_series_differ_by_more_than_colour(kind: str) -> None:
    drawn = [trace for trace in figure(chart(kind, 4)).data if trace.name]
    assert len({trace.marker.symbol for trace in drawn}) == 4
    if kind == "lines":
        assert len({trace.line.dash for trace in drawn}) == 4


def test_a_chart_of_synthetic_data_says_so() -> None:
    assert figure(chart("lines"), synthetic=True).layout.title.subtitle.text == "synthetic data"
    assert figure(chart("lines")).layout.title.subtitle.text is None


def test_lines_carry_their_band() -> None:
    drawn = figure(
        Chart("lines", "T", "x", "y", (Series("s", (1.0, 2.0), (5.0, 6.0), (4.0, 5.0), (6.0, 7.0)),), "")
    )
    band, line = drawn.data
    assert (band.fill, band.mode) == ("toself", "lines")
    assert band.y == (6.0, 7.0, 5.0, 4.0)
    assert line.y == (5.0, 6.0)


@pytest.mark.parametrize("kind", ["intervals", "lines"])
def test_thousands_are_separated_as_in_the_tables(kind: str) -> None:
    drawn = figure(chart(kind))
    assert drawn.layout.xaxis.separatethousands is drawn.layout.yaxis.separatethousands is True
    if kind == "intervals":
        assert "%{y:,.2f}" in drawn.data[0].hovertemplate


def test_markup_in_names_is_not_markup() -> None:
    drawn = figure(Chart("intervals", "T", "x", "y", (Series("s", ("<b>x</b>",), (1.0,)),), ""))
    assert drawn.layout.xaxis.ticktext == ("&lt;b&gt;x&lt;/b&gt;",)


def test_the_palette_has_no_two_alike() -> None:
    assert len(set(PALETTE)) == len(PALETTE) >= 8
    assert len(set(SYMBOLS)) == len(SYMBOLS)
    assert len(set(DASHES)) == len(DASHES)
