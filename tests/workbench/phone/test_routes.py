"""The phone page and the address for step counts, as any browser or phone meets them."""

import asyncio
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from core.errors import StorageFull
from core.services import phones
from core.store import messages, people, steps
from tests.phones import NOON, TODAY, cohort, walked
from workbench.phone import page, routes

MARKS = '<script>alert("x")</script> & \'"'


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now, self.ticks = NOON, 0.0

    def go_on(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.ticks += seconds


class Browser:
    """Asks an application in this process; an exception in it comes out here.

    In a thread of its own: tests that drive Chromium leave a loop running in the main one.
    """

    def __init__(self, app):
        self.thread, self.runner = ThreadPoolExecutor(1), asyncio.Runner()
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://phone")

    def ask(self, method, path, **options):
        return self.thread.submit(self.runner.run, self.client.request(method, path, **options)).result()

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, **options):
        return self.ask("POST", path, **options)

    def close(self):
        self.thread.submit(self.runner.close).result()
        self.thread.shutdown()


class Setting:
    def __init__(self, folder, **options):
        self.store, (self.client, self.other) = cohort(folder, ("Europe/Berlin", "UTC"), **options)
        self.clock = Clock()
        self.token = phones.create_link(self.store, self.client, by="Ana", now=NOON)
        app = Starlette(routes=routes(self.store, now=lambda: self.clock.now, ticks=lambda: self.clock.ticks))
        self.browser = Browser(app)

    def close(self):
        self.browser.close()
        self.store.close()

    @property
    def path(self):
        return f"/phone/{self.token}"

    def send(self, given, token=None):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        body = given if isinstance(given, bytes | str) else json.dumps(given)
        self.clock.ticks += 10  # these tests are not about the limit
        return self.browser.post("/api/steps", content=body, headers=headers)

    def count(self):
        return {row["day"]: row["steps"] for row in steps.daily(self.store.db, self.client)}


@pytest.fixture
def here(tmp_path):
    made = Setting(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Setting(tmp_path_factory.mktemp("shared") / "data")
    yield made
    made.close()


def words(html):
    """What is on the page for a reader, without style and tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html)).split())


def report(count=5000, **more):
    return {"day": str(TODAY), "steps": count, "measured_at": "2026-03-18T11:00:00Z", **more}


class Balanced(HTMLParser):
    """Fails on tags that do not close in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, _attrs):
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_shows_the_goal_the_steps_and_the_week(here):
    walked(here.store, here.client, [9000, None, 7999, 8000, 3000, 12000, 100, 5213], 8000)
    answer = here.browser.get(here.path)
    assert answer.status_code == 200
    shown = words(answer.text)
    assert "Hello Client 0 Wednesday 18 March" in shown
    assert "5,213 of 8,000 steps 2,787 steps to go" in shown
    assert 'aria-label="5,213 of 8,000 steps so far today: 65\u00a0%"' in answer.text
    assert "Goal met on 3 of 6 days." in shown
    assert "Thursday 12 March no count 8,000 –" in shown
    assert "Friday 13 March 7,999 8,000 missed" in shown
    assert "Saturday 14 March 8,000 8,000 met" in shown
    parser = Balanced()
    parser.feed(answer.text)
    assert parser.open == []


def test_met_missed_and_no_goal_differ_by_shape_and_each_bar_has_its_goal_s_line(here):
    walked(here.store, here.client, [9000, 7000, 8000, 100, 100, 100, 100, None], 8000)
    with here.store.transaction() as db:
        db.execute("UPDATE steps SET goal = NULL WHERE day = '2026-03-17'")
    drawn = here.browser.get(here.path).text.split('class="week"')[1].split("</svg>")[0]
    assert [drawn.count(f'class="bar {kind}"') for kind in ("met", "missed", "free")] == [2, 4, 1]
    assert [drawn.count(f'class="mark {kind}"') for kind in ("met", "missed")] == [2, 4]
    assert drawn.count('class="goal"') == 6
    assert "#hatch" in page.STYLE
    assert "#dots" in page.STYLE


def test_a_goal_that_was_met_is_praised(here):
    walked(here.store, here.client, [8000], 8000)
    assert "Goal met – well done! Exactly there" in words(here.browser.get(here.path).text)
    walked(here.store, here.client, [9500], 8000)
    answer = here.browser.get(here.path).text
    assert "1,500 more than the goal" in words(answer)
    assert 'class="ring met"' in answer


