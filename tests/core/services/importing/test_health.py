"""Files of health (activity, findings, measurements, clearance) and of wishes."""

import pytest

from core.errors import InputError
from core.services import gating, health
from core.services.importing import Kind, Need, check, take
from core.store import people


def checked(store, text, name="health.csv", **named):
    return check(store, (name, text.encode()), **named)


def taken(store, text, name="health.csv"):
    return take(store, checked(store, text, name), by="Ana")


def ids(store):
    return people.client_ids(store.db, people.cohort(store.db, "My clients")["id"])


def anna(store):
    return health.read(store, ids(store)["anna"])


@pytest.fixture
def screened(known):
    """The two clients with everything answered; Anna has another long-term condition, which needs clearance."""
    taken(known, "client,conditions\nanna,anxiety\nbo,none\n", "medical.csv")
    questions = health.read(known, 1).screening
    header = ",".join(["client", *questions])
    yes = ["yes" if question == "other_chronic_condition" else "no" for question in questions]
    taken(known, f"{header}\nanna,{','.join(yes)}\nbo,{','.join('0' * len(questions))}\n", "screening.csv")
    return known


FILE = "client,active,cleared,findings,systolic_mmhg\nanna,no,yes,swollen ankles; Ketones,130\nbo,,,,\n"


def test_a_file_of_health_is_put_on_record_with_who_and_when(screened):
    report = checked(screened, FILE)
    assert (report.kind, report.needs) == (Kind.HEALTH, ())
    assert report.counts == {"health documents to add": 1, "rows that change nothing on record, left out": 1}
    take(screened, report, by="Ana")
    record = anna(screened)
    assert record.active is False
    assert record.findings.keys() == {"swollen ankles", "ketones"}
    assert (record.measurements["systolic_mmhg"].value, record.measurements["systolic_mmhg"].by) == (
        130,
        "Ana",
    )
    assert record.cleared
    assert (record.clearance.by, record.clearance.note) == ("Ana", "From the file health.csv.")
    assert Need.TAKEN_BEFORE in checked(screened, FILE).needs
    assert checked(screened, FILE.replace("Ketones", "ketones ")).needs == (Need.NOTHING_NEW,)


def test_a_clearance_of_a_file_counts_until_a_later_file_changes_what_it_was_given_for(screened):
    client = ids(screened)["anna"]
    assert gating.judge(screened, client).masks_everything
    taken(screened, "client,cleared\nanna,yes\n")
    assert not gating.judge(screened, client).masks_everything
    taken(screened, "client,conditions\nanna,anxiety; obesity\n", "medical new.csv")
    assert "medical history changed" in anna(screened).clearance.void
    taken(screened, "client,cleared\n\nanna,yes\n")
    assert anna(screened).cleared
    taken(screened, "client,cleared\nanna,no\n")
    assert not anna(screened).cleared
    assert "From the file health.csv." in anna(screened).clearance.void


def test_empty_cells_leave_what_is_on_record(screened):
    taken(screened, FILE)
    taken(screened, "client,active,systolic_mmhg,findings\nanna,,,none\n")
    record = anna(screened)
    assert (record.active, record.measurements["systolic_mmhg"].value) == (False, 130)
    assert record.findings == {}


def test_each_bad_cell_is_named(screened):
    report = checked(
        screened,
        "client,active,cleared,findings,glucose_mg_dl,pulse\n"
        "anna,often,perhaps,sadness,9999,60\n"
        "bo,yes,no,ketones,much,60\n"
        "cy,yes,no,,,60\n",
    )
    assert {(problem.line, problem.column) for problem in report.problems} == {
        (2, "active"),
        (2, "cleared"),
        (2, "findings"),
        (2, "glucose_mg_dl"),
        (3, "glucose_mg_dl"),
        (4, "client"),
    }
    assert any("sadness" in problem.reason for problem in report.problems)
    assert "Columns that are not used: pulse." in report.assumptions
    with pytest.raises(InputError):
        take(screened, report, by="Ana")


def test_health_in_a_files_name_is_not_enough(known):
    text = "client,shoe size\nanna,38\n"
    assert checked(known, text, "health profiles.csv").kind is Kind.PROFILES


def test_wishes_become_a_document_of_their_own(known):
    report = checked(
        known,
        "client,preferred_exercise,frequency,location,race\nanna,Cardio,3,home,White\nbo,,5,,\n",
        "preferences.csv",
    )
    assert (report.kind, report.needs) == (Kind.PREFERENCES, ())
    assert "Columns that are not used: race." in report.assumptions
    take(known, report, by="Ana")
    documents = {client: people.documents(known.db, client) for client in ids(known).values()}
    anna, bo = (documents[ids(known)[name]]["preferences"] for name in ("anna", "bo"))
    anna.pop("recorded_at")
    bo.pop("recorded_at")
    assert anna == {"preferred_exercise": "cardio", "frequency": 3.0, "location": "home"}
    assert bo == {"frequency": 5.0}


def test_a_wish_that_cannot_be_is_named(known):
    text = "client,preferred_exercise,frequency,duration\nanna,golf,9,soon\n"
    report = checked(known, text, "preferences.csv")
    reasons = {problem.column: problem.reason for problem in report.problems}
    assert "cardio, strength, flexibility" in reasons["preferred_exercise"]
    assert "from 0 to 7" in reasons["frequency"]
    assert "is not a number" in reasons["duration"]
