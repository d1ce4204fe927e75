import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.guidelines import QUESTIONS
from core.services import Store
from core.store import people, versions
from tests.browser.server import WorkbenchServer

# Notes, for every key that reaches the page, which request was on screen and what its five suggestions were.
WITNESS = """(desk) => {
  window.presses = [];
  document.addEventListener("keydown", (event) => {
    window.presses.push({
      key: event.key,
      request: Number(desk.dataset.request),
      names: [...desk.querySelectorAll(".choice .what")].map((node) => node.textContent),
    });
  }, true);
}"""


@pytest.fixture
def store(workbench_server: WorkbenchServer) -> Iterator[Store]:
    opened = Store(workbench_server.folder)
    yield opened
    opened.close()


@pytest.fixture
def ana(browser: Browser, workbench_server: WorkbenchServer) -> Iterator[Page]:
    yield from signed_in(browser, workbench_server, "Ana")


@pytest.fixture
def bo(browser: Browser, workbench_server: WorkbenchServer) -> Iterator[Page]:
    yield from signed_in(browser, workbench_server, "Bo")


def signed_in(browser: Browser, server: WorkbenchServer, user: str, **options: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_requests(page, server, user)
    yield page
    context.close()
    assert not errors


def open_requests(page: Page, server: WorkbenchServer, user: str, more: str = "") -> None:
    page.goto(f"{server.url}/label_requests?user={user}{more}")
    page.locator(".desk").wait_for()


def on_screen(page: Page) -> int:
    return int(page.locator(".desk").get_attribute("data-request") or 0)


def press_raw(page: Page, **event: Any) -> None:
    """A key press that the driver's own keyboard cannot make: a repeat, or a number pad with its lock on."""
    page.locator(".choice").first.evaluate(
        "(node, event) => node.dispatchEvent(new KeyboardEvent('keydown', {...event, bubbles: true, composed: true}))",
        event,
    )


def saved(page: Page) -> None:
    expect(page.locator(".desk")).to_have_attribute("data-saving", "0", timeout=30_000)


def answers(store: Store, request: int) -> list[tuple[str, str, str | None]]:
    """(user, verdict, exercise) of the labels that stand for a request."""
    return store.db.execute(
        "SELECT u.name, l.verdict, e.name FROM labels l JOIN users u ON u.id = l.user_id"
        " LEFT JOIN exercises e ON e.id = l.exercise_id WHERE l.request_id = ? AND l.undone_at IS NULL",
        [request],
    ).fetchall()


def count(store: Store) -> int:
    return int(store.db.execute("SELECT count(*) FROM labels").fetchone()[0])


def test_ten_keys_30_ms_apart_are_ten_labels_on_the_requests_that_were_on_screen(
    ana: Page, store: Store
) -> None:
    before = count(store)
    ana.locator(".desk").evaluate(WITNESS)
    ana.keyboard.type("1234512345", delay=30)
    saved(ana)
    presses = ana.evaluate("window.presses")
    assert len({press["request"] for press in presses}) == 10
    assert count(store) == before + 10
    for press in presses:
        assert answers(store, press["request"]) == [
            ("Ana", "exercise", press["names"][int(press["key"]) - 1])
        ]


def test_the_batch_is_topped_up_without_moving_the_request_on_screen(ana: Page, store: Store) -> None:
    seen = []
    for _ in range(12):
        seen.append(on_screen(ana))
        ana.keyboard.press("1")
        showing = on_screen(ana)
        saved(ana)
        assert on_screen(ana) == showing
    assert len(set(seen)) == 12
    assert all(len(answers(store, request)) == 1 for request in seen)


def test_a_key_shows_before_and_after_and_undo_takes_label_and_lesson_back(ana: Page, store: Store) -> None:
    request, client = on_screen(ana), ana.locator(".name").inner_text()
    client_id = store.db.execute("SELECT client_id FROM requests WHERE id = ?", [request]).fetchone()[0]
    version = versions.in_force(store.db, client_id)
    choice = ana.locator(".choice .what").nth(1).inner_text()

    ana.keyboard.press("2")
    saved(ana)
    expect(ana.locator(".learnt .changes > .quiet").first).to_contain_text(
        f"{choice} for {client}: the model"
    )
    expect(ana.locator(".pair.taught .what")).to_contain_text(choice)
    assert ana.locator(".pair").count() >= 5
    expect(ana.locator(".forgetting")).to_contain_text("right before")
    assert versions.in_force(store.db, client_id) != version

    ana.keyboard.press("u")
    assert on_screen(ana) == request
    saved(ana)
    expect(ana.locator(".learnt .changes > .quiet").first).to_contain_text("Taken back")
    assert answers(store, request) == []
    assert versions.in_force(store.db, client_id) == version


def test_limits_and_measures_say_what_they_stand_on(ana: Page, store: Store) -> None:
    expect(ana.locator(".limits-box")).to_contain_text("Takes medication: not answered")
    expect(ana.locator(".limits-box")).to_contain_text("Everything may be offered.")
    measures = ana.locator(".request .figures")
    for name in ("margin 0.", "p-value 0.", "entropy ", " nats", "least confidence 0."):
        expect(measures).to_contain_text(name)
    expect(ana.locator(".details")).to_contain_text("on clients held out, the right exercise was in it")
    client = store.db.execute("SELECT client_id FROM requests WHERE id = ?", [on_screen(ana)]).fetchone()[0]
    with store.transaction() as db:
        for kind in ("medical", "screening"):
            people.add_documents(db, kind, {client: {}})
    ana.goto(f"{ana.url}&request={on_screen(ana)}")
    expect(ana.locator(".limits-box")).to_contain_text("Limits are not known", timeout=30_000)
    expect(ana.locator(".gate-closed")).to_contain_text("Nothing is suggested. Clearance first")
    expect(ana.locator(".choice").first).to_be_hidden()
    answer = {"conditions": "none", "medication": "no"}
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: answer})
        people.add_documents(db, "screening", {client: dict.fromkeys(QUESTIONS, "no")})
    ana.reload()
    expect(ana.locator(".limits-box")).to_contain_text("None named in the medical history", timeout=30_000)


