import pytest

from core.errors import InputError
from core.services.importing import Choices, DateOrder, Kind, Need, Problem, check, implied, take


def checked(store, text, name="log.csv", **choices):
    data = text if isinstance(text, bytes) else text.encode()
    return check(store, (name, data), choices=Choices(**choices))


def planned(report):
    return report.plan.log


def test_a_log_is_checked_taken_and_counted(known, everything, log_of):
    text = (
        "client,time,exercise,success,difficulty\n"
        "bo,2026-01-05T08:00Z,sq,1,2.5\n"
        "anna,2026-01-05T07:00Z,Push-UP,no,\n"
    )
    before = everything()
    report = checked(known, text)
    assert everything() == before
    assert (report.kind, report.rows_read, report.problem_count, report.needs) == (Kind.LOG, 2, 0, ())
    assert report.counts == {"rows to add": 2}
    assert report.preview[1] == {
        "client": "anna",
        "time (UTC)": "2026-01-05T07:00:00.000Z",
        "exercise": "Push-up",
        "success": False,
        "difficulty": None,
    }
    take(known, report, by="test")
    assert log_of() == [
        ("anna", "2026-01-05T07:00:00.000Z", "pu", 0, None),
        ("bo", "2026-01-05T08:00:00.000Z", "sq", 1, 2.5),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Client ID;Date Time;Exercise;Succeeded",
        "user;timestamp;EXERCISE;done",
        "ClientId;date;exerciseName;Is Done",
    ],
)
def test_headers_are_found_in_many_spellings(known, header):
    report = checked(known, f"{header}\r\nanna;5.1.2026;Squat;true\r\n".encode("utf-16"))
    # Midnight in Vienna is 23:00 UTC of the day before.
    assert planned(report) == [("anna", "2026-01-04T23:00:00.000Z", "sq", 1, None)]
    assert report.assumptions[0] == "Read as UTF-16, columns separated by semicolon."
    assert "as is usual with dots" in report.assumptions[1]
    assert any("Days without a time (1 rows)" in line for line in report.assumptions)


@pytest.mark.parametrize("header", ["Kunde;Zeit;Übung", "Klient;Datum;ÜBUNG", "kunde;tag;übung"])
def test_a_german_log_is_understood(known, header):
    text = f"{header};Erfolg;Schwierigkeit\nanna;5.1.2026;Squat;Ja;2,5\nbo;31.1.2026;Squat;nein;\n"
    assert planned(checked(known, text.encode("cp1252"))) == [
        ("anna", "2026-01-04T23:00:00.000Z", "sq", 1, 2.5),
        ("bo", "2026-01-31T00:00:00.000Z", "sq", 0, None),
    ]


def test_a_time_without_a_zone_is_the_clients_own(known):
    text = (
        "client,time,exercise\nanna,2026-07-01 07:00,sq\nbo,2026-07-01 07:00,sq\nanna,2026-07-01 07:00Z,sq\n"
    )
    report = checked(known, text)
    assert [row[:2] for row in planned(report)] == [
        ("anna", "2026-07-01T05:00:00.000Z"),
        ("bo", "2026-07-01T07:00:00.000Z"),
        ("anna", "2026-07-01T07:00:00.000Z"),
    ]
    assert any("Times without a zone (2)" in line and "Europe/Vienna" in line for line in report.assumptions)


def test_unsorted_rows_are_sorted_and_ties_keep_the_order_of_the_file(known):
    text = "client,time,exercise\nbo,2026-01-06,sq\nbo,2026-01-05,pu\nbo,2026-01-05,pl\nbo,2026-01-05,sq\n"
    report = checked(known, text)
    assert [row[2] for row in planned(report)] == ["pu", "pl", "sq", "sq"]
    assert any("sorted by time" in line for line in report.assumptions)
    in_order = checked(known, "client,time,exercise\nbo,2026-01-05,sq\nbo,2026-01-06,pu\n")
    assert not any("sorted by time" in line for line in in_order.assumptions)


