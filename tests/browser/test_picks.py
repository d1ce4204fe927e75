"""A client's Picks page in a real browser: a pick made, answered, kept over a reload and undone; values tried."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from core.services import Store, picks
from tests.browser.server import WorkbenchServer
from tests.pickers import PARTLY, STOPPED, pickers

SLOW_MS = 30_000  # a run of the whole page, on a machine with other work
FIRST, ASKED, TRIED, TYPED = (
    0,
    5,
    6,
    7,
)  # places in the list: one pick waits; the others have their own test each
SEEN_WIDTHS = (1400, 800)


@pytest.fixture(scope="module")
def made(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WorkbenchServer, list[int]]]:
    folder = tmp_path_factory.mktemp("picks") / "data"
    store, clients = pickers(folder)
    store.close()
    server = WorkbenchServer(folder).start()
    yield server, clients
    server.stop()


@pytest.fixture
def server(made: tuple[WorkbenchServer, list[int]]) -> WorkbenchServer:
    return made[0]


@pytest.fixture
def ids(made: tuple[WorkbenchServer, list[int]]) -> list[int]:
    return made[1]


@pytest.fixture
def store(server: WorkbenchServer) -> Iterator[Store]:
    opened = Store(server.folder)
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors


def visit(page: Page, server: WorkbenchServer, client: int) -> None:
    page.goto(f"{server.url}/picks?client={client}&user=Ana")
    page.get_by_role("heading", name="Today for").wait_for()
    idle(page)


def idle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def picked(page: Page) -> Locator:
    return page.locator(".st-key-picked")


def tried(page: Page) -> Locator:
    return page.locator(".st-key-tried")


def test_a_pick_is_made_answered_kept_over_a_reload_and_undone(
    page: Page, server: WorkbenchServer, ids: list[int], store: Store
) -> None:
    client = ids[ASKED]
    visit(page, server, client)
    page.get_by_role("button", name="Let the policy pick").click()
    expect(picked(page)).to_contain_text("Picked for today", timeout=SLOW_MS)
    newest = picks.of_client(store, client)[0]
    assert newest.author == "Ana"
    picked(page).get_by_role("button", name="Partly").click()
    expect(picked(page)).to_contain_text("How it went: Partly", timeout=SLOW_MS)
    page.reload()
    expect(picked(page)).to_contain_text("How it went: Partly", timeout=SLOW_MS)
    idle(page)
    picked(page).get_by_role("button", name="Undo").click()
    expect(picked(page).get_by_role("button", name="Done", exact=True)).to_be_visible(timeout=SLOW_MS)
    assert picks.read(store, newest.id).outcome is None
    picked(page).get_by_role("link", name="Receipt").click()
    page.wait_for_url(f"**/picks?pick={newest.id}*")
    page.get_by_role("heading", name=re.compile("^Receipt")).wait_for()


def test_a_value_is_tried_saved_and_reset(
    page: Page, server: WorkbenchServer, ids: list[int], store: Store
) -> None:
    client = ids[TRIED]
    visit(page, server, client)
    expect(tried(page)).to_contain_text("Change a field to see")
    page.get_by_role("button", name="Try it").click()
    expect(tried(page)).to_contain_text("With the change:", timeout=SLOW_MS)
    expect(tried(page).locator(".legend")).to_contain_text("with the change")
    tried(page).get_by_role("button", name="Reset").click()
    expect(tried(page)).to_contain_text("Change a field to see", timeout=SLOW_MS)
    duration = page.get_by_role("spinbutton", name=re.compile("^Exercise duration"))
    duration.fill("40")
    duration.press("Enter")
    expect(tried(page)).to_contain_text("40 minutes a session (now not known)", timeout=SLOW_MS)
    assert picks.consider(store, client).values["duration"] is None
    tried(page).get_by_role("button", name="Save as the client's own wishes").click()
    expect(page.get_by_text("Saved as the wishes of")).to_be_visible(timeout=SLOW_MS)
    assert picks.consider(store, client).values["duration"] == 40
    expect(tried(page)).to_contain_text("Change a field to see")


def test_the_keyboard_is_enough(page: Page, server: WorkbenchServer, ids: list[int], store: Store) -> None:
    client = ids[TYPED]
    visit(page, server, client)
    page.get_by_role("radio", name="low").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="low")).to_be_checked(timeout=SLOW_MS)
    idle(page)
    page.get_by_role("button", name="Let the policy pick").focus()
    page.keyboard.press("Enter")
    expect(picked(page)).to_contain_text("Picked for today", timeout=SLOW_MS)
    newest = picks.of_client(store, client)[0]
    assert newest.receipt["values"]["energy"] == "low"
    picked(page).get_by_role("button", name="Not done").focus()
    page.keyboard.press("Enter")
    expect(picked(page)).to_contain_text("How it went: Not done", timeout=SLOW_MS)
    picked(page).get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(picked(page)).to_contain_text("How did it go?", timeout=SLOW_MS)


def test_a_pick_against_the_gate_needs_a_reason(
    page: Page, server: WorkbenchServer, ids: list[int], store: Store
) -> None:
    client = ids[PARTLY]
    visit(page, server, client)
    before = len(picks.of_client(store, client))
    page.get_by_role("button", name="A masked kind").click()
    page.get_by_role("button", name="Pick it against the gate").click()
    expect(page.get_by_text("Write a reason first")).to_be_visible(timeout=SLOW_MS)
    assert len(picks.of_client(store, client)) == before
    page.get_by_label("Reason", exact=True).fill("Her doctor agreed")
    page.get_by_role("button", name="Pick it against the gate").click()
    expect(picked(page)).to_contain_text("Her doctor agreed", timeout=SLOW_MS)
    assert picks.of_client(store, client)[0].arm == "strength"


def test_a_gate_that_stops_everything_shows_the_way_to_the_screening(
    page: Page, server: WorkbenchServer, ids: list[int]
) -> None:
    visit(page, server, ids[STOPPED])
    page.get_by_role("link", name="Profile and screening").click()
    page.wait_for_url(f"**/client?client={ids[STOPPED]}*")
    expect(page.get_by_role("tab", name="Profile and screening")).to_have_attribute(
        "aria-selected", "true", timeout=SLOW_MS
    )


def test_the_next_client_is_one_click_away(page: Page, server: WorkbenchServer, ids: list[int]) -> None:
    visit(page, server, ids[FIRST])
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(f"**/picks?client={ids[FIRST + 1]}*")
    page.get_by_role("heading", name="Today for Client 00001").wait_for()
    page.get_by_role("link", name="Everyone's picks").click()
    page.get_by_role("tab", name="Fairness").wait_for()


@pytest.mark.parametrize("width", SEEN_WIDTHS)
@pytest.mark.parametrize("place", [FIRST, STOPPED, PARTLY])
def test_nothing_serious_stands_in_the_way_of_a_screen_reader_and_nothing_is_wider_than_the_page(
    page: Page, server: WorkbenchServer, ids: list[int], place: int, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, server, ids[place])
    page.wait_for_timeout(1000)
    found = Axe().run(page).response["violations"]
    serious = [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    # Streamlit measures its navigation anew a moment after each change.
    page.wait_for_function(
        """() => {
            const [named, corner] = ["[data-testid=stTopNav]", ".st-key-sign-in"].map(
                selector => document.querySelector(selector).getBoundingClientRect());
            return named.width > 0 && named.right <= corner.left;
        }"""
    )
