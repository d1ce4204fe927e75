from core.services.studies.running import PieceState, Run
from core.services.studies.study import Chart, Result, Series, Table
from workbench import report

RUN = Run(
    id="abc",
    study="toy",
    title="Toy <study>",
    settings={"count": 2},
    seed=3,
    state="done",
    actor="Ada",
    created_at="2026-01-01T00:00:00.000Z",
    started_at=None,
    finished_at=None,
    code_version="1",
    data_hash="",
    message="",
    pieces=(PieceState("p", "done", 1.0, 2.0), PieceState("q", "done", 1.0, 3.5)),
    fraction=1.0,
    seconds_left=None,
)


def test_html_is_escaped_and_needs_nothing_from_elsewhere() -> None:
    chart = Chart("lines", "C", "x", "y", (Series("s", (1.0,), (2.0,)),), 'says "hello"')
    table = Table("T", ("<b>", "n"), (("<script>alert(1)</script>", 1234.5),), "a < b")
    made = report.html(RUN, Result(("1 < 2",), (table,), (chart, chart)), audit_head="")
    assert "<title>Toy &lt;study&gt;</title>" in made
    assert "<script>alert(1)" not in made
    assert "&lt;script&gt;alert(1)" in made
    assert "aria-label='says &quot;hello&quot;'" in made
    assert "<td class=number>1,234.50</td>" in made
    assert made.count("Plotly.newPlot(") == 2
    assert "src='http" not in made
    assert 'src="http' not in made
    assert made.count("plotly.js v") == 1, "the library is in it once"


def test_the_head_of_the_audit_dates_the_report() -> None:
    assert "<td>Audit head</td><td>abc123</td>" in report.html(RUN, Result(("1",)), audit_head="abc123")


def test_synthetic_data_is_called_so_and_other_data_is_not() -> None:
    chart = Chart("lines", "C", "x", "y", (Series("s", (1.0,), (2.0,)),), "alt")
    made = report.html(RUN, Result(("Found.",), charts=(chart,), synthetic=True), audit_head="")
    assert made.index("Synthetic data") < made.index("Found.")
    assert '"subtitle":{"text":"synthetic data"}' in made
    plain = report.html(RUN, Result(("Found.",), charts=(chart,)), audit_head="")
    assert "ynthetic data" not in plain


def test_text_is_aligned_and_cut() -> None:
    table = Table("T", ("Name", "n"), (("a", 1.0), ("long", None), ("c", 100.0)), "note")
    assert report.text(table, most_rows=2) == (
        "T\n  Name     n\n  a     1.00\n  long     –\n  … and 1 more rows\nnote"
    )


def test_facts_add_up_the_time() -> None:
    facts = dict(report.facts(RUN))
    assert facts["Time of the pieces, added up"] == "5.5 s"
    assert facts["Pieces"] == "2 of 2"
    assert facts["Data hash"] == "no data"
