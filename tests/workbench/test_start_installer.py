import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.start.installer import Pip, PipFailed, Watch, explain

# As pip 26.3 prints it with --progress-bar raw.
OUTPUT = """\
Looking in indexes: https://pypi.org/simple
Collecting pandas>=3.0 (from -r requirements.txt (line 3))
  Downloading pandas-3.1.1-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (79 kB)
Processing /wheels/plotly-7.1.0-py3-none-any.whl (from -r requirements.txt (line 4))
Collecting click>=8 (from streamlit)
  Using cached click-8.5.1-py3-none-any.whl.metadata (2 kB)
Downloading pandas-3.1.1-cp311-cp311-manylinux_2_28_x86_64.whl (12.4 MB)
Progress 0 of 12000000
Progress 3000000 of 12000000
"""


def fed(text: str, expected: int = 52) -> Watch:
    watch = Watch(expected)
    for line in text.splitlines():
        watch.feed(line, now=10.0)
    return watch


def test_while_fetching_it_tells_packages_bytes_and_time_left() -> None:
    text = fed(OUTPUT).text(0, now=15.0)
    assert (
        text == "3 of about 52 found, 3.0 MB fetched, now pandas, 3.0 MB of 12.0 MB, about 15 s left for it"
    )


def test_bytes_of_finished_files_are_kept() -> None:
    watch = fed(OUTPUT + "Progress 12000000 of 12000000\nDownloading click-8.5.1-py3-none-any.whl (126 kB)\n")
    watch.feed("Progress 100000 of 126000", now=11.0)
    assert "12.1 MB fetched, now click, 100 kB of 126 kB" in watch.text(0, now=11.0)


def test_while_unpacking_time_left_goes_by_the_size_of_the_files() -> None:
    watch = fed(OUTPUT + "Installing collected packages: plotly, pandas, click, streamlit\n")
    assert watch.text(0, now=11.0) == "0 of 4 unpacked, now plotly"
    # plotly's size is not known, so it counts for little against pandas.
    assert watch.text(1, now=15.0) == "1 of 4 unpacked, now pandas, 5 s so far"
    assert watch.text(2, now=20.0) == "2 of 4 unpacked, now click, about 1 s left"
    # Packages that were replaced make the count go astray; it never passes the total.
    assert watch.text(7, now=20.0) == "4 of 4 unpacked, finishing"


def test_the_size_of_a_file_on_disk_is_looked_up(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0-cp311-cp311-linux_x86_64.whl"
    wheel.write_bytes(b"x" * 700)
    watch = fed(f"Processing {wheel}")
    assert watch.sizes == {"torch": 700}
    assert fed("Processing /nowhere/torch-2.13.0-py3-none-any.whl").sizes == {}


def test_with_nothing_to_come_it_does_not_count() -> None:
    assert (
        fed("Requirement already satisfied: numpy", expected=0).text(0, now=1.0).startswith("all are there")
    )


def test_more_packages_than_the_lock_foretold_do_not_pass_the_total() -> None:
    assert fed(OUTPUT, expected=1).text(0, now=10.0).startswith("3 of about 3 found")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("WARNING: Retrying after connection broken by 'NewConnectionError(...)'", "No connection"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "cannot be written"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate"),
        ("ERROR: No matching distribution found for torch==2.13.0", "has no torch==2.13.0 for Python"),
        ("no such option: --python", "too old"),
        ("ERROR: something new", "its last words were: something new"),
    ],
)
def test_each_cause_has_a_sentence_with_a_remedy(line: str, said: str) -> None:
    sentence = explain(["Collecting x", line, "ERROR: more" if "Retrying" in line else ""], Path("x.log"))
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_no_network_is_told_rather_than_the_missing_package_it_leads_to() -> None:
    lines = ["WARNING: ... NewConnectionError ...", "ERROR: No matching distribution found for pip==26.3"]
    assert explain(lines, Path("x.log")).startswith("No connection")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "guard", os.O_CREAT | os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def fake_pip(folder: Path, script: str, held: int) -> Pip:
    program = folder / "pip.py"
    program.write_text(script, "utf-8")
    return Pip([sys.executable, str(program)], folder / "log.txt", folder / "site-packages", held)


@pytest.mark.parametrize(
    ("said", "touched"), [("ERROR: no", False), ("Installing collected packages: x", True)]
)
def test_a_failure_tells_whether_the_environment_was_touched(
    tmp_path: Path, held: int, said: str, touched: bool
) -> None:
    pip = fake_pip(tmp_path, f"import sys; print({said!r}); sys.exit(1)", held)
    with pytest.raises(PipFailed) as failure:
        pip.install(["x"], 1, lambda _: None)
    assert failure.value.touched is touched


def test_when_the_report_fails_pip_is_stopped(tmp_path: Path, held: int) -> None:
    pip = fake_pip(tmp_path, "import time; print('Collecting x', flush=True); time.sleep(60)", held)

    def stops(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pip.install(["x"], 1, stops)


def test_pip_runs_apart_from_settings_that_would_install_elsewhere(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    pip = fake_pip(
        tmp_path,
        "import os, sys; print(sys.argv[1:], os.environ.get('PIP_TARGET'), sys.stdin.read() == '')",
        held,
    )
    pip.install(["numpy"], 1, lambda _: None)
    said = pip.log.read_text("utf-8")
    assert said.startswith("['install', '--progress-bar', 'raw', '--no-input'")
    assert said.rstrip().endswith("'numpy'] None True")


def test_the_child_holds_the_guard(tmp_path: Path, held: int) -> None:
    if sys.platform == "win32":
        pytest.skip("descriptors are not inherited on Windows")
    pip = fake_pip(tmp_path, "import os, sys; os.fstat(int(sys.argv[-1])); print('held')", held)
    assert stat.S_ISREG(os.fstat(pip.held).st_mode)
    pip.install([str(pip.held)], 1, lambda _: None)
    assert pip.log.read_text("utf-8") == "held\n"
