"""The safety gate in a browser: a reason before an answer against it, and a screening that opens it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.services import Store, gating, health, queue
from core.store import labels, people, status
from tests.browser.server import WorkbenchServer
from tests.gated import JOINTS, UNSCREENED, gated_cohort

BOTH_AT_ONCE = """(input, keys) => {
  const press = (node, key) =>
    node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }));
  for (const key of keys) press(input.getRootNode().activeElement ?? document.body, key);
}"""


@pytest.fixture
def server(chromium_path: str, tmp_path: Path) -> Iterator[WorkbenchServer]:
    gated_cohort(tmp_path / "data").close()
    started = WorkbenchServer(tmp_path / "data").start()
    yield started
    started.stop()


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


def client(store: Store, place: int) -> int:
    return sorted(people.client_ids(store.db, 1).values())[place]


def settled(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def open_request(page: Page, server: WorkbenchServer, store: Store) -> tuple[int, str]:
    """Open the request about the client whose joints are to be spared; its number and a masked exercise's name."""
    mine = client(store, JOINTS)
    request = status.status(store.db, mine)["request_id"]  # type: ignore[index]
    page.goto(f"{server.url}/label_requests?user=Ana&request={request}")
    page.locator(".desk").wait_for()
    expect(page.locator(".desk")).to_have_attribute("data-request", str(request))
    names = {key: name for key, name, _ in queue.catalogue(store, 1)}
    return int(request), names[next(iter(queue.masked(store, mine)))]


