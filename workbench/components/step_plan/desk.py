"""What the server does with a movement of a slider: read the values, make the plan, say what the browser draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InputError, JobFailed
from core.services.goals import CALFIT, Fit, PlanSettings, Preview, Record, compare, preview
from workbench.components.step_plan import payload, values

FITTED = ("baseline", "responsiveness", "self_efficacy")


@dataclass(slots=True)
class Desk:
    """One client's plan under one person's hand.

    Attributes:
        begin: the settings to begin with.
        standing: the part of the document that no slider changes; a browser that says it has it is not sent it again.
        made: the plan of the last answer, None where the values made none.
    """

    record: Record
    fit: Fit | None
    begin: PlanSettings
    standing: payload.Document
    made: Preview | None = None

    @classmethod
    def open(cls, record: Record, fit: Fit | None, *, user: str) -> "Desk":
        """The desk for a client as the record stands now."""
        return cls(record, fit, payload.begin(record, fit), payload.standing(record, fit, user=user))

    def answer(self, sent: Mapping[str, Any]) -> payload.Document:
        """The answer to what the browser sent last (``step_plan.sent``); to nothing, the plan to begin with."""
        asked = sent.get("values")
        asked = asked if isinstance(asked, Mapping) else {}
        shown = {**values.of(self.begin, self.record.starts_on), **asked}
        error, compared = "", payload.NOT_COMPARED
        try:
            self.made = self.plan(asked)
            shown = values.of(self.made.settings, self.record.starts_on)
            # Where nothing is estimated, the sliders stand at what the plan counts on.
            shown |= {name: getattr(self.made.behavior, name) for name in FITTED if shown[name] is None}
            if sent.get("compare", True):
                compared = self._compare(self.made)
        except (InputError, JobFailed) as problem:
            self.made, error = None, str(problem)
        echo = {"tab": sent.get("tab"), "serial": sent.get("serial", 0)}
        told = payload.moving(self.record, self.made, error=error)
        standing = None if sent.get("standing") == self.standing["id"] else self.standing
        return {**told, **compared, "standing": standing, "echo": echo, "values": shown}

    def plan(self, asked: Mapping[str, Any]) -> Preview:
        """The plan that a browser's values make.

        Raises:
            InputError: for values that cannot be used, or rules that cannot hold together.
            JobFailed: if a rule needs the program and it found no plan in time.
        """
        return preview(self.record, self.fit, values.settings(asked, self.begin, self.record.starts_on))

    def _compare(self, made: Preview) -> payload.Document:
        """The plan from the behaviour beside the simple rules, whichever of them is chosen."""
        if self.fit is None:
            rules = dict.fromkeys((*payload.offered_to(self.record), made.settings.policy))
            offered = [preview(self.record, None, replace(made.settings, policy=policy)) for policy in rules]
            return payload.offered(self.record, offered, made.settings.policy)
        own = made
        if made.settings.policy != CALFIT:
            own = preview(self.record, self.fit, replace(made.settings, policy=CALFIT))
        return payload.compared(compare(self.record, self.fit, own), made.settings.policy)
