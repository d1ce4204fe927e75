"""The Studies page in every state it can be in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import InputError
from core.services.studies import registry, running
from core.services.studies.performing import Performer
from core.services.studies.study import Cell, Result, Table
from core.store import Store, audit, jobs
from tests.toy_studies import STUDIES
from workbench.components import study_run
from workbench.components.text import plain

MARKS = "*a* $x$ <b> :red[x]"
PAGE = str(Path(__file__).parents[2] / "pages" / "studies.py")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    monkeypatch.setattr(registry, "STUDIES", STUDIES)
    return Store(tmp_path)


def open_page(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=30)
    page.session_state["user"] = "Ada"
    for name, value in query.items():
        page.query_params[name] = value
    return checked(page.run())


def checked(page: AppTest) -> AppTest:
    assert not page.exception, [error.value for error in page.exception]
    return page


def start(store: Store, **settings: Any) -> str:
    return running.start(store, STUDIES, "toy", {"seconds": 0.0, **settings}, seed=5, by="Ada")


def work(store: Store, pieces: int = 1000) -> None:
    performer = Performer(store, STUDIES, worker="here", lease_seconds=600.0)
    for _ in range(pieces):
        claim = performer.claim()
        if claim is None:
            return
        performer.perform(claim, lambda _: None)


def texts(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.error, *page.info]
    return "\n".join(element.value for element in shown).replace("\\", "")  # as a reader sees it


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [b for b in page.button if b.label == label]
    return checked(button.click().run())


def test_without_runs_the_page_says_so(store: Store) -> None:
    page = open_page()
    assert page.title[0].value == "Studies"
    assert "No runs yet" in texts(page)
    assert "Throws dice that nobody sees." in texts(page)


def test_the_form_comes_from_the_settings_and_starts_a_run(store: Store) -> None:
    page = open_page()
    (count,) = [w for w in page.number_input if w.label == "Pieces"]
    assert (count.min, count.max, count.value) == (1, 100, 6)
    count.set_value(3)
    (trouble,) = [w for w in page.selectbox if w.label == "Trouble"]
    trouble.set_value("sentence")
    (colours,) = page.multiselect
    colours.set_value(["green"])
    (seed,) = [w for w in page.number_input if w.label == "Seed"]
    seed.set_value(11)
    press(page, "Start")
    (run,) = running.newest(store, STUDIES)
    assert (run.state, run.seed, run.actor) == ("queued", 11, "Ada")
    assert run.settings == {
        "count": 3,
        "seconds": 0.05,
        "trouble": "sentence",
        "colours": ["green"],
        "cohort": "any",
        "loud": False,
    }
    assert "Pieces: 3; Trouble: sentence; Colours: green" in texts(page)


def test_a_study_may_say_itself_what_a_run_is_about(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told = replace(STUDIES["toy"], summary=lambda _store, settings: f"{settings.count} dice of {MARKS}")
    monkeypatch.setattr(registry, "STUDIES", {"toy": told})
    run_id = start(store, count=4, colours=["green"])
    for page in (open_page(), open_page(run=run_id)):
        assert f":small[{plain(f'4 dice of {MARKS}')}]" in [element.value for element in page.markdown]
        assert "Colours: green" not in texts(page)
    with store.transaction() as db:
        db.execute("UPDATE jobs SET settings = json_set(settings, '$.gone', 1)")
    assert "Pieces: 4; Seconds: 0.00; Colours: green; gone: 1" in texts(open_page())


def test_settings_that_make_no_sense_are_refused_with_a_sentence(store: Store) -> None:
    page = open_page()
    page.multiselect[0].set_value([])
    press(page, "Start")
    assert "Colours is empty; choose at least one of red, blue, green." in texts(page)
    assert running.count(store) == 0


def test_a_run_that_is_made_ready_says_with_what(store: Store) -> None:
    run_id = start(store, count=4)
    performer = Performer(store, STUDIES, worker="here", lease_seconds=60.0)
    claim = performer.claim()
    assert claim is not None
    with store.transaction() as db:
        jobs.tell(db, claim, "The dice are being carved, 40 %")
    for page in (open_page(), open_page(run=run_id)):
        (bar,) = page.get("progress")
        assert bar.proto.text == plain("The dice are being carved, 40 % · 4 pieces follow")


def test_a_run_under_way_shows_how_far_it_is_and_can_be_cancelled(store: Store) -> None:
    run_id = start(store, count=4)
    work(store, 2)
    page = open_page()
    assert "running" in texts(page)
    (bar,) = page.get("progress")
    assert bar.proto.value == 50
    assert bar.proto.text.startswith("50\u00a0% · 2 of 4 pieces finished · ")
    work(store, 2)
    assert open_page().get("progress")[0].proto.text.endswith("finished · putting the results together")
    press(page, "Cancel")
    assert running.run(store, STUDIES, run_id).state == "cancelled"
    assert "cancelled" in texts(page)
    assert not [b for b in page.button if b.label == "Cancel"]


def test_the_address_opens_a_result(store: Store) -> None:
    run_id = start(store, count=3)
    work(store)
    page = open_page(run=run_id)
    assert "The mean is 45" in texts(page)
    assert [tab.label for tab in page.tabs] == ["Throws"]
    assert "A note." in texts(page)
    tables = [table.value for table in page.table]
    assert [str(cell) for cell in tables[0].iloc[:, 0]] == ["=0", "=1", "=2"]
    made = {str(name): str(value) for name, value in tables[1].iloc[:, 0].items()}
    assert made["Seed"] == "5"
    assert made["Data hash"] == "same"
    assert page.get("plotly_chart")
    assert [button.proto.label for button in page.get("download_button")] == ["Report", "CSV"]


def test_numbers_in_a_table_stay_whole_and_sentences_have_room(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start(store, count=1)
    work(store)
    why = "a sentence that is longer than thirty letters"
    rows: tuple[tuple[Cell, ...], ...] = ((5, "CNN", why), (None, "Markov", ""))
    found = Result(("Found.",), (Table("T", ("Row", "Model", "Why"), rows, ""),), ())
    monkeypatch.setattr(running, "result", lambda *_: found)
    styler = open_page(run=run_id).table[0].proto.arrow_data.styler
    shown = pa.ipc.open_stream(styler.display_values).read_pandas()
    assert [str(cell) for cell in shown.iloc[:, 0]] == ["5", "–"]
    cells = [f"#T_{styler.uuid}_row{row}_col2" for row in (0, 1)]
    assert styler.styles == f"{', '.join(cells)} {{ min-width: {len(why) / 6:.1f}rem }}"


def test_a_result_on_synthetic_data_is_marked(store: Store) -> None:
    plain, made_up = start(store, count=1), start(store, count=1, colours=["green"])
    work(store)
    assert "made up by a program" in texts(open_page(run=made_up))
    assert "made up by a program" not in texts(open_page(run=plain))


def test_a_report_that_is_taken_away_is_in_the_audit_and_holds_its_head(store: Store) -> None:
    run_id = start(store, count=1)
    work(store)
    found = running.result(store, run_id)
    assert found is not None
    text = study_run.report_file(store, running.run(store, STUDIES, run_id), found, by="Ada")
    row = audit.recent(store.db, 1)[0]
    assert (row["action"], row["actor"], row["subject"]) == ("export study", "Ada", f"run {run_id}")
    assert audit.head(store.db) in text


def test_opening_from_the_list_and_going_back(store: Store) -> None:
    start(store, count=1)
    work(store)
    page = open_page()
    page = press(page, "Open")
    assert page.query_params["run"]
    assert "The mean is" in texts(page)
    page = press(page, "All runs")
    assert "run" not in page.query_params
    assert "New run" in page.header[0].value


def test_a_failed_run_says_why_and_offers_ways_on(store: Store) -> None:
    run_id = start(store, count=3, trouble="sentence")
    work(store)
    assert "The dice are loaded" in texts(open_page())
    page = open_page(run=run_id)
    assert "The dice are loaded. Take other dice." in texts(page)
    page = press(page, "Go on")
    assert running.run(store, STUDIES, run_id).state == "queued"
    work(store)
    page = press(open_page(run=run_id), "Start again")
    assert running.count(store) == 2
    assert page.query_params["run"] != [run_id]


def test_a_cancelled_run_says_what_is_kept(store: Store) -> None:
    run_id = start(store, count=3)
    work(store, 1)
    running.cancel(store, run_id, by="Bea")
    assert "Cancelled after 1 of 3 pieces" in texts(open_page(run=run_id))


def test_the_name_of_a_study_that_is_gone_is_shown_as_it_is(store: Store) -> None:
    run_id = start(store, count=1)
    work(store)
    with store.transaction() as db:
        db.execute("UPDATE jobs SET study = ?", [MARKS])
    assert any(plain(MARKS) in element.value for element in open_page().markdown)
    assert open_page(run=run_id).header[0].value == plain(MARKS)


def test_a_setting_that_is_refused_is_named_as_it_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> str:
        raise InputError(f"Cohort is {MARKS!r}.")

    page = open_page()
    monkeypatch.setattr(running, "start", refused)
    page = press(page, "Start")
    assert page.error[0].value == plain(f"Cohort is {MARKS!r}.")


def test_a_link_to_a_run_that_is_not_there(store: Store) -> None:
    for run in ("nope", "9" * 22, "-1", "*x*"):
        page = open_page(run=run)
        assert f"There is no run '{run}'" in page.warning[0].value.replace("\\", "")
        press(page, "All runs")


def test_many_runs_are_listed_a_few_at_a_time_and_filtered(store: Store) -> None:
    for _ in range(14):
        start(store, count=1)
    running.cancel(store, running.newest(store, STUDIES)[3].id, by="Ada")
    page = open_page()
    assert len([b for b in page.button if b.label == "Open"]) == 10
    assert "The newest 10 of 14 runs." in texts(page)
    press(page, "Show 4 more")
    assert len([b for b in page.button if b.label == "Open"]) == 14
    (state,) = [w for w in page.selectbox if w.label == "State"]
    checked(state.set_value("cancelled").run())
    assert len([b for b in page.button if b.label == "Open"]) == 1
    (state,) = [w for w in page.selectbox if w.label == "State"]
    checked(state.set_value("done").run())
    assert "No run is of this kind." in texts(page)


def test_starting_is_audited_under_the_name_of_who_is_signed_in(store: Store) -> None:
    press(open_page(), "Start")
    (row,) = audit.recent(store.db)
    assert (row["action"], row["actor"]) == ("start study", "Ada")


def test_every_registered_study_has_a_form_and_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    for name, study in registry.STUDIES.items():
        page = open_page(study=name)
        assert page.selectbox(key="study").value == name
        assert any(study.description == element.value for element in page.markdown)


def test_an_address_with_a_study_that_is_not_there_shows_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    assert open_page(study="<b>nope</b>").selectbox(key="study").value == next(iter(registry.STUDIES))


def test_choosing_a_study_puts_it_into_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path))
    page = checked(open_page().selectbox(key="study").set_value("labels").run())
    assert page.query_params["study"] in ("labels", ["labels"])
