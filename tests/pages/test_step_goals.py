"""The Step goals page in each state: nobody, no steps, cannot be told, an estimate, a plan in force, a group."""

import json
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core.services import Store, accounts, goals
from core.services.studies import running
from core.services.studies.registry import STUDIES
from core.services.studies.study import Result, Table
from core.store import audit, people
from tests.walkers import ANSWERS, FEW, NO_GOALS, NO_STEPS, walkers
from workbench.components import goal_proof

APP = Path(__file__).parents[2] / "workbench" / "app.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("step_goals") / "data"
    store, ids = walkers(folder)
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
    app.switch_page("../pages/step_goals.py")
    for name, value in {"user": "Ana", **address}.items():
        app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    return app


def texts(app):
    kinds = (app.title, app.markdown, app.info, app.html, app.error, app.warning, app.subheader)
    return "\n".join(getattr(part, "value", None) or "" for kind in kinds for part in kind)


def told(app, name):
    """What a component was told: the one whose document has this field."""
    documents = [json.loads(part.proto.json) for part in app.get("bidi_component") if part.proto.json]
    return next(document for document in documents if name in document)


def approve(store, client):
    record = goals.read(store, client)
    fit = goals.fit(record.history)
    made = goals.preview(record, fit, goals.suggested(fit))
    return goals.approve(store, record, made, reason="a good start", by="Ana"), made


def test_nobody_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = Store(tmp_path / "data")
    accounts.add(store, "Ana", "trainer", by="system")
    assert "No clients yet" in texts(open_page())
    store.close()


def test_a_client_that_is_not_there(store):
    for wanted in ("999999", "0", "x"):
        assert "no such client" in texts(open_page(client=wanted)).lower().replace("\\", "")


def test_a_client_without_steps(store, ids):
    app = open_page(client=ids[NO_STEPS])
    assert "Cannot be told yet" in texts(app)
    assert "No steps on record" in texts(app).replace("\\", "")
    document = told(app, "days")
    assert document["standing"]["past"] == []
    assert document["days"][0]["goal"] == 3000


def test_a_client_without_goals_or_with_too_few_days(store, ids):
    for place in (NO_GOALS, FEW):
        app = open_page(client=ids[place])
        assert "Cannot be told yet" in texts(app)
        assert "nothing to prove yet" in texts(app)
        assert "cannot be told yet" in told(app, "days")["comparison_words"]


def test_a_client_with_an_estimate(store, ids):
    app = open_page(client=ids[ANSWERS])
    shown = texts(app)
    assert "synthetic" in shown or app.get("badge")
    assert "90 % interval" in shown
    assert "Capacity tomorrow" in shown
    assert "Study&#x27;s point estimate" in shown
    assert "No plan yet" in shown
    assert "A rest day counts as a goal met" in shown
    assert len(told(app, "days")["days"]) == 14
    rows = audit.recent(store.db, 5, f"client {ids[ANSWERS]}")
    assert rows[0]["action"] == "view client"
    assert json.loads(rows[0]["detail"])["page"] == "Step goals"


def test_a_plan_in_force_is_shown_and_taken_back_with_a_reason(store, ids):
    client = ids[ANSWERS]
    _, made = approve(store, client)
    app = open_page(client=client)
    shown = texts(app)
    assert "a good start" in shown
    assert "in force from its first day on" in shown
    document = told(app, "days")
    assert [day["before"] for day in document["days"]] == [round(float(goal)) for goal in made.goals]
    press(app, "Take back")
    assert "Write a reason first" in texts(app)
    app.text_input[-1].set_value("too hard")
    press(app, "Take back")
    assert "taken back by Ana: too hard" in texts(app)
    assert goals.read(store, client).planned == {}


def test_a_proof_is_work_for_the_worker_and_says_when_it_is_of_another_plan(store, ids):
    app = press(open_page(client=ids[ANSWERS]), "Prove it")
    assert next(button for button in app.button if button.label == "Prove it").disabled
    (run,) = running.newest(store, STUDIES, study="proof")
    assert run.settings["client"] == ids[ANSWERS]
    settings = goals.PlanSettings.from_json(json.loads(run.settings["plan"]))
    assert (settings.challenge, settings.horizon) == (0.7, 14)
    press(app, "Stop")
    assert "Stopped" in texts(app)
    assert not next(button for button in app.button if button.label == "Prove it").disabled


def test_a_solver_s_words_are_told_in_plain_ones(monkeypatch):
    table = Table("What the programs say", ("part", "solver's word"), (("plan", "kTimeLimit"),), "")
    found = Result(headline=(), tables=(table,), synthetic=False)
    monkeypatch.setattr(goal_proof.running, "result", lambda *_: found)
    drawn: list[tuple[object, object]] = []
    monkeypatch.setattr(goal_proof.plain_table, "draw", lambda *parts, **_: drawn.append(parts))
    goal_proof._found(None, SimpleNamespace(id="x"))
    assert drawn == [(["part", "how it ended"], [["plan", "time limit"]])]


