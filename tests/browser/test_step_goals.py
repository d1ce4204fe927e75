"""The Step goals page in a real browser: a plan follows a slider, is approved, survives a reload, and is undone."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from core.services import Store, goals
from tests.browser.server import WorkbenchServer
from tests.walkers import ANSWERS, NO_STEPS, walkers

SLOW_MS = 30_000  # a run of the whole page, on a machine with other work


@pytest.fixture(scope="module")
def ids(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WorkbenchServer, list[int]]]:
    folder = tmp_path_factory.mktemp("step_goals") / "data"
    store, clients = walkers(folder, synthetic=False)
    store.close()
    server = WorkbenchServer(folder).start()
    yield server, clients
    server.stop()


@pytest.fixture
def server(ids: tuple[WorkbenchServer, list[int]]) -> WorkbenchServer:
    return ids[0]


@pytest.fixture
def client(ids: tuple[WorkbenchServer, list[int]]) -> int:
    return ids[1][ANSWERS]


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
    page.goto(f"{server.url}/step_goals?client={client}&user=Ana")
    page.locator(".plot svg").wait_for(timeout=120_000)  # the first estimate may wait for a compiler
    idle(page)


def idle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def answered(page: Page) -> None:
    """Until the picture shows the newest values, and the rules are compared under them."""
    page.wait_for_function(
        """() => {
          const hosts = [...document.querySelectorAll("*")].filter((node) => node.shadowRoot);
          const node = hosts.map((host) => host.shadowRoot.querySelector(".step-plan")).find(Boolean);
          const asked = node?.dataset.asked ?? "0";
          return node && node.dataset.drawn === asked && node.dataset.compared === asked;
        }"""
    )


def first_goals(page: Page) -> list[str]:
    return page.locator(".decided details tbody tr:not(.total) td.strong").all_inner_texts()


def slider(page: Page, name: str):
    return page.get_by_role("slider", name=name)


def drag(page: Page, name: str, share: float) -> None:
    box = slider(page, name).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    value = float(slider(page, name).input_value())
    limits = [float(slider(page, name).get_attribute(end) or 0) for end in ("min", "max")]
    now = (value - limits[0]) / (limits[1] - limits[0])
    page.mouse.move(box["x"] + 8 + (box["width"] - 16) * now, middle)
    page.mouse.down()
    for part in range(1, 11):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * (now + (share - now) * part / 10), middle)
        page.wait_for_timeout(20)


def test_a_drag_is_followed_approved_kept_over_a_reload_and_undone(
    page: Page, server: WorkbenchServer, client: int, store: Store
) -> None:
    visit(page, server, client)
    before = first_goals(page)
    drag(page, "Baseline", 0.9)
    expect(page.locator(".decided details tbody td.strong").first).not_to_have_text(
        before[0]
    )  # the button is still down
    page.mouse.up()
    answered(page)
    shown = first_goals(page)
    assert goals.read(store, client).planned == {}

    page.get_by_role("button", name="Approve plan").click()
    expect(page.locator(".alert")).to_contain_text("Write a reason first")
    page.get_by_label("Reason", exact=True).fill("Back from holiday")
    page.get_by_role("button", name="Approve plan").click()
    expect(page.get_by_text("Plan in force for")).to_be_visible(timeout=SLOW_MS)
    planned = goals.read(store, client)
    assert [f"{goal:,}" for _, goal in sorted(planned.planned.items())] == shown
    assert (planned.plans[0]["author"], planned.plans[0]["reason"]) == ("Ana", "Back from holiday")

    page.reload()
    page.locator(".plot svg").wait_for()
    idle(page)
    answered(page)  # Streamlit forgets a tab that is clicked while the page's first run has not ended
    page.get_by_role("tab", name="Plans so far").click()
    expect(page.get_by_text("Back from holiday")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".summary")).to_contain_text("against the plan in force")

    page.get_by_label("Reason", exact=True).fill("Easier after all")
    page.get_by_role("button", name="Approve plan").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("the plan before it holds again")).to_be_visible(timeout=SLOW_MS)
    again = goals.read(store, client)
    assert again.planned == planned.planned
    assert again.plans[0]["withdrawn_by"] == "Ana"


def test_a_missing_reason_is_still_named_once_the_rules_are_compared(
    page: Page, server: WorkbenchServer, client: int
) -> None:
    visit(page, server, client)
    slider(page, "Challenge").press("ArrowLeft")
    compared_before = page.locator(".step-plan").evaluate(
        """async (node) => {
          const approve = node.querySelector("button.approve");
          while (approve.disabled) await new Promise(requestAnimationFrame);
          approve.click();
          return node.dataset.compared === node.dataset.asked;
        }"""
    )
    assert not compared_before  # or the click says nothing about the answer that comes after it
    answered(page)
    expect(page.locator(".alert")).to_contain_text("Write a reason first")
    page.get_by_label("Reason", exact=True).fill("B")
    expect(page.locator(".alert")).to_be_hidden()


def test_a_plan_approved_as_it_stands_is_no_longer_in_force_once_it_is_undone(
    page: Page, server: WorkbenchServer, client: int
) -> None:
    visit(page, server, client)
    before = page.locator(".summary").inner_text()
    page.get_by_label("Reason", exact=True).fill("As suggested")
    page.get_by_role("button", name="Approve plan").click()
    expect(page.locator(".summary")).to_contain_text("as in force now", timeout=SLOW_MS)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".summary")).to_have_text(before, timeout=SLOW_MS)


def test_the_keyboard_is_enough(page: Page, server: WorkbenchServer, client: int, store: Store) -> None:
    visit(page, server, client)
    challenge = slider(page, "Challenge")
    challenge.focus()
    start, before = challenge.input_value(), first_goals(page)
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    answered(page)
    assert float(challenge.input_value()) == pytest.approx(float(start) - 0.2)
    assert first_goals(page) != before
    undo = page.get_by_role("button", name="Undo last change")
    undo.focus()
    while undo.is_enabled():
        page.keyboard.press("Enter")
        answered(page)
    assert challenge.input_value() == start
    assert first_goals(page) == before

    box = page.get_by_role("spinbutton", name=re.compile("^Baseline"))
    box.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("3000")
    page.keyboard.press("Tab")
    answered(page)
    assert slider(page, "Baseline").input_value() == "3000"
    page.get_by_role("button", name="Reset to estimate").focus()
    page.keyboard.press("Enter")
    answered(page)
    assert slider(page, "Baseline").input_value() != "3000"

    page.get_by_role("radio", name="10,000 every day").focus()
    page.keyboard.press("Space")
    answered(page)
    assert set(first_goals(page)) == {"10,000"}
    page.get_by_label("Reason", exact=True).focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Plan in force for")).to_be_visible(timeout=SLOW_MS)
    assert set(goals.read(store, client).planned.values()) == {10_000}
    page.get_by_role("button", name="Undo", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("is taken back")).to_be_visible(timeout=SLOW_MS)


def test_rules_that_clash_are_named_and_cannot_be_approved(
    page: Page, server: WorkbenchServer, client: int
) -> None:
    questions: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: questions.append(frame)))
    visit(page, server, client)
    page.get_by_text("More rules").click()
    for label, value in (("Never below", "9000"), ("Never above", "5000")):
        page.get_by_role("spinbutton", name=re.compile(label)).fill(value)
        page.keyboard.press("Tab")
    answered(page)
    expect(page.locator(".alert")).to_contain_text("cannot hold together")
    expect(page.locator(".alert")).to_be_in_viewport(ratio=1)
    expect(page.locator(".comparison .scroll")).to_have_css("opacity", "0.35")
    expect(page.get_by_role("button", name="Approve plan")).to_be_disabled()
    asked = len(questions)
    page.wait_for_timeout(1_500)
    assert len(questions) == asked  # there is nothing to compare, so nothing is asked again
    page.get_by_role("button", name="Undo last change").click()
    answered(page)
    expect(page.locator(".alert")).to_be_hidden()
    expect(page.get_by_role("button", name="Approve plan")).to_be_enabled()


def test_an_answer_that_takes_long_is_said_to_be_under_way(
    page: Page, server: WorkbenchServer, client: int
) -> None:
    held: list[object] = []

    def connect(route: WebSocketRoute) -> None:
        upstream = route.connect_to_server()
        route.on_message(lambda message: held.append(message) if holding else upstream.send(message))

    holding = False
    page.route_web_socket(re.compile("_stcore/stream"), connect)
    visit(page, server, client)
    expect(page.get_by_text("Solving …")).to_be_hidden()
    holding = True
    slider(page, "Challenge").press("ArrowLeft")
    expect(page.get_by_text("Solving …")).to_be_visible()
    holding = False
    answered(page)  # asked for again once it counts as lost
    expect(page.get_by_text("Solving …")).to_be_hidden()
    assert held


def test_a_goal_fixed_by_hand_stands_in_the_plan_and_is_freed_again(
    page: Page, server: WorkbenchServer, client: int
) -> None:
    visit(page, server, client)
    page.get_by_text("More rules").click()
    page.get_by_label("Goal, steps").fill("4321")
    page.get_by_role("button", name="Fix", exact=True).click()
    answered(page)
    assert first_goals(page)[0] == "4,321"
    page.get_by_role("button", name=re.compile("^Free")).click()
    answered(page)
    assert first_goals(page)[0] != "4,321"


def test_the_plan_on_screen_leaves_as_csv(page: Page, server: WorkbenchServer, client: int) -> None:
    visit(page, server, client)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this plan").click()
    text = download.value.path().read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0].startswith("client,day,goal")
    assert [f"{int(line.split(',')[2]):,}" for line in lines[1:]] == first_goals(page)


def test_the_group_plans_for_those_who_are_ticked(
    page: Page, server: WorkbenchServer, client: int, store: Store
) -> None:
    page.goto(f"{server.url}/step_goals?user=Ana")
    page.get_by_role("checkbox", name="Choose Client 0").check()
    expect(page.get_by_text("For 1 ticked")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Preview the plans").click()
    expect(page.get_by_role("table", name="Plans to be approved")).to_be_visible(timeout=SLOW_MS)
    page.get_by_label("Reason, kept with each plan").fill("Together")
    page.get_by_role("button", name="Approve 1 plan").click()
    expect(page.get_by_text("1 plan is in force from tomorrow")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("is taken back")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("link", name="Client 0").click()
    page.wait_for_url(f"**/step_goals?client={client}*")
    page.locator(".plot svg").wait_for()


@pytest.mark.parametrize("width", [1400, 800])
@pytest.mark.parametrize("place", [ANSWERS, NO_STEPS, None])
def test_nothing_serious_stands_in_the_way_of_a_screen_reader_and_nothing_is_wider_than_the_page(
    page: Page, ids: tuple[WorkbenchServer, list[int]], place: int | None, width: int
) -> None:
    server, clients = ids
    page.set_viewport_size({"width": width, "height": 900})
    if place is None:
        page.goto(f"{server.url}/step_goals?user=Ana")
        page.get_by_role("link", name="Client 0").wait_for()
        idle(page)
    else:
        visit(page, server, clients[place])
    page.wait_for_timeout(500)
    found = Axe().run(page).response["violations"]
    serious = [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