def test_equal_rows_are_taken_once(known, log_of):
    head = "client,time,exercise,success,difficulty\n"
    first = checked(known, head + "bo,2026-01-05,sq,1,3\nbo,2026-01-05,sq,yes,3.0\nbo,2026-01-05,sq,0,3\n")
    assert first.counts == {"rows equal to an earlier row, left out": 1, "rows to add": 2}
    take(known, first, by="test")
    again = checked(known, head + "bo,2026-01-05,Squat,1,3\nbo,2026-01-06,sq,,\n")
    assert again.counts == {"rows that the cohort has already, left out": 1, "rows to add": 1}
    take(known, again, by="test")
    assert len(log_of()) == 3
    nothing = checked(known, head + "bo,2026-01-05,SQUAT,1,3\n")
    assert nothing.needs == (Need.NOTHING_NEW,)


def test_every_bad_value_is_listed_with_line_column_value_and_reason(known):
    text = (
        "client,when,exercise,success,difficulty\n"
        "bo,2026-01-05,sq,1,3\n"
        "\n"
        "bo,soon,sq,maybe,hard\n"
        ",2026-01-05,,1,-1\n"
        "bo,2026-01-05,sq\n"
        "bo,2026-01-05,sq,1,3,4\n"
        "bo,,sq,1,1e999\n"
    )
    report = checked(known, text)
    assert [(p.line, p.column, p.value) for p in report.problems] == [
        (4, "when", "soon"),
        (4, "success", "maybe"),
        (4, "difficulty", "hard"),
        (5, "client", ""),
        (5, "exercise", ""),
        (5, "difficulty", "-1"),
        (6, "", ""),
        (7, "", ""),
        (8, "when", ""),
        (8, "difficulty", "1e999"),
    ]
    assert all(problem.reason for problem in report.problems)
    assert report.problem_count == 10
    assert report.rows_read == 6
    assert report.needs == (Need.CORRECTION,)
    assert not report.ready
    with pytest.raises(InputError, match="not taken"):
        take(known, report, by="test")


def test_unknown_clients_and_exercises_are_problems_until_the_person_says_otherwise(known, log_of):
    text = "client,time,exercise\nnew,2026-01-05,Squat\nbo,2026-01-05,Burpee\nnew,2026-01-06,burpee\n"
    report = checked(known, text)
    assert report.needs == (Need.NEW_CLIENTS, Need.NEW_EXERCISES)
    assert report.problems == (
        Problem(2, "client", "new", "is no client of “My clients”: 2 rows, first in line 2"),
        Problem(3, "exercise", "Burpee", "is no exercise of “My clients”: 2 rows, first in line 3"),
    )
    assert report.counts == {"unknown clients": 1, "unknown exercises": 1}
    assert checked(known, text, new_clients=True).needs == (Need.NEW_EXERCISES,)
    agreed = checked(known, text, new_clients=True, new_exercises=True)
    # "burpee" is the "Burpee" of the line before.
    assert agreed.counts == {"rows to add": 3, "new clients": 1, "new exercises": 1}
    take(known, agreed, by="test")
    assert [row[2] for row in log_of()] == ["sq", "Burpee", "Burpee"]


def test_a_cohort_without_clients_or_exercises_gets_those_of_the_file(store, known):
    text = "client,time,exercise\nnew,2026-01-05,Squat\n"

    def into(cohort, **choices):
        return check(store, ("log.csv", text.encode()), cohort=cohort, choices=Choices(**choices))

    report = into("Evening")
    assert (report.needs, report.counts) == ((), {"rows to add": 1, "new clients": 1, "new exercises": 1})
    assert report.assumptions[-2:] == (
        "“Evening” has no clients yet, so those that the file names are added.",
        "“Evening” has no exercises yet, so those that the file names are added.",
    )
    assert into("Evening", new_clients=False, new_exercises=True).needs == (Need.NEW_CLIENTS,)
    said = into("Evening", new_clients=True, new_exercises=True)
    assert said.ready
    assert not any("has no" in line for line in said.assumptions)
    assert implied(store, " Evening ") == Choices(new_clients=True, new_exercises=True)
    assert implied(store, "My clients") == Choices(new_clients=False, new_exercises=False)
    take(store, check(store, ("e.csv", b"exercise\nSquat\n"), cohort="Evening"), by="test")
    assert implied(store, "Evening") == Choices(new_clients=True, new_exercises=False)
    assert into("Evening").counts == {"rows to add": 1, "new clients": 1}


