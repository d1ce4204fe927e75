"""The guideline table: whole, readable, and refused with a sentence where it is not."""

import csv
import io
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from core.errors import InputError
from core.guidelines import CONDITIONS, NOT_REVIEWED, guideline_rows, known_conditions, read_rows
from core.guidelines.base import COLUMNS, FILE, check_whole
from core.guidelines.vocabulary import GENERAL, check_age, check_sex

GOOD = {
    "condition": "stroke",
    "component": "aerobic",
    "age_low": "18",
    "days_low": "3",
    "days_high": "5",
    "source": "A source",
    "year": "2014",
    "link": "https://example.org/a",
}


def table(*rows, columns=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_a_row_is_read_as_it_stands():
    (row,) = read_rows(table({**GOOD, "intensity_high": "moderate", "rest_days_low": "1", "type": "Walking"}))
    assert row.key == "stroke: aerobic"
    assert row.low == {"days": 3, "rest_days": 1}
    assert row.high == {"days": 5, "intensity": 1}
    assert (row.type, row.origin.year, row.ages) == ("Walking", 2014, (18, 120))
    assert row.origin.cited == f"{row.origin.source}, 2014"
    assert replace(row.origin, source="Statement of 2014").cited == "Statement of 2014"
    assert row.origin.review == NOT_REVIEWED


def test_a_signed_row_names_who_and_when():
    (row,) = read_rows(table({**GOOD, "signed_by": "Dr A. Example", "signed_on": "2026-01-31"}))
    assert row.origin.signed_on == date(2026, 1, 31)
    assert row.origin.review == "reviewed by Dr A. Example on 2026-01-31"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"condition": "gout"}, "row 2: condition is 'gout'"),
        ({"component": "cardio"}, "component is 'cardio'"),
        ({"sex": "f"}, "sex is 'f'"),
        ({"days_low": "6"}, "days_low 6 is above days_high 5"),
        ({"days_high": "8"}, "days_high must be a whole number from 0 to 7; it is '8'"),
        ({"minutes_low": "-5"}, "minutes_low must be a whole number"),
        ({"minutes_low": "half an hour"}, "minutes_low must be a whole number"),
        ({"intensity_low": "hard"}, "intensity_low is 'hard'"),
        ({"intensity_low": "vigorous", "intensity_high": "light"}, "intensity_low vigorous is above"),
        ({"age_low": ""}, "age_low is empty"),
        ({"age_low": "70", "age_high": "60"}, "age_low 70 is above age_high 60"),
        ({"source": ""}, "source is empty"),
        ({"year": ""}, "year must be from"),
        ({"year": "1066"}, "year must be from"),
        ({"link": ""}, "link must be an https address"),
        ({"link": "http://example.org"}, "link must be an https address"),
        ({"link": "https://somewhere"}, "link must be an https address"),
        ({"signed_by": "Dr A. Example"}, "filled together or not at all"),
        ({"signed_by": "Dr A. Example", "signed_on": "yesterday"}, "signed_on must be a day"),
        ({"days_low": "", "days_high": ""}, "the row says nothing"),
    ],
)
def test_a_bad_cell_is_named(change, said):
    with pytest.raises(InputError) as refused:
        read_rows(table({**GOOD, **change}))
    assert said in str(refused.value)
    assert "row 2" in str(refused.value)


def test_other_columns_cells_or_doubled_rows_are_refused():
    with pytest.raises(InputError, match="must name the columns"):
        read_rows("condition,component\nstroke,aerobic\n")
    with pytest.raises(InputError, match="must name the columns"):
        read_rows("")
    with pytest.raises(InputError, match="row 2: 2 cells"):
        read_rows(table() + "stroke,aerobic\n")
    with pytest.raises(InputError, match="rows 2 and 3 both speak of stroke: aerobic"):
        read_rows(table(GOOD, GOOD))


def test_a_table_without_a_condition_or_a_general_row_is_not_whole():
    rows = guideline_rows()
    with pytest.raises(InputError, match="no row for stroke"):
        check_whole(row for row in rows if row.condition != "stroke")
    with pytest.raises(InputError, match="no row for adult, flexibility"):
        check_whole(row for row in rows if (row.condition, row.component) != ("adult", "flexibility"))


def test_spotters_table_is_whole_and_says_that_nobody_has_signed_it():
    rows = guideline_rows()
    assert {row.condition for row in rows} == {*GENERAL, *CONDITIONS}
    for row in rows:
        assert row.origin.source
        assert row.origin.year >= 2000
        assert row.origin.link.startswith("https://")
        assert row.type
        assert row.origin.review == NOT_REVIEWED
    for condition in set(CONDITIONS) - {"falls risk"}:
        assert {"aerobic", "strength"} <= {row.component for row in rows if row.condition == condition}


def test_spotters_table_is_plain_text_that_a_spreadsheet_can_read():
    text = files("core.guidelines").joinpath(FILE).read_text(encoding="utf-8")
    assert len(list(csv.reader(io.StringIO(text)))) == len(guideline_rows()) + 1
    assert "\t" not in text


def test_the_conditions_of_the_sample_cohort_are_known():
    path = files("sample_data").joinpath("cohort", "medical.csv")
    for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
        names = [name for name in row["conditions"].split("; ") if name not in ("", "none")]
        assert known_conditions(names) == set(names)


def test_conditions_are_found_whatever_their_case_and_others_refused():
    assert known_conditions([" copd", "Type 2 Diabetes"]) == {"COPD", "type 2 diabetes"}
    assert known_conditions([]) == frozenset()
    for name in ("adult", "gout", "", None):
        with pytest.raises(InputError, match="not in the guideline base"):
            known_conditions([name])
    with pytest.raises(InputError, match="collection of names"):
        known_conditions("stroke")


@pytest.mark.parametrize("age", [-1, 121, float("nan"), "40", None, True])
def test_an_age_that_nobody_has_is_refused(age):
    with pytest.raises(InputError, match="age must be a number of years from 0 to 120"):
        check_age(age)


def test_a_sex_that_no_row_is_written_for_is_refused():
    check_sex(None)
    with pytest.raises(InputError, match="sex must be"):
        check_sex("F")


def test_ages_at_the_ends_of_a_row_are_within_it():
    (row,) = [row for row in guideline_rows() if row.key == "adult, female, 50–65: aerobic"]
    nothing = frozenset()
    assert [row.applies_to(age, "female", nothing) for age in (49.9, 50, 65, 65.9, 66)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not row.applies_to(55, "male", nothing)
    assert not row.applies_to(55, None, nothing)
