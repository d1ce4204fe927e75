"""The gate's table: whole, readable, and refused with a sentence where it is not."""

import csv
import io

import pytest

from core.errors import InputError
from core.guidelines import NOT_REVIEWED, QUESTIONS, Verdict, gate_rules, read_rows, read_rules
from core.guidelines.health import CONTRAINDICATIONS, PREGNANCY_CONTRAINDICATIONS
from core.guidelines.rules import COLUMNS, check_all_used
from core.services.records import ASKED
from sample_data import medical

GOOD = {
    "rule": "a rule",
    "when": "stroke and not medically supervised",
    "verdict": "stop",
    "says": "Because",
    "source": "A source",
    "year": "2014",
    "link": "https://example.org/a",
}


def table(*rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_a_rule_is_read_as_it_stands():
    row = {
        **GOOD,
        "verdict": "allowed",
        "arms": "strength; cardio",
        "load_high": "light",
        "positions": "prone",
    }
    (rule,) = read_rules(table(row))
    assert rule.terms == ("stroke", "not medically supervised")
    assert rule.arms == {"strength", "cardio"}
    assert rule.most == {"load": "light"}
    assert rule.positions == {"prone"}
    assert rule.text == f"Because (A source, 2014; {NOT_REVIEWED})"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": ""}, "rule is empty"),
        ({"when": ""}, "when is empty"),
        ({"says": ""}, "says is empty"),
        ({"when": "gout"}, "the term 'gout'"),
        ({"when": "not stroke"}, "the term 'not stroke'"),
        ({"when": "medically supervised"}, "the term 'medically supervised'"),
        ({"when": "not unstable angina"}, "the term 'not unstable angina'"),
        ({"when": "yes to cake"}, "the term 'yes to cake'"),
        ({"when": "heart_rate > 100"}, "the term 'heart_rate > 100'"),
        ({"when": "systolic_mmhg = 100"}, "the term 'systolic_mmhg = 100'"),
        ({"verdict": "maybe"}, "verdict is 'maybe'"),
        ({"lifted_by_clearance": "yes"}, "what stops is not lifted by clearance"),
        ({"verdict": "allowed"}, "one that allows names arms"),
        ({"arms": "strength"}, "masks everything and names nothing"),
        ({"verdict": "allowed", "arms": "yoga"}, "arms names 'yoga'"),
        ({"verdict": "allowed", "positions": "sideways"}, "positions names 'sideways'"),
        ({"verdict": "allowed", "impact_high": "some"}, "impact_high is 'some'"),
        ({"source": ""}, "source is empty"),
        ({"year": "soon"}, "year must be"),
        ({"link": "example.org"}, "link must be an https address"),
    ],
)
def test_a_bad_cell_is_named(change, said):
    with pytest.raises(InputError) as refused:
        read_rules(table({**GOOD, **change}))
    assert said in str(refused.value)
    assert "gate.csv, row 2" in str(refused.value)


def test_two_rules_of_one_name_are_refused_and_so_are_other_tables():
    with pytest.raises(InputError, match="two rules are called 'a rule'"):
        read_rules(table(GOOD, GOOD))
    with pytest.raises(InputError, match="must name the columns"):
        read_rows(table(GOOD))


def test_a_table_that_ignores_what_is_asked_for_is_refused():
    rules = gate_rules()
    for name, gone in (
        ("chest_pain", "chest_pain"),
        ("systolic_mmhg", "systolic"),
        ("preterm labour", "preterm labour"),
    ):
        with pytest.raises(InputError, match=f"no rule uses .*{name}"):
            check_all_used(rule for rule in rules if gone not in rule.when)


def test_spotters_rules_have_source_year_and_link_and_nobody_has_signed_them():
    for rule in gate_rules():
        assert rule.origin.source
        assert rule.origin.year >= 2000
        assert rule.origin.link.startswith("https://")
        assert rule.says
        assert NOT_REVIEWED in rule.text


def test_every_contraindication_stops():
    stopping = {rule.when for rule in gate_rules() if rule.verdict is Verdict.STOP}
    assert set(CONTRAINDICATIONS) <= stopping
    for name in PREGNANCY_CONTRAINDICATIONS:
        assert any(name in when for when in stopping)


def test_the_questions_are_those_that_the_cohort_was_asked():
    assert tuple(medical.QUESTIONS) == QUESTIONS == ASKED["screening"]
