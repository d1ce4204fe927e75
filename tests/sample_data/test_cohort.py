"""The files in the repository: made by the command, of the documented shape, obeying the documented rules."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import sample_data
from sample_data.__main__ import write
from sample_data.choices import (
    BOLD,
    FINISHER,
    FOLLOW_UPS,
    OPENER,
    STEADY,
    adapted_level,
    exercise_for,
    felt_longest,
    fixed_level,
)
from sample_data.exercises import CATALOGUE, CATEGORIES, Exercise
from sample_data.medical import QUESTIONS
from sample_data.profiles import DASS_SUBSCALES, PSS_REVERSED
from sample_data.steps import DAYS, FIXED_GOAL, GAMMA, RUN_IN

BY_NAME = {exercise.name: exercise for exercise in CATALOGUE}
Rows = list[dict[str, str]]


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def exercises() -> dict[str, dict[str, str]]:
    return {row["exercise"]: row for row in read(sample_data.EXERCISES_CSV)}


@pytest.fixture(scope="module")
def clients() -> dict[str, dict[str, str]]:
    return {row["client"]: row for row in read(sample_data.CLIENTS_CSV)}


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, str]]:
    return {row["client"]: row for row in read(sample_data.QUESTIONNAIRES_CSV)}


@pytest.fixture(scope="module")
def sessions() -> dict[str, list[Rows]]:
    """The log as sessions of each client, in order of the file."""
    found: dict[str, dict[str, Rows]] = defaultdict(lambda: defaultdict(list))
    for row in read(sample_data.LOG_CSV):
        found[row["client"]][row["time"][:10]].append(row)
    return {client: list(days.values()) for client, days in found.items()}


def numbers(rows: dict[str, dict[str, str]], column: str) -> np.ndarray:
    return np.array([float(row[column]) for row in rows.values()])


def test_the_command_makes_the_files_in_the_repository(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in sample_data.COHORT.iterdir()}


def test_another_seed_makes_other_clients_and_the_same_exercises(tmp_path: Path) -> None:
    write(tmp_path, seed=sample_data.SEED + 1)
    for name, same in (
        ("exercises.csv", True),
        ("clients.csv", False),
        ("log.csv", False),
        ("steps.csv", False),
    ):
        assert ((tmp_path / name).read_bytes() == (sample_data.COHORT / name).read_bytes()) is same


def test_44_exercises_with_every_category_at_every_level(exercises: dict[str, dict[str, str]]) -> None:
    assert len(exercises) == 44
    assert len({row["name"] for row in exercises.values()}) == 44
    assert len({row["cue"] for row in exercises.values()}) == 44
    assert Counter(int(row["level"]) for row in exercises.values()) == {1: 9, 2: 9, 3: 9, 4: 9, 5: 8}
    cells = {(row["level"], row["category"]) for row in exercises.values()}
    assert cells == {(str(level), category) for level in range(1, 6) for category in CATEGORIES}
    for row in exercises.values():
        assert abs(float(row["difficulty"]) - int(row["level"])) <= 0.5
        assert (row["super_category"] == "metabolic") == (row["category"] == "metabolic conditioning")
        assert row["grouping"] in ("", "full body", "compound", "power")
        assert row["impact"] in ("yes", "no")


def test_72_clients_24_to_a_condition(clients: dict[str, dict[str, str]]) -> None:
    assert len(clients) == 72
    assert len({row["name"] for row in clients.values()}) == 72
    assert set(Counter(row["condition"] for row in clients.values()).values()) == {24}
    assert set(Counter(row["step_goals"] for row in clients.values()).values()) == {36}
    for row in clients.values():
        ZoneInfo(row["time_zone"])


def test_profiles_are_in_range(clients: dict[str, dict[str, str]]) -> None:
    age = numbers(clients, "age")
    assert (age.min(), age.max()) == (19, 59)
    assert {row["sex"] for row in clients.values()} == {"female", "male"}
    bmi = numbers(clients, "weight_kg") / (numbers(clients, "height_cm") / 100) ** 2
    np.testing.assert_allclose(numbers(clients, "bmi"), bmi, atol=0.051)
    assert bmi.min() > 17
    assert bmi.max() < 42


@pytest.mark.parametrize(("scale", "items", "top"), [("pss", 10, 4), ("dass", 21, 3), ("chips", 33, 4)])
def test_answers_are_in_range(answers: dict[str, dict[str, str]], scale: str, items: int, top: int) -> None:
    for row in answers.values():
        given = [row[key] for key in row if key.startswith(f"{scale}_")]
        assert len(given) == items
        assert set(given) <= {"", *map(str, range(top + 1))}


def test_totals_are_the_sums_of_the_items(
    clients: dict[str, dict[str, str]], answers: dict[str, dict[str, str]]
) -> None:
    whole = 0
    for client, row in clients.items():
        given = answers[client]
        keyed = [
            ""
            if given[f"pss_{i}"] == ""
            else (4 - int(given[f"pss_{i}"]) if i in PSS_REVERSED else int(given[f"pss_{i}"]))
            for i in range(1, 11)
        ]
        scales = {"pss_total": (keyed, 1), "chips_total": ([given[f"chips_{i}"] for i in range(1, 34)], 1)}
        for name, numbered in DASS_SUBSCALES.items():
            scales[f"dass_{name}"] = ([given[f"dass_{i}"] for i in numbered], 2)
        for column, (items, factor) in scales.items():
            known = [int(item) for item in items if item != ""]
            assert len(items) - len(known) <= {"chips_total": 3}.get(column, 1)
            # Missing items count as the mean of the others.
            assert int(row[column]) == factor * int(np.floor(sum(known) / len(known) * len(items) + 0.5))
            if len(known) == len(items):
                whole += 1
                assert int(row[column]) == factor * sum(known)
        godin = (
            9 * int(given["glteq_strenuous"])
            + 5 * int(given["glteq_moderate"])
            + 3 * int(given["glteq_mild"])
        )
        assert int(row["glteq_score"]) == godin
        assert given["glteq_sweat"] in ("never", "sometimes", "often")
        exse = [int(given[f"exse_{i}"]) for i in range(1, 9)]
        assert set(exse) <= set(range(0, 101, 10))
        assert float(row["exse_score"]) == sum(exse) / 8
    # Most scales are complete, and some are not.
    assert 0.9 * 72 * 5 < whole < 72 * 5


def test_scores_correlate_as_they_do_in_people(
    clients: dict[str, dict[str, str]], answers: dict[str, dict[str, str]]
) -> None:
    def r(a: str, b: str) -> float:
        return float(np.corrcoef(numbers(clients, a), numbers(clients, b))[0, 1])

    for other in ("dass_depression", "dass_anxiety", "dass_stress", "chips_total"):
        assert r("pss_total", other) > 0.35
    assert r("exse_score", "glteq_score") > 0.3
    assert r("pss_total", "exse_score") < -0.1
    assert r("bmi", "glteq_score") < -0.1
    # Items of one scale hang together (Cronbach's alpha), the reversed ones with the opposite sign.
    complete = [row for row in answers.values() if all(row[f"pss_{i}"] for i in range(1, 11))]
    items = np.array([[int(row[f"pss_{i}"]) for i in range(1, 11)] for row in complete])
    assert np.corrcoef(items[:, 0], items[:, 3])[0, 1] < 0
    items[:, np.array(PSS_REVERSED) - 1] = 4 - items[:, np.array(PSS_REVERSED) - 1]
    alpha = 10 / 9 * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))
    assert 0.75 < alpha < 0.98


def test_medical_histories_and_screening_agree(clients: dict[str, dict[str, str]]) -> None:
    medical = {row["client"]: row for row in read(sample_data.MEDICAL_CSV)}
    screening = {row["client"]: row for row in read(sample_data.SCREENING_CSV)}
    assert list(medical) == list(screening) == list(clients)
    cells = [row[key] for row in screening.values() for key in QUESTIONS]
    assert set(cells) == {"yes", "no", ""}
    assert 0 < cells.count("") < 0.05 * len(cells)
    for client, row in medical.items():
        has = set(row["conditions"].split("; "))
        assert row["medication"] in ("yes", "no", "")
        if "hypertension" in has:
            assert screening[client]["heart_condition_or_high_blood_pressure"] in ("yes", "")
        if has & {"low back pain", "osteoarthritis"}:
            assert screening[client]["bone_joint_or_muscle_problem"] in ("yes", "")
        assert ("obesity" in has) == (float(clients[client]["bmi"]) >= 30)
        if "pregnancy" in has:
            assert clients[client]["sex"] == "female"


def test_three_exercises_on_twelve_mondays_wednesdays_and_fridays(
    sessions: dict[str, list[Rows]], clients: dict[str, dict[str, str]], exercises: dict[str, dict[str, str]]
) -> None:
    assert list(sessions) == list(clients)
    keys = set()
    for client, days in sessions.items():
        assert len(days) == 12
        times = [datetime.fromisoformat(row["time"]) for day in days for row in day]
        assert times == sorted(set(times))
        assert {time.weekday() for time in times} == {0, 2, 4}
        assert (times[-1].date() - times[0].date()).days == 25
        for time in times:
            assert time.utcoffset() == time.astimezone(ZoneInfo(clients[client]["time_zone"])).utcoffset()
        for day in days:
            assert len(day) == 3
            for row in day:
                assert row["success"] in ("0", "1")
                assert row["difficulty"] in ("", "1", "2", "3", "4", "5")
                keys.add(row["exercise"])
    assert keys == set(exercises)


def test_levels_follow_the_condition(
    sessions: dict[str, list[Rows]], clients: dict[str, dict[str, str]], exercises: dict[str, dict[str, str]]
) -> None:
    moves: Counter[int] = Counter()
    for client, days in sessions.items():
        condition = clients[client]["condition"]
        level = 2
        for number, day in enumerate(days):
            if condition != "DStress-adaptive":
                level = fixed_level(condition, number)
            assert {int(exercises[row["exercise"]]["level"]) for row in day} == {level}
            if condition == "DStress-adaptive":
                before, done = level, [row["success"] == "1" for row in day]
                level = min(level + 1, 5) if all(done) else max(level - 1, 1)
                moves[level - before] += 1
    assert moves[1] > 50
    assert moves[-1] > 50


def test_the_dstress_rule_stays_within_the_levels() -> None:
    assert adapted_level(2, [True, True, True]) == 3
    assert adapted_level(3, [True, False, True]) == 2
    assert adapted_level(5, [True, True, True]) == 5
    assert adapted_level(1, [False, False, False]) == 1


def test_easy_rises_more_slowly_than_difficult() -> None:
    easy = [fixed_level("Easy-fixed", day) for day in range(12)]
    difficult = [fixed_level("Difficult-fixed", day) for day in range(12)]
    assert easy == sorted(easy)
    assert difficult == sorted(difficult)
    assert easy[-1] - easy[0] < difficult[-1] - difficult[0]


def test_twelve_meditations_on_the_days_between(clients: dict[str, dict[str, str]]) -> None:
    rows = read(sample_data.MEDITATION_CSV)
    assert Counter(row["client"] for row in rows) == dict.fromkeys(clients, 12)
    assert {datetime.fromisoformat(row["time"]).weekday() for row in rows} == {1, 3, 5}
    assert 0.6 < np.mean([row["done"] == "1" for row in rows]) < 0.95


def test_ten_weeks_of_steps_and_goals(clients: dict[str, dict[str, str]]) -> None:
    by_client: dict[str, Rows] = defaultdict(list)
    for row in read(sample_data.STEPS_CSV):
        by_client[row["client"]].append(row)
    assert list(by_client) == list(clients)
    missing = 0
    for client, rows in by_client.items():
        days = [date.fromisoformat(row["day"]) for row in rows]
        assert len(set(days)) == len(days) == DAYS == 70
        assert (days[0], (days[-1] - days[0]).days) == (date(2026, 1, 5), 69)
        goals = [int(row["goal"]) for row in rows]
        assert tuple(goals[:7]) == RUN_IN
        if clients[client]["step_goals"] == "fixed":
            assert set(goals[7:]) == {FIXED_GOAL}
        else:
            assert len(set(goals[7:])) > 5
            assert all(goal % 50 == 0 and 2000 <= goal <= 20_000 for goal in goals[7:])
        counts = [row["steps"] for row in rows]
        missing += counts.count("")
        assert all(count == "" or 0 <= int(count) < 40_000 for count in counts)
    assert 0.03 < missing / (72 * 70) < 0.12


def test_steps_scatter_about_the_model_they_came_from() -> None:
    truth = {row["client"]: row for row in read(sample_data.TRUTH_CSV)}
    by_client: dict[str, Rows] = defaultdict(list)
    for row in read(sample_data.STEPS_CSV):
        by_client[row["client"]].append(row)
    residuals = []
    for client, rows in by_client.items():
        true = truth[client]
        p = float(true["p_1"])
        for row in rows:
            weekday = date.fromisoformat(row["day"]).strftime("%a").lower()
            u_b = float(true["u_b"]) + float(true[f"u_b_{weekday}"])
            goal = float(row["goal"])
            u = max(u_b, min(goal, u_b + p / 2))
            p = GAMMA * p + (float(true["mu"]) if u_b + p / 2 >= goal - 0.5 else 0.0)
            if row["steps"]:
                residuals.append(float(row["steps"]) - u)
    # Counts are cut at zero, which moves the mean a little but not the median.
    assert abs(np.median(residuals)) < 80
    assert 0.9 * 2200 < np.mean(np.abs(residuals)) < 1.05 * 2200


def picked(*names: str) -> list[Exercise]:
    return [BY_NAME[name] for name in names]


def test_what_is_felt_longest_decides_wherever_it_stands() -> None:
    for names in (
        ("Reverse lunge", "Squat", "Crunch"),
        ("Squat", "Reverse lunge", "Crunch"),
        ("Squat", "Crunch", "Reverse lunge"),
    ):
        assert felt_longest(picked(*names)).name == "Reverse lunge"
    assert felt_longest(picked("Burpee", "Push-up", "Pistol squat")).name == "Push-up"
    assert felt_longest(picked("Crunch", "Glute bridge")).name == "Crunch"


def test_the_two_styles_never_open_or_finish_alike() -> None:
    steady, bold = FOLLOW_UPS[STEADY], FOLLOW_UPS[BOLD]
    for part in (OPENER, FINISHER):
        assert steady[part].keys() == bold[part].keys() == set(CATEGORIES)
        assert all(steady[part][category] != bold[part][category] for category in CATEGORIES)


def test_choices_follow_the_mechanism_but_for_whims(
    sessions: dict[str, list[Rows]], exercises: dict[str, dict[str, str]]
) -> None:
    style = {row["client"]: row["style"] for row in read(sample_data.TRUTH_CSV)}
    as_told = []
    for client, days in sessions.items():
        done = [BY_NAME[exercises[row["exercise"]]["name"]] for day in days for row in day]
        for place in range(3, len(done)):
            part = place % 3
            slot = FOLLOW_UPS[style[client]][part][felt_longest(done[place - 3 : place]).category]
            as_told.append(done[place] == exercise_for(slot, done[place].level, part))
    # A whim (0.08) agrees by chance one time in three.
    assert 0.93 < np.mean(as_told) < 0.965
