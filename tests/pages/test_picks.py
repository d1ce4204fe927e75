"""The Picks page for one client in each state: open, masked, stopped, picked, answered, tried, little known, nobody."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import InputError
from core.services import Store, accounts, gating, picks
from core.services.picks import PolicySettings
from core.store import audit, people
from tests.phones import cohort
from tests.pickers import PARTLY, STOPPED, pickers

APP = Path(__file__).parents[2] / "workbench" / "app.py"
OPEN = 6  # a place in the list whose client has every arm open and every outcome given


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("picks") / "data"
    store, ids = pickers(folder)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder, ids


@pytest.fixture
def store(made, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(made[0], folder)
    monkeypatch.setenv("SPOTTER_DATA", str(folder))
    opened = Store(folder)
    yield opened
    opened.close()


@pytest.fixture
def ids(made):
    return made[1]


def open_page(**address):
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/picks.py")
    for name, value in {"user": "Ana", **address}.items():
        app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    return app


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def texts(app):
    kinds = (app.title, app.header, app.markdown, app.info, app.html, app.error, app.warning)
    return "\n".join(getattr(part, "value", None) or "" for kind in kinds for part in kind).replace("\\", "")


def keys(app):
    return {button.key for button in app.button}


def test_the_best_open_arm_stands_on_top_with_its_lead_its_gate_and_its_chances(store, ids):
    client = ids[OPEN]
    considered = picks.consider(store, client)
    app = open_page(client=client)
    said = texts(app)
    assert app.title[0].value.replace("\\", "").endswith(f": {considered.best.capitalize()}")
    assert considered.runner_up in said
    assert "Everything may be offered" in said
    assert "comes with a chance of 93" in said
    assert "In 10" in said
    assert "deliberately draws among all open kinds" in said
    assert considered.rationale.sentence in said
    assert f"Why {considered.best}" in said
    assert "not medical advice; the guideline rows below are not yet reviewed by a clinician" in said
    assert considered.stability is not None
    assert "the first reason stays first in" in said
    assert considered.flip.sentence in said


def test_what_is_shown_of_a_client_is_noted_once_a_session(store, ids):
    app = open_page(client=ids[OPEN])
    app.run()
    rows = [
        row for row in audit.recent(store.db, 50, f"client {ids[OPEN]}") if row["action"] == "view client"
    ]
    assert len(rows) == 1
    assert "Picks" in rows[0]["detail"]


def test_one_click_makes_the_pick_and_one_more_says_how_it_went_and_both_stay(store, ids):
    client = ids[OPEN]
    app = press(open_page(client=client), "decide")
    newest = picks.of_client(store, client)[0]
    assert newest.author == "Ana"
    assert newest.propensity is not None
    assert f"Picked for today: {newest.arm}" in texts(app)
    press(app, f"outcome_partly_{newest.id}")
    assert picks.read(store, newest.id).outcome.completion == 0.5
    again = open_page(client=client)
    assert "How it went: Partly" in texts(again)
    assert "decide" not in keys(again)
    press(again, f"undo_outcome_{newest.id}")
    assert picks.read(store, newest.id).outcome is None
    assert "decide" in keys(again)
    assert "the policy forgets" in texts(again)


def test_an_arm_chosen_by_a_person_has_no_propensity_and_takes_the_place_of_the_draw(store, ids):
    client = ids[OPEN]
    app = press(open_page(client=client), "decide")
    first = picks.of_client(store, client)[0]
    press(app, "choose_flexibility")
    newest = picks.of_client(store, client)[0]
    assert (newest.arm, newest.propensity) == ("flexibility", None)
    assert picks.read(store, first.id).replaced_by == newest.id
    assert "chosen by Ana" in texts(app)
    assert app.title[0].value.endswith(": Flexibility")


def test_a_draw_that_tries_another_arm_says_so(store, ids):
    picks.put_in_force(store, 1, PolicySettings(epsilon=1.0), reason="all even", by="Ana")
    tried = None
    for client in ids[OPEN:]:
        found = picks.read(store, picks.decide(store, client, by="Ana"))
        if found.arm != found.receipt["best"]:
            tried = found
            break
    assert tried is not None
    app = open_page(client=tried.client_id)
    assert f"scored {tried.receipt['best']} best and drew {tried.arm} to learn from it" in texts(app)


def test_how_the_client_is_today_counts_and_is_kept_with_the_pick(store, ids):
    client = ids[OPEN]
    app = open_page(client=client)
    place = next(group for group in app.button_group if str(group.key).startswith(f"energy_{client}"))
    place.set_value("low").run()
    press(app, "decide")
    newest = picks.of_client(store, client)[0]
    assert newest.receipt["values"]["energy"] == "low"
    again = open_page(client=client)
    kept = next(group for group in again.button_group if str(group.key).startswith(f"energy_{client}"))
    assert kept.value == "low"


def test_older_picks_without_an_outcome_come_first_and_are_answered_in_one_click(store, ids):
    client = ids[0]
    waiting = next(pick for pick in picks.of_client(store, client) if pick.outcome is None)
    app = press(open_page(client=client), f"outcome_done_{waiting.id}")
    assert picks.read(store, waiting.id).outcome.completion == 1.0
    assert f"outcome_done_{waiting.id}" not in keys(app)
    press(app, "picks_undo")
    assert picks.read(store, waiting.id).outcome is None
    assert f"outcome_done_{waiting.id}" in keys(app)


def test_an_outcome_that_somebody_else_gave_first_is_told(store, ids):
    waiting = next(pick for pick in picks.of_client(store, ids[0]) if pick.outcome is None)
    app = open_page(client=ids[0])
    picks.record_outcome(store, waiting.id, 0.0, by="Bo")
    press(app, f"outcome_done_{waiting.id}")
    assert "Bo said already" in texts(app)
    assert picks.read(store, waiting.id).outcome.completion == 0.0


def test_a_masked_arm_names_its_rule_and_source_and_needs_a_reason(store, ids):
    client = ids[PARTLY]
    app = open_page(client=client)
    said = texts(app)
    assert "Strength masked; cardio and flexibility open" in said
    assert "Retinopathy is not stable" in said
    assert "ADA position statement 2016" in said
    assert "not yet reviewed by a clinician" in said
    assert "choose_strength" not in keys(app)
    before = len(picks.of_client(store, client))
    submit = next(button for button in app.button if button.label == "Pick it against the gate")
    submit.click().run()
    assert "Write a reason first" in texts(app)
    assert len(picks.of_client(store, client)) == before
    app.text_input(key="override_reason").set_value("The ophthalmologist agreed by phone")
    next(button for button in app.button if button.label == "Pick it against the gate").click().run()
    newest = picks.of_client(store, client)[0]
    assert newest.arm == "strength"
    assert newest.receipt["override"]["reason"] == "The ophthalmologist agreed by phone"
    assert "The ophthalmologist agreed by phone" in texts(app)


def test_a_gate_that_stops_everything_says_what_to_do_and_offers_nothing(store, ids):
    app = open_page(client=ids[STOPPED])
    said = texts(app)
    assert app.title[0].value.endswith(": nothing yet")
    assert "Stop: angina is not stable" in said
    assert "Cardio, strength, flexibility masked" in said
    assert "decide" not in keys(app)
    assert not app.get("plotly_chart")
    link = next(part for part in app.get("page_link") if part.proto.label == "Profile and screening")
    assert "section=Profile" in link.proto.query_string


def test_a_gate_that_is_off_is_told_with_its_reason(store, ids):
    gating.switch(store, 1, on=False, reason="a study with its own physician", by="Ana")
    app = open_page(client=ids[STOPPED])
    said = texts(app)
    assert "Nothing is masked" in said
    assert "a study with its own physician" in said
    assert "decide" in keys(app)


def test_values_are_tried_compared_saved_as_wishes_and_reset(store, ids):
    client = ids[OPEN]
    app = open_page(client=client)
    assert app.button(key=f"save_{client}").disabled
    app.selectbox(key=f"try_{client}_variety").set_value("much").run()
    after = picks.consider(store, client, {"variety": "much"})
    said = texts(app)
    assert "Exercise variety much (now not known)" in said
    chart = next(part for part in app.get("plotly_chart") if "with the change" in part.proto.spec)
    assert f"{after.arm('cardio').score:.3f}" in chart.proto.spec
    assert picks.consider(store, client).values["variety"] is None
    press(app, f"reset_{client}")
    assert app.selectbox(key=f"try_{client}_variety").value == ""
    app.selectbox(key=f"try_{client}_variety").set_value("much").run()
    app.number_input(key=f"try_{client}_duration").set_value(45.0).run()
    press(app, f"save_{client}")
    kept = picks.consider(store, client).values
    assert (kept["variety"], kept["duration"]) == ("much", 45.0)
    assert "Saved as the wishes of" in texts(app)
    assert app.button(key=f"save_{client}").disabled


def test_the_flip_fills_the_fields(store, ids):
    client = ids[OPEN]
    flip = picks.consider(store, client).flip
    app = press(open_page(client=client), f"try_flip_{client}")
    assert f"With the change: **{flip.arm}**" in texts(app)
    for key, value in flip.changes.items():
        group = app.number_input if isinstance(value, float) else app.selectbox
        assert group(key=f"try_{client}_{key}").value == value


def test_values_of_the_day_are_tried_and_not_saved(store, ids):
    client = ids[OPEN]
    app = open_page(client=client)
    app.number_input(key=f"try_{client}_done_cardio").set_value(100.0).run()
    assert "Cardio done this week 100" in texts(app)
    assert app.button(key=f"save_{client}").disabled
    assert not app.button(key=f"reset_{client}").disabled


def test_a_field_that_nobody_touched_follows_the_record(store, ids):
    client = ids[OPEN]
    app = open_page(client=client)
    picks.save_wishes(store, client, {"start_preference": "evening"}, by="Bo")
    app.run()
    assert app.selectbox(key=f"try_{client}_start_preference").value == "evening"
    assert app.button(key=f"reset_{client}").disabled


def test_every_arm_can_be_taken_apart(store, ids):
    client = ids[OPEN]
    app = open_page(client=client)
    chosen = app.segmented_control(key=f"apart_{client}")
    view = picks.consider(store, client).arm("flexibility")
    chosen.set_value("flexibility").run()
    assert not app.exception
    said = texts(app)
    assert "Score of flexibility, taken apart" in said
    assert f"{view.score:.3f}".replace("-", "−") in said


def test_a_pick_that_rests_on_little_says_so(store, ids):
    picks.save_wishes(
        store, ids[OPEN], dict.fromkeys(("preferred_exercise", "intensity", "location", "buddy")), by="Ana"
    )
    said = texts(open_page(client=ids[OPEN]))
    assert "This rests on little" in said
    assert "3 are known" in said
    assert "This rests on little" not in texts(open_page(client=ids[OPEN + 1]))


def test_a_client_of_whom_nothing_is_known_is_screened_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store, clients = cohort(tmp_path / "data")
    said = texts(open_page(client=clients[0]))
    assert "nothing yet" in said
    assert "A screening question has no answer" in said or "screening" in said
    assert "synthetic" not in said
    store.close()


def test_nobody_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "data"))
    store = Store(tmp_path / "data")
    accounts.add(store, "Ana", "trainer", by="system")
    assert "No clients yet" in texts(open_page())
    store.close()


@pytest.mark.parametrize("wanted", ["999", "x", "0", "-1"])
def test_a_client_that_is_not_there(store, wanted):
    app = open_page(client=wanted)
    assert app.error
    assert app.title[0].value == "Picks"


def test_what_goes_wrong_is_a_sentence(store, ids, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise InputError("The policy's file is not there. Restore it from a backup.")

    monkeypatch.setattr(picks, "consider", refuse)
    app = open_page(client=ids[OPEN])
    assert "Restore it from a backup." in texts(app)


def test_names_are_no_markup(store, ids):
    with store.transaction() as db:
        db.execute("UPDATE clients SET name = ? WHERE id = ?", ["*Eve* :red[x] <b>", ids[OPEN]])
    assert people.client(store.db, ids[OPEN])["name"] == "*Eve* :red[x] <b>"
    title = open_page(client=ids[OPEN]).title[0].value
    assert r"\*Eve\*" in title
    assert r"\<b\>" in title


def test_the_clients_page_lists_the_picks_with_what_became_of_them(store, ids):
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("../pages/client.py")
    app.query_params["user"], app.query_params["client"] = "Ana", str(ids[OPEN])
    app.run()
    assert not app.exception
    newest = picks.of_client(store, ids[OPEN])[0]
    done = {1.0: "done", 0.5: "partly", 0.0: "not done"}[newest.outcome.completion]
    assert f"**{newest.arm.capitalize()}** on" in texts(app)
    assert f": {done}" in texts(app)
    links = [part.proto.query_string for part in app.get("page_link") if part.proto.label == "Receipt"]
    assert f"pick={newest.id}" in links