def test_names_that_are_unknown_do_not_bury_what_is_wrong(known):
    names = "".join(f"new {row % 3},2026-01-05,sq\n" for row in range(2000))
    report = checked(known, f"client,time,exercise\n{names}bo,soon,sq\nbo,2026-01-05\n")
    assert [(p.line, p.column, p.value) for p in report.problems] == [
        (2002, "time", "soon"),
        (2003, "", ""),
        (2, "client", "new 0"),
        (3, "client", "new 1"),
        (4, "client", "new 2"),
    ]
    assert report.problems[-1].reason.endswith(": 666 rows, first in line 4")
    assert report.problem_count == 5
    assert report.needs == (Need.CORRECTION, Need.NEW_CLIENTS)


def test_an_ambiguous_column_of_dates_asks_for_the_order(known):
    text = "client,time,exercise\nbo,5/5/2026,sq\nbo,3/4/2026,sq\n"
    report = checked(known, text)
    assert report.needs == (Need.DATE_ORDER,)
    assert report.problems == (Problem(3, "time", "3/4/2026", report.problems[0].reason),)
    day = planned(checked(known, text, dates=DateOrder.DAY_FIRST))
    month = planned(checked(known, text, dates=DateOrder.MONTH_FIRST))
    assert [row[1][:10] for row in day] == ["2026-04-03", "2026-05-05"]
    assert [row[1][:10] for row in month] == ["2026-03-04", "2026-05-05"]


def test_an_ambiguous_exercise_name_is_a_problem(known):
    more = "exercise,name\nsq2,Squat\n"
    take(known, check(known, ("more.csv", more.encode())), by="test")
    report = checked(known, "client,time,exercise\nbo,2026-01-05,squat\nbo,2026-01-05,sq2\n")
    assert [(p.line, p.reason) for p in report.problems] == [
        (2, "is the name of several exercises (sq, sq2)")
    ]


def test_decimal_commas_and_words_for_yes_and_no(known):
    text = 'client;time;exercise;success;difficulty\nbo;2026-01-05;sq;DONE;"3,5"\nbo;2026-01-06;sq;f;n/a\n'
    assert [row[3:] for row in planned(checked(known, text))] == [(1, 3.5), (0, None)]


def test_formulas_and_control_characters_stay_text(store, log_of):
    text = 'client,time,exercise\n=1+1,2026-01-05,"@SUM(A1)\x01"\n-2,2026-01-06,"tab\tinside"\n'
    take(store, checked(store, text, new_clients=True, new_exercises=True), by="test")
    assert [(row[0], row[2]) for row in log_of()] == [("=1+1", "@SUM(A1)\x01"), ("-2", "tab\tinside")]


def test_a_missing_column_is_named(known):
    with pytest.raises(
        InputError,
        match=r"“time” is missing.* it has client, exercise\. Rename the columns in the first line\.$",
    ):
        checked(known, "client,exercise\nbo,sq\n")
    with pytest.raises(InputError, match="“exercise” is missing"):
        checked(known, "client,time,success\nbo,2026-01-05,1\n")
    with pytest.raises(InputError, match=r"make no file.*Rename the columns in the first line\.$"):
        checked(known, "colour,taste\nred,sweet\n")
    with pytest.raises(InputError, match="no kind of file"):
        check(known, ("log.csv", b"a,b\n1,2\n"), kind="diary")


def test_only_the_first_thousand_problems_are_kept_and_all_are_counted(known):
    text = "client,time,exercise\n" + "bo,never,sq\n" * 1500
    report = checked(known, text)
    assert (len(report.problems), report.problem_count, report.rows_read) == (1000, 1500, 1500)


def test_long_values_are_cut_for_showing_and_refused(known):
    report = checked(known, f"client,time,exercise\n{'x' * 500},2026-01-05,sq\n", new_clients=True)
    (problem,) = report.problems
    assert problem.reason == "is longer than 200 characters"
    assert len(problem.value) == 80


def test_columns_that_are_not_used_are_named(known):
    report = checked(known, "client,time,exercise,mood\nbo,2026-01-05,sq,fine\n")
    assert "Columns that are not used: mood." in report.assumptions
