import argparse

import pytest

from core.errors import InputError
from core.services import Store
from core.services.importing import Choices, DateOrder, Kind, ZeroDays
from tests.cohorts import small_cohort
from tests.core.services.importing.exports import export, record
from workbench.cli import importing

LOG = "client,time,exercise\nanna,3/4/2026,Squat\nbo,5/6/2026,=1+1\n"


@pytest.fixture
def run(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(LOG, encoding="utf-8")

    def call(*words, path=log):
        parser = argparse.ArgumentParser()
        importing.add_arguments(parser)
        options = parser.parse_args([str(path), *words])
        options.data = tmp_path / "data"
        return importing.run(options)

    return call


def rows(tmp_path):
    store = Store(tmp_path / "data")
    try:
        return store.db.execute("SELECT at FROM exercise_log ORDER BY at").fetchall()
    finally:
        store.close()


@pytest.fixture
def known(run, tmp_path):
    """The cohort has a client and an exercise, so that others have to be agreed to."""
    for name, text in (("clients.csv", "client\ncarl\n"), ("exercises.csv", "exercise\nPlank\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert run("--yes", path=tmp_path / name) == 0


@pytest.mark.usefixtures("known")
def test_the_report_asks_for_switches_until_the_file_can_be_taken(run, tmp_path, capsys):
    assert run("--yes") == 1
    assert "which comes first: add --dates day-first or --dates month-first." in capsys.readouterr().out
    assert run("--yes", "--dates", "month-first") == 1
    out = capsys.readouterr().out
    assert "have them added: add --new-clients." in out
    assert "have them added: add --new-exercises." in out
    assert "2     client    anna   is no client of “My clients”: 1 row, first in line 2" in out
    assert rows(tmp_path) == []
    assert run("--yes", "--dates", "month-first", "--new-clients", "--new-exercises") == 0
    assert rows(tmp_path) == [("2026-03-04T00:00:00.000Z",), ("2026-05-06T00:00:00.000Z",)]
    assert "Done: 3 clients" in capsys.readouterr().out


def test_a_new_cohort_gets_the_clients_and_exercises_of_its_log(run, tmp_path, capsys):
    assert run("--yes", "--dates", "month-first") == 0
    out = capsys.readouterr().out
    assert "“My clients” has no clients yet, so those that the file names are added." in out
    assert "“My clients” has no exercises yet, so those that the file names are added." in out
    assert len(rows(tmp_path)) == 2


def test_the_command_to_train_is_named_after_a_log_until_there_is_a_model(run, tmp_path, capsys, monkeypatch):
    catalogue = tmp_path / "exercises.csv"
    catalogue.write_text("exercise\nSquat\n", encoding="utf-8")
    assert run("--yes", path=catalogue) == 0
    assert "Now train" not in capsys.readouterr().out
    words = ("--yes", "--dates", "month-first", "--new-exercises")
    assert run(*words) == 0
    command = "python3 -m workbench study train --cohort 'My clients' --seed 1 --out DIR"
    assert f"cohort: {command} --data {tmp_path / 'data'}\n" in capsys.readouterr().out
    store = small_cohort(tmp_path / "data", clients=12, days=8)
    store.close()
    assert run(*words, "--into", "Test cohort", "--new-clients") == 0
    assert "Now train" not in capsys.readouterr().out
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    assert run(*words, "--into", "Evening") == 0
    assert "study train --cohort Evening --seed 1 --out DIR\n" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "code", "count"), [("y", 0, 2), ("n", 1, 0), ("", 1, 0), (None, 1, 0)])
def test_nothing_is_taken_without_agreement(run, tmp_path, monkeypatch, answer, code, count):
    def reply(question):
        assert "Evening group" in question
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", reply)
    words = ("--into", "Evening group", "--dates", "day-first", "--new-clients", "--new-exercises")
    assert run(*words) == code
    assert len(rows(tmp_path)) == count


def test_the_first_rows_are_shown_as_people_read_them(run, tmp_path, capsys):
    path = tmp_path / "done.csv"
    path.write_text(
        "client,time,exercise,success\na,2026-01-05T08:00Z,b,1\na,2026-01-06T08:00Z,b,\n", "utf-8"
    )
    assert run("--yes", path=path) == 0
    head, first, second = (line.split() for line in capsys.readouterr().out.splitlines()[-6:-3])
    assert head == ["client", "time", "(UTC)", "exercise", "success", "difficulty"]
    assert first == ["a", "5", "Jan", "2026,", "08:00", "b", "yes", "–"]
    assert second == ["a", "6", "Jan", "2026,", "08:00", "b", "–", "–"]


def test_many_problems_are_cut_and_counted(run, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("client,time,exercise\n" + "a,never,b\n" * 30, encoding="utf-8")
    assert run("--new-clients", "--new-exercises", path=path) == 1
    out = capsys.readouterr().out
    assert "Problems: 30" in out
    assert "… and 10 more." in out
    assert out.count("is not a date") == 20


def test_a_file_that_cannot_be_read_is_an_input_error(run, tmp_path):
    with pytest.raises(InputError, match="is no file"):
        run(path=tmp_path / "missing.csv")


def test_the_switches_offer_every_kind_and_order():
    parser = argparse.ArgumentParser()
    importing.add_arguments(parser)
    offered = {action.dest: action.choices for action in parser._actions}
    assert offered["kind"] == list(Kind)
    assert offered["dates"] == list(DateOrder)
    assert offered["zero_days"] == list(ZeroDays)
    assert Choices(DateOrder("iso")).dates is DateOrder.ISO


@pytest.mark.usefixtures("known")
def test_a_phones_export_is_taken_for_the_client_that_is_named(run, tmp_path, capsys):
    path = tmp_path / "export.xml"
    filler = record("Watch", "09:00:00", "09:00:05", 77, kind="HeartRate") * 12_000
    path.write_bytes(export(filler, record("Watch", "08:00:00", "08:10:00", 1000)))
    assert run("--yes", path=path) == 1
    out = capsys.readouterr().out
    assert "Say which client it is: add --client NAME." in out
    assert " % read\n" in out
    assert run("--yes", "--client", "Dora", path=path) == 1
    assert "have them added: add --new-clients." in capsys.readouterr().out
    assert run("--yes", "--client", "carl", path=path) == 0
    assert "All of it is carl's, as you said." in capsys.readouterr().out
    store = Store(tmp_path / "data")
    assert store.db.execute("SELECT day, steps FROM steps").fetchall() == [("2026-01-05", 1000)]
    store.close()
    assert run("--yes", "--client", "carl", path=path) == 1
    assert "already taken" in capsys.readouterr().out


def test_zero_days_can_be_meant(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "no")
    path = tmp_path / "steps.csv"
    path.write_text("client,day,steps\na,2026-01-05,0\na,2026-01-06,5\n", encoding="utf-8")
    assert run(path=path) == 1
    assert "days of zero steps, left without a count: 1" in capsys.readouterr().out
    assert run("--yes", "--zero-days", "zero", path=path) == 0
    assert "days to add: 2" in capsys.readouterr().out
