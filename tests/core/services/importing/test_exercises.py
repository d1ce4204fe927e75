import json

import pytest

from core.errors import InputError
from core.services.importing import Kind, Need, check, take
from core.store import exercises, people

ITEM = {
    "name": "Wall Sit",
    "force": "static",
    "level": "intermediate",
    "mechanic": None,
    "equipment": "body only",
    "primaryMuscles": ["quadriceps", "glutes"],
    "secondaryMuscles": [],
    "instructions": ["Lean against a wall.", "Stay."],
    "category": "strength",
    "images": ["Wall_Sit/0.jpg"],
    "id": "Wall_Sit",
}


def checked(store, text, name="exercises.csv"):
    return check(store, (name, text.encode()))


def catalogue(store):
    return exercises.exercises(store.db, people.cohort(store.db, "My clients")["id"])


def test_a_catalogue_in_separated_values(store):
    text = (
        "Exercise;Name;Category;Muscle Group;Difficulty;Impact;Cue\n"
        "sq;Squat;squat;legs;1,5;0;Sit back\n"
        "pu;Push-up;push;;advanced;;\n"
    )
    report = checked(store, text)
    assert (report.kind, report.counts) == (Kind.EXERCISES, {"new exercises": 2})
    assert any("advanced, hard or difficult 3" in line for line in report.assumptions)
    take(store, report, by="test")
    kept = [
        {key: row[key] for key in ("reference", "name", "category", "muscle_group", "difficulty", "detail")}
        for row in catalogue(store)
    ]
    assert kept == [
        {
            "reference": "sq",
            "name": "Squat",
            "category": "squat",
            "muscle_group": "legs",
            "difficulty": 1.5,
            "detail": {"impact": 0, "cue": "Sit back"},
        },
        {
            "reference": "pu",
            "name": "Push-up",
            "category": "push",
            "muscle_group": "",
            "difficulty": 3.0,
            "detail": {},
        },
    ]


def test_a_changed_exercise_keeps_what_the_file_does_not_say(store):
    take(
        store,
        checked(store, "exercise,name,category,cue\nsq,Squat,squat,Sit back\npu,Push-up,push,\n"),
        by="test",
    )
    report = checked(store, "exercise,difficulty\nsq,2\npu,\nnew,1\n")
    assert report.counts == {
        "exercises brought up to date": 1,
        "exercises that the cohort has already, left out": 1,
        "new exercises": 1,
    }
    take(store, report, by="test")
    squat = catalogue(store)[0]
    assert (squat["name"], squat["category"], squat["difficulty"], squat["detail"]) == (
        "Squat",
        "squat",
        2.0,
        {"cue": "Sit back"},
    )


@pytest.mark.parametrize(
    ("header", "reference", "name"),
    [
        ("exercise,category", "a", "a"),
        ("name,category", "a", "a"),
        ("id,exercise,category", "a", "b"),
        ("exercise,name,category", "a", "b"),
    ],
)
def test_one_column_may_serve_as_reference_and_name(store, header, reference, name):
    cells = "a,b,c" if header.count(",") == 2 else "a,c"
    (planned,) = checked(store, f"{header}\n{cells}\n").plan.exercises
    assert (planned["reference"], planned["name"], planned["category"]) == (reference, name, "c")


def test_bad_rows_of_a_catalogue(store):
    text = "exercise,difficulty,reps\nsq,fierce,1\nsq,1,2\n,1,3\npu,1,many\npl,1,4\npl,1,4\n"
    report = checked(store, text)
    assert [(p.line, p.column) for p in report.problems] == [
        (2, "difficulty"),
        (3, "exercise"),
        (4, "exercise"),
        (5, "reps"),
    ]
    assert "line 2 already" in report.problems[1].reason
    assert report.counts["rows equal to an earlier row, left out"] == 1
    assert report.needs == (Need.CORRECTION,)


def test_free_exercise_db_as_it_lies(store):
    other = {
        **ITEM,
        "id": "Wall_Sit_2",
        "level": "expert",
        "mechanic": "compound",
        "primaryMuscles": ["glutes"],
    }
    report = checked(store, json.dumps([ITEM, other], indent=2), "exercises.json")
    assert (report.kind, report.rows_read, report.problem_count) == (Kind.EXERCISES, 2, 0)
    assert any("mechanic in 1" in line and "secondaryMuscles in 2" in line for line in report.assumptions)
    assert any("wall sit" in line and "reference" in line for line in report.assumptions)
    take(store, report, by="test")
    first = catalogue(store)[0]
    assert (first["reference"], first["name"], first["category"]) == ("Wall_Sit", "Wall Sit", "strength")
    assert (first["muscle_group"], first["difficulty"]) == ("quadriceps, glutes", 2.0)
    assert first["detail"] == {
        "force": "static",
        "equipment": "body only",
        "instructions": ["Lean against a wall.", "Stay."],
        "images": ["Wall_Sit/0.jpg"],
    }


def test_problems_in_json_name_the_line(store):
    items = [
        ITEM,
        {**ITEM, "id": "b", "level": "heroic"},
        {**ITEM, "id": "c", "category": {"main": "x"}},
        {**ITEM, "id": "d", "force": "\ud800"},
        {**ITEM, "level": "expert"},
        {"level": "expert"},
    ]
    text = "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"
    report = checked(store, text, "exercises.json")
    assert [(p.line, p.column) for p in report.problems] == [
        (3, "level"),
        (4, "category"),
        (5, ""),
        (6, "exercise"),
        (7, "exercise"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "no list"),
        ("[]", "is empty"),
        ("[", "line 1"),
        ('[\n{"name": "a"}\n', "line 2"),
        ('[\n{"name": "a"},\n', "line 3"),
        ('[\n{"name": NaN}]', "NaN is no number"),
        ("[1]", "an exercise is expected"),
        ("[" * 100_000, "line 1"),
    ],
)
def test_json_that_cannot_be_read(store, text, sentence):
    with pytest.raises(InputError, match=sentence):
        checked(store, text, "exercises.json")


def test_json_can_only_be_exercises(store):
    with pytest.raises(InputError, match="only a catalogue"):
        check(store, ("log.json", b"[]"), kind="log")


def test_a_catalogue_with_tags_is_no_log(store):
    report = check(store, ("exercises.csv", b"exercise,tag\nsq,legs\n"))
    assert (report.kind, report.plan.exercises[0]["detail"]) == (Kind.EXERCISES, {"tag": "legs"})
    german = check(store, ("katalog.csv", "Übung,Schwierigkeit\nKniebeuge,2\n".encode()))
    (exercise,) = german.plan.exercises
    assert (exercise["reference"], exercise["difficulty"]) == ("Kniebeuge", 2)
