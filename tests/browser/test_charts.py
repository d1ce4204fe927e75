"""Charts as Plotly draws them: nothing of one lies on another part of it."""

import pytest
from playwright.sync_api import Browser

from core.services.studies.study import Chart, Series
from workbench.charts import figure
from workbench.components.study_run import CHART_WIDTH

BOXES = """() => Object.fromEntries([".main-svg", ".legend", ".g-xtitle", ".nsewdrag"].map((part) => {
  const box = document.querySelector(part).getBoundingClientRect();
  return [part, [box.top, box.bottom]];
}))"""


@pytest.mark.parametrize("kind", ["intervals", "lines"])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_legend_stays_clear_of_the_axis_title_however_many_rows_it_has(
    browser: Browser, kind: str, count: int
) -> None:
    x = ("one", "a category with a long name (and a remark to it)") if kind == "intervals" else (1.0, 2.0)
    series = tuple(Series(f"A series with a long name {i}", x, (8000.0, 9000.0 + i)) for i in range(count))
    drawn = figure(Chart(kind, "Title", "Steps a day", "y", series, "alt"))  # type: ignore[arg-type]
    drawn.update_layout(showlegend=True)
    page = browser.new_page(viewport={"width": CHART_WIDTH + 20, "height": 600})
    page.set_content(drawn.to_html(include_plotlyjs=True, default_width=f"{CHART_WIDTH}px"))
    page.wait_for_selector(".g-xtitle")
    boxes = page.evaluate(BOXES)
    page.close()
    assert boxes[".g-xtitle"][1] + 4 <= boxes[".legend"][0]
    assert boxes[".legend"][1] <= boxes[".main-svg"][1]
    assert boxes[".nsewdrag"][1] - boxes[".nsewdrag"][0] > 150  # and the picture itself is not squeezed away
