from core.guidelines import Health, safety_gate
from core.guidelines.health import QUESTIONS
from core.services.gating import Judged
from workbench.components import client_gate

NO = dict.fromkeys(QUESTIONS, False)


def judged(**health: object) -> Judged:
    known = Health(**{"age": 50, "conditions": (), "screening": NO, "active": True, **health})  # type: ignore[arg-type]
    return Judged(True, known, safety_gate(known), "")


def test_four_kinds_of_verdict_and_what_stands_over_the_page() -> None:
    everything = judged()
    assert (client_gate.tone(everything), client_gate.headline(everything)) == ("open", "")
    some = judged(conditions=("osteoarthritis", "falls risk"))
    assert client_gate.tone(some) == "some"
    assert client_gate.headline(some) == "Within limits: osteoarthritis, impact; falls risk, balance"
    nothing = judged(findings=("aortic dissection",))
    assert client_gate.tone(nothing) == "closed"
    assert client_gate.headline(nothing).startswith("Stop: the wall of the aorta")
    off = Judged(False, None, None, "", off="a trial")
    assert (client_gate.tone(off), client_gate.headline(off)) == ("off", off.short)
    unreadable = Judged(True, None, None, "“lupus” cannot be judged. Correct it.")
    assert client_gate.tone(unreadable) == "closed"
    assert "lupus" not in client_gate.headline(unreadable)


def test_what_to_do_names_each_thing_that_is_in_the_way() -> None:
    assert client_gate.advice(judged()) == []
    assert client_gate.advice(judged(conditions=("osteoarthritis",))) == []
    stopped = judged(findings=("unstable angina",))
    (advice,) = client_gate.advice(stopped)
    assert advice.startswith("No exercise until what stops it is dealt with")
    unasked = judged(screening={**NO, "chest_pain": None, "dizziness_or_fainting": True}, conditions=None)
    assert client_gate.advice(unasked)[-3:] == [
        "Ask the screening questions without an answer: 1 of 7.",
        "Ask for the medical history.",
        "Ask a clinician for clearance.",
    ]
