import pytest

from core.services.importing import Choices, Kind, Need, check, take
from core.store import people


def checked(store, text, name="clients.csv", **choices):
    return check(store, (name, text.encode()), choices=Choices(**choices))


def client(store, reference):
    ids = people.client_ids(store.db, people.cohort(store.db, "My clients")["id"])
    return people.client(store.db, ids[reference]), people.documents(store.db, ids[reference])


def test_profiles_bring_clients_with_numbers_and_text(store):
    text = (
        "client,name,time_zone,Age,BMI,zip,diet,empty\n"
        'a,Ann,Europe/Vienna,34,"22,5",00123,vegan,\n'
        "b,,,41,n/a,90210,,\n"
    )
    report = checked(store, text)
    assert (report.kind, report.problem_count) == (Kind.PROFILES, 0)
    assert report.counts == {"profile documents to add": 2, "new clients": 2}
    assert report.preview[0] == {
        "client": "a",
        "name": "Ann",
        "time zone": "Europe/Vienna",
        "age": 34,
        "bmi": 22.5,
        "zip": "00123",
        "diet": "vegan",
    }
    take(store, report, by="test")
    row, documents = client(store, "a")
    assert (row["name"], row["time_zone"]) == ("Ann", "Europe/Vienna")
    del documents["profile"]["recorded_at"]
    assert documents == {"profile": {"age": 34, "bmi": 22.5, "zip": "00123", "diet": "vegan"}}
    row, documents = client(store, "b")
    assert (row["name"], row["time_zone"]) == ("b", "UTC")
    assert set(documents["profile"]) == {"age", "zip", "recorded_at"}


def test_a_second_file_adds_what_is_new_and_renames(known):
    text = "client,name,age\nanna,Anna Neu,34\nbo,Bo B.,\n"
    report = checked(known, text)
    assert report.counts == {"profile documents to add": 1, "clients with another name or time zone": 1}
    take(known, report, by="test")
    row, documents = client(known, "anna")
    assert (row["name"], row["time_zone"], documents["profile"]["age"]) == ("Anna Neu", "Europe/Vienna", 34)
    same = checked(known, "client,age\nanna,34\n")
    assert same.needs == (Need.NOTHING_NEW,)
    older = checked(known, "client,age\nanna,35\n")
    take(known, older, by="test")
    kept = known.db.execute("SELECT count(*) FROM profiles WHERE kind = 'profile'").fetchone()[0]
    assert kept == 2


def test_several_files_make_one_profile(known):
    for text in ("client,age,diet\nanna,34,vegan\n", "client,pss_1,pss_2\nanna,2,\n"):
        take(known, checked(known, text), by="test")
    third = checked(known, "client,diet,pss_2\nanna,,4\nbo,,\n")
    assert any("no column for stay as they are (1 clients)" in line for line in third.assumptions)
    take(known, third, by="test")
    _, documents = client(known, "anna")
    del documents["profile"]["recorded_at"]
    assert documents["profile"] == {"age": 34, "pss_1": 2, "pss_2": 4}
    same = checked(known, "client,pss_1\nanna,2\nbo,\n")
    assert same.counts == {"documents that the cohort has already, left out": 1}


@pytest.mark.parametrize(
    ("name", "kind", "document"),
    [("medical.csv", Kind.MEDICAL, "medical"), ("screening 2026.csv", Kind.SCREENING, "screening")],
)
def test_medical_history_and_screening_are_told_by_the_name_and_need_known_clients(
    known, name, kind, document
):
    text = "client,asthma,note\nanna,no,none of it\nnobody,yes,x\n"
    report = checked(known, text, name)
    assert (report.kind, report.needs) == (kind, (Need.NEW_CLIENTS,))
    assert [(p.line, p.column, p.value) for p in report.problems] == [(3, "client", "nobody")]
    take(known, checked(known, text, name, new_clients=True), by="test")
    _, documents = client(known, "anna")
    assert documents[document]["asthma"] == "no"


def test_bad_rows_of_profiles(known):
    text = (
        "client,name,time_zone,age\n"
        "a,A,Mars/Olympus,1\n"
        "b,B,,2\n"
        "b,B,,2\n"
        "b,B,,3\n"
        f"c,{'n' * 300},UTC,4\n"
        "d,D,Europe,five\n"
    )
    report = checked(known, text)
    assert [(p.line, p.column, p.value[:5]) for p in report.problems] == [
        (2, "time_zone", "Mars/"),
        (5, "client", "b"),
        (6, "name", "nnnnn"),
        (7, "age", "five"),
        (7, "time_zone", "Europ"),
    ]
    assert report.counts["rows equal to an earlier row, left out"] == 1
