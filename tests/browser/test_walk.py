"""The walk that everything hangs on, on the sample cohort as a first start makes it.

Caseload → a client's open request → a key → before and after → the client's page → undo.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.services import Store
from core.store import labels, requests, versions
from tests.browser.server import WorkbenchServer


@pytest.fixture(scope="module")
def server(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkbenchServer]:
    started = WorkbenchServer(tmp_path_factory.mktemp("walk") / "data").start(seconds=120)
    yield started
    started.stop()


@pytest.fixture
def page(browser: Browser, server: WorkbenchServer) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    yield opened
    context.close()


def settled(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def test_from_the_caseload_to_an_answer_that_teaches_and_back(page: Page, server: WorkbenchServer) -> None:
    store = Store(server.folder)
    page.goto(server.url)
    settled(page)
    expect(page.get_by_text("synthetic").first).to_be_visible()
    # Somebody whom the gate stops may be unsure too, and is not asked about.
    row = page.locator("tr", has_text="unsure", has=page.get_by_role("link", name="Answer")).first
    name = row.locator("a, th, td").first.inner_text().split("\n")[0].strip()
    row.get_by_role("link", name="Answer").click()

    page.locator(".desk").wait_for()
    expect(page.locator(".name")).to_have_text(name)
    request = requests.request(store.db, int(page.locator(".desk").get_attribute("data-request") or 0))
    assert request["client"] == name
    version = versions.in_force(store.db, request["client_id"])
    second = page.locator(".choice .what").nth(1).inner_text()

    page.keyboard.press("2")
    expect(page.locator(".desk")).to_have_attribute("data-saving", "0")
    expect(page.locator(".pair.taught .what")).to_contain_text(second)
    before, after = (page.locator(".pair.taught .p").nth(place).inner_text() for place in (0, 1))
    assert _percent(after) > _percent(before)
    answered = labels.answer_of(store.db, request["id"])
    assert answered is not None
    assert (answered["user"], answered["exercise"]) == ("Trainer", second)
    assert versions.in_force(store.db, request["client_id"]) == answered["after_version_id"] != version

    page.keyboard.press("u")
    expect(page.locator(".trail")).to_contain_text("taken back")
    expect(page.locator(".desk")).to_have_attribute("data-saving", "0")
    assert labels.answer_of(store.db, request["id"]) is None
    assert versions.in_force(store.db, request["client_id"]) == version
    assert requests.request(store.db, request["id"])["state"] == "open"

    page.goto(f"{server.url}/client?client={request['client_id']}")
    settled(page)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    settled(page)  # Streamlit forgets a tab that is clicked while the page's first run has not ended
    page.get_by_role("tab", name="Answers and picks").click()
    expect(page.get_by_text("taken back").first).to_be_visible()
    store.close()


def test_who_is_signed_in_is_remembered_by_the_browser(page: Page, server: WorkbenchServer) -> None:
    page.goto(server.url)
    settled(page)
    page.get_by_role("button", name="Trainer").click()
    page.get_by_role("textbox", name="Somebody else").fill("Cleo")
    page.get_by_role("textbox", name="Somebody else").press("Enter")
    page.get_by_role("button", name="Add and sign in").click()
    expect(page.get_by_role("button", name="Cleo")).to_be_visible()
    settled(page)
    page.goto(f"{server.url}/studies")
    settled(page)
    expect(page.get_by_role("button", name="Cleo")).to_be_visible()


def test_no_page_asks_the_internet_for_anything(page: Page, server: WorkbenchServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in (
        "",
        "label_requests",
        "client?client=1",
        "step_goals",
        "step_goals?client=1",
        "studies",
        "data",
    ):
        page.goto(f"{server.url}/{address}")
        settled(page)
        page.wait_for_load_state("networkidle")
    strangers = {url for url in asked if not url.startswith((server.url, "data:", "blob:"))}
    assert strangers == set()


def _percent(shown: str) -> float:
    return float(shown.replace("before", "").replace("after", "").replace("%", "").strip())
