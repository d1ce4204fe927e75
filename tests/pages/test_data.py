import re
import shutil
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from core.services import Store, candidates, labelling, models, training
from core.services.importing import apple, check
from core.services.studies import registry, running
from core.store import audit, jobs, people, requests, versions
from tests.cohorts import ask_about_everyone, small_cohort, two_models
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


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A data folder with a cohort that has both models, the better of them, version 2, in force."""
    folder = tmp_path_factory.mktemp("two") / "data"
    store = small_cohort(folder, clients=12, days=8, train=False)
    two_models(store)
    ask_about_everyone(store)
    store.settle()
    store.close()
    return folder


@pytest.fixture
def store(two, folder):
    shutil.copytree(two, folder / "data")
    opened = Store(folder / "data")
    yield opened
    opened.close()


def models_page():
    app = AppTest.from_string(APP, default_timeout=60)
    app.session_state["user"] = "Ana"
    app.run()
    assert not app.exception
    return app


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def reported(store, change):
    """Both models once more, with reports as versions from other times have them."""
    kept = training.kept(store, 1)[:2]
    trained = [models.Trained(1, one["weights"], change(one["report"])) for one in kept]
    training.publish(store, trained, by="system")


def in_force(store):
    return people.cohort(store.db, 1)["model_version_id"]


def test_every_candidate_stands_with_its_figures_and_the_one_in_use_is_told_with_the_reason(store):
    page = models_page()
    report = training.kept(store, 1)[0]["report"]
    best = candidates.TITLES[report["family"]]
    assert f"In use: **{best}**, model version 2 of" in everything(page)
    assert "because it did best on clients held out." in everything(page)
    shown = html(page)
    assert f"<td>{best} (in use, best)</td>" in shown
    for row in report["candidates"]:
        assert row["title"] in shown
        for k in ("1", "5", "10"):
            assert f"<td>{row['top'][k]:.1f}</td>" in shown
        assert f"<td>{row['calibration_error']:.3f}</td>" in shown
    assert len(report["candidates"]) == 5
    summary = report["summary"]
    assert f"{summary['error_before']:.3f} without it, {summary['error_after']:.3f} with it" in everything(
        page
    )
    assert "These clients are synthetic" in everything(page)


def test_the_model_that_training_is_to_use_is_chosen_and_kept(store):
    page = models_page()
    choice = page.selectbox(key="choice 1")
    assert choice.options == ["The best on clients held out", "Full history", "Network of the paper"]
    choice.set_value("paper").run()
    assert not page.exception
    assert training.choice(store, 1) == "paper"
    assert models_page().selectbox(key="choice 1").value == "paper"
    page.button(key="train 1").click().run()
    assert not page.exception
    assert running.newest(store, registry.STUDIES)[0].settings["model"] == "paper"
    (progress,) = page.get("progress")
    assert "Waiting for a worker" in progress.proto.text


def test_a_model_that_was_chosen_for_training_is_not_told_to_be_the_best(store):
    reported(store, lambda report: {**report, "choice": report["family"]})
    assert "because that was chosen for training." in everything(models_page())
    loser = next(
        name for name in candidates.TEACHABLE if name != training.kept(store, 1)[0]["report"]["family"]
    )
    reported(store, lambda report: {**report, "choice": loser, "family": loser})
    assert "because that was chosen for training; another did better" in everything(models_page())


def test_another_model_is_put_in_force_and_taken_back(store):
    page = models_page()
    with pytest.raises(KeyError):
        page.button(key="use 2")  # in use already
    page.button(key="use 1").click().run()
    assert not page.exception
    assert in_force(store) == 1
    assert re.search(
        r"Version 1 .* is in force for “Test cohort”: 12 clients were recommended to anew", shown(page)
    )
    assert "put in force by hand after the last training" in everything(page)
    assert page.button(key="use 2")
    page.button(key="models_undo").click().run()
    assert not page.exception
    assert in_force(store) == 2
    assert re.search(r"Version 2 .* is in force again", shown(page))
    assert "put in force by hand" not in everything(page)
    page.button(key="models_close").click().run()
    assert "is in force again" not in shown(page)
    used = [
        row["detail"]
        for row in audit.recent(store.db)
        if (row["action"], row["actor"]) == ("use model", "Ana")
    ]
    assert used == ['{"instead_of":1,"version":2}', '{"instead_of":2,"version":1}']


def shown(page):
    """All text as a reader sees it, without the signs that keep Markdown from acting."""
    return everything(page).replace("\\", "")


def test_answers_are_told_to_be_taught_again(store):
    request = requests.open_requests(store.db, user_id=1)[0]
    answer = labelling.Answer(request["id"], "key", "exercise", request["top"][1][0])
    assert labelling.answer(store, "Ana", answer).status == "taught"
    page = models_page()
    assert "1 client has answers of their own" in everything(page)
    page.button(key="use 1").click().run()
    assert "and the answers for 1 client taught again" in shown(page)
    own = versions.in_force(store.db, request["client_id"])
    assert versions.base_version(store.db, own) == 1 != own


def test_a_model_that_cannot_be_read_is_told_and_the_one_in_use_stays(store):
    for version in training.kept(store, 1)[1:]:
        (store.weights / f"{version['weights']}.safetensors").write_bytes(b"damaged")
    models._loaded.clear()
    page = models_page()
    page.button(key="use 1").click().run()
    assert not page.exception
    assert "is damaged. Put the backup's copy in its place." in shown(page)
    assert in_force(store) == 2


def test_versions_from_before_models_were_compared_are_told_as_what_they_are(store):
    new = {"candidates", "choice", "folds", "family"}
    old = {"temperature", "error_before", "error_after"}

    def before(report):
        kept = {key: value for key, value in report.items() if key not in new}
        return kept | {"summary": {key: v for key, v in report["summary"].items() if key not in old}}

    reported(store, before)
    page = models_page()
    assert "In use: **Network of the paper**" in everything(page)
    assert "trained before models were compared." in everything(page)
    assert "Train again to compare." in everything(page)
    assert "Temperature" not in everything(page)
    assert page.button(key="use 1")


def test_where_nobody_could_be_held_out_nothing_is_said_to_be_best(store):
    reported(store, lambda report: {**report, "candidates": []})
    page = models_page()
    assert "which nothing could be compared with: nobody could be held out." in everything(page)
    assert "Too few clients had logged exercises" in everything(page)


def test_before_the_first_training_the_choice_can_be_made_already(folder):
    store = small_cohort(folder / "data", clients=4, days=3, train=False)
    page = models_page()
    assert "no model yet: nothing is recommended and nothing asked" in everything(page)
    assert "Nothing is trained yet, so there is nothing to compare." in everything(page)
    page.selectbox(key="choice 1").set_value("full history").run()
    assert training.choice(store, 1) == "full history"
    assert page.button(key="train 1").label == "Train"
    store.close()


def test_of_many_versions_the_newest_are_listed_until_all_are_wanted(store):
    training.use(store, 1, by="Ana")
    report = versions.version(store.db, 1)["report"]
    with store.transaction() as db:
        ids = [
            versions.add_version(
                db, cohort_id=1, client_id=None, parent_id=None, kind="base", weights="0", report=report
            )
            for _ in range(12)
        ]
    page = models_page()

    def listed():
        return [int(id) for id in re.findall(r"^\*\*Version (\d+): ", everything(page), re.MULTILINE)]

    assert listed() == [*reversed(ids[4:]), 1]
    page.toggle(key="all versions 1").set_value(True).run()
    assert listed() == [*reversed(ids), 2, 1]


def test_a_training_that_failed_is_told_with_what_is_in_use(store):
    page = models_page()
    page.button(key="train 1").click().run()
    run = running.newest(store, registry.STUDIES)[0]
    with store.transaction() as db:
        jobs.fail(db, run.id, "The disk is full. Make room, then resume.")
    page.run()
    assert "The last training failed: The disk is full. Make room, then resume." in shown(page)
    assert "The model in use is the one from before." in everything(page)
    assert page.button(key="train 1")
