from core.services.importing import Choices, Kind, Need, check, take


def checked(store, text, name="steps.csv", **choices):
    return check(store, (name, text.encode()), choices=Choices(**choices))


def stored(store):
    return store.db.execute(
        "SELECT c.reference, s.day, s.steps, s.goal FROM steps s JOIN clients c ON c.id = s.client_id ORDER BY 1, 2"
    ).fetchall()


def test_days_are_added_kept_and_brought_up_to_date(known):
    first = checked(
        known, "client,day,steps,goal\nanna,2026-01-05,8000,9000\nanna,2026-01-06,,9000\nbo,2026-01-05,0,\n"
    )
    assert (first.kind, first.counts) == (Kind.STEPS, {"days to add": 3})
    take(known, first, by="test")
    text = "client,date,step_count,goal\nanna,5.1.2026,8100,\nanna,6.1.2026,7000,\nbo,5.1.2026,0,\nbo,13.1.2026,10,20\n"
    second = checked(known, text)
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
