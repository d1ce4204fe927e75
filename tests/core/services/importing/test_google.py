import json
import tracemalloc

import pytest

from core.errors import InputError
from core.services.importing import Choices, Need, check, read_ahead, steps_of
from core.services.importing.merging import MOST_SOURCES
from tests.core.services.importing.exports import archive

MINUTES = (
    "timestamp,steps,data source\n"
    "2026-01-05T08:00:00Z,100,Tracker\n"
    "2026-01-05T08:00:12.5Z,90,Phone Health Connect\n"
    "2026-01-05T08:01:00Z,110,Tracker\n"
    "2026-01-05T23:30:00Z,40,Tracker\n"
    "2026-01-05T12:00:00Z,60,Phone Health Connect\n"
)


def checked(store, data, name="x.csv", client="anna", **choices):
    return check(
        store,
        (name, data if isinstance(data, bytes) else data.encode()),
        choices=Choices(client=client, **choices),
    )


def days(report):
    return {day: steps for _, day, steps, _ in report.plan.steps}


def test_minutes_are_added_up_by_the_clients_own_days_and_copies_count_once(known):
    report = checked(known, MINUTES)  # Anna lives in Vienna: 23:30 UTC is the next day
    assert days(report) == {"2026-01-05": 100 + 110 + 60, "2026-01-06": 40}
    assert any("Europe/Vienna, the client's time zone" in line for line in report.assumptions)
    assert days(checked(known, MINUTES, client="bo")) == {"2026-01-05": 100 + 110 + 60 + 40}
    # Read ahead for one client, it is read again for one in another zone.
    read = read_ahead(known, ("x.csv", MINUTES.encode()), client="bo")
    source = ("x.csv", MINUTES.encode())
    assert days(check(known, source, choices=Choices(client="anna"), read=read)) == days(report)


def test_bad_minutes_are_problems(known):
    report = checked(known, MINUTES + "2026-01-06T08:00:00,1,T\nsoon,1,T\n2026-01-06T08:00:00Z,-1,T\n1,2\n")
    assert [(p.line, p.column) for p in report.problems] == [
        (7, "timestamp"),
        (8, "timestamp"),
        (9, "steps"),
        (10, ""),
    ]
    assert report.needs == (Need.CORRECTION,)


def test_fitbits_json_is_by_the_wearers_clock(known):
    entries = [
        {"dateTime": "01/05/26 23:59:00", "value": "20"},
        {"dateTime": "01/05/26 00:00:00", "value": "5"},
        {"dateTime": "01/06/26 00:00:00", "value": "0"},
        {"dateTime": "2026-01-07", "value": "9000"},
    ]
    report = checked(known, json.dumps(entries), "steps-2026-01-05.json")
    assert days(report) == {"2026-01-05": 25, "2026-01-07": 9000}
    assert report.counts["days of zero steps, left without a count"] == 1
    bad = [
        {"dateTime": "13/05/26 23:59:00", "value": "1"},
        {"dateTime": "", "value": "1"},
        {"dateTime": "2026-01-07"},
    ]
    report = checked(known, json.dumps(bad), "steps-2026-01-05.json")
    assert [(p.line, p.column) for p in report.problems] == [(1, "dateTime"), (2, "dateTime"), (3, "value")]
    for wrong in ('[{"dateTime": "01/05/26 23:59:00", "value": "2', '[{"value": 1}, 2]'):
        with pytest.raises(InputError, match=r"cut short|no list of counts"):
            checked(known, wrong)


def test_a_takeout_archive_is_read_from_its_best_files(known):
    folder = "Takeout/Google Health"
    csv = {
        f"{folder}/Physical Activity_GoogleData/steps_2026-01-01.csv": MINUTES,
        f"{folder}/Physical Activity_GoogleData/steps_2026-02-01.csv": MINUTES.replace("2026-01", "2026-02"),
        f"{folder}/Physical Activity_GoogleData/steps_2026-03-01.csv": "timestamp,steps,data source\n",
    }
    old = json.dumps([{"dateTime": "01/05/26 08:00:00", "value": "300"}])
    twice = {f"{folder}/{where}/steps-2026-01-05.json": old for where in ("Activity", "Global Export Data")}
    fit = {
        "Takeout/Fit/Daily activity metrics/Daily activity metrics.csv": "Date,Step count\n2026-01-05,77\n"
    }
    report = checked(known, archive(**csv, **twice, **fit), "takeout.zip")
    assert days(report) == {"2026-01-05": 270, "2026-01-06": 40, "2026-02-05": 270, "2026-02-06": 40}
    assert any("2 files of the archive" in line for line in report.assumptions)
    assert any(
        "also holds steps-2026-01-05.json and its like, Daily activity" in line for line in report.assumptions
    )
    assert days(checked(known, archive(**twice, **fit), "takeout.zip")) == {"2026-01-05": 300}
    assert days(checked(known, archive(**fit), "takeout.zip")) == {"2026-01-05": 77}
    broken = dict(zip(csv, [MINUTES, MINUTES + "soon,1,T\n", ""], strict=True))
    (problem,) = checked(known, archive(**broken), "takeout.zip").problems
    assert (problem.line, problem.column) == (7, "steps_2026-02-01.csv: timestamp")


@pytest.mark.parametrize(
    ("data", "whose"),
    [
        (b"Date,Step count\n2026-01-05,1\n", "one"),
        (b"sep=;\nTag;Schritte\n5.1.2026;1\n", "one"),
        ("day\tsteps\n2026-01-05\t1\n".encode("utf-16"), "one"),
        (b"Id,ActivityDate,TotalSteps\n1,1/1/2026,1\n", "many"),
        (b"client,time,exercise\na,2026-01-05,b\n", None),
        (b'[{"name": "Squat"}]', None),
        (b"", None),
        (b"day,steps\n" + "2026-01-05,ä\n".encode() * 3000, "one"),
        (MINUTES.encode(), "one"),
        (b"<HealthData/>", "one"),
    ],
)
def test_whether_a_file_is_of_one_person_shows_at_its_beginning(data, whose):
    assert steps_of(("x", data), None) == whose
    assert steps_of(("x", data), "log") is None


def test_a_file_of_more_sources_than_anybody_has_is_refused(known):
    rows = "".join(f"2026-01-05T08:00:00Z,1,s{n}\n" for n in range(MOST_SOURCES + 1))
    with pytest.raises(InputError, match="no person has so many"):
        checked(known, f"timestamp,steps,data source\n{rows}")


def test_no_more_comes_out_of_an_archive_than_it_says_there_is(known):
    data = bytearray(archive(**{"Takeout/steps_2026-01-05.csv": MINUTES + " " * 2**26}))
    place = data.index(b"PK\x01\x02") + 24  # the size, in the archive's own list
    data[place : place + 4] = (1000).to_bytes(4, "little")
    tracemalloc.start()
    with pytest.raises(InputError, match="damaged"):
        checked(known, bytes(data), "takeout.zip")
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()
