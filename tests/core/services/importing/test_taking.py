import hashlib
import json
import os
import sqlite3

import pytest

from core.errors import Conflict, InputError, StoreError
from core.services import Store
from core.services.importing import Choices, check, take
from core.services.importing import taking as module
from core.store import audit, people

LOG = b"client,time,exercise\nnew,2026-01-05,Squat\nnew,2026-01-06,Burpee\n"
ANYONE = Choices(new_clients=True, new_exercises=True)


def checked(store, data=LOG, name="log.csv", cohort="My clients"):
    return check(store, (name, data), cohort=cohort, choices=ANYONE)


def test_taking_leaves_an_import_and_one_audit_row_with_the_hash(store):
    taken = take(store, checked(store, cohort="  Evening   group "), by="Kim")
    assert people.cohort(store.db, "Evening group")["id"] == taken.cohort_id
    (row,) = store.db.query("SELECT * FROM imports")
    assert (row["id"], row["kind"], row["path"], row["row_count"], row["actor"]) == (
        taken.import_id,
        "log",
        "log.csv",
        2,
        "Kim",
    )
    assert row["sha256"] == hashlib.sha256(LOG).hexdigest()
    (entry,) = audit.recent(store.db)
    assert (entry["action"], entry["actor"], entry["subject"]) == (
        "import file",
        "Kim",
        f"cohort {taken.cohort_id}",
    )
    detail = json.loads(entry["detail"])
    assert detail["sha256"] == row["sha256"]
    assert detail["counts"] == {"rows to add": 2, "new clients": 1, "new exercises": 2}
    assert audit.verify(store.db) == 1


def test_a_log_in_a_cohort_without_a_model_is_to_be_trained_on(store):
    assert not take(store, checked(store, b"exercise\nSquat\n", "exercises.csv"), by="Kim").untrained
    assert take(store, checked(store), by="Kim").untrained


@pytest.mark.parametrize(
    ("part", "step"),
    [("exercises", "add_exercises"), ("exercises", "add_import"), ("exercises", "add_log"), ("steps", "add")],
)
def test_a_failure_in_the_middle_leaves_nothing(store, everything, monkeypatch, part, step):
    before = everything()
    real = getattr(getattr(module, part), step)

    def fail(*arguments, **keywords):
        real(*arguments, **keywords)
        raise sqlite3.OperationalError("disk I/O error")

    report = checked(store)
    monkeypatch.setattr(getattr(module, part), step, fail)
    with pytest.raises((sqlite3.OperationalError, StoreError)):
        take(store, report, by="Kim")
    assert everything() == before
    monkeypatch.undo()
    take(store, report, by="Kim")
    assert everything() != before


def test_the_same_file_is_not_taken_twice_into_a_cohort(store, everything):
    report, other = checked(store), checked(store, cohort="Others")
    take(store, report, by="Kim")
    before = everything()
    for again in (report, checked(store)):
        with pytest.raises(Conflict, match="already taken"):
            take(store, again, by="Kim")
    assert everything() == before
    take(store, other, by="Kim")


def test_a_file_that_changed_since_it_was_checked_is_refused(store, tmp_path, everything):
    path = tmp_path / "log.csv"
    path.write_bytes(LOG)
    report = check(store, path, choices=ANYONE)
    before = everything()
    path.write_bytes(LOG + b"new,2026-01-07,Squat\n")
    with pytest.raises(Conflict, match="has changed since"):
        take(store, report, by="Kim")
    path.unlink()
    with pytest.raises(Conflict, match="Nothing was taken"):
        take(store, report, by="Kim")
    assert everything() == before


def test_a_cohort_that_changed_since_the_check_is_refused(store, everything):
    first, second = checked(store), checked(store, LOG + b"new,2026-01-07,Squat\n")
    take(store, first, by="Kim")
    before = everything()
    with pytest.raises(Conflict, match="has changed since"):
        take(store, second, by="Lee")
    assert everything() == before
    again = checked(store, LOG + b"new,2026-01-07,Squat\n")
    assert again.counts == {"rows that the cohort has already, left out": 2, "rows to add": 1}


def test_two_stores_on_one_folder_cannot_both_take_it(store, tmp_path):
    other = Store(tmp_path / "data")
    report = checked(store)
    take(other, report, by="Lee")
    other.close()
    with pytest.raises(Conflict):
        take(store, report, by="Kim")


def test_paths_that_cannot_be_read(store, tmp_path):
    with pytest.raises(InputError, match="is no file"):
        check(store, tmp_path / "missing.csv")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is no file"):
        check(store, tmp_path / "pipe")
    with pytest.raises(InputError, match="1 to 60 characters"):
        check(store, ("a.csv", LOG), cohort=" ")


def test_an_answer_saved_between_check_and_take_is_not_overwritten(known):
    people_of = people.client_ids(known.db, people.cohort(known.db, "My clients")["id"])
    answers = b"client,chest_pain\nanna,no\n"
    take(known, check(known, ("screening.csv", b"client,dizziness_or_fainting\nanna,no\nbo,no\n")), by="Kim")
    report = check(known, ("screening.csv", answers))
    assert report.ready, report.needs
    with known.change("save health", by="Ana", subject="client") as change:
        said = {"dizziness_or_fainting": "yes"}
        people.add_documents(change.db, "screening", {people_of["anna"]: said})
    with pytest.raises(Conflict, match=r"screening answers of Anna A have changed"):
        take(known, report, by="Kim")
    assert people.documents(known.db, people_of["anna"])["screening"]["dizziness_or_fainting"] == "yes"
    assert take(known, check(known, ("screening.csv", answers)), by="Kim")
    assert people.documents(known.db, people_of["anna"])["screening"]["dizziness_or_fainting"] == "yes"


def test_answers_of_somebody_else_do_not_hold_an_import_up(known):
    people_of = people.client_ids(known.db, people.cohort(known.db, "My clients")["id"])
    report = check(known, ("screening.csv", b"client,chest_pain\nanna,no\n"))
    with known.change("save health", by="Ana", subject="client") as change:
        people.add_documents(change.db, "screening", {people_of["bo"]: {"chest_pain": "yes"}})
        people.add_documents(change.db, "medical", {people_of["anna"]: {"conditions": "none"}})
    assert take(known, report, by="Kim")
