import io

import pytest

from workbench.start.progress import Progress, amount, span


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_log_a_step_is_told_every_few_seconds() -> None:
    now = [0.0]
    stream = io.StringIO()
    progress = Progress(stream, 2, clock=lambda: now[0])
    progress.step("Fetching")
    for now[0] in (1.0, 2.0, 6.0, 7.0):
        progress.update(f"at {now[0]:.0f}")
    progress.done()
    progress.note("a remark")
    progress.step("Trying")
    assert stream.getvalue().splitlines() == [
        "[1/2] Fetching …",
        "[1/2] Fetching: at 6",
        "[1/2] Fetching: done",
        "      a remark",
        "[2/2] Trying …",
    ]


def test_on_a_terminal_a_step_stays_on_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    progress = Progress(stream, 1, clock=lambda: 0.0)
    progress.step("Fetching")
    progress.update("a long tale " * 10)
    progress.done()
    progress.close()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    shown = text.rstrip("\n").split("\r")[1:]
    assert [len(line) for line in shown] == [39, 39, 39]
    assert shown[-1].rstrip() == "[1/1] Fetching: done"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (4100, "4 kB"), (12_356_904, "12.4 MB"), (2_700_000_000, "2.7 GB")]
)
def test_amounts(number: int, text: str) -> None:
    assert amount(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "about 1 s"), (40.4, "about 40 s"), (170, "about 3 min")]
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text
