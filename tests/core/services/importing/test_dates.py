# ruff: noqa: DTZ001 - dates without a zone are what is tested
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core.services.importing.dates import Column, DateOrder, detect, parse, parse_day, text

ISO, DAY, MONTH, UNIX = DateOrder.ISO, DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.UNIX


@pytest.mark.parametrize(
    ("value", "order", "expected"),
    [
        ("2026-01-31", ISO, datetime(2026, 1, 31)),
        ("2026-01-31 07:30", ISO, datetime(2026, 1, 31, 7, 30)),
        ("2026-01-31T07:30:05", ISO, datetime(2026, 1, 31, 7, 30, 5)),
        ("2026-01-31T07:30:05.25Z", ISO, datetime(2026, 1, 31, 7, 30, 5, 250_000, UTC)),
        ("2026-01-31T07:30+05:30", ISO, datetime(2026, 1, 31, 7, 30, tzinfo=timezone(timedelta(hours=5.5)))),
        (
            "2026-01-31 07:30:00 -0800",
            ISO,
            datetime(2026, 1, 31, 7, 30, tzinfo=timezone(timedelta(hours=-8))),
        ),
        ("2026-01-31T07:30:00.123456789", ISO, datetime(2026, 1, 31, 7, 30, 0, 123_456)),
        ("2026/1/5 7:05 pm", ISO, datetime(2026, 1, 5, 19, 5)),
        ("31.1.2026", DAY, datetime(2026, 1, 31)),
        ("31.01.2026 07:30", DAY, datetime(2026, 1, 31, 7, 30)),
        ("31/01/2026, 07:30:09", DAY, datetime(2026, 1, 31, 7, 30, 9)),
        ("1/31/2026 12:05:00 AM", MONTH, datetime(2026, 1, 31, 0, 5)),
        ("01-31-2026 12:05 p.m.", MONTH, datetime(2026, 1, 31, 12, 5)),
        ("1769844600", UNIX, datetime(2026, 1, 31, 7, 30, tzinfo=UTC)),
        ("1769844600250", UNIX, datetime(2026, 1, 31, 7, 30, 0, 250_000, UTC)),
    ],
)
def test_dates_of_every_kind(value, order, expected):
    found = parse(value, order)
    assert (found, found.tzinfo is None) == (expected, expected.tzinfo is None)


@pytest.mark.parametrize(
    ("value", "order", "reason"),
    [
        ("yesterday", ISO, "is not a date such as 2026-01-31"),
        ("2026-02-30", ISO, "no day or time that exists"),
        ("2026-13-01", ISO, "month 13"),
        ("2026-01-31 25:00", ISO, "no day or time that exists"),
        ("31.1.26", DAY, "four digits"),
        ("31.1/2026", DAY, "is not a date such as"),
        ("1.13.2026", DAY, "month 13"),
        ("31/1/2026", MONTH, "month 31"),
        ("1/31/2026 13:05 PM", MONTH, "12-hour clock"),
        ("2026-01-31", DAY, "is not a date such as 31.1.2026"),
        ("2026-01-31 07:30+19:00", ISO, "offset"),
        ("12", UNIX, "seconds since 1970"),
        ("0024-01-31", ISO, "outside 1900 to 2100"),
        ("9999-12-31", ISO, "outside 1900 to 2100"),
    ],
)
def test_a_bad_date_says_why(value, order, reason):
    with pytest.raises(ValueError, match=reason):
        parse(value, order)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-01-31", "2026-02-01T10:00Z"], Column(ISO)),
        (["3.1.2026", "31.1.2026"], Column(DAY)),
        (["3/1/2026", "31/1/2026"], Column(DAY)),
        (["1/3/2026", "1/31/2026"], Column(MONTH)),
        (["1.3.2026", "1.31.2026"], Column(MONTH)),
        (["1.3.2026", "2.3.2026"], Column(DAY, by_convention=True)),
        (["1/3/2026", "2/3/2026"], Column(None)),
        (["1-3-2026", "2.3.2026"], Column(None)),
        (["3/3/2026", "4/4/2026"], Column(DAY)),
        (["1769844600", "1769844601"], Column(UNIX)),
        (["13/1/2026", "14/1/2026", "1/15/2026"], Column(DAY)),
        (["13/1/2026", "1/15/2026"], Column(None)),
        (["nonsense", ""], Column(ISO)),
        (["2026-01-31", "2026-02-01", "1/15/2026"], Column(ISO)),
    ],
)
def test_the_whole_column_tells_the_order(values, expected):
    assert detect(values) == expected


def test_a_day_is_a_day():
    assert parse_day("2026-01-31", ISO) == date(2026, 1, 31)
    assert parse_day("1/31/2026 12:00:00 AM", MONTH) == date(2026, 1, 31)
    for value in ("2026-01-31 07:30", "2026-01-31T00:00Z"):
        with pytest.raises(ValueError, match="a day is expected"):
            parse_day(value, ISO)


def test_stored_times_sort_as_text_in_order_of_time():
    moments = [datetime(2026, 1, 31, 7, 30, s, ms * 1000, UTC) for s in (0, 1) for ms in (0, 1, 999)]
    assert sorted(map(text, moments)) == list(map(text, moments))
    assert (
        text(datetime(2026, 1, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-30T23:30:00.000Z"
    )
