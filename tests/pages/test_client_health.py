import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.guidelines import QUESTIONS
from core.services import Store, gating, health, labelling, queue
from core.store import audit, people, status
from tests.gated import HEART, JOINTS, OPEN, UNKNOWN, UNSCREENED, gated_cohort
from workbench.components import client_health

APP = Path(__file__).parents[2] / "workbench" / "app.py"


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gated") / "data"
    store = gated_cohort(folder)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder


@pytest.fixture
def store(gated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "data"
    shutil.copytree(gated, folder)
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    opened = Store(folder)
    yield opened
    opened.close()


def client(store: Store, place: int) -> int:
    return sorted(people.client_ids(store.db, 1).values())[place]


def open_page(store: Store, place: int, user: str = "Ana") -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/client.py")
    app.query_params["client"] = str(client(store, place))
    app.query_params["user"] = user
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.info, app.html, app.error, app.success, app.warning)
    return "\n".join(part.value for kind in kinds for part in kind).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def choose(app: AppTest, label: str, *names: str) -> None:
    next(pills for pills in app.pills if pills.label.startswith(label)).set_value(list(names))


def answer_all(app: AppTest, said: bool = False) -> None:
    for radio in (radio for radio in app.radio if str(radio.key).startswith("health_")):
        radio.set_value(said)


def test_where_everything_may_be_offered_the_header_is_quiet(store: Store) -> None:
    app = open_page(store, OPEN)
    assert "Everything may be offered." in texts(app)
    assert "<b>Gate</b>" not in texts(app)
    assert "No rule waits for a clinician’s clearance" in texts(app)


def test_unscreened_nothing_is_offered_and_the_now_tab_says_what_to_do(store: Store) -> None:
    shown = texts(open_page(store, UNSCREENED))
    assert "<b>Gate</b>Clearance first" in shown
    assert "Ask the screening questions without an answer: 7 of 7." in shown
    assert "Masks everything until it is dealt with." in shown
    assert "class='suggestions'" not in shown


def test_a_screening_that_is_filled_in_opens_the_gate_and_says_so(store: Store) -> None:
    app = open_page(store, UNSCREENED)
    answer_all(app)
    press(app, "Save health")
    shown = texts(app)
    assert "Health saved." in shown
    assert "The gate now says: Everything may be offered." in shown
    assert "Recommendation updated: Exercise" in shown
    assert "class='suggestions'" in shown
    record = health.read(store, client(store, UNSCREENED))
    assert dict(record.screening) == dict.fromkeys(QUESTIONS, False)
    assert record.active is False
    rows = audit.recent(store.db, 50, f"client {client(store, UNSCREENED)}")
    assert ("Ana", "save health") in [(row["actor"], row["action"]) for row in rows]


def test_every_rule_that_holds_has_its_source_link_and_review(store: Store) -> None:
    shown = texts(open_page(store, JOINTS))
    assert "<b>Gate</b>Within limits: osteoarthritis, impact" in shown
    assert "<b>Osteoarthritis: low impact.</b> Masks impact above low." in shown
    assert "<a href='https://doi.org/10.1002/acr.24131'" in shown
    assert "not yet reviewed by a clinician" in shown


def test_what_the_gate_holds_back_is_named_beside_the_recommendation(store: Store) -> None:
    shown = texts(open_page(store, JOINTS))
    assert "The model also thought of these; the gate masks them" in shown
    assert "Its impact is high, and at most low is allowed. Osteoarthritis: low impact" in shown
    assert "class='suggestions'" in shown


def test_clearance_lifts_what_it_can_is_taken_back_and_ends_with_other_answers(store: Store) -> None:
    app = open_page(store, HEART)
    press(app, "Record clearance")
    assert app.error[0].value == "Name the clinician who gave clearance."
    next(box for box in app.text_input if box.label == "Clinician").set_value("Dr Weber, cardiologist")
    next(box for box in app.text_area if box.label == "What was allowed").set_value("Up to *moderate*")
    press(app, "Record clearance")
    shown = texts(app)
    assert "Clearance recorded. The gate now says: Within limits." in shown
    assert "Dr Weber, cardiologist: Up to *moderate* (recorded by Ana" in shown
    assert [expander.label for expander in app.expander if expander.label.startswith("Lifted")]
    press(app, "Take clearance back")
    assert "Clearance taken back. The gate now says: Clearance first" in texts(app)
    assert "Clearance no longer counts." in texts(app)

    health.clear(store, client(store, HEART), by="Bo", note="Dr Weber")
    app = open_page(store, HEART)
    choose(app, "What makes more possible", "medically supervised")
    press(app, "Save health")
    shown = texts(app)
    assert "Clearance no longer counts." in shown
    assert "ask for it again" in shown
    assert not health.read(store, client(store, HEART)).cleared


def test_a_condition_that_no_rule_knows_is_told_and_replaced_only_when_that_is_said(store: Store) -> None:
    app = open_page(store, UNKNOWN)
    shown = texts(app)
    assert "The record names “lupus”, which the guideline base does not know" in shown
    assert "Nothing is offered: something on record cannot be judged." in shown
    choose(app, "What a doctor has found", "obesity", "hypertension")
    press(app, "Save health")
    assert "The record also names lupus." in app.error[0].value
    assert health.read(store, client(store, UNKNOWN)).unknown == ("lupus",)
    next(box for box in app.checkbox if "lupus" in box.label).check()
    press(app, "Save health")
    record = health.read(store, client(store, UNKNOWN))
    assert (set(record.conditions or ()), record.unknown) == ({"obesity", "hypertension"}, ())


