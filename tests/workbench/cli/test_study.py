import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InputError
from core.services.studies import running
from core.store import Store, jobs, people
from tests.toy_studies import STUDIES
from workbench.cli import study
from workbench.start.main import main

ROOT = Path(__file__).parents[3]
WORKERS = ("--studies", "tests.toy_studies", "--lease", "2")


def execute(tmp_path: Path, *arguments: str) -> int:
    return study.execute(
        STUDIES,
        "toy",
        ["--out", str(tmp_path / "out"), *arguments],
        data=tmp_path / "data",
        worker_options=WORKERS,
    )


def test_a_run_writes_its_figures_and_a_second_call_repeats_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--count", "4", "--seconds", "0.01", "--seed", "9", "--colours", "green", "--loud"]
    assert execute(tmp_path, *arguments) == 0
    printed = capsys.readouterr()
    assert "The mean is" in printed.out
    assert "100 %" in printed.err
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    assert document["settings"]["colours"] == ["green"]
    assert document["settings"]["loud"] is True
    assert document["made"]["Seed"] == "9"
    assert document["made"]["Data hash"] == "same"
    assert "Synthetic data" in printed.out
    assert document["result"]["synthetic"] is True
    rows = list(csv.reader((tmp_path / "out" / "throws-synthetic.csv").read_text().splitlines()))
    assert rows[0] == ["Piece", "Value"]
    assert [row[0] for row in rows[1:]] == ["'=0", "'=1", "'=2", "'=3"]
    report = (tmp_path / "out" / "report.html").read_text()
    assert report.count("Plotly.newPlot") == 1
    assert "Synthetic data" in report
    assert document["audit_head"] in report
    assert 'src="http' not in report
    assert execute(tmp_path, *arguments) == 0
    assert running.count(Store(tmp_path / "data")) == 1


def test_an_interrupted_run_goes_on_from_its_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from workbench.cli import study; from tests.toy_studies import STUDIES;"
        "sys.exit(study.execute(STUDIES, 'toy', sys.argv[2:], data=Path(sys.argv[1]), worker_options="
        f"{WORKERS!r}))"
    )
    arguments = ["--count", "12", "--seconds", "0.4", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-c", code, str(tmp_path / "data"), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    note = tmp_path / "out" / "run.json"
    deadline = time.monotonic() + 60
    while not (note.exists() and done(tmp_path, note) >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = done(tmp_path, note)
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pieces are done" in ended.stdout
    assert before >= 2
    store = Store(tmp_path / "data")
    (run,) = running.newest(store, STUDIES)
    assert {p["attempts"] for p in jobs.pieces(store.db, run.id)} == {1}, "nothing was repeated"
    assert people.setting(store.db, "toy published", 0) == 1


def done(tmp_path: Path, note: Path) -> int:
    run = json.loads(note.read_text())["run"]
    return running.run(Store(tmp_path / "data"), STUDIES, run).pieces_done


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    assert execute(tmp_path, "--count", "1", "--seconds", "0") == 0
    with pytest.raises(InputError, match="holds another run"):
        execute(tmp_path, "--count", "2", "--seconds", "0")


def test_a_failed_run_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(tmp_path, "--seconds", "0", "--trouble", "sentence") == 1
    assert "The dice are loaded. Take other dice." in capsys.readouterr().err
    assert not (tmp_path / "out" / "result.json").exists()


def test_help_lists_the_studies_and_their_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["study", "--help"])
    assert ended.value.code == 0
    assert "recommenders" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        study.execute(STUDIES, "toy", ["--help"], data=tmp_path)
    shown = capsys.readouterr().out
    assert "--count" in shown
    assert "--no-loud" in shown
    assert "How long each takes. (default: 0.05)" in shown


def test_a_per_cent_sign_in_a_description_is_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study.parser(replace(STUDIES["toy"], description="With 80 % of all."), tmp_path).print_help()
    assert "With 80 % of all." in capsys.readouterr().out


def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="Pieces is 0"):
        execute(tmp_path, "--count", "0")
    with pytest.raises(SystemExit):
        execute(tmp_path, "--trouble", "much")
    assert "invalid choice: 'much'" in capsys.readouterr().err
    assert running.count(Store(tmp_path / "data")) == 0
