import json
from datetime import date

import pytest

from core.errors import InputError
from core.services.goals import PlanSettings
from workbench.components.step_plan import values

MONDAY = date(2026, 11, 23)


def test_settings_go_to_the_browser_and_come_back_the_same():
    settings = PlanSettings(
        baseline=5000.0,
        ramp=None,
        rest_weekdays=(2, 6),
        fixed=((0, 6000), (3, 7000)),
        most_raises=4,
        floor=3000.0,
    )
    sent = json.loads(json.dumps(values.of(settings, MONDAY)))
    assert sent["fixed"] == {"2026-11-23": 6000, "2026-11-26": 7000}
    assert values.settings(sent, PlanSettings(), MONDAY) == settings


def test_what_was_not_sent_is_as_it_began():
    begin = PlanSettings(challenge=0.5, rest_weekdays=(6,))
    assert values.settings({"horizon": 7}, begin, MONDAY) == PlanSettings(
        challenge=0.5, rest_weekdays=(6,), horizon=7
    )


def test_fixed_goals_that_the_plan_does_not_reach_are_left_out():
    sent = {"horizon": 3, "fixed": {"2026-11-22": 1, "2026-11-24": 6000, "2026-11-26": 2}}
    assert values.settings(sent, PlanSettings(), MONDAY).fixed == ((1, 6000),)


def test_an_empty_cap_is_the_highest_goal_there_is():
    assert values.settings({"cap": None, "ramp": None}, PlanSettings(cap=9000), MONDAY).cap == 20_000


@pytest.mark.parametrize(
    "sent",
    [
        {"challenge": "much"},
        {"challenge": None},
        {"horizon": 2.5},
        {"horizon": None},
        {"helplessness": True},
        {"rest_weekdays": [7]},
        {"rest_weekdays": "Sunday"},
        {"fixed": [1]},
        {"fixed": {"tomorrow": 5000}},
        {"fixed": {"2026-11-23": "all"}},
    ],
)
def test_whatever_a_browser_sends_is_refused_in_words(sent):
    with pytest.raises(InputError) as refused:
        values.settings(sent, PlanSettings(), MONDAY)
    assert str(refused.value)
