from datetime import UTC, datetime

import pytest

from core.errors import InputError
from core.services.importing import Choices, Kind, Need, ZeroDays, check, take


def checked(store, text, name="steps.csv", **choices):
    return check(store, (name, text.encode()), choices=Choices(**choices))


def stored(store):
    return store.db.execute(
        "SELECT c.reference, s.day, s.steps, s.goal FROM steps s JOIN clients c ON c.id = s.client_id ORDER BY 1, 2"
    ).fetchall()


def test_days_are_added_kept_and_brought_up_to_date(known):
    first = checked(
        known,
        "client,day,steps,goal\nanna,2026-01-05,8000,9000\nanna,2026-01-06,,9000\nbo,2026-01-05,0,\n",
        zero_days=ZeroDays.COUNTED,
    )
    assert (first.kind, first.counts) == (Kind.STEPS, {"days to add": 3})
    take(known, first, by="test")
    text = "client,date,step_count,goal\nanna,5.1.2026,8100,\nanna,6.1.2026,7000,\nbo,5.1.2026,0,\nbo,13.1.2026,10,20\n"
    second = checked(known, text, zero_days=ZeroDays.COUNTED)
    assert second.counts == {
        "days to add": 1,
        "days brought up to date": 2,
        "days that the cohort has already, left out": 1,
    }
    take(known, second, by="test")
    assert stored(known) == [
        ("anna", "2026-01-05", 8100, 9000),
        ("anna", "2026-01-06", 7000, 9000),
        ("bo", "2026-01-05", 0, None),
        ("bo", "2026-01-13", 10, 20),
    ]
    emptied = checked(known, "client,day,steps,goal\nanna,2026-01-05,,9500\n")
    take(known, emptied, by="test")
    assert stored(known)[0] == ("anna", "2026-01-05", 8100, 9500)


def test_bad_days(known):
    text = (
        "client,day,steps,goal\n"
        "anna,2026-01-05,-1,1\n"
        "anna,2026-01-06 07:30,1,1\n"
        "anna,2026-01-07,12.5,900000\n"
        "anna,2026-01-08,1,1\n"
        "anna,2026-01-08,1,1\n"
        "anna,2026-01-08,2,1\n"
        'bo,,"10,000",1\n'
        "cy,2026-01-05,1,1\n"
    )
    report = checked(known, text)
    assert [(p.line, p.column) for p in report.problems] == [
        (2, "steps"),
        (3, "day"),
        (4, "steps"),
        (4, "goal"),
        (7, "day"),
        (8, "day"),
        (9, "client"),
    ]
    assert report.needs == (Need.CORRECTION, Need.NEW_CLIENTS)
    assert report.counts["rows equal to an earlier row, left out"] == 1


def test_a_fitness_trackers_export_is_understood(store):
    text = "Id,ActivityDate,TotalSteps,Calories\n1503,4/12/2016,13162,1985\n1503,4/13/2016,10735,1797\n"
    report = checked(store, text, new_clients=True)
    assert report.plan.steps == [("1503", "2016-04-12", 13162, None), ("1503", "2016-04-13", 10735, None)]
    assert "Columns that are not used: Calories." in report.assumptions


def test_german_columns_are_understood(known):
    report = check(known, ("schritte.csv", b"Kunde;Tag;Schritte;Ziel\nbo;31.1.2026;8000;10000\n"))
    assert report.plan.steps == [("bo", "2026-01-31", 8000, 10000)]


FITBIT = (
    "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes,Calories\n"
    "1503,4/9/2016,13162,8.5,728,1985\n"
    "1503,4/10/2016,0,0,1440,1980\n"
    "1624,4/9/2016,7000,5.1,1100,2000\n"
    "1624,4/10/2016,0,0,1440,0\n"
)


def test_fitbits_daily_activity_is_known_by_its_columns_and_days_without_the_device_get_no_count(store):
    report = checked(store, FITBIT, "dailyActivity_merged.csv")
    assert report.ready
    # No day is above 12: only Fitbit's own way tells the month from the day.
    assert report.plan.steps == [("1503", "2016-04-09", 13162, None), ("1624", "2016-04-09", 7000, None)]
    assert report.counts == {
        "days to add": 2,
        "days of zero steps, left without a count": 2,
        "new clients": 2,
    }
    told = " ".join(report.assumptions)
    assert "Read as Fitbit's daily activity" in told
    assert "last day may stop" in told
    assert "A day of zero steps (2 here) is one on which the device was not worn" in told
    assert "month, day, year, as the program writes them" in told
    assert report.preview[1]["steps"] is None


