"""The safety gate: what a client may be offered at all, decided before any model has a say.

The gate masks arms and exercises and names the rule for each; it never changes a reward or a score, and no score can
change it. It judges what it is told: it finds no disease that nobody has recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.guidelines.health import Health
from core.guidelines.rules import ARMS, LEVELS, POSITIONS, Rule, Verdict, gate_rules
from core.guidelines.vocabulary import COMPONENTS, Intensity


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an exercise asks of a body; None where it is not known, which every rule on it then masks.

    Attributes:
        component: aerobic, strength, flexibility or balance.
        intensity: light, moderate or vigorous.
        impact: none, low or high (both feet or hands leave the floor).
        load: light, moderate or heavy.
        balance_demand: low, moderate or high.
        positions: any of `POSITIONS` that it takes.

    Raises:
        InputError: for any other word.
    """

    component: str | None = None
    intensity: str | None = None
    impact: str | None = None
    load: str | None = None
    balance_demand: str | None = None
    positions: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name, words in (("component", COMPONENTS), *LEVELS.items()):
            value = getattr(self, name)
            if value is not None and value not in words:
                raise InputError(f"{name} must be one of {', '.join(words)}, or None; it is {value!r}.")
        if self.positions is not None and not (
            isinstance(self.positions, frozenset) and self.positions <= frozenset(POSITIONS)
        ):
            raise InputError(
                f"positions must be a frozenset of any of {', '.join(POSITIONS)}, or None; it is {self.positions!r}."
            )


@dataclass(frozen=True, slots=True)
class Masked:
    """Why something is masked.

    Attributes:
        rule: the rule that masks it.
        reason: what of it the rule is against, in plain words; empty where the rule masks everything.
    """

    rule: Rule
    reason: str

    def sentence(self) -> str:
        """The reason with the rule, its source and its review."""
        return f"{self.reason}. {self.rule.text}" if self.reason else self.rule.text


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate says of one client.

    Attributes:
        verdict: allowed, clearance first or stop; all but the first mask everything.
        rules: the rules that hold, in the table's order.
        lifted: rules that would hold had no clinician given clearance.
        unanswered: screening questions without an answer.
    """

    verdict: Verdict
    rules: tuple[Rule, ...]
    lifted: tuple[Rule, ...]
    unanswered: tuple[str, ...]

    @property
    def masked_arms(self) -> Mapping[str, tuple[Masked, ...]]:
        """Each masked arm with every rule that masks it; an arm that is absent is open."""
        masks = {arm: self._of_component(component) for arm, component in ARMS.items()}
        return {arm: found for arm, found in masks.items() if found}

    @property
    def open_arms(self) -> tuple[str, ...]:
        """Arms that may be offered, in the order of `ARMS`."""
        masked = self.masked_arms
        return tuple(arm for arm in ARMS if arm not in masked)

    @property
    def intensity_high(self) -> Intensity | None:
        """Highest intensity that may be offered; None where nothing may."""
        if self.verdict is not Verdict.ALLOWED:
            return None
        most = [Intensity(rule.most["intensity"]) for rule in self.rules if "intensity" in rule.most]
        return min(most, key=lambda intensity: intensity.order, default=Intensity.VIGOROUS)

    def masks(self, needs: Needs) -> tuple[Masked, ...]:
        """Every rule that masks an exercise with these needs; empty if it may be offered."""
        found = list(self._of_component(needs.component))
        for rule in self.rules:
            found += [Masked(rule, reason) for reason in _against(rule, needs)]
        return tuple(found)

    def _of_component(self, component: str | None) -> tuple[Masked, ...]:
        found = []
        for rule in self.rules:
            barred = sorted(arm for arm in rule.arms if component in (None, ARMS[arm]))
            if rule.verdict is not Verdict.ALLOWED:
                found.append(Masked(rule, ""))
            elif barred:
                said = "may be, as its component is not known," if component is None else "is"
                found.append(Masked(rule, f"It {said} of the arm {' or '.join(barred)}"))
        return tuple(found)


def safety_gate(health: Health, *, rules: Sequence[Rule] | None = None) -> Gate:
    """What a client may be offered.

    Args:
        health: what is known of the client's health.
        rules: the gate's rules; None for Spotter's own table.
    """
    holding = [rule for rule in (gate_rules() if rules is None else rules) if rule.holds(health)]
    lifted = tuple(rule for rule in holding if rule.lifted_by_clearance and health.cleared)
    standing = tuple(rule for rule in holding if rule not in lifted)
    verdict = max((rule.verdict for rule in standing), key=lambda v: v.order, default=Verdict.ALLOWED)
    return Gate(verdict, standing, lifted, health.unanswered)


def _against(rule: Rule, needs: Needs) -> list[str]:
    reasons = []
    for need, most in rule.most.items():
        level, levels = getattr(needs, need), LEVELS[need]
        name = need.replace("_", " ")
        if level is None:
            reasons.append(f"Its {name} is not known, and at most {most} is allowed")
        elif levels.index(level) > levels.index(most):
            reasons.append(f"Its {name} is {level}, and at most {most} is allowed")
    if rule.positions and needs.positions is None:
        reasons.append(f"Its positions are not known, and these are not allowed: {_listed(rule.positions)}")
    elif needs.positions and needs.positions & rule.positions:
        reasons.append(
            f"It takes a position that is not allowed: {_listed(needs.positions & rule.positions)}"
        )
    return reasons


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