@pytest.mark.parametrize(
    ("counts", "goal", "told"),
    [
        ([], None, "No steps have arrived yet today. There is no goal for today yet."),
        ([4000], None, "4,000 steps so far. There is no goal for today yet."),
        ([None], 8000, "8,000 steps to go No steps have arrived from your phone yet today."),
        ([0], 0, "Goal met"),
        ([0], 8000, "0 of 8,000 steps 8,000 steps to go"),
        ([200_000], 20_000, "180,000 more than the goal"),
    ],
)
def test_days_with_little_on_record(here, counts, goal, told):
    walked(here.store, here.client, counts, goal)
    shown = words(here.browser.get(here.path).text)
    assert told in shown
    assert "No steps from the last seven days yet." in shown


def test_a_week_in_which_no_goal_could_be_met_says_why(here):
    walked(here.store, here.client, [5000] * 8, None)
    assert "No goal was set for these days." in words(here.browser.get(here.path).text)
    walked(here.store, here.client, [None], 8000, last=TODAY - timedelta(days=3))
    assert "None of these days has both a goal and a count." in words(here.browser.get(here.path).text)


def test_a_synthetic_client_is_called_so(tmp_path):
    made = Setting(tmp_path / "data", synthetic=True)
    assert "synthetic data: no real person" in made.browser.get(made.path).text
    made.close()


def test_a_message_goes_to_the_trainer_and_the_page_says_so(here):
    answer = here.browser.post(here.path, data={"text": f"Hello\r\n{MARKS} ü"})
    assert (answer.status_code, answer.headers["location"]) == (303, "?sent=1#message")
    assert messages.of_client(here.store.db, here.client, 5)[0]["text"] == f"Hello\n{MARKS} ü"
    after = here.browser.get(f"{here.path}?sent=1").text
    assert "Your message has arrived." in after
    assert "not read yet" in after
    assert "<script" not in after
    phones.mark_read(here.store, here.client, up_to=99, by="Ana", now=NOON)
    assert "· read" in here.browser.get(here.path).text


def test_what_cannot_be_sent_stays_in_the_form(here):
    written = f"{MARKS}</textarea>" + "x" * 1000
    answer = here.browser.post(here.path, data={"text": written})
    assert answer.status_code == 422
    assert "Shorten it" in answer.text
    kept = answer.text.split("<textarea")[1].split("</textarea>")[0]
    assert "&lt;/textarea&gt;xxx" in kept
    assert here.browser.post(here.path, data={}).status_code == 422
    assert here.browser.post(here.path, content=b"\xff\x00=%FF%").status_code == 422
    assert here.browser.post(here.path, data={"text": "x" * 20_000}).status_code == 413
    assert messages.of_client(here.store.db, here.client, 5) == []


