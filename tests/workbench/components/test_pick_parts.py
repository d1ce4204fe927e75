"""The cohort's parts of the Picks page without a page: rows, filters, words and tables."""

import json

import pytest

from core.services.picks import PolicySettings
from core.services.picks.settings import POLICIES
from core.services.picks.views import CohortRow, Estimate, Gap, Importance, Outcome, Pick, Rehearsal
from workbench.components import pick_cohort, pick_fairness, pick_receipt, pick_rehearsal, pick_table

OPEN = "Everything may be offered."
SEX = Gap(
    "sex", (("female", 20, 0.8), ("male", 30, 0.6)), 0.2, 0.05, 0.4, 0.08, 0.18, 0.004, "More than chance."
)
RACE = Gap("race", (), 0, 0, 0, 0, 0, 1, "Cannot be told yet. Race is not on record for these clients.")


def row(client=1, name="Ana", **changes):
    fields = {
        "best": "cardio",
        "lead": 0.2,
        "masked": (),
        "gate": OPEN,
        "today": None,
        "waiting": None,
        "done": None,
        "picks": 0,
    }
    return CohortRow(client, name, **{**fields, **changes})


STOPPED = row(
    2, "Bo", best=None, lead=None, masked=("cardio", "strength", "flexibility"), gate="Stop: chest pain."
)


@pytest.mark.parametrize(
    ("lead", "mark", "words"),
    [
        (0.1, "▰▰▰", "well ahead, by 0.10"),
        (0.099, "▰▰▱", "ahead, by 0.10"),
        (0.01, "▰▱▱", "a little ahead, by 0.01"),
        (0.009, "▱▱▱", "almost level with the next, by 0.01"),
        (0.0, "▱▱▱", "almost level with the next, by less than 0.01"),
    ],
)
def test_a_lead_in_words_and_as_a_mark(lead, mark, words):
    assert pick_table.lead_words(row(lead=lead)) == (mark, words)


def test_a_lone_arm_leads_nobody():
    alone = row(lead=0.0, masked=("strength", "flexibility"))
    assert pick_table.lead_words(alone)[1] == "the only one open"
    assert pick_table.lead_words(row(lead=None))[1] == "the only one open"


def test_what_is_masked_has_a_sign_and_its_reason():
    best, masked, today, done = pick_table.as_row(STOPPED)["cells"]
    assert (best["mark"], best["text"]) == ("✕", "nothing may be offered")
    assert (masked["mark"], masked["text"], masked["small"]) == ("✕", "everything", "Stop: chest pain.")
    assert today["text"] == "–"
    assert (done["text"], done["small"]) == ("–", "no pick yet")


def test_limits_without_a_masked_arm_are_remarked_on():
    masked = pick_table.as_row(row(gate="Within limits. No heavy load."))["cells"][1]
    assert (masked["mark"], masked["text"], masked["small"]) == ("", "–", "Within limits. No heavy load.")
    assert pick_table.as_row(row())["cells"][1]["small"] == ""


def test_what_the_gate_says_of_all_alike_is_not_repeated():
    off = [row(1, gate="The gate is off."), row(2, gate="The gate is off.")]
    assert pick_table.shared(off) == "The gate is off."
    assert pick_table.as_row(off[0], quiet="The gate is off.")["cells"][1]["small"] == ""
    assert pick_table.shared([*off, STOPPED]) == ""
    assert pick_table.shared([STOPPED]) == ""
    assert pick_table.as_row(STOPPED, quiet=STOPPED.gate)["cells"][1]["small"] == STOPPED.gate


def test_an_outcome_that_is_missing_is_said():
    assert pick_table.as_row(row(picks=1, waiting=9))["cells"][3]["small"] == "1 pick; an outcome is missing"
    done = pick_table.as_row(row(picks=3, done=0.5))["cells"][3]
    assert (done["text"], done["small"]) == ("50\u00a0%", "3 picks")


ROWS = [
    row(1, "Cleo", lead=0.2, waiting=5, done=0.9, picks=2),
    STOPPED,
    row(3, "ana", best="strength", lead=0.01, today="strength", done=0.1, picks=1),
]


def fitting(**asked):
    return [
        one.client_id
        for one in pick_cohort.fitting(
            ROWS, **{"search": "", "only": "everyone", "arm": pick_cohort.ANY_ARM, "order": "name", **asked}
        )
    ]


def test_rows_are_sorted_searched_and_filtered():
    assert fitting() == [3, 2, 1]
    assert fitting(search=" CLE ") == [1]
    assert fitting(only=pick_cohort.WAITING) == [1]
    assert fitting(only=pick_cohort.STOPPED) == [2]
    assert fitting(only=pick_cohort.NONE_TODAY) == [2, 1]
    assert fitting(arm="strength") == [3]
    assert fitting(order=pick_cohort.CLOSEST) == [3, 1, 2]
    assert fitting(order=pick_cohort.LEAST) == [3, 1, 2]
    assert fitting(arm="strength", only=pick_cohort.WAITING) == []


def test_arms_that_are_best_most_often_come_first():
    assert pick_cohort.arms([row(1), row(2), row(3, best="strength"), STOPPED]) == ["cardio", "strength"]


