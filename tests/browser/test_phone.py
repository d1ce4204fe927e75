"""The phone page in Chromium at the width of a phone: read, written on, and heard."""

import json
import urllib.error
import urllib.request
from datetime import date, timedelta
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from core.services import moments, phones
from core.store import people
from tests.browser.server import WorkbenchServer
from tests.cohorts import small_cohort
from tests.phones import walked


@pytest.fixture(scope="module")
def server(chromium_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phone") / "data"
    store = small_cohort(folder, clients=3, days=3, train=False)
    today = moments.now().date()
    counts = [9020, None, 7999, 8000, 3000, 12500, 100, 5213]
    # Two days on, so that a midnight during the tests changes nothing that they look at.
    walked(store, 1, [*counts, 5213], 8250, last=today + timedelta(days=1))
    for client in (1, 2):
        phones.create_link(store, client, by="Ana", now=moments.now())
    store.close()
    running = WorkbenchServer(folder).start()
    yield running
    running.stop()


@pytest.fixture
def store(server):
    from core.services import Store

    opened = Store(server.folder)
    yield opened
    opened.close()


def link(server, store, client=1):
    return f"{server.url}/phone/{phones.links_of(store, client)[0]['token']}"


@pytest.fixture(params=[390, 360])
def page(browser, request):
    context = browser.new_context(viewport={"width": request.param, "height": 844}, has_touch=True)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()


def check_by_ear(page):
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_goal_week_and_message_fit_the_width_and_have_no_barriers(page, server, store):
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(link(server, store))
    expect(page.get_by_role("img", name="of 8,250 steps so far today")).to_be_visible()
    expect(page.get_by_text("3,037 steps to go")).to_be_visible()
    expect(page.locator(".week")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert {url for url in asked if not url.startswith(server.url)} == set()
    assert said == []  # nothing that the content policy had to stop
    check_by_ear(page)
    page.goto(link(server, store, 2))
    expect(page.get_by_text("There is no goal for today yet")).to_be_visible()
    check_by_ear(page)


def test_every_bar_and_every_goal_lies_within_its_day_of_the_week(page, server, store):
    page.goto(link(server, store))
    frame = page.locator(".week").bounding_box()
    for part in page.locator(".week .bar, .week .goal, .week text").all():
        box = part.bounding_box()
        assert box["x"] >= frame["x"] - 1
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    labels = [box.bounding_box() for box in page.locator(".week .weekday").all()]
    assert len(labels) == 7
    assert all(a["x"] + a["width"] <= b["x"] for a, b in pairwise(labels))


def test_a_message_is_sent_without_any_script_and_the_trainer_has_it(browser, server, store):
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(link(server, store))
    page.get_by_role("link", name="Message").click()
    page.get_by_label("Message to your trainer").fill("My knee <b>hurts</b>.\nShall I rest?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has arrived.")).to_be_visible()
    expect(page.locator(".own li").first).to_contain_text("My knee <b>hurts</b>.")
    assert phones.messages_from(store, 1)[0]["text"] == "My knee <b>hurts</b>.\nShall I rest?"
    page.reload()
    assert len(phones.messages_from(store, 1)) == 1
    context.close()


def test_a_count_sent_by_a_phone_shows_on_the_page_and_nothing_else_opens_with_the_token(page, server, store):
    phones.create_link(store, 3, by="Ana", now=moments.now())
    address = link(server, store, 3)
    token = address.rpartition("/")[2]
    now = moments.now()
    report = {"day": str(now.date()), "steps": 4321, "measured_at": now.isoformat()}
    request = urllib.request.Request(
        f"{server.url}/api/steps",
        json.dumps(report).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.loads(answer.read())["taken"] == 1
        assert answer.headers["X-Frame-Options"] == "DENY"
    page.goto(address)
    if moments.now().date() == date.fromisoformat(report["day"]):
        expect(page.get_by_text("4,321 steps so far.")).to_be_visible()
    for path in ("steps", "phone", f"phone/{token}/steps", f"api/{token}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(
                urllib.request.Request(f"{server.url}/{path}", b"x", {"Authorization": f"Bearer {token}"}),
                timeout=20,
            )
        assert refused.value.code in (404, 405)
        refused.value.close()


def test_a_link_that_was_taken_back_says_what_to_do(page, server, store):
    token = phones.create_link(store, 1, by="Ana", now=moments.now())
    made = phones.find(store, token)
    phones.revoke_link(store, 1, made.link_id, by="Ana", now=moments.now())
    answer = page.goto(f"{server.url}/phone/{token}")
    assert answer.status == 410
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
    assert people.client(store.db, 1)["name"] not in page.content()
    check_by_ear(page)
