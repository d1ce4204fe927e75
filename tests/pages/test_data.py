from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from core.services import Store
from core.services.importing import apple, check
from core.services.studies import registry, running
from core.store import audit, people
from tests.cohorts import small_cohort
from tests.core.services.importing.exports import export, record

PAGE = Path(__file__).parents[2] / "pages" / "data.py"
# With the page that its links lead to.
APP = f"""
import streamlit as st
st.navigation([st.Page({str(PAGE)!r}, default=True), st.Page({str(PAGE.with_name("studies.py"))!r})]).run()
"""
LOG = "client,time,exercise\nanna,2026-01-05,Squat\nbo,2026-01-06,Squat\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def page(folder):
    app = AppTest.from_file(str(PAGE), default_timeout=30)
    app.run()
    assert not app.exception
    return app


def name_file(page, path):
    page.segmented_control(key="import_way").set_value("Name a file or folder on this machine").run()
    page.text_input(key="import_path_0").set_value(str(path)).run()
    assert not page.exception
    return page


def everything(page):
    shown = [*page.markdown, *page.warning, *page.info, *page.error, *page.success, *page.subheader]
    return "\n".join(element.value for element in shown)


def stored(folder):
    store = Store(folder / "data")
    try:
        return store.db.execute("SELECT count(*) FROM exercise_log").fetchone()[0]
    finally:
        store.close()


def test_a_file_is_reported_agreed_to_and_taken(page, folder):
    path = folder / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    name_file(page, path)
    # A cohort without clients and exercises gets those of the file, unless the person says otherwise.
    assert page.checkbox(key="import_new_clients").value
    assert page.checkbox(key="import_new_exercises").value
    page.checkbox(key="import_new_clients").uncheck().run()
    page.checkbox(key="import_new_exercises").uncheck().run()
    assert page.button(key="import_take").disabled
    assert "clients that the cohort does not know. Correct it, or have them added: tick the box above." in (
        everything(page)
    )
    page.checkbox(key="import_new_clients").check().run()
    page.checkbox(key="import_new_exercises").check().run()
    assert "rows to add: **2**" in everything(page)
    assert list(page.table[0].value.iloc[:, 1]) == [r"5 Jan 2026, 00\:00", r"6 Jan 2026, 00\:00"]
    assert not page.button(key="import_take").disabled
    assert stored(folder) == 0
    page.button(key="import_take").click().run()
    assert not page.exception
    assert "is in “My clients”" in everything(page)
    assert "Now train a model for this cohort" in everything(page)
    assert stored(folder) == 2
    assert not page.checkbox(key="import_new_clients").value
    assert not page.checkbox(key="import_new_exercises").value
    page.text_input(key="import_path_1").set_value(str(path)).run()
    assert page.button(key="import_take").disabled
    assert "already taken" in everything(page)


def test_problems_are_listed_and_nothing_can_be_taken(page, folder):
    path = folder / "log.csv"
    path.write_text(LOG + "anna,*soon*,Squat\n", encoding="utf-8")
    name_file(page, path)
    page.checkbox(key="import_new_clients").check().run()
    page.checkbox(key="import_new_exercises").check().run()
    assert "Problems: 1" in everything(page)
    problems = page.table[-1].value
    assert list(problems.iloc[0][:3]) == ["4", "time", r"\*soon\*"]
    (download,) = page.get("download_button")
    assert download.proto.label == "Download 1 problem"
    store = Store(folder / "data")
    assert [row["action"] for row in audit.recent(store.db)] == []
    state = WidgetState(id=download.proto.id, trigger_value=True)
    page._tree.get_widget_states = lambda: WidgetStates(widgets=[state])  # the test kit has no such button
    page.run()
    rows = [(row["action"], row["subject"], row["detail"]) for row in audit.recent(store.db)]
    assert rows == [("export import problems", "file log.csv", '{"rows":1}')]
    store.close()
    assert page.button(key="import_take").disabled


def test_what_cannot_be_read_is_a_sentence(page, folder):
    name_file(page, folder / "missing.csv")
    assert "is no file" in page.error[0].value
    empty = folder / "empty.csv"
    empty.touch()
    page.text_input(key="import_path_0").set_value(str(empty)).run()
    assert "The file is empty" in page.error[0].value


