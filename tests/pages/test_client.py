import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.recommender import Settings
from core.services import Store, clients, labelling, models, recommending, training
from core.store import audit, exercises, people, requests, status, steps
from tests.cohorts import small_cohort
from workbench.components.text import plain

APP = Path(__file__).parents[2] / "workbench" / "app.py"
MARKS = "*a* $x$ <b> :red[x]"
NOBODY = 999_999


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Eight clients (the last without history) whose model was trained for one epoch."""
    folder = tmp_path_factory.mktemp("client") / "data"
    store = small_cohort(folder, clients=8, train=False)
    cohort = people.cohorts(store.db)[0]["id"]
    settings = Settings(epochs=1)
    training.publish(store, [models.train(store, cohort, seed=0, settings=settings)], by="system")
    recommending.refresh(store, cohort)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder


@pytest.fixture
def store(trained, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(trained, folder)
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    opened = Store(folder)
    yield opened
    opened.close()


def open_page(client="", user="Ana", **address):
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/client.py")
    for name, value in {"client": client, "user": user, **address}.items():
        if value:
            app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    return app


def texts(app):
    kinds = (app.title, app.markdown, app.info, app.caption, app.html, app.error, app.success, app.text)
    return "\n".join(getattr(part, "value", None) or "" for kind in kinds for part in kind)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def first(store):
    return sorted(people.client_ids(store.db, 1).values())[0]


def asked(store):
    """A client with an open request; opened by hand where the model asks about nobody."""
    for client in sorted(people.client_ids(store.db, 1).values()):
        row = status.status(store.db, client)
        if row["request_id"]:
            return client, row["request_id"]
    client = first(store)
    row = status.status(store.db, client)
    with store.transaction() as db:
        requests.open_request(
            db, client_id=client, step=row["step"], recommendation_id=row["recommendation_id"]
        )
        request = requests.unanswered(db, [client])[client]["id"]
        status.set_status(db, [{**row, "request_id": request}])
    return client, request


def views(store, client):
    return [
        row["actor"]
        for row in audit.recent(store.db, 50, f"client {client}")
        if row["action"] == "view client"
    ]


def test_a_client_is_shown_whole(store):
    app = open_page(first(store))
    shown = texts(app)
    assert app.title[0].value == "Client 00000"
    assert "reference c00000" in shown
    assert "made up by a program" in shown
    assert shown.count("class='suggestions'") == 1
    assert "Margin after each of the last 30 exercises" in shown
    assert "No picks yet" in shown
    assert "No notes yet" in shown
    assert "No answers yet" in shown
    assert "No step counts yet" in shown
    assert [tab.label for tab in app.tabs] == [
        "Now",
        "History",
        "Step goals",
        "Phone",
        "Answers and picks",
        "Profile and screening",
        "Model",
        "Notes",
        "Seen and changed",
    ]


def test_a_client_without_history(store):
    app = open_page(sorted(people.client_ids(store.db, 1).values())[-1])
    shown = texts(app)
    assert "no exercise yet" in shown
    assert "No exercises are logged yet" in shown
    assert "they begin with the first exercise" in shown
    assert "started from the three nearest profiles" in shown


def test_the_page_opens_once_in_the_audit_however_often_it_is_drawn(store):
    client = first(store)
    app = open_page(client)
    app.run()
    app.run()
    assert views(store, client) == ["Ana"]
    open_page(client, user="Bo")
    assert views(store, client) == ["Bo", "Ana"]


def test_without_a_client_there_is_a_search_box(store):
    app = open_page()
    box = app.selectbox(key="client_name")
    assert len(box.options) == 8
    box.set_value("Client 00003").run()
    assert app.title[0].value == "Client 00003"


@pytest.mark.parametrize("client", [NOBODY, "abc", "-1", "1; drop", "9" * 22, "9" * 5000, "²"])
def test_an_address_of_nobody_is_a_sentence_and_a_way_out(store, client):
    app = open_page(client)
    assert len(app.error) == 1
    assert app.error[0].value.startswith(plain("There is no such client."))
    assert [link.label for link in app.page_link] == ["Go to the caseload"]
    assert views(store, client) == []


def test_no_clients_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    empty = Store(tmp_path)
    with empty.change("add person", by="system", subject="person") as change:
        people.add_user(change.db, "Ana", "trainer")
    assert "No clients yet" in texts(open_page())


def test_limits_are_in_view_and_quality_is_told(store):
    client = first(store)
    with store.transaction() as db:
        for kind in ("medical", "screening"):
            people.add_documents(db, kind, {client: {}})
    assert "Limits are not known" in texts(open_page(client))
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: {"asthma": "yes", "diabetes": "no"}})
        people.add_documents(db, "screening", {client: {"joint_pain": "no"}})
    shown = texts(open_page(client))
    assert "<span>Asthma</span>" in shown
    assert "Diabetes</span>" not in shown
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: {"asthma": "no"}})
    assert "none named" in texts(open_page(client))


def test_an_open_request_has_its_reason_and_a_button(store):
    client, request = asked(store)
    app = open_page(client)
    assert "Why it asks." in texts(app)
    press(app, "Answer the request")
    assert app.query_params["request"] in (str(request), [str(request)])


def test_an_answer_shows_before_and_after_and_only_its_giver_can_take_it_back(store):
    client, request = asked(store)
    exercise = next(iter(people_exercises(store)))
    labelling.answer(store, "Ana", labelling.Answer(request, "key", "exercise", exercise_id=exercise))
    others = open_page(client, user="Bo")
    assert "Before: Exercise" in texts(others)
    assert "Take back" not in [button.label for button in others.button]
    app = press(open_page(client), "Take back")
    assert "and what the model learnt from it" in app.success[0].value
    assert "taken back by Ana" in texts(app)
    assert "Take back" not in [button.label for button in app.button]


def people_exercises(store):
    return exercises.exercise_ids(store.db, 1).values()


def test_an_answer_taken_back_elsewhere_is_told(store):
    client, request = asked(store)
    labelling.answer(store, "Ana", labelling.Answer(request, "key", "none suitable"))
    app = open_page(client)
    label = clients.read(store, client).labels[0]
    labelling.undo(store, "Ana", label["id"])
    app = press(app, "Take back") if "Take back" in [button.label for button in app.button] else app
    assert "taken back" in texts(app)


def test_the_history_is_searched_filtered_and_paged(store):
    app = open_page(first(store))
    assert "30 of 30 entries" in texts(app)
    assert app.pagination(key="history_page").value == 1
    app.text_input(key="history_search").set_value("exercise 11").run()
    found = texts(app)
    assert "Exercise 11</td>" in found
    assert "Exercise 2</td>" not in found
    app.text_input(key="history_search").set_value("nothing like it").run()
    assert "Nothing in the history fits" in texts(app)
    app.text_input(key="history_search").set_value("").run()
    app.segmented_control(key="history_outcome").set_value("not completed").run()
    assert "✓ completed" not in texts(app)


def test_steps_against_goals(store):
    client = first(store)
    with store.transaction() as db:
        imported = exercises.add_import(
            db, 1, kind="steps", path="x", sha256="0", row_count=3, actor="system"
        )
        rows = [(client, f"2026-01-{day:02d}", 4000 + 500 * day, 8000) for day in range(1, 31)]
        steps.add(db, rows, imported)
    app = open_page(client)
    assert "Goal met on 23 of 28 days" in texts(app)
    app.segmented_control(key="step_days").set_value("Two weeks").run()
    assert "Goal met on 14 of 14 days" in texts(app)


def test_profile_and_questionnaires_are_readable(store):
    client = first(store)
    items = {f"pss_{number}": number % 5 for number in range(1, 11)}
    with store.transaction() as db:
        people.add_documents(db, "questionnaire", {client: {"pss_total": 14, **items}})
    app = open_page(client)
    assert "PSS-10, perceived stress (0–40)" in texts(app)
    assert [box.label for box in app.expander] == ["PSS: 10 answers"]


def test_a_note_is_added_as_it_was_written(store):
    client = first(store)
    app = open_page(client)
    app.text_area[0].set_value("Prefers *mornings* :red[always]")
    press(app, "Add note")
    assert app.text[0].value == "Prefers *mornings* :red[always]"
    assert clients.read(store, client).notes[0]["author"] == "Ana"
    assert "add note" in texts(app)


def test_a_name_with_marks_is_shown_as_it_is(store):
    client = first(store)
    with store.transaction() as db:
        db.execute("UPDATE clients SET name = '<b>*x*</b> :red[y]' WHERE id = ?", [client])
    app = open_page(client)
    assert "\\<b\\>\\*x\\*" in app.title[0].value


def test_names_in_what_an_undo_says_are_shown_as_they_are(store):
    client, request = asked(store)
    exercise = next(iter(people_exercises(store)))
    with store.transaction() as db:
        db.execute("UPDATE clients SET name = ? WHERE id = ?", [MARKS, client])
        db.execute("UPDATE cohorts SET name = ?", [MARKS])
    labelling.answer(store, "Ana", labelling.Answer(request, "key", "exercise", exercise_id=exercise))
    app = press(open_page(client), "Take back")
    assert plain(MARKS) in app.success[0].value
    assert MARKS not in texts(app)


def test_without_a_model(tmp_path, monkeypatch):
    folder = tmp_path / "plain"
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    store = small_cohort(folder, clients=3, train=False)
    recommending.refresh(store, 1)
    shown = texts(open_page(first(store)))
    assert "the cohort has no model" in shown
    assert "No margins yet" in shown