def test_the_second_of_two_trainers_is_told_who_was_first_and_what_was_answered(
    browser: Browser, workbench_server: WorkbenchServer, ana: Page, store: Store
) -> None:
    request = on_screen(ana)
    for bo in signed_in(browser, workbench_server, "Bo"):
        open_requests(bo, workbench_server, "Bo", f"&request={request}")
        assert on_screen(bo) == request
        name = ana.locator(".choice .what").nth(0).inner_text()
        ana.keyboard.press("1")
        saved(ana)
        bo.keyboard.press("3")
        saved(bo)
        expect(bo.locator(".alert")).to_contain_text("Ana answered this")
        expect(bo.locator(".alert")).to_contain_text(f"ago: {name}")
        assert answers(store, request) == [("Ana", "exercise", name)]
        bo.keyboard.press("Escape")
        expect(bo.locator(".alert")).to_be_empty()


def test_nothing_happens_while_a_text_field_has_the_focus_or_a_key_repeats(ana: Page, store: Store) -> None:
    request, before = on_screen(ana), count(store)
    ana.keyboard.press("/")
    ana.keyboard.type("12nfu")
    assert ana.locator("#other").input_value() == "12nfu"
    ana.keyboard.press("Escape")
    press_raw(ana, key="1", code="Digit1", repeat=True)
    ana.keyboard.press("Control+1")
    assert on_screen(ana) == request
    assert count(store) == before


def test_single_keys_can_be_switched_off_and_the_choice_is_remembered(ana: Page) -> None:
    request = on_screen(ana)
    ana.get_by_label("Single-key shortcuts").uncheck()
    ana.keyboard.press("1")
    ana.keyboard.press("n")
    assert on_screen(ana) == request
    ana.reload()
    ana.locator(".desk").wait_for()
    ana.keyboard.press("1")
    assert on_screen(ana) == request
    expect(ana.get_by_label("Single-key shortcuts")).not_to_be_checked()
    ana.get_by_label("Single-key shortcuts").check()
    press_raw(ana, key="1", code="Numpad1")
    assert on_screen(ana) != request
    saved(ana)


def test_every_other_way_to_answer_works_from_the_keyboard(ana: Page, store: Store) -> None:
    other = on_screen(ana)
    ana.keyboard.press("/")
    ana.keyboard.type("exercise 1")
    ana.keyboard.press("ArrowDown")
    name = ana.locator("[role=option][aria-selected=true] span").first.inner_text()
    ana.keyboard.press("Enter")
    none = on_screen(ana)
    ana.keyboard.press("n")
    skipped = on_screen(ana)
    ana.keyboard.press("s")
    ana.keyboard.press("2")
    explained = on_screen(ana)
    ana.keyboard.press("s")
    ana.get_by_label("Another reason").fill("No shoes")
    ana.keyboard.press("Enter")
    flagged = on_screen(ana)
    ana.keyboard.press("f")
    saved(ana)
    assert answers(store, other) == [("Ana", "exercise", name)]
    assert answers(store, none) == [("Ana", "none suitable", None)]
    assert answers(store, skipped) == [("Ana", "skip", None)]
    assert answers(store, flagged) == [("Ana", "flag", None)]
    reasons = store.db.execute(
        "SELECT reason FROM labels WHERE request_id IN (?, ?) ORDER BY id", [skipped, explained]
    ).fetchall()
    assert reasons == [("Not my client",), ("No shoes",)]


