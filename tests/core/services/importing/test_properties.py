import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.services import Store
from core.services.importing import Choices, DateOrder, Kind, check, take

ANYONE = Choices(new_clients=True, new_exercises=True)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A store that is only checked against, never written."""
    store = Store(tmp_path_factory.mktemp("reader"))
    people = b"client,time_zone\nanna,America/New_York\n"
    take(store, check(store, ("clients.csv", people)), by="test")
    yield store
    store.close()


# Letters that every encoding in use here can write.
names = (
    st.text(st.sampled_from("abcdefgZÄéß0189 =+-@'\",;|\t\n.éñ"), min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda text: text and text.casefold() not in ("client", "sep"))
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
rows = st.lists(
    st.tuples(names, moments, names, st.sampled_from([None, 0, 1]), st.sampled_from([None, 0.0, 2.0, 3.5])),
    min_size=1,
    max_size=12,
)


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def offset(moment):
    return moment.astimezone(timezone(timedelta(hours=-7))).isoformat()


def day_first(moment):
    return moment.strftime("%d.%m.%Y %H:%M") + " UTC"


def month_first(moment):
    return moment.strftime("%m/%d/%Y %I:%M %p Z")


def unix(moment):
    return str(int(moment.timestamp()))


FORMS = {
    iso: DateOrder.ISO,
    offset: DateOrder.ISO,
    day_first: DateOrder.DAY_FIRST,
    month_first: DateOrder.MONTH_FIRST,
}


@given(
    rows=rows,
    form=st.sampled_from(list(FORMS)),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    comma=st.booleans(),
)
def test_a_log_comes_back_whatever_the_dialect(reader, rows, form, separator, end, encoding, quoting, comma):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(["Client", "time", "Exercise", "success", "difficulty"])
    for client, moment, exercise, success, difficulty in rows:
        hard = "" if difficulty is None else str(difficulty).replace(".", "," if comma else ".")
        writer.writerow([client, form(moment), exercise, "" if success is None else success, hard])
    data = stream.getvalue().encode(encoding)
    report = check(
        reader, ("log.csv", data), choices=Choices(FORMS[form], new_clients=True, new_exercises=True)
    )
    assert report.problems == ()
    first_spelling = {}
    for row in rows:
        first_spelling.setdefault(row[2].casefold(), row[2])
    expected = dict.fromkeys(
        (client, iso(moment)[:-1] + ":00.000Z", first_spelling[exercise.casefold()], success, difficulty)
        for client, moment, exercise, success, difficulty in rows
    )
    assert report.plan.log == sorted(expected, key=lambda row: row[1])


@settings(max_examples=400)
@given(
    data=st.binary(max_size=300),
    kind=st.sampled_from([None, *Kind]),
    name=st.sampled_from(["a.csv", "medical"]),
)
@example(data=b"\xff\xfe\x00\xd8", kind=None, name="a.csv")
@example(data=b"client,time,exercise\n\x00,\x00,\x00\n", kind=None, name="a.csv")
@example(data=b'[{"name": "' + b"9" * 10 + b'", "x": ' + b"9" * 5000 + b"}]", kind=None, name="a.csv")
def test_any_bytes_give_a_report_or_an_input_error(reader, data, kind, name):
    try:
        report = check(reader, (name, data), kind=kind, choices=ANYONE)
    except InputError:
        return
    assert report.rows_read > 0


@settings(max_examples=200)
@given(
    header=st.sampled_from(
        [
            "client,time,exercise,success,difficulty",
            "client,day,steps,goal,x",
            "exercise,name,difficulty,a,b",
            "client,name,time_zone,a,b",
        ]
    ),
    cells=st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(
                    ["", "anna", "2026-01-05", "3/4/2026", "1e308", "-1", "07", "1769844600", "UTC", "9" * 15]
                ),
                st.text(max_size=6),
                st.integers().map(str),
                st.datetimes().map(str),
            ),
            min_size=5,
            max_size=5,
        ),
        min_size=1,
        max_size=8,
    ),
    dates=st.sampled_from([None, *DateOrder]),
)
def test_any_cells_give_a_report_that_accounts_for_every_row(reader, header, cells, dates):
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(header.split(","))
    writer.writerows(cells)
    data = stream.getvalue().encode("utf-8")
    filled = sum(any(cell.strip() for cell in row) for row in cells)
    try:
        report = check(reader, ("x.csv", data), choices=Choices(dates, new_clients=True, new_exercises=True))
    except InputError:
        assert not filled
        return
    assert report.rows_read == filled
    left_out = sum(count for what, count in report.counts.items() if "left out" in what)
    bad = {problem.line for problem in report.problems}
    if report.kind is Kind.LOG and bad != {p.line for p in report.problems if "whole column" in p.reason}:
        assert len(report.plan.log) + left_out + len(bad) == filled
    for row in report.plan.log:
        assert datetime.fromisoformat(row[1]).tzinfo is UTC


@settings(max_examples=40)
@given(rows=rows)
def test_what_was_planned_is_what_is_stored(tmp_path_factory, rows):
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["client", "time", "exercise", "success", "difficulty"])
    writer.writerows(
        (c, unix(m) if m.year > 1980 else iso(m), e, s, d) for c, m, e, s, d in rows if m.year > 1980
    )
    store = Store(tmp_path_factory.mktemp("written"))
    try:
        report = check(store, ("log.csv", stream.getvalue().encode()), choices=ANYONE)
    except InputError:
        assert all(moment.year <= 1980 for _, moment, *_ in rows)
    else:
        take(store, report, by="test")
        stored = store.db.execute(
            "SELECT c.reference, l.at, e.reference, l.success, l.difficulty FROM exercise_log l"
            " JOIN clients c ON c.id = l.client_id JOIN exercises e ON e.id = l.exercise_id ORDER BY l.id"
        ).fetchall()
        assert stored == report.plan.log
    finally:
        store.close()
