import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.services import Store, accounts, labelling, queue
from core.store import people
from tests.cohorts import small_cohort
from workbench.components.text import plain

MARKS = "*a* $x$ <b> :red[x]"
PAGES = Path(__file__).parent.parent.parent / "pages"
SCRIPT = f"""
import streamlit as st
from pathlib import Path

pages = Path({str(PAGES)!r})
st.navigation(
    [st.Page(pages / "label_requests.py", default=True), st.Page(pages / "data.py"), st.Page(pages / "client.py")],
    position="hidden",
).run()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requests") / "data"
    store = Store(folder)
    with store.transaction() as db:
        people.set_setting(db, "asking.alpha", 0.999)
    store.close()
    small_cohort(folder, days=12).close()
    return folder


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, user: str = "Ana", **query: str) -> AppTest:
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.session_state["user"] = user
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def sent_to_the_browser(page: AppTest) -> dict[str, Any]:
    (component,) = page.get("bidi_component")
    found: dict[str, Any] = json.loads(component.proto.json)
    return found


def texts(page: AppTest) -> str:
    return " ".join(element.value for element in page.markdown)


def test_requests_the_standing_and_the_catalogue_go_to_the_browser(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run(folder, monkeypatch)
    data = sent_to_the_browser(page)
    assert page.title[0].value == "Label requests"
    assert len(data["items"]) == queue.BATCH
    assert data["user"] == "Ana"
    assert data["standing"]["budget"] == queue.DEFAULT_DAILY_BUDGET
    first = data["items"][0]
    assert len(first["choices"]) == 5
    assert first["why"]
    assert first["synthetic"]
    assert len(data["catalogues"][first["catalogue"]]) == 12
    assert not page.selectbox


def test_whoever_is_shown_is_in_the_audit_as_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder)
    before = store.db.execute("SELECT count(*) FROM audit").fetchone()[0]
    page = run(folder, monkeypatch)
    page.run()
    rows = store.db.execute("SELECT action, actor, subject FROM audit WHERE id > ?", [before]).fetchall()
    store.close()
    shown = [item["client_id"] for item in sent_to_the_browser(page)["items"]]
    assert rows == [("view client", "Ana", f"client {client}") for client in shown]


def test_a_link_puts_its_request_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = sent_to_the_browser(run(folder, monkeypatch))["items"][7]["request"]
    page = run(folder, monkeypatch, request=str(linked))
    items = [item["request"] for item in sent_to_the_browser(page)["items"]]
    assert items[0] == linked
    assert items.count(linked) == 1


def test_a_link_without_a_request_is_no_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_to_the_browser(run(folder, monkeypatch, request=""))["notice"] == ""


@pytest.mark.parametrize("value", ["987654", "seven", "-1", "²", "9" * 22, "9" * 5000])
def test_a_link_to_a_request_that_is_not_there_says_so_and_leaves_the_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    page = run(folder, monkeypatch, request=value)
    data = sent_to_the_browser(page)
    assert "no such request" in data["notice"]
    assert data["items"]
    assert "request" not in page.query_params


def test_an_answered_request_is_not_offered_to_anyone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder)
    first = queue.waiting(store, "Ana", limit=1)[0]
    labelling.answer(store, "Ana", labelling.Answer(first.request_id, "once", "none suitable"))
    store.close()
    for user in ("Ana", "Bo"):
        data = sent_to_the_browser(run(folder, monkeypatch, user))
        assert first.request_id not in [item["request"] for item in data["items"]]
        assert data["standing"]["team"] >= 1


def test_without_clients_the_page_says_where_to_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data")
    accounts.add(store, "Ana", "trainer", by="system")
    store.close()
    page = run(tmp_path / "data", monkeypatch)
    assert "No clients yet" in texts(page)
    assert not page.get("bidi_component")


def test_without_a_model_the_page_links_to_where_one_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_cohort(tmp_path / "data", clients=3, days=4, train=False).close()
    page = run(tmp_path / "data", monkeypatch)
    assert "No model yet" in texts(page)
    assert "“Test cohort” has no trained model" in texts(page)
    assert [link.proto.label for link in page.get("page_link")] == ["Data and models"]


def test_a_cohorts_name_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = small_cohort(tmp_path / "data", clients=3, days=4, train=False)
    with store.transaction() as db:
        db.execute("UPDATE cohorts SET name = ?", [MARKS])
    store.close()
    assert f"“{plain(MARKS)}” has no trained model" in texts(run(tmp_path / "data", monkeypatch))


def test_with_several_cohorts_one_can_be_chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder)
    with store.change("add cohort", by="system", subject="cohort two") as change:
        second = people.add_cohort(change.db, "Second cohort", source="generated", synthetic=True)
        people.add_clients(change.db, second, [{"reference": "x"}])
    store.close()
    page = run(folder, monkeypatch)
    assert page.selectbox[0].options == ["All cohorts", "Test cohort", "Second cohort"]
    assert sent_to_the_browser(page)["items"]
    page.selectbox[0].select("Second cohort").run()
    assert "“Second cohort” has no trained model" in texts(page)
    page = run(folder, monkeypatch, cohort="Nobody")
    assert "There is no cohort “Nobody” with clients. This is All cohorts." in page.warning[0].value
    page = run(folder, monkeypatch, cohort="Test cohort")
    assert not page.warning
    assert {item["cohort"] for item in sent_to_the_browser(page)["items"]} == {"Test cohort"}