def test_a_key_right_after_a_reason_that_was_typed_is_not_lost(ana: Page, store: Store) -> None:
    skipped = on_screen(ana)
    ana.keyboard.press("s")
    # Both keys in one task: the browser draws no frame between them, as when a person is quicker than the machine.
    ana.get_by_label("Another reason").evaluate(
        """(input) => {
          const press = (node, key) =>
            node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
          input.focus();
          input.value = "No shoes";
          press(input, "Enter");
          press(input.getRootNode().activeElement ?? document.body, "f");
        }"""
    )
    saved(ana)
    assert answers(store, skipped) == [("Ana", "skip", None)]
    newest = store.db.execute("SELECT verdict FROM labels ORDER BY id DESC LIMIT 2").fetchall()
    assert newest == [("flag",), ("skip",)]


def test_buttons_do_the_same_and_keep_the_focus(ana: Page, store: Store) -> None:
    request = on_screen(ana)
    button = ana.get_by_role("button", name="in the prediction set").first
    name = ana.locator(".choice .what").first.inner_text()
    ana.locator(".choice").first.focus()
    ana.keyboard.press("Enter")
    saved(ana)
    assert answers(store, request) == [("Ana", "exercise", name)]
    assert ana.locator(".choice").first.evaluate("(node) => node === node.getRootNode().activeElement")
    expect(button).to_be_visible()


def test_reloading_right_after_a_key_loses_nothing(ana: Page, store: Store) -> None:
    requests = []
    for key in "123":
        requests.append(on_screen(ana))
        ana.keyboard.press(key)
    ana.reload()
    ana.locator(".desk").wait_for()
    saved(ana)
    assert [len(answers(store, request)) for request in requests] == [1, 1, 1]
    assert on_screen(ana) not in requests


def test_answers_given_while_the_server_is_down_are_kept_and_written_when_it_is_back(
    ana: Page, store: Store, workbench_server: WorkbenchServer
) -> None:
    workbench_server.stop()
    requests = []
    for key in "12":
        requests.append(on_screen(ana))
        ana.keyboard.press(key)
    expect(ana.locator(".standing .saving")).to_have_text("Saving 2 …")
    expect(ana.locator(".alert")).to_contain_text("2 answers are kept in this tab", timeout=15_000)
    assert [answers(store, request) for request in requests] == [[], []]
    workbench_server.start()
    saved(ana)
    assert [len(answers(store, request)) for request in requests] == [1, 1]
    expect(ana.locator(".alert")).not_to_contain_text("kept in this tab")


def test_a_used_up_budget_and_skipped_requests_say_what_comes_next(
    bo: Page, store: Store, workbench_server: WorkbenchServer
) -> None:
    with store.transaction() as db:
        people.set_setting(db, "asking.per_trainer_a_day", 0)
    try:
        open_requests(bo, workbench_server, "Bo")
        expect(bo.get_by_role("heading", name="Done for today")).to_be_visible()
    finally:
        with store.transaction() as db:
            people.set_setting(db, "asking.per_trainer_a_day", 500)
    open_requests(bo, workbench_server, "Bo")
    left = bo.get_by_role("heading", name="Only skipped requests are left")
    until = time.monotonic() + 120
    while not left.is_visible() and time.monotonic() < until:
        if on_screen(bo):
            bo.keyboard.type("s4")
        else:
            saved(bo)
    expect(bo.get_by_role("heading", name="Only skipped requests are left")).to_be_visible()
    bo.get_by_role("button", name="Bring skipped back").click()
    expect(bo.locator(".choice").first).to_be_visible()
    assert on_screen(bo) > 0


@pytest.mark.parametrize("width", [1400, 800])
def test_the_page_fits_its_width_and_keeps_the_limits_in_view(ana: Page, width: int) -> None:
    ana.set_viewport_size({"width": width, "height": 900})
    overflow = "(node) => node.scrollWidth - node.clientWidth"
    assert ana.get_by_test_id("stMain").evaluate(overflow) <= 0
    ana.locator(".choice").nth(4).scroll_into_view_if_needed()
    expect(ana.locator(".limits-box")).to_be_in_viewport()
    unnamed = ana.locator(".desk button").evaluate_all(
        "(nodes) => nodes.filter((node) => !(node.getAttribute('aria-label') || node.textContent).trim()).length"
    )
    assert unnamed == 0


def test_a_client_with_many_limits_covers_nothing_on_a_narrow_page(ana: Page, store: Store) -> None:
    request = on_screen(ana)
    client = store.db.execute("SELECT client_id FROM requests WHERE id = ?", [request]).fetchone()[0]
    many = {f"limitation_number_{number}_of_many": "yes" for number in range(16)}
    with store.transaction() as db:
        people.add_documents(db, "medical", {client: many})
    ana.set_viewport_size({"width": 800, "height": 900})
    ana.goto(f"{ana.url}&request={request}")
    expect(ana.locator(".limits-box")).to_contain_text("of many")
    ana.mouse.move(600, 500)
    ana.mouse.wheel(0, 5000)
    ana.locator(".learnt").scroll_into_view_if_needed()
    panel, learnt = (ana.locator(part).bounding_box() for part in (".client", ".learnt"))
    assert panel is not None
    assert learnt is not None
    beside = panel["x"] + panel["width"] <= learnt["x"]
    assert beside or panel["y"] + panel["height"] <= learnt["y"]
