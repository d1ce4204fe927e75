import re
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bandit import LinUCB, explain
from core.bandit.attributes import ATTRIBUTES, BY_KEY, Value
from core.bandit.contexts import ENCODING
from core.bandit.guideline_rewards import guideline_rewards
from core.bandit.people import People, uniform_profiles
from core.errors import InputError
from core.guidelines import ARMS, NOT_REVIEWED, QUESTIONS, Health, guideline_rows, safety_gate
from core.services.judging import Judged
from core.services.picks.rationale import rationale
from core.services.picks.views import ArmView, Rationale

NAMES = tuple(ARMS)
PEOPLE = uniform_profiles(300, np.random.default_rng(1))
CONTEXTS = ENCODING.encode(PEOPLE)
PART = re.compile(r"(?P<label>[A-Za-z ]+) \((?P<value>[^)]*)\) (?P<share>[+−]\d+\.\d\d)")

# The paper's example (section 3.2.3): a man of 62 with hypertension, strength 7 times a week for 90–105 minutes.
EXAMPLE: dict[str, Value | None] = {
    **{of.key: None for of in ATTRIBUTES},
    "age": 62.0,
    "sex": "male",
    "medical_history": ("hypertension",),
    "preferred_exercise": "strength",
    "frequency": 7.0,
    "duration": 100.0,
    "intensity": "moderate",
    "day_spacing": "in a row",
    "variety": "some",
}


def policy() -> LinUCB:
    rng = np.random.default_rng(2)
    taught = LinUCB(ENCODING.size, NAMES, 0.1, rng)
    for x, earned in zip(CONTEXTS, guideline_rewards(PEOPLE), strict=True):
        arm = int(rng.integers(3))
        taught.update(x, NAMES[arm], float(earned[arm]))
    return taught


POLICY = policy()


def judged(on: bool = True, **of: object) -> Judged:
    known = {"age": 62, "conditions": ["hypertension"], "screening": dict.fromkeys(QUESTIONS, False), **of}
    health = Health(**known)  # type: ignore[arg-type]
    return Judged(on, health, safety_gate(health), "", "" if on else "a trial")


def view(values: Mapping[str, Value | None], arm: str, masked: tuple[str, ...] = ()) -> ArmView:
    x = ENCODING.encode(People.of([values]))[0]
    found = explain(POLICY, x, CONTEXTS, ENCODING.names, arm=arm)
    return ArmView(arm, found.score, found.base, found.attributions, found.bonus, 0.5, masked)


def said(values: Mapping[str, Value | None] = EXAMPLE, arm: str = "strength", **more: int) -> Rationale:
    return rationale(values, judged(), view(values, arm), **{"learnt": 12, "start": 500, **more})


def named(sentence: str) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """(label, value, attribution) of what the sentence says raises and lowers, read from its words."""
    sides = []
    for begins in ("Raised most by ", "Lowered most by "):
        found = re.search(begins + r"(.*?\d\.\d\d)\.", sentence)
        parts = PART.findall(found[1]) if found else []
        sides.append([(label.strip(), value, share) for label, value, share in parts])
    return sides[0], sides[1]


@pytest.mark.parametrize("arm", NAMES)
def test_the_papers_example_says_only_what_was_measured(arm: str) -> None:
    found, shares = said(arm=arm), view(EXAMPLE, arm).attributions
    raised, lowered = named(found.sentence)
    assert raised
    assert lowered
    for label, value, share in (*raised, *lowered):
        of = next(of for of in ATTRIBUTES if of.label.lower() == label)
        assert shares[of.key] == pytest.approx(float(share.replace("−", "-")), abs=0.0051)
        assert EXAMPLE[of.key] is not None
        assert value in {
            "62 years",
            "male",
            "hypertension",
            "strength",
            "7 days a week",
            "moderate",
            "some",
        } | {
            "100 minutes a session",
            "in a row",
        }
    # What the paper reads into SHAP values: effects on things that no value of the arm's score stands for.
    for claim in (
        "decreas",
        "increas",
        "likel",
        "intensity of",
        "variety of",
        "because",
        "healthy",
        "ideal",
        "safe ",
    ):
        assert claim not in found.sentence.lower()
    assert "not what causes what" in found.sentence
    assert "no medical advice" in found.sentence
    assert "500 synthetic decisions, in which both are invented, and 12 recorded outcomes" in found.sentence


