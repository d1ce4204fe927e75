"""The first start: the sample cohort, a model, requests; and starting again after it was killed half-way."""

from datetime import date

import pytest

import sample_data
from core.errors import SpotterError
from core.recommender import FullHistorySettings, Settings
from core.services import Store, candidates, caseload, gating, importing, preparing, recommending, training
from core.services.importing import taking
from core.store import audit, people

YESTERDAY = date(2026, 11, 18)


@pytest.fixture(scope="module", autouse=True)
def one_day():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "_yesterday", lambda: YESTERDAY)
        yield


def counts(store):
    return {
        table: store.db[table].count
        for table in (
            "clients",
            "exercises",
            "exercise_log",
            "steps",
            "profiles",
            "model_versions",
            "imports",
        )
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("prepared") / "data")
    said: list[str] = []
    preparing.prepare(store, said.append)
    yield store, said
    store.close()


def test_the_sample_cohort_is_whole_synthetic_and_trained(prepared):
    store, _ = prepared
    (cohort,) = people.cohorts(store.db)
    assert cohort["synthetic"] == 1
    assert cohort["source"] == sample_data.LABEL
    found = counts(store)
    assert (found["clients"], found["exercises"], found["exercise_log"], found["steps"]) == (
        72,
        44,
        2592,
        72 * 66,  # the ten weeks would end on the 22nd; the four days after yesterday are left out
    )
    # Of health a document with each known activity and with each clearance.
    assert found["profiles"] == 5 * 72 + 70 + 37
    totals = caseload.totals(store, cohort["id"])
    assert totals["clients"] == 72
    assert totals["requests"] >= 10
    assert totals["goal_days"] > 0
    audit.verify(store.db)


def test_each_step_is_said(prepared):
    _, said = prepared
    assert any("exercises.csv, 44 rows" in line for line in said)
    assert any(line.startswith("Training the first models") and "synthetic" in line for line in said)
    for title in ("Full history", "Network of the paper"):
        told = [line for line in said if title in line]
        assert 2 <= len(told) <= 10
        assert all("epoch " in line and " of at most " in line and "loss " in line for line in told)


def test_the_first_start_compares_the_models_and_uses_the_best(prepared):
    store, _ = prepared
    bases = training.kept(store, 1)
    assert {version["report"]["family"] for version in bases} == {"full history", "paper"}
    assert people.cohort(store.db, 1)["model_version_id"] == bases[0]["id"]
    for version in bases:
        figures = version["report"]["candidates"]
        assert [row["name"] for row in figures] == list(candidates.TITLES)
        assert len({(row["steps"], row["clients"]) for row in figures}) == 1
        assert figures[0]["steps"] == 36 * figures[0]["clients"]
    assert bases[0]["report"]["family"] == max(figures[:2], key=lambda row: row["top"]["1"])["name"]
    assert [row["name"] for row in figures if row["best"]] == [bases[0]["report"]["family"]]


def test_starting_again_changes_nothing_and_says_nothing(prepared):
    store, _ = prepared
    before, head, said = counts(store), audit.head(store.db), []
    preparing.prepare(store, said.append)
    assert (counts(store), audit.head(store.db), said) == (before, head, [])


