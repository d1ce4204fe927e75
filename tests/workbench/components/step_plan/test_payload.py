"""What the picture is told of the days behind."""

from datetime import date, timedelta

from core.services.goals import Day, Record
from workbench.components.step_plan import payload

TODAY = date(2026, 6, 10)


def test_a_day_without_a_count_still_shows_the_goal_that_held() -> None:
    record = Record(
        client={"id": 1},
        today=TODAY,
        days=(Day(TODAY - timedelta(days=3), 5000, 6000), Day(TODAY - timedelta(days=2), 5500, 6000)),
        asked={TODAY - timedelta(days=2): 7000, TODAY - timedelta(days=1): 7100, TODAY: 7200},
        plans=(),
        newest_plan=1,
        history=None,
        why_not="",
        notes=(),
    )
    assert [(row["steps"], row["goal"]) for row in payload.past(record)[-4:]] == [
        (5000, 6000),
        (5500, 7000),
        (None, 7100),
        (None, 7200),
    ]
