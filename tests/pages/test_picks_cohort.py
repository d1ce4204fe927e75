"""The Picks page for a cohort and for a receipt: outcomes, table, fairness, a rehearsal put in force, a receipt."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.services import Store, gating, health, picks
from core.services.picks import PolicySettings
from core.store import audit
from tests.cohorts import small_cohort
from tests.pickers import PARTLY, STOPPED, WAITING, pickers

APP = Path(__file__).parents[2] / "workbench" / "app.py"
COHORT = 1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("picks") / "data"
    store, ids = pickers(folder)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder, ids


@pytest.fixture
def store(made, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(made[0], folder)
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    opened = Store(folder)
    yield opened
    opened.close()


@pytest.fixture
def ids(made):
    return made[1]


def open_page(**address):
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/picks.py")
    for name, value in {"user": "Ana", **address}.items():
        app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    return app


def texts(app):
    kinds = (app.title, app.header, app.markdown, app.info, app.html, app.error, app.warning, app.code)
    return "\n".join(getattr(part, "value", None) or "" for kind in kinds for part in kind).replace("\\", "")


def table(app):
    documents = [json.loads(part.proto.json) for part in app.get("bidi_component") if part.proto.json]
    return next(document for document in documents if "headings" in document)


def press(app, label, number=0):
    [button for button in app.button if button.label == label][number].click().run()
    assert not app.exception
    return app


def reason(app):
    return next(part for part in app.text_input if part.label.startswith("Reason"))


def waiting(store):
    return [row.waiting for row in picks.cohort(store, COHORT).rows if row.waiting is not None]


def test_the_table_says_what_would_be_offered_and_what_is_masked(store, ids):
    app = open_page()
    rows = {row["client"]: row["cells"] for row in table(app)["rows"]}
    assert set(rows) == set(ids)
    best, masked, _, done = rows[ids[STOPPED]]
    assert (best["text"], best["mark"]) == ("nothing may be offered", "✕")
    assert masked["text"] == "everything"
    assert masked["small"].startswith("Stop")
    assert done["small"] == "no pick yet"
    partly = rows[ids[PARTLY]]
    assert partly[1]["text"] == "strength"
    assert partly[0]["text"] in ("cardio", "flexibility")
    shown = texts(app)
    assert "stand out from what chance alone would give" in shown or "stands out" in shown
    assert "no yardstick" in shown


def test_search_and_filters(store, ids):
    app = open_page()
    app.selectbox(key="picks_show").select("masked by the gate").run()
    assert {row["client"] for row in table(app)["rows"]} == {ids[STOPPED], ids[PARTLY]}
    app.selectbox(key="picks_show").select("waiting for an outcome").run()
    assert len(table(app)["rows"]) == len(waiting(store))
    app.selectbox(key="picks_show").select("everyone").run()
    app.text_input(key="picks_search").set_value("00004").run()
    assert [row["client"] for row in table(app)["rows"]] == [ids[4]]
    app.text_input(key="picks_search").set_value("nobody").run()
    assert "Nobody found" in texts(app)


def test_outcomes_are_recorded_several_at_once_and_undone(store, ids):
    before = waiting(store)
    assert len(before) == WAITING
    app = open_page()
    press(app, "Record outcomes")
    assert "Choose what became of at least one pick first" in texts(app)
    first, second = before[:2]
    app.button_group(key=f"outcome_of_{first}").set_value("Done")
    app.button_group(key=f"outcome_of_{second}").set_value("Not done")
    press(app, "Record outcomes")
    assert "Recorded: 1 done, 1 not done" in texts(app)
    assert picks.read(store, first).outcome.completion == 1.0
    assert picks.read(store, second).outcome.completion == 0.0
    assert picks.read(store, first).outcome.author == "Ana"
    assert waiting(store) == before[2:]
    press(app, "Undo")
    assert "2 outcomes are taken back" in texts(app)
    assert waiting(store) == before


def test_all_shown_are_set_with_one_button(store):
    app = open_page()
    press(app, "Partly")
    press(app, "Record outcomes")
    assert "Every pick has its outcome" in texts(app)
    assert waiting(store) == []


def test_an_outcome_that_somebody_else_gave_first_is_told(store):
    app = open_page()
    first, second = waiting(store)[:2]
    for pick in (first, second):
        app.button_group(key=f"outcome_of_{pick}").set_value("Done")
    picks.record_outcome(store, first, 0.25, by="Bo")
    press(app, "Record outcomes")
    shown = texts(app)
    assert "Recorded: 1 done" in shown
    assert "Bo said already" in shown
    assert picks.read(store, first).outcome.completion == 0.25


def test_a_gate_that_is_off_is_told_with_its_reason(store):
    gating.switch(store, COHORT, on=False, reason="supervised ward", by="Ana")
    shown = texts(open_page())
    assert "The safety gate is off" in shown
    assert "supervised ward" in shown


def test_fairness_says_what_cannot_be_told(store):
    shown = texts(open_page(part="Fairness"))
    assert "Cannot be told yet" in shown
    assert "Race is not on record" in shown
    assert "0.05 for sex" in shown


def test_a_setting_is_rehearsed_and_put_in_force_with_a_reason(store):
    app = open_page(part="Rehearse a setting")
    assert "The settings that Spotter begins with" in texts(app)
    press(app, "Rehearse")
    assert "This is the setting in force" in texts(app)
    app.number_input[0].set_value(0.5)
    press(app, "Rehearse")
    shown = texts(app)
    assert "Doubly robust" in shown
    assert "Logged decisions" in shown
    assert picks.policy(store, COHORT).settings == PolicySettings()  # nothing changed so far
    press(app, "Put in force")
    assert "Write a reason first" in texts(app)
    reason(app).set_value("tried on the log")
    press(app, "Put in force")
    now = picks.policy(store, COHORT)
    assert (now.settings.width, now.author, now.reason) == (0.5, "Ana", "tried on the log")
    shown = texts(app)
    assert "is in force" in shown
    assert f"Version {now.version_id - 1}" in shown
    reason(app).set_value("the old one did better")
    press(app, "Put in force again")
    again = picks.policy(store, COHORT)
    assert again.settings == PolicySettings()
    assert again.version_id == now.version_id + 1


def test_a_log_that_is_too_small_says_how_many_are_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = small_cohort(tmp_path / "data", clients=6, days=3, train=False)
    app = open_page(part="Rehearse a setting")
    shown = texts(app)
    assert "needs 30" in shown
    app.number_input[0].set_value(0.5)
    press(app, "Go on without a rehearsal")
    reason(app).set_value("nothing is logged yet")
    press(app, "Put in force")
    assert picks.policy(store, COHORT).settings.width == 0.5
    store.close()


def test_a_cohort_without_picks(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = small_cohort(tmp_path / "data", clients=3, days=3, train=False)
    app = open_page()
    assert {row["cells"][3]["small"] for row in table(app)["rows"]} == {"no pick yet"}
    assert "Every pick has its outcome" not in texts(app)
    store.close()


def test_many_clients_are_shown_a_page_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = small_cohort(tmp_path / "data", clients=60, days=2, train=False)
    app = open_page()
    assert len(table(app)["rows"]) == 50
    assert "1–50 of 60 clients" in texts(app)
    app.text_input(key="picks_search").set_value("t 0005").run()
    assert [row["name"] for row in table(app)["rows"]] == [f"Client 0005{place}" for place in range(10)]
    store.close()


def test_a_cohort_in_which_nothing_may_be_offered(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = small_cohort(tmp_path / "data", clients=3, days=2, train=False)
    for row in picks.cohort(store, COHORT).rows:
        health.save(store, row.client_id, findings=["unstable angina"], by="Ana")
    app = open_page()
    assert {row["cells"][0]["text"] for row in table(app)["rows"]} == {"nothing may be offered"}
    assert app.selectbox(key="picks_arm").options == ["Any kind"]
    store.close()


def test_a_receipt_says_what_the_decision_rested_on(store, ids):
    pick = picks.of_client(store, ids[PARTLY])[0]
    app = open_page(pick=pick.id)
    shown = texts(app)
    assert "It never changes" in shown
    assert "✕ masked" in shown
    assert "nobody has said yet" in shown
    assert f"?pick={pick.id}" in shown
    assert "Guideline tables" in shown
    rows = audit.recent(store.db, 5, f"client {ids[PARTLY]}")
    assert json.loads(rows[0]["detail"])["page"] == f"Receipt {pick.id}"


def test_a_receipt_of_an_override_that_was_replaced(store, ids):
    masked = picks.decide(store, ids[PARTLY], by="Bo", arm="strength", reason="her doctor is here")
    later = picks.decide(store, ids[PARTLY], by="Ana")
    shown = texts(open_page(pick=masked))
    assert "Against the safety gate" in shown
    assert "her doctor is here" in shown
    assert "later pick of the same day" in shown
    assert "a person chose it" in shown
    assert picks.read(store, masked).replaced_by == later


def test_a_receipt_that_is_not_there(store):
    for wanted in ("999999", "0", "x"):
        assert "no such pick" in texts(open_page(pick=wanted)).lower()
