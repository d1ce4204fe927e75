from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.services.importing.merging import DAY, FASTEST, LONGEST_FILLING, Samples, daily

NAMES = ("Watch", "Phone", "Scale")
MIDNIGHT = 20_000 * DAY
BRIDGE = 40


def samples(rows):
    """Rows of (start in seconds after midnight, seconds, source, steps), the local clock two hours ahead of UTC."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    start, seconds, source = (np.array(column, dtype=np.int64) for column in columns[:3])
    offset = np.full(len(rows), 7200)
    return Samples(
        start + MIDNIGHT - 7200, seconds, offset, source, np.array(columns[3], dtype=np.float64), NAMES
    )


def by_second(rows, bridge):
    """The rule, second by second: what each second is worth is decided on its own."""
    rows = list(dict.fromkeys(rows))
    found = {}
    for day in sorted(
        {second // DAY for start, length, *_ in rows for second in (start, start + length - 1)}
    ):
        seconds = range(day * DAY, (day + 1) * DAY)
        pieces = [
            (
                max(start, seconds.start),
                min(start + length, seconds.stop),
                source,
                Fraction(steps) / length,
                row,
            )
            for row in rows
            for start, length, source, steps in [row]
            if start < seconds.stop and start + length > seconds.start
        ]
        totals = dict.fromkeys(range(len(NAMES)), Fraction(0))
        for start, end, source, rate, _ in pieces:
            totals[source] += rate * (end - start)
        ranked = sorted(totals, key=lambda source: (-totals[source], NAMES[source]))
        used = [
            piece
            for piece in pieces
            if piece[2] == ranked[0]
            or (piece[4][1] <= LONGEST_FILLING and piece[4][3] <= FASTEST * max(piece[4][1], 60))
        ]
        total = Fraction(0)
        for second in sorted({second for start, end, *_ in used for second in range(start, end)}):
            for source in ranked:
                own = [piece for piece in used if piece[2] == source]
                here = [piece for piece in own if piece[0] <= second < piece[1]]
                before = max((piece[1] for piece in own if piece[1] <= second), default=None)
                after = min((piece[0] for piece in own if piece[0] > second), default=None)
                idle = before is not None and after is not None and after - before <= bridge
                if here or idle:
                    total += sum((piece[3] for piece in here), Fraction(0))
                    break
        found[day] = total
    return found


ROWS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 400), st.integers(DAY - 200, DAY + 100)),
        st.one_of(st.integers(1, 120), st.just(LONGEST_FILLING + 1)),
        st.integers(0, 2),
        st.one_of(st.integers(0, 400), st.just(4000)),
    ),
    max_size=10,
)


@given(rows=ROWS, bridge=st.sampled_from([0, BRIDGE]))
def test_each_second_counts_for_one_source(rows, bridge):
    expected = by_second(rows, bridge)
    merged = daily(samples(rows), bridge=bridge)
    assert len(merged.steps) == len(expected)
    for counted, exact in zip(merged.steps.values(), expected.values(), strict=True):
        # Halves may go either way: a float sum is not exact.
        assert abs(counted - exact) <= Fraction(1, 2) + Fraction(1, 10**6)


@given(rows=ROWS, block=st.integers(1, 4))
def test_work_in_blocks_comes_to_the_same(rows, block):
    assert daily(samples(rows), block=block) == daily(samples(rows))


@given(rows=ROWS, offsets=st.lists(st.sampled_from([-36_000, 0, 50_400]), min_size=10, max_size=10))
def test_blocks_are_whole_days_whatever_the_offsets(rows, offsets):
    given = samples(rows)
    given = replace(given, offset=np.array(offsets[: len(rows)], dtype=np.int64))
    assert daily(given, block=1) == daily(given)


@given(rows=ROWS, data=st.data())
def test_the_order_of_records_does_not_matter(rows, data):
    shuffled = data.draw(st.permutations(rows))
    assert daily(samples(rows)) == daily(samples(shuffled))


@given(rows=ROWS)
def test_a_day_has_at_least_its_best_source_and_at_most_all(rows):
    rows = list(dict.fromkeys(rows))
    merged = daily(samples(rows))
    by_source = [daily(samples([row for row in rows if row[2] == source])).steps for source in range(3)]
    for day, total in merged.steps.items():
        alone = [steps.get(day, 0) for steps in by_source]
        assert max(alone) - 1 <= total <= sum(alone) + 2


@given(rows=ROWS)
def test_the_same_records_under_another_name_change_nothing(rows):
    phone = [(start, seconds, 1, steps) for start, seconds, _, steps in rows]
    both = phone + [(start, seconds, 2, steps) for start, seconds, _, steps in rows]
    assert daily(samples(both)).steps == daily(samples(phone)).steps


def test_a_walk_recorded_by_watch_and_phone_counts_once_and_a_gap_is_filled():
    watch = [(36_000, 600, 0, 1000), (37_000, 600, 0, 1000)]
    phone = [(35_990, 620, 1, 990), (36_990, 620, 1, 990)]
    charging = (50_000, 600, 1, 700)
    merged = daily(samples([*watch, *phone]))
    # Of the phone's edges only those outside the watch's hours remain: ten seconds at either end.
    assert list(merged.steps.values()) == [2000 + round(2 * 990 * 10 / 620)]
    merged = daily(samples([*watch, *phone, charging]))
    assert list(merged.steps.values()) == [990 * 2 + 700]  # the phone has more on this day: it goes first
    assert (merged.shared_days, merged.repeated) == (1, 0)
    assert merged.elsewhere == 2000


def test_a_day_total_of_an_app_does_not_fill_the_gaps_of_a_device():
    device = [(8 * 3600 + 3000 * number, 600, 1, 900) for number in range(9)]
    for total in [(0, DAY, 2, 8000), (DAY - 1, 1, 2, 8000)]:
        assert list(daily(samples([*device, total])).steps.values()) == [8100]
    assert list(daily(samples([*device, (0, DAY, 2, 9000)])).steps.values()) == [9000]


def test_a_record_across_midnight_is_divided_and_repeated_records_count_once():
    row = (DAY - 100, 400, 0, 800)
    merged = daily(samples([row, row, (DAY - 100, 400, 0, 4)]))
    assert merged.steps == {"2024-10-04": 201, "2024-10-05": 603}
    assert merged.repeated == 1


def test_nothing_gives_no_day():
    assert daily(samples([])).steps == {}
