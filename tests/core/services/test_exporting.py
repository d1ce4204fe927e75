import csv
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.services import Store
from core.services.exporting import csv_text, file_name, noted
from core.store import audit


def test_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not() -> None:
    cells = ["=1+1", "＝1+1", "+1", "-1", "@x", "\tx", "\0x", "\rx", "x=1", -1.5, 3, None, True]
    (header, row) = csv.reader(io.StringIO(csv_text(["=a"] + ["b"] * 11, [cells]), newline=""))
    assert header[0] == "'=a"
    assert row == [
        "'=1+1",
        "'＝1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "'\0x",
        "'\rx",
        "x=1",
        "-1.5",
        "3",
        "",
        "yes",
    ]


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8")) | st.floats(allow_nan=False), min_size=2, max_size=2)
    )
)
def test_what_was_written_reads_back(rows: list[list[str | float]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows), newline="")))[1:]
    assert len(read) == len(rows)
    for before, after in zip(rows, read, strict=True):
        for cell, text in zip(before, after, strict=True):
            if isinstance(cell, float):
                assert float(text) == cell
            else:
                assert text in (cell, f"'{cell}")
                assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


def test_file_names_suit_every_system() -> None:
    assert file_name("Throw dice: a/b", "É 1") == "throw-dice-a-b-1"
    assert file_name("…") == "table"
    assert file_name("Accuracy", synthetic=True) == "accuracy-synthetic"
    assert len(file_name("x" * 200)) == 80
    assert len(file_name("x" * 200, synthetic=True)) == 80
    assert file_name("x" * 200, synthetic=True).endswith("-synthetic")


def test_what_leaves_the_workbench_is_in_the_audit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    head = noted(store, "import problems", subject="file log.csv", by="Ana", detail={"rows": 3})
    row = audit.recent(store.db, 1)[0]
    assert (row["action"], row["actor"], row["subject"]) == ("export import problems", "Ana", "file log.csv")
    assert row["detail"] == '{"rows":3}'
    assert head == audit.head(store.db) != audit.GENESIS
