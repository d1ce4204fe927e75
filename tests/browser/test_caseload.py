import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from core.guidelines import QUESTIONS
from core.recommender import Settings
from core.services import models, recommending, training
from core.store import exercises, people, requests, status, steps
from tests.browser.server import WorkbenchServer
from tests.cohorts import small_cohort

WILD = "<img src=x onerror=alert(1)> Zed"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Sixty clients with a model trained for one epoch, steps, limits, one wild name, and one open request at least."""
    folder = tmp_path_factory.mktemp("caseload") / "data"
    store = small_cohort(folder, clients=60, days=12, train=False)
    trained = models.train(store, 1, seed=0, settings=Settings(epochs=1))
    training.publish(store, [trained], by="system")
    ids = sorted(people.client_ids(store.db, 1).values())
    with store.transaction() as db:
        db.execute("UPDATE clients SET name = ? WHERE id = ?", [WILD, ids[7]])
        people.add_documents(
            db, "medical", {client: {"conditions": "none", "asthma": "as a child"} for client in ids}
        )
        answers = {question: question == "other_chronic_condition" for question in QUESTIONS}
        people.add_documents(db, "screening", {ids[1]: answers})
        imported = exercises.add_import(
            db, 1, kind="steps", path="x", sha256="0", row_count=1, actor="system"
        )
        days = [(client, f"2026-01-{day:02d}", 300 * day, 5000) for client in ids for day in range(1, 29)]
        steps.add(db, days, imported)
    recommending.refresh(store, 1)
    row = status.status(store.db, ids[0])
    if not row["request_id"]:
        with store.transaction() as db:
            requests.open_request(
                db, client_id=ids[0], step=row["step"], recommendation_id=row["recommendation_id"]
            )
            request = requests.unanswered(db, [ids[0]])[ids[0]]["id"]
            status.set_status(
                db, [{**row, "request_id": request, "attention": 3, "reason": "The model asks"}]
            )
    store.close()
    return folder


@pytest.fixture(scope="module")
def server(cohort, chromium_path):
    running = WorkbenchServer(cohort).start()
    yield running
    running.stop()


@pytest.fixture
def page(browser, server):
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


def idle(page: Page) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def visit(page: Page, server: WorkbenchServer, address: str) -> None:
    page.goto(f"{server.url}/{address}")
    idle(page)


def rows(page: Page):
    return page.locator("tbody tr")


def test_a_click_anywhere_on_a_row_opens_the_client_and_back_leads_to_the_same_view(page, server):
    visit(page, server, "?sort=Name&page=2")
    expect(rows(page)).to_have_count(10)
    name = rows(page).nth(3).locator("a.name").inner_text()
    rows(page).nth(3).locator("td.goals").click()
    page.wait_for_url("**/client?client=*")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    page.get_by_role("link", name="Caseload").last.click()
    expect(rows(page)).to_have_count(10)
    assert "page=2" in page.url
    assert "sort=Name" in page.url


def test_the_keyboard_opens_a_client(page, server):
    visit(page, server, "?sort=Name")
    link = rows(page).first.get_by_role("link").first
    expect(link).to_have_text(WILD)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/client?client=*")
    expect(page.get_by_role("heading", level=1)).to_have_text(WILD)


def test_the_chooser_finds_a_client_by_keyboard(page, server):
    visit(page, server, "client")
    page.locator("input[role=combobox]").focus()
    page.keyboard.type("client 00023")
    expect(page.get_by_role("option").first).to_have_text("Client 00023")
    page.keyboard.press("Enter")
    page.wait_for_url("**/client?client=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Client 00023")


def test_the_address_of_a_row_opens_the_client_in_another_tab(page, server):
    visit(page, server, "")
    link = rows(page).first.locator("a.name")
    with page.context.expect_page() as opened:
        link.click(modifiers=["Control"])
    expect(opened.value.get_by_role("heading", level=1)).to_have_text(link.inner_text())


def test_one_click_leads_to_the_open_request(page, server):
    visit(page, server, "?show=Open+request")
    rows(page).first.get_by_role("link", name="Answer the request").click()
    page.wait_for_url("**/label_requests?request=*")


def test_headings_sort_and_keep_the_keyboard(page, server):
    visit(page, server, "")
    page.get_by_role("columnheader", name="Client").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Client")).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text(WILD)
    page.wait_for_url("**sort=Name*")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.textContent") == "Client"


def test_search_filter_and_page_stand_in_the_address(page, server):
    visit(page, server, "?show=Everyone")
    page.get_by_label("Search by name").press_sequentially("client 0001", delay=20)
    expect(rows(page)).to_have_count(10)
    page.wait_for_url("**search=client+0001*")
    visit(page, server, page.url.removeprefix(f"{server.url}/"))
    expect(rows(page)).to_have_count(10)
    page.get_by_label("Search by name").fill("nobody like that")
    expect(page.get_by_text("Nobody found")).to_be_visible()
    page.get_by_role("button", name="Clear search and filter").click()
    expect(rows(page)).to_have_count(50)


def test_a_section_of_the_client_page_has_an_address_and_limits_stay_in_view(page, server):
    visit(page, server, "client?client=2&section=History")
    expect(page.get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")
    limits, gate = (
        page.get_by_role("note").filter(has_text=words) for words in ("Asthma", "Clearance first")
    )
    expect(limits).to_contain_text("Limits")
    expect(gate).to_contain_text("Gate")
    page.get_by_role("row").last.scroll_into_view_if_needed()
    page.mouse.move(700, 600)
    page.mouse.wheel(0, 5000)
    expect(limits).to_be_in_viewport(ratio=1)
    expect(gate).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1400, 800])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "?search=nobody",
        "client",
        "client?client=2",
        "client?client=2&section=Step+goals",
        "client?client=0",
    ],
)
def test_nothing_serious_stands_in_the_way_of_a_screen_reader(page, server, address, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, server, address)
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(500)
    found = Axe().run(page).response["violations"]
    serious = [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


def test_nothing_is_wider_than_the_page(page, server):
    for width in (1400, 800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for address in ("", "client?client=2"):
            visit(page, server, address)
            page.get_by_role("heading", level=1).wait_for()
            main = page.locator("[data-testid=stMain]")
            assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