def test_the_week_of_the_papers_example_names_its_rows_and_where_the_wish_breaks_them() -> None:
    found = said()
    assert "At most 3 days a week (hypertension: strength)." in found.week
    assert "At least 1 rest day between sessions (adult: strength; hypertension: strength)." in found.week
    wish = next(sentence for sentence in found.week if "wants" in sentence)
    assert "breaks: " in wish
    assert "at most 3 days a week" in wish
    assert "at most 140 minutes a week" in wish
    assert [source.key for source in found.sources] == ["adult: strength", "hypertension: strength"]
    rows = {row.key: row for row in guideline_rows()}
    for source in found.sources:
        origin = rows[source.key].origin
        assert (source.source, source.year, source.link) == (origin.source, origin.year, origin.link)
        assert source.link.startswith("https://")
        assert source.review == origin.review == NOT_REVIEWED
        assert rows[source.key].type in source.text


def test_a_week_that_keeps_to_the_rows_says_so() -> None:
    values = {**EXAMPLE, "frequency": 3.0, "duration": 45.0, "day_spacing": "spread"}
    assert any("keeps to these" in sentence for sentence in said(values).week)
    assert not any("wants" in sentence for sentence in said({**values, "intensity": None}).week)


def test_rows_at_odds_are_told() -> None:
    values = {**EXAMPLE, "medical_history": ("heart failure", "depression")}
    found = said(values, "cardio")
    assert found.conflicts
    assert all("stricter holds" in sentence for sentence in found.conflicts)


def test_what_is_not_known_is_left_out_and_told() -> None:
    nobody: dict[str, Value | None] = {of.key: None for of in ATTRIBUTES}
    found = said(nobody)
    assert found.week == ("No guideline row can be chosen while the client’s age is not known.",)
    assert (found.conflicts, found.sources) == ((), ())
    assert "Nothing that is known of the client moves it noticeably." in found.sentence
    assert f"{len(ATTRIBUTES)} attributes are not known" in found.sentence
    woman = said({**nobody, "age": 55.0})
    assert "The medical history is not known, so no row for a condition is counted." in woman.week
    assert "The sex is not known, so no row for one sex is counted." in woman.week
    assert not any("female" in source.key for source in woman.sources)
    assert not any("sex" in sentence for sentence in said({**nobody, "age": 30.0}).week)
    assert any("female" in source.key for source in said({**nobody, "age": 55.0, "sex": "female"}).sources)


def test_no_condition_is_another_thing_than_an_unknown_history() -> None:
    healthy = said({**EXAMPLE, "medical_history": ()})
    assert not any("medical history" in sentence for sentence in healthy.week)
    assert "(hypertension)" not in healthy.sentence


def test_the_gates_intensity_stands_beside_the_rows() -> None:
    limited = judged(conditions=["osteoporosis"], findings=["vertebral fracture"])
    assert limited.gate is not None
    assert limited.gate.intensity_high == "moderate"
    values = {**EXAMPLE, "medical_history": ("osteoporosis",)}
    found = rationale(values, limited, view(values, "cardio"), learnt=0, start=10)
    assert found.week[-1] == "The safety gate leaves at most moderate intensity."
    off = judged(on=False, conditions=["osteoporosis"], findings=["vertebral fracture"])
    found = rationale(values, off, view(values, "cardio"), learnt=0, start=10)
    assert not any("safety gate" in sentence for sentence in found.week)


def test_a_masked_arm_is_told_as_masked() -> None:
    found = rationale(EXAMPLE, judged(), view(EXAMPLE, "strength", ("No.",)), learnt=0, start=10)
    assert "The safety gate masks it" in found.sentence
    assert "masks" not in said().sentence


