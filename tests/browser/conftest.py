"""A real Chromium for the tests in this folder.

Each test here gets the marker ``browser``. Where no Chromium or Chrome is found they are skipped with a line that says
what to install; with SPOTTER_REQUIRE_BROWSER=1 they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from core.services import Store
from core.store import people
from tests.browser.server import WorkbenchServer
from tests.cohorts import small_cohort

HERE = Path(__file__).parent
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
WHAT_TO_INSTALL = (
    "no Chromium or Chrome found: install one (Debian: apt install chromium; macOS: brew install --cask chromium; "
    "Windows: winget install Google.Chrome) or name its program in SPOTTER_CHROMIUM"
)
# Nothing that Chromium would ask the internet for by itself.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


def find_chromium() -> str | None:
    if named := os.environ.get("SPOTTER_CHROMIUM"):
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, ON_PATH)), None)
    return found or next((path for path in ELSEWHERE if Path(path).exists()), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_chromium()
    if path is None:
        if os.environ.get("SPOTTER_REQUIRE_BROWSER") == "1":
            pytest.fail(WHAT_TO_INSTALL)
        pytest.skip(WHAT_TO_INSTALL)
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, headless=True, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def workbench_server(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkbenchServer]:
    """The workbench on a small trained cohort that asks about everyone; trainers Ana and Bo have no budget to mind."""
    folder = tmp_path_factory.mktemp("workbench") / "data"
    store = Store(folder)
    with store.transaction() as db:
        people.set_setting(db, "asking.alpha", 0.999)
        people.set_setting(db, "asking.per_trainer_a_day", 500)
    store.close()
    small_cohort(folder, clients=60, days=12).close()
    server = WorkbenchServer(folder).start()
    yield server
    server.stop()
