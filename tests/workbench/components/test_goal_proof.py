"""Whether a proof is about the plan on screen."""

import json
from dataclasses import replace

from core.services.goals import PlanSettings
from workbench.components.goal_proof import same_plan


def test_a_proof_is_about_a_plan_whatever_form_its_numbers_have() -> None:
    shown = PlanSettings(baseline=5461.0, rest_weekdays=(6,), fixed=((2, 8000),))
    assert same_plan(json.dumps(replace(shown, baseline=5461).to_json()), shown)
    assert not same_plan(json.dumps(replace(shown, baseline=5462).to_json()), shown)
    assert not same_plan("", shown)
