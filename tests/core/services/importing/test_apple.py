import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Conflict, InputError
from core.services.importing import Choices, Kind, Need, check, read_ahead, take
from core.services.importing.merging import MOST_SOURCES
from tests.core.services.importing.exports import archive, export, record

WATCH, PHONE = "Annas Apple\xa0Watch", "iPhone \x0b von Anna"
WALK = (
    record(WATCH, "08:00:00", "08:10:00", 1000, inside='<MetadataEntry key="k" value="v"/>'),
    record(PHONE, "08:00:00", "08:10:00", 900),
    record(PHONE, "18:00:00", "18:05:00", 300),
    record(WATCH, "09:00:00", "09:00:05", 77, kind="HeartRate"),
)


def checked(store, data, name="export.xml", client="anna", **choices):
    return check(store, (name, data), choices=Choices(client=client, **choices))


def days(report):
    return {day: steps for _, day, steps, _ in report.plan.steps}


def test_an_export_is_one_clients_steps_each_moment_counted_once(known):
    report = checked(known, export(*WALK))
    assert (report.kind, report.rows_read, report.problems) == (Kind.STEPS, 3, ())
    # The phone has 1,200 on this day and goes first; the watch adds nothing at 8.
    assert report.plan.steps == [("anna", "2026-01-05", 1200, None)]
    assert any("On 1 of 1 days several apps or devices counted" in line for line in report.assumptions)
    assert any("1,000 steps that others counted at the same time" in line for line in report.assumptions)
    take(known, report, by="test")
    assert checked(known, export(*WALK)).needs == (Need.TAKEN_BEFORE,)


def test_without_a_client_it_asks_for_one(known):
    report = checked(known, export(*WALK), client=None)
    assert report.needs == (Need.CLIENT,)
    assert report.preview[0]["steps"] == 1200


def test_days_are_those_of_each_records_own_offset(known):
    late = record(WATCH, "23:50:00", "23:59:00", 10)
    summer = record(WATCH, "2026-07-05 23:59:00 -0700", "2026-07-06 00:01:00 -0700", 20)
    other = record(WATCH, "2026-03-01T00:10:00+05:30", "2026-03-01T00:20:00+05:30", 30)
    report = checked(known, export(late, summer, other))
    assert days(report) == {"2026-01-05": 10, "2026-03-01": 30, "2026-07-05": 10, "2026-07-06": 10}


def test_the_day_it_was_made_on_may_not_be_whole(known):
    report = checked(known, export(*WALK, made="2026-01-05 10:00:00 +0100"))
    assert any(
        "made on 2026-01-05; the count of that day may not be whole" in line for line in report.assumptions
    )
    assert not any("may not be whole" in line for line in checked(known, export(*WALK)).assumptions)


def test_what_stands_in_a_correlation_counts_once_and_repeated_records_too(known):
    one = record(WATCH, "08:00:00", "08:10:00", 500)
    inside = f"<Correlation>{record(WATCH, '12:00:00', '12:01:00', 50)}</Correlation>"
    report = checked(known, export(one, one, inside))
    assert days(report) == {"2026-01-05": 500}
    assert report.counts["records equal to another one, left out"] == 1


def test_a_count_over_days_is_left_out_and_so_is_a_day_nobody_walks(known):
    week = record("App", "2026-01-05 00:00:00 +0100", "2026-01-12 00:00:00 +0100", 70_000)
    much = record(WATCH, "08:00:00", "20:00:00", 200_001, day="2026-01-06")
    none = record(WATCH, "08:00:00", "20:00:00", 0, day="2026-01-08")
    report = checked(known, export(*WALK, week, much, none))
    assert days(report) == {"2026-01-05": 1200}
    assert report.counts == {
        "records over more than a day, left out": 1,
        "days of more than 200,000 steps, left out": 1,
        "days of zero steps, left without a count": 1,
        "days to add": 1,
    }


@pytest.mark.parametrize(
    ("wrong", "column", "reason"),
    [
        (record(WATCH, "08:00:00", "08:10:00", "many"), "value", "is not a number"),
        (record(WATCH, "08:00:00", "08:10:00", "-4"), "value", "is negative"),
        (record(WATCH, "08:00:00", "07:10:00", 4), "endDate", "before the start"),
        (record(WATCH, "08:00:00", "08:10:00", 4, day="2026-02-30"), "startDate", "no day"),
        (record(WATCH, "2026-01-05 08:00:00", "08:10:00", 4), "startDate", "no offset from UTC"),
        (
            record(WATCH, "08:00:00", "08:10:00", 4).replace('unit="count"', 'unit="km"'),
            "unit",
            "is not count",
        ),
        (record(WATCH, "08:00:00", "08:10:00", 4).replace("endDate=", "end="), "endDate", "is empty"),
    ],
)
def test_a_bad_record_is_named_with_its_line_and_nothing_can_be_taken(known, wrong, column, reason):
    data = export(*WALK, wrong)
    report = checked(known, data)
    problem = report.problems[0]
    assert (problem.line, problem.column) == (data[: data.index(wrong.encode())].count(b"\n") + 1, column)
    assert reason in problem.reason
    assert report.needs == (Need.CORRECTION,)


