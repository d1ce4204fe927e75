"""Pictures of every page as a first start shows it: ``python -m tests.browser.screenshots FOLDER``.

Each page at 1400 and at 800 pixels, the Label requests page after an answer, and a client's Step goals in full with a
plan in force and its proof, and the Picks page of a client whose best kind of session has a clear lead. The README's
pictures are among them.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.browser.server import WorkbenchServer

PAGES = {
    "caseload": "",
    "label_requests": "label_requests",
    "client": "client?client=1",
    "picks": "picks",
    "picks_client": "picks?client=1",
    "step_goals": "step_goals",
    "step_goals_client": "step_goals?client=1",
    "studies": "studies",
    "data": "data",
}
WIDTHS = (1400, 800)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = WorkbenchServer(Path(data) / "data").start(seconds=300)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS])
        try:
            for width in WIDTHS:
                page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
                for name, address in PAGES.items():
                    page.goto(f"{server.url}/{address}")
                    settle(page)
                    page.screenshot(path=folder / f"{name}-{width}.png")
                page.goto(f"{server.url}/label_requests")
                page.locator(".desk").wait_for()
                page.keyboard.press("2")
                page.locator(".pair.taught").wait_for()
                settle(page)
                page.screenshot(path=folder / f"answered-{width}.png")
                leading(page, server, folder / f"picks_lead-{width}.png")
                proven(page, server, folder / f"step_goals_proof-{width}.png")
        finally:
            browser.close()
            server.stop()


def leading(page: Page, server: WorkbenchServer, picture: Path) -> None:
    """The Picks page of the first client whose best kind is well ahead, with nothing waiting, down to the chart."""
    page.goto(f"{server.url}/picks")
    settle(page)
    clear = page.locator("tbody tr", has_text="well ahead").filter(has_not_text="outcome is missing")
    clear.first.get_by_role("link").click()
    page.get_by_role("heading", name="Today for").wait_for()
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": 1200})
    settle(page)
    page.screenshot(path=picture)
    page.set_viewport_size(size)


def proven(page: Page, server: WorkbenchServer, picture: Path) -> None:
    """A client's plan approved, and what the programs say of it."""
    page.goto(f"{server.url}/step_goals?client=3")
    settle(page)
    page.get_by_label("Reason", exact=True).fill("First plan after the study")
    page.get_by_role("button", name="Approve plan").click()
    page.get_by_text("Plan in force for").wait_for()
    page.get_by_role("tab", name="Prove it").click()
    page.get_by_role("button", name="Prove it").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="hidden", timeout=300_000)
    settle(page)
    height = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})  # type: ignore[index]
    settle(page)
    page.screenshot(path=picture)


def settle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.wait_for_timeout(1500)  # charts draw themselves after the script has ended


if __name__ == "__main__":
    main(Path(sys.argv[1]))
