"""The command that checks the audit: whole, rewritten, cut off."""

import sqlite3
from pathlib import Path

import pytest

from core.store import Store, audit
from workbench.start.main import main


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPOTTER_HANDED_OVER", "1")
    store = Store(tmp_path / "data")
    for number in range(5):
        with store.change("add note", by="Kim", subject=f"client {number}"):
            pass
    store.close()
    return tmp_path / "data"


def run(data: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("SPOTTER_HANDED_OVER", "1")
    return main(["audit", "--data", str(data), *arguments])


def bare(data: Path, *statements: str) -> None:
    connection = sqlite3.connect(data / Store.FILE)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def head(data: Path) -> str:
    store = Store(data)
    found = audit.head(store.db)
    store.close()
    return found


def test_a_whole_record_is_counted_and_its_head_told(data, monkeypatch, capsys):
    assert run(data, monkeypatch, "--head", head(data)) == 0
    printed = capsys.readouterr().out
    assert "5 rows" in printed
    assert head(data) in printed
    assert "is on record" in printed


def test_a_changed_row_is_named(data, monkeypatch, capsys):
    bare(data, "DROP TRIGGER audit_is_append_only_update", "UPDATE audit SET actor = 'Bo' WHERE id = 3")
    assert run(data, monkeypatch) == 1
    assert "row 3 was changed" in capsys.readouterr().err


def test_rows_cut_off_show_against_a_head_noted_before(data, monkeypatch, capsys):
    noted = head(data)
    trigger = sqlite3.connect(data / Store.FILE).execute(
        "SELECT sql FROM sqlite_master WHERE name = 'audit_is_append_only_delete'"
    )
    bare(
        data,
        "DROP TRIGGER audit_is_append_only_delete",
        "DELETE FROM audit WHERE id = 5",
        trigger.fetchone()[0],
    )
    assert run(data, monkeypatch) == 0
    assert run(data, monkeypatch, "--head", noted) == 1
    assert "not on record" in capsys.readouterr().err


def test_a_folder_without_a_database_is_told_and_left_alone(tmp_path, monkeypatch, capsys):
    assert run(tmp_path, monkeypatch) == 1
    assert "no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
