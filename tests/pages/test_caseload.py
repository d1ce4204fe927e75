import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import DatabaseBusy, NotFound
from core.services import Store, accounts, caseload
from core.store import people, requests, status, versions
from workbench.components.text import plain

MARKS = "*a* $x$ <b> :red[x]"
APP = Path(__file__).parents[2] / "workbench" / "app.py"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    opened = Store(tmp_path)
    accounts.add(opened, "Ana", "trainer", by="system")
    yield opened
    opened.close()


def add_cohort(store, count, *, name="Winter group", synthetic=False, model=True, standing=True):
    """Clients named Client 000 … with status rows: p rises with the number, and the first three ask."""
    with store.change("add cohort", by="system", subject="cohort") as change:
        db = change.db
        cohort = people.add_cohort(db, name, source="test", synthetic=synthetic)
        ids = people.add_clients(
            db, cohort, [{"reference": f"{i}", "name": f"{name[0]}{i:03d} Doe"} for i in range(count)]
        )
        version = None
        if model:
            version = versions.add_version(
                db, cohort_id=cohort, client_id=None, parent_id=None, kind="base", weights="w", report={}
            )
            versions.put_base_in_force(db, version, cohort_id=cohort)
        if standing:
            rows = [
                row(db, cohort, client, i, count, version) for i, client in enumerate(sorted(ids.values()))
            ]
            status.set_status(db, rows)
    return cohort


def row(db, cohort, client, number, count, version):
    recommendation = request = None
    p_value = (number + 1) / (count + 1) if version else None
    asks = version is not None and number < 3
    if version:
        recommendation = requests.add_recommendation(
            db, client_id=client, step=9, version_id=version, top=[], margin=0.25, p_value=p_value, why={}
        )
    if asks:
        requests.open_request(db, client_id=client, step=9, recommendation_id=recommendation)
        request = requests.unanswered(db, [client])[client]["id"]
    return {
        "client_id": client,
        "cohort_id": cohort,
        "name": people.client(db, client)["name"],
        "step": 9,
        "last_at": "2026-01-30T18:00:00.000Z",
        "recommendation_id": recommendation,
        "margin": 0.25 if version else None,
        "p_value": p_value,
        "trend": [0.5, 0.4, 0.25] if version else [],
        "request_id": request,
        "goal_days": 14,
        "goal_hits": 7,
        "attention": 3 if asks else 0,
        "reason": "The model asks: an unusual history" if asks else "",
    }


def open_page(**address):
    app = AppTest.from_file(str(APP), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app):
    """What the table on the page was given."""
    components = app.get("bidi_component")
    tables = [found for found in components if found.proto.component_name == "spotter_client_table"]
    return json.loads(tables[0].proto.json) if tables else None


def names(app):
    return [line["name"] for line in shown(app)["rows"]]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def texts(app):
    parts = [*app.title, *app.markdown, *app.info, *app.caption, *app.html, *app.error]
    return "\n".join(getattr(part, "value", "") or "" for part in parts)


def test_without_clients_it_says_how_to_import(store):
    app = open_page()
    assert "No clients yet" in texts(app)
    assert "workbench import" in texts(app)
    assert [link.label for link in app.page_link] == ["Import clients"]
    assert shown(app) is None


def test_a_cohort_without_clients_counts_as_none(store):
    add_cohort(store, 0)
    assert "No clients yet" in texts(open_page())


def test_without_a_model_it_says_how_to_train_and_lists_everyone(store):
    add_cohort(store, 4, model=False)
    app = open_page()
    assert "has no model yet" in app.info[0].value
    assert [line["word"] for line in shown(app)["rows"]] == ["not known"] * 4


def test_clients_without_standing_can_be_brought_up_to_date(store):
    add_cohort(store, 2, model=False, standing=False)
    app = open_page()
    assert shown(app) is None
    press(app, "Work it out now")
    assert len(names(app)) == 2


def test_everyone_is_shown_with_certainty_in_words_and_numbers(store):
    add_cohort(store, 9)
    app = open_page()
    first, last = shown(app)["rows"][0], shown(app)["rows"][-1]
    assert (first["name"], first["word"], first["numbers"]) == (
        "W000 Doe",
        "unsure – asks",
        "margin 0.25 · p 0.10",
    )
    assert first["reason"] == "The model asks: an unusual history"
    assert first["request"] is not None
    assert first["goals"] == "7 of 14"
    assert first["direction"].startswith("less sure")
    assert (last["word"], last["request"]) == ("fairly sure", None)
    assert "9 clients" in texts(app)
    assert all(word in texts(app) for word in ("Need attention", "63 of 126 days", "50\u00a0%"))