def search(page: Page, name: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")


def serious(page: Page) -> list[tuple[str, list[str], str]]:
    found = Axe().run(page).response["violations"]
    return [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def saved(page: Page) -> None:
    expect(page.locator(".desk")).to_have_attribute("data-saving", "0", timeout=30_000)


def test_a_masked_exercise_is_recorded_only_with_a_reason(
    page: Page, server: WorkbenchServer, store: Store
) -> None:
    request, name = open_request(page, server, store)
    page.keyboard.press("/")
    page.keyboard.type(name)
    option = page.locator("[role=option].is-masked").first
    expect(option).to_contain_text("Masked.")
    expect(option).to_contain_text("Osteoarthritis: low impact")
    page.keyboard.press("Enter")

    box = page.get_by_role("group", name=f"{name} is masked for")
    expect(box).to_contain_text("not yet reviewed by a clinician")
    expect(page.get_by_label("Reason to give it all the same")).to_be_focused()
    page.keyboard.press("Enter")
    expect(box.get_by_role("alert")).to_contain_text("Write the reason in a few words")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    assert labels.answer_of(store.db, request) is None

    search(page, name)
    page.keyboard.type("Her surgeon wants it")
    page.keyboard.press("Enter")
    saved(page)
    answer = labels.answer_of(store.db, request)
    assert answer is not None
    assert (answer["exercise"], answer["override"]) == (name, "Her surgeon wants it")
    expect(page.locator(".learnt .against")).to_contain_text("Given against the gate: Her surgeon wants it")
    expect(page.locator(".trail li").first).to_contain_text("against the gate")

    page.goto(f"{server.url}/client?client={client(store, JOINTS)}&user=Ana&section=Answers+and+picks")
    expect(page.get_by_text("Given against the gate:")).to_be_visible(timeout=30_000)


def test_a_suggestion_that_is_masked_is_apart_and_asks_for_a_reason_too(
    page: Page, server: WorkbenchServer, store: Store
) -> None:
    request, _ = open_request(page, server, store)
    held = page.locator(".masked-choice").first
    name = held.locator(".what").inner_text()
    assert name not in page.locator(".choice .what").all_inner_texts()
    expect(page.locator(".masked")).to_contain_text("Osteoarthritis: low impact")
    held.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Only as a half squat")
    page.get_by_role("button", name="Record with this reason").click()
    saved(page)
    answer = labels.answer_of(store.db, request)
    assert answer is not None
    assert (answer["exercise"], answer["override"]) == (name, "Only as a half squat")


def test_keys_typed_ahead_do_not_get_past_the_reason(
    page: Page, server: WorkbenchServer, store: Store
) -> None:
    request, name = open_request(page, server, store)
    before = store.db.execute("SELECT count(*) FROM labels").fetchone()
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.locator("[role=option]").first.wait_for()
    # In one task: the browser draws no frame between them, as when a person is quicker than the machine.
    page.locator("#other").evaluate(BOTH_AT_ONCE, ["Enter", "1", "n", "f", "Enter"])
    expect(page.get_by_role("group", name=f"{name} is masked for")).to_be_visible()
    # And with the focus elsewhere, no key is an answer either.
    page.locator(".learnt").click()
    page.keyboard.type("12nf")
    expect(page.locator(".desk")).to_have_attribute("data-request", str(request))
    saved(page)
    assert store.db.execute("SELECT count(*) FROM labels").fetchone() == before


def test_what_the_server_refuses_is_told_and_comes_back_to_the_desk(
    page: Page, server: WorkbenchServer, store: Store
) -> None:
    request, _ = open_request(page, server, store)
    mine = client(store, JOINTS)
    health.save(store, mine, by="Bo", findings=["unstable retinopathy"])
    masked = queue.masked(store, mine)
    names = {key: name for key, name, _ in queue.catalogue(store, 1)}
    shown = page.locator(".choice .what").all_inner_texts()
    (place, _) = next(
        (place, name) for place, name in enumerate(shown) if name in {names[key] for key in masked}
    )
    page.keyboard.press(str(place + 1))
    saved(page)
    if status.status(store.db, mine)["request_id"] == request:  # type: ignore[index]
        expect(page.locator(".alert")).to_contain_text("The safety gate masks this exercise")
        expect(page.locator(".trail li").first).to_contain_text("not recorded")
        while page.locator(".desk").get_attribute("data-request") != str(request):
            page.keyboard.press("n")
        page.keyboard.press(str(place + 1))
        expect(page.get_by_role("group", name="is masked for")).to_contain_text("Retinopathy is not stable")
    assert labels.answer_of(store.db, request) is None


def test_a_screening_that_is_saved_opens_the_gate(page: Page, server: WorkbenchServer, store: Store) -> None:
    mine = client(store, UNSCREENED)
    page.goto(f"{server.url}/?user=Ana")
    settled(page)
    page.get_by_role("link", name="Open the screening of Client 00001").click()
    expect(page.get_by_role("tab", name="Profile and screening")).to_have_attribute("aria-selected", "true")
    settled(page)
    expect(page.get_by_text("Clearance first").first).to_be_visible()
    questions = page.locator(".st-key-health_questions").get_by_role("radiogroup")
    expect(questions).to_have_count(8, timeout=30_000)
    for group in questions.all():
        group.get_by_text("No", exact=True).click()
    page.get_by_role("button", name="Save health").click()
    saved = page.get_by_test_id("stAlertContentSuccess").get_by_text("Health saved.")
    expect(saved).to_be_visible(timeout=30_000)
    expect(saved).to_contain_text("The gate now says: Everything may be offered.")
    assert gating.judge(store, mine).open_arms == ("cardio", "strength", "flexibility")
    assert status.status(store.db, mine)["request_id"] is not None  # type: ignore[index]


@pytest.mark.parametrize("width", [1400, 800])
def test_pages_with_a_gate_fit_their_width_and_axe_finds_nothing_serious(
    page: Page, server: WorkbenchServer, store: Store, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    overflow = "(node) => node.scrollWidth - node.clientWidth"
    _, name = open_request(page, server, store)
    search(page, name)
    expect(page.get_by_role("group", name=f"{name} is masked for")).to_be_visible()
    assert page.get_by_test_id("stMain").evaluate(overflow) <= 0
    assert serious(page) == []
    page.goto(
        f"{server.url}/client?client={client(store, UNSCREENED)}&user=Ana&section=Profile+and+screening"
    )
    expect(page.get_by_role("button", name="Save health")).to_be_visible(timeout=30_000)
    assert page.get_by_test_id("stMain").evaluate(overflow) <= 0
    assert serious(page) == []