def train_briefly(patched):
    brief = {"full history": FullHistorySettings(epochs=3, members=1, state=8), "paper": Settings(epochs=6)}
    patched.setattr(candidates, "settings_of", lambda name, _exercises: brief[name])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a start leaves behind that nobody stopped, trained briefly as are the starts that are stopped."""
    store = Store(tmp_path_factory.mktemp("undisturbed") / "data")
    with pytest.MonkeyPatch.context() as patched:
        train_briefly(patched)
        preparing.prepare(store, lambda _line: None)
    yield store
    store.close()


def weights_in_force(store):
    return [row[0] for row in store.db.execute("SELECT weights FROM model_versions ORDER BY id")]


class Killed(BaseException):
    """As a kill would, it leaves no time to tidy up."""


@pytest.mark.parametrize("moment", ["file 1", "file 3", "file 7", "Training", "epoch 2"])
def test_a_start_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch, moment, undisturbed):
    train_briefly(monkeypatch)
    store = Store(tmp_path / "data")

    def stop(line: str) -> None:
        if moment in line:
            raise Killed

    with pytest.raises(Killed):
        preparing.prepare(store, stop)
    preparing.prepare(store, lambda _line: None)
    assert counts(store) == counts(undisturbed)
    assert caseload.totals(store, 1) == caseload.totals(undisturbed, 1)
    assert weights_in_force(store) == weights_in_force(undisturbed), "the same model, to the bit"
    store.close()


def test_a_sample_file_changed_by_hand_is_told(tmp_path, monkeypatch):
    spoilt = tmp_path / "log.csv"
    spoilt.write_text(sample_data.LOG_CSV.read_text().replace("C01,2026-01-05", "C01,yesterday", 1))
    monkeypatch.setattr(preparing, "FILES", (*preparing.FILES[:2], spoilt))
    store = Store(tmp_path / "data")
    with pytest.raises(SpotterError, match="changed by hand"):
        preparing.prepare(store, lambda _line: None)
    store.close()


def test_the_sample_files_import_without_a_problem(tmp_path):
    store = Store(tmp_path / "data")
    report = importing.check(store, sample_data.EXERCISES_CSV, cohort="Mine")
    assert report.ready
    assert report.kind == "exercises"
    importing.take(store, report, by="Ana")
    assert people.cohort(store.db, "Mine")["synthetic"] == 1
    store.close()


def test_a_synthetic_cohort_without_a_log_is_no_reason_not_to_start(tmp_path, monkeypatch):
    train_briefly(monkeypatch)
    store = Store(tmp_path / "data")
    with store.transaction() as db:
        people.add_cohort(db, "Steps only", source="test", synthetic=True)
    preparing.prepare(store, lambda _line: None)
    assert people.cohort(store.db, "Steps only")["model_version_id"] is None
    store.close()


def cells(content: bytes) -> list[list[str]]:
    return [line.split(",") for line in content.decode().splitlines()]


@pytest.mark.parametrize(
    "last_day", [date(2026, 11, 20), date(2026, 3, 15), date(2025, 2, 28), date(2031, 1, 1)]
)
def test_the_samples_days_end_on_the_day_asked_for_and_keep_their_weekdays(last_day):
    given, moved = (
        cells(content)
        for content in (
            sample_data.STEPS_CSV.read_bytes(),
            preparing.moved_to(sample_data.STEPS_CSV, last_day),
        )
    )
    assert moved[0] == given[0]
    assert max(row[1] for row in moved[1:]) == last_day.isoformat()
    kept = [row for row in moved[1:] if row[0] == "C07"]
    before = [row for row in given[1:] if row[0] == "C07"][: len(kept)]
    assert 64 <= len(kept) <= 70
    assert [row[2:] for row in kept] == [row[2:] for row in before]
    for old, new in zip(before, kept, strict=True):
        assert date.fromisoformat(old[1]).weekday() == date.fromisoformat(new[1]).weekday()


def test_the_samples_times_keep_their_hour_in_the_clients_zone_across_the_year():
    moved = cells(preparing.moved_to(sample_data.LOG_CSV, date(2026, 8, 2)))
    given = cells(sample_data.LOG_CSV.read_bytes())
    assert [row[1][10:] for row in moved[1:]] == [row[1][10:19] for row in given[1:]]
    assert [[row[0], *row[2:]] for row in moved] == [[row[0], *row[2:]] for row in given]


def test_a_first_start_ends_the_samples_record_yesterday(undisturbed):
    assert undisturbed.db.execute("SELECT max(day) FROM steps").fetchone()[0] == YESTERDAY.isoformat()


def test_what_was_recommended_by_other_tables_is_recommended_anew(prepared, monkeypatch):
    """As in a database from before the gate, or after the tables have changed."""
    store, _ = prepared
    cohort = people.cohorts(store.db)[0]["id"]
    monkeypatch.setattr(preparing, "tables_hash", lambda: "other tables")
    preparing.judge_anew(store)
    assert recommending.pending(store, cohort) is not None
    said: list[str] = []
    preparing.prepare(store, said.append)
    assert said == ["Recommending to the clients of “Sample cohort” …"]
    assert recommending.pending(store, cohort) is None
    monkeypatch.undo()


def test_films_of_an_older_database_stay_outside_the_gate(tmp_path):
    store = Store(tmp_path / "data")
    with store.change("add", by="system", subject="cohorts") as change:
        films = people.add_cohort(
            change.db, "Films", source=taking.SOURCES[importing.Kind.MOVIELENS], synthetic=False
        )
        mine = people.add_cohort(change.db, "Mine", source="imported files", synthetic=False)
    preparing.judge_anew(store)
    assert gating.is_on(store, films) == (False, taking.FILMS)
    assert gating.is_on(store, mine)[0]
    gating.switch(store, films, on=True, reason="", by="Ana")
    preparing.judge_anew(store)
    assert gating.is_on(store, films)[0]
    store.close()
