"""What can be set on the Step goals page: names, ranges and words of the sliders and rules."""

from typing import Any

Spec = dict[str, Any]

NAMES, RULES, MORE = "How this client answers goals", "The plan", "More rules"
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ROUNDING = [10, 50, 100, 250, 500]
# Ranges wide enough for nearly everyone; a box beside each slider takes numbers within them.
BEHAVIOUR: tuple[tuple[str, str, str, float, float, float, int], ...] = (
    # name, label, unit, least, most, step, decimals
    ("baseline", "Baseline", "steps a day without a goal", 0, 20_000, 50, 0),
    ("responsiveness", "Responsiveness", "steps, on the first day", 0, 20_000, 50, 0),
    ("self_efficacy", "Self-efficacy", "steps gained by a goal met", 0, 3_000, 10, 0),
    ("helplessness", "Learned helplessness", "share left after a day", 0, 0.99, 0.01, 2),
)
NO_LIMIT = "no limit"


def slider(
    name: str,
    label: str,
    unit: str,
    least: float,
    most: float,
    step: float,
    decimals: int = 0,
    *,
    group: str = RULES,
    hint: str = "",
    off: str = "",
    interval: tuple[float, float, float] | None = None,
) -> Spec:
    """A slider; ``interval`` is (estimate, low, high), ``off`` what its right end means if it can be left out."""
    estimate, low, high = interval or (None, None, None)
    return {
        "kind": "slider",
        "group": group,
        "name": name,
        "label": label,
        "unit": unit,
        "min": least,
        "max": most,
        "step": step,
        "decimals": decimals,
        "hint": hint,
        "off": off,
        "estimate": estimate,
        "low": low,
        "high": high,
    }


def field(name: str, label: str, unit: str, most: float, step: float, *, off: str, hint: str = "") -> Spec:
    """A number that may be left out; ``off`` says what that means."""
    return {
        "kind": "field",
        "group": MORE,
        "name": name,
        "label": label,
        "unit": unit,
        "min": 0,
        "max": most,
        "step": step,
        "off": off,
        "hint": hint,
    }


def rules() -> list[Spec]:
    """The controls of the plan itself: the few that matter first, the rest folded away."""
    return [
        slider(
            "challenge",
            "Challenge κ",
            "",
            0,
            1,
            0.05,
            2,
            hint="1 uses all the room the estimate sees and is right only if it is exact; 0.7 leaves some for doubt.",
        ),
        slider("ramp", "Most a goal may rise", "steps a day", 50, 2000, 50, off=NO_LIMIT),
        slider("horizon", "Length of the plan", "days", 1, 70, 1),
        {
            "kind": "weekdays",
            "group": RULES,
            "name": "rest_weekdays",
            "label": "Rest days",
            "days": WEEKDAYS,
            "hint": "The goal is then the baseline. The model counts it as met at no cost; real people may differ.",
        },
        {
            "kind": "choice",
            "group": MORE,
            "name": "round_to",
            "label": "Round goals down to",
            "choices": ROUNDING,
            "hint": "",
        },
        field("floor", "Never below", "steps", 20_000, 50, off="none"),
        field("cap", "Never above", "steps", 20_000, 50, off="20000"),
        field("weekly_least", "Each week at least", "steps in all", 140_000, 500, off="none"),
        field("weekly_most", "Each week at most", "steps in all", 140_000, 500, off="none"),
        field("most_raises", "A goal may rise at most", "times", 70, 1, off=NO_LIMIT),
        {
            "kind": "fixed",
            "group": MORE,
            "name": "fixed",
            "label": "Goals fixed by hand",
            "max": 20_000,
        },
    ]