def test_zero_can_be_meant_and_a_zero_can_be_taken_back(store):
    meant = checked(store, FITBIT, zero_days=ZeroDays.COUNTED)
    assert meant.counts == {"days to add": 4, "new clients": 2}
    take(store, meant, by="test")
    assert ("1503", "2016-04-10", 0, None) in stored(store)
    again = checked(store, FITBIT, zero_days=ZeroDays.COUNTED)
    assert again.needs == (Need.TAKEN_BEFORE,)
    back = checked(store, FITBIT)
    assert back.counts["days brought up to date"] == 2
    assert any("taken into the cohort before" in line for line in back.assumptions)
    take(store, back, by="test")
    assert ("1503", "2016-04-10", None, None) in stored(store)
    assert checked(store, FITBIT).needs == (Need.TAKEN_BEFORE,)


def test_a_day_not_worn_keeps_its_goal_and_a_count_that_is_known(known):
    take(
        known,
        checked(known, "client,day,steps,goal\nanna,2026-01-05,500,6000\nbo,2026-01-05,0,7000\n"),
        by="test",
    )
    assert stored(known) == [("anna", "2026-01-05", 500, 6000), ("bo", "2026-01-05", None, 7000)]
    assert checked(known, "client,day,steps\nanna,2026-01-05,0\n").needs == (Need.NOTHING_NEW,)


def test_one_persons_file_asks_whose_it_is(known, everything):
    text = "Date,Step count,Calories (kcal)\n2026-01-05,8000,2000\n2026-01-06,,1900\n2026-01-07,0,1900\n"
    before = everything()
    open_ = checked(known, text)
    assert open_.needs == (Need.CLIENT,)
    assert open_.preview[0] == {"client": None, "day": "2026-01-05", "steps": 8000, "goal": None}
    with pytest.raises(InputError, match="does not name them"):
        take(known, open_, by="test")
    assert everything() == before
    for name in ("anna", "Anna A.", " ANNA a. "):
        report = checked(known, text, client=name)
        assert report.plan.steps == [("anna", "2026-01-05", 8000, None)]
    assert report.counts == {
        "days to add": 1,
        "days of zero steps, left without a count": 1,
        "days without a count, left out": 1,
    }
    take(known, report, by="test")
    # The same file can be somebody else's after all.
    assert checked(known, text, client="bo").plan.steps == [("bo", "2026-01-05", 8000, None)]
    assert checked(known, text, client="anna").needs == (Need.TAKEN_BEFORE,)


def test_a_name_that_the_cohort_does_not_know_is_added_when_agreed_to(known):
    text = "date,steps\n2026-01-05,8000\n"
    report = checked(known, text, client="Cleo")
    assert report.needs == (Need.NEW_CLIENTS,)
    assert "“Cleo” is no client of “My clients”." in report.assumptions
    report = checked(known, text, client="Cleo", new_clients=True)
    assert [row["reference"] for row in report.plan.clients] == ["Cleo"]
    take(known, report, by="test")
    assert stored(known) == [("Cleo", "2026-01-05", 8000, None)]


def test_a_client_is_named_only_where_the_file_names_none(known):
    with pytest.raises(InputError, match="names its clients itself, in “client”"):
        checked(known, "client,day,steps\nbo,2026-01-05,1\n", client="anna")
    with pytest.raises(InputError, match="only beside the steps of one person"):
        checked(known, "client,time,exercise\nbo,2026-01-05,sq\n", client="anna")
    take(known, checked(known, "client,name\nann,Anna A.\n", "clients.csv", new_clients=True), by="test")
    with pytest.raises(InputError, match="Several clients are named Anna A"):
        checked(known, "day,steps\n2026-01-05,1\n", client="Anna A.")


def test_of_several_apps_the_one_with_the_most_steps_counts(known):
    text = (
        "date,steps,source\n2026-01-05,4000,Phone\n2026-01-05,5200,Watch\n2026-01-05,100,Scale\n"
        "2026-01-06,3,Watch\n2026-01-06,4,Watch\n"
    )
    report = checked(known, text, client="bo")
    assert report.plan.steps[0] == ("bo", "2026-01-05", 5200, None)
    assert report.counts["rows of another source for the same day, left out"] == 2
    assert [problem.line for problem in report.problems] == [6]


def test_todays_count_is_said_to_be_partial(known):
    today = datetime.now(UTC).date().isoformat()
    report = checked(known, f"day,steps\n{today},4000\n2026-01-05,1\n", client="bo")
    assert any(line.startswith("1 count is of today, which is not over.") for line in report.assumptions)


def test_corrected_counts_replace_and_goals_stay(known):
    take(known, checked(known, "client,day,steps,goal\nanna,2026-01-05,500,6000\n"), by="test")
    report = checked(known, "date,steps\n2026-01-05,9000\n", client="anna")
    assert report.counts == {"days brought up to date": 1}
    take(known, report, by="test")
    assert stored(known) == [("anna", "2026-01-05", 9000, 6000)]
