"""The Picks page of a cohort in a real browser: outcomes, a client's row, a rehearsal put in force, a receipt."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.services import Store, picks
from tests.browser.server import WorkbenchServer
from tests.pickers import PARTLY, STOPPED, pickers

COHORT = 1
SLOW_MS = 60_000
PARTS = {"everyone": "", "fairness": "&part=Fairness", "rehearsal": "&part=Rehearse%20a%20setting"}


@pytest.fixture(scope="module")
def made(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WorkbenchServer, list[int]]]:
    folder = tmp_path_factory.mktemp("picks") / "data"
    store, ids = pickers(folder, clients=12, days=6)
    store.close()
    server = WorkbenchServer(folder).start()
    yield server, ids
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
    opened.set_default_timeout(SLOW_MS)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors


def visit(page: Page, server: WorkbenchServer, address: str) -> None:
    page.goto(f"{server.url}/picks?user=Ana{address}")
    idle(page)


def idle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def waiting(store: Store) -> list[int]:
    return [row.waiting for row in picks.cohort(store, COHORT).rows if row.waiting is not None]


def test_outcomes_are_recorded_and_undone(page: Page, server: WorkbenchServer, store: Store) -> None:
    first, second, third = before = waiting(store)
    visit(page, server, PARTS["everyone"])
    box = page.locator(".st-key-picks_waiting")
    expect(box).to_contain_text("3 clients wait")
    # All at once, then one otherwise.
    box.get_by_role("button", name="Done", exact=True).click()
    idle(page)
    group = page.locator(f".st-key-outcome_of_{second}")
    group.get_by_text("Not done").click()
    box.get_by_role("button", name="Record outcomes").click()
    told = page.locator(".st-key-outcomes_told")
    expect(told).to_contain_text("2 done, 1 not done")
    expect(page.get_by_text("Every pick has its outcome.")).to_be_visible()
    given = [picks.read(store, pick).outcome for pick in (first, second, third)]
    assert [outcome and outcome.completion for outcome in given] == [1.0, 0.0, 1.0]
    told.get_by_role("button", name="Undo").click()
    expect(told).to_contain_text("3 outcomes are taken back")
    assert waiting(store) == before


def test_a_row_opens_the_clients_picks(page: Page, server: WorkbenchServer, ids: list[int]) -> None:
    visit(page, server, PARTS["everyone"])
    expect(page.get_by_role("row", name="Client 00001")).to_contain_text("nothing may be offered")
    page.get_by_label("Search by name").fill("00002")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row", name="Client 00002")).to_contain_text("strength")
    page.get_by_role("link", name="Client 00002").click()
    expect(page.get_by_role("heading", name="Client 00002")).to_be_visible()
    assert f"client={ids[PARTLY]}" in page.url


def test_the_picks_are_downloaded(page: Page, server: WorkbenchServer, store: Store) -> None:
    visit(page, server, PARTS["everyone"])
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV of all picks").click()
    text = taken.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("client,day,arm")
    assert len(text.splitlines()) > 60


def test_a_setting_is_rehearsed_and_put_in_force(page: Page, server: WorkbenchServer, store: Store) -> None:
    visit(page, server, PARTS["rehearsal"])
    before = picks.policy(store, COHORT)
    width = page.get_by_role("spinbutton", name="Width (how much doubt counts)")
    width.fill("0.4")
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_role("heading", name="What it would have earned")).to_be_visible()
    expect(page.get_by_role("cell", name="Doubly robust")).to_be_visible()
    assert picks.policy(store, COHORT) == before
    page.get_by_label("Reason, kept with the version").first.fill("more trying out")
    page.get_by_role("button", name="Put in force", exact=True).click()
    expect(page.get_by_text("more trying out")).to_be_visible()
    assert picks.policy(store, COHORT).settings.width == 0.4
    page.get_by_role("button", name="Put this setting in force again").click()
    again = page.get_by_test_id("stPopoverBody")
    again.get_by_label("Reason, kept with the version").fill("back to the start")
    again.get_by_role("button", name="Put in force again").click()
    expect(page.get_by_text("back to the start")).to_be_visible()
    assert picks.policy(store, COHORT).settings == before.settings


def test_a_receipt_has_a_link_and_a_file(
    page: Page, server: WorkbenchServer, store: Store, ids: list[int]
) -> None:
    pick = picks.of_client(store, ids[PARTLY])[0]
    visit(page, server, f"&pick={pick.id}")
    expect(page.get_by_role("heading", name="Receipt:")).to_be_visible()
    link = page.get_by_test_id("stCode").inner_text().strip()
    assert link == f"{server.url}/picks?pick={pick.id}"
    with page.expect_download() as taken:
        page.get_by_role("button", name="Receipt as JSON").click()
    document = json.loads(taken.value.path().read_text(encoding="utf-8"))
    assert document["receipt"] == pick.receipt
    page.goto(link)
    expect(page.get_by_role("heading", name="Receipt:")).to_be_visible()


@pytest.mark.parametrize("width", [1400, 800])
def test_nothing_that_axe_finds(
    page: Page, server: WorkbenchServer, store: Store, ids: list[int], width: int
) -> None:
    receipt = picks.of_client(store, ids[0])[-1]
    assert picks.of_client(store, ids[STOPPED]) == []
    page.set_viewport_size({"width": width, "height": 900})
    for address in (*PARTS.values(), f"&pick={receipt.id}"):
        visit(page, server, address)
        page.wait_for_timeout(1500)  # charts draw themselves after the script has ended
        wide = page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth")
        assert wide <= 0, address
        results = Axe().run(page)
        found = [(v["id"], v["nodes"][0]["html"][:200]) for v in results.response["violations"]]
        assert not found, (address, found)