@pytest.mark.parametrize(
    ("learnt", "start", "words"),
    [
        (0, 500, "from 500 synthetic decisions, in which both are invented, and 0 recorded outcomes"),
        (1, 0, "from 1 recorded outcome."),
        (1200, 1, "from 1 synthetic decision, in which both are invented, and 1,200 recorded outcomes"),
        (0, 0, "from nothing yet"),
    ],
)
def test_it_says_what_the_model_has_learnt_from(learnt: int, start: int, words: str) -> None:
    assert words in said(learnt=learnt, start=start).sentence


def values_of(draw: st.DrawFn) -> dict[str, Value | None]:
    values: dict[str, Value | None] = {}
    for of in ATTRIBUTES:
        match of.kind:
            case "number":
                some: st.SearchStrategy[Value] = st.sampled_from([float(v) for v in of.values])
            case "category":
                some = st.sampled_from([str(v) for v in of.values])
            case "set":
                some = st.lists(st.sampled_from([str(v) for v in of.values]), max_size=3, unique=True).map(
                    lambda words, of=of: of.check(words)  # type: ignore[misc]
                )
        values[of.key] = draw(st.none() | some)
    return values


random_values = st.composite(values_of)()
random_shares = st.fixed_dictionaries({of.key: st.floats(-0.4, 0.4) for of in ATTRIBUTES})


@given(values=random_values, shares=random_shares, arm=st.sampled_from(NAMES), bonus=st.floats(0, 1))
def test_whatever_is_named_is_known_and_has_the_sign_claimed(
    values: dict[str, Value | None], shares: dict[str, float], arm: str, bonus: float
) -> None:
    score = 0.4 + sum(shares.values()) + bonus
    found = rationale(values, judged(), ArmView(arm, score, 0.4, shares, bonus, 1.0, ()), learnt=3, start=5)
    raised, lowered = named(found.sentence)
    labels = {of.label.lower(): of for of in ATTRIBUTES}
    for side, sign in ((raised, "+"), (lowered, "−")):
        named_here = [labels[label] for label, _, _ in side]
        known = [
            of
            for of in ATTRIBUTES
            if values[of.key] is not None and shares[of.key] * (1 if sign == "+" else -1) >= 0.005
        ]
        # The largest of those known, and no other; an attribute that is unknown is never among them.
        assert len(named_here) == min(3, len(known))
        for of, (_, value, share) in zip(named_here, side, strict=True):
            assert of in known
            assert share.startswith(sign)
            assert abs(float(share.replace("−", "-")) - shares[of.key]) <= 0.0051
            assert value == in_words(of.key, values[of.key])
            assert sum(abs(shares[other.key]) > abs(shares[of.key]) for other in known) < 3
    # No attribute is spoken of anywhere else in the sentence.
    rest = PART.sub("", found.sentence)
    assert re.findall(r"\((.*?)\)", rest) == ["0.40"]
    assert not [label for label in labels if re.search(rf"\b{label}\b", rest.lower())]


def in_words(key: str, value: Value | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, str):
        return value
    assert value is not None
    unit = BY_KEY[key].unit
    return f"{value * 100:.0f} % {unit}" if key.startswith("done_") else f"{value:g} {unit}"


def test_bad_input_is_refused() -> None:
    whole = view(EXAMPLE, "strength")
    rowing = ArmView("rowing", 0.0, 0.0, {}, 0.0, 0.0, ())
    for call in (
        lambda: rationale(EXAMPLE, judged(), rowing, learnt=0, start=0),
        lambda: rationale(EXAMPLE, judged(), whole, learnt=-1, start=0),
        lambda: rationale(EXAMPLE, judged(), whole, learnt=0, start=True),
        lambda: rationale({**EXAMPLE, "medical_history": ("gout",)}, judged(), whole, learnt=0, start=0),
    ):
        with pytest.raises(InputError):
            call()