def test_a_phones_export_asks_whose_steps_it_holds(page, folder, monkeypatch):
    clients = folder / "clients.csv"
    clients.write_text("client,name\nC01,Anna\nC02,Bo\n", encoding="utf-8")
    name_file(page, clients)
    page.button(key="import_take").click().run()
    path = folder / "export.xml"
    path.write_bytes(
        export(
            record("Watch", "08:00:00", "08:10:00", 1000),
            record("Watch", "08:00:00", "09:00:00", 0, day="2026-01-06"),
        )
    )
    reads = []
    real = apple.read
    monkeypatch.setattr(apple, "read", lambda *arguments: reads.append(1) or real(*arguments))
    page.text_input(key="import_path_1").set_value(str(path)).run()
    assert not page.exception
    assert "choose them under “Whose steps” above" in everything(page)
    assert page.button(key="import_take").disabled
    whose = page.selectbox(key="import_client_1_My clients")
    assert whose.options == ["Anna (C01)", "Bo (C02)"]
    whose.set_value("C02").run()
    assert "All of it is C02's" in everything(page)
    assert "days to add: **1**" in everything(page)
    page.selectbox(key="import_zeros").set_value("zero").run()
    assert "days to add: **2**" in everything(page)
    page.selectbox(key="import_zeros").set_value("not-worn").run()
    # The test kit knows no typing of new options.
    page.selectbox(key="import_client_1_My clients").options.append("Cleo")
    page.selectbox(key="import_client_1_My clients").set_value("Cleo").run()
    assert "new clients: **1**" in everything(page)
    page.selectbox(key="import_client_1_My clients").options.append("Cleo")
    page.button(key="import_take").click().run()
    assert not page.exception
    assert "is in “My clients”" in everything(page)
    assert len(reads) == 1  # however often a choice changed
    store = Store(folder / "data")
    rows = store.db.execute(
        "SELECT c.name, day, steps FROM steps JOIN clients c ON c.id = client_id"
    ).fetchall()
    assert rows == [("Cleo", "2026-01-05", 1000)]
    store.close()


def test_a_csv_file_that_names_its_clients_asks_for_none(page, folder):
    path = folder / "steps.csv"
    path.write_text("client,day,steps\na,2026-01-05,5\n", encoding="utf-8")
    name_file(page, path)
    assert not [box for box in page.selectbox if box.label == "Whose steps"]
    assert page.selectbox(key="import_zeros").value == "not-worn"
    assert not page.button(key="import_take").disabled
    assert not any("Up to 200 MB" in said.value for said in page.markdown)
    page.segmented_control(key="import_way").set_value("Upload a file").run()
    assert any("Up to 200 MB" in said.value for said in page.markdown)


def test_somebody_elses_change_in_between_is_said_and_the_file_is_checked_anew(page, folder):
    path = folder / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    name_file(page, path)
    page.checkbox(key="import_new_clients").check().run()
    page.checkbox(key="import_new_exercises").check().run()
    store = Store(folder / "data")
    with store.change("add cohort", by="somebody", subject="cohort") as change:
        people.add_cohort(change.db, "My clients", source="elsewhere", synthetic=False)
    page.button(key="import_take").click().run()
    assert "has changed since" in page.error[0].value
    assert stored(folder) == 0
    page.run()
    page.button(key="import_take").click().run()
    assert stored(folder) == 2
    assert check(store, path).needs
    store.close()


def test_the_model_in_force_is_told_and_trained_anew_by_a_button(folder):
    small_cohort(folder / "data", clients=12, days=8).close()
    page = AppTest.from_string(APP, default_timeout=30).run()
    assert not page.exception
    assert "Test cohort" in everything(page)
    assert "model version 1 of" in everything(page)
    assert "synthetic" in everything(page)
    page.button(key="train 1").click().run()
    assert not page.exception
    store = Store(folder / "data")
    run = running.newest(store, registry.STUDIES)[0]
    assert (run.study, run.settings["cohort"], run.state) == ("train", "Test cohort", "queued")
    assert page.get("page_link")
    with pytest.raises(KeyError):
        page.button(key="train 1")
    store.close()


def test_a_cohort_without_a_log_cannot_be_trained(folder):
    store = Store(folder / "data")
    with store.change("add", by="system", subject="x") as change:
        people.add_cohort(change.db, "Empty", source="x", synthetic=False)
    page = AppTest.from_file(str(PAGE), default_timeout=30).run()
    assert not page.exception
    assert page.button(key="train 1").disabled
    assert "no model yet" in everything(page)
    store.close()
