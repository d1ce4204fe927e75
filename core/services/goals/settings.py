"""How a plan is to be made: the behaviour it counts on and the rules it keeps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.calfit import GOAL_CAP, HELPLESSNESS, Behavior
from core.errors import InputError

CALFIT = "calfit"
FITTED = ("baseline", "responsiveness", "self_efficacy")


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """Everything a plan depends on besides its first day.

    Attributes:
        baseline, responsiveness, self_efficacy: steps; None takes the estimate's.
        helplessness: learned helplessness.
        policy: ``calfit`` plans with the behaviour; else the name of a simple policy, which heeds none of the rules.
        horizon: days.
        challenge: the share of the estimated capacity above the baseline that a goal asks for.
        ramp: the most a goal may rise from one day to the next, steps.
        round_to: goals are rounded down to a multiple of this, steps.
        rest_weekdays: weekdays (0 Monday) whose goal lies at the baseline or below.
        floor, cap: no goal below and none above, steps.
        weekly_least, weekly_most: what the goals of each seven days add up to, at least and at most, steps.
        fixed: goals set by hand, by day of the plan (0 the first).
        most_raises: how often a goal may rise from one day to the next.
    """

    baseline: float | None = None
    responsiveness: float | None = None
    self_efficacy: float | None = None
    helplessness: float = HELPLESSNESS
    policy: str = CALFIT
    horizon: int = 14
    challenge: float = 0.7
    ramp: float | None = 500.0
    round_to: int | None = 50
    rest_weekdays: tuple[int, ...] = ()
    floor: float | None = None
    cap: float = float(GOAL_CAP)
    weekly_least: float | None = None
    weekly_most: float | None = None
    fixed: tuple[tuple[int, int], ...] = ()
    most_raises: int | None = None

    def behavior(self, estimated: Behavior) -> Behavior:
        """The behaviour to plan with: what was chosen, and the estimate's where nothing was.

        Raises:
            InputError
        """
        chosen = {name: getattr(self, name) for name in FITTED}
        return Behavior(
            **{name: getattr(estimated, name) if value is None else value for name, value in chosen.items()},
            helplessness=self.helplessness,
        )

    def to_json(self) -> dict[str, Any]:
        """As kept beside a plan."""
        return asdict(self)

    @property
    def weekly_total(self) -> tuple[float | None, float | None] | None:
        """The bounds on each seven days, None where there are none."""
        bounds = (self.weekly_least, self.weekly_most)
        return None if bounds == (None, None) else bounds

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "PlanSettings":
        """The settings that ``to_json`` wrote.

        Raises:
            InputError: for a name that is not known, or a value of another kind than it has.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(document) - known:
            raise InputError(f"A plan has no setting {', '.join(sorted(unknown))}.")
        values = dict(document)
        if not isinstance(values.get("policy", CALFIT), str):
            raise InputError("policy must be the name of a policy.")
        if "rest_weekdays" in values:
            values["rest_weekdays"] = _weekdays(values["rest_weekdays"])
        if "fixed" in values:
            try:
                values["fixed"] = tuple((int(day), int(goal)) for day, goal in values["fixed"])
            except (TypeError, ValueError, OverflowError) as error:
                raise InputError(
                    "fixed must be pairs of a day of the plan, 0 the first, and a goal."
                ) from error
        return cls(**values)


def _weekdays(given: Any) -> tuple[int, ...]:
    if not isinstance(given, list | tuple) or any(day not in range(7) for day in given):
        raise InputError("rest_weekdays must be a list of weekdays, 0 for Monday to 6 for Sunday.")
    return tuple(map(int, given))
