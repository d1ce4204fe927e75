"""What a client's days so far cannot tell about their behaviour, in plain sentences, and which days would tell."""

from collections.abc import Mapping

import numpy as np

from core.calfit.behavior import GOAL_CAP, Floats, course
from core.calfit.sampling import History

FEW = 3  # days with a count; so many of a kind among many others hardly weigh against the noise
ROUND = 500  # steps, of the goals named


def what_is_missing(
    history: History,
    parameters: tuple[Floats, Floats, Floats],
    effects: Floats | None,
    noise: Floats,
    identified: Mapping[str, bool],
) -> tuple[str, ...]:
    """A sentence for each parameter that is not identified: why, and what would tell.

    Args:
        history: the days so far.
        parameters: draws of u_b, p_1 and mu from the posterior, each (N,).
        effects: draws of the weekdays' effects, (7, N), if the history has weekdays.
        noise: draws of the scale of a day's noise, (N,).
        identified: for "baseline", "responsiveness" and "self_efficacy" whether they are.
    """
    if all(identified.values()):
        return ()
    shifts = history.offsets
    if effects is not None and history.weekdays is not None:
        shifts = effects[history.weekdays].T
    achieved = history.counts >= history.goals if history.observed else None
    made = course(
        *parameters,
        np.float64(history.helplessness),
        history.goals,
        offsets=shifts,
        achieved=achieved,
    )
    counted = np.isfinite(history.counts)
    usual = float(np.median(parameters[0]))
    ordinary = usual + (np.median(shifts, axis=0) if shifts.ndim > 1 else shifts)
    stretching = int((counted & (history.goals > np.maximum(ordinary, 0.0))).sum())
    beyond = int((counted & (made.met.mean(axis=0) < 0.5)).sum())
    # The highest goal that is probably within reach on an ordinary day, as it stands at the end of the history.
    reach = float(np.median(parameters[0] + made.responsiveness[:, -1] / 2))
    size = f"counts vary by about {_rounded(float(np.median(noise)), 100):,} steps from day to day"
    reasons = {
        "baseline": _baseline(history.counted, stretching, usual, size),
        "responsiveness": _responsiveness(history.counted, stretching, beyond, usual, reach, size),
        "self_efficacy": _self_efficacy(history.counted, stretching, beyond, usual, reach, size),
    }
    return tuple(reasons[name] for name in reasons if not identified[name])


def _baseline(days: int, stretching: int, usual: float, size: str) -> str:
    low = max(ROUND, _rounded(usual, ROUND) - 2 * ROUND)
    if _rare(days - stretching, days):
        return (
            f"Baseline cannot be told yet: {_nearly(days - stretching)} goal so far was above the usual steps. "
            f"Some days with goals below {low:,} would tell."
        )
    return (
        f"Baseline cannot be told yet: {size}, and there are {days} days with a count. "
        f"More days with goals below {low:,} would tell."
    )


def _responsiveness(days: int, stretching: int, beyond: int, usual: float, reach: float, size: str) -> str:
    start = "Responsiveness cannot be told yet: "
    if _rare(stretching, days):
        return start + _too_easy(stretching, usual)
    if _rare(beyond, days):
        return start + (
            f"{_nearly(beyond)} goal so far was within reach, so that how far it reaches has not shown. "
            f"{_days_above(reach)}"
        )
    return start + (
        f"{size}, and {beyond} of {days} counted days had a goal out of reach. {_days_above(reach, 'More')}"
    )


def _self_efficacy(days: int, stretching: int, beyond: int, usual: float, reach: float, size: str) -> str:
    start = "Self-efficacy cannot be told yet: "
    if _rare(stretching, days):
        return start + _too_easy(stretching, usual)
    if _rare(beyond, days):
        return start + (
            f"{_nearly(beyond)} goal so far was within reach, so that what reaching it adds has not shown. "
            f"{_days_above(reach)}"
        )
    if _rare(days - beyond, days):
        low = max(ROUND, _rounded(usual, ROUND) - ROUND)
        return start + (
            f"{'no' if days == beyond else 'hardly a'} goal so far was within reach. "
            f"Some days with goals below {low:,}, and then some above {_above(reach):,}, would tell."
        )
    return start + (
        f"{size}. More days that change between goals within reach and goals above {_above(reach):,} would tell."
    )


def _too_easy(stretching: int, usual: float) -> str:
    return f"{_nearly(stretching)} goal so far was below the usual steps. {_days_above(usual)}"


def _rare(some: int, days: int) -> bool:
    return some == 0 or (some <= FEW and 3 * some <= days)


def _nearly(exceptions: int) -> str:
    return "nearly every" if exceptions else "every"


def _days_above(steps: float, some: str = "Some") -> str:
    if steps >= GOAL_CAP:
        return f"No goal can tell: none may lie above {GOAL_CAP:,}."
    return f"{some} days with goals above {_above(steps):,} would tell."


def _above(steps: float) -> int:
    """The next round number of steps, still below the highest goal there may be."""
    return min(ROUND * int(np.ceil(steps / ROUND)), GOAL_CAP - ROUND)


def _rounded(steps: float, to: int) -> int:
    return to * round(steps / to)