def test_a_sentence_about_one_client_does_not_follow_to_another(store, ids):
    client = ids[ANSWERS]
    approve(store, client)
    app = press(open_page(client=client), "Take back")
    assert "Write a reason first" in texts(app)
    app.query_params["client"] = str(ids[FEW])
    app.run()
    assert "Write a reason first" not in texts(app)


def test_the_group_lists_everyone_and_says_who_cannot_be_told(store, ids):
    app = open_page()
    rows = {row["client"]: row for row in told(app, "rows")["rows"]}
    assert set(rows) == set(ids)
    assert rows[ids[NO_STEPS]]["cells"][-1] == "anything"
    assert "No steps on record" in rows[ids[NO_STEPS]]["note"]
    assert " to " in rows[ids[ANSWERS]]["cells"][4]


def test_one_setting_for_all_is_previewed_before_it_is_approved(store, ids):
    app = open_page()
    assert "3 without an estimate yet" in texts(app)
    first_weeks(app).set_value("none")
    press(app, "Preview the plans")
    assert "Plans to be approved" in texts(app)
    assert goals.read(store, ids[ANSWERS]).planned == {}
    press(app, "Approve 1 plan")
    assert "Write a reason first" in texts(app)
    reason(app).set_value("new month")
    press(app, "Approve 1 plan")
    assert "1 plan is in force from tomorrow" in texts(app)
    assert len(goals.read(store, ids[ANSWERS]).planned) == 14
    press(app, "Undo")
    assert goals.read(store, ids[ANSWERS]).planned == {}


def test_those_without_an_estimate_get_a_first_week_that_shows_something(store, ids):
    app = press(open_page(), "Preview the plans")
    assert "first week, no estimate yet" in texts(app)
    reason(app).set_value("to learn from")
    press(app, "Approve 4 plans")
    planned = {
        place: list(goals.read(store, ids[place]).planned.values()) for place in (NO_STEPS, NO_GOALS, FEW)
    }
    assert planned[NO_STEPS] == planned[FEW] == [3000, 3500, 4000, 4500, 5000, 5500, 6000]
    (held,) = set(planned[NO_GOALS])  # walks 6,000 to 6,600 steps as it is
    assert held > 6300
    press(app, "Preview the plans")
    assert texts(app).count("goals are in force until") == 3


def first_weeks(app):
    return next(box for box in app.selectbox if box.label == "Clients without an estimate")


def reason(app):
    return next(box for box in app.text_input if box.label.startswith("Reason"))


def test_search_and_filter_that_nobody_fits(store):
    app = open_page()
    search(app, "nobody like that")
    assert "Nobody found" in texts(app)
    assert any(
        part.value.startswith("## ") for part in app.markdown
    )  # under the page's title, no level left out


def test_a_cohort_without_any_steps(store):
    with store.transaction() as db:
        db.execute("DELETE FROM steps")
    assert "No steps yet" in texts(open_page())


def test_a_cohort_with_steps_of_long_ago_says_so_and_is_still_listed(store, ids):
    with store.transaction() as db:
        db.execute("UPDATE steps SET day = date(day, '-1000 days')")
        (last,) = db.execute("SELECT max(day) FROM steps").fetchone()
    app = open_page()
    assert "No steps yet" not in texts(app)
    when = date.fromisoformat(last)
    assert f"the last count in this cohort is of {when.day} {when:%B %Y}" in texts(app)
    rows = told(app, "rows")["rows"]
    assert {row["client"] for row in rows} == set(ids)
    assert texts(app).count("No steps on record") == 1
    assert {row["note"] for row in rows} == {""}


def test_the_filter_of_those_without_an_estimate(store, ids):
    app = open_page()
    box = next(box for box in app.selectbox if box.label == "Show")
    box.set_value("no estimate yet").run()
    assert ids[ANSWERS] not in {row["client"] for row in told(app, "rows")["rows"]}
    assert "For all 3 clients" in texts(app)


def test_a_large_cohort_asks_for_a_name(store, monkeypatch):
    monkeypatch.setattr("workbench.components.goal_group.LARGE", 2)
    app = open_page()
    assert "Too many to show at once" in texts(app)
    name = people.client(store.db, 1)["name"]
    search(app, name)
    assert [row["name"] for row in told(app, "rows")["rows"]] == [name]


def search(app, name):
    next(box for box in app.text_input if box.label == "Search by name").set_value(name).run()


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app