def test_only_a_synthetic_cohort_is_called_synthetic(store):
    add_cohort(store, 2)
    assert "made up by a program" not in texts(open_page())
    add_cohort(store, 2, name="Sample", synthetic=True)
    app = open_page(cohort="Sample")
    assert "made up by a program" in texts(app)
    assert "synthetic" in texts(app)
    assert names(app) == ["S000 Doe", "S001 Doe"]


def test_search_filter_and_order_narrow_and_sort(store):
    add_cohort(store, 12)
    app = open_page()
    app.selectbox(key="sort").set_value("most certain").run()
    assert names(app)[0] == "W011 Doe"
    app.selectbox(key="show").set_value("open request").run()
    assert names(app) == ["W002 Doe", "W001 Doe", "W000 Doe"]
    app.text_input(key="search").set_value("w001").run()
    assert names(app) == ["W001 Doe"]


def test_nobody_found_can_be_cleared(store):
    add_cohort(store, 3)
    app = open_page(search="nobody")
    assert "Nobody found" in texts(app)
    press(app, "Clear search and filter")
    assert len(names(app)) == 3
    assert app.text_input(key="search").value == ""


def test_a_search_is_text_not_a_pattern(store):
    add_cohort(store, 3)
    assert "Nobody found" in texts(open_page(search="%"))


def test_pages_of_fifty_and_a_changed_search_begins_at_the_first(store):
    add_cohort(store, 120)
    app = open_page(sort="Name")
    assert len(names(app)) == 50
    assert "1–50 of 120 clients" in texts(app)
    app.pagination(key="page").set_value(3).run()
    assert len(names(app)) == 20
    app.text_input(key="search").set_value("w0").run()
    assert names(app)[0] == "W000 Doe"
    assert "1–50 of 100 clients" in texts(app)


def test_an_address_opens_the_same_view(store):
    add_cohort(store, 120)
    app = open_page(sort="Name", page="2", search="w")
    assert names(app)[0] == "W050 Doe"
    assert app.pagination(key="page").value == 2


@pytest.mark.parametrize("page", ["99", "0", "-1", "x", "9" * 22, "9" * 5000, "²"])
def test_a_page_that_is_not_there_is_no_error(store, page):
    add_cohort(store, 60)
    assert len(names(open_page(page=page))) in (10, 50)


def test_an_address_of_no_cohort_is_told(store):
    add_cohort(store, 2)
    add_cohort(store, 1, name="Other")
    app = open_page(cohort="*Nobody*")
    assert "There is no cohort “*Nobody*” with clients. This is “Winter group”." in app.warning[
        0
    ].value.replace("\\", "")
    assert names(app) == ["W000 Doe", "W001 Doe"]
    assert not open_page(cohort="Other").warning
    assert not open_page().warning


def test_headings_tell_the_order_and_the_next_one(store):
    add_cohort(store, 3)
    columns = {column["title"]: column for column in shown(open_page(sort="Least certain"))["columns"]}
    assert columns["Certainty now"] == {
        "title": "Certainty now",
        "sort": "most certain",
        "sorted": "ascending",
    }
    assert columns["Client"]["sorted"] == "none"
    assert columns["Request"]["sort"] == ""


@pytest.mark.parametrize(
    ("count", "more"), [(2, {"model": False}), (2, {"standing": False}), (2, {"synthetic": True})]
)
def test_a_cohorts_name_is_shown_as_it_is(store, count, more):
    add_cohort(store, count, name=MARKS, **more)
    for address in ({}, {"search": "nobody"}):
        shown = texts(open_page(**address))
        assert MARKS not in shown
    if "synthetic" not in more:
        assert plain(MARKS) in shown


def test_nobody_found_names_the_cohort_as_it_is(store):
    add_cohort(store, 1, name=MARKS)
    assert f"Nobody in “{plain(MARKS)}” fits" in texts(open_page(search="nobody"))


def test_marks_in_an_error_are_shown_as_they_are(store, monkeypatch):
    def missing(*_: object) -> None:
        raise NotFound(f"There is no cohort {MARKS!r}.")

    monkeypatch.setattr(caseload, "cohorts", missing)
    assert open_page().error[0].value == plain(f"There is no cohort {MARKS!r}.")


def test_a_damaged_store_is_a_sentence(store, monkeypatch):
    def busy(*_: object) -> None:
        raise DatabaseBusy("Another process has held the database.")

    monkeypatch.setattr(caseload, "cohorts", busy)
    assert open_page().error[0].value == plain("Another process has held the database.")