def test_after_ten_messages_an_hour_the_page_says_when_to_come_again(here):
    for _ in range(10):
        assert here.browser.post(here.path, data={"text": "Hello"}).status_code == 303
    answer = here.browser.post(here.path, data={"text": "once more"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert "once more" in answer.text
    here.clock.go_on(3600)
    assert here.browser.post(here.path, data={"text": "Hello"}).status_code == 303


@pytest.mark.parametrize("path", ["", "/manifest.webmanifest"])
def test_a_link_that_is_wrong_or_was_taken_back_shows_nothing_of_anybody(here, path):
    walked(here.store, here.client, [5213], 8000)
    unknown = here.browser.get(f"/phone/{here.token[:-2]}{path}")
    phones.revoke_link(here.store, here.client, 1, by="Ana", now=NOON)
    revoked = here.browser.get(f"{here.path}{path}")
    assert (unknown.status_code, revoked.status_code) == (404, 410)
    assert "ask for a new one" in unknown.text
    assert "Ask your trainer for a new link" in revoked.text
    for answer in (unknown, revoked):
        assert "Client" not in answer.text
        assert "8,000" not in answer.text
    assert here.browser.post(here.path, data={"text": "Hello"}).status_code == 410
    assert messages.of_client(here.store.db, here.client, 5) == []


def test_a_token_opens_its_own_client_only(here):
    with here.store.transaction() as db:
        messages.add(db, here.other, "the other's secret", "2026-03-18T10:00:00.000Z")
    walked(here.store, here.other, [1234], 4321)
    shown = here.browser.get(here.path).text
    assert "Client 1" not in shown
    assert "secret" not in shown
    assert "1,234" not in shown
    here.send(report())
    assert {row["steps"] for row in steps.daily(here.store.db, here.other)} == {1234}


def test_every_answer_keeps_out_of_caches_frames_and_other_sites(here):
    answers = [
        here.browser.get(here.path),
        here.browser.post(here.path, data={"text": "Hello"}),
        here.browser.post(here.path, data={"text": ""}),
        here.browser.get("/phone/wrong"),
        here.browser.get(f"{here.path}/manifest.webmanifest"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "set-cookie" not in answer.headers
    assert here.send(report()).headers["cache-control"] == "no-store"


def test_the_page_is_small_and_asks_nobody_else_for_anything(here):
    walked(here.store, here.client, [9000] * 8, 8000)
    text = here.browser.get(here.path).text
    assert len(text) < 30_000
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text
    assert "style=" not in text
    shown = json.loads(here.browser.get(f"{here.path}/manifest.webmanifest").text)
    assert shown["start_url"] == f"../{here.token}"
    assert here.browser.get("/phone/icon.svg").headers["content-type"] == "image/svg+xml"


def test_the_trainer_looks_without_leaving_a_trace_or_a_form(here):
    shown = here.browser.get(f"{here.path}?as=trainer").text
    assert "This is what the client sees" in shown
    assert "<form" not in shown
    assert phones.links_of(here.store, here.client)[0]["last_used_at"] is None
    assert here.browser.post(f"{here.path}?as=trainer", data={"text": "Hello"}).status_code == 403
    assert messages.of_client(here.store.db, here.client, 5) == []
    here.browser.get(here.path)
    assert phones.links_of(here.store, here.client)[0]["last_used_at"] == "2026-03-18T12:00:00.000Z"


def test_a_name_with_marks_in_it_is_shown_as_it_is(here):
    with here.store.transaction() as db:
        db.execute("UPDATE clients SET name = ? WHERE id = ?", [MARKS, here.client])
    text = here.browser.get(here.path).text
    assert "<script" not in text
    assert "Hello &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp;" in text


def test_a_store_in_trouble_is_told_without_its_insides(here, monkeypatch):
    def full(*_args, **_options):
        raise StorageFull("/secret/path is full")

    monkeypatch.setattr(phones, "screen", full)
    monkeypatch.setattr("core.services.step_reports.take", full)
    answers = [here.browser.get(here.path), here.send(report())]
    monkeypatch.setattr(phones, "find", full)
    answers += [here.browser.get(f"{here.path}/manifest.webmanifest"), here.browser.get(here.path)]
    for answer in answers:
        assert answer.status_code == 503
        assert "secret" not in answer.text
        assert answer.headers["retry-after"] == "60"


def test_counts_arrive_and_come_again_without_harm(here):
    answer = here.send(report(report_key="k"))
    assert answer.status_code == 200
    assert answer.json() == {"taken": 1, "known": 0, "days": [{"day": "2026-03-18", "steps": 5000}]}
    assert here.send(report(report_key="k")).json()["known"] == 1
    assert here.send(report(6000, report_key="k")).status_code == 409
    later = report(6000, report_key="l", measured_at="2026-03-18T11:30:00Z")
    assert here.send([later, report(5500)]).json()["days"][0]["steps"] == 6000
    assert here.count() == {"2026-03-18": 6000}
    assert "6,000" in here.browser.get(here.path).text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "not JSON"),
        (b"[" * 30_000, 400, "not JSON"),
        (b"9" * 10_000, 400, "not JSON"),
        (b"NaN", 422, "a report is an object"),
        (b"[]", 422, "1 to 100 reports"),
        (b" " * 65_537, 413, "64 KiB"),
        ([report(), report(-1)], 422, "reports[1]: steps"),
        (report(200_001), 422, "0 to 200,000"),
        (report(day="2026-03-19"), 422, "lies in the future"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_with_a_sentence(here, body, status, told):
    answer = here.send(body)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert here.count() == {}


def test_without_a_token_or_with_a_wrong_one_nothing_is_taken(here):
    phones.create_link(here.store, here.client, by="Ana", now=NOON)
    for headers in ({}, {"Authorization": here.token}, {"Authorization": f"Basic {here.token}"}):
        answer = here.browser.post("/api/steps", content=json.dumps(report()), headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert here.send(report(), token=here.token[:-1]).status_code == 401
    phones.revoke_link(here.store, here.client, 1, by="Ana", now=NOON)
    assert here.send(report()).status_code == 410
    assert here.browser.get("/api/steps").status_code == 405
    assert here.count() == {}


@pytest.mark.parametrize(
    "path", ["/phone", "/phone/", "/phone/{}/", "/phone/{}/icon.svg", "/phone//{}", "/phone/x/y"]
)
def test_beside_the_page_nothing_answers_under_its_address(here, path):
    for ask in (here.browser.get, here.browser.post):
        answer = ask(path.format(here.token))
        assert answer.status_code == 404
        assert "This link opens nothing" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_counts_are_only_posted(here, method):
    answer = here.browser.ask(method, "/api/steps")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert here.browser.get("/api/steps/more").status_code == 404


def test_a_link_taken_back_while_a_body_arrives_takes_nothing(here):
    async def body(text):
        phones.revoke_link(
            here.store, here.client, phones.find(here.store, token).link_id, by="Ana", now=NOON
        )
        yield text.encode()

    token = here.token
    refused = here.browser.post(
        "/api/steps", content=body(json.dumps(report())), headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status_code == 410
    assert here.count() == {}
    token = phones.create_link(here.store, here.client, by="Ana", now=NOON)
    assert here.browser.post(f"/phone/{token}", content=body("text=Hello")).status_code == 410
    assert messages.of_client(here.store.db, here.client, 5) == []


def test_a_body_that_does_not_come_is_not_waited_for(here, monkeypatch):
    async def body():
        yield b"text="
        await asyncio.Event().wait()

    monkeypatch.setattr(sys.modules["workbench.phone.routes"], "SLOWEST", 0.05)
    answer = here.browser.post(
        "/api/steps", content=body(), headers={"Authorization": f"Bearer {here.token}"}
    )
    assert answer.status_code == 408
    assert "did not arrive" in answer.json()["error"]
    answer = here.browser.post(here.path, content=body())
    assert answer.status_code == 408
    assert "did not arrive in time" in answer.text


def test_a_phone_that_sends_too_often_is_told_when_to_come_again(here):
    headers = {"Authorization": f"Bearer {here.token}"}
    body = json.dumps(report())

    def send():
        return here.browser.post("/api/steps", content=body, headers=headers)

    assert {send().status_code for _ in range(20)} == {200}
    refused = send()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    other = phones.create_link(here.store, here.other, by="Ana", now=NOON)
    elsewhere = {"Authorization": f"Bearer {other}"}
    assert here.browser.post("/api/steps", content=body, headers=elsewhere).status_code == 200
    here.clock.go_on(10)
    assert [send().status_code, send().status_code] == [200, 429]


@given(
    body=st.binary(max_size=300) | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_any_body_gets_an_answer_and_none_of_them_is_a_fault(shared, body):
    answer = shared.send(body)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


@given(token=st.text(min_size=1, max_size=60))
def test_any_other_token_opens_nothing(shared, token):
    assert shared.browser.get(f"/phone/{quote(token, safe='', errors='replace')}").status_code == 404


@given(name=st.text(max_size=40), goal=st.integers(0, 20_000) | st.none(), data=st.data())
def test_any_name_counts_and_goal_make_a_sound_page(shared, name, goal, data):
    counts = data.draw(st.lists(st.integers(0, 200_000) | st.none(), min_size=8, max_size=8))
    with shared.store.transaction() as db:
        db.execute(
            "UPDATE clients SET name = ? WHERE id = ?",
            [name.encode("utf-8", "replace").decode(), shared.client],
        )
        db.execute("DELETE FROM steps")
    walked(shared.store, shared.client, counts, goal)
    answer = shared.browser.get(shared.path)
    assert answer.status_code == 200
    parser = Balanced()
    parser.feed(answer.text)
    assert parser.open == []
    assert people.client(shared.store.db, shared.client)["id"] == shared.client