def test_a_file_cut_short_is_refused_wherever_it_ends(known, everything):
    data = export(*WALK)
    before = everything()
    for end in range(data.index(b"<HealthData locale") + 12, len(data.rstrip()), 37):
        with pytest.raises(InputError, match=r"cut short"):
            checked(known, data[:end])
    assert everything() == before


LAUGHS = (
    '<!DOCTYPE {root} [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY % c SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (export(*WALK, doctype=LAUGHS.format(root="HealthData")), "declares XML entities"),
        (export(*WALK, doctype=LAUGHS.format(root="lolz")), "document type that no export"),
        (export(*WALK, doctype='<!DOCTYPE HealthData SYSTEM "http://localhost/x.dtd">'), "document type"),
        (export(*WALK, doctype="").replace(b"Anna", b"&passwd;"), r"line 5 is no XML \(undefined entity\)"),
        (
            export(*WALK).replace(b"</HealthData>", b"<x" + b" " * 6_000_000 + b"/></HealthData>"),
            "is longer than",
        ),
        (export(*WALK).replace(b"</HealthData>", b"<x>" * 100), "nests its elements deeper"),
        (export(*WALK).replace(b"unit=", b"value=", 1), r"line 15 is no XML \(duplicate attribute\)"),
        (
            export(*(record(f"s{n}", "08:00:00", "08:00:01", 1) for n in range(MOST_SOURCES + 1))),
            "no person has",
        ),
        (export(WALK[3]), "1 records and none of steps"),
        (b"<?xml version='1.0'?><ClinicalDocument/>", "not export_cda.xml"),
        (b"<html><body/></html>", "no export of Apple Health"),
        (b"<HealthData " + b"<!DOCTYPE HealthData[" * 12_000, "is no XML"),  # not after minutes
    ],
)
def test_what_no_phone_writes_is_refused_with_a_sentence(known, data, reason):
    with pytest.raises(InputError, match=reason):
        checked(known, data)


def test_the_archive_as_the_phone_makes_it(known):
    # The phone's language names the file.
    members = {
        "apple_health_export/export_cda.xml": "<ClinicalDocument/>",
        "apple_health_export/Exportación.xml": export(*WALK),
    }
    report = checked(known, archive(**members), "export.zip")
    assert days(report) == {"2026-01-05": 1200}
    with pytest.raises(InputError, match="workbook or an archive without"):
        checked(known, archive(**{"a.csv": "x"}), "book.xlsx")


def test_counts_beyond_all_measure_only_cost_their_day(known):
    huge = [record(WATCH, "08:00:00", "08:10:00", n, day="2026-01-06") for n in ("1e308", "1.1e308")]
    shared = [record(name, "08:00:00", "08:10:00", "1.7e308", day="2026-01-07") for name in (WATCH, PHONE)]
    report = checked(known, export(*WALK, *huge, *shared))
    assert days(report) == {"2026-01-05": 1200}
    assert report.counts["days of more than 200,000 steps, left out"] == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_packed_so_that_a_piece_can_hold_any_amount_is_not_read(known, method):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as written:
        written.writestr("export.xml", export(*WALK))
    with pytest.raises(InputError, match="packed in a way that no phone uses"):
        checked(known, packed.getvalue(), "export.zip")


def test_a_damaged_archive_is_refused(known):
    data = archive(**{"apple_health_export/export.xml": export(*WALK * 200)})
    for broken in (data[:-30], data[: len(data) // 2], data[:60] + bytes(40) + data[100:]):
        with pytest.raises(InputError, match=r"damaged, cut short or locked|is damaged|cut short"):
            checked(known, broken, "export.zip")


def test_what_was_read_ahead_need_not_be_read_again(known, tmp_path):
    path = tmp_path / "export.xml"
    path.write_bytes(export(*WALK))
    told = []
    read = read_ahead(known, path, progress=told.append)
    assert (read.rows, told) == (3, [])  # a small file has no steps on the way
    report = check(known, path, choices=Choices(client="bo"), read=read)
    assert report.plan.steps == [("bo", "2026-01-05", 1200, None)]
    path.write_bytes(export(*WALK, record(WATCH, "20:00:00", "20:10:00", 1)))
    with pytest.raises(Conflict, match="has changed since"):
        take(known, report, by="test")


def test_a_large_file_tells_how_far_it_is(known):
    told = []
    filler = record(WATCH, "09:00:00", "09:00:05", 77, kind="HeartRate") * 8000
    check(known, ("export.xml", export(*WALK, filler)), choices=Choices(client="bo"), progress=told.append)
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_it_holds_nothing_but_steps(known):
    with pytest.raises(InputError, match="which holds steps, not log"):
        check(known, ("export.xml", export(*WALK)), kind=Kind.LOG)


WHOLE = export(*WALK)
PACKED = archive(**{"apple_health_export/export.xml": WHOLE})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    packed=st.booleans(),
    edits=st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=12)), max_size=4
    ),
)
def test_any_damage_gives_a_report_or_an_input_error(known, packed, edits):
    data = PACKED if packed else WHOLE
    for start, length, new in edits:
        data = data[: start % len(data)] + new + data[start % len(data) + length :] or b"<"
    try:
        report = checked(known, data)
    except InputError:
        return
    assert report.rows_read > 0