def test_none_of_these_and_a_condition_cannot_both_be(store: Store) -> None:
    app = open_page(store, OPEN)
    choose(app, "What a doctor has found", client_health.NONE_OF_THESE, "stroke")
    press(app, "Save health")
    assert app.error[0].value.startswith("“None of these” cannot be chosen together with a condition.")
    assert health.read(store, client(store, OPEN)).conditions == ()


def test_findings_and_measurements_are_saved_with_who_and_when(store: Store) -> None:
    app = open_page(store, OPEN)
    choose(app, "Reasons against any exercise now", "unstable angina")
    next(box for box in app.number_input if box.label.startswith("Systolic")).set_value(190.0)
    press(app, "Save health")
    shown = texts(app)
    assert "The gate now says: Stop: angina is not stable" in shown
    assert "Recommendation updated: nothing is recommended now." in shown
    assert "No exercise until what stops it is dealt with" in shown
    assert "On record: Unstable angina since" in shown
    assert "On record: Systolic blood pressure since" in shown
    assert "by Ana." in shown


def test_saving_without_a_change_changes_nothing(store: Store) -> None:
    app = press(open_page(store, JOINTS), "Save health")
    assert "Nothing was changed, so nothing was saved." in texts(app)
    rows = audit.recent(store.db, 50, f"client {client(store, JOINTS)}")
    assert "save health" not in [row["action"] for row in rows]


def test_what_a_colleague_saved_meanwhile_is_told_and_stays(store: Store) -> None:
    app = open_page(store, OPEN)
    health.save(store, client(store, OPEN), by="Bo", conditions=["obesity"])
    choose(app, "Signs and symptoms", "palpitations")
    press(app, "Save health")
    record = health.read(store, client(store, OPEN))
    assert record.conditions == ("obesity",)
    assert list(record.findings) == ["palpitations"]

    app = open_page(store, OPEN)
    health.save(store, client(store, OPEN), by="Bo", conditions=["stroke"])
    app.run()
    assert "The record was changed since this form was filled" in texts(app)
    press(app, "Show what is on record now")
    assert "The record was changed since this form was filled" not in texts(app)
    assert next(pills for pills in app.pills if pills.label.startswith("What a doctor")).value == ["stroke"]


def test_an_answer_against_the_gate_is_marked_with_its_reason(store: Store) -> None:
    mine = client(store, JOINTS)
    request = status.status(store.db, mine)["request_id"]
    against = next(iter(queue.masked(store, mine)))
    given = labelling.Answer(request, "key", "exercise", against, override="Her *surgeon* wants it")
    assert labelling.answer(store, "Ana", given).status in ("taught", "recorded")
    shown = texts(open_page(store, JOINTS))
    assert "**Given against the gate:** Her *surgeon* wants it" in shown
    assert "override reason Her *surgeon* wants it, rules osteoarthritis, impact" in shown


def test_a_gate_that_is_off_says_so_with_the_reason_and_the_rules_that_would_hold(store: Store) -> None:
    gating.switch(store, 1, on=False, reason="A trial with <athletes>", by="Ana")
    shown = texts(open_page(store, JOINTS))
    assert "The safety gate is off for this cohort: A trial with &lt;athletes&gt;" in shown
    assert "Rules that would hold, were the gate on" in shown
    assert "class='suggestions'" in shown


def test_the_caseload_sends_to_the_screening_where_the_gate_leaves_nothing(store: Store) -> None:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    table = next(part for part in app.get("bidi_component") if "rows" in json.loads(part.proto.json or "{}"))
    rows = {row["client"]: row for row in json.loads(table.proto.json)["rows"]}
    held = {key for key, row in rows.items() if row["screening"]}
    assert held == {client(store, place) for place in (UNSCREENED, HEART, UNKNOWN)}
    assert all(rows[key]["request"] is None for key in held)
    assert rows[client(store, HEART)]["reason"].startswith("Clearance first: a doctor has spoken of a heart")


def test_a_cohort_whose_gate_is_off_says_so_on_the_caseload(store: Store) -> None:
    gating.switch(store, 1, on=False, reason="A *trial*", by="Ana")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert "The safety gate is off for this cohort" in texts(app)
    assert "Reason given: A *trial*" in texts(app)


def test_the_gate_is_switched_off_only_with_a_reason_and_on_again(store: Store) -> None:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.query_params["user"] = "Ana"
    app.switch_page("../pages/data.py").run()
    press(app, "Switch the gate off")
    assert "Say why the safety gate is switched off" in texts(app)
    assert gating.is_on(store, 1) == (True, "")
    next(box for box in app.text_input if box.label == "Why it is switched off").set_value("A trial")
    press(app, "Switch the gate off")
    assert gating.is_on(store, 1) == (False, "A trial")
    assert "Reason given: A trial" in texts(app)
    press(app, "Switch the gate on")
    assert gating.is_on(store, 1) == (True, "")
    assert "The gate is on" in texts(app)


def test_a_clearance_for_answers_that_changed_meanwhile_is_asked_for_again(store: Store) -> None:
    app = open_page(store, HEART)
    health.save(store, client(store, HEART), by="Bo", screening={"chest_pain": True})
    next(box for box in app.text_input if box.label == "Clinician").set_value("Dr Weber")
    press(app, "Record clearance")
    assert "nobody can have seen the new answers" in texts(app)
    assert not health.read(store, client(store, HEART)).cleared
    press(app, "Record clearance")
    assert health.read(store, client(store, HEART)).cleared