def test_attributes_that_move_nothing_are_left_out():
    found = Importance(
        ("age", "race", "sex"),
        {"cardio": (0.1, 2e-17, 0.0)},
        {"cardio": (0.2, 1e-17, 0.01)},
        5,
    )
    kept = pick_cohort.moving(found)
    assert kept.keys == ("age", "sex")
    assert kept.values == {"cardio": (0.1, 0.0)}
    headings, rows = pick_cohort.importance_table(kept)
    assert headings[0] == "Attribute"
    assert rows == [["Age", "0.100 (0.200)"], ["Sex", "0.000 (0.010)"]]


def test_fairness_says_of_each_attribute_what_can_be_told():
    assert pick_fairness.can_be_told(SEX)
    assert not pick_fairness.can_be_told(RACE)
    said = dict(pick_fairness.sentences([SEX, RACE]))
    assert said["sex"] == "More than chance."
    assert said["race"].startswith("Cannot be told yet.")
    assert said["age group"].startswith("Cannot be told yet.")


def test_fairness_in_numbers():
    told = pick_fairness.gap_row(SEX)
    assert told[1:4] == ["0.20", "0.05 to 0.40", "0.08 on average, up to 0.18"]
    assert told[4] == "under 1\u00a0% of shuffles"
    assert pick_fairness.group_rows(SEX)[0] == ["Sex", "female", "20", "80\u00a0%"]


def test_every_policy_is_explained_and_the_width_is_no_learning_rate():
    assert set(pick_rehearsal.KINDS) == set(POLICIES)
    assert "not a learning rate" in pick_rehearsal.HELP["width"]


def test_a_setting_in_words():
    words = pick_rehearsal.settings_words(PolicySettings(width=0.25, epsilon=0.05, start=1500))
    assert words == (
        "LinUCB, width 0.25, 5\u00a0% drawn evenly, completion weighs 70\u00a0%, 1,500 synthetic decisions to start"
    )
    assert "width" not in pick_rehearsal.settings_words(PolicySettings(kind="epsilon-greedy"))


@pytest.mark.parametrize(
    ("effective", "words"),
    [(10.0, "too few to lean on"), (45.0, "intervals are wide"), (150.0, "a fair basis")],
)
def test_the_effective_sample_in_words(effective, words):
    made = Rehearsal(PolicySettings(), 200, 0.5, (), effective, 0.1, (), "")
    assert words in pick_rehearsal.effective_words(made)


def test_an_estimate_that_could_not_be_made_is_a_dash():
    nothing = float("nan")
    made = Rehearsal(
        PolicySettings(),
        40,
        0.5,
        (Estimate("Direct method", 0.5, nothing, nothing, 0.0, nothing, nothing),),
        9,
        0,
        (),
        "",
    )
    (told,) = pick_rehearsal.estimate_rows(made)
    assert told == ["Direct method", "0.500", "–", "+0.000", "–"]


RECEIPT = {
    "values": {"age": 70.0, "medical_history": ["hypertension"], "race": None, "gone": "x"},
    "origins": {"age": "profile", "medical_history": "medical history"},
    "masked": {"strength": ["Row: no lifting."]},
    "arms": {
        "cardio": {"score": 0.7, "base": 0.5, "bonus": 0.1, "attributions": {"age": 0.1}, "propensity": 0.95},
        "strength": {
            "score": 0.6,
            "base": 0.5,
            "bonus": 0.0,
            "attributions": {"age": 0.1},
            "propensity": 0.0,
        },
    },
    "best": "cardio",
    "runner_up": None,
    "lead": 0.0,
    "policy": {"version": 3, "settings": PolicySettings().to_json(), "learnt": 1200},
    "versions": {"code": "0.1.0", "guidelines": "abc", "encoding": 72},
}
PICK = Pick(
    4, 9, "Ana", "2026-02-05", "cardio", 0.95, RECEIPT, "Bo", "2026-02-05T09:00:00.000Z", None, None, True
)


def test_a_receipt_names_what_was_taken_and_what_was_masked():
    assert pick_receipt.arm_rows(PICK) == [
        ["cardio (taken, best)", "0.700", "0.600", "+0.100", "95.0\u00a0%"],
        ["strength (✕ masked)", "0.600", "0.600", "0.000", "–"],
    ]


def test_a_receipt_keeps_values_that_a_later_version_no_longer_knows():
    assert pick_receipt.value_rows(RECEIPT) == [
        ["Age", "70 years", "profile"],
        ["Medical history", "hypertension", "medical history"],
        ["gone", "x", "–"],
        ["Not known", "race", "–"],
    ]
    assert pick_receipt.kind_name("linucb") == "LinUCB"
    assert pick_receipt.kind_name("of a later version") == "of a later version"
    assert ("Outcomes it had learnt from", "1,200") in pick_receipt.version_pairs(RECEIPT)


def test_a_receipt_as_json_is_whole():
    outcome = Outcome(1, 0.5, 0.25, 0.425, "Ana", "2026-02-06T09:00:00.000Z")
    pick = Pick(
        4, 9, "Ana", "2026-02-05", "cardio", 0.95, RECEIPT, "Bo", "2026-02-05T09:00:00.000Z", 5, outcome, True
    )
    document = json.loads(pick_receipt.as_json(pick))
    assert document["receipt"] == RECEIPT
    assert document["outcome"]["reward"] == 0.425
    assert (document["pick"], document["replaced_by"]) == (4, 5)
    assert json.loads(pick_receipt.as_json(PICK))["outcome"] is None
